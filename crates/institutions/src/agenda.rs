//! What the chain will do by itself, and when: a priority queue in the assembly's storage.
//!
//! Rule kept: the earliest entry is always on top, entries of one second keep the order in which they were scheduled, and
//! nothing happens in the block that schedules it, but for work that is done in parts ([`Agenda::resume`]). So [`next_due`]
//! reads two slots however long the queue is, and while the chain carries out the top entry, no other entry can come before
//! it: whatever is scheduled meanwhile is due later or was scheduled later.
//!
//! It is a binary min-heap of words `due time ‖ sequence ‖ height of scheduling ‖ what`, 64 bits each, so words compare as
//! numbers; beside it the position of every entry, so that one can be moved or cancelled in O(log n).
//!
//! Deliberately absent: what an entry means. That is [`crate::assembly`] and, for what is judged and settled, [`crate::articles`].

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use polity_primitives::{AGREEMENT, ARTICLES, ASSEMBLY};

use crate::{
    articles::IArticles,
    assembly::{self, IAssembly},
    host::{BlockInfo, Slots},
    layout,
    storage::{List, Map, Read, Slot, View, Write},
};

/// Gas of the system call that establishes an outcome. It reads a rule of the largest size, the tally, and reschedules.
pub const CONCLUDE_GAS_MAX: u64 = 3_000_000;
/// Gas of the system call that opens a proposal or counts more of its electorate: the chunk of members that is counted at
/// once, by rules of the largest size.
pub const PREPARE_GAS_MAX: u64 = 12_000_000;
/// Gas of the system call that ends a draft and returns its deposit.
pub const LAPSE_GAS_MAX: u64 = 1_000_000;
/// Gas of the system call that brings a treaty into force.
pub const ENTER_INTO_FORCE_GAS_MAX: u64 = 1_000_000;
/// Gas of the system call that carries out an instrument: a withdrawal reads a rule of the largest size and the tally.
pub const TAKE_EFFECT_GAS_MAX: u64 = 3_000_000;
/// Gas of the system call that takes a text's next step: some members counted, or the terms ended.
pub const TEXT_GAS_MAX: u64 = 5_000_000;
/// Gas of the system call that gives a text up.
pub const GIVE_UP_TEXT_GAS_MAX: u64 = 500_000;
/// Gas of the system call that enacts a proposal: all its calls together. An amendment of the longest charter takes 11 to 12
/// million; a block of the usual 60 million gas keeps 13 million for it beside the record of a failure.
pub const ENACT_GAS_MAX: u64 = 13_000_000;
/// Gas of the system call that records why a proposal failed: a reason of the largest size, and the heap.
pub const MARK_FAILED_GAS_MAX: u64 = 2_000_000;

/// Gas of the system call by which a chamber is seated: a chunk of lots, or candidates and seats of the largest number.
pub const TURN_GAS_MAX: u64 = 6_000_000;
/// Gas of the system call that leaves out such a turn that failed.
pub const SKIP_TURN_GAS_MAX: u64 = 1_000_000;
/// Gas of the system call that pays back what was unbonded.
pub const RELEASE_GAS_MAX: u64 = 1_000_000;

/// Gas of the system call that judges some members by an article of the largest size, or makes some marks.
pub const JUDGE_GAS_MAX: u64 = 10_000_000;
/// Gas of the system call that gives up a period that cannot be judged.
pub const GIVE_UP_PERIOD_GAS_MAX: u64 = 1_000_000;
/// Gas of the system call that makes a settlement final: the largest account, and a suspension that reads a thousand members suspended
/// before. What takes more is left to the members.
pub const SETTLE_GAS_MAX: u64 = 8_000_000;
/// Gas of the system call that leaves a settlement to the members.
pub const STALL_GAS_MAX: u64 = 1_000_000;

/// Bits of each of the four parts of an entry.
const PART_BITS: usize = 64;
/// Bits of the number in the last part; the kind has the eight above.
const NUMBER_BITS: u32 = 56;
/// Most levels of the heap: more than any chain can fill.
const LEVELS_MAX: u32 = 64;

