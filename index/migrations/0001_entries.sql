-- The set and what follows from it. Numbered files are never edited after a release.
-- All of it but `entries`, `authors` and `meta` can be rebuilt from `entries`.

-- Facts about this database: 'incarnation' (16 random bytes, new for each new or restored database).
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- Keys are 32 bytes and stand in many entries: stored once.
CREATE TABLE authors (
    author_no INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE CHECK (length(key) = 32)
) STRICT;

-- One row per head of the set. seq is this node's order of release: AUTOINCREMENT, so that a
-- position that was once given out never comes back.
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    scope INTEGER NOT NULL CHECK (scope IN (0, 1)),
    author_no INTEGER NOT NULL REFERENCES authors (author_no),
    n INTEGER NOT NULL CHECK (n >= 0),
    head BLOB NOT NULL CHECK (length(head) BETWEEN 100 AND 256),
    -- NULL: not here (declined or dropped); the head stays as signed proof.
    body BLOB CHECK (length(body) BETWEEN 1 AND 16384),
    -- A set holds one head for each author, scope and n.
    UNIQUE (author_no, scope, n)
) STRICT;

-- LtHash of each scope's ids: 1,024 lanes u16 LE, and how many ids are in it.
CREATE TABLE set_roots (
    scope INTEGER PRIMARY KEY CHECK (scope IN (0, 1)),
    count INTEGER NOT NULL CHECK (count >= 0),
    lanes BLOB NOT NULL CHECK (length(lanes) = 2048)
) STRICT;

-- Projection: the links whose body has meaning. group_mbid is the MBID under which one is shown.
CREATE TABLE links (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    group_mbid BLOB NOT NULL CHECK (length(group_mbid) = 16),
    mbid BLOB NOT NULL CHECK (length(mbid) = 16),
    infohash_v1 BLOB CHECK (length(infohash_v1) = 20),
    infohash_v2 BLOB CHECK (length(infohash_v2) = 32),
    CHECK (infohash_v1 IS NOT NULL OR infohash_v2 IS NOT NULL)
) STRICT;
CREATE INDEX links_by_group ON links (group_mbid);
CREATE INDEX links_by_mbid ON links (mbid) WHERE mbid <> group_mbid;
CREATE INDEX links_by_infohash_v1 ON links (infohash_v1) WHERE infohash_v1 IS NOT NULL;
CREATE INDEX links_by_infohash_v2 ON links (infohash_v2) WHERE infohash_v2 IS NOT NULL;

-- Which groups changed, in order: what the search index has yet to take in.
CREATE TABLE group_changes (
    change INTEGER PRIMARY KEY AUTOINCREMENT,
    group_mbid BLOB NOT NULL CHECK (length(group_mbid) = 16)
) STRICT;

-- How far this node has read each peer's tail. In this file, so that a position commits together
-- with the entries that it describes.
CREATE TABLE tail_positions (
    peer TEXT NOT NULL,
    scope INTEGER NOT NULL CHECK (scope IN (0, 1)),
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 16),
    after_seq INTEGER NOT NULL CHECK (after_seq >= 0),
    PRIMARY KEY (peer, scope)
) STRICT;
