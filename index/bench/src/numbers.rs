//! Numbers that look random and are the same for the same seed.

/// A stream of numbers (SplitMix64: Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// The stream of a seed, a purpose and a number within it: independent of all other streams.
    pub fn new(seed: u64, purpose: Purpose, number: u64) -> Self {
        Self(mix(mix(seed ^ mix(purpose as u64 + 1)) ^ number))
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// From 0 to 1, without 1.
    pub fn share(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number below `limit`, each as likely; 0 if that is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(limit)) >> 64) as u64
    }

    /// A number below `limit`; the first ones more often, the more so the higher the power.
    pub fn early(&mut self, limit: u64, power: f64) -> u64 {
        (self.share().powf(power) * limit as f64) as u64
    }

    /// A rank below `limit`, as words have in a text: rank r about half as often as rank r/2 (Zipf's law).
    pub fn zipf(&mut self, limit: u64) -> u64 {
        ((limit as f64).powf(self.share()) - 1.0) as u64
    }

    /// Whether something happens that does so this many times in a thousand.
    pub fn happens(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of the values, each with its weight.
    ///
    /// # Panics
    /// If there are none.
    pub fn pick<T: Copy>(&mut self, weighted: &[(T, u32)]) -> T {
        let total: u32 = weighted.iter().map(|(_, weight)| weight).sum();
        let mut at = self.below(total.into()) as u32;
        for (value, weight) in weighted {
            match at.checked_sub(*weight) {
                None => return *value,
                Some(rest) => at = rest,
            }
        }
        weighted[0].0
    }
}

/// What a stream of numbers is for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// Artists of a block.
    Artists,
    /// Labels of a block.
    Labels,
    /// Release groups of a block.
    Groups,
    /// Releases of a block.
    Releases,
    /// Tracks of a release.
    Tracks,
    /// MBIDs.
    Mbids,
    /// How many links each release gets.
    Copies,
    /// What the links of a file say.
    Links,
    /// Signing keys.
    Keys,
    /// Questions.
    Queries,
    /// Ids that nobody signed.
    Ids,
}

/// Finishes 64 bits so that each depends on all.
pub fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
