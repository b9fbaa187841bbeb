-- Made when all rows of 0003_catalogue.sql are there: faster than keeping them while rows come in.
-- Of MBIDs six bytes are enough to find by: questions name them, and the whole MBID besides.
CREATE INDEX artist_credit_names_by_artist ON artist_credit_names (substr(artist_mbid, 1, 6)) WHERE artist_mbid IS NOT NULL;
CREATE INDEX release_groups_by_credit ON release_groups (credit_no);
CREATE INDEX releases_by_group ON releases (substr(release_group_mbid, 1, 6));
CREATE INDEX releases_by_barcode ON releases (barcode) WHERE barcode IS NOT NULL;
CREATE INDEX releases_by_asin ON releases (asin) WHERE asin IS NOT NULL;
CREATE INDEX release_labels_by_label ON release_labels (substr(label_mbid, 1, 6)) WHERE label_mbid IS NOT NULL;
CREATE INDEX redirects_by_new ON redirects (new_mbid);
