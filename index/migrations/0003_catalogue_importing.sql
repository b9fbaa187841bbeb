-- How far an import is that has not ended: a table of the new catalogue that is dropped when it is complete.
CREATE TABLE importing (
    -- Of the source among those that were named; -1 stands for all of them.
    position INTEGER PRIMARY KEY CHECK (position >= -1),
    -- What it was when it was read; for all of them, which import it is.
    mark BLOB NOT NULL CHECK (length(mark) = 32),
    -- Records of it that are in the catalogue.
    records INTEGER NOT NULL,
    is_done INTEGER NOT NULL CHECK (is_done IN (0, 1)),
    -- Kinds of records that it held, as bits.
    kinds INTEGER NOT NULL,
    timestamp TEXT
) STRICT;
