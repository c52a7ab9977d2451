-- What the last steps wrote, one row a commit (JSON), durable at once; it moves into the tables of agents a little later, when
-- something reads them, and when the workbench ends. After a crash the next workbench does it before anything else.
CREATE TABLE unsettled (number BIGINT NOT NULL, changes TEXT NOT NULL);
