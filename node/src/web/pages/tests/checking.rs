//! The check page: what it proposes, what it points out, and that nothing is signed by it.

use super::*;
use crate::submit::check::link_with_findings;
use crate::submit::{Draft, ReceiptState};
use deadwax_index::entry::own_release;
use deadwax_index::infohash::InfohashV1;
use liblzma::write::XzEncoder;

const LP: &str = "2f0e9d8c-7b6a-4594-8372-61504f3e2d1c";
const ARTIST: &str = "3f0e9d8c-7b6a-4594-8372-61504f3e2d1c";
const TRACKS: [&str; 4] = ["Ebb", "Slack Water", "Spring Tide", "The Pilot's Daughter"];

/// A catalogue of one album in two editions: a CD of 1999 with four tracks, and an LP of 2004 with three.
fn import_catalogue(node: &Node) {
    let data = node._dir.path();
    let credit = json!([{"name": "Nell Aster", "artist": {"id": ARTIST, "name": "Nell Aster"}}]);
    let group = json!({"id": GROUP, "title": "Low Water", "primary-type": "Album", "first-release-date": "1999-05", "artist-credit": credit});
    let release =
        |id: &str, date: &str, format: &str, catno: &str, barcode: &str, tracks: &[&str]| {
            let tracks: Vec<Value> = (1..).zip(tracks).map(|(number, title)| {
            json!({"position": number, "number": number.to_string(), "title": title, "length": 240_000,
                   "recording": {"id": format!("4f0e9d8c-7b6a-4594-8372-{number:012}"), "title": title}})
        }).collect();
            json!({"id": id, "title": "Low Water", "date": date, "barcode": barcode, "status": "Official",
               "release-group": {"id": GROUP, "title": "Low Water"}, "artist-credit": credit, "country": "GB",
               "release-events": [{"date": date, "area": {"iso-3166-1-codes": ["GB"]}}],
               "label-info": [{"catalog-number": catno, "label": {"id": UNKNOWN, "name": "Ninth Harbour"}}],
               "media": [{"format": format, "position": 1, "track-count": tracks.len(), "tracks": tracks}]})
        };
    let releases = [
        release(RELEASE, "1999-05-03", "CD", "NHR-014", "0724352190614", &TRACKS),
        release(LP, "2004", "12\" Vinyl", "NHR-014LP", "0724352190621", &TRACKS[..3]),
    ];
    let artist = json!({"id": ARTIST, "name": "Nell Aster", "sort-name": "Aster, Nell"});
    let dumps = data.join("dumps");
    std::fs::create_dir_all(&dumps).unwrap();
    for (kind, records) in
        [("artist", vec![artist]), ("release-group", vec![group]), ("release", releases.to_vec())]
    {
        let lines: Vec<String> = records.iter().map(Value::to_string).collect();
        let text = lines.join("\n");
        let file = std::fs::File::create(dumps.join(format!("{kind}.tar.xz"))).unwrap();
        let mut tar = tar::Builder::new(XzEncoder::new(file, 0));
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, format!("mbdump/{kind}"), text.as_bytes()).unwrap();
        tar.into_inner().unwrap().finish().unwrap();
    }
    deadwax_index::catalogue::import(data, &[dumps], |_| {}).unwrap();
    node.app.search.catch_up(&node.app.store).unwrap();
}

/// A .torrent file with these files, all of one folder.
fn torrent(name: &str, files: &[(&str, u64)], announce: &str) -> Vec<u8> {
    let mut list = String::new();
    for (path, size) in files {
        list.push_str(&format!("d6:lengthi{size}e4:pathl{}:{path}ee", path.len()));
    }
    let total: u64 = files.iter().map(|(_, size)| size).sum();
    let pieces = total.div_ceil(1 << 24) * 20;
    let mut bytes = format!("d8:announce{}:{announce}4:infod5:filesl{list}e4:name{}:{name}12:piece lengthi16777216e6:pieces{pieces}:", announce.len(), name.len()).into_bytes();
    bytes.extend(std::iter::repeat_n(b'p', pieces as usize));
    bytes.extend(b"e8:url-list28:http://seed.example/low.flace");
    bytes
}

