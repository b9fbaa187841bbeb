//! Where else a record is found: the only links of pages that lead out of the network.

use deadwax_index::catalogue::SiteAddress;

/// Addresses that are listed: some artists have dozens of official pages.
const MAX_ADDRESSES: usize = 12;

/// A link to another site.
pub struct Elsewhere {
    /// "Discogs".
    pub name: String,
    /// Its address.
    pub url: String,
}

impl Elsewhere {
    /// At MusicBrainz: `kind` as its addresses name it.
    pub fn musicbrainz(kind: &str, mbid: impl std::fmt::Display) -> Self {
        Self { name: "MusicBrainz".into(), url: format!("https://musicbrainz.org/{kind}/{mbid}") }
    }

    /// At MusicBrainz, and wherever MusicBrainz says.
    pub fn all(kind: &str, mbid: impl std::fmt::Display, addresses: &[SiteAddress]) -> Vec<Self> {
        let others = addresses.iter().filter(|address| is_web(&address.url)).take(MAX_ADDRESSES);
        let others =
            others.map(|address| Self { name: name(address.site, &address.url), url: address.url.clone() });
        [Self::musicbrainz(kind, mbid)].into_iter().chain(others).collect()
    }
}

/// Whether an address can be followed: nothing that a browser would run.
pub fn is_web(url: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

fn name(site: &str, url: &str) -> String {
    match site {
        "discogs" => "Discogs".into(),
        "bandcamp" => "Bandcamp".into(),
        "amazon" => "Amazon".into(),
        "apple" => "Apple Music".into(),
        "wikidata" => "Wikidata".into(),
        // An official page is best told by its host.
        _ => {
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            host.strip_prefix("www.").unwrap_or(host).to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sites_and_what_can_be_followed() {
        let address = |site, url: &str| SiteAddress { site, url: url.into() };
        let addresses = [
            address("official", "https://www.low-water.example/x"),
            address("discogs", "https://www.discogs.com/artist/1"),
            address("official", "javascript:alert(1)"),
        ];
        let found = Elsewhere::all("artist", "1f0e", &addresses);
        let names: Vec<_> = found.iter().map(|site| site.name.as_str()).collect();
        assert_eq!(names, ["MusicBrainz", "low-water.example", "Discogs"]);
        assert_eq!(found[0].url, "https://musicbrainz.org/artist/1f0e");
    }
}
