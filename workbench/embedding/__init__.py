"""Embedding and reranking models, each in a worker process, and the clients that talk to them."""
