//! Each measurement at a scale of seconds: that it runs, and that its figures can be true. How fast
//! anything is, is not judged here: the machine may be busy.

#![allow(clippy::unwrap_used)]

use deadwax_bench::run::{BENCHMARKS, Scale, Setting, run};
use serde_json::Value;
use std::path::PathBuf;

fn measure_all() -> Vec<(&'static str, Value)> {
    let work = tempfile::tempdir().unwrap();
    let setting = Setting {
        scale: Scale::TINY,
        work: work.path().to_owned(),
        program: PathBuf::from(env!("CARGO_BIN_EXE_deadwax-bench")),
    };
    let measure = |name| (name, run(name, &setting).unwrap().to_json());
    BENCHMARKS.iter().map(|benchmark| measure(benchmark.name)).collect()
}

fn samples(json: &Value, whose: &str) -> Vec<f64> {
    json[whose].as_array().unwrap().iter().map(|sample| sample.as_f64().unwrap()).collect()
}

#[test]
fn every_measurement_gives_figures_that_can_be_true() {
    let measured = measure_all();
    for (name, json) in &measured {
        println!("{json}");
        assert_eq!(json["name"].as_str(), Some(*name));
        assert!(!json["unit"].as_str().unwrap().is_empty(), "{json}");
        let (ours, baseline) = (samples(json, "ours"), samples(json, "baseline"));
        assert_eq!(ours.len(), baseline.len(), "{name}");
        assert!(!ours.is_empty(), "{name}");
        for sample in ours.iter().chain(&baseline) {
            assert!(sample.is_finite() && *sample > 0.0, "{json}");
        }
        let ratio = json["ratio"].as_f64().unwrap();
        assert!(ratio > 0.0 && ratio.is_finite(), "{json}");
        assert!(json["machine"]["cores"].as_u64().unwrap() > 0, "{json}");
    }
    let of = |name: &str| &measured.iter().find(|(found, _)| *found == name).unwrap().1;
    let median = |name: &str, whose: &str| of(name)["spread"][whose]["median"].as_f64().unwrap();

    // No entry is verified in less than 5 us, nor stored in less room than its own bytes.
    assert!(median("ingest", "baseline") < 200_000.0, "{}", of("ingest"));
    assert!(median("ingest", "ours") < median("ingest", "baseline"), "{}", of("ingest"));
    let wire = median("entry-size", "baseline");
    assert!((200.0..5_000.0).contains(&wire), "{}", of("entry-size"));
    assert!(median("entry-size", "ours") > wire, "{}", of("entry-size"));
    // A record is kept with more than its MBID, and with less than its line.
    let record_bytes = of("import")["details"]["bytes_a_record"][0].as_f64().unwrap();
    assert!((50.0..1_000.0).contains(&record_bytes), "{}", of("import"));
    // Questions about the first records find something at any scale, but for those meant to find nothing.
    let found = &of("search")["details"]["of_which_found_something"];
    let questions = of("search")["details"]["questions"].as_u64().unwrap();
    for who in 0..2 {
        let found = found[who].as_u64().unwrap();
        assert!(found > questions / 3 && found < questions, "{found} of {questions}");
    }
    // What is missing is the least that goes over the wire; a small difference costs less than all digests.
    assert!(median("sync", "ours") > 1.0 && median("sync", "baseline") > 1.0, "{}", of("sync"));
    assert!(of("sync")["details"]["digests_by_sketch_least"].as_f64().unwrap() > 1.0, "{}", of("sync"));
    assert!(of("open")["details"]["resident_mib"][0].as_u64().unwrap() < 2_000, "{}", of("open"));
}
