"""Archival storage on PostgreSQL with pgvector: one archive that many workbenches, on many machines, share."""
