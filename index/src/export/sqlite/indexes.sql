-- Made when the rows are there: what joins between the views look for.
CREATE INDEX entries_by_author ON entries (author_no);
CREATE INDEX links_by_group ON links (group_mbid);
CREATE INDEX links_by_mbid ON links (mbid);
CREATE INDEX links_by_infohash_v1 ON links (infohash_v1);
CREATE INDEX links_by_infohash_v2 ON links (infohash_v2);
CREATE INDEX own_releases_by_uuid ON own_releases (uuid);
CREATE INDEX descriptions_by_subject ON descriptions (subject);
CREATE INDEX tags_by_subject ON tags (subject);
CREATE INDEX tags_by_tag ON tags (tag);
CREATE INDEX votes_by_subject ON votes (subject);
CREATE INDEX reports_by_subject ON reports (subject);
CREATE INDEX comments_by_subject ON comments (subject);
CREATE INDEX collage_items_by_collage ON collage_items (collage, position);
CREATE INDEX collage_items_by_item ON collage_items (item);
CREATE INDEX requests_by_mbid ON requests (mbid);
CREATE INDEX wants_by_subject ON wants (subject);
CREATE INDEX fills_by_request ON fills (request);
