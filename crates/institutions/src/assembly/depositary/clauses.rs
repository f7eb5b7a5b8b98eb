//! The final clauses of a treaty, packed into one word, and the dates they lead to.

use alloy_primitives::U256;
use polity_charter::{Binds, Clauses, DAY_SECS, Later, Notice, Objectors, Once};
use polity_decision::{Date, Delay, DelayUnit, Rule};

use super::super::{IAssembly, schema::TreatyRecord};
use crate::{host::BlockInfo, storage::Read};

/// 31 December 9999, the last day of the calendar of crate `decision`. Units: seconds since 1970-01-01 UTC.
pub(crate) const LAST_DAY_SECS: u64 = 253_402_214_400;
/// Bits of a delay: 32 for the count, 8 for the unit.
const DELAY_BITS: usize = 40;
/// Bits below the delays.
const FLAG_BITS: usize = 8;

/// The date of `block`. Zero means "none" in storage, so the first day of 1970 is its second 1.
pub(in super::super) fn today(block: &BlockInfo) -> u64 {
    (block.timestamp_secs - block.timestamp_secs % DAY_SECS).max(1)
}

/// The clause that is meant where the charter is silent: as long after a later deposit as the rule says for the treaty.
pub(in super::super) fn later_of(clauses: &Clauses, rule: &Rule) -> Option<Later> {
    let of_rule = rule.effective.map(|effective| Later { delay: effective.after, once: Once::Decided });
    clauses.later.or(of_rule)
}

/// Four delays and five flags; no delay is zero.
pub(in super::super) fn pack(clauses: &Clauses) -> U256 {
    let Clauses { signature_first, reservations, objectors, objection_period, binds, later, withdrawal } =
        *clauses;
    let once = later.is_some_and(|later| later.once == Once::InForce);
    let flags = [reservations, objectors == Objectors::Members, binds == Binds::All, once, signature_first];
    let delays = [
        Some(objection_period),
        later.map(|later| later.delay),
        withdrawal.map(|clause| clause.notice),
        withdrawal.and_then(|clause| clause.not_before),
    ];
    let delays = delays
        .into_iter()
        .rev()
        .fold(U256::ZERO, |word, delay| (word << DELAY_BITS) | U256::from(delay.map_or(0, pack_delay)));
    let flags = flags.into_iter().rev().fold(0u8, |bits, flag| (bits << 1) | u8::from(flag));
    (delays << FLAG_BITS) | U256::from(flags)
}

fn unpack(word: U256) -> Clauses {
    let delay = |index: usize| unpack_delay((word >> (FLAG_BITS + index * DELAY_BITS)).wrapping_to::<u64>());
    let once = if word.bit(3) { Once::InForce } else { Once::Decided };
    Clauses {
        signature_first: word.bit(4),
        reservations: word.bit(0),
        objectors: if word.bit(1) { Objectors::Members } else { Objectors::Parties },
        objection_period: delay(0).unwrap_or(polity_charter::OBJECTION_PERIOD),
        binds: if word.bit(2) { Binds::All } else { Binds::Depositors },
        later: delay(1).map(|delay| Later { delay, once }),
        withdrawal: delay(2).map(|notice| Notice { notice, not_before: delay(3) }),
    }
}

/// A delay as it is stored: no delay is zero.
pub(crate) fn pack_delay(delay: Delay) -> u64 {
    let unit = match delay.unit {
        DelayUnit::Days => 1,
        DelayUnit::Weeks => 2,
        DelayUnit::Months => 3,
        DelayUnit::Years => 4,
    };
    (u64::from(delay.count) << 8) | unit
}

/// The inverse of [`pack_delay`].
pub(crate) fn unpack_delay(word: u64) -> Option<Delay> {
    let unit = match word & 0xff {
        1 => DelayUnit::Days,
        2 => DelayUnit::Weeks,
        3 => DelayUnit::Months,
        4 => DelayUnit::Years,
        _ => return None,
    };
    let count = u32::try_from((word >> 8) & u64::from(u32::MAX)).ok()?;
    Some(Delay { count, unit })
}

/// The clauses of a treaty.
pub(super) fn of<R: Read>(r: &mut R, record: &TreatyRecord) -> Result<Clauses, R::Error> {
    record.clauses.get(r).map(unpack)
}

/// The day `delay` after the day `date`; the last day there is, beyond the calendar. Units: seconds since 1970-01-01 UTC.
pub(super) fn after(date: u64, delay: Delay) -> u64 {
    let day = Date::from_unix_secs(date).and_then(|day| day.after(delay)).and_then(Date::unix_secs);
    day.map_or(LAST_DAY_SECS, |secs| secs.max(1))
}

/// When a treaty that is decided takes effect, if it is decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decided {
    pub(super) decided_on: u64,
    pub(super) effective_on: u64,
}

pub(super) fn decided<R: Read>(r: &mut R, record: &TreatyRecord) -> Result<Option<Decided>, R::Error> {
    let decided_on = record.decided_on.get(r)?;
    let effective_on = record.effective_on.get(r)?;
    Ok((decided_on != 0).then_some(Decided { decided_on, effective_on }))
}

