//! How large and how fast, with twenty thousand groups. Run it with `--ignored --nocapture`.

use super::*;
use std::time::Instant;

const GROUPS: u32 = 20_000;

/// A word of a made-up language; the smaller the number, the more often it is used.
fn word(number: u64) -> String {
    const SYLLABLES: [&str; 16] = [
        "ka", "lo", "mir", "ten", "sal", "or", "vi", "dun", "esh", "pra", "ul", "gan", "thi", "bre", "no",
        "zy",
    ];
    let mut word = String::new();
    let mut rest = number + 16;
    while rest > 0 {
        word.push_str(SYLLABLES[(rest % 16) as usize]);
        rest /= 16;
    }
    word
}

/// Numbers that look random and are the same each time (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Small ones more often, as with the words of a language.
    fn skewed(&mut self, below: u64) -> u64 {
        let share = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        ((below as f64).powf(share) - 1.0) as u64
    }

    fn name(&mut self, words: u64, vocabulary: u64) -> String {
        let count = 1 + self.next() % words;
        (0..count).map(|_| word(self.skewed(vocabulary))).collect::<Vec<_>>().join(" ")
    }
}

#[test]
#[ignore = "a measurement by hand: it prints figures and asserts little"]
fn twenty_thousand_groups() {
    let mut numbers = Numbers(1);
    let artists: Vec<String> = (0..GROUPS / 5).map(|_| numbers.name(3, 30_000)).collect();
    let mut library = Library::new();
    let mut links = Vec::new();
    for number in 0..GROUPS {
        let artist = &artists[numbers.skewed(artists.len() as u64) as usize];
        let title = numbers.name(5, 30_000);
        let year = Some(1950 + numbers.skewed(75) as u16);
        links.push(Link { year, ..link(number, artist, &title) });
    }
    let typo = links[12_345].artist.clone();
    let known = format!("{} {}", links[12_345].artist, links[12_345].title);
    // An author has a quota of 10,000 entries.
    for (secret, links) in (20..).zip(links.chunks(5_000)) {
        library.author = Identity::from_secret([secret; 32]);
        library.add(links.to_vec());
    }
    let started = Instant::now();
    let progress = library.search.catch_up(&library.store).unwrap();
    let rebuild = started.elapsed();
    assert_eq!(progress.groups, u64::from(GROUPS));

    library.author = Identity::from_secret([99; 32]);
    library.add(vec![link(GROUPS, "One", "More")]);
    let started = Instant::now();
    library.search.catch_up(&library.store).unwrap();
    let one = started.elapsed();

    let files = std::fs::read_dir(library.dir.path().join("search")).unwrap();
    let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    println!("rebuild {rebuild:?}, one change {one:?}, {} bytes a document", bytes / u64::from(GROUPS));
    let started = Instant::now();
    drop(SearchIndex::open(library.dir.path()).unwrap());
    println!("open {:?}", started.elapsed());

    let swapped: String = {
        let mut letters: Vec<char> = typo.chars().collect();
        let middle = letters.len() / 2;
        letters.swap(middle, middle + 1);
        letters.into_iter().collect()
    };
    for query in [
        known.as_str(),
        &swapped,
        &word(0),
        &format!("{} {}", word(0), word(1)),
        &word(20_000)[..3],
        "1994 flac album",
        "year:1960..1990 format:flac",
        "nosuchword norsuchanother",
    ] {
        let hits = library.ask(query, 25, 0).unwrap();
        let started = Instant::now();
        const TIMES: u32 = 20;
        (0..TIMES).for_each(|_| drop(library.ask(query, 25, 0).unwrap()));
        let (total, exact) = (hits.total, hits.exact);
        println!("{:?} for {query:?}: {total} hits, {exact} as typed", started.elapsed() / TIMES);
    }
    let first = &library.ask(&known, 1, 0).unwrap().groups[0];
    assert_eq!(format!("{} {}", first.artist(), first.title()), known);
}
