-- What lists and the worker ask of a contract, in its row, and the sums of it, so that neither opens a record that has
-- nothing for it. Rows of before are looked at once (look_at 0) and filled in then.
ALTER TABLE contract ADD COLUMN todos INTEGER NOT NULL DEFAULT 0 CONSTRAINT contract_todos_not_negative CHECK (todos >= 0);
ALTER TABLE contract ADD COLUMN todo_due_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contract ADD COLUMN look_at INTEGER;
ALTER TABLE contract ADD COLUMN channels TEXT NOT NULL DEFAULT 'moving'
    CONSTRAINT contract_channels_known CHECK (channels IN ('none', 'moving', 'open', 'ended'));
ALTER TABLE contract ADD COLUMN earmarked_sat INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contract ADD COLUMN outstanding_sat INTEGER NOT NULL DEFAULT 0;
UPDATE contract SET look_at = 0;
CREATE INDEX contract_to_do ON contract (todo_due_at, id) WHERE todos > 0;
CREATE INDEX contract_to_look_at ON contract (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX contract_with_channels ON contract (channels, created_at) WHERE channels <> 'none';

-- What falls due: each payable that is not paid, ours to pay or theirs, on the day it is due; at once is day -1.
CREATE TABLE due (
    contract_id BLOB NOT NULL CONSTRAINT due_contract REFERENCES contract (id),
    place INTEGER NOT NULL,
    ours INTEGER NOT NULL CONSTRAINT due_ours_is_truth CHECK (ours IN (0, 1)),
    day INTEGER NOT NULL,
    amount_sat INTEGER NOT NULL CONSTRAINT due_amount_not_negative CHECK (amount_sat >= 0),
    CONSTRAINT due_key PRIMARY KEY (contract_id, place)
) STRICT, WITHOUT ROWID;

-- The sums: kept by the database itself with every row, so that they can't be forgotten.
CREATE TABLE due_day (
    ours INTEGER NOT NULL,
    day INTEGER NOT NULL,
    amount_sat INTEGER NOT NULL,
    CONSTRAINT due_day_key PRIMARY KEY (ours, day)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER due_is_added AFTER INSERT ON due BEGIN
    INSERT INTO due_day (ours, day, amount_sat) VALUES (NEW.ours, NEW.day, NEW.amount_sat)
        ON CONFLICT (ours, day) DO UPDATE SET amount_sat = amount_sat + excluded.amount_sat;
END;
CREATE TRIGGER due_is_taken AFTER DELETE ON due BEGIN
    UPDATE due_day SET amount_sat = amount_sat - OLD.amount_sat WHERE ours = OLD.ours AND day = OLD.day;
    DELETE FROM due_day WHERE ours = OLD.ours AND day = OLD.day AND amount_sat = 0;
END;
CREATE TRIGGER due_no_update BEFORE UPDATE ON due BEGIN SELECT RAISE(ABORT, 'due is written anew'); END;

CREATE TABLE total (
    our_side TEXT NOT NULL CONSTRAINT total_key PRIMARY KEY,
    contracts INTEGER NOT NULL,
    todos INTEGER NOT NULL,
    earmarked_sat INTEGER NOT NULL,
    outstanding_sat INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO total VALUES ('buyer', 0, 0, 0, 0), ('seller', 0, 0, 0, 0);
UPDATE total SET contracts = (SELECT count(*) FROM contract WHERE contract.our_side = total.our_side);
CREATE TRIGGER contract_is_added AFTER INSERT ON contract BEGIN
    UPDATE total SET contracts = contracts + 1, todos = todos + NEW.todos,
            earmarked_sat = earmarked_sat + NEW.earmarked_sat, outstanding_sat = outstanding_sat + NEW.outstanding_sat
        WHERE our_side = NEW.our_side;
END;
CREATE TRIGGER contract_is_changed AFTER UPDATE ON contract BEGIN
    UPDATE total SET todos = todos + NEW.todos - OLD.todos,
            earmarked_sat = earmarked_sat + NEW.earmarked_sat - OLD.earmarked_sat,
            outstanding_sat = outstanding_sat + NEW.outstanding_sat - OLD.outstanding_sat
        WHERE our_side = NEW.our_side;
END;