/// A thing that falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The treaty with this number (its place in the list of treaties) enters into force.
    EnterIntoForce(u64),
    /// The proposal's outcome is established.
    Conclude(u64),
    /// The proposal's calls are made.
    Enact(u64),
    /// The pause before the proposal's next stage is over.
    Resume(u64),
    /// The draft has waited long enough.
    Lapse(u64),
    /// The discussion is over.
    Open(u64),
    /// More members of the proposal's electorate are counted.
    Prepare(u64),
    /// The chamber with this number (among those that are elected or drawn) opens an election, draws lots, or is seated.
    Turn(u64),
    /// What was unbonded under this number is paid back.
    Release(u64),
    /// The date of the instrument with this number has come.
    TakeEffect(u64),
    /// The text that binds by silence with this number takes its next step.
    Text(u64),
    /// The article with this number (its place in the list of articles) begins, or its period is over and is judged.
    Judge(u64),
    /// The notice of the settlement with this number is over.
    Settle(u64),
}

impl Due {
    const fn to_number(self) -> u64 {
        let (kind, number) = match self {
            Self::EnterIntoForce(number) => (1, number),
            Self::Conclude(number) => (2, number),
            Self::Enact(number) => (3, number),
            Self::Resume(number) => (4, number),
            Self::Lapse(number) => (5, number),
            Self::Open(number) => (6, number),
            Self::Prepare(number) => (7, number),
            Self::Turn(number) => (32, number),
            Self::Release(number) => (33, number),
            Self::TakeEffect(number) => (16, number),
            Self::Text(number) => (17, number),
            Self::Judge(number) => (48, number),
            Self::Settle(number) => (49, number),
        };
        (kind << NUMBER_BITS) | (number & ((1 << NUMBER_BITS) - 1))
    }

    const fn from_number(word: u64) -> Option<Self> {
        let number = word & ((1 << NUMBER_BITS) - 1);
        match word >> NUMBER_BITS {
            1 => Some(Self::EnterIntoForce(number)),
            2 => Some(Self::Conclude(number)),
            3 => Some(Self::Enact(number)),
            4 => Some(Self::Resume(number)),
            5 => Some(Self::Lapse(number)),
            6 => Some(Self::Open(number)),
            7 => Some(Self::Prepare(number)),
            32 => Some(Self::Turn(number)),
            33 => Some(Self::Release(number)),
            16 => Some(Self::TakeEffect(number)),
            17 => Some(Self::Text(number)),
            48 => Some(Self::Judge(number)),
            49 => Some(Self::Settle(number)),
            _ => None,
        }
    }

    /// What can be due for proposal `id` before its outcome is known; one of them at a time.
    pub(crate) const fn before_the_outcome(id: u64) -> [Self; 5] {
        [Self::Conclude(id), Self::Resume(id), Self::Lapse(id), Self::Open(id), Self::Prepare(id)]
    }
}

/// An entry of the agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it is due. Units: seconds since 1970-01-01 UTC.
    pub at_secs: u64,
    /// Height of the block that scheduled it; it happens in a later one.
    pub scheduled_height: u64,
    /// What happens.
    pub due: Due,
}

impl Entry {
    fn from_word(word: U256) -> Option<Self> {
        let part = |index: usize| (word >> (index * PART_BITS)).wrapping_to::<u64>();
        Some(Self { at_secs: part(3), scheduled_height: part(1), due: Due::from_number(part(0))? })
    }

    /// Whether it happens in `block`.
    #[must_use]
    pub const fn is_due(&self, block: &BlockInfo) -> bool {
        self.at_secs <= block.timestamp_secs && self.scheduled_height < block.height
    }
}

fn word(at_secs: u64, sequence: u64, height: u64, due: Due) -> U256 {
    [sequence, height, due.to_number()]
        .into_iter()
        .fold(U256::from(at_secs), |word, part| (word << PART_BITS) | U256::from(part))
}

layout! {
    /// The queue.
    pub struct Agenda {
        heap: List<Slot<U256>>,
        /// Position of each entry in the heap, plus one; 0 for what is not scheduled.
        positions: Map<u64, Slot<u64>>,
        sequence: Slot<u64>,
    }
}

