"""How results are ordered: the hybrid score, linked passages, second hops and the reranker."""
