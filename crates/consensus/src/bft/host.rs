//! One sync type that answers whatever the library asks of a chain.
//!
//! Between a request and its answer nothing happens but calls of the [`Application`]. A block that is complete before its
//! parent is committed here waits in a short list and is judged when the parent is; the driver hands such late answers to the
//! library as if they had just arrived.
//!
//! Rule kept: a body is durable before its hash is answered, because the library's log keeps hashes only.
//!
//! Deliberately absent: votes, time-outs, and the decision to propose now (the driver asks when it wants an answer).

use std::ops::RangeInclusive;

use malachitebft_core_types::{self as library, Round, ValidatorSet as _};
use polity_primitives::{Address, B256, Certificate, Evidence, Height, Signature};

use super::{
    Assembler, BLOCK_BYTES_MAX, BlockHash, BlockHeight, Committee, Content, Context, Key, Progress, Refusal,
    SignatureBytes, StreamHead, StreamPart, ValidatorAddress, certificate_from_library,
    certificate_to_library, nonsense::Nonsense, split,
};
use crate::{Application, DECIDED_MS, Fatal, Verdict};

/// Most blocks that wait for their parent.
const EARLY_MAX: usize = 4;
/// Most bytes of blocks in one answer to a peer that catches up, unless the first alone is longer.
const HISTORY_BYTES_MAX: usize = BLOCK_BYTES_MAX;
/// Most blocks in one answer to a peer that catches up.
const HISTORY_BLOCKS_MAX: u64 = 256;

/// A judged block of a round, for the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedBlock {
    /// Height.
    pub height: Height,
    /// Round.
    pub round: Round,
    /// Round in which it had a quorum of prevotes, or nil.
    pub valid_round: Round,
    /// The proposer of the round.
    pub proposer: Address,
    /// The block's hash.
    pub hash: B256,
    /// `None` if valid, else why not.
    pub invalid: Option<String>,
}

/// What became of a synced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Synced {
    /// Judged.
    Judged(ProposedBlock),
    /// Not for the height that is wanted now; ask again.
    NotNow,
}

fn is_proposer(committee: &Committee, head: &StreamHead) -> bool {
    let turn = |round| committee.get().proposer(head.height.0, round).address;
    head.round.as_u32().map(turn) == Some(head.proposer.0)
}

/// Our side of the BFT engine.
pub struct Host {
    app: Box<dyn Application>,
    key: Option<Key>,
    committee: Committee,
    assembler: Assembler,
    early: Vec<(StreamHead, Vec<u8>)>,
    nonsense: Nonsense,
}

impl core::fmt::Debug for Host {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Host").field("tip", &self.app.tip()).field("key", &self.key).finish_non_exhaustive()
    }
}

impl Host {
    /// Answers for `app`; streams its proposals with `key`, if this node validates.
    ///
    /// # Errors
    /// [`Fatal`] if the committee of the next height cannot be read.
    pub fn new(mut app: Box<dyn Application>, key: Option<Key>) -> Result<Self, Fatal> {
        let committee = app.committee(app.tip().next())?.into();
        Ok(Self {
            app,
            key,
            committee,
            assembler: Assembler::new(),
            early: Vec::new(),
            nonsense: Nonsense::default(),
        })
    }

    /// The chain.
    #[must_use]
    pub fn app(&self) -> &dyn Application {
        &*self.app
    }

    /// The height to decide now.
    #[must_use]
    pub fn height(&self) -> Height {
        self.app.tip().next()
    }

    /// The committee that decides [`Self::height`].
    #[must_use]
    pub const fn committee(&self) -> &Committee {
        &self.committee
    }

    /// The block this node proposes, and the stream that carries it; `None` if it is asked for another height than the next,
    /// or has no key.
    ///
    /// # Errors
    /// [`Fatal`].
    pub fn propose(
        &mut self,
        height: Height,
        round: Round,
        now_ms: u64,
    ) -> Result<Option<(B256, Vec<Content>)>, Fatal> {
        let (Some(key), Some(number)) = (self.key.clone(), round.as_u32()) else { return Ok(None) };
        if height != self.height() {
            return Ok(None);
        }
        let block = self.app.build(height, number, now_ms)?;
        let body = block.encoded();
        let head = self.head(height, round, Round::Nil, key.address(), block.hash, &body, &key)?;
        Ok(Some((block.hash, split(head, &body))))
    }

