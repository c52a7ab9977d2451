"""Slash commands of the screen and what carries them out."""