impl Agenda {
    /// The earliest entry. Cost: two slots.
    ///
    /// # Errors
    /// The reader's.
    pub fn top<R: Read>(&self, r: &mut R) -> Result<Option<Entry>, R::Error> {
        let Some(first) = self.heap.find(r, 0)? else { return Ok(None) };
        Ok(Entry::from_word(first.get(r)?))
    }

    /// Number of entries.
    ///
    /// # Errors
    /// The reader's.
    pub fn len<R: Read>(&self, r: &mut R) -> Result<u64, R::Error> {
        self.heap.len(r)
    }

    /// All entries, earliest first. For views: it reads everything.
    ///
    /// # Errors
    /// The reader's.
    pub fn all<R: Read>(&self, r: &mut R) -> Result<Vec<Entry>, R::Error> {
        let mut words = self.heap.all(r)?;
        words.sort_unstable();
        Ok(words.into_iter().filter_map(Entry::from_word).collect())
    }

    /// When `due` is scheduled for, if it is. Units: seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// The reader's.
    pub fn scheduled<R: Read>(&self, r: &mut R, due: Due) -> Result<Option<u64>, R::Error> {
        Ok(self.entry(r, due)?.map(|entry| entry.at_secs))
    }

    fn entry<R: Read>(&self, r: &mut R, due: Due) -> Result<Option<Entry>, R::Error> {
        match self.positions.at(due.to_number()).get(r)?.checked_sub(1) {
            Some(position) => Ok(Entry::from_word(self.heap.at(position).get(r)?)),
            None => Ok(None),
        }
    }

    /// Schedules `due` for `at_secs`, or for now if that is past, in a block after `block`; moves it if it is scheduled.
    ///
    /// # Errors
    /// The writer's.
    pub fn schedule<W: Write>(
        &self,
        w: &mut W,
        block: &BlockInfo,
        due: Due,
        at_secs: u64,
    ) -> Result<(), W::Error> {
        self.cancel(w, due)?;
        let sequence = self.sequence.get(w)?;
        self.sequence.set(w, sequence.saturating_add(1))?;
        let at_secs = at_secs.max(block.timestamp_secs);
        let position = self.heap.len(w)?;
        self.heap.grow(w)?;
        self.sift_up(w, position, word(at_secs, sequence, block.height, due))
    }

    /// Puts `due`, which the chain is carrying out in `block` and has more of, where what is due at `at_secs` stands: it goes on in the
    /// same block if there is room. Whoever calls it has done a part of bounded work, so a block ends.
    ///
    /// # Errors
    /// The writer's.
    pub fn resume<W: Write>(
        &self,
        w: &mut W,
        block: &BlockInfo,
        due: Due,
        at_secs: u64,
    ) -> Result<(), W::Error> {
        let at_secs = at_secs.min(block.timestamp_secs);
        let before = BlockInfo { height: block.height.saturating_sub(1), timestamp_secs: at_secs, ..*block };
        self.schedule(w, &before, due, at_secs)
    }

    /// Takes `due` off the agenda if it is there.
    ///
    /// # Errors
    /// The writer's.
    pub fn cancel<W: Write>(&self, w: &mut W, due: Due) -> Result<bool, W::Error> {
        let held = self.positions.at(due.to_number());
        let Some(position) = held.get(w)?.checked_sub(1) else { return Ok(false) };
        held.set(w, 0)?;
        let last = self.heap.len(w)?.saturating_sub(1);
        let moved = self.heap.at(last).get(w)?;
        self.heap.at(last).set(w, U256::ZERO)?;
        self.heap.truncate(w, last)?;
        if position < last {
            // The entry that fills the gap came from another branch: it may have to move either way.
            let parent = position.saturating_sub(1) / 2;
            if position > 0 && moved < self.heap.at(parent).get(w)? {
                self.sift_up(w, position, moved)?;
            } else {
                self.sift_down(w, position, last, moved)?;
            }
        }
        Ok(true)
    }

    /// Takes `due` off the agenda if it happens in `block`; false, and nothing done, otherwise.
    ///
    /// # Errors
    /// The writer's.
    pub fn take<W: Write>(&self, w: &mut W, block: &BlockInfo, due: Due) -> Result<bool, W::Error> {
        match self.entry(w, due)? {
            Some(entry) if entry.is_due(block) => self.cancel(w, due),
            _ => Ok(false),
        }
    }

