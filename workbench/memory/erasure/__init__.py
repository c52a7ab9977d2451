"""Erasing what a user wants forgotten, everywhere it is kept."""
