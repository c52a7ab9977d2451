"""The DuckDB file: documents, sources, embeddings, tables of documents, migrations and the write-ahead log."""
