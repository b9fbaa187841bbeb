//! How this node is doing: networks, entries, other nodes, tracker. Never IP, system or uptime.

use super::wording::{age, count, size, thousands};
use super::{Frame, page};
use crate::app::{App, SharedApp, blocking, now_secs, uptime_secs};
use crate::networks::{Network, Reach};
use crate::peers::choice::Origin;
use crate::peers::status::{FULL_CREDIT, PeerReport};
use crate::web::error::{PageError, WebError};
use crate::web::sync::scope_answers;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use deadwax_index::entry::Scope;
use deadwax_index::entry::limits::{MAX_BODY_BYTES, QUOTA_CORE, QUOTA_MAIN};

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    frame: Frame,
    network: String,
    networks: [NetworkLine; 2],
    scopes: Vec<ScopeLine>,
    /// Id of the charter; none where the set is open to all.
    charter: Option<String>,
    members_root: Option<String>,
    peers: Vec<PeerLine>,
    tracker: String,
    catalogue: String,
    policy: Vec<(&'static str, String)>,
}

struct NetworkLine {
    key: &'static str,
    name: &'static str,
    state: &'static str,
    is_reachable: bool,
    words: &'static str,
    address: Option<String>,
}

struct ScopeLine {
    key: &'static str,
    name: &'static str,
    about: &'static str,
    count: String,
}

struct PeerLine {
    address: String,
    agreement: String,
    connection: String,
    last_error: Option<String>,
    /// Its set stays apart, in words.
    alarm: Option<String>,
    taken: String,
    from: &'static str,
    /// What is left of its credit, if some was lost.
    credit: Option<String>,
}

/// `GET /status`.
pub async fn status(State(app): State<SharedApp>) -> Result<Response, PageError> {
    Ok(page(StatusCode::OK, &blocking(&app, build).await?))
}

fn build(app: &App) -> Result<StatusPage, WebError> {
    let scopes = app.scopes()?;
    let peers = app.peers.report(&scope_answers(&scopes));
    let tracker = app.tracker.stats(uptime_secs());
    Ok(StatusPage {
        frame: Frame::new(app, "/status", "Status"),
        network: agreement_of_all(&peers),
        networks: [
            network_line("tor", "Tor", app.networks.tor()),
            network_line("i2p", "I2P", app.networks.i2p()),
        ],
        scopes: scopes.iter().map(|(scope, state)| scope_line(*scope, state.count)).collect(),
        peers: peers.iter().map(peer_line).collect(),
        tracker: format!(
            "{} with {} announced.",
            count(tracker.hashes, "torrent", "torrents"),
            count(tracker.members, "swarm member", "swarm members"),
        ),
        charter: app.store.pinned_charter()?.map(|charter| charter.to_string()),
        members_root: app.members_root()?,
        catalogue: catalogue(app)?,
        policy: policy(app),
    })
}

/// "2,100,000 artists, ... From the MusicBrainz dump of 2026-11-01."
fn catalogue(app: &App) -> Result<String, WebError> {
    let stats = app.search.catalogue().with(|catalogue| match catalogue {
        Some((catalogue, _)) => Ok::<_, WebError>(Some(catalogue.stats()?)),
        None => Ok(None),
    })?;
    let Some(stats) = stats else {
        return Ok("None: what this node knows of releases is what torrent links say.".into());
    };
    let mut text = [
        count(stats.artists, "artist", "artists"),
        count(stats.release_groups, "release group", "release groups"),
        count(stats.releases, "release", "releases"),
        count(stats.labels, "label", "labels"),
        count(stats.tracks, "track", "tracks"),
    ]
    .join(", ");
    if let Some(day) = stats.dump.get(..10) {
        text += &format!(", from the MusicBrainz dump of {day}");
    }
    Ok(text + ".")
}