fn rip() -> Vec<u8> {
    torrent(
        "Nell Aster - Low Water (1999) [CD FLAC] {NHR-014}",
        &[
            ("01 - Ebb.flac", 25_000_000),
            ("02 - Slack Water.flac", 25_000_000),
            ("03 - Spring Tide.flac", 25_000_000),
            ("04 - The Pilots Daughter.flac", 25_000_000),
            ("low water.log", 9_000),
            ("low water.cue", 900),
        ],
        "http://clearnet.example/announce",
    )
}

impl Node {
    async fn upload(&self, fields: &[(&str, &str)], file: Option<&[u8]>) -> Answer {
        const LINE: &str = "----a-line-that-is-in-no-field";
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(
                format!("--{LINE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .bytes(),
            );
        }
        if let Some(file) = file {
            let head = format!(
                "--{LINE}\r\nContent-Disposition: form-data; name=\"torrent_file\"; filename=\"a.torrent\"\r\nContent-Type: application/x-bittorrent\r\n\r\n"
            );
            body.extend(head.bytes());
            body.extend(file);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{LINE}--\r\n").bytes());
        let request = Request::post("/submit").header(HOST, "abc.onion");
        let request = request.header(CONTENT_TYPE, format!("multipart/form-data; boundary={LINE}"));
        self.send(request.body(body.into()).unwrap()).await
    }
}

/// The fields of a page as a browser would send them: names and values, what is checked and selected only.
pub(super) fn fields_of(html: &str) -> Vec<(String, String)> {
    let unescape = |text: &str| {
        let text =
            text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'");
        text.replace("&#38;", "&")
    };
    let form =
        html.split("<form class=\"sheet\"").nth(1).unwrap_or_default().split("</form>").next().unwrap();
    let attribute = |tag: &str, name: &str| {
        tag.split(&format!(" {name}=\"")).nth(1).map(|rest| unescape(rest.split('"').next().unwrap()))
    };
    let mut fields = Vec::new();
    let mut rest = form;
    while let Some(start) = rest.find('<') {
        let tag = &rest[start + 1..];
        let (tag, after) = tag.split_once('>').unwrap();
        let name = attribute(tag, "name");
        match (tag.split(' ').next().unwrap(), name) {
            ("input", Some(name)) => {
                let kind = attribute(tag, "type").unwrap_or_default();
                let sent = match kind.as_str() {
                    "radio" | "checkbox" => tag.contains(" checked"),
                    "file" => false,
                    _ => true,
                };
                if sent {
                    fields.push((name, attribute(tag, "value").unwrap_or_default()));
                }
            }
            ("textarea", Some(name)) => {
                let text = after.split("</textarea>").next().unwrap();
                fields.push((name, unescape(text.strip_prefix('\n').unwrap_or(text))));
            }
            ("select", Some(name)) => {
                let options = after.split("</select>").next().unwrap();
                let selected = options
                    .split("<option")
                    .find(|option| option.split('>').next().unwrap().contains(" selected"));
                fields
                    .push((name, selected.and_then(|option| attribute(option, "value")).unwrap_or_default()));
            }
            _ => {}
        }
        rest = after;
    }
    fields
}

pub(super) fn value<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn a_torrent_file_fills_in_the_form_and_finds_its_edition() {
    let node = Node::new(false);
    import_catalogue(&node);
    let page = node.upload(&[("mbid", GROUP)], Some(&rip())).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert_page_is_sound("/submit", &page.text);
    let fields = fields_of(&page.text);
    for (name, expected) in [
        ("format", "FLAC"),
        ("encoding", "Lossless"),
        ("media", "CD"),
        ("log", "yes"),
        ("cue", "yes"),
        ("artist", ""),
    ] {
        assert_eq!(value(&fields, name), expected, "{name}");
    }
    assert_eq!(value(&fields, "choice"), format!("https://musicbrainz.org/release/{RELEASE}"));
    assert_eq!(attributes(&page.text, "data-mbid"), [RELEASE, LP, GROUP], "the best one first");
    for said in [
        "4 of 4 tracks",
        "titles",
        "catalogue number NHR-014",
        "match 100 %",
        "Read from the torrent.",
        "4 of 3 tracks",
        "If empty: Nell Aster",
        "1 web seed",
        "1 tracker",
        "clearnet.example",
        "100 MB, 6 files",
    ] {
        assert!(page.text.contains(said), "{said} is missing: {}", page.text);
    }
    assert!(node.app.store.newest_groups(1).unwrap().is_empty(), "nothing is signed yet");
    // What is sent from there is signed as it is shown.
    let mut sent = pairs(&fields);
    sent.push(("confirm", "yes"));
    let receipt = node.post(&sent, &[]).await.location().to_owned();
    assert_eq!(node.post(&sent, &[]).await.location(), receipt, "a broken circuit costs nothing");
    let link = &node.app.store.newest_groups(1).unwrap()[0].links[0].link;
    assert_eq!((link.mbid.to_string().as_str(), link.group().to_string().as_str()), (RELEASE, GROUP));
    assert_eq!(
        (link.artist.as_str(), link.year, link.types.as_slice()),
        ("Nell Aster", Some(1999), ["Album".to_owned()].as_slice())
    );
    assert_eq!(link.edition.catno.as_deref(), Some("NHR-014"));
    assert_eq!((link.edition.year, link.edition.country.as_deref()), (Some(1999), Some("GB")));
    assert_eq!((link.files.len(), link.log, link.cue), (6, Some(true), Some(true)));
}

#[tokio::test]
async fn words_barcodes_and_names_find_the_release() {
    let node = Node::new(false);
    import_catalogue(&node);
    for (typed, name) in [
        ("low water", "x"),
        ("Nell Aster Low Water", "x"),
        ("0724352190614", "x"),
        ("724352190614", "x"),
        (RELEASE, "x"),
        ("", "Nell Aster - Low Water"),
    ] {
        let magnet = format!("magnet:?xt=urn:btih:{V1}&dn={}", name.replace(' ', "+"));
        let page = node.post(&[("magnet", &magnet), ("mbid", typed)], &[]).await;
        assert_eq!(page.status, StatusCode::OK, "{typed}");
        assert!(attributes(&page.text, "data-mbid").contains(&RELEASE.to_owned()), "{typed}: {}", page.text);
        let is_exact = typed.contains("7243") || typed == RELEASE;
        assert_eq!(value(&fields_of(&page.text), "choice").contains(RELEASE), is_exact, "{typed}");
    }
    let lost = node.post(&[("magnet", V1), ("mbid", "zanzibar accordion quintet")], &[]).await;
    assert_eq!(lost.status, StatusCode::OK);
    assert!(lost.text.contains("Nothing is found") && lost.text.contains("zanzibar accordion quintet"));
    // A choice is needed before anything is signed.
    let mut fields = fields_of(&lost.text);
    fields.push(("confirm".into(), "yes".into()));
    let refused = node.post(&pairs(&fields), &[]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text.contains("No release is chosen."));
    for (typed, said) in [
        (ARTIST, "MusicBrainz artist"),
        ("https://shop.example/low-water", "has this address"),
        ("0000000000017", "has this number"),
    ] {
        let refused = node.post(&[("magnet", V1), ("mbid", typed)], &[]).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{typed}");
        assert!(refused.text.contains(said) && refused.text.contains(typed), "{typed}: {}", refused.text);
    }
}

#[tokio::test]
async fn another_choice_takes_its_names_with_it() {
    let node = Node::new(false);
    import_catalogue(&node);
    let page = node.upload(&[("mbid", GROUP)], Some(&rip())).await;
    let mut fields = fields_of(&page.text);
    let lp = format!("https://musicbrainz.org/release/{LP}");
    fields.iter_mut().filter(|(name, _)| name == "choice").for_each(|(_, value)| *value = lp.clone());
    // Looking again keeps the choice.
    let again = node.post(&pairs(&fields), &[]).await;
    assert_eq!(value(&fields_of(&again.text), "choice"), lp);
    // What was emptied stays empty.
    fields.iter_mut().filter(|(name, _)| name == "media").for_each(|(_, value)| value.clear());
    let again = node.post(&pairs(&fields), &[]).await;
    assert_eq!(value(&fields_of(&again.text), "media"), "");
    fields.push(("confirm".into(), "yes".into()));
    node.post(&pairs(&fields), &[]).await.location();
    let link = &node.app.store.newest_groups(1).unwrap()[0].links[0].link;
    assert_eq!((link.mbid.to_string().as_str(), link.media.as_deref()), (LP, None));
    assert_eq!(link.edition.catno.as_deref(), Some("NHR-014LP"));
}

#[tokio::test]
async fn duplicates_of_all_four_sorts_are_pointed_out() {
    let node = Node::new(false);
    let hash = |byte: u8| InfohashV1([byte; 20]).to_string();
    let other = "9d1f2e3c-4b5a-4968-8776-95a4b3c2d1e0";
    let files = json!([{ "path": "01.flac", "size_bytes": 25_000_000 }]);
    let edition = json!({});
    let first = node.publish(
        json!({ "infohash_v1": hash(1), "files": files, "size_bytes": 25_000_000, "edition": edition }),
    );
    let sorts = |draft: Draft| {
        let (_, findings) = link_with_findings(&node.app, &draft).unwrap();
        findings.warnings.into_iter().map(|warning| (warning.code, warning.entry)).collect::<Vec<_>>()
    };
    let draft = |hash: String, mbid: &str, format: &str| Draft {
        magnet: hash,
        mbid: mbid.into(),
        artist: "Nell Aster".into(),
        title: "Low Water".into(),
        format: format.into(),
        encoding: "Lossless".into(),
        media: "CD".into(),
        ..Draft::default()
    };
    let elsewhere = draft(hash(1), other, "FLAC");
    assert_eq!(sorts(elsewhere), [("duplicate.same-torrent".to_owned(), first.id.clone())]);
    assert_eq!(
        sorts(draft(hash(2), GROUP, "FLAC")),
        [("duplicate.same-edition".to_owned(), first.id.clone())]
    );
    assert!(sorts(draft(hash(2), GROUP, "MP3")).is_empty());
    let same_files = torrent("Other name", &[("1.flac", 25_000_000)], TRACKER);
    let same_files = Draft {
        magnet: String::new(),
        torrent: data_encoding::BASE64.encode(&same_files),
        ..draft(String::new(), GROUP, "MP3")
    };
    assert_eq!(sorts(same_files.clone()), [("duplicate.same-files".to_owned(), first.id.clone())]);
    // And on the page, the one that is no warning too.
    for (fields, sort) in [
        (vec![("magnet", hash(1)), ("mbid", GROUP.into())], "same-link"),
        (vec![("magnet", hash(1)), ("mbid", other.into())], "same-torrent"),
        (vec![("torrent", same_files.torrent), ("mbid", GROUP.into())], "same-files"),
        (
            vec![
                ("magnet", hash(2)),
                ("mbid", GROUP.into()),
                ("format", "FLAC".into()),
                ("encoding", "Lossless".into()),
                ("media", "CD".into()),
            ],
            "same-edition",
        ),
    ] {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = node.post(&fields, &[]).await;
        assert_eq!(attributes(&page.text, "data-duplicate"), [sort], "{}", page.text);
        assert_eq!(attributes(&page.text, "data-entry"), std::slice::from_ref(&first.id), "{sort}");
    }
    let again =
        submit(&node.app, &link_with_findings(&node.app, &draft(hash(1), GROUP, "FLAC")).unwrap().0, None)
            .unwrap();
    assert_eq!((again.id, again.state), (first.id, ReceiptState::Known));
}

#[tokio::test]
async fn a_file_survives_errors_and_a_bad_one_is_asked_for_again() {
    let node = Node::new(false);
    let file = rip();
    let base64 = data_encoding::BASE64.encode(&file);
    let kept = [
        ("mbid", GROUP),
        ("artist", "Nell <Aster>"),
        ("title", "Low Water"),
        ("year", "soon"),
        ("confirm", "yes"),
    ];
    let refused = node.upload(&kept, Some(&file)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let fields = fields_of(&refused.text);
    assert_eq!(value(&fields, "torrent"), base64);
    assert_eq!((value(&fields, "artist"), value(&fields, "year")), ("Nell <Aster>", "soon"));
    // Back to the first page, which names the file.
    let mut back = fields.clone();
    back.push(("back".into(), "yes".into()));
    let first = node.post(&pairs(&back), &[]).await;
    assert_page_is_sound("/submit", &first.text);
    let back = fields_of(&first.text);
    assert!(first.text.contains("Kept from before") && value(&back, "torrent") == base64);
    assert_eq!((value(&back, "artist"), value(&back, "mbid")), ("Nell <Aster>", GROUP));
    // Left out, or replaced.
    let without =
        node.upload(&[&pairs(&back)[..], &[("drop_torrent", "yes"), ("magnet", V1)]].concat(), None).await;
    assert_eq!(value(&fields_of(&without.text), "torrent"), "");
    let large = vec![b'x'; deadwax_index::torrent::MAX_TORRENT_BYTES + 1];
    for (bad, said) in [
        (&b"<html>not here</html>"[..], "not a torrent file"),
        (&large, "larger than 8 MiB"),
        (b"d4:infod6:lengthi1e4:name1:a12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaa7:privatei1eee", "private site"),
    ] {
        let refused = node.upload(&[("mbid", GROUP), ("artist", "Nell Aster")], Some(bad)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{said}");
        assert!(refused.text.contains(said), "{said}: {}", &refused.text[..3000.min(refused.text.len())]);
        assert!(attributes(&refused.text, "href").contains(&"#torrent_file".to_owned()), "{said}");
        let fields = fields_of(&refused.text);
        assert_eq!((value(&fields, "mbid"), value(&fields, "artist")), (GROUP, "Nell Aster"));
        assert_eq!(value(&fields, "torrent"), "", "what cannot be used is carried no further");
    }
    assert!(node.app.store.newest_groups(1).unwrap().is_empty());
}

#[tokio::test]
async fn a_record_that_musicbrainz_lacks_gets_an_entry_of_its_own() {
    for delay in [false, true] {
        let node = Node::new(delay);
        let page = node
            .post(&[("magnet", V1), ("mbid", "otto vane"), ("idempotency_key", "k"), ("own", "form")], &[])
            .await;
        assert_page_is_sound("/submit", &page.text);
        let mut fields = fields_of(&page.text);
        assert_eq!((value(&fields, "magnet"), value(&fields, "mbid")), (V1, "otto vane"));
        fields.push(("own".into(), "sign".into()));
        let refused = node.post(&pairs(&fields), &[]).await;
        assert!(refused.status == StatusCode::BAD_REQUEST && refused.text.contains("The artist is missing."));
        let set = |fields: &mut Vec<(String, String)>, name: &str, to: &str| {
            fields.iter_mut().filter(|(known, _)| known == name).for_each(|(_, value)| *value = to.into());
        };
        for (name, to) in [
            ("artist", "Otto Vane"),
            ("title", "Harbour"),
            ("year", "1987"),
            ("type", "EP"),
            ("catno", "OV-1"),
        ] {
            set(&mut fields, name, to);
        }
        let checked = node.post(&pairs(&fields), &[]).await;
        assert_eq!(checked.status, StatusCode::OK, "{}", checked.text);
        let uuid = attributes(&checked.text, "data-mbid")[0].clone();
        assert!(checked.text.contains("Otto Vane") && checked.text.contains("Harbour"));
        let again = node.post(&pairs(&fields), &[]).await;
        assert_eq!(attributes(&again.text, "data-mbid")[0], uuid, "signed once");
        let mut sent = fields_of(&checked.text);
        sent.push(("confirm".into(), "yes".into()));
        let receipt = node.post(&pairs(&sent), &[]).await.location().to_owned();
        assert!(node.get(&receipt).await.text.contains("Harbour"));
        assert_eq!(node.app.store.waiting_count().unwrap(), if delay { 2 } else { 0 });
        if !delay {
            let own = node.app.store.own_release(&uuid.parse().unwrap()).unwrap().unwrap();
            assert_eq!(
                (own.body.title.as_str(), own_release::uuid(&own.entry).to_string()),
                ("Harbour", uuid.clone())
            );
            let link = &node.app.store.newest_groups(1).unwrap()[0].links[0].link;
            assert_eq!(
                (link.artist.as_str(), link.year, link.mbid.to_string()),
                ("Otto Vane", Some(1987), uuid)
            );
        }
    }
}