    /// The stream that carries a block seen before; `None` if it is not kept, or this node has no key.
    ///
    /// # Errors
    /// [`Fatal`].
    pub fn restream(
        &mut self,
        height: Height,
        round: Round,
        valid_round: Round,
        proposer: Address,
        hash: B256,
    ) -> Result<Option<Vec<Content>>, Fatal> {
        let Some(key) = self.key.clone() else { return Ok(None) };
        let Some(body) = self.app.body(&hash)? else { return Ok(None) };
        let head = self.head(height, round, valid_round, proposer, hash, &body, &key)?;
        Ok(Some(split(head, &body)))
    }

    #[allow(clippy::too_many_arguments)]
    fn head(
        &self,
        height: Height,
        round: Round,
        valid_round: Round,
        proposer: Address,
        block: B256,
        body: &[u8],
        key: &Key,
    ) -> Result<StreamHead, Fatal> {
        let size = u32::try_from(body.len()).ok().filter(|_| body.len() <= BLOCK_BYTES_MAX);
        let size = size.ok_or_else(|| {
            Fatal(format!(
                "block {block} has {} bytes, but at most {BLOCK_BYTES_MAX} can be proposed",
                body.len()
            ))
        })?;
        let head = StreamHead {
            height: BlockHeight(height),
            round,
            valid_round,
            proposer: ValidatorAddress(proposer),
            block: BlockHash(block),
            size,
            streamer: ValidatorAddress(key.address()),
            signature: SignatureBytes(Signature::ZERO),
        };
        Ok(head.signed(self.app.chain_id(), key))
    }

    /// Takes a message of a stream; the judged block if it was the last missing and its parent is committed.
    /// A refusal is for the log: the library has nothing to know of it.
    ///
    /// # Errors
    /// [`Fatal`].
    pub fn part(
        &mut self,
        message: StreamPart,
        now_ms: u64,
    ) -> Result<Result<Option<ProposedBlock>, Refusal>, Fatal> {
        let (next, chain_id, committee) = (self.height(), self.app.chain_id(), self.committee.clone());
        let progress = self.assembler.add(message, |head| {
            if head.height.0 != next && head.height.0 != next.next() {
                return Err(Refusal::Height(head.height.0));
            }
            // The committee of the height after the next is not known yet; it is checked again when the block is judged.
            for who in [head.streamer, head.proposer] {
                if committee.get_by_address(&who).is_none() {
                    return Err(Refusal::Stranger(who.0));
                }
            }
            if head.height.0 == next && !is_proposer(&committee, head) {
                return Err(Refusal::Proposer(head.proposer.0));
            }
            if head.is_signed(chain_id) { Ok(()) } else { Err(Refusal::Unsigned) }
        });
        match progress {
            Progress::Waiting => Ok(Ok(None)),
            Progress::Refused(refusal) => Ok(Err(refusal)),
            Progress::Complete(head, body) if head.height.0 == next => {
                Ok(self.judge(&head, &body, now_ms)?.map(Some))
            }
            Progress::Complete(head, body) => {
                if self.early.len() < EARLY_MAX {
                    self.early.push((*head, body));
                }
                Ok(Ok(None))
            }
        }
    }

    /// Judges a whole block. That it is invalid is believed of its proposer's own stream only: another seat could otherwise
    /// spoil a good proposal by streaming its header with a broken body.
    fn judge(
        &mut self,
        head: &StreamHead,
        body: &[u8],
        now_ms: u64,
    ) -> Result<Result<ProposedBlock, Refusal>, Fatal> {
        let verdict = self.app.receive(body, head.height.0, now_ms)?;
        let invalid = match verdict {
            Verdict::Valid(hash) | Verdict::Invalid(hash, _) if hash != head.block.0 => {
                return Ok(Err(Refusal::Inconsistent));
            }
            Verdict::Invalid(..) if head.streamer != head.proposer => return Ok(Err(Refusal::Inconsistent)),
            Verdict::Invalid(_, reason) => {
                let evidence = self.nonsense.invalid(self.app.chain_id(), head, body);
                self.evidence(evidence)?;
                Some(reason)
            }
            Verdict::Valid(_) => None,
        };
        Ok(Ok(ProposedBlock {
            height: head.height.0,
            round: head.round,
            valid_round: head.valid_round,
            proposer: head.proposer.0,
            hash: head.block.0,
            invalid,
        }))
    }

