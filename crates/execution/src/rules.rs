//! What a charter fixes about blocks: limits, fees, time, and the fields of a header that follow from the parent.
//!
//! Rule kept: the rules of a block are those of the charter in force in the state it is built on. An amendment enacted at the
//! end of block `H` so rules from `H + 1` on, for whoever builds, checks, traces or asks, and no block is read twice to know.

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH};
use alloy_eips::{eip1559::BaseFeeParams, eip7685::EMPTY_REQUESTS_HASH};
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U256, keccak256};
use polity_charter::{Access, Charter, Clock, Fees};
use polity_institutions::{
    Slots,
    agenda::{ENACT_GAS_MAX, MARK_FAILED_GAS_MAX},
    constitution,
};
use polity_primitives::Header;

/// Most gas one signed transaction may have. Source: EIP-7825 (Osaka), kept as it is: tools already obey it, and it bounds
/// how long one transaction can hold a block. System transactions are exempt.
pub const TX_GAS_MAX: u64 = 16_777_216;

/// Most bytes of an encoded block. Bounds a consensus message. EIP-7934 allows 8 MiB; a block that four validators must
/// pass round several times a second is kept to half of that.
pub const BLOCK_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most bytes the signed transactions of a block may have together; the rest of [`BLOCK_BYTES_MAX`] is for the header and
/// for system transactions, so that no load of signed transactions can delay what the chain owes.
pub const SIGNED_BYTES_MAX: usize = 3 * 1024 * 1024;

/// Most system transactions in a block. What is due beyond waits for the next.
pub const SYSTEM_CALLS_MAX: u64 = 64;

/// Most pieces of evidence that the writer of a block carries in it. Each convicts a member that is then out, so more than two
/// in a row wait a block or two; a bound keeps them from filling one.
pub const CARRIED_MAX: usize = 2;

/// Gas of the system transactions of a block after which the rest waits for the next block, but for what belongs to a day of
/// the calendar. About 3 ms of work under a flood, durable commit included: less than an idle network takes for a block, so a
/// flood of decisions does not slow the chain down, and since a chain with something due waits for nothing, the next block
/// follows at once. Source: ADR 0016.
pub const SYSTEM_GAS_TARGET: u64 = 1_000_000;

/// The part of the block gas limit that signed transactions may use together at most, as a fraction. The rest is for system
/// transactions.
pub const SIGNED_GAS_SHARE: (u64, u64) = (3, 4);

/// Gas that a block may use for its accounts and for evidence, beside the largest system call that is due, when it is full of signed
/// transactions. The accounts of a block take some 150,000 and less than 5 million where delegates are chosen among 256 candidates, a
/// conviction some 450,000.
pub(crate) const BEGIN_GAS: u64 = 6_000_000;

/// Least gas of a block that is kept for system transactions: what it begins with, the largest of them and the record of its
/// failure. So whatever the gas limit is amended to, and however full blocks are, the charter can be amended again.
pub const SYSTEM_GAS_MIN: u64 = BEGIN_GAS + ENACT_GAS_MAX + MARK_FAILED_GAS_MAX;

/// Gas of the cheapest transaction there is. Source: EIP-2028, yellow paper `G_transaction`.
pub const TX_GAS_MIN: u64 = 21_000;

/// What execution needs to know of the charter a block is under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainRules {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Gas limit.
    pub block_gas_limit: u64,
    /// What transactions pay.
    pub fees: Fees,
    /// What timestamps are.
    pub clock: Clock,
    /// Who may send transactions.
    pub transact: Access,
    /// keccak-256 of the charter's text: the `extra_data` of the header.
    pub charter_hash: B256,
    /// Which blocks have accounts.
    pub closing: Closing,
}

/// Which blocks begin their system transactions with their accounts (`CONSTITUTION.close`): where the charter's incentive says
/// anything. Their tips go to the constitution, which shares them out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// Before `turn`.
    pub before: bool,
    /// From `turn` on.
    pub after: bool,
    /// First height under the settings of consensus in force or coming.
    pub turn: u64,
}

impl Closing {
    /// Whether block `height` has accounts.
    #[must_use]
    pub const fn at(&self, height: u64) -> bool {
        if height < self.turn { self.before } else { self.after }
    }
}

impl From<&Charter> for ChainRules {
    fn from(charter: &Charter) -> Self {
        Self {
            chain_id: charter.chain_id,
            block_gas_limit: charter.block_gas_limit,
            fees: charter.fees,
            clock: charter.clock.clone(),
            transact: charter.access.transact,
            charter_hash: charter.hash,
            closing: Closing { after: constitution::closes(&charter.consensus), ..Closing::default() },
        }
    }
}

impl ChainRules {
    /// The rules of the block on top of `state`, where these are the founding ones. What no amendment changes (chain id, the
    /// calendar) is taken from them; a state without a constitution, as conformance suites have, goes by them altogether.
    #[must_use]
    pub fn after(&self, state: &dyn Slots) -> Self {
        let Some(rules) = constitution::block_rules(state) else { return self.clone() };
        let (before, after, turn) = constitution::closing(state);
        Self {
            chain_id: self.chain_id,
            block_gas_limit: rules.gas_limit,
            fees: rules.fees,
            clock: self.clock.clone(),
            transact: rules.transact,
            charter_hash: constitution::charter_hash(state),
            closing: Closing { before, after, turn },
        }
    }