    /// The same, but only from the top: so it succeeds only while the chain is carrying out `due`.
    ///
    /// # Errors
    /// The writer's.
    pub fn take_top<W: Write>(&self, w: &mut W, block: &BlockInfo, due: Due) -> Result<bool, W::Error> {
        match self.top(w)? {
            Some(entry) if entry.due == due && entry.is_due(block) => self.cancel(w, due),
            _ => Ok(false),
        }
    }

    /// Writes `word` at `position` or, if it is earlier than its parents, further up. `position` is free.
    fn sift_up<W: Write>(&self, w: &mut W, mut position: u64, word: U256) -> Result<(), W::Error> {
        for _ in 0..LEVELS_MAX {
            let Some(above) = position.checked_sub(1) else { break };
            let parent = above / 2;
            let other = self.heap.at(parent).get(w)?;
            if other <= word {
                break;
            }
            self.put(w, position, other)?;
            position = parent;
        }
        self.put(w, position, word)
    }

    /// Writes `word` at `position` or, if it is later than its children, further down. `position` is free.
    fn sift_down<W: Write>(
        &self,
        w: &mut W,
        mut position: u64,
        len: u64,
        word: U256,
    ) -> Result<(), W::Error> {
        for _ in 0..LEVELS_MAX {
            let left = position.saturating_mul(2).saturating_add(1);
            if left >= len {
                break;
            }
            let mut child = (left, self.heap.at(left).get(w)?);
            let right = left.saturating_add(1);
            if right < len {
                child = earlier(child, (right, self.heap.at(right).get(w)?));
            }
            if word <= child.1 {
                break;
            }
            self.put(w, position, child.1)?;
            position = child.0;
        }
        self.put(w, position, word)
    }

    fn put<W: Write>(&self, w: &mut W, position: u64, word: U256) -> Result<(), W::Error> {
        self.heap.at(position).set(w, word)?;
        self.positions.at(word.wrapping_to::<u64>()).set(w, position.saturating_add(1))
    }
}

/// The earlier of two (position, word).
fn earlier(a: (u64, U256), b: (u64, U256)) -> (u64, U256) {
    if b.1 < a.1 { b } else { a }
}

/// A call the chain makes by itself, in a system transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemCall {
    /// Whom it calls.
    pub to: Address,
    /// Call data.
    pub input: Bytes,
    /// Gas it may use. Units: EVM gas; not paid for.
    pub gas_limit: u64,
    due: Due,
}

impl SystemCall {
    fn of(to: Address, due: Due, gas_limit: u64, call: &impl SolCall) -> Self {
        Self { to, input: call.abi_encode().into(), gas_limit, due }
    }

    fn to_assembly(due: Due, gas_limit: u64, call: &impl SolCall) -> Self {
        Self::of(ASSEMBLY, due, gas_limit, call)
    }

    fn to_articles(due: Due, gas_limit: u64, call: &impl SolCall) -> Self {
        Self::of(ARTICLES, due, gas_limit, call)
    }

    /// Whether it belongs to a day of the calendar. Everything else is due from some moment on and may wait for a block.
    #[must_use]
    pub const fn is_dated(&self) -> bool {
        matches!(
            self.due,
            Due::EnterIntoForce(_) | Due::TakeEffect(_) | Due::Text(_) | Due::Judge(_) | Due::Settle(_)
        )
    }

