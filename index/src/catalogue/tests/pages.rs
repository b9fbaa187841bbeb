//! Groups by the page.

use super::super::{Catalogue, GroupRecord, Kind};
use super::Library;
use super::dump::{artist, group, label, mbid, release, write_dump};

fn with(line: &str, key: &str, value: serde_json::Value) -> String {
    let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
    record[key] = value;
    record.to_string()
}

#[test]
fn pages_of_any_size_hold_the_same_groups() {
    let library = Library::new();
    let dumps = library.dumps();
    let aliases = serde_json::json!([
        {"name": "Ebb Water", "primary": null}, {"name": "Slack", "primary": true}, {"name": "Neap", "primary": null},
    ]);
    let groups = [
        with(&group(1, "Low Water", 1), "aliases", aliases),
        group(2, "High Water", 1),
        with(&group(3, "No Water", 2), "artist-credit", serde_json::Value::Null),
        group(4, "Ground", 2),
    ];
    let late = serde_json::json!([{"date": "1969", "area": null}]);
    let releases = [
        with(&release(1, "Undated", 1, 1), "release-events", serde_json::Value::Null),
        release(2, "Low Water", 1, 2),
        with(&release(3, "Early", 1, 1), "release-events", late),
        release(4, "Ground", 4, 2),
    ];
    write_dump(&dumps, Kind::Artist, &[artist(1, "Tide"), artist(2, "Ebb")]);
    write_dump(&dumps, Kind::Label, &[label(1, "Ninth Harbour")]);
    write_dump(&dumps, Kind::ReleaseGroup, &groups);
    write_dump(&dumps, Kind::Release, &releases);
    library.import(&[dumps]).unwrap();
    let catalogue = Catalogue::open(&library.data()).unwrap().unwrap();
    let all = |limit: usize| {
        let (mut pages, mut all) = (catalogue.groups_after(0), Vec::new());
        loop {
            let page = pages.next_page(limit).unwrap();
            assert!(page.len() <= limit);
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    };
    let records = all(10);
    assert!([1, 2, 3].iter().all(|limit| all(*limit) == records));
    for (_, record) in &records {
        assert_eq!(catalogue.group_record(&record.mbid).unwrap().as_ref(), Some(record), "alone");
        assert_eq!(catalogue.known_group(&record.mbid).unwrap().as_ref(), Some(&record.known));
    }
    assert_eq!(catalogue.group_record(&mbid(2, 9)).unwrap(), None);

    let of = |number| records.iter().map(|(_, record)| record).find(|record| record.mbid == mbid(2, number));
    let titles = |record: &GroupRecord| -> Vec<String> {
        record.editions.iter().map(|edition| edition.title.clone()).collect()
    };
    let low = of(1).unwrap();
    assert_eq!(low.known.artist, "Tide & Ebb");
    assert_eq!(low.artists.len(), 2);
    assert_eq!(low.artists[0].names, ["Tide", "The Tide", "潮"]);
    assert_eq!(low.aliases, ["Slack", "Ebb Water", "Neap"]);
    assert_eq!(titles(low), ["Early", "Low Water", "Undated"]);
    let [early, same_day, undated] = low.editions.as_slice() else { panic!("three editions") };
    assert_eq!((early.artist.as_deref(), early.countries.len()), (None, 0));
    assert_ne!(same_day.artist, None, "another credit than the group's");
    assert_eq!(same_day.countries, ["GB", "JP"]);
    assert_eq!(undated.date, None);
    for edition in &low.editions {
        let labels: Vec<_> = edition.labels.iter().map(|label| label.catno.as_deref()).collect();
        assert_eq!(labels, [Some("NHR-014"), None]);
        assert_eq!(edition.media.iter().map(|medium| medium.track_count).collect::<Vec<_>>(), [9, 1]);
    }
    assert_eq!((titles(of(2).unwrap()).len(), of(2).unwrap().aliases.len()), (0, 0));
    assert_eq!((of(3).unwrap().known.artist.as_str(), of(3).unwrap().artists.len()), ("", 0));
    assert_eq!(titles(of(4).unwrap()), ["Ground"]);
}