/// What this node takes, and from whom.
fn policy(app: &App) -> Vec<(&'static str, String)> {
    let delay = match app.config.publication.delay {
        true => "after a random wait, 10 minutes on average and an hour at most",
        false => "at once",
    };
    vec![
        ("Submissions", format!("are signed with the node's own key and released {delay}.")),
        (
            "Each contributor",
            format!(
                "can sign {} entries about music and {} about membership, unless the network's charter allows more.",
                thousands(QUOTA_MAIN),
                thousands(QUOTA_CORE)
            ),
        ),
        ("One entry", format!("has at most {}.", size(MAX_BODY_BYTES as u64))),
        ("Torrents", "of private sites are refused; announce addresses outside I2P are taken out.".into()),
        ("Readers", "may be anybody. Nothing about them is kept.".into()),
    ]
}

/// "Agrees with 4 of 5 nodes · 310,442 entries · Tor reachable · I2P starting".
pub fn network_in_a_line(app: &App) -> Result<String, WebError> {
    let scopes = app.scopes()?;
    let peers = app.peers.report(&scope_answers(&scopes));
    let entries = scopes.iter().map(|(_, state)| state.count).sum();
    let mut line = format!(
        "{} · {}",
        agreement_of_all(&peers).trim_end_matches('.'),
        count(entries, "entry", "entries")
    );
    for (name, network) in [("Tor", app.networks.tor()), ("I2P", app.networks.i2p())] {
        line += &format!(" · {name} {}", reach(network.state));
    }
    Ok(line)
}

fn agreement_of_all(peers: &[PeerReport]) -> String {
    let agreeing = peers.iter().filter(|peer| peer.equal == Some(true)).count();
    match peers.len() {
        0 => "This node stands alone so far.".into(),
        all => format!("Agrees with {agreeing} of {}.", count(all as u64, "node", "nodes")),
    }
}

fn reach(reach: Reach) -> &'static str {
    match reach {
        Reach::Off => "off",
        Reach::Starting => "starting",
        Reach::Reachable => "reachable",
    }
}

fn network_line(key: &'static str, name: &'static str, network: Network) -> NetworkLine {
    NetworkLine {
        key,
        name,
        state: reach(network.state),
        is_reachable: network.state == Reach::Reachable,
        words: match network.state {
            Reach::Off => "Switched off",
            Reach::Starting => "Not reachable yet",
            Reach::Reachable => "Reachable",
        },
        address: network.address,
    }
}

fn scope_line(scope: Scope, entries: u64) -> ScopeLine {
    let (name, about) = match scope {
        Scope::Core => ("Membership", "about who belongs to the network"),
        Scope::Main => ("Catalogue", "about music"),
    };
    ScopeLine { key: scope.name(), name, about, count: count(entries, "entry", "entries") }
}

fn peer_line(peer: &PeerReport) -> PeerLine {
    let since = age(now_secs().saturating_sub(peer.since_secs));
    PeerLine {
        // The path of a socket would describe this machine.
        address: if peer.address.starts_with("unix:") {
            "a local socket".into()
        } else {
            peer.address.clone()
        },
        agreement: match (peer.equal, peer.behind) {
            (None, _) => "not known yet".into(),
            (Some(true), _) => "agrees".into(),
            (Some(false), 0) => "differs: this node has entries that it lacks".into(),
            (Some(false), behind) => format!("this node is {} behind", count(behind, "entry", "entries")),
        },
        connection: match (peer.connected, peer.equal) {
            (true, _) => format!("connected, since {since}"),
            (false, None) => "never connected".into(),
            (false, Some(_)) => format!("lost {since}"),
        },
        last_error: peer.last_error.clone(),
        alarm: peer.disagrees_since_secs.map(|since| {
            let since = age(now_secs().saturating_sub(since));
            format!("It disagrees about the entries of the same members, since {since}.")
        }),
        taken: format!(
            "{}, {} known; {} read",
            count(peer.entries, "new entry", "new entries"),
            thousands(peer.known),
            size(peer.bytes)
        ),
        from: match peer.from {
            Origin::Configured => "named by the operator",
            Origin::Roster => "named by an author of the roster",
            Origin::Member => "named by a member",
        },
        credit: (peer.credit < FULL_CREDIT).then(|| format!("Credit: {} of {FULL_CREDIT}.", peer.credit)),
    }
}
