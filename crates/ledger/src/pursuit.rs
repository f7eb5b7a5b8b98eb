//! Whose blocks a node takes that is behind, and from where on.
//!
//! Peers are asked one at a time, the furthest first. Who gives nothing in time, or something that is refused or parts from ours, is
//! left, and the next is asked for what comes then: what was verified stays in the ledger, whoever gave it. A peer whose worked blocks are
//! of another branch than those already taken is asked once more from the last block that is never undone.
//!
//! Rule kept: nothing is taken twice of one peer but for that, and each answer has to bring the very next height; so a peer that lies about
//! how far it is leads nowhere for long.

use std::collections::BTreeMap;

use polity_primitives::Height;

use crate::{Error, Followed, Ledger, Told, write::decode};

/// A node's way to where others are.
#[derive(Clone, Debug)]
pub struct Pursuit<P> {
    /// Peers that may still be asked, and the last block of their chains that a committee decided.
    leaders: BTreeMap<P, u64>,
    left: Vec<P>,
    /// Who is asked, whether it was asked from below again, and from which height.
    asked: Option<P>,
    back: bool,
    from: Height,
}

impl<P: Ord + Clone> Pursuit<P> {
    /// A pursuit of peers, each with the last block of its chain that a committee decided, as it says.
    #[must_use]
    pub fn new(leaders: impl IntoIterator<Item = (P, u64)>) -> Self {
        let leaders = leaders.into_iter().collect();
        Self { leaders, left: Vec::new(), asked: None, back: false, from: Height::GENESIS }
    }

    /// Whom to ask for blocks, and from which height on; `None` once nobody is left who is further than this node.
    pub fn next(&mut self, ledger: &Ledger) -> Option<(P, Height)> {
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

    /// Takes what the peer that is asked answered, in order, up to the first block that is not taken; then the peer is left.
    ///
    /// Units: `now_ms` is milliseconds since the Unix epoch, from this node's clock.
    ///
    /// # Errors
    /// [`Error`]: the fault is ours.
    pub fn take(&mut self, ledger: &Ledger, blocks: &[Told], now_ms: u64) -> Result<Followed, Error> {
        for (block, certificate) in blocks {
            let followed = match decode(block) {
                Ok(sealed) if sealed.height() != self.from => {
                    let (height, from) = (sealed.height(), self.from);
                    Followed::Refused(format!("block {height}, where {from} was asked for"))
                }
                _ => ledger.follow(block, certificate.as_ref(), now_ms)?,
            };
            match followed {
                Followed::Taken | Followed::Known => self.from = self.from.next(),
                Followed::Apart(_) if !self.back && self.from > ledger.floor().next() => {
                    (self.back, self.from) = (true, ledger.floor().next());
                    return Ok(Followed::Known);
                }
                other => {
                    self.leave();
                    return Ok(other);
                }
            }
        }
        if blocks.is_empty() {
            self.leave();
        }
        Ok(Followed::Taken)
    }
}
