//! The ledger as the engines see it.

use std::{ops::RangeInclusive, sync::Arc};

use polity_consensus::{Application, Fatal, Verdict};
use polity_constitution::{
    Committee,
    randomness::{Prover, RandomnessError},
};
use polity_institutions::BlockInfo;
use polity_primitives::{Address, B256, Certificate, Evidence, Height, SealedBlock};

use crate::{Error, Ledger, view::StateSlots, write::Judged};

/// Most bytes of blocks answered to a peer that catches up, after the first block.
const DECIDED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Under which name a node proposes, and with which randomness. An observer has both and is never asked.
#[derive(Clone, Debug)]
pub struct Proposer {
    /// Its consensus address.
    pub address: Address,
    /// Its peer secret, as far as it answers for randomness.
    pub prover: Arc<Prover>,
}

impl Proposer {
    /// Proposes as the consensus address `address`, with the randomness of `peer_secret`.
    ///
    /// # Errors
    /// [`RandomnessError::Key`].
    pub fn new(address: Address, peer_secret: &[u8; 32]) -> Result<Self, RandomnessError> {
        Ok(Self { address, prover: Arc::new(Prover::new(peer_secret)?) })
    }
}

/// The ledger with the name it proposes under.
#[derive(Clone, Debug)]
pub struct LedgerApplication {
    ledger: Ledger,
    proposer: Proposer,
}

impl Ledger {
    /// This ledger, proposing as `proposer`.
    #[must_use]
    pub fn application(&self, proposer: Proposer) -> LedgerApplication {
        LedgerApplication { ledger: self.clone(), proposer }
    }
}

/// An error of the ledger stops the node before it signs anything.
fn fatal(error: Error) -> Fatal {
    Fatal::because(&error)
}

impl Application for LedgerApplication {
    fn chain_id(&self) -> u64 {
        self.ledger.charter().chain_id
    }

    fn tip(&self) -> Height {
        self.ledger.decided_tip()
    }

    fn decides(&self, height: Height) -> bool {
        let ledger = &self.ledger;
        ledger.terminal() == Some(height) || ledger.head().course.next.is_none()
    }

    fn committee(&mut self, height: Height) -> Result<Committee, Fatal> {
        self.ledger.committee_at(height).map(|committee| (*committee).clone()).map_err(fatal)
    }

    fn build(&mut self, height: Height, round: u32, now_ms: u64) -> Result<SealedBlock, Fatal> {
        let expected = self.tip().next();
        if height != expected {
            return Err(Fatal(format!("asked to build block {height} where {expected} is next")));
        }
        self.ledger.propose(&self.proposer, round, now_ms).map_err(fatal)
    }

    fn receive(&mut self, block_bytes: &[u8], height: Height, now_ms: u64) -> Result<Verdict, Fatal> {
        Ok(match self.ledger.judge(block_bytes, height, now_ms).map_err(fatal)? {
            Judged::Valid(hash) => Verdict::Valid(hash),
            Judged::Invalid(hash, reason) => Verdict::Invalid(hash, reason),
        })
    }

    fn body(&mut self, hash: &B256) -> Result<Option<Vec<u8>>, Fatal> {
        self.ledger.body(hash).map_err(fatal)
    }

    fn finalize(&mut self, certificate: Certificate) -> Result<(), Fatal> {
        self.ledger.settle(&certificate).map_err(fatal)
    }

    fn enrich(&mut self, certificate: Certificate) -> Result<(), Fatal> {
        self.ledger.enrich(&certificate).map_err(fatal)
    }

    fn decided(&mut self, range: RangeInclusive<Height>) -> Result<Vec<(Vec<u8>, Certificate)>, Fatal> {
        self.ledger.decided(range).map_err(fatal)
    }

    fn oldest(&self) -> Height {
        self.ledger.certified_from().unwrap_or(Height::GENESIS.next())
    }

    fn evidence(&mut self, evidence: Evidence) -> Result<(), Fatal> {
        self.ledger.record_evidence(evidence).map_err(fatal)
    }

    fn ready(&self) -> bool {
        if self.ledger.terminal().is_some() {
            return true;
        }
        let head = self.ledger.head();
        let next = self.ledger.next_block(&head, None);
        // The next day of a replay comes when its turn is, whatever is due on it: else the more a charter does by itself, the fewer seconds
        // people would have to vote and to object. What the last day left undone waits for nothing.
        let replayed = self.ledger.charter().clock.timestamp_secs(next.number).is_some();
        let info = BlockInfo {
            height: next.number,
            timestamp_secs: if replayed { head.header().timestamp } else { next.timestamp_secs },
            chain_id: self.ledger.charter().chain_id,
            ..BlockInfo::default()
        };
        self.ledger.mempool().has_executable(&next)
            || !self.ledger.due_now().is_empty()
            || polity_institutions::next_due(&StateSlots(&head.state), &info).is_some()
    }

    fn block_time_ms(&self) -> u64 {
        let head = self.ledger.head();
        head.agreement.block_rules.pace_ms(head.header().timestamp)
    }
}

impl Ledger {
    /// The height below the one a committee decides next.
    fn decided_tip(&self) -> Height {
        let terminal = self.terminal().and_then(Height::previous);
        terminal.unwrap_or_else(|| self.head().height())
    }

    pub(crate) fn body(&self, hash: &B256) -> Result<Option<Vec<u8>>, Error> {
        let candidate = self.0.candidates.lock().get(hash).cloned();
        if let Some(candidate) = candidate {
            return Ok(Some(candidate.block.block.encoded()));
        }
        if let Some((_, bytes)) = self.0.db.candidate(hash)? {
            return Ok(Some(bytes));
        }
        let Some(height) = self.0.db.height_of(hash)? else { return Ok(None) };
        Ok(self.0.db.block(height)?.map(|block| block.encoded()))
    }

    fn enrich(&self, certificate: &Certificate) -> Result<(), Error> {
        let height = Height(certificate.height);
        let richer = self
            .certificate(height)?
            .is_none_or(|known| known.signatures.len() < certificate.signatures.len());
        if richer {
            self.0.db.put_certificate(certificate)?;
        }
        Ok(())
    }

    fn decided(&self, range: RangeInclusive<Height>) -> Result<Vec<(Vec<u8>, Certificate)>, Error> {
        let mut decided = Vec::new();
        let mut bytes = 0usize;
        for height in (range.start().0..=range.end().0).map(Height) {
            let (Some(block), Some(certificate)) = (self.0.db.block(height)?, self.certificate(height)?)
            else {
                break;
            };
            let body = block.encoded();
            bytes = bytes.saturating_add(body.len());
            if bytes > DECIDED_BYTES_MAX && !decided.is_empty() {
                break;
            }
            decided.push((body, certificate));
        }
        Ok(decided)
    }
}
