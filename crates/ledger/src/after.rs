//! What follows from a state for the block on top of it.

use std::sync::Arc;

use polity_charter::Charter;
use polity_constitution::Committee;
use polity_execution::Executor;
use polity_institutions::constitution;
use polity_primitives::{ASSEMBLY, Header, Height, REGISTRY, StateChanges};
use polity_trie::State;

use crate::{Agreement, Error, course::Course, read::committee_of, view::StateSlots};

/// Who decides the next block and how, and the agreement it is under.
#[derive(Clone, Debug)]
pub(crate) struct After {
    pub(crate) committee: Arc<Committee>,
    pub(crate) agreement: Arc<Agreement>,
    pub(crate) course: Course,
}

impl After {
    /// What follows from `state`, after the block of `header`.
    pub(crate) fn of(
        founding: &Charter,
        executor: &Executor,
        header: &Header,
        state: &State,
        course: Course,
    ) -> Result<Self, Error> {
        let slots = StateSlots(state);
        let next = Height(header.number).next();
        Ok(Self {
            committee: Arc::new(committee_of(&slots, next, header.mix_hash)?),
            agreement: Arc::new(Agreement::after(founding, executor, &slots)?),
            course,
        })
    }

    /// What follows from `state`, to which the block of `header` changed the state `before`, that `self` follows from, with
    /// `changes`. Cost: nothing but some lookups, unless the block touched who decides or what was agreed.
    pub(crate) fn next(
        &self,
        founding: &Charter,
        executor: &Executor,
        header: &Header,
        (before, state, changes): (&State, &State, &StateChanges),
    ) -> Result<Self, Error> {
        let (before, slots, next) = (StateSlots(before), StateSlots(state), Height(header.number).next());
        let course = self.course.step(header, &slots)?;
        let touched = |institution| changes.accounts.contains_key(&institution);
        let amended = constitution::version(&slots) != self.agreement.version;
        let agreement = if amended {
            Arc::new(Agreement::after(founding, executor, &slots)?)
        } else {
            self.agreement.clone()
        };
        let moved = constitution::revision(&slots) != constitution::revision(&before)
            || constitution::turn(&slots) == next.0;
        // Offices are seats in chambers.
        let by_office = || {
            let settings = constitution::consensus_at(&slots, next.0);
            settings.is_none_or(|settings| settings.chambers().next().is_some())
        };
        let seats_moved = amended || moved || touched(REGISTRY) || touched(ASSEMBLY) && by_office();
        let committee = if seats_moved {
            committee_of(&slots, next, header.mix_hash)?
        } else {
            self.committee.reseeded(header.mix_hash)
        };
        Ok(Self { committee: Arc::new(committee), agreement, course })
    }
}
