-- What long jobs over many documents or sentences have found so far, item by item: a job that was killed goes on where it ended.
-- `name` is what makes two runs the same job (JSON: its kind, source, model and version); `documents` are those that a result quotes.
CREATE TABLE jobs (job_id BIGINT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL UNIQUE, created_at TIMESTAMP NOT NULL);
CREATE TABLE job_results (
    job_id BIGINT NOT NULL, item TEXT NOT NULL, documents BIGINT[] NOT NULL, result TEXT NOT NULL, made_at TIMESTAMP NOT NULL
);
