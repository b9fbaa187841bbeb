//! The addresses of a record at other sites, packed into its row: known forms as a number, all others as
//! they are. And the table `urls`, which leads from an address to the records that have it.
//!
//! Not here: which addresses are kept ([`super::site`]), and what makes two of them the same
//! ([`super::lookup::Address`]).

use super::lookup::{Address, Found, address_key};
use super::numbers::{number_at, put_number};
use super::site::SITES;
use super::{Catalogue, Kind, Named};
use crate::mbid::Uuid;
use crate::store::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

/// What a row that cannot be read is called.
const DAMAGED: StoreError = StoreError::Damaged("the addresses of a record");

/// Addresses that are nothing but a number: site, and what is before it. The number of one, from 1, is its
/// first byte in a row, so none is ever removed or moved.
const NUMBERED: [(&str, &str); 5] = [
    ("discogs", "https://www.discogs.com/release/"),
    ("discogs", "https://www.discogs.com/master/"),
    ("discogs", "https://www.discogs.com/artist/"),
    ("discogs", "https://www.discogs.com/label/"),
    ("wikidata", "https://www.wikidata.org/wiki/Q"),
];
/// Forms of addresses that are kept as text, without what they begin with. The first byte is the site's number
/// and one of these.
const HTTPS: u8 = 0x10;
const HTTP: u8 = 0x20;
/// `https://NAME.bandcamp.com/album/TITLE`, as `NAME/TITLE`.
const ALBUM: u8 = 0x30;
const SITE_BITS: u8 = 0x0f;
const ALBUM_HOST: &str = ".bandcamp.com/album/";

/// An address of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteAddress {
    /// `discogs`, `bandcamp`, `amazon`, `apple`, `wikidata` or `official`.
    pub site: &'static str,
    /// The address itself, as MusicBrainz has it.
    pub url: String,
}

/// Packs addresses; `None` if there are none. One that repeats is kept once.
pub(super) fn encode<'a>(addresses: impl Iterator<Item = (&'static str, &'a str)>) -> Option<Vec<u8>> {
    let mut row = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (site, url) in addresses {
        if !seen.contains(&url) {
            seen.push(url);
            encode_one(site, url, &mut row);
        }
    }
    (!row.is_empty()).then_some(row)
}

fn encode_one(site: &str, url: &str, row: &mut Vec<u8>) {
    for (form, (numbered_site, before)) in (1..).zip(NUMBERED) {
        let number = url.strip_prefix(before).filter(|_| site == numbered_site);
        if let Some(number) = number.and_then(plain_number) {
            row.push(form);
            return put_number(row, number);
        }
    }
    let site = SITES.iter().position(|name| *name == site).unwrap_or_default() as u8;
    let album = url.strip_prefix("https://").and_then(|rest| rest.split_once(ALBUM_HOST));
    let (form, text) = match album.filter(|(name, _)| !name.contains('/')) {
        Some((name, title)) => (ALBUM, format!("{name}/{title}")),
        None => match url.split_once("://") {
            Some(("https", rest)) => (HTTPS, rest.to_owned()),
            // Nothing else is kept.
            Some((_, rest)) => (HTTP, rest.to_owned()),
            None => return,
        },
    };
    row.push(form | site);
    put_number(row, text.len() as u64);
    row.extend(text.as_bytes());
}

/// The addresses of a row; `None` if it is damaged.
pub(super) fn decode(mut row: &[u8]) -> Option<Vec<SiteAddress>> {
    let mut addresses = Vec::new();
    while let Some((form, rest)) = row.split_first() {
        let (number, length) = number_at(rest)?;
        row = &rest[length..];
        if let Some((site, before)) = NUMBERED.get(usize::from(*form).wrapping_sub(1)) {
            addresses.push(SiteAddress { site, url: format!("{before}{number}") });
            continue;
        }
        let (text, rest) = row.split_at_checked(usize::try_from(number).ok()?)?;
        row = rest;
        let text = std::str::from_utf8(text).ok()?;
        let url = match form & !SITE_BITS {
            HTTPS => format!("https://{text}"),
            HTTP => format!("http://{text}"),
            ALBUM => {
                let (name, title) = text.split_once('/')?;
                format!("https://{name}{ALBUM_HOST}{title}")
            }
            _ => return None,
        };
        addresses.push(SiteAddress { site: SITES.get(usize::from(form & SITE_BITS))?, url });
    }
    Some(addresses)
}

/// Digits as nobody else would write them: without zeros in front, so that they come out the same.
fn plain_number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// A record as the table `urls` names it.
pub(super) fn owner(kind: Kind, number: i64) -> i64 {
    number << 2 | kind as i64
}

/// Kind and number of a record that the table `urls` names.
pub(super) fn owned(owner: i64) -> (Kind, i64) {
    (Kind::ALL[(owner & 3) as usize], owner >> 2)
}

