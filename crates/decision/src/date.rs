//! Calendar dates in UTC and the delays between them.
//!
//! Rule kept: a delay counts calendar days, weeks, months or years, and the day it counts from is day 0. So the 30th
//! day after 5 October is 4 November. Deliberately absent: hours and time zones.

use std::{fmt, str::FromStr};

use jiff::{Span, civil};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Error;

/// Seconds of a day; UTC without leap seconds, as on chain.
const DAY_SECS: i64 = 86_400;

/// Longest delay, in any unit. Longer than any treaty; keeps sums inside the calendar.
pub const DELAY_MAX: u32 = 36_500;

/// A day of the Gregorian calendar in UTC, written `2016-10-05`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

impl Date {
    /// The day that holds the second `unix_secs` after 1970-01-01T00:00:00Z, or `None` beyond the year 9999.
    #[must_use]
    pub fn from_unix_secs(unix_secs: u64) -> Option<Self> {
        let days = i64::try_from(unix_secs).ok()?.checked_div(DAY_SECS)?;
        let span = Span::new().try_days(days).ok()?;
        civil::date(1970, 1, 1).checked_add(span).ok().map(Self)
    }

    /// The first second of the day since 1970, or `None` before it.
    #[must_use]
    pub fn unix_secs(self) -> Option<u64> {
        let days = civil::date(1970, 1, 1).until(self.0).ok()?.get_days();
        u64::try_from(i64::from(days).checked_mul(DAY_SECS)?).ok()
    }

    /// The day `delay` after this one, or `None` beyond the year 9999. A month that is too short gives its last day.
    #[must_use]
    pub fn after(self, delay: Delay) -> Option<Self> {
        let n = i64::from(delay.count);
        let span = match delay.unit {
            DelayUnit::Days => Span::new().try_days(n),
            DelayUnit::Weeks => Span::new().try_weeks(n),
            DelayUnit::Months => Span::new().try_months(n),
            DelayUnit::Years => Span::new().try_years(n),
        };
        self.0.checked_add(span.ok()?).ok().map(Self)
    }
}

impl FromStr for Date {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        // Exactly ten characters: the parser below would also take times and basic ISO 8601.
        let wrong = || Error::Date { text: text.chars().take(32).collect() };
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(i, b)| match i {
                4 | 7 => b == b'-',
                _ => b.is_ascii_digit(),
            });
        if !shape {
            return Err(wrong());
        }
        text.parse().map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// Unit of a [`Delay`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelayUnit {
    /// `d`
    Days,
    /// `w`
    Weeks,
    /// `mo`
    Months,
    /// `y`
    Years,
}

/// A number of calendar units, written `30d`, `2w`, `6mo` or `1y`.
///
/// Bounds: `0..=`[`DELAY_MAX`] units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// How many.
    pub count: u32,
    /// Of what.
    pub unit: DelayUnit,
}

impl FromStr for Delay {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Delay { text: text.chars().take(32).collect() };
        let (digits, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
        let unit = match unit {
            "d" => DelayUnit::Days,
            "w" => DelayUnit::Weeks,
            "mo" => DelayUnit::Months,
            "y" => DelayUnit::Years,
            _ => return Err(wrong()),
        };
        let count = digits.parse().ok().filter(|n| *n <= DELAY_MAX).ok_or_else(wrong)?;
        Ok(Self { count, unit })
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            DelayUnit::Days => "d",
            DelayUnit::Weeks => "w",
            DelayUnit::Months => "mo",
            DelayUnit::Years => "y",
        };
        write!(f, "{}{unit}", self.count)
    }
}

impl Serialize for Delay {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_calendar_delays() {
        for (from, delay, to) in [
            ("2016-10-05", "30d", "2016-11-04"),
            ("2016-10-05", "0d", "2016-10-05"),
            ("2017-11-17", "90d", "2018-02-15"),
            ("2024-02-28", "2d", "2024-03-01"),
            ("2024-01-31", "1mo", "2024-02-29"),
            ("2023-11-30", "6mo", "2024-05-30"),
            ("2024-02-29", "1y", "2025-02-28"),
            ("2024-06-10", "2w", "2024-06-24"),
        ] {
            let date: Date = from.parse().unwrap();
            assert_eq!(date.after(delay.parse().unwrap()).unwrap().to_string(), to, "{from} + {delay}");
        }
        assert_eq!("9999-12-31".parse::<Date>().unwrap().after("1d".parse().unwrap()), None);
    }

    #[test]
    fn dates_and_unix_seconds_agree() {
        for (secs, date) in
            [(0, "1970-01-01"), (86_399, "1970-01-01"), (86_400, "1970-01-02"), (1_475_625_600, "2016-10-05")]
        {
            let day = Date::from_unix_secs(secs).unwrap();
            assert_eq!(day.to_string(), date);
            assert_eq!(day.unix_secs().unwrap(), secs - secs % 86_400);
        }
        assert_eq!(Date::from_unix_secs(u64::MAX), None);
        assert_eq!("1969-12-31".parse::<Date>().unwrap().unix_secs(), None);
    }

    #[test]
    fn other_forms_are_refused() {
        for text in
            ["2016-10-5", "20161005", "2016-02-30", "2016-10-05T00:00", "05/10/2016", "", "２０１６-１"]
        {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        for text in ["", "d", "30", "30 d", "-1d", "30m", "36501d", "1h"] {
            assert!(text.parse::<Delay>().is_err(), "{text}");
        }
    }
}
