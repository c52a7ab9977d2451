-- The first schema of a shared archive. Times are UTC. What agents remember is not here: it stays in each home's own database.

-- Rises with every change of the archive: the sum over all rows. Many rows, so that writers do not wait for one another.
CREATE TABLE catalogue (shard SMALLINT PRIMARY KEY, version BIGINT NOT NULL) WITH (fillfactor = 20);
INSERT INTO catalogue SELECT shard, 0 FROM generate_series(0, 63) shard;

-- `home` is '' for what everybody sees; else the home whose agents' notes these are. `root_home` is where the path `root` means that.
CREATE TABLE sources (
    source_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, home TEXT NOT NULL DEFAULT '', name TEXT COLLATE "C" NOT NULL, root TEXT,
    root_home TEXT NOT NULL DEFAULT '', created_at TIMESTAMP NOT NULL, UNIQUE (home, name)
);
CREATE UNIQUE INDEX ON sources (root_home, root) WHERE root IS NOT NULL;
CREATE TABLE documents (
    document_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, content_hash TEXT NOT NULL, loader TEXT NOT NULL,
    loader_version INTEGER NOT NULL, title TEXT NOT NULL, metadata TEXT NOT NULL, page_count INTEGER NOT NULL,
    passage_count INTEGER NOT NULL, text_chars BIGINT NOT NULL, size_bytes BIGINT NOT NULL, embedder TEXT NOT NULL,
    sketch BYTEA NOT NULL, created_at TIMESTAMP NOT NULL,
    -- Terms in the ranked fields of its passages: BM25 asks for their averages.
    text_terms BIGINT NOT NULL, title_terms BIGINT NOT NULL, heading_terms BIGINT NOT NULL,
    UNIQUE (content_hash, loader, loader_version)
);
CREATE TABLE source_documents (
    source_id BIGINT NOT NULL REFERENCES sources ON DELETE CASCADE, path TEXT COLLATE "C" NOT NULL,
    document_id BIGINT NOT NULL REFERENCES documents, location TEXT COLLATE "C" NOT NULL, linked_at TIMESTAMP NOT NULL,
    PRIMARY KEY (source_id, path)
);
CREATE INDEX ON source_documents (document_id, source_id);
CREATE TABLE source_roots (
    source_id BIGINT NOT NULL REFERENCES sources ON DELETE CASCADE, location TEXT COLLATE "C" NOT NULL, rules TEXT NOT NULL,
    PRIMARY KEY (source_id, location)
);
-- Files that are not loaded: state is waiting, failed, quarantined or skipped.
CREATE TABLE file_queue (
    source_id BIGINT NOT NULL REFERENCES sources ON DELETE CASCADE, path TEXT COLLATE "C" NOT NULL, location TEXT COLLATE "C" NOT NULL, state TEXT NOT NULL,
    reason TEXT NOT NULL, remedy TEXT NOT NULL, content_hash TEXT NOT NULL, size_bytes BIGINT NOT NULL, attempts INTEGER NOT NULL,
    noted_at TIMESTAMP NOT NULL, PRIMARY KEY (source_id, path)
);
CREATE TABLE user_notes (
    note_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source_id BIGINT NOT NULL REFERENCES sources ON DELETE CASCADE,
    path TEXT COLLATE "C" NOT NULL, text TEXT NOT NULL, created_at TIMESTAMP NOT NULL
);
CREATE TABLE pages (
    document_id BIGINT NOT NULL REFERENCES documents ON DELETE CASCADE, number INTEGER NOT NULL, label TEXT, text TEXT NOT NULL,
    PRIMARY KEY (document_id, number)
);
CREATE SEQUENCE passage_ids;
CREATE TABLE passages (
    passage_id BIGINT PRIMARY KEY, document_id BIGINT NOT NULL REFERENCES documents ON DELETE CASCADE, page_number INTEGER NOT NULL,
    start_char INTEGER NOT NULL, end_char INTEGER NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL, tokens INTEGER NOT NULL,
    context TEXT NOT NULL, called TEXT NOT NULL, terms_version INTEGER NOT NULL
);
CREATE INDEX ON passages (document_id, page_number);
CREATE INDEX ON passages (terms_version);
-- What keyword search asks: a key is a term's hash, its field and how often it is there (0: at all); see postgres/keys.py. The keys
-- stand out of line, so that the rows that a search counts and ranks are narrow.
CREATE TABLE passage_keys (
    passage_id BIGINT PRIMARY KEY, document_id BIGINT NOT NULL REFERENCES documents ON DELETE CASCADE, page_number INTEGER NOT NULL,
    text_terms INTEGER NOT NULL, title_terms INTEGER NOT NULL, heading_terms INTEGER NOT NULL, keys BIGINT[] NOT NULL
) WITH (toast_tuple_target = 128);
ALTER TABLE passage_keys ALTER COLUMN keys SET STORAGE EXTERNAL;
CREATE INDEX ON passage_keys (document_id);
CREATE INDEX passage_keys_keys ON passage_keys USING gin (keys);
-- What titles and headings are called, with the first two words: which of them stand in a text. Keys are only ever added.
CREATE TABLE title_keys (hash BIGINT PRIMARY KEY, beginning BIGINT NOT NULL);
CREATE INDEX ON title_keys (beginning);
-- One row a passage, once it is embedded: a passage can be found by its words before that.
CREATE TABLE embeddings (
    passage_id BIGINT PRIMARY KEY, document_id BIGINT NOT NULL REFERENCES documents ON DELETE CASCADE, embedding vector(384) NOT NULL
);
CREATE INDEX ON embeddings (document_id);
CREATE INDEX embeddings_nearest ON embeddings USING hnsw (embedding vector_ip_ops);
-- Passages without a vector. Who embeds one has claimed it; a claim ends with the worker's connection.
CREATE TABLE waiting (
    passage_id BIGINT PRIMARY KEY, document_id BIGINT NOT NULL REFERENCES documents ON DELETE CASCADE, embedder TEXT NOT NULL,
    claimed_by INTEGER
);
CREATE INDEX ON waiting (document_id);
-- Processes that claim work. One is alive while its connection holds the advisory lock of its number.
CREATE TABLE workers (
    worker_id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, home TEXT NOT NULL, name TEXT NOT NULL, started_at TIMESTAMP NOT NULL
);
-- Tables of documents (csv, xlsx, Parquet): data is an Arrow stream, columns JSON, [name, type, name as the document writes it].
CREATE TABLE document_tables (
    document_id BIGINT NOT NULL REFERENCES documents ON DELETE CASCADE, number INTEGER NOT NULL, page_number INTEGER NOT NULL,
    name TEXT NOT NULL, columns TEXT NOT NULL, row_count BIGINT NOT NULL, data BYTEA NOT NULL, PRIMARY KEY (document_id, number)
);
-- Documents that the agents of a home have shown: these are kept when no source links them any more.
CREATE TABLE referred (home TEXT NOT NULL, document_id BIGINT NOT NULL REFERENCES documents ON DELETE CASCADE, PRIMARY KEY (home, document_id));
CREATE INDEX ON referred (document_id);
