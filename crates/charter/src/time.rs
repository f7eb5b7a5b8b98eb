//! Dates, durations, and the clock of the agreement.
//!
//! Dates are calendar days in UTC and are kept as the second at which the day begins, which is what a block timestamp
//! is compared with. Durations below a day exist only for block times.

use jiff::civil;
use serde::{Serialize, Serializer};

/// Seconds of a day.
pub const DAY_SECS: u64 = 86_400;

/// First and last day a charter may name; beyond them a timestamp is a mistake.
const YEARS: core::ops::RangeInclusive<i16> = 1970..=2999;

/// A calendar day in UTC.
///
/// Units: seconds since 1970-01-01T00:00:00Z of the moment the day begins. Bounds: years 1970 to 2999 when read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub u64);

impl Date {
    /// Reads `2016-04-22`; `None` if it is no date of the calendar from 1970 to 2999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let shape = |(i, c): (usize, char)| if matches!(i, 4 | 7) { c == '-' } else { c.is_ascii_digit() };
        if text.len() != 10 || !text.chars().enumerate().all(shape) {
            return None;
        }
        Self::from_civil(text.parse().ok()?)
    }

    /// The day of the calendar, or `None` outside 1970 to 2999.
    #[must_use]
    pub fn from_civil(date: civil::Date) -> Option<Self> {
        let epoch = civil::date(1970, 1, 1);
        let days = u64::try_from(epoch.until(date).ok()?.get_days()).ok()?;
        (YEARS.contains(&date.year())).then(|| Self(days.saturating_mul(DAY_SECS)))
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

impl core::fmt::Display for Date {
    /// `2016-04-22`; seconds since the epoch for a day the calendar library cannot name.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let moment = i64::try_from(self.0).ok().and_then(|secs| jiff::Timestamp::from_second(secs).ok());
        match moment {
            Some(moment) => moment.to_zoned(jiff::tz::TimeZone::UTC).date().fmt(f),
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
