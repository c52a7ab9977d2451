"""Models: a prompt and functions go in, a stream of deltas and one completion come out. Knows nothing of memory or agents."""
