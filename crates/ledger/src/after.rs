//! What follows from a state for the block on top of it.

use std::sync::Arc;

use polity_charter::Charter;
use polity_constitution::Committee;
use polity_execution::Executor;
use polity_primitives::{CONSTITUTION, Header, Height, REGISTRY, StateChanges};
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

    /// What follows from `state`, to which the block of `header` changed with `changes` the state that `self` follows from.
    /// Cost: nothing but two lookups, unless the block touched who decides or what was agreed.
    pub(crate) fn next(
        &self,
        founding: &Charter,
        executor: &Executor,
        header: &Header,
        (state, changes): (&State, &StateChanges),
    ) -> Result<Self, Error> {
        let course = self.course.step(header, &StateSlots(state))?;
        let touched = |institution| changes.accounts.contains_key(&institution);
        if touched(CONSTITUTION) {
            return Self::of(founding, executor, header, state, course);
        }
        let committee = match touched(REGISTRY) {
            true => committee_of(&StateSlots(state), Height(header.number).next(), header.mix_hash)?,
            false => self.committee.reseeded(header.mix_hash),
        };
        Ok(Self { committee: Arc::new(committee), agreement: self.agreement.clone(), course })
    }
}
