-- Tracks of the releases in catalogue.db (CC0), made anew when releases are imported. Numbered files are
-- never edited after a release.

-- 'id': which catalogue it belongs to (its 'tracks_id'); 'tracks': how many there are; 'bucket_bits' and
-- 'release_no_bytes': the form of the table recordings.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT;

-- release_no is the release's in catalogue.db. The form of a row is in doc/CATALOGUE.md.
CREATE TABLE release_tracks (
    release_no INTEGER PRIMARY KEY,
    tracks BLOB NOT NULL
) STRICT;

-- On which releases a recording is: 32 bits of its MBID, mixed, and the release's number, sorted and
-- packed. The bucket is the first of those bits. What is found has to be compared with the release's row.
CREATE TABLE recordings (
    bucket INTEGER PRIMARY KEY CHECK (bucket >= 0),
    entries BLOB NOT NULL
) STRICT;
