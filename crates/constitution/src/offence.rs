//! What evidence proves: pure checks of what a validator signed.
//!
//! Rule kept: whoever follows the protocol cannot be found guilty, whatever others send. Each offence is something that a
//! correct program never signs: two votes or two proposals for one height and round, or a block whose header breaks a rule in
//! every state. So nothing here asks what the chain's state was, and nothing that depends on it is evidence.
//!
//! Deliberately absent: silence, late votes, withheld blocks: nobody can prove what was not said (ADR 0019). And amnesia (a
//! vote against one's own lock), which needs everything a validator received to be told from a legitimate change of mind.

use polity_primitives::{
    Accusation, AccusationError, Address, B256, Header, Height, ProposalPair, SealedHeader, SignedHeader,
    VotePair, keccak256, proposal_digest, recover_signer, vote_digest, vote_kind, work_digest,
};

use crate::is_solved;

/// What somebody is guilty of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OffenceKind {
    /// Two votes of one kind in one round.
    DoubleVote = 1,
    /// Two proposals in one round.
    DoubleProposal = 2,
    /// A proposal of a block that is valid in no state.
    InvalidProposal = 3,
    /// A worked block that is valid in no state.
    InvalidWork = 4,
}

impl OffenceKind {
    /// Whether it is saying two things at once (`slash.double_sign`), not writing nonsense (`slash.invalid`).
    #[must_use]
    pub const fn is_double(self) -> bool {
        matches!(self, Self::DoubleVote | Self::DoubleProposal)
    }

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DoubleVote => "double vote",
            Self::DoubleProposal => "double proposal",
            Self::InvalidProposal => "invalid proposal",
            Self::InvalidWork => "invalid worked block",
        }
    }

    /// The kind of a stored number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::DoubleVote),
            2 => Some(Self::DoubleProposal),
            3 => Some(Self::InvalidProposal),
            4 => Some(Self::InvalidWork),
            _ => None,
        }
    }
}

/// A proved offence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offence {
    /// What.
    pub kind: OffenceKind,
    /// Height signed for.
    pub height: u64,
    /// Round signed for; 0 under work.
    pub round: u32,
    /// Consensus address that signed.
    pub culprit: Address,
    /// One per offence: two other signatures about the same turn are not a second offence.
    pub key: B256,
    /// Which rule a header breaks; empty for signing twice.
    pub rule: String,
}

