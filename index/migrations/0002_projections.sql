-- What follows from the set: one table for each main kind. Numbered files are never edited after a release.
--
-- A row stands for an entry that counts: its body is here, means something for its kind, and its author
-- has not retracted it. Rows hold only what finding and counting needs; texts are read from the body.
-- What is derived (newest of an author, tallies, histories, duplicates) is computed when it is asked
-- for. All of it can be rebuilt from `entries`, and is whenever 'projection_format' in `meta` is not
-- that of the program; so these tables start empty.
--
-- subject is what an entry is about: an MBID (16 bytes) or the id of an entry (32 bytes).
-- In one set an author has one entry for each n, so the highest n of an author is the newest.

DROP TABLE links;

-- group_mbid is the MBID under which a link is shown.
CREATE TABLE links (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    group_mbid BLOB NOT NULL CHECK (length(group_mbid) = 16),
    mbid BLOB NOT NULL CHECK (length(mbid) = 16),
    infohash_v1 BLOB CHECK (length(infohash_v1) = 20),
    infohash_v2 BLOB CHECK (length(infohash_v2) = 32),
    author_no INTEGER NOT NULL,
    n INTEGER NOT NULL,
    CHECK (infohash_v1 IS NOT NULL OR infohash_v2 IS NOT NULL)
) STRICT;
CREATE INDEX links_by_group ON links (group_mbid, author_no, n);
CREATE INDEX links_by_mbid ON links (mbid) WHERE mbid <> group_mbid;
CREATE INDEX links_by_infohash_v1 ON links (infohash_v1) WHERE infohash_v1 IS NOT NULL;
CREATE INDEX links_by_infohash_v2 ON links (infohash_v2) WHERE infohash_v2 IS NOT NULL;

-- uuid is derived from the entry's id; links and others name the record by it.
CREATE TABLE own_releases (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    uuid BLOB NOT NULL CHECK (length(uuid) = 16),
    group_mbid BLOB NOT NULL CHECK (length(group_mbid) = 16)
) STRICT;
CREATE INDEX own_releases_by_uuid ON own_releases (uuid);
CREATE INDEX own_releases_by_group ON own_releases (group_mbid);

CREATE TABLE descriptions (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    subject BLOB NOT NULL CHECK (length(subject) IN (16, 32)),
    author_no INTEGER NOT NULL,
    n INTEGER NOT NULL
) STRICT;
CREATE INDEX descriptions_by_subject ON descriptions (subject, author_no, n);

CREATE TABLE tags (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    subject BLOB NOT NULL CHECK (length(subject) IN (16, 32)),
    tag TEXT NOT NULL,
    author_no INTEGER NOT NULL,
    n INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1))
) STRICT;
CREATE INDEX tags_by_subject ON tags (subject, tag, author_no, n, withdrawn);
CREATE INDEX tags_by_tag ON tags (tag, subject);

CREATE TABLE votes (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    subject BLOB NOT NULL CHECK (length(subject) IN (16, 32)),
    author_no INTEGER NOT NULL,
    n INTEGER NOT NULL,
    value INTEGER NOT NULL CHECK (value IN (-1, 0, 1))
) STRICT;
CREATE INDEX votes_by_subject ON votes (subject, author_no, n, value);

-- reason: the integer of the body, its 64 bits read as signed.
CREATE TABLE reports (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    subject BLOB NOT NULL CHECK (length(subject) IN (16, 32)),
    reason INTEGER NOT NULL,
    author_no INTEGER NOT NULL,
    n INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1))
) STRICT;
CREATE INDEX reports_by_subject ON reports (subject, reason, author_no, n, withdrawn);

-- created_hours: as the author says, for display; no more than 2^63 - 1.
CREATE TABLE comments (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    subject BLOB NOT NULL CHECK (length(subject) IN (16, 32)),
    reply_to BLOB CHECK (length(reply_to) = 32),
    created_hours INTEGER NOT NULL CHECK (created_hours >= 0)
) STRICT;
CREATE INDEX comments_by_subject ON comments (subject, created_hours);

CREATE TABLE topics (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    section TEXT NOT NULL,
    created_hours INTEGER NOT NULL CHECK (created_hours >= 0)
) STRICT;
CREATE INDEX topics_by_section ON topics (section, created_hours);

-- collage: the id of the first entry, which names the collage; that of the entry itself if it is the first.
CREATE TABLE collages (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    collage BLOB NOT NULL CHECK (length(collage) = 32),
    is_first INTEGER NOT NULL CHECK (is_first IN (0, 1)),
    author_no INTEGER NOT NULL,
    n INTEGER NOT NULL
) STRICT;
CREATE INDEX collages_by_collage ON collages (collage, author_no, n);
CREATE INDEX collages_first ON collages (collage) WHERE is_first;

CREATE TABLE collage_items (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    collage BLOB NOT NULL CHECK (length(collage) = 32),
    item BLOB NOT NULL CHECK (length(item) IN (16, 32)),
    author_no INTEGER NOT NULL,
    n INTEGER NOT NULL,
    removed INTEGER NOT NULL CHECK (removed IN (0, 1))
) STRICT;
CREATE INDEX collage_items_by_collage ON collage_items (collage, item, author_no, n, removed);
CREATE INDEX collage_items_by_item ON collage_items (item, collage);

CREATE TABLE requests (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    subject BLOB CHECK (length(subject) = 16)
) STRICT;
CREATE INDEX requests_by_subject ON requests (subject) WHERE subject IS NOT NULL;

CREATE TABLE wants (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    subject BLOB NOT NULL CHECK (length(subject) IN (16, 32)),
    author_no INTEGER NOT NULL,
    n INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1))
) STRICT;
CREATE INDEX wants_by_subject ON wants (subject, author_no, n, withdrawn);

CREATE TABLE fills (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    request BLOB NOT NULL CHECK (length(request) = 32),
    link BLOB NOT NULL CHECK (length(link) = 32)
) STRICT;
CREATE INDEX fills_by_request ON fills (request);
CREATE INDEX fills_by_link ON fills (link);

CREATE TABLE profiles (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    author_no INTEGER NOT NULL,
    n INTEGER NOT NULL
) STRICT;
CREATE INDEX profiles_by_author ON profiles (author_no, n);

-- Of these a row stands for every retract with meaning, whether its target is here or not.
CREATE TABLE retracts (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    target BLOB NOT NULL CHECK (length(target) = 32),
    author_no INTEGER NOT NULL
) STRICT;
CREATE INDEX retracts_by_target ON retracts (target, author_no);
