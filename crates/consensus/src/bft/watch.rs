//! What the votes of the last heights tell: who is present, which signatures came late, who said two things at once.
//!
//! The library drops votes of past heights, so it neither completes certificates nor finds a double vote that arrives late. This
//! keeps the verified votes of the last [`WATCH_HEIGHTS`] heights and does both.
//!
//! Rule kept: nothing here influences what is decided.
//!
//! Deliberately absent: verification of votes of the current height; the library does it and tells us.

use std::{collections::BTreeMap, fmt, sync::Arc};

use polity_constitution::Committee;
use polity_primitives::{
    Address, B256, Certificate, CommitSignature, Evidence, Height, Signature, SignedVote, VoteKind,
    recover_signer, vote_digest,
};

/// Heights whose votes are kept.
pub const WATCH_HEIGHTS: u64 = 8;
/// Most votes kept.
pub const WATCH_VOTES_MAX: usize = 65_536;
/// Most rounds ahead of round 0 that a late vote is looked at for.
const ROUNDS_MAX: u32 = 64;
/// Most votes of the height being decided that are kept as they came.
const PENDING_MAX: usize = 16_384;

type VoteKey = (Height, u32, VoteKind, Address);

/// Says whether a vote is signed by whom it names.
#[derive(Clone)]
pub struct Judge(Arc<dyn Fn(&SignedVote) -> bool + Send + Sync>);

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Judge")
    }
}

impl Judge {
    /// Recovers the signer of each vote of chain `chain_id`.
    #[must_use]
    pub fn new(chain_id: u64) -> Self {
        Self::by(move |vote| {
            let digest = vote_digest(chain_id, vote.kind, Height(vote.height), vote.round, vote.block_hash);
            recover_signer(digest, &vote.signature) == Some(vote.validator)
        })
    }

    /// Judges as `judge` does, which must find the same as [`Self::new`]: the lab remembers what another node found.
    #[must_use]
    pub fn by(judge: impl Fn(&SignedVote) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(judge))
    }

    /// Whether `vote` is signed by whom it names.
    #[must_use]
    pub fn is_good(&self, vote: &SignedVote) -> bool {
        (self.0)(vote)
    }
}

/// Listens to votes.
#[derive(Debug)]
pub struct Watch {
    judge: Judge,
    /// Height being decided.
    height: Height,
    committees: BTreeMap<Height, Committee>,
    heard: BTreeMap<Address, Height>,
    votes: BTreeMap<VoteKey, (Option<B256>, Signature)>,
    /// Votes of the height being decided, as they came. Those that the library did not get to look at are looked at when the
    /// height is decided.
    pending: Vec<SignedVote>,
    last: Option<Certificate>,
    grown: bool,
    evidence: Vec<Evidence>,
}

impl Watch {
    /// Watches chain `chain_id`.
    #[must_use]
    pub fn new(chain_id: u64) -> Self {
        Self::judging(Judge::new(chain_id))
    }

    /// Watches with `judge`.
    #[must_use]
    pub fn judging(judge: Judge) -> Self {
        Self {
            judge,
            height: Height::GENESIS,
            committees: BTreeMap::new(),
            heard: BTreeMap::new(),
            votes: BTreeMap::new(),
            pending: Vec::new(),
            last: None,
            grown: false,
            evidence: Vec::new(),
        }
    }

    /// `height` is being decided now, by `committee`.
    pub fn started(&mut self, height: Height, committee: &Committee) {
        self.height = height;
        self.committees.insert(height, committee.clone());
        for vote in std::mem::take(&mut self.pending) {
            self.received(&vote);
        }
        let oldest = Height(height.0.saturating_sub(WATCH_HEIGHTS));
        self.committees = self.committees.split_off(&oldest);
        self.votes = self.votes.split_off(&(oldest, 0, VoteKind::Prevote, Address::ZERO));
        self.heard.retain(|who, _| committee.seat(who).is_some());
    }

