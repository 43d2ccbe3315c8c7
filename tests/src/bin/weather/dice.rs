//! Numbers by chance that are the same for the same seed (splitmix64).

/// A row of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The row of one run.
    pub(crate) fn new(seed: u64, index: u64) -> Self {
        let mut dice = Self(seed);
        Self(dice.next() ^ index.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// A row of its own, so that more numbers drawn here shift nothing there.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// A number below `sides`; 0 for none.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        usize::try_from(self.next() % (sides.max(1) as u64)).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.roll(high - low + 1)
    }

    /// True in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }

    /// One of several; none of none.
    pub(crate) fn pick<T: Clone>(&mut self, several: &[T]) -> Option<T> {
        if several.is_empty() { None } else { several.get(self.roll(several.len())).cloned() }
    }

    /// A seed for something else that draws.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }
}
