//! Who will write and who will verify if something is decided, beside who does now, by name; and what is to be feared of it.
//!
//! Rule kept: the committees are those that the chain will make of the two states, by the same function; nothing is inferred from
//! what was called. Warnings are sentences with their arithmetic.
//!
//! Map: [`words`] the sentences; [`bond`] what money put at stake would do.

mod bond;
mod words;

pub use bond::{BondOutlook, bond_outlook, unbond_outlook};
use polity_constitution::{Candidate, EngineKind, Roll, Settings};

use super::views::{candidates, consensus, consensus_at, turn};
use crate::host::Slots;

/// Committees before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// First block of the committee after.
    pub from: u64,
    /// How blocks are agreed on before and after.
    pub engines: (EngineKind, EngineKind),
    /// The committee now.
    pub before: Roll,
    /// The committee from [`Outlook::from`] on.
    pub after: Roll,
    /// Members with a part after and none before.
    pub joins: Vec<String>,
    /// Members with a part before and none after.
    pub leaves: Vec<String>,
    /// What is to be feared.
    pub warnings: Vec<String>,
}

/// One of the two states.
struct Side<'a> {
    slots: &'a dyn Slots,
    settings: Settings,
    candidates: Vec<Candidate>,
    roll: Roll,
}

impl<'a> Side<'a> {
    /// `None` if no member may validate, which no chain comes to.
    fn of(slots: &'a dyn Slots, settings: Settings) -> Option<Self> {
        let candidates = candidates(slots, &settings);
        let roll = Roll::of(&settings, &candidates).ok()?;
        Some(Self { slots, settings, candidates, roll })
    }

    fn candidate(&self, member: &str) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.member == member)
    }
}

/// What `after`, which block `enacted` makes of `before`, does to who decides blocks; `None` if nothing. Amounts are in units of the
/// currency `symbol`.
#[must_use]
pub fn outlook(before: &dyn Slots, after: &dyn Slots, enacted: u64, symbol: &str) -> Option<Outlook> {
    let new = consensus(after)?;
    let changed = consensus(before)? != new;
    // While a change is under way, what is compared is what comes.
    let old = if changed { consensus_at(before, enacted)? } else { new.clone() };
    let (before, after) = (Side::of(before, old)?, Side::of(after, new)?);
    if !changed && before.roll == after.roll {
        return None;
    }
    let has = |roll: &Roll, member: &str| {
        let part = roll.part(member);
        part.weight > 0 || part.power > 0
    };
    let only = |here: &Roll, there: &Roll| {
        let names = here.parts.keys().filter(|member| has(here, member) && !has(there, member));
        names.cloned().collect()
    };
    Some(Outlook {
        from: turn(after.slots).max(enacted.saturating_add(1)),
        engines: (before.settings.engine(), after.settings.engine()),
        joins: only(&after.roll, &before.roll),
        leaves: only(&before.roll, &after.roll),
        warnings: words::warnings(&before, &after, symbol),
        before: before.roll,
        after: after.roll,
    })
}
