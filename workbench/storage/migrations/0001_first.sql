-- The first schema. It is public: query the file with SQL as you like (read it while no workbench runs).
-- Times are UTC. Nothing here is changed once written except agents, attachments, source_documents, file_queue, unfinished
-- steps, and what a user has forgotten.

-- The workbench's own connections look into `store` first: there are the tables behind the views passages and source_documents.
CREATE SCHEMA IF NOT EXISTS store;

CREATE TABLE texts (hash TEXT PRIMARY KEY, text TEXT NOT NULL);

CREATE TABLE sources (source_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, root TEXT, created_at TIMESTAMP NOT NULL);
CREATE TABLE documents (
    document_id INTEGER PRIMARY KEY, content_hash TEXT NOT NULL, loader TEXT NOT NULL, loader_version INTEGER NOT NULL,
    title TEXT NOT NULL, metadata TEXT NOT NULL, page_count INTEGER NOT NULL, passage_count INTEGER NOT NULL,
    text_chars BIGINT NOT NULL, size_bytes BIGINT NOT NULL, embedder TEXT NOT NULL, sketch BLOB NOT NULL, created_at TIMESTAMP NOT NULL,
    UNIQUE (content_hash, loader, loader_version)
);
CREATE TABLE store.source_documents (
    source_id INTEGER NOT NULL, path TEXT NOT NULL, document_id INTEGER NOT NULL, location TEXT NOT NULL, linked_at TIMESTAMP NOT NULL,
    PRIMARY KEY (source_id, path)
);
CREATE VIEW main.source_documents AS
    SELECT source_id AS source, path, document_id AS document, source_id, document_id, location, linked_at FROM store.source_documents;
-- What a source was loaded from, and by which rules (JSON): loading it again looks there.
CREATE TABLE source_roots (source_id INTEGER NOT NULL, location TEXT NOT NULL, rules TEXT NOT NULL, PRIMARY KEY (source_id, location));
-- Files that are not loaded: state is waiting, failed, quarantined or skipped.
CREATE TABLE file_queue (
    source_id INTEGER NOT NULL, path TEXT NOT NULL, location TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
    remedy TEXT NOT NULL, content_hash TEXT NOT NULL, size_bytes BIGINT NOT NULL, attempts INTEGER NOT NULL, noted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (source_id, path)
);
-- Notes of the user's, all versions: the newest of a path counts, '' is the source itself, and an empty text is no note.
CREATE TABLE user_notes (note_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, path TEXT NOT NULL, text TEXT NOT NULL, created_at TIMESTAMP NOT NULL);
CREATE TABLE pages (
    document_id INTEGER NOT NULL, number INTEGER NOT NULL, label TEXT, text TEXT NOT NULL,
    PRIMARY KEY (document_id, number)
);
CREATE TABLE store.passages (
    passage_id INTEGER PRIMARY KEY, document_id INTEGER NOT NULL, page_number INTEGER NOT NULL,
    start_char INTEGER NOT NULL, end_char INTEGER NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL,
    tokens INTEGER NOT NULL, context TEXT NOT NULL,
    -- What the keyword index takes, a term as hash << 8 | count: terms of the text, names that it uses or is called by, terms
    -- of title and heading, names that it is called by; these in letters; and the version of the rules that made them.
    terms UBIGINT[] NOT NULL, names UBIGINT[] NOT NULL, title_terms UBIGINT[] NOT NULL, heading_terms UBIGINT[] NOT NULL,
    called_by UBIGINT[] NOT NULL, called TEXT NOT NULL,
    terms_version INTEGER NOT NULL
);
-- Tables of documents (csv, xlsx, Parquet): their rows are in tables."d<document_id>_<number>", whose column _row is the line of
-- the page on which a row stands; columns is JSON, [name, type, name as the document writes it].
CREATE SCHEMA tables;
CREATE TABLE document_tables (
    document_id INTEGER NOT NULL, number INTEGER NOT NULL, page_number INTEGER NOT NULL, name TEXT NOT NULL,
    columns TEXT NOT NULL, row_count BIGINT NOT NULL, PRIMARY KEY (document_id, number)
);
-- One row a passage, once it is embedded: a passage can be found by its words before that.
CREATE TABLE embeddings (passage_id INTEGER NOT NULL, embedding FLOAT[384] NOT NULL);
CREATE VIEW main.passages AS
    SELECT passage_id, document_id, page_number, start_char, end_char, heading, text, tokens, context, embedding
    FROM store.passages LEFT JOIN embeddings USING (passage_id);
