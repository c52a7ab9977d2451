"""Loaders: a file goes in, a Document of numbered pages comes out. Imports nothing of the workbench."""
