"""Ingest: files go in, documents cut into passages with their vectors go to the archive."""
