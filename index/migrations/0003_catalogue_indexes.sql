-- Made when all rows of 0003_catalogue.sql are there: faster than keeping them while rows come in.
CREATE INDEX artist_credit_names_by_artist ON artist_credit_names (artist_mbid) WHERE artist_mbid IS NOT NULL;
CREATE INDEX release_groups_by_credit ON release_groups (credit_no);
CREATE INDEX releases_by_group ON releases (release_group_mbid);
CREATE INDEX releases_by_barcode ON releases (barcode) WHERE barcode IS NOT NULL;
CREATE INDEX releases_by_asin ON releases (asin) WHERE asin IS NOT NULL;
CREATE INDEX release_labels_by_label ON release_labels (label_mbid) WHERE label_mbid IS NOT NULL;
CREATE INDEX urls_by_address ON urls (address_hash);
CREATE INDEX redirects_by_new ON redirects (new_mbid);
