-- Entries that their author signed for a place that another entry of it has: evidence, kept for good.

CREATE TABLE fork (
    hash BLOB NOT NULL CONSTRAINT fork_hash PRIMARY KEY
        CONSTRAINT fork_hash_length CHECK (length(hash) = 32),
    contract_id BLOB NOT NULL CONSTRAINT fork_contract REFERENCES contract (id),
    held_hash BLOB NOT NULL CONSTRAINT fork_held_entry REFERENCES entry (hash),
    bytes BLOB NOT NULL,
    stored_at INTEGER NOT NULL
) STRICT;
CREATE INDEX fork_by_contract ON fork (contract_id);
CREATE TRIGGER fork_no_update BEFORE UPDATE ON fork BEGIN SELECT RAISE(ABORT, 'fork is append-only'); END;
CREATE TRIGGER fork_no_delete BEFORE DELETE ON fork BEGIN SELECT RAISE(ABORT, 'fork is append-only'); END;
