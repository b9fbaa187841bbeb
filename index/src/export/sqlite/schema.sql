-- The shareable copy (doc/EXPORT.md). Programs read the views v1_*: their names and columns stay. The
-- tables below them may change with any version.
--
-- Rows are in the order of entry ids: seq counts them from 1. Ids, keys and infohashes are lowercase hex,
-- MBIDs have hyphens, lists are JSON arrays, flags are 0 or 1. Not STRICT, so that older SQLites read it.

CREATE TABLE authors (author_no INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, author_no INTEGER NOT NULL, kind, kind_name TEXT,
    scope TEXT NOT NULL, n INTEGER NOT NULL, created_hours INTEGER NOT NULL, state TEXT NOT NULL,
    head BLOB NOT NULL, body BLOB);
CREATE TABLE links (
    seq INTEGER PRIMARY KEY, group_mbid TEXT NOT NULL, mbid TEXT NOT NULL, mbid_kind TEXT NOT NULL,
    infohash_v1 TEXT, infohash_v2 TEXT, artist TEXT, title TEXT, year INTEGER, types TEXT, media TEXT,
    format TEXT, encoding TEXT, size_bytes INTEGER, file_count INTEGER, log INTEGER, log_score INTEGER,
    cue INTEGER, edition_title TEXT, edition_year INTEGER, edition_label TEXT, edition_catno TEXT,
    edition_country TEXT, edition_barcode TEXT, name TEXT, trackers TEXT);
CREATE TABLE link_files (
    seq INTEGER NOT NULL, number INTEGER NOT NULL, path TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    PRIMARY KEY (seq, number));
CREATE TABLE groups (
    mbid TEXT PRIMARY KEY, artist TEXT, title TEXT, year INTEGER, types TEXT, links INTEGER NOT NULL,
    score INTEGER NOT NULL);
CREATE TABLE own_releases (
    seq INTEGER PRIMARY KEY, uuid TEXT NOT NULL, group_mbid TEXT NOT NULL, title TEXT, artist TEXT, types TEXT,
    date TEXT, country TEXT, labels TEXT, catnos TEXT, barcode TEXT, status TEXT, language TEXT,
    disambiguation TEXT, urls TEXT);
CREATE TABLE own_release_tracks (
    seq INTEGER NOT NULL, medium INTEGER NOT NULL, format TEXT, track INTEGER NOT NULL, number TEXT,
    title TEXT, artist TEXT, length_ms INTEGER, PRIMARY KEY (seq, medium, track));
CREATE TABLE descriptions (
    seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, subject_kind TEXT NOT NULL, is_current INTEGER NOT NULL,
    text TEXT, language TEXT, replaces TEXT);
CREATE TABLE tags (seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, subject_kind TEXT NOT NULL, tag TEXT NOT NULL);
CREATE TABLE votes (
    seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, subject_kind TEXT NOT NULL, value INTEGER NOT NULL,
    reason TEXT, reason_number, note TEXT);
CREATE TABLE reports (
    seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, subject_kind TEXT NOT NULL, reason TEXT NOT NULL,
    reason_number, note TEXT,
    other TEXT, other_kind TEXT);
CREATE TABLE comments (
    seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, subject_kind TEXT NOT NULL, reply_to TEXT, text TEXT);
CREATE TABLE topics (seq INTEGER PRIMARY KEY, section TEXT NOT NULL, title TEXT, text TEXT);
-- seq is that of the newest entry of each collage.
CREATE TABLE collages (
    seq INTEGER PRIMARY KEY, collage TEXT NOT NULL UNIQUE, title TEXT, description TEXT, category TEXT,
    open INTEGER NOT NULL);
CREATE TABLE collage_items (
    seq INTEGER PRIMARY KEY, collage TEXT NOT NULL, position INTEGER NOT NULL, item TEXT NOT NULL,
    item_kind TEXT NOT NULL, sort TEXT, note TEXT);
CREATE TABLE requests (
    seq INTEGER PRIMARY KEY, mbid TEXT, mbid_kind TEXT, artist TEXT, title TEXT, year INTEGER, formats TEXT,
    encodings TEXT, media TEXT, log INTEGER, cue INTEGER, note TEXT, wants INTEGER NOT NULL,
    filled INTEGER NOT NULL);
