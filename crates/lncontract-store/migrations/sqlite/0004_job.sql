-- Work that waits for its time; one worker at a time holds a job, until its lease runs out.

CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL CONSTRAINT job_key_unique UNIQUE,
    payload TEXT NOT NULL,
    run_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL CONSTRAINT job_attempts_not_negative CHECK (attempts >= 0),
    claimed_by TEXT,
    claimed_until INTEGER,
    done_at INTEGER,
    CONSTRAINT job_claim_is_whole CHECK ((claimed_by IS NULL) = (claimed_until IS NULL))
) STRICT;
CREATE INDEX job_open ON job (run_at, id) WHERE done_at IS NULL;
