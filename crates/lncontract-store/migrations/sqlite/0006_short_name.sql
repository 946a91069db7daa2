-- The name that a counterparty chose for pages, from its invite. Before that it was the legal one, shortened.
ALTER TABLE peer ADD COLUMN short_name TEXT NOT NULL DEFAULT '';
UPDATE peer SET short_name = trim(substr(name, 1, 24));
