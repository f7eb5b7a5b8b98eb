//! Whose blocks a node takes that is behind, from where on, and which engines rest meanwhile.
//!
//! Peers are asked one at a time, the furthest first. Who gives nothing in time, or something that is refused or parts from ours, is
//! left, and the next is asked for what comes then: what was verified stays in the ledger, whoever gave it. A peer whose worked blocks are
//! of another branch than those already taken is asked once more from the last block that is never undone.
//!
//! Rules kept: nobody's word stops an engine. What a peer says of how far it is only makes this node ask; engines rest from the first
//! block above ours whose certificate our own committee signed, until the peer gives one that is not decided or is left. Nothing is taken
//! twice of one peer but for a second branch, each answer has to bring the very next height, and all answers of one peer together may be
//! waited for so long and no longer.

use std::collections::{BTreeMap, VecDeque};

use polity_primitives::Height;

use crate::{Error, Followed, Ledger, Plan, Told, write::decode};

/// How long all answers of one peer are waited for. Honest ones give several megabytes in a second; our own work on them does not count.
/// Units: milliseconds.
pub const WAIT_MS_MAX: u64 = 30_000;

/// A node's way to where others are.
#[derive(Clone, Debug)]
pub struct Pursuit<P> {
    /// Peers that may still be asked, and the last block of their chains that a committee decided, as they say.
    leaders: BTreeMap<P, u64>,
    left: Vec<P>,
    /// Who is asked, whether it was asked from below again, from which height, and how long it was waited for.
    asked: Option<P>,
    back: bool,
    from: Height,
    waited_ms: u64,
    /// What it gave and what is not taken yet.
    given: VecDeque<Told>,
    /// Whether engines rest.
    rests: bool,
}

impl<P: Ord + Clone> Pursuit<P> {
    /// A pursuit of peers, each with the last block of its chain that a committee decided, as it says.
    #[must_use]
    pub fn new(leaders: impl IntoIterator<Item = (P, u64)>) -> Self {
        Self {
            leaders: leaders.into_iter().collect(),
            left: Vec::new(),
            asked: None,
            back: false,
            from: Height::GENESIS,
            waited_ms: 0,
            given: VecDeque::new(),
            rests: false,
        }
    }

    /// What has to run while this goes on: what the chain asks for, or nothing while blocks are taken that a committee decided.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn plan(&self, ledger: &Ledger) -> Result<Plan, Error> {
        if self.rests { Ok(Plan::REST) } else { ledger.plan() }
    }

    /// Whom to ask for blocks, and from which height on; `None` once nobody is left who is further than this node.
    pub fn next(&mut self, ledger: &Ledger) -> Option<(P, Height)> {
        if self.waited_ms >= WAIT_MS_MAX {
            self.leave();
        }
        self.from = self.from.max(ledger.floor().next());
        let reached = ledger.head().height().0.max(self.from.0.saturating_sub(1));
        if self.asked.is_none() {
            let furthest = self.leaders.iter().max_by_key(|(_, certified)| **certified);
            (self.asked, self.back) = (furthest.map(|(peer, _)| peer.clone()), false);
        }
        let peer = self.asked.clone()?;
        let is_further = self.leaders.get(&peer).is_some_and(|certified| *certified > reached);
        is_further.then_some((peer, self.from))
    }

    /// Who is asked gives nothing: it is left.
    pub fn leave(&mut self) {
        (self.waited_ms, self.rests) = (0, false);
        self.given.clear();
        if let Some(peer) = self.asked.take() {
            self.leaders.remove(&peer);
            self.left.push(peer);
        }
    }

    /// Peers that led nowhere, so far.
    #[must_use]
    pub fn left(&self) -> &[P] {
        &self.left
    }

    /// Who is asked gives `blocks`, in order, after `waited_ms`; nothing at all means that it is left. They are taken by
    /// [`Self::take`].
    ///
    /// Units: milliseconds.
    pub fn give(&mut self, blocks: Vec<Told>, waited_ms: u64) {
        self.waited_ms = self.waited_ms.saturating_add(waited_ms);
        self.given = blocks.into();
        if self.given.is_empty() {
            self.leave();
        }
    }

    /// Takes what was given, up to the first block that is not taken; then the peer is left. On [`Followed::Waits`] the caller lets
    /// engines rest as [`Self::plan`] says and calls again.
    ///
    /// Units: `now_ms` is milliseconds since the Unix epoch, from this node's clock.
    ///
    /// # Errors
    /// [`Error`]: the fault is ours.
    pub fn take(&mut self, ledger: &Ledger, now_ms: u64) -> Result<Followed, Error> {
        while let Some((block, certificate)) = self.given.front() {
            let followed = match decode(block) {
                Ok(sealed) if sealed.height() != self.from => {
                    let (height, from) = (sealed.height(), self.from);
                    Followed::Refused(format!("block {height}, where {from} was asked for"))
                }
                _ => ledger.follow(block, certificate.as_ref(), now_ms, self.rests)?,
            };
            match followed {
                Followed::Waits => {
                    self.rests = true;
                    return Ok(Followed::Waits);
                }
                Followed::Taken | Followed::Known => {
                    self.rests &= certificate.is_some() && followed == Followed::Taken;
                    self.from = self.from.next();
                    self.given.pop_front();
                }
                Followed::Apart(_) if !self.back && self.from > ledger.floor().next() => {
                    (self.back, self.from) = (true, ledger.floor().next());
                    self.rests = false;
                    self.given.clear();
                    return Ok(Followed::Known);
                }
                other => {
                    self.leave();
                    return Ok(other);
                }
            }
        }
        Ok(Followed::Taken)
    }
}
