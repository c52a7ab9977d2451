"""Screens that open over the main one and close with escape."""
