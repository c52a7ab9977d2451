-- Files that wait are read by whoever claims them first; a claim ends with the worker's connection.
ALTER TABLE file_queue ADD COLUMN claimed_by INTEGER;
CREATE INDEX ON file_queue (source_id, path) WHERE state = 'waiting';
