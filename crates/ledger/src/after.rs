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

    /// What follows from `state`, to which the block of `header` changed the state `before` that `self` follows from.
    /// Cost: a few slots, unless the block touched who decides or what was agreed.
    pub(crate) fn next(
        &self,
        founding: &Charter,
        executor: &Executor,
        header: &Header,
        (before, state, changes): (&State, &State, &StateChanges),
    ) -> Result<Self, Error> {
        let next = Height(header.number).next();
        let (slots, before) = (StateSlots(state), StateSlots(before));
        let course = self.course.step(header, &slots)?;
        let touched = |institution| changes.accounts.contains_key(&institution);
        let agreement = match constitution::version(&slots) == self.agreement.version {
            true => self.agreement.clone(),
            false => Arc::new(Agreement::after(founding, executor, &slots)?),
        };
        let moved = constitution::revision(&slots) != constitution::revision(&before)
            || constitution::turn(&slots) == next.0;
        // Offices are seats in chambers.
        let seated = touched(ASSEMBLY)
            && constitution::consensus_at(&slots, next.0)
                .is_none_or(|settings| settings.chambers().next().is_some());
        let committee = match moved || seated || touched(REGISTRY) {
            true => committee_of(&slots, next, header.mix_hash)?,
            false => self.committee.reseeded(header.mix_hash),
        };
        Ok(Self { committee: Arc::new(committee), agreement, course })
    }
}