-- Documents that nothing referred to any more; their numbers and those of their passages are never given again.
CREATE TABLE collected (document_id INTEGER PRIMARY KEY, last_passage_id INTEGER NOT NULL);

CREATE TABLE agents (
    agent_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, head INTEGER, queue TEXT, question_id INTEGER,
    summary_id INTEGER, context_version INTEGER, settings TEXT NOT NULL, created_at TIMESTAMP NOT NULL, last_used_at TIMESTAMP NOT NULL
);
CREATE TABLE attachments (agent_id INTEGER NOT NULL, source_id INTEGER NOT NULL, attached_at TIMESTAMP NOT NULL,
    PRIMARY KEY (agent_id, source_id));
CREATE TABLE handles (agent_id INTEGER NOT NULL, handle TEXT NOT NULL, passage_id INTEGER NOT NULL, PRIMARY KEY (agent_id, handle));
-- Results that can be paged further: what an agent, or a person, saw on page 0 of a query. Bounded by slots, packed.
CREATE TABLE cursors (
    agent_id INTEGER NOT NULL, reader TEXT NOT NULL, slot INTEGER NOT NULL, query TEXT NOT NULL, body TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL, PRIMARY KEY (agent_id, reader, slot)
);
CREATE TABLE messages (
    message_id INTEGER PRIMARY KEY, agent_id INTEGER NOT NULL, parent_id INTEGER, step INTEGER, role TEXT NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL, tokens INTEGER NOT NULL, created_at TIMESTAMP NOT NULL
);
CREATE TABLE summaries (
    summary_id INTEGER PRIMARY KEY, agent_id INTEGER NOT NULL, parent_id INTEGER, step INTEGER, body TEXT NOT NULL,
    tokens INTEGER NOT NULL, created_at TIMESTAMP NOT NULL
);
CREATE TABLE context_versions (
    version_id INTEGER PRIMARY KEY, agent_id INTEGER NOT NULL, parent_id INTEGER, step INTEGER, blocks TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE TABLE steps (
    agent_id INTEGER NOT NULL, step INTEGER NOT NULL, status TEXT NOT NULL, question_id INTEGER, head INTEGER, queue TEXT,
    summary_id INTEGER, context_version INTEGER, system_hash TEXT NOT NULL, tools_hash TEXT NOT NULL, state TEXT NOT NULL,
    request TEXT NOT NULL, prefix_hash TEXT NOT NULL, counted_tokens INTEGER NOT NULL, used_tokens INTEGER NOT NULL,
    exact BOOLEAN NOT NULL, reply TEXT, usage TEXT, model_seconds DOUBLE, own_seconds DOUBLE, created_at TIMESTAMP NOT NULL,
    point_after TEXT, forgotten BOOLEAN NOT NULL DEFAULT false,
    PRIMARY KEY (agent_id, step)
);
CREATE TABLE operations (
    operation_id INTEGER PRIMARY KEY, agent_id INTEGER NOT NULL, parent_id INTEGER, kind TEXT NOT NULL, question_id INTEGER,
    before TEXT NOT NULL, hidden TEXT NOT NULL, seq INTEGER NOT NULL, created_at TIMESTAMP NOT NULL
);
CREATE TABLE journal (
    agent_id INTEGER NOT NULL, seq INTEGER NOT NULL, step INTEGER, event TEXT NOT NULL, data TEXT NOT NULL, created_at TIMESTAMP NOT NULL
);