impl Catalogue {
    /// The addresses of the record of this kind with this MBID, as MusicBrainz lists them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn addresses(&self, kind: Kind, mbid: &Uuid) -> Result<Vec<SiteAddress>, StoreError> {
        let sql = format!("SELECT addresses FROM {} WHERE mbid = ?1", kind.table());
        let row = self.db.prepare_cached(&sql)?.query_row([mbid.as_bytes()], |row| row.get(0)).optional()?;
        let row: Option<Vec<u8>> = row.flatten();
        row.map_or(Ok(Vec::new()), |row| decode(&row).ok_or(DAMAGED))
    }

    /// The records that have an address.
    pub(super) fn at_address(&self, address: &Address, limit: usize) -> Result<Vec<Found>, StoreError> {
        let sql = "SELECT owner FROM urls WHERE address_key = ?1 LIMIT ?2";
        let mut statement = self.db.prepare_cached(sql)?;
        let owners = statement.query_map((address.key(), limit as i64), |row| row.get(0))?;
        let mut found = Vec::new();
        for owner in owners {
            let (kind, number) = owned(owner?);
            let sql = format!("SELECT mbid, addresses FROM {} WHERE rowid = ?1", kind.table());
            let mut record = self.db.prepare_cached(&sql)?;
            let (mbid, row): ([u8; 16], Option<Vec<u8>>) =
                record.query_row([number], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let addresses = decode(&row.unwrap_or_default()).ok_or(DAMAGED)?;
            // Another address may have the same key.
            if addresses.iter().any(|other| Address::parse(&other.url).as_ref() == Some(address)) {
                found.push((Named::Record(kind), Uuid::from_bytes(mbid)));
            }
        }
        Ok(found)
    }
}

/// Fills the table `urls` from the rows of all records. To be called before indexes are made: they take the
/// room of what is dropped here.
pub(super) fn write_urls(db: &Connection) -> Result<(), StoreError> {
    // Sorted by SQLite, which needs no more memory for more of them.
    db.execute_batch("CREATE TABLE unsorted_urls (address_key INTEGER NOT NULL, owner INTEGER NOT NULL)")?;
    {
        let mut insert = db.prepare("INSERT INTO unsorted_urls VALUES (?1, ?2)")?;
        for kind in Kind::ALL {
            let table = kind.table();
            let sql = format!("SELECT rowid, addresses FROM main.{table} WHERE addresses IS NOT NULL");
            let mut statement = db.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let owner = owner(kind, row.get(0)?);
                for address in decode(row.get_ref(1)?.as_blob().map_err(|_| DAMAGED)?).ok_or(DAMAGED)? {
                    insert.execute(params![address_key(&address.url), owner])?;
                }
            }
        }
    }
    db.execute_batch(
        "INSERT INTO main.urls SELECT DISTINCT address_key, owner FROM unsorted_urls ORDER BY 1, 2;
         DROP TABLE unsorted_urls;",
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packed(addresses: &[(&'static str, &str)]) -> Vec<u8> {
        encode(addresses.iter().copied()).unwrap_or_default()
    }

    fn unpacked(row: &[u8]) -> Vec<(&'static str, String)> {
        decode(row).unwrap().into_iter().map(|address| (address.site, address.url)).collect()
    }

    #[test]
    fn addresses_come_out_as_they_went_in() {
        for (site, url, length) in [
            ("discogs", "https://www.discogs.com/release/123", 2),
            ("discogs", "https://www.discogs.com/master/24047", 4),
            ("discogs", "https://www.discogs.com/label/0", 2),
            ("discogs", "https://www.discogs.com/release/0123", 30),
            ("discogs", "https://www.discogs.com/release/123-Low-Water", 39),
            ("discogs", "http://www.discogs.com/release/123", 29),
            ("wikidata", "https://www.wikidata.org/wiki/Q77", 2),
            ("wikidata", "https://www.wikidata.org/wiki/Q99999999999999999999", 45),
            ("official", "https://www.discogs.com/release/123", 29),
            ("bandcamp", "https://tide.bandcamp.com/album/low-water", 16),
            ("bandcamp", "https://tide.bandcamp.com/album/", 7),
            ("bandcamp", "https://tide.bandcamp.com/", 20),
            ("bandcamp", "https://a.example/b.bandcamp.com/album/c", 34),
            ("official", "http://low-water.example/\u{6f6e}", 23),
        ] {
            let row = packed(&[(site, url)]);
            assert_eq!(unpacked(&row), [(site, url.to_owned())]);
            assert_eq!(row.len(), length, "{url}");
        }
        assert_eq!(encode([].into_iter()), None);
        let twice = ("official", "http://low-water.example/");
        assert_eq!(unpacked(&packed(&[twice, twice])).len(), 1);
    }

    #[test]
    fn damaged_rows_are_noticed() {
        let row = packed(&[("official", "http://low-water.example/")]);
        for end in 1..row.len() {
            assert_eq!(decode(&row[..end]), None, "{end}");
        }
        for row in [&[0x00, 0x00][..], &[0x06, 0x00], &[0x1f, 0x00], &[0x10, 1, 0xff], &[0x30, 1, b'x']] {
            assert_eq!(decode(row), None, "{row:?}");
        }
        assert_eq!(decode(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
    }

    proptest! {
        #[test]
        fn any_addresses_are_kept(
            addresses in prop::collection::vec(
                (prop::sample::select(SITES.to_vec()), prop::sample::select(vec!["", "www.discogs.com/release/",
                "www.wikidata.org/wiki/Q", "a.bandcamp.com/album/"]), "[0-9]{0,20}|\\PC{0,20}", any::<bool>()), 0..6),
        ) {
            let mut addresses: Vec<_> = addresses.into_iter().map(|(site, start, rest, secure)| {
                (site, format!("http{}://{start}{rest}", if secure { "s" } else { "" }))
            }).collect();
            let mut seen = std::collections::HashSet::new();
            addresses.retain(|(_, url)| seen.insert(url.clone()));
            let row = encode(addresses.iter().map(|(site, url)| (*site, url.as_str()))).unwrap_or_default();
            prop_assert_eq!(unpacked(&row), addresses);
        }

        #[test]
        fn arbitrary_rows_never_panic(row in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(&row);
        }
    }
}