CREATE TABLE wants (seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, subject_kind TEXT NOT NULL);
CREATE TABLE fills (
    seq INTEGER PRIMARY KEY, request TEXT NOT NULL, link TEXT NOT NULL, accepted INTEGER NOT NULL, note TEXT);
CREATE TABLE profiles (seq INTEGER PRIMARY KEY, name TEXT, text TEXT, urls TEXT);
CREATE TABLE retracts (seq INTEGER PRIMARY KEY, target TEXT NOT NULL, note TEXT);

CREATE VIEW v1_entries AS
    SELECT seq, id AS entry, key AS author, kind, kind_name, scope, n, created_hours,
           strftime('%Y-%m-%dT%H:00Z', created_hours * 3600, 'unixepoch') AS created, state, head, body
    FROM entries JOIN authors USING (author_no);

-- What every view below begins with.
CREATE VIEW said AS
    SELECT seq, id AS entry, key AS author, n, created_hours FROM entries JOIN authors USING (author_no);

CREATE VIEW v1_links AS
    SELECT entry, author, n, created_hours, group_mbid, mbid, mbid_kind, infohash_v1, infohash_v2, artist, title,
           year, types, media, format, encoding, size_bytes, file_count, log, log_score, cue, edition_title,
           edition_year, edition_label, edition_catno, edition_country, edition_barcode, name, trackers
    FROM links JOIN said USING (seq);
CREATE VIEW v1_link_files AS
    SELECT id AS entry, number, path, size_bytes FROM link_files JOIN entries USING (seq);
CREATE VIEW v1_groups AS SELECT mbid, artist, title, year, types, links, score FROM groups;
CREATE VIEW v1_own_releases AS
    SELECT entry, author, n, created_hours, uuid, group_mbid, title, artist, types, date, country, labels,
           catnos, barcode, status, language, disambiguation, urls
    FROM own_releases JOIN said USING (seq);
CREATE VIEW v1_own_release_tracks AS
    SELECT uuid, medium, format, track, number, own_release_tracks.title, own_release_tracks.artist, length_ms
    FROM own_release_tracks JOIN own_releases USING (seq);
CREATE VIEW v1_descriptions AS
    SELECT entry, author, n, created_hours, subject, subject_kind, is_current, text, language, replaces
    FROM descriptions JOIN said USING (seq);
CREATE VIEW v1_tags AS
    SELECT entry, author, n, created_hours, subject, subject_kind, tag FROM tags JOIN said USING (seq);
CREATE VIEW v1_votes AS
    SELECT entry, author, n, created_hours, subject, subject_kind, value, reason, reason_number, note
    FROM votes JOIN said USING (seq);
CREATE VIEW v1_reports AS
    SELECT entry, author, n, created_hours, subject, subject_kind, reason, reason_number, note, other, other_kind
    FROM reports JOIN said USING (seq);
CREATE VIEW v1_comments AS
    SELECT entry, author, n, created_hours, subject, subject_kind, reply_to, text
    FROM comments JOIN said USING (seq);
CREATE VIEW v1_topics AS
    SELECT entry, author, n, created_hours, section, title, text FROM topics JOIN said USING (seq);
CREATE VIEW v1_collages AS
    SELECT collage, entry, author, n, created_hours, title, description, category, open
    FROM collages JOIN said USING (seq);
CREATE VIEW v1_collage_items AS
    SELECT collage, position, item, item_kind, sort, note, entry, author, n, created_hours
    FROM collage_items JOIN said USING (seq);
CREATE VIEW v1_requests AS
    SELECT entry, author, n, created_hours, mbid, mbid_kind, artist, title, year, formats, encodings, media, log,
           cue, note, wants, filled
    FROM requests JOIN said USING (seq);
CREATE VIEW v1_wants AS
    SELECT entry, author, n, created_hours, subject, subject_kind FROM wants JOIN said USING (seq);
CREATE VIEW v1_fills AS
    SELECT entry, author, n, created_hours, request, link, accepted, note FROM fills JOIN said USING (seq);
CREATE VIEW v1_profiles AS
    SELECT author, entry, n, created_hours, name, text, urls FROM profiles JOIN said USING (seq);
CREATE VIEW v1_retracts AS
    SELECT entry, author, n, created_hours, target, note FROM retracts JOIN said USING (seq);
