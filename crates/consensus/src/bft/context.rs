//! The types the library is instantiated with.
//!
//! They wrap the chain's own words, because the library's traits and those words come from different crates. Every one that
//! travels or is logged has a borsh form.

use core::fmt;
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize, io};
use malachitebft_core_types as core_types;
use malachitebft_core_types::{LinearTimeouts, NilOrVal, Round, SignedExtension, VoteType, VotingPower};
use polity_constitution::Seat;
use polity_primitives::{Address, B256, Height};

use super::{Part, PublicKey, Scheme};

/// A consensus address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValidatorAddress(pub Address);

/// A block height.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockHeight(pub Height);

/// The value agreed upon: the hash of a block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockHash(pub B256);

macro_rules! forward_fmt {
    ($($t:ty),*) => { $(
        impl fmt::Debug for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
        impl fmt::Display for $t {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )* };
}
forward_fmt!(ValidatorAddress, BlockHeight, BlockHash);

macro_rules! borsh_bytes {
    ($($t:ty, $inner:ty, $n:literal);*) => { $(
        impl BorshSerialize for $t {
            fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
                writer.write_all(self.0.as_slice())
            }
        }
        impl BorshDeserialize for $t {
            fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
                let mut bytes = [0u8; $n];
                reader.read_exact(&mut bytes)?;
                Ok(Self(<$inner>::from(bytes)))
            }
        }
    )* };
}
borsh_bytes!(ValidatorAddress, Address, 20; BlockHash, B256, 32);

impl BorshSerialize for BlockHeight {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        self.0.0.serialize(writer)
    }
}

impl BorshDeserialize for BlockHeight {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        u64::deserialize_reader(reader).map(|height| Self(Height(height)))
    }
}

impl core_types::Address for ValidatorAddress {}

impl core_types::Height for BlockHeight {
    const ZERO: Self = Self(Height::GENESIS);
    const INITIAL: Self = Self(Height(1));

    fn increment_by(&self, n: u64) -> Self {
        Self(Height(self.0.0.saturating_add(n)))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.0.checked_sub(n).map(|height| Self(Height(height)))
    }

    fn as_u64(&self) -> u64 {
        self.0.0
    }
}

impl core_types::Value for BlockHash {
    type Id = Self;

    fn id(&self) -> Self {
        *self
    }
}

/// A seat of the committee, as the library sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    address: ValidatorAddress,
    public_key: PublicKey,
    power: VotingPower,
}

impl core_types::Validator<Context> for Validator {
    fn address(&self) -> &ValidatorAddress {
        &self.address
    }

    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn voting_power(&self) -> VotingPower {
        self.power
    }
}

/// A committee, as the library sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Committee(Arc<(polity_constitution::Committee, Vec<Validator>)>);

impl Committee {
    /// The committee behind it.
    #[must_use]
    pub fn get(&self) -> &polity_constitution::Committee {
        &self.0.0
    }
}

impl From<polity_constitution::Committee> for Committee {
    fn from(committee: polity_constitution::Committee) -> Self {
        let seat = |seat: &Seat| Validator {
            address: ValidatorAddress(seat.address),
            public_key: PublicKey(seat.public_key),
            power: seat.power,
        };
        let validators = committee.seats().iter().map(seat).collect();
        Self(Arc::new((committee, validators)))
    }
}

impl PartialEq for Committee {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.get() == other.get()
    }
}

impl Eq for Committee {}

impl core_types::ValidatorSet<Context> for Committee {
    fn count(&self) -> usize {
        self.0.1.len()
    }

    fn total_voting_power(&self) -> VotingPower {
        self.get().total_power()
    }

    fn get_by_address(&self, address: &ValidatorAddress) -> Option<&Validator> {
        // Seats, and so validators, are sorted by address.
        let validators = &self.0.1;
        validators.binary_search_by_key(address, |v| v.address).ok().and_then(|i| validators.get(i))
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.0.1.get(index)
    }
}

/// A block proposal of a round.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockProposal {
    /// Height.
    pub height: BlockHeight,
    /// Round.
    pub round: Round,
    /// The proposed block.
    pub block: BlockHash,
    /// The round in which it had a quorum of prevotes, or nil.
    pub valid_round: Round,
    /// The proposer.
    pub proposer: ValidatorAddress,
}

impl core_types::Proposal<Context> for BlockProposal {
    fn height(&self) -> BlockHeight {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &BlockHash {
        &self.block
    }

    fn take_value(self) -> BlockHash {
        self.block
    }

    fn pol_round(&self) -> Round {
        self.valid_round
    }

    fn validator_address(&self) -> &ValidatorAddress {
        &self.proposer
    }
}

/// A prevote or precommit. It has no room for an extension: nothing may travel unsigned.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote {
    /// Prevote or precommit.
    pub kind: VoteType,
    /// Height.
    pub height: BlockHeight,
    /// Round.
    pub round: Round,
    /// The block voted for, or nil.
    pub block: NilOrVal<BlockHash>,
    /// The voter.
    pub validator: ValidatorAddress,
}

impl core_types::Vote<Context> for Vote {
    fn height(&self) -> BlockHeight {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &NilOrVal<BlockHash> {
        &self.block
    }

    fn take_value(self) -> NilOrVal<BlockHash> {
        self.block
    }

    fn vote_type(&self) -> VoteType {
        self.kind
    }

    fn validator_address(&self) -> &ValidatorAddress {
        &self.validator
    }

    fn extension(&self) -> Option<&SignedExtension<Context>> {
        None
    }

    fn take_extension(&mut self) -> Option<SignedExtension<Context>> {
        None
    }

    fn extend(self, _: SignedExtension<Context>) -> Self {
        self
    }
}

/// Names the types above to the library, and makes its messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context;

impl core_types::Context for Context {
    type Address = ValidatorAddress;
    type Height = BlockHeight;
    type ProposalPart = Part;
    type Proposal = BlockProposal;
    type Validator = Validator;
    type ValidatorSet = Committee;
    type Timeouts = LinearTimeouts;
    type Value = BlockHash;
    type Vote = Vote;
    type Extension = ();
    type SigningScheme = Scheme;

    fn select_proposer<'a>(
        &self,
        committee: &'a Committee,
        height: BlockHeight,
        round: Round,
    ) -> &'a Validator {
        let seat = committee.get().proposer(height.0, round.as_u32().unwrap_or(0));
        core_types::ValidatorSet::get_by_address(committee, &ValidatorAddress(seat.address))
            .expect("the proposer is a seat of the committee, and every seat is a validator")
    }

    fn new_proposal(
        &self,
        height: BlockHeight,
        round: Round,
        block: BlockHash,
        valid_round: Round,
        proposer: ValidatorAddress,
    ) -> BlockProposal {
        BlockProposal { height, round, block, valid_round, proposer }
    }

    fn new_prevote(
        &self,
        height: BlockHeight,
        round: Round,
        block: NilOrVal<BlockHash>,
        validator: ValidatorAddress,
    ) -> Vote {
        Vote { kind: VoteType::Prevote, height, round, block, validator }
    }

    fn new_precommit(
        &self,
        height: BlockHeight,
        round: Round,
        block: NilOrVal<BlockHash>,
        validator: ValidatorAddress,
    ) -> Vote {
        Vote { kind: VoteType::Precommit, height, round, block, validator }
    }
}
