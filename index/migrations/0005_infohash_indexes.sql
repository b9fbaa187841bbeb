-- Eight bytes of an infohash are enough to find by: questions name them, and the whole infohash besides.
DROP INDEX links_by_infohash_v1;
DROP INDEX links_by_infohash_v2;
CREATE INDEX links_by_infohash_v1 ON links (substr(infohash_v1, 1, 8)) WHERE infohash_v1 IS NOT NULL;
CREATE INDEX links_by_infohash_v2 ON links (substr(infohash_v2, 1, 8)) WHERE infohash_v2 IS NOT NULL;
