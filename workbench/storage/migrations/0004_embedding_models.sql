-- Embedding models beside the built-in one, whose vectors are in `embeddings`. `name` is what documents.embedder says; `address` is
-- how the model is asked; `probe` is its vector of a sentence that never changes; `unrelated` and `related` are what its cosines
-- are for texts that have nothing to do, and that have much to do, with one another.
CREATE TABLE embedding_models (
    model_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, address TEXT NOT NULL, dimensions INTEGER NOT NULL,
    normalised BOOLEAN NOT NULL, probe FLOAT[] NOT NULL, unrelated DOUBLE NOT NULL, related DOUBLE NOT NULL, created_at TIMESTAMP NOT NULL
);
-- The model that the next documents of a source are embedded with; a source without a row has the built-in one.
CREATE TABLE source_models (source_id INTEGER PRIMARY KEY, name TEXT NOT NULL);
-- Their vectors. A search uses those of the model that documents.embedder names; others wait until all of a source is there.
CREATE TABLE model_vectors (model_id INTEGER NOT NULL, passage_id INTEGER NOT NULL, embedding FLOAT[] NOT NULL);
