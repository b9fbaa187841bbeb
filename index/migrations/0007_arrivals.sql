-- When entries joined this node's set, to the hour. Numbered files are never edited after a release.
--
-- One row for each hour in which any joined: the position of the first. All from there up to the next row's
-- came in that hour. What joined before this table was made has no hour. Hours only grow, even where the
-- clock is set back: entries count for the hour before then.
CREATE TABLE arrivals (
    hour INTEGER PRIMARY KEY CHECK (hour >= 0),
    first_seq INTEGER NOT NULL UNIQUE
) STRICT;
