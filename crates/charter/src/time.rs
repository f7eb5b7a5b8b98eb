//! Dates, durations, and the clock of the agreement.
//!
//! Dates are calendar days in UTC and are kept as the second at which the day begins, which is what a block timestamp
//! is compared with. Durations below a day exist only for block times.

use core::fmt;

use serde::{Serialize, Serializer};

/// Seconds of a day.
pub const DAY_SECS: u64 = 86_400;

/// First second after the last day a charter may name (2999-12-31); beyond it a timestamp is a mistake.
const END_SECS: u64 = 32_503_680_000;

/// A calendar day in UTC, as the moment it begins: what [`polity_decision::Date`] is to a block timestamp.
///
/// Units: seconds since 1970-01-01T00:00:00Z. Bounds: years 1970 to 2999 when read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub u64);

impl Date {
    /// Reads `2016-04-22`; `None` if it is no date of the calendar from 1970 to 2999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let day: polity_decision::Date = text.parse().ok()?;
        day.unix_secs().filter(|secs| *secs < END_SECS).map(Self)
    }

    /// Seconds since the epoch of the moment the day begins.
    #[must_use]
    pub const fn secs(self) -> u64 {
        self.0
    }

    /// The day that holds the second `secs` since the epoch.
    #[must_use]
    pub const fn of_timestamp(secs: u64) -> Self {
        Self(secs - secs % DAY_SECS)
    }
}

impl fmt::Display for Date {
    /// `2016-04-22`; seconds since the epoch beyond the calendar.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match polity_decision::Date::from_unix_secs(self.0) {
            Some(day) => day.fmt(f),
            None => write!(f, "@{}", self.0),
        }
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What the timestamps of blocks are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum Clock {
    /// The time of day, as the proposer's machine knows it.
    Wall,
    /// A calendar that moves one step per block, so that history can be run again, faster, and with the same result.
    Replay {
        /// Day of the genesis block.
        start: Date,
        /// Seconds from one block to the next.
        step_secs: u64,
        /// Second since the epoch from which blocks are no longer hurried; `None`: always hurried.
        until_secs: Option<u64>,
        /// Milliseconds between blocks once `until_secs` is reached.
        block_time_after_ms: u64,
    },
}

impl Clock {
    /// The timestamp of the block at `height` under a replay clock: start + step × height, exactly. `None`: wall clock.
    #[must_use]
    pub fn timestamp_secs(&self, height: u64) -> Option<u64> {
        match self {
            Self::Wall => None,
            Self::Replay { start, step_secs, .. } => {
                Some(start.secs().saturating_add(step_secs.saturating_mul(height)))
            }
        }
    }
}

/// A unit of duration: its word and its length in milliseconds.
const UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// Reads `50ms`, `2s`, `5m`, `1h`, `30d`, `2w`: a whole number and one unit. Units of the result: milliseconds.
#[must_use]
pub fn parse_duration_ms(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, length_ms) = UNITS.into_iter().find(|(word, _)| *word == unit)?;
    number.parse::<u64>().ok()?.checked_mul(length_ms)
}

/// Writes milliseconds in the largest unit that divides them: the inverse of [`parse_duration_ms`].
#[must_use]
pub fn duration_text(ms: u64) -> String {
    let fits = |length_ms: u64| ms != 0 && ms.is_multiple_of(length_ms);
    let unit =
        UNITS.into_iter().rev().filter(|(word, _)| *word != "w").find(|(_, length_ms)| fits(*length_ms));
    let (word, length_ms) = unit.unwrap_or(("s", 1_000));
    format!("{}{word}", ms / length_ms)
}
