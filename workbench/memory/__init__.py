"""The tiers of memory: main context, recall storage and archival storage, kept in one DuckDB file."""
