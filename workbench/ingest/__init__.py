"""Ingest: scans and reads files, cuts them into passages, stores and embeds them."""