    /// Notes a vote whose signature is known to be good.
    pub fn verified(&mut self, vote: &SignedVote) {
        let height = Height(vote.height);
        let Some(committee) = self.committees.get(&height) else { return };
        if committee.seat(&vote.validator).is_none() {
            return;
        }
        let heard = self.heard.entry(vote.validator).or_default();
        *heard = height.max(*heard);
        if self.votes.len() < WATCH_VOTES_MAX {
            let key = (height, vote.round, vote.kind, vote.validator);
            self.votes.entry(key).or_insert((vote.block_hash, vote.signature));
        }
    }

    /// Looks at a vote as it came from the network. Only one of a past height, not seen before, costs a signature recovery.
    pub fn received(&mut self, vote: &SignedVote) {
        let height = Height(vote.height);
        let Some(committee) = self.committees.get(&height) else { return };
        if vote.round > ROUNDS_MAX || committee.seat(&vote.validator).is_none() {
            return;
        }
        if height >= self.height {
            if self.pending.len() < PENDING_MAX {
                self.pending.push(vote.clone());
            }
            return;
        }
        let known = self.votes.get(&(height, vote.round, vote.kind, vote.validator)).copied();
        if known.is_some_and(|(block, _)| block == vote.block_hash) {
            return;
        }
        if !self.judge.is_good(vote) {
            return;
        }
        match known {
            Some((block_hash, signature)) => {
                let first = SignedVote { block_hash, signature, ..vote.clone() };
                let evidence = Evidence::DoubleVote { first, second: vote.clone() };
                if !self.evidence.contains(&evidence) && self.evidence.len() < WATCH_VOTES_MAX {
                    self.evidence.push(evidence);
                }
            }
            None => {
                self.verified(vote);
                self.complete(vote);
            }
        }
    }

    /// `certificate` decided its height. Returns the certificate of the height before, if late signatures made it grow.
    pub fn decided(&mut self, certificate: Certificate) -> Option<Certificate> {
        for commit in &certificate.signatures {
            self.verified(&SignedVote {
                kind: VoteKind::Precommit,
                height: certificate.height,
                round: certificate.round,
                block_hash: Some(certificate.block_hash),
                validator: commit.validator,
                signature: commit.signature,
            });
        }
        let (height, round) = (Height(certificate.height), certificate.round);
        let before = self.last.replace(certificate);
        let richer = std::mem::take(&mut self.grown).then_some(before).flatten();
        let from = (height, round, VoteKind::Precommit, Address::ZERO);
        let known: Vec<_> =
            self.votes.range(from..).take_while(|((h, r, ..), _)| (*h, *r) == (height, round)).collect();
        let known: Vec<_> = known
            .into_iter()
            .map(|((.., validator), (block_hash, signature))| SignedVote {
                kind: VoteKind::Precommit,
                height: height.0,
                round,
                block_hash: *block_hash,
                validator: *validator,
                signature: *signature,
            })
            .collect();
        for vote in known {
            self.complete(&vote);
        }
        richer
    }

    /// Double votes found since the last call.
    pub fn take_evidence(&mut self) -> Vec<Evidence> {
        std::mem::take(&mut self.evidence)
    }

    /// The last height at which a good vote of `who` was heard.
    #[must_use]
    pub fn heard(&self, who: &Address) -> Option<Height> {
        self.heard.get(who).copied()
    }

    /// The committee of one of the last heights.
    #[must_use]
    pub fn committee(&self, height: Height) -> Option<&Committee> {
        self.committees.get(&height)
    }

    /// Adds a late precommit to the last certificate.
    fn complete(&mut self, vote: &SignedVote) {
        let Some(last) = &mut self.last else { return };
        let power =
            self.committees.get(&Height(vote.height)).and_then(|c| c.seat(&vote.validator)).map(|s| s.power);
        let same = vote.kind == VoteKind::Precommit
            && (vote.height, vote.round, vote.block_hash) == (last.height, last.round, Some(last.block_hash));
        if !same || power.unwrap_or(0) == 0 {
            return;
        }
        if let Err(at) = last.signatures.binary_search_by_key(&vote.validator, |commit| commit.validator) {
            last.signatures
                .insert(at, CommitSignature { validator: vote.validator, signature: vote.signature });
            self.grown = true;
        }
    }
}
