-- Over which channels a payment goes, and how much of it over each: written before the order is sent. Two contracts may
-- have a part of one channel, and a balance does not tell whose money left it.
-- Money: a later order of the same payment replaces the lines, as nothing of the earlier one is under way.

CREATE TABLE attempt_share (
    payment_hash BLOB NOT NULL CONSTRAINT attempt_share_attempt REFERENCES attempt (payment_hash),
    fund_entry_hash BLOB NOT NULL CONSTRAINT attempt_share_fund REFERENCES entry (hash),
    amount_sat INTEGER NOT NULL CONSTRAINT attempt_share_positive CHECK (amount_sat > 0),
    CONSTRAINT attempt_share_key PRIMARY KEY (payment_hash, fund_entry_hash)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER attempt_share_of_success_is_final BEFORE DELETE ON attempt_share
    WHEN (SELECT state FROM attempt WHERE payment_hash = OLD.payment_hash) = 'succeeded'
    BEGIN SELECT RAISE(ABORT, 'what a payment went over is kept once it has succeeded'); END;
