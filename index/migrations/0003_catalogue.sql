-- MusicBrainz reference data (CC0), made anew by each import and never changed afterwards. Dates are
-- as MusicBrainz writes them: "1971", "1971-03" or "1971-03-05". Numbered files are never edited after
-- a release. MBIDs are 16 bytes. References between records are MBIDs without a constraint, because
-- dumps name records that are not in them. addresses: where else a record is found (discogs, bandcamp, amazon,
-- apple, wikidata, official), packed; doc/CATALOGUE.md has the form.

-- Facts about this catalogue: for each table of records how many it has ('artists') and when its dump
-- was made ('dump_artists'); of 'redirects' the same ('redirects', 'redirects_dump'). 'tracks_id' is the
-- id of the tracks.db that belongs to these releases, if there is one.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT;

CREATE TABLE artists (
    artist_no INTEGER PRIMARY KEY,
    mbid BLOB NOT NULL UNIQUE CHECK (length(mbid) = 16),
    name TEXT NOT NULL,
    -- NULL: the same as the name.
    sort_name TEXT,
    disambiguation TEXT,
    type TEXT,
    country TEXT,
    begin_date TEXT,
    end_date TEXT,
    addresses BLOB
) STRICT;

CREATE TABLE labels (
    label_no INTEGER PRIMARY KEY,
    mbid BLOB NOT NULL UNIQUE CHECK (length(mbid) = 16),
    name TEXT NOT NULL,
    disambiguation TEXT,
    type TEXT,
    country TEXT,
    label_code INTEGER,
    addresses BLOB
) STRICT;

-- Each credit once, however many records have it: "Simon & Garfunkel". The number begins as 63 bits of
-- the SHA-256 of its parts, so that the same credit has the same number in every import.
CREATE TABLE artist_credits (
    credit_no INTEGER PRIMARY KEY,
    credit TEXT NOT NULL
) STRICT;

CREATE TABLE artist_credit_names (
    credit_no INTEGER NOT NULL REFERENCES artist_credits (credit_no),
    position INTEGER NOT NULL CHECK (position >= 0),
    artist_mbid BLOB CHECK (length(artist_mbid) = 16),
    name TEXT NOT NULL,
    join_phrase TEXT NOT NULL,
    PRIMARY KEY (credit_no, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE release_groups (
    release_group_no INTEGER PRIMARY KEY,
    mbid BLOB NOT NULL UNIQUE CHECK (length(mbid) = 16),
    title TEXT NOT NULL,
    primary_type TEXT,
    -- Separated by commas.
    secondary_types TEXT,
    first_release_date TEXT,
    disambiguation TEXT,
    credit_no INTEGER REFERENCES artist_credits (credit_no),
    addresses BLOB
) STRICT;

CREATE TABLE releases (
    release_no INTEGER PRIMARY KEY,
    mbid BLOB NOT NULL UNIQUE CHECK (length(mbid) = 16),
    release_group_mbid BLOB CHECK (length(release_group_mbid) = 16),
    title TEXT NOT NULL,
    status TEXT,
    -- Of the first release event; the others are in release_events.
    date TEXT,
    country TEXT,
    barcode TEXT,
    asin TEXT,
    packaging TEXT,
    language TEXT,
    script TEXT,
    disambiguation TEXT,
    credit_no INTEGER REFERENCES artist_credits (credit_no),
    addresses BLOB
) STRICT;

-- The second and later events of a release: where and when it came out too.
CREATE TABLE release_events (
    release_no INTEGER NOT NULL REFERENCES releases (release_no),
    position INTEGER NOT NULL CHECK (position >= 1),
    date TEXT,
    country TEXT,
    PRIMARY KEY (release_no, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE release_labels (
    release_no INTEGER NOT NULL REFERENCES releases (release_no),
    position INTEGER NOT NULL CHECK (position >= 0),
    label_mbid BLOB CHECK (length(label_mbid) = 16),
    -- As the release gives it: the label itself may be missing.
    label_name TEXT,
    catalogue_number TEXT,
    PRIMARY KEY (release_no, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE media (
    release_no INTEGER NOT NULL REFERENCES releases (release_no),
    position INTEGER NOT NULL CHECK (position >= 0),
    format TEXT,
    title TEXT,
    track_count INTEGER NOT NULL CHECK (track_count >= 0),
    PRIMARY KEY (release_no, position)
) STRICT, WITHOUT ROWID;

-- Other names of a record; owner_no is the number in the table of its kind
-- (0 artists, 1 labels, 2 release groups, 3 releases).
CREATE TABLE aliases (
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),
    owner_no INTEGER NOT NULL,
    name TEXT NOT NULL,
    locale TEXT,
    is_primary INTEGER NOT NULL CHECK (is_primary IN (0, 1)),
    PRIMARY KEY (kind, owner_no, name)
) STRICT, WITHOUT ROWID;

-- Which records have an address. address_key: the number in it where it is nothing else (release 123 at
-- Discogs), or else 43 bits of the SHA-256 of the address without what varies (scheme, www., shop of which
-- country, ...), shifted by four bits that say which; so what is found has to be compared with the record's
-- addresses. owner: number of the record, times four, and its kind as above. Made when all records are there.
CREATE TABLE urls (
    address_key INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    PRIMARY KEY (address_key, owner)
) STRICT, WITHOUT ROWID;

-- MBIDs that were merged into others. kind: as above, and 4 for recordings.
CREATE TABLE redirects (
    mbid BLOB PRIMARY KEY CHECK (length(mbid) = 16),
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 4),
    new_mbid BLOB NOT NULL CHECK (length(new_mbid) = 16)
) STRICT, WITHOUT ROWID;
