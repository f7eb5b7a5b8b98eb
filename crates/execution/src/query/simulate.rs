//! What a proposal would do: its payload enacted on a fork of the state, exactly as the chain would.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, Log, U256};
use polity_institutions::{
    agenda::Due,
    assembly::{self, IAssembly, simulate as house},
    storage::{Read, Write},
};
use polity_primitives::{ASSEMBLY, Account, Header, StateChanges, Transaction};

use super::CallError;
use crate::{
    Attributes, Error, Executor, ReadError, SYSTEM_CALLS_MAX, SYSTEM_GAS_TARGET, StateReader,
    block::{Ran, Run},
    randao,
};

/// What is simulated.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A proposal with these calls.
    Calls(Vec<IAssembly::Call>),
    /// The pending proposal with this id, with what it froze at its opening.
    Proposal(u64),
}

/// What would happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulation {
    /// With what the enactment fails (empty if it runs out of gas); `None` if it succeeds.
    pub failure: Option<Bytes>,
    /// Gas the enactment uses.
    pub gas_used: u64,
    /// Gas the chain gives it.
    pub gas_limit: u64,
    /// Its logs; none if it fails.
    pub logs: Vec<Log>,
    /// What the chain would then do at once, in the next block.
    pub then: Vec<Consequence>,
    /// What would be changed in the state by all of it, as against the state before; nothing if the enactment fails.
    pub changes: StateChanges,
}

/// Something that falls due by the enactment itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consequence {
    /// Whom the chain calls.
    pub to: Address,
    /// Call data.
    pub input: Bytes,
    /// With what it fails, if it does.
    pub failure: Option<Bytes>,
    /// Its logs.
    pub logs: Vec<Log>,
}

/// Why there is nothing to simulate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// No pending proposal has this id.
    #[error("there is no pending proposal {0}")]
    NotPending(u64),
    /// No proposal can carry these calls.
    #[error("no proposal can carry them: {0}")]
    Calls(String),
    /// As for any question.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<ReadError> for SimulateError {
    fn from(e: ReadError) -> Self {
        Self::Call(e.into())
    }
}

impl From<Error> for SimulateError {
    fn from(e: Error) -> Self {
        Self::Call(match e {
            Error::Unavailable(e) => CallError::Unavailable(e),
            other => CallError::Fatal(other.to_string()),
        })
    }
}

/// A state with slots and accounts of our own over it.
struct Fork<'a> {
    below: &'a dyn StateReader,
    /// Written by hand: the planted proposal.
    planted: BTreeMap<U256, U256>,
    /// Written by a block.
    changes: Option<&'a StateChanges>,
}

impl StateReader for Fork<'_> {
    fn account(&self, address: &Address) -> Result<Option<Account>, ReadError> {
        match self.changes.and_then(|changes| changes.accounts.get(address)) {
            Some(change) => Ok(change.after),
            None => self.below.account(address),
        }
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadError> {
        let changed = self.changes.and_then(|changes| changes.accounts.get(address));
        if let Some(slot) = changed.and_then(|change| change.storage.get(slot)) {
            return Ok(slot.after);
        }
        if changed.is_some_and(|change| change.after.is_none()) {
            return Ok(U256::ZERO);
        }
        match self.planted.get(slot).filter(|_| *address == ASSEMBLY) {
            Some(value) => Ok(*value),
            None => self.below.storage(address, slot),
        }
    }

    fn code(&self, hash: &B256) -> Result<Bytes, ReadError> {
        match self.changes.and_then(|changes| changes.codes.get(hash)) {
            Some(code) => Ok(code.clone()),
            None => self.below.code(hash),
        }
    }

    fn block_hash(&self, number: u64) -> Result<Option<B256>, ReadError> {
        self.below.block_hash(number)
    }
}

/// The assembly's storage in a fork, to plant a proposal in.
struct Ground<'a, 'b>(&'b mut Fork<'a>);

impl Read for Ground<'_, '_> {
    type Error = ReadError;
    fn read(&mut self, slot: U256) -> Result<U256, ReadError> {
        self.0.storage(&ASSEMBLY, &slot)
    }
}

impl Write for Ground<'_, '_> {
    fn write(&mut self, slot: U256, value: U256) -> Result<(), ReadError> {
        self.0.planted.insert(slot, value);
        Ok(())
    }
}