/// When the treaty enters into force for a member that deposited on `date`.
pub(super) fn in_force_from(clauses: &Clauses, decided: Decided, date: u64) -> u64 {
    let once = clauses.later.map_or(Once::Decided, |later| later.once);
    let is_later = match once {
        Once::Decided => date > decided.decided_on,
        Once::InForce => date >= decided.effective_on,
    };
    if !is_later {
        return decided.effective_on;
    }
    clauses.later.map_or(date, |later| after(date, later.delay)).max(decided.effective_on)
}

/// The clauses as the ABI shows them.
pub(in super::super) fn abi_of<R: Read>(
    r: &mut R,
    record: &TreatyRecord,
) -> Result<IAssembly::Clauses, R::Error> {
    let clauses = of(r, record)?;
    let text = |delay: Option<Delay>| delay.map(|delay| delay.to_string()).unwrap_or_default();
    Ok(IAssembly::Clauses {
        reservations: clauses.reservations,
        membersObject: clauses.objectors == Objectors::Members,
        objectionPeriod: text(Some(clauses.objection_period)),
        bindsAll: clauses.binds == Binds::All,
        later: text(clauses.later.map(|later| later.delay)),
        laterOnceInForce: clauses.later.is_some_and(|later| later.once == Once::InForce),
        notice: text(clauses.withdrawal.map(|clause| clause.notice)),
        notBefore: text(clauses.withdrawal.and_then(|clause| clause.not_before)),
        signatureFirst: clauses.signature_first,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn delay() -> impl Strategy<Value = Delay> {
        let units = [DelayUnit::Days, DelayUnit::Weeks, DelayUnit::Months, DelayUnit::Years];
        (0..=polity_decision::DELAY_MAX, proptest::sample::select(units.to_vec()))
            .prop_map(|(count, unit)| Delay { count, unit })
    }

    fn clauses() -> impl Strategy<Value = Clauses> {
        let once = any::<bool>().prop_map(|yes| if yes { Once::InForce } else { Once::Decided });
        let later = proptest::option::of((delay(), once).prop_map(|(delay, once)| Later { delay, once }));
        let notice = (delay(), proptest::option::of(delay()))
            .prop_map(|(notice, not_before)| Notice { notice, not_before });
        (any::<[bool; 4]>(), delay(), later, proptest::option::of(notice)).prop_map(
            |([reservations, members, all, signature_first], objection_period, later, withdrawal)| Clauses {
                signature_first,
                reservations,
                objectors: if members { Objectors::Members } else { Objectors::Parties },
                objection_period,
                binds: if all { Binds::All } else { Binds::Depositors },
                later,
                withdrawal,
            },
        )
    }

    proptest! {
        #[test]
        fn clauses_survive_a_word(clauses in clauses()) {
            prop_assert_eq!(unpack(pack(&clauses)), clauses);
        }

        #[test]
        fn nobody_is_bound_before_the_treaty_is_or_before_it_deposited(
            clauses in clauses(), decided_on in 1u64..4_000_000_000, wait in 0u64..4_000_000_000, date in 1u64..4_000_000_000
        ) {
            let decided = Decided { decided_on, effective_on: decided_on.saturating_add(wait) };
            let from = in_force_from(&clauses, decided, date);
            prop_assert!(from >= decided.effective_on);
            prop_assert!(from >= date - date % DAY_SECS || date <= decided.decided_on.max(decided.effective_on));
        }
    }

    #[test]
    fn dates_of_real_final_clauses() {
        let date = |text: &str| polity_charter::Date::parse(text).expect(text).secs();
        let later = |delay: &str, once| Clauses {
            later: Some(Later { delay: delay.parse().expect(delay), once }),
            ..Clauses::default()
        };
        // Paris Agreement, Article 21(1) and (3); Kigali Amendment, Article IV(1) and (4).
        let paris = (later("30d", Once::Decided), "2016-10-05", "2016-11-04");
        let kigali = (later("90d", Once::InForce), "2017-11-17", "2019-01-01");
        for ((clauses, decided_on, effective_on), deposit, expected) in [
            (&paris, "2016-09-21", "2016-11-04"),
            (&paris, "2016-10-05", "2016-11-04"),
            (&paris, "2016-10-06", "2016-11-05"),
            (&paris, "2016-10-11", "2016-11-10"),
            (&paris, "2016-11-09", "2016-12-09"),
            (&paris, "2021-01-20", "2021-02-19"),
            (&kigali, "2017-11-17", "2019-01-01"),
            (&kigali, "2018-12-31", "2019-01-01"),
            (&kigali, "2019-01-01", "2019-04-01"),
        ] {
            let decided = Decided { decided_on: date(decided_on), effective_on: date(effective_on) };
            assert_eq!(in_force_from(clauses, decided, date(deposit)), date(expected), "{deposit}");
        }
    }
}
