"""Loaders: each turns a file into a Document of numbered pages. Imports nothing of the workbench."""
