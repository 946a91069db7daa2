-- Counterparties, drafts, contracts and their signed record.

CREATE TABLE peer (
    id TEXT NOT NULL CONSTRAINT peer_id PRIMARY KEY,
    name TEXT NOT NULL,
    key_statement TEXT NOT NULL,
    address TEXT NOT NULL,
    words_confirmed_at INTEGER,
    invited_at INTEGER NOT NULL
) STRICT;

CREATE TABLE draft (
    id TEXT NOT NULL CONSTRAINT draft_id PRIMARY KEY,
    title TEXT NOT NULL,
    terms TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE contract (
    id BLOB NOT NULL CONSTRAINT contract_id PRIMARY KEY
        CONSTRAINT contract_id_length CHECK (length(id) = 32),
    peer_id TEXT NOT NULL CONSTRAINT contract_peer REFERENCES peer (id),
    our_side TEXT NOT NULL CONSTRAINT contract_our_side_known CHECK (our_side IN ('buyer', 'seller')),
    number TEXT NOT NULL,
    title TEXT NOT NULL,
    phase TEXT NOT NULL,
    projection TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX contract_newest ON contract (created_at, id);
CREATE INDEX contract_by_peer ON contract (peer_id);

CREATE TABLE entry (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    contract_id BLOB NOT NULL CONSTRAINT entry_contract REFERENCES contract (id),
    author TEXT NOT NULL CONSTRAINT entry_author_known CHECK (author IN ('buyer', 'seller')),
    seq INTEGER NOT NULL CONSTRAINT entry_seq_not_negative CHECK (seq >= 0),
    hash BLOB NOT NULL CONSTRAINT entry_hash_unique UNIQUE
        CONSTRAINT entry_hash_length CHECK (length(hash) = 32),
    bytes BLOB NOT NULL,
    stored_at INTEGER NOT NULL,
    CONSTRAINT entry_place_unique UNIQUE (contract_id, author, seq)
) STRICT;
CREATE INDEX entry_in_order ON entry (contract_id, position);
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;

CREATE TABLE outbox (
    entry_hash BLOB NOT NULL CONSTRAINT outbox_entry_hash PRIMARY KEY
        CONSTRAINT outbox_entry REFERENCES entry (hash),
    contract_id BLOB NOT NULL CONSTRAINT outbox_contract REFERENCES contract (id),
    peer_id TEXT NOT NULL CONSTRAINT outbox_peer REFERENCES peer (id),
    attempts INTEGER NOT NULL CONSTRAINT outbox_attempts_not_negative CHECK (attempts >= 0),
    next_try_at INTEGER NOT NULL,
    delivered_at INTEGER
) STRICT;
CREATE INDEX outbox_due ON outbox (next_try_at) WHERE delivered_at IS NULL;
CREATE INDEX outbox_waiting ON outbox (contract_id) WHERE delivered_at IS NULL;