    /// Most gas the signed transactions of a block may use together.
    #[must_use]
    pub const fn signed_gas_max(&self) -> u64 {
        let (part, whole) = SIGNED_GAS_SHARE;
        let share = (self.block_gas_limit / whole).saturating_mul(part);
        let beside = self.block_gas_limit.saturating_sub(SYSTEM_GAS_MIN);
        if share < beside { share } else { beside }
    }

    /// Most gas one signed transaction may have on this chain.
    #[must_use]
    pub const fn tx_gas_max(&self) -> u64 {
        let signed = self.signed_gas_max();
        if signed < TX_GAS_MAX { signed } else { TX_GAS_MAX }
    }

    /// Whether transactions are free.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        matches!(self.fees, Fees::Free)
    }

    /// The base fee of the block after `parent`: zero where transactions are free. A market that begins after a free block
    /// begins at the charter's initial fee; one that goes on never comes down to zero. Units: wei per gas. Source: EIP-1559.
    #[must_use]
    pub fn next_base_fee(&self, parent: &Header) -> u64 {
        match self.fees {
            Fees::Free => 0,
            Fees::Market { initial_base_fee_wei } => parent
                .next_block_base_fee(BaseFeeParams::ethereum())
                .filter(|_| parent.base_fee_per_gas != Some(0))
                .unwrap_or(initial_base_fee_wei),
        }
    }

    /// The gas price `tx` really pays in a block of base fee `base_fee`: zero where transactions are free, whatever it
    /// offered. Units: wei per gas.
    #[must_use]
    pub fn effective_gas_price(&self, tx: &impl alloy_consensus::Transaction, base_fee: u64) -> u128 {
        if self.is_free() { 0 } else { tx.effective_gas_price(Some(base_fee)) }
    }

    /// The most `tx` can cost its sender: what the sender's balance must hold. Units: wei. Saturates.
    #[must_use]
    pub fn cost_max(&self, tx: &impl alloy_consensus::Transaction) -> U256 {
        let price = if self.is_free() { 0 } else { tx.max_fee_per_gas() };
        U256::from(tx.gas_limit()).saturating_mul(U256::from(price)).saturating_add(tx.value())
    }

    /// The timestamp to give the block after `parent` when the time of day is `now_secs`: the calendar's under a replay
    /// clock, else the time of day, but never before the parent's. Units: seconds since the epoch.
    #[must_use]
    pub fn next_timestamp(&self, parent: &Header, now_secs: u64) -> u64 {
        let height = parent.number.saturating_add(1);
        self.clock.timestamp_secs(height).unwrap_or_else(|| now_secs.max(parent.timestamp))
    }

    /// The header of the block after `parent`, as far as it is known before execution: every field but `gas_used`,
    /// `state_root`, `transactions_root`, `receipts_root` and `logs_bloom`.
    #[must_use]
    pub fn next_header(&self, parent: &Header, parent_hash: B256, attributes: &Attributes) -> Header {
        Header {
            parent_hash,
            number: parent.number.saturating_add(1),
            timestamp: attributes.timestamp_secs,
            beneficiary: attributes.beneficiary,
            difficulty: attributes.difficulty,
            base_fee_per_gas: Some(self.next_base_fee(parent)),
            mix_hash: attributes.mix_hash,
            ..self.blank_header()
        }
    }

    /// A header with every field that is the same in all blocks of this chain.
    pub(crate) fn blank_header(&self) -> Header {
        Header {
            parent_hash: B256::ZERO,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: Address::ZERO,
            state_root: EMPTY_ROOT_HASH,
            transactions_root: EMPTY_ROOT_HASH,
            receipts_root: EMPTY_ROOT_HASH,
            logs_bloom: Bloom::ZERO,
            difficulty: U256::ZERO,
            number: 0,
            gas_limit: self.block_gas_limit,
            gas_used: 0,
            timestamp: 0,
            extra_data: self.charter_hash.0.to_vec().into(),
            mix_hash: B256::ZERO,
            nonce: B64::ZERO,
            base_fee_per_gas: Some(0),
            withdrawals_root: Some(EMPTY_ROOT_HASH),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(B256::ZERO),
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            ..Header::default()
        }
    }
}

/// What consensus says about a block besides its transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Timestamp. Units: seconds since the epoch. See [`ChainRules::next_timestamp`].
    pub timestamp_secs: u64,
    /// The writer's consensus address; tips go there, unless the charter's incentive takes them into the accounts of the block.
    pub beneficiary: Address,
    /// `mix_hash` (`PREVRANDAO`): randomness, as consensus gives and judges it.
    pub mix_hash: B256,
    /// Expected hashes of a worked block; zero of a decided one. The chain of blocks judges it. Units: expected hashes.
    pub difficulty: U256,
    /// Consensus addresses of those whose turns before came to nothing: for the accounts of the block, see [`Closing`].
    pub missed: Vec<Address>,
    /// Evidence to carry, where blocks have accounts: what does not convict is left out. Bounds: [`CARRIED_MAX`] are looked at.
    pub evidence: Vec<Bytes>,
}

/// The `mix_hash` (`PREVRANDAO`) of a block whose writer proves none: a worked block, or one that is only imagined. It is known to
/// everyone one block ahead and chosen by the writer of the parent among the blocks it could make.
#[must_use]
pub fn randao(parent_hash: B256) -> B256 {
    keccak256([parent_hash.as_slice(), b"polity.randao"].concat())
}
