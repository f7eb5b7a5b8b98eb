//! Worked blocks: judging them, following the heaviest chain, and giving up what is too deep to be undone.
//!
//! Rule kept: the database has what is `checkpoint` blocks deep and nothing else, so it never undoes anything. What is above is
//! in memory and as bodies on disk, from which it is executed again after a restart.
//!
//! Source: fork choice by accumulated difficulty, first seen on ties: Nakamoto, "Bitcoin", 2008, section 5.

use std::sync::Arc;

use polity_consensus::work::{Inserted, Rules, check_header};
use polity_execution::randao;
use polity_primitives::{B256, Header, Height, SealedBlock, Signature, U256, recover_signer, work_digest};

use crate::{Error, Head, Ledger, candidates::Candidate, course, trail::difference, write::decode};

/// What is made of a worked block, with its candidate if it may stand.
enum Look {
    Answer(Inserted),
    Stands(Arc<Candidate>),
}

impl Ledger {
    /// Judges a worked block and, if it is valid, keeps it and follows the heaviest chain.
    pub(crate) fn insert(&self, bytes: &[u8], now_ms: u64) -> Result<Inserted, Error> {
        let _writing = self.0.writing.lock();
        self.insert_held(bytes, now_ms)
    }

    /// The same by who holds the lock.
    pub(crate) fn insert_held(&self, bytes: &[u8], now_ms: u64) -> Result<Inserted, Error> {
        let block = match decode(bytes) {
            Ok(block) => block,
            Err(reason) => return Ok(Inserted::Invalid(reason)),
        };
        let (header, seal) = (block.block.header.clone(), block.block.seal.clone());
        let candidate = match self.look(block, now_ms)? {
            Look::Answer(answer @ Inserted::Invalid(_)) => {
                self.record_work(&header, &seal)?;
                return Ok(answer);
            }
            Look::Answer(answer) => return Ok(answer),
            Look::Stands(candidate) => candidate,
        };
        self.keep(&candidate)?;
        self.choose(&candidate)
    }

    fn look(&self, block: SealedBlock, now_ms: u64) -> Result<Look, Error> {
        let (hash, height) = (block.hash, block.height());
        let parent_hash = block.block.header.parent_hash;
        let (known, settled, parent) = {
            let candidates = self.0.candidates.lock();
            let settled = candidates.settled().clone();
            (
                candidates.get(&hash).is_some() || settled.hash() == hash,
                settled,
                candidates.head(&parent_hash),
            )
        };
        if known || self.0.db.height_of(&hash)?.is_some() {
            return Ok(Look::Answer(Inserted::Known));
        }
        let floor = settled.height();
        let undoes = height <= floor || height == floor.next() && parent_hash != settled.hash();
        if undoes {
            let deeper = self.0.refused.read().is_none_or(|(at, _)| at < height);
            if deeper {
                *self.0.refused.write() = Some((height, floor));
            }
            return Ok(Look::Answer(Inserted::TooDeep { floor }));
        }
        let Some(parent) = parent else { return Ok(Look::Answer(Inserted::Orphan(parent_hash))) };
        if let Err(reason) = self.check_work(&parent, &block, now_ms)? {
            return Ok(Look::Answer(Inserted::Invalid(reason)));
        }
        Ok(match self.execute(&parent, block)? {
            Ok(candidate) => Look::Stands(candidate),
            Err(reason) => Look::Answer(Inserted::Invalid(reason)),
        })
    }

    /// Everything about a worked block that needs no execution.
    fn check_work(
        &self,
        parent: &Head,
        block: &SealedBlock,
        now_ms: u64,
    ) -> Result<Result<(), String>, Error> {
        let header = &block.block.header;
        let Some(rules) = &parent.course.next else {
            return Ok(Err(format!("block {} is decided by a committee, not worked", header.number)));
        };
        let past = self.past(parent, rules)?;
        if let Err(error) = check_header(rules, parent.header(), &parent.hash(), &past, header, now_ms) {
            return Ok(Err(error.to_string()));
        }
        let randomness = randao(parent.hash());
        if header.mix_hash != randomness {
            return Ok(Err(format!(
                "mixHash is {}, and {randomness} follows from its parent",
                header.mix_hash
            )));
        }
        let writer = header.beneficiary;
        let seal = Signature::try_from(block.block.seal.as_ref());
        let digest = work_digest(self.0.charter.chain_id, block.hash);
        if !seal.is_ok_and(|seal| recover_signer(digest, &seal) == Some(writer)) {
            return Ok(Err(format!("not signed by its writer {writer}")));
        }
        if parent.committee.seat(&writer).is_none_or(|seat| seat.weight == 0) {
            return Ok(Err(format!("written by {writer}, who may not write")));
        }
        Ok(Ok(()))
    }

    /// Timestamps of `parent` and of the blocks before it, the youngest first, as many as make the median.
    pub(crate) fn past(&self, parent: &Head, rules: &Rules) -> Result<Vec<u64>, Error> {
        let top = parent.height();
        let span = u64::try_from(rules.median_span(top)).unwrap_or(u64::MAX);
        let lowest = top.0.saturating_sub(span.saturating_sub(1));
        (lowest..=top.0)
            .rev()
            .map(|at| {
                let header = self.header_of(parent, Height(at))?;
                header.map(|header| header.timestamp).ok_or(Error::Unknown(Height(at)))
            })
            .collect()
    }