impl Executor {
    /// What enacting `subject` would do in the block after `parent`, whose state `reader` reads, and what the chain would do
    /// at once because of it. Nothing is kept.
    ///
    /// Bounds: the enactment has the gas it would have on the chain, and what follows is what one block would do: at most
    /// [`SYSTEM_CALLS_MAX`] calls, none begun after [`SYSTEM_GAS_TARGET`]. It is run as long as nothing that was on the agenda
    /// before comes first.
    ///
    /// # Errors
    /// [`SimulateError`]. An enactment that fails is an answer, not an error.
    pub fn simulate(
        &self,
        reader: &dyn StateReader,
        parent: &Header,
        parent_hash: B256,
        attributes: &Attributes,
        subject: &Subject,
    ) -> Result<Simulation, SimulateError> {
        let mut fork = Fork { below: reader, planted: BTreeMap::new(), changes: None };
        plant(&mut fork, subject)?;
        let before: Vec<Due> = house::agenda(&mut Ground(&mut fork))?;
        let rules = self.rules_after(reader)?;
        let header = rules.next_header(parent, parent_hash, attributes);
        let mut run = Run::new(self, &rules, &fork, &header);
        let ran = run.first_due()?;
        let Ran { gas_limit, failure, logs, .. } =
            ran.ok_or_else(|| CallError::Fatal("a planted proposal is not due".to_owned()))?;
        let outcome = run.finish(Vec::new())?;
        let mut simulation =
            Simulation { failure, gas_used: outcome.gas_used, gas_limit, logs, ..Simulation::default() };
        if simulation.failure.is_some() {
            return Ok(simulation);
        }
        let fork = Fork { changes: Some(&outcome.changes), ..fork };
        let (then, later) = self.consequences(&fork, &header, &before)?;
        simulation.then = then;
        simulation.changes = merged(outcome.changes, later);
        Ok(simulation)
    }

    /// Runs what the enactment put on the agenda, as far as it is due in the block after `parent`.
    fn consequences(
        &self,
        fork: &Fork<'_>,
        parent: &Header,
        before: &[Due],
    ) -> Result<(Vec<Consequence>, StateChanges), SimulateError> {
        let rules = self.rules_after(fork)?;
        let timestamp_secs = rules.next_timestamp(parent, parent.timestamp);
        let mix_hash = randao(parent.mix_hash);
        let attributes =
            Attributes { timestamp_secs, beneficiary: parent.beneficiary, mix_hash, ..Attributes::default() };
        let header = rules.next_header(parent, B256::ZERO, &attributes);
        let mut run = Run::new(self, &rules, fork, &header);
        let mut then = Vec::new();
        for _ in 0..SYSTEM_CALLS_MAX {
            if run.peek()?.is_none_or(|entry| before.contains(&entry.due)) || run.used() >= SYSTEM_GAS_TARGET
            {
                break;
            }
            let Some(Ran { transaction, failure, logs, .. }) = run.first_due()? else { break };
            let failed = failure.is_some();
            if let Transaction::System(call) = transaction.transaction {
                then.push(Consequence { to: call.to, input: call.input, failure, logs });
            }
            if failed {
                break;
            }
        }
        Ok((then, run.finish(Vec::new())?.changes))
    }
}

/// Puts the subject, adopted and due, into the fork.
fn plant(fork: &mut Fork<'_>, subject: &Subject) -> Result<(), SimulateError> {
    let codes = |fork: &Fork<'_>, calls: &[IAssembly::Call]| {
        let hash = |call: &IAssembly::Call| {
            Ok(fork.account(&call.target)?.map_or(B256::ZERO, |account| account.code_hash))
        };
        calls.iter().map(hash).collect::<Result<Vec<_>, ReadError>>()
    };
    match subject {
        Subject::Calls(calls) => {
            house::check_calls(calls).map_err(|failure| SimulateError::Calls(said(&failure)))?;
            let codes = codes(fork, calls)?;
            house::plant(&mut Ground(fork), calls, &codes)?;
        }
        Subject::Proposal(id) => {
            let calls = house::pending(&mut Ground(fork), *id)?.ok_or(SimulateError::NotPending(*id))?;
            let codes = codes(fork, &calls)?;
            house::adopt(&mut Ground(fork), *id, &codes)?;
        }
    }
    Ok(())
}

fn said(failure: &polity_institutions::Failure) -> String {
    match failure {
        polity_institutions::Failure::Revert(output) => assembly::explain(output),
        halt => halt.to_string(),
    }
}

/// `first` and then `later`, as one change.
fn merged(mut first: StateChanges, later: StateChanges) -> StateChanges {
    for (address, change) in later.accounts {
        let Some(known) = first.accounts.get_mut(&address) else {
            first.accounts.insert(address, change);
            continue;
        };
        known.after = change.after;
        for (slot, value) in change.storage {
            known.storage.entry(slot).and_modify(|known| known.after = value.after).or_insert(value);
        }
    }
    first.codes.extend(later.codes);
    first
}
