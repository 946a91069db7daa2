-- The company itself, what it has set, who may log in, and what they did.
-- Times are seconds since 1970 UTC. A migration that has been released is never edited: add another one.

CREATE TABLE company (
    id INTEGER PRIMARY KEY CONSTRAINT company_is_one CHECK (id = 1),
    name TEXT NOT NULL,
    short_name TEXT NOT NULL,
    key_nonce BLOB NOT NULL,
    key_salt BLOB NOT NULL,
    key_ciphertext BLOB NOT NULL,
    settings TEXT NOT NULL
) STRICT;

CREATE TABLE setting (
    key TEXT NOT NULL CONSTRAINT setting_key PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE "user" (
    id TEXT NOT NULL CONSTRAINT user_id PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT user_name_unique UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL
) STRICT;

CREATE TABLE session (
    token_hash BLOB NOT NULL CONSTRAINT session_token_hash PRIMARY KEY
        CONSTRAINT session_token_hash_length CHECK (length(token_hash) = 32),
    user_id TEXT NOT NULL CONSTRAINT session_user REFERENCES "user" (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_by_expiry ON session (expires_at);
CREATE INDEX session_by_user ON session (user_id);

CREATE TABLE audit (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
