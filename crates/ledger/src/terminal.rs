//! The end of a worked chain: the committee to come decides between the worked blocks of one height, once.
//!
//! A change from work to another engine, enacted in block `L`, is buried under the confirmations the charter asks for; then the
//! committee that follows from the state after `L` runs its engine at the last worked height. Its proposals are worked blocks of
//! that height that descend from `L`. The decided one is the terminal block: a certificate makes it and all below it final.
//!
//! Source: ADR 21.

use std::sync::Arc;

use polity_constitution::Committee;
use polity_primitives::{B256, Height, SealedBlock};

use crate::{Error, Ledger, candidates::Candidate, write::Judged};

/// The height that is decided between worked blocks, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Terminal {
    pub(crate) height: Height,
    pub(crate) committee: Arc<Committee>,
}

impl Ledger {
    /// The terminal height, once a worked block of it is here.
    #[must_use]
    pub fn terminal(&self) -> Option<Height> {
        self.0.terminal.read().as_ref().map(|terminal| terminal.height)
    }

    pub(crate) fn terminal_committee(&self, height: Height) -> Option<Arc<Committee>> {
        let terminal = self.0.terminal.read();
        terminal.as_ref().filter(|terminal| terminal.height == height).map(|at| at.committee.clone())
    }

    /// Notices that the terminal height is reached.
    pub(crate) fn begin_terminal(&self) -> Result<(), Error> {
        let settled = self.settled();
        let Some(rules) = &settled.course.next else { return Ok(()) };
        let Some(height) = rules.until else { return Ok(()) };
        let enacted = Height(height.0.saturating_sub(rules.confirmations));
        let reached = settled.height() >= enacted && self.best_at(height).is_some();
        if !reached || self.terminal() == Some(height) {
            return Ok(());
        }
        let committee = self.committee_after(enacted, height)?;
        tracing::info!(height = height.0, "ledger.terminal: a committee decides between worked blocks");
        *self.0.terminal.write() = Some(Terminal { height, committee: Arc::new(committee) });
        Ok(())
    }

    /// The heaviest candidate of `height`.
    fn best_at(&self, height: Height) -> Option<Arc<Candidate>> {
        let candidates = self.0.candidates.lock();
        let of_height = candidates.all().filter(|at| at.height() == height);
        of_height.max_by_key(|at| (at.after.course.work, std::cmp::Reverse(at.hash()))).cloned()
    }

    /// The block to propose at the terminal height: ours if the head is one, else the heaviest.
    pub(crate) fn propose_terminal(&self, height: Height) -> Result<SealedBlock, Error> {
        let head = self.head();
        if head.height() == height {
            return Ok(head.block.block.clone());
        }
        let best = self.best_at(height).ok_or(Error::Unknown(height))?;
        Ok(best.block.block.clone())
    }

    /// Judges a block proposed for the terminal height. Any valid worked block of that height that descends from the database's
    /// tip will do.
    pub(crate) fn judge_terminal(&self, bytes: &[u8], height: Height, now_ms: u64) -> Result<Judged, Error> {
        use polity_consensus::work::Inserted;
        let hash = crate::write::name(bytes);
        let reason = match self.insert_held(bytes, now_ms)? {
            Inserted::Invalid(reason) => reason,
            Inserted::Orphan(parent) => {
                // Whoever proposes it again finds it here.
                *self.0.wanted.write() = Some(parent);
                format!("its parent {parent} is not here")
            }
            Inserted::TooDeep { floor } => format!("it undoes block {floor}"),
            _ => match self.candidate_height(&hash) {
                Some(at) if at == height => return Ok(Judged::Valid(hash)),
                Some(at) => format!("block {at} where {height} is being decided"),
                None => "it does not descend from what is settled".to_owned(),
            },
        };
        Ok(Judged::Invalid(hash, reason))
    }

    /// What the engine of work has to fetch for the committee's.
    pub(crate) fn wanted(&self) -> Option<B256> {
        let wanted = (*self.0.wanted.read())?;
        self.candidate_height(&wanted).is_none().then_some(wanted)
    }

    fn candidate_height(&self, hash: &B256) -> Option<Height> {
        self.0.candidates.lock().get(hash).map(|candidate| candidate.height())
    }
}
