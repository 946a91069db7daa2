-- Channels we open, payments we make, invoices we made, and the movements of money.
-- Money: integers only; sat and msat stand in the column's name.

CREATE TABLE opening (
    id BLOB NOT NULL CONSTRAINT opening_id PRIMARY KEY
        CONSTRAINT opening_id_length CHECK (length(id) = 16),
    contract_id BLOB NOT NULL CONSTRAINT opening_contract REFERENCES contract (id),
    fund_entry_hash BLOB NOT NULL CONSTRAINT opening_fund_entry_unique UNIQUE
        CONSTRAINT opening_fund_entry REFERENCES entry (hash),
    peer_id TEXT NOT NULL CONSTRAINT opening_peer REFERENCES peer (id),
    amount_sat INTEGER NOT NULL CONSTRAINT opening_amount_positive CHECK (amount_sat > 0),
    state TEXT NOT NULL,
    channel_id BLOB CONSTRAINT opening_channel_id_length CHECK (length(channel_id) = 32),
    funding_outpoint TEXT,
    detail TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
CREATE INDEX opening_by_contract ON opening (contract_id);
CREATE INDEX opening_unfinished ON opening (created_at) WHERE finished_at IS NULL;

CREATE TABLE attempt (
    payment_hash BLOB NOT NULL CONSTRAINT attempt_payment_hash PRIMARY KEY
        CONSTRAINT attempt_payment_hash_length CHECK (length(payment_hash) = 32),
    contract_id BLOB NOT NULL CONSTRAINT attempt_contract REFERENCES contract (id),
    invoice_entry_hash BLOB NOT NULL CONSTRAINT attempt_invoice_entry_unique UNIQUE
        CONSTRAINT attempt_invoice_entry REFERENCES entry (hash),
    bolt11 TEXT NOT NULL,
    amount_msat INTEGER NOT NULL CONSTRAINT attempt_amount_positive CHECK (amount_msat > 0),
    state TEXT NOT NULL CONSTRAINT attempt_state_known
        CHECK (state IN ('requested', 'claimed', 'sending', 'unknown', 'succeeded', 'failed')),
    worker TEXT,
    preimage BLOB CONSTRAINT attempt_preimage_length CHECK (length(preimage) = 32),
    fee_msat INTEGER CONSTRAINT attempt_fee_not_negative CHECK (fee_msat >= 0),
    reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT attempt_succeeded_with_preimage CHECK (state <> 'succeeded' OR preimage IS NOT NULL)
) STRICT;
CREATE INDEX attempt_by_contract ON attempt (contract_id, created_at);
CREATE INDEX attempt_unfinished ON attempt (created_at)
    WHERE state IN ('requested', 'claimed', 'sending', 'unknown');
CREATE TRIGGER attempt_succeeded_is_final BEFORE UPDATE ON attempt WHEN OLD.state = 'succeeded'
    BEGIN SELECT RAISE(ABORT, 'attempt has succeeded and does not change any more'); END;
CREATE TRIGGER attempt_identity_is_fixed
    BEFORE UPDATE OF payment_hash, contract_id, invoice_entry_hash, bolt11, amount_msat ON attempt
    BEGIN SELECT RAISE(ABORT, 'attempt keeps its hash, contract, invoice and amount'); END;
CREATE TRIGGER attempt_no_delete BEFORE DELETE ON attempt BEGIN SELECT RAISE(ABORT, 'attempt is kept'); END;

CREATE TABLE receivable (
    payment_hash BLOB NOT NULL CONSTRAINT receivable_payment_hash PRIMARY KEY
        CONSTRAINT receivable_payment_hash_length CHECK (length(payment_hash) = 32),
    contract_id BLOB NOT NULL CONSTRAINT receivable_contract REFERENCES contract (id),
    payable TEXT NOT NULL,
    invoice_entry_hash BLOB CONSTRAINT receivable_invoice_entry_unique UNIQUE
        CONSTRAINT receivable_invoice_entry REFERENCES entry (hash),
    bolt11 TEXT NOT NULL,
    amount_msat INTEGER NOT NULL CONSTRAINT receivable_amount_positive CHECK (amount_msat > 0),
    state TEXT NOT NULL CONSTRAINT receivable_state_known
        CHECK (state IN ('live', 'cancelled', 'claimed', 'received')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX receivable_by_contract ON receivable (contract_id, created_at);
-- Money is taken at most once for one reason: a payable has one invoice that is not cancelled.
CREATE UNIQUE INDEX receivable_one_per_payable ON receivable (contract_id, payable)
    WHERE state <> 'cancelled';
CREATE TRIGGER receivable_end_is_final BEFORE UPDATE OF state ON receivable
    WHEN OLD.state IN ('cancelled', 'received') AND NEW.state <> OLD.state
    BEGIN SELECT RAISE(ABORT, 'receivable is cancelled or received and does not change any more'); END;
CREATE TRIGGER receivable_identity_is_fixed
    BEFORE UPDATE OF payment_hash, contract_id, payable, bolt11, amount_msat ON receivable
    BEGIN SELECT RAISE(ABORT, 'receivable keeps its hash, contract, payable and amount'); END;
CREATE TRIGGER receivable_no_delete BEFORE DELETE ON receivable
    BEGIN SELECT RAISE(ABORT, 'receivable is kept'); END;

CREATE TABLE ledger (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL CONSTRAINT ledger_key_unique UNIQUE,
    contract_id BLOB CONSTRAINT ledger_contract REFERENCES contract (id),
    kind TEXT NOT NULL,
    amount_msat INTEGER NOT NULL,
    fee_msat INTEGER NOT NULL CONSTRAINT ledger_fee_not_negative CHECK (fee_msat >= 0),
    at INTEGER NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_by_contract ON ledger (contract_id, position);
CREATE INDEX ledger_by_kind ON ledger (kind, contract_id);
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'ledger is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'ledger is append-only'); END;
