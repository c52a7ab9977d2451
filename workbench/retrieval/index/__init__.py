"""The search index in memory: segments, postings, BM25, vectors, and snapshots of them."""
