"""Search over archival storage: queries, the index in memory, ranking, and pages of results."""
