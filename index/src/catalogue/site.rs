//! Which addresses of a record are kept: those by which people know it elsewhere.

use super::lookup::is_at;
use super::record::Relation;

/// The sites. A row names one by its place here, so none is ever removed or moved.
pub(super) const SITES: [&str; 6] = ["discogs", "bandcamp", "amazon", "apple", "wikidata", "official"];
/// A longer one is no address that somebody would paste.
const MAX_URL_BYTES: usize = 2048;

/// Site and address of a relation, if it is kept. The relation's type decides, and where it is one of
/// shops and streams in general, the host.
pub(super) fn site_of(relation: &Relation) -> Option<(&'static str, &str)> {
    let url = relation.url.as_ref()?.resource.as_str();
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    if url.len() > MAX_URL_BYTES {
        return None;
    }
    let site = match relation.r#type.as_str() {
        "discogs" => "discogs",
        "bandcamp" => "bandcamp",
        "wikidata" => "wikidata",
        "amazon asin" => "amazon",
        "official homepage" | "official site" => "official",
        _ => site_of_host(rest.split(['/', '?', '#', ':']).next()?)?,
    };
    Some((site, url))
}

fn site_of_host(host: &str) -> Option<&'static str> {
    let host = host.to_ascii_lowercase();
    if is_at(&host, "bandcamp.com") {
        Some("bandcamp")
    } else if host == "itunes.apple.com" || host == "music.apple.com" {
        Some("apple")
    } else if is_at(&host, "discogs.com") {
        Some("discogs")
    } else if is_at(&host, "wikidata.org") {
        Some("wikidata")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::record::Url;

    #[test]
    fn types_and_hosts_say_which_site_it_is() {
        for (r#type, url, site) in [
            ("discogs", "https://www.discogs.com/master/24047", Some("discogs")),
            ("amazon asin", "https://www.amazon.co.jp/gp/product/B000002UAL", Some("amazon")),
            ("official homepage", "http://low-water.example/", Some("official")),
            ("purchase for download", "https://Tide.bandcamp.com/album/x", Some("bandcamp")),
            ("streaming", "https://music.apple.com/us/album/1", Some("apple")),
            ("purchase for download", "https://itunes.apple.com/us/album/id1?x", Some("apple")),
            ("streaming", "https://notbandcamp.com/", None),
            ("free streaming", "https://open.example/album/1", None),
            ("official homepage", "javascript:alert(1)", None),
            ("lyrics", "https://lyrics.example/1", None),
        ] {
            let relation = Relation { r#type: r#type.into(), url: Some(Url { resource: url.into() }) };
            assert_eq!(site_of(&relation), site.map(|site| (site, url)), "{url}");
        }
        assert_eq!(site_of(&Relation { r#type: "member of band".into(), url: None }), None);
    }
}