    /// Commits a decided block. Returns its certificate, and the blocks that had waited for it.
    ///
    /// # Errors
    /// [`Fatal`], also if the certificate is for another height than the next.
    pub fn decided(
        &mut self,
        certificate: &library::CommitCertificate<Context>,
        now_ms: u64,
    ) -> Result<(Certificate, Vec<ProposedBlock>), Fatal> {
        let height = certificate.height.0;
        if height != self.height() {
            return Err(Fatal(format!(
                "the library decided height {height}, but the chain is at {}",
                self.app.tip()
            )));
        }
        let certificate = certificate_from_library(certificate, &self.committee)?;
        self.app.finalize(certificate.clone())?;
        if self.app.tip() != height {
            return Err(Fatal(format!("height {height} was finalized, but the tip is {}", self.app.tip())));
        }
        self.committee = self.app.committee(height.next())?.into();
        self.assembler.decided(height);
        self.nonsense.decided(height);
        let mut judged = Vec::new();
        for (head, body) in std::mem::take(&mut self.early) {
            let seated = self.committee.get_by_address(&head.streamer).is_some();
            if head.height.0 == height.next() && seated && is_proposer(&self.committee, &head) {
                judged.extend(self.judge(&head, &body, now_ms)?);
            }
        }
        Ok((certificate, judged))
    }

    /// Keeps a richer certificate of a committed block.
    ///
    /// # Errors
    /// [`Fatal`].
    pub fn enrich(&mut self, certificate: Certificate) -> Result<(), Fatal> {
        self.app.enrich(certificate)
    }

    /// Notes a proposal as it came from the network. Only a new one, of whoever has the turn, at a height that is being decided, costs
    /// the recovery of its signer. With a block that no state makes valid it is an offence, and recorded.
    ///
    /// # Errors
    /// [`Fatal`].
    pub fn proposal(&mut self, signed: &library::SignedProposal<Context>) -> Result<(), Fatal> {
        let (height, round) = (signed.message.height.0, signed.message.round.as_u32());
        let next = self.height();
        // As with streams: the committee of the height after the next is not known yet.
        let wanted = match round {
            Some(round) if height == next => {
                self.committee.get().proposer(height, round).address == signed.message.proposer.0
            }
            Some(_) if height == next.next() => {
                self.committee.get_by_address(&signed.message.proposer).is_some()
            }
            _ => false,
        };
        if !wanted {
            return Ok(());
        }
        let evidence = self.nonsense.signed(self.app.chain_id(), signed);
        self.evidence(evidence)
    }

    /// Records what a validator signed and should not have.
    ///
    /// # Errors
    /// [`Fatal`].
    pub fn evidence(&mut self, evidence: impl IntoIterator<Item = Evidence>) -> Result<(), Fatal> {
        evidence.into_iter().try_for_each(|evidence| self.app.evidence(evidence))
    }

    /// Judges a block that a peer sent with a certificate. The library has verified the certificate against the committee of
    /// the height, and compares the hash we answer with the certificate's.
    ///
    /// # Errors
    /// [`Fatal`].
    pub fn synced(
        &mut self,
        height: Height,
        round: Round,
        proposer: Address,
        body: &[u8],
    ) -> Result<Synced, Fatal> {
        if height != self.height() {
            return Ok(Synced::NotNow);
        }
        let (hash, invalid) = match self.app.receive(body, height, DECIDED_MS)? {
            Verdict::Valid(hash) => (hash, None),
            Verdict::Invalid(hash, reason) => (hash, Some(reason)),
        };
        Ok(Synced::Judged(ProposedBlock { height, round, valid_round: Round::Nil, proposer, hash, invalid }))
    }

    /// Committed blocks for a peer that catches up, from the start of `range`, as many as fit one answer.
    ///
    /// # Errors
    /// [`Fatal`].
    #[allow(clippy::type_complexity)]
    pub fn history(
        &mut self,
        range: &RangeInclusive<BlockHeight>,
    ) -> Result<Vec<(Vec<u8>, library::CommitCertificate<Context>)>, Fatal> {
        let (start, end) = (range.start().0.max(self.app.oldest()), range.end().0.min(self.app.tip()));
        if start != range.start().0 {
            return Ok(Vec::new());
        }
        let end = end.min(Height(start.0.saturating_add(HISTORY_BLOCKS_MAX - 1)));
        let (mut answer, mut bytes, mut height) = (Vec::new(), 0usize, start);
        while height <= end {
            let Some((body, certificate)) = self.app.decided(height..=height)?.into_iter().next() else {
                break;
            };
            bytes = bytes.saturating_add(body.len());
            if bytes > HISTORY_BYTES_MAX && !answer.is_empty() {
                break;
            }
            answer.push((body, certificate_to_library(&certificate)));
            height = height.next();
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
