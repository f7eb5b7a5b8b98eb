//! How well a measured number is known.

/// Standard normal quantile of a two-sided interval of 95 %.
pub const Z_95: f64 = 1.959_964;
/// The same of 99.99 %, for tables of which every row must hold: of fifty rows one fails in two hundred tables.
pub const Z_ALL: f64 = 3.890_592;

/// A measured number and the interval in which the true one lies.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Interval {
    /// What was measured.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// An interval of [`Z_95`] made as wide as one of [`Z_ALL`], by the normal approximation.
    #[must_use]
    pub fn widened(&self) -> Self {
        let wider = Z_ALL / Z_95;
        let Self { estimate, low, high } = *self;
        Self {
            estimate,
            low: estimate - (estimate - low) * wider,
            high: estimate + (high - estimate) * wider,
        }
    }

    /// Whether a number lies in it.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

impl core::fmt::Display for Interval {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:.5} [{:.5}, {:.5}]", self.estimate, self.low, self.high)
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn float(count: u64) -> f64 {
    count as f64
}

/// The share of `hits` among `trials`, by Wilson's score interval, which is right for shares near 0 too.
///
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
#[must_use]
pub fn share(hits: u64, trials: u64, z: f64) -> Interval {
    let (n, p) = (float(trials.max(1)), float(hits) / float(trials.max(1)));
    let zz = z * z;
    let middle = (p + zz / (2.0 * n)) / (1.0 + zz / n);
    let half = z / (1.0 + zz / n) * (p * (1.0 - p) / n + zz / (4.0 * n * n)).sqrt();
    // At the ends the interval ends there, which rounding would miss.
    let low = if hits == 0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if hits >= trials { 1.0 } else { (middle + half).min(1.0) };
    Interval { estimate: p, low, high }
}

/// The mean of independent measurements, by the normal approximation.
#[must_use]
pub fn mean(measured: &[f64], z: f64) -> Interval {
    let n = float(measured.len().max(2) as u64);
    let estimate = measured.iter().sum::<f64>() / n;
    let variance = measured.iter().map(|x| (x - estimate).powi(2)).sum::<f64>() / (n - 1.0);
    let half = z * (variance / n).sqrt();
    Interval { estimate, low: estimate - half, high: estimate + half }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_by_hand() {
        // Wilson's interval of 10 in 100: 0.0552 to 0.1744.
        let tenth = share(10, 100, Z_95);
        assert!((tenth.low - 0.0552).abs() < 1e-4 && (tenth.high - 0.1744).abs() < 1e-4, "{tenth}");
        let none = share(0, 1_000, Z_95);
        assert!(none.holds(0.0) && none.holds(0.003) && !none.holds(0.005), "{none}");
        let even = mean(&[1.0, 2.0, 3.0], Z_95);
        assert!((even.widened().high - mean(&[1.0, 2.0, 3.0], Z_ALL).high).abs() < 1e-9);
        assert!((even.estimate - 2.0).abs() < 1e-9 && (even.high - 2.0 - 1.131_6).abs() < 1e-3, "{even}");
    }
}