    /// Follows the chain of `candidate` if it is the heaviest.
    fn choose(&self, candidate: &Arc<Candidate>) -> Result<Inserted, Error> {
        let head = self.head();
        let (hash, ours) = (candidate.hash(), head.course.work);
        let next = self.0.candidates.lock().head(&hash);
        let Some(next) = next.filter(|next| next.course.work > ours) else { return self.side() };
        let changed = difference(&head.trail, &next.trail);
        let count = |blocks: usize| u64::try_from(blocks).unwrap_or(u64::MAX);
        let (undone, applied) = (count(changed.0.len()), count(changed.1.len()));
        self.0.candidates.lock().pin(hash);
        *self.0.refused.write() = None;
        self.adopt(next, changed);
        self.deepen()?;
        if undone == 0 {
            return Ok(Inserted::Extended);
        }
        tracing::info!(%hash, undone, applied, "ledger.reorganised");
        Ok(Inserted::Reorganised { undone, applied })
    }

    fn side(&self) -> Result<Inserted, Error> {
        self.begin_terminal()?;
        Ok(Inserted::Side)
    }

    /// Commits what of the best chain is too deep to be undone.
    fn deepen(&self) -> Result<(), Error> {
        let head = self.head();
        let Some(rules) = head.course.rules() else { return Ok(()) };
        let deep = Height(head.height().0.saturating_sub(rules.checkpoint));
        self.commit_worked(&head, deep.max(settled_by_turn(&head)))?;
        self.begin_terminal()
    }

    /// Commits the worked blocks of `head`, the head, up to `height`.
    fn commit_worked(&self, head: &Head, height: Height) -> Result<(), Error> {
        if height <= head.trail.base() {
            return Ok(());
        }
        self.commit(&head.trail, height, None)?;
        let missing = || Error::Missing("the head".to_owned());
        let trail = head.trail.settled_at(height);
        let settled = trail.on(Vec::new()).head().ok_or_else(missing)?;
        let head = trail.head().ok_or_else(missing)?;
        self.0.candidates.lock().settle(Arc::new(settled));
        *self.0.head.write() = Arc::new(head);
        Ok(())
    }

    /// After a restart: executes the worked blocks above the database's tip again and finds the heaviest chain.
    pub(crate) fn restore(&self) -> Result<(), Error> {
        if self.settled().course.next.is_none() {
            return Ok(());
        }
        for (height, hash, bytes) in self.0.db.candidates()? {
            let Ok(block) = decode(&bytes) else { continue };
            if block.hash != hash || block.height() != height {
                continue;
            }
            // Its time was judged when it came.
            if let Look::Stands(candidate) = self.look(block, u64::MAX)? {
                let kept = self.0.candidates.lock().insert(candidate.clone());
                if kept.is_ok() {
                    self.choose(&candidate)?;
                }
            }
        }
        self.begin_terminal()
    }

    /// A heavier chain that was refused because it forks off too deep: its height, and that of the block it would have undone.
    #[must_use]
    pub fn refused(&self) -> Option<(Height, Height)> {
        *self.0.refused.read()
    }

    /// Keeps beside the database what the course of the committed blocks of `head` rests on.
    pub(crate) fn keep_course(&self, candidate: &Candidate) -> Result<(), Error> {
        course::keep(&self.0.db, candidate.height(), candidate.hash(), &candidate.after.course)
    }

    /// The header of a block on any branch, or of a committed one.
    pub(crate) fn header_by_hash(&self, hash: &B256) -> Result<Option<Header>, Error> {
        let candidate = self.0.candidates.lock().get(hash).cloned();
        if let Some(candidate) = candidate {
            return Ok(Some(candidate.block.header().clone()));
        }
        match self.0.db.height_of(hash)? {
            Some(height) => Ok(self.0.db.header(height)?),
            None => Ok(None),
        }
    }

    /// The hash of the block at `height` of the best chain.
    pub(crate) fn hash_at(&self, height: Height) -> Result<Option<B256>, Error> {
        self.0.hash_of(height, &self.head().trail)
    }

    /// The rules of blocks on top of block `hash` above the floor, or on the floor.
    pub(crate) fn rules_after(&self, hash: &B256) -> Option<Rules> {
        let candidates = self.0.candidates.lock();
        if candidates.settled().hash() == *hash {
            return candidates.settled().course.next;
        }
        candidates.get(hash).and_then(|candidate| candidate.after.course.next)
    }

    /// Accumulated work of block `hash` above the floor, or of the floor.
    pub(crate) fn work_of(&self, hash: &B256) -> Option<U256> {
        let candidates = self.0.candidates.lock();
        if candidates.settled().hash() == *hash {
            return Some(candidates.settled().course.work);
        }
        candidates.get(hash).map(|candidate| candidate.after.course.work)
    }
}

/// Once the last worked height is reached, the block that enacted the change is as deep as the charter asks for, and everyone
/// goes on from it: the committee follows from its state.
fn settled_by_turn(head: &Head) -> Height {
    let rules = head.course.rules();
    let until = rules.and_then(|rules| Some((rules.until?, rules.confirmations)));
    match until {
        Some((until, confirmations)) if head.height() >= until => {
            Height(until.0.saturating_sub(confirmations))
        }
        _ => Height::GENESIS,
    }
}