/// Why evidence proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoOffence {
    /// The bytes are no evidence.
    #[error(transparent)]
    Malformed(#[from] AccusationError),
    /// Neither prevote nor precommit.
    #[error("there is no vote of kind {0}")]
    VoteKind(u8),
    /// Twice the same thing.
    #[error("both signatures are for the same value {0}: saying one thing twice is no offence")]
    Same(B256),
    /// A signature that no key made over this.
    #[error("the {0} signature is not over what the evidence states, or is malformed")]
    Unsigned(&'static str),
    /// Two authors.
    #[error("the first is signed by {first}, the second by {second}: two validators may disagree")]
    TwoSigners {
        /// Author of the first.
        first: Address,
        /// Author of the second.
        second: Address,
    },
    /// A header that keeps every rule that it alone can show.
    #[error("the header breaks no rule that it shows by itself")]
    ValidHeader,
}

/// What `bytes` prove on chain `chain_id`.
///
/// Cost: two signature recoveries at most.
///
/// # Errors
/// [`NoOffence`] names the check that fails.
pub fn offence(chain_id: u64, bytes: &[u8]) -> Result<Offence, NoOffence> {
    match Accusation::from_bytes(bytes)? {
        Accusation::DoubleVote(pair) => double_vote(chain_id, &pair),
        Accusation::DoubleProposal(pair) => double_proposal(chain_id, &pair),
        Accusation::InvalidProposal(signed) => invalid_proposal(chain_id, &signed),
        Accusation::InvalidWork(sealed) => invalid_work(chain_id, &sealed),
    }
}

fn double_vote(chain_id: u64, pair: &VotePair) -> Result<Offence, NoOffence> {
    let kind = vote_kind(pair.kind).ok_or(NoOffence::VoteKind(pair.kind))?;
    if pair.first_hash == pair.second_hash {
        return Err(NoOffence::Same(pair.first_hash));
    }
    let digest = |hash: B256| {
        vote_digest(
            chain_id,
            kind,
            Height(pair.height),
            pair.round,
            Some(hash).filter(|hash| !hash.is_zero()),
        )
    };
    let first = recover_signer(digest(pair.first_hash), &pair.first);
    let second = recover_signer(digest(pair.second_hash), &pair.second);
    let culprit = one(first, second)?;
    Ok(found(OffenceKind::DoubleVote, pair.kind, pair.height, pair.round, culprit, String::new()))
}

fn double_proposal(chain_id: u64, pair: &ProposalPair) -> Result<Offence, NoOffence> {
    if (pair.first_hash, pair.first_valid) == (pair.second_hash, pair.second_valid) {
        return Err(NoOffence::Same(pair.first_hash));
    }
    let digest = |hash: B256, valid: u64| {
        let valid = valid.checked_sub(1).and_then(|round| u32::try_from(round).ok());
        proposal_digest(chain_id, Height(pair.height), pair.round, valid, hash)
    };
    let first = recover_signer(digest(pair.first_hash, pair.first_valid), &pair.first);
    let second = recover_signer(digest(pair.second_hash, pair.second_valid), &pair.second);
    let culprit = one(first, second)?;
    Ok(found(OffenceKind::DoubleProposal, 0, pair.height, pair.round, culprit, String::new()))
}

fn invalid_proposal(chain_id: u64, signed: &SignedHeader) -> Result<Offence, NoOffence> {
    let hash = keccak256(&signed.header);
    let digest = proposal_digest(chain_id, Height(signed.height), signed.round, None, hash);
    let culprit = recover_signer(digest, &signed.signature).ok_or(NoOffence::Unsigned("proposal's"))?;
    let rule = broken_rule(&signed.header, Some((signed.height, culprit))).ok_or(NoOffence::ValidHeader)?;
    Ok(found(OffenceKind::InvalidProposal, 0, signed.height, signed.round, culprit, rule))
}

fn invalid_work(chain_id: u64, sealed: &SealedHeader) -> Result<Offence, NoOffence> {
    let digest = work_digest(chain_id, keccak256(&sealed.header));
    let culprit = recover_signer(digest, &sealed.signature).ok_or(NoOffence::Unsigned("seal's"))?;
    let rule = broken_rule(&sealed.header, None).ok_or(NoOffence::ValidHeader)?;
    let height = decoded(&sealed.header).map_or(0, |header| header.number);
    // Blocks that compete at one height are no offence under work, so the hash tells one from the other.
    let mut offence = found(OffenceKind::InvalidWork, 0, height, 0, culprit, rule);
    offence.key = keccak256([offence.key.as_slice(), keccak256(&sealed.header).as_slice()].concat());
    Ok(offence)
}

fn one(first: Option<Address>, second: Option<Address>) -> Result<Address, NoOffence> {
    let first = first.ok_or(NoOffence::Unsigned("first"))?;
    let second = second.ok_or(NoOffence::Unsigned("second"))?;
    if first == second { Ok(first) } else { Err(NoOffence::TwoSigners { first, second }) }
}

fn found(kind: OffenceKind, vote: u8, height: u64, round: u32, culprit: Address, rule: String) -> Offence {
    let mut bytes = vec![kind as u8, vote];
    bytes.extend(height.to_be_bytes());
    bytes.extend(round.to_be_bytes());
    bytes.extend(culprit);
    Offence { kind, height, round, culprit, key: keccak256(bytes), rule }
}

fn decoded(bytes: &[u8]) -> Option<Header> {
    use alloy_rlp::Decodable as _;
    let mut rest = bytes;
    let header = Header::decode(&mut rest).ok()?;
    (rest.is_empty() && alloy_rlp::encode(&header) == bytes).then_some(header)
}

/// The first rule about headers that these bytes break whatever the state; `signed` is the height that the proposal states and
/// its author.
///
/// A header that states work must show it; how much it has to state depends on the blocks before it and is not looked at, as fees,
/// timestamps and roots are not.
#[must_use]
pub fn broken_rule(bytes: &[u8], signed: Option<(u64, Address)>) -> Option<String> {
    use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH};
    use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
    let Some(header) = decoded(bytes) else { return Some("the block hash is that of no header".to_owned()) };
    let worked = !header.difficulty.is_zero();
    let rules = [
        signed
            .filter(|(height, _)| *height != header.number)
            .map(|(height, _)| format!("proposed at height {height}, its header says {}", header.number)),
        // Between two engines a block that another worked is proposed by whoever has the turn.
        signed.filter(|(_, who)| !worked && *who != header.beneficiary).map(|(who, _)| {
            format!("proposed as new by {who}, its header says that {} wrote it", header.beneficiary)
        }),
        (worked && !is_solved(&header))
            .then(|| format!("its hash does not meet the difficulty {} that it states", header.difficulty)),
        (!worked && signed.is_none()).then(|| "it is sealed as worked and states no work".to_owned()),
        (header.gas_used > header.gas_limit)
            .then(|| format!("{} gas used of at most {}", header.gas_used, header.gas_limit)),
        (header.ommers_hash != EMPTY_OMMER_ROOT_HASH).then(|| "it has uncles".to_owned()),
        (header.withdrawals_root != Some(EMPTY_ROOT_HASH)).then(|| "it has withdrawals".to_owned()),
        ((header.blob_gas_used, header.excess_blob_gas) != (Some(0), Some(0)))
            .then(|| "it has blobs".to_owned()),
        (header.parent_beacon_block_root != Some(B256::ZERO)).then(|| "it has a beacon block".to_owned()),
        (header.requests_hash != Some(EMPTY_REQUESTS_HASH)).then(|| "it has requests".to_owned()),
        (header.extra_data.len() != 32).then(|| "it does not name the charter in force".to_owned()),
        header.base_fee_per_gas.is_none().then(|| "it has no base fee".to_owned()),
    ];
    rules.into_iter().flatten().next()
}
