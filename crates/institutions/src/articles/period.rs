//! Periods: when each begins and ends, by the calendar.
//!
//! Rule kept: period `n` runs from `start + (n − 1) · every` to `start + n · every`, each reckoned from the start, so that months do not
//! drift: what began on 31 January ends its months on 28 February, 31 March, 30 April. The time of day is that of the start.

use polity_charter::DAY_SECS;
use polity_decision::{Date, Delay};

use crate::assembly::{LAST_DAY_SECS, pack_delay, unpack_delay};

/// `every` as it is stored.
pub(super) fn pack(every: Delay) -> u64 {
    pack_delay(every)
}

/// When period `number` ends that `every` follows on the one before since `started`; the last day there is, beyond the calendar.
/// Units: seconds since 1970-01-01 UTC.
pub(super) fn end(started: u64, every: u64, number: u64) -> u64 {
    let whole = unpack_delay(every).and_then(|every| times(every, number));
    whole.map_or(LAST_DAY_SECS, |whole| after(started, whole))
}

/// `delay` after the moment `from`. Units: seconds since 1970-01-01 UTC.
pub(super) fn after(from: u64, delay: Delay) -> u64 {
    let day = Date::from_unix_secs(from).and_then(|day| day.after(delay)).and_then(Date::unix_secs);
    let time = from.checked_rem(DAY_SECS).unwrap_or(0);
    day.map_or(LAST_DAY_SECS, |day| day.saturating_add(time).min(LAST_DAY_SECS))
}

fn times(every: Delay, number: u64) -> Option<Delay> {
    let count = u64::from(every.count).checked_mul(number)?;
    Some(Delay { count: u32::try_from(count).ok()?, unit: every.unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_reckoned_from_the_start() {
        let secs = |date: &str| date.parse::<Date>().expect(date).unix_secs().expect(date);
        for (start, every, number, wanted) in [
            ("2024-01-31", "1mo", 1, "2024-02-29"),
            ("2024-01-31", "1mo", 2, "2024-03-31"),
            ("2024-01-31", "1mo", 13, "2025-02-28"),
            ("2024-02-29", "1y", 4, "2028-02-29"),
            ("2024-02-28", "30d", 3, "2024-05-28"),
            ("2024-02-28", "1w", 52, "2025-02-26"),
        ] {
            let every = pack(every.parse().expect("a delay"));
            for time in [0, 1, 86_399] {
                assert_eq!(
                    end(secs(start) + time, every, number),
                    secs(wanted) + time,
                    "{start} {every} {number}"
                );
            }
        }
    }

    #[test]
    fn beyond_the_calendar_is_its_last_day() {
        for (every, number) in [("36500y", 1), ("1d", u64::MAX), ("1y", 9_000)] {
            assert_eq!(end(0, pack(every.parse().expect("a delay")), number), LAST_DAY_SECS);
        }
    }
}