    /// The call that records that this one failed with `output` (what it reverted with; empty if it ran out of gas).
    ///
    /// It must succeed. What follows from instruments and a payment of what was unbonded have no reason to fail and no other way
    /// to end: the answer is the call itself, which will fail again and stop the node. That
    /// instruments never fail so is tried in `assembly/tests/force.rs`.
    #[must_use]
    pub fn on_failure(&self, output: &[u8]) -> Self {
        match self.due {
            Due::Text(id) => {
                let call = IAssembly::giveUpTextCall { id: U256::from(id) };
                Self::to_assembly(self.due, GIVE_UP_TEXT_GAS_MAX, &call)
            }
            Due::EnterIntoForce(_) | Due::TakeEffect(_) | Due::Release(_) => self.clone(),
            Due::Settle(id) => {
                let call = IArticles::stallCall { id: U256::from(id) };
                Self::to_articles(self.due, STALL_GAS_MAX, &call)
            }
            Due::Judge(number) => {
                let call = IArticles::giveUpCall { number: U256::from(number) };
                Self::to_articles(self.due, GIVE_UP_PERIOD_GAS_MAX, &call)
            }
            Due::Turn(number) => Self::to_assembly(
                self.due,
                SKIP_TURN_GAS_MAX,
                &IAssembly::skipTurnCall { number: U256::from(number) },
            ),
            Due::Conclude(id)
            | Due::Enact(id)
            | Due::Resume(id)
            | Due::Lapse(id)
            | Due::Open(id)
            | Due::Prepare(id) => {
                let reason = output.get(..assembly::REASON_BYTES_MAX).unwrap_or(output);
                let call = IAssembly::markFailedCall { id: U256::from(id), reason: reason.to_vec().into() };
                Self::to_assembly(self.due, MARK_FAILED_GAS_MAX, &call)
            }
        }
    }
}

/// What the chain does next by itself in `block`, if anything. Executing the call takes it off the agenda.
///
/// Cost: two slots, and the payload if it is an enactment.
#[must_use]
pub fn next_due(slots: &dyn Slots, block: &BlockInfo) -> Option<SystemCall> {
    let mut view = View::new(slots, ASSEMBLY);
    let Ok(top) = assembly::agenda().top(&mut view);
    let due = top.filter(|entry| entry.is_due(block))?.due;
    Some(match due {
        Due::EnterIntoForce(number) => {
            let call =
                IAssembly::enterIntoForceCall { treaty: assembly::treaty_by_number(&mut view, number) };
            SystemCall::to_assembly(due, ENTER_INTO_FORCE_GAS_MAX, &call)
        }
        Due::Conclude(id) => {
            SystemCall::to_assembly(due, CONCLUDE_GAS_MAX, &IAssembly::concludeCall { id: U256::from(id) })
        }
        Due::TakeEffect(number) => {
            let call = IAssembly::takeEffectCall { id: U256::from(number) };
            SystemCall::to_assembly(due, TAKE_EFFECT_GAS_MAX, &call)
        }
        Due::Turn(number) => {
            let call = IAssembly::turnCall { number: U256::from(number) };
            SystemCall::to_assembly(due, TURN_GAS_MAX, &call)
        }
        Due::Release(id) => {
            SystemCall::to_assembly(due, RELEASE_GAS_MAX, &IAssembly::releaseCall { id: U256::from(id) })
        }
        Due::Text(number) => {
            let call = IAssembly::advanceTextCall { id: U256::from(number) };
            SystemCall::to_assembly(due, TEXT_GAS_MAX, &call)
        }
        Due::Judge(number) => {
            let call = IArticles::judgeCall { number: U256::from(number) };
            SystemCall::to_articles(due, JUDGE_GAS_MAX, &call)
        }
        Due::Settle(id) => {
            let call = IArticles::concludeCall { id: U256::from(id) };
            SystemCall::to_articles(due, SETTLE_GAS_MAX, &call)
        }
        Due::Resume(id) => {
            SystemCall::to_assembly(due, CONCLUDE_GAS_MAX, &IAssembly::resumeCall { id: U256::from(id) })
        }
        Due::Lapse(id) => {
            SystemCall::to_assembly(due, LAPSE_GAS_MAX, &IAssembly::lapseCall { id: U256::from(id) })
        }
        Due::Open(id) => {
            SystemCall::to_assembly(due, PREPARE_GAS_MAX, &IAssembly::openCall { id: U256::from(id) })
        }
        Due::Prepare(id) => {
            SystemCall::to_assembly(due, PREPARE_GAS_MAX, &IAssembly::prepareCall { id: U256::from(id) })
        }
        Due::Enact(id) => SystemCall {
            to: AGREEMENT,
            input: assembly::enact_input(&mut view, id),
            gas_limit: ENACT_GAS_MAX,
            due,
        },
    })
}

#[cfg(test)]
mod tests;
