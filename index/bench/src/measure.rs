//! A measurement: samples of ours and of a plain baseline, taken in turn, and what they amount to.

use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// What a measurement is held against.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The ratio is at least this.
    RatioAtLeast(f64),
    /// The ratio is at most this.
    RatioAtMost(f64),
}

/// The least, the middle and the greatest of some samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The middle one.
    pub median: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// Of samples; all 0 if there are none.
    pub fn of(samples: &[f64]) -> Self {
        Self { min: quantile(samples, 0.0), median: quantile(samples, 0.5), max: quantile(samples, 1.0) }
    }
}

/// The sample below which a share of the others is; 0 if there are none.
pub fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(0.0)
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measurement {
    /// The name that `run` was given.
    pub name: &'static str,
    /// Of the samples.
    pub unit: &'static str,
    /// What the samples of ours are.
    pub ours_is: &'static str,
    /// What those of the baseline are.
    pub baseline_is: &'static str,
    /// Samples of ours.
    pub ours: Vec<f64>,
    /// Samples of the baseline.
    pub baseline: Vec<f64>,
    /// What the ratio should be.
    pub target: Option<Target>,
    /// Other figures.
    pub details: Map<String, Value>,
}

impl Measurement {
    /// A measurement without samples.
    pub fn new(
        name: &'static str,
        unit: &'static str,
        [ours_is, baseline_is]: [&'static str; 2],
        target: Option<Target>,
    ) -> Self {
        let (ours, baseline, details) = Default::default();
        Self { name, unit, ours_is, baseline_is, ours, baseline, target, details }
    }

    /// Adds another figure.
    pub fn detail(&mut self, name: &str, value: impl Serialize) {
        self.details.insert(name.to_owned(), json!(value));
    }

    /// Median of ours by median of the baseline.
    pub fn ratio(&self) -> f64 {
        quantile(&self.ours, 0.5) / quantile(&self.baseline, 0.5).max(f64::MIN_POSITIVE)
    }

    /// Whether the ratio is as it should be.
    pub fn met(&self) -> Option<bool> {
        self.target.map(|target| match target {
            Target::RatioAtLeast(least) => self.ratio() >= least,
            Target::RatioAtMost(most) => self.ratio() <= most,
        })
    }

    /// As JSON, with the machine it was measured on.
    pub fn to_json(&self) -> Value {
        let mut value = json!(self);
        value["ratio"] = json!(self.ratio());
        value["met"] = json!(self.met());
        value["spread"] = json!({"ours": Spread::of(&self.ours), "baseline": Spread::of(&self.baseline)});
        value["machine"] = crate::machine::describe();
        value
    }

    /// As a table for people.
    pub fn to_table(&self) -> String {
        let mut table = format!("{}  ({})\n", self.name, self.unit);
        for (who, what, samples) in
            [("ours", self.ours_is, &self.ours), ("baseline", self.baseline_is, &self.baseline)]
        {
            let Spread { min, median, max } = Spread::of(samples);
            let _ = writeln!(
                table,
                "  {who:<9}{:>14} {:>14} {:>14}   {what}",
                figure(min),
                figure(median),
                figure(max)
            );
        }
        let target = match self.target {
            None => String::new(),
            Some(Target::RatioAtLeast(least)) => format!(", should be at least {least}"),
            Some(Target::RatioAtMost(most)) => format!(", should be at most {most}"),
        };
        let _ = writeln!(table, "  ratio    {:>14} of the medians{target}", figure(self.ratio()));
        for (name, value) in &self.details {
            let _ = writeln!(table, "  {name}: {value}");
        }
        table
    }
}

/// Four digits that matter.
fn figure(value: f64) -> String {
    match value.abs() {
        1_000.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_that_of_the_medians() {
        let target = Some(Target::RatioAtMost(2.0));
        let mut measurement = Measurement::new("x", "s", ["", ""], target);
        measurement.ours = vec![9.0, 3.0, 1.0];
        measurement.baseline = vec![1.0, 2.0, 100.0];
        assert_eq!((measurement.ratio(), measurement.met()), (1.5, Some(true)));
        measurement.ours = vec![5.0];
        assert_eq!(measurement.met(), Some(false));
        let json = measurement.to_json();
        assert_eq!((&json["ratio"], &json["spread"]["baseline"]["max"]), (&json!(2.5), &json!(100.0)));
    }
}
