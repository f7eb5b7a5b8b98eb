//! What a transaction must satisfy to wait here.
//!
//! The words of the refusals are geth's, since wallets and libraries look for them.

use alloy_consensus::Transaction as _;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::U256;
use polity_primitives::RecoveredTransaction;

use crate::limits::{
    CONDITION_AHEAD_BLOCKS_MAX, CONDITION_AHEAD_SECS_MAX, SENDER_MAX, TRANSACTION_BYTES_MAX,
};

/// Why a transaction was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// It waits here already.
    #[error("already known")]
    AlreadyKnown,
    /// Signed for another chain, or for none.
    #[error("invalid chain id for signer: have {have:?} want {want}")]
    ChainId {
        /// In the transaction.
        have: Option<u64>,
        /// Of this chain.
        want: u64,
    },
    /// The account has used this nonce.
    #[error("nonce too low: next nonce {account}, tx nonce {tx}")]
    NonceTooLow {
        /// The account's nonce.
        account: u64,
        /// The transaction's.
        tx: u64,
    },
    /// Too far ahead of the account, or at the end of nonces.
    #[error("nonce too high: next nonce {account}, tx nonce {tx}, at most {SENDER_MAX} ahead")]
    NonceTooHigh {
        /// The account's nonce.
        account: u64,
        /// The transaction's.
        tx: u64,
    },
    /// The account cannot pay for it.
    #[error("insufficient funds for gas * price + value: balance {balance}, tx cost {cost}")]
    Funds {
        /// Units: wei.
        balance: U256,
        /// Units: wei.
        cost: U256,
    },
    /// Below what any transaction of its size uses.
    #[error("intrinsic gas too low: gas {gas}, minimum needed {need}")]
    IntrinsicGas {
        /// The transaction's gas limit.
        gas: u64,
        /// Least that would do.
        need: u64,
    },
    /// More gas than a block gives to signed transactions.
    #[error("exceeds block gas limit: gas {gas}, limit {limit}")]
    GasLimit {
        /// The transaction's gas limit.
        gas: u64,
        /// Most a transaction may have.
        limit: u64,
    },
    /// EIP-1559: the tip is higher than the whole.
    #[error("max priority fee per gas higher than max fee per gas")]
    TipAboveFee,
    /// Longer than [`TRANSACTION_BYTES_MAX`].
    #[error("oversized data: transaction size {size}, limit {TRANSACTION_BYTES_MAX}")]
    Oversized {
        /// Units: bytes.
        size: usize,
    },
    /// EIP-3607: accounts with code do not send.
    #[error("sender not an eoa: the account has code")]
    SenderHasCode,
    /// Same sender and nonce as one that waits, and not a tenth dearer.
    #[error("replacement transaction underpriced")]
    Underpriced,
    /// The pool is full of transactions at least as good.
    #[error("txpool is full")]
    Full,
    /// The charter lets only members transact.
    #[error("account {0} has no right to transact under the charter")]
    NoRight(alloy_primitives::Address),
    /// Its condition cannot hold any more.
    #[error("the condition on the block cannot hold any more")]
    ConditionMissed,
    /// Its condition can hold only in blocks too far away to wait for.
    #[error(
        "the condition on the block is too far ahead: at most {} days and {} blocks",
        CONDITION_AHEAD_SECS_MAX / 86_400, CONDITION_AHEAD_BLOCKS_MAX
    )]
    ConditionTooFar,
    /// EIP-7702 without authorisations.
    #[error("EIP-7702 transaction without authorizations")]
    NoAuthorization,
    /// EIP-3860 limit of init code.
    #[error("max initcode size exceeded: code size {size}, limit {limit}")]
    InitCode {
        /// Units: bytes.
        size: usize,
        /// Units: bytes.
        limit: usize,
    },
}

/// How the sender's account stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountView {
    /// Its nonce.
    pub nonce: u64,
    /// Units: wei.
    pub balance: U256,
    /// It has code that is not an EIP-7702 delegation.
    pub has_code: bool,
    /// The charter lets it transact.
    pub may_transact: bool,
}

/// What does not depend on the account.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionRules {
    /// The chain's id.
    pub chain_id: u64,
    /// Most gas of one transaction.
    pub gas_limit_max: u64,
    /// Gas costs nothing, whatever a transaction offers.
    pub free: bool,
}

/// EIP-3860.
const INIT_CODE_MAX: usize = 49_152;

/// Least gas any transaction like `tx` uses: the larger of intrinsic cost and EIP-7623's floor.
///
/// Source: yellow paper §6.2; EIP-2028, EIP-2930, EIP-3860, EIP-7623, EIP-7702.
fn gas_min(tx: &RecoveredTransaction) -> u64 {
    let Some(tx) = tx.signed() else { return 0 };
    let zeros = tx.input().iter().filter(|b| **b == 0).count() as u64;
    let others = (tx.input().len() as u64).saturating_sub(zeros);
    let tokens = zeros.saturating_add(others.saturating_mul(4));
    let create = tx.is_create();
    let words = (tx.input().len() as u64).div_ceil(32);
    let access = tx.access_list().map_or(0, |list| {
        let keys: u64 = list.iter().map(|item| item.storage_keys.len() as u64).sum();
        (list.len() as u64).saturating_mul(2_400).saturating_add(keys.saturating_mul(1_900))
    });
    let authorizations = tx.authorization_list().map_or(0, |list| (list.len() as u64).saturating_mul(25_000));
    let intrinsic = 21_000u64
        .saturating_add(if create { 32_000u64.saturating_add(words.saturating_mul(2)) } else { 0 })
        .saturating_add(tokens.saturating_mul(4))
        .saturating_add(access)
        .saturating_add(authorizations);
    intrinsic.max(21_000u64.saturating_add(tokens.saturating_mul(10)))
}

/// Checks everything that can be known before execution.
///
/// # Errors
/// [`Rejected`] says the first thing that is wrong.
pub fn check(
    tx: &RecoveredTransaction,
    rules: &AdmissionRules,
    account: &AccountView,
) -> Result<(), Rejected> {
    let Some(signed) = tx.signed() else { return Err(Rejected::SenderHasCode) };
    let size = signed.encode_2718_len();
    if size > TRANSACTION_BYTES_MAX {
        return Err(Rejected::Oversized { size });
    }
    if signed.is_create() && signed.input().len() > INIT_CODE_MAX {
        return Err(Rejected::InitCode { size: signed.input().len(), limit: INIT_CODE_MAX });
    }
    if signed.chain_id() != Some(rules.chain_id) && !(signed.is_legacy() && signed.chain_id().is_none()) {
        return Err(Rejected::ChainId { have: signed.chain_id(), want: rules.chain_id });
    }
    if signed.authorization_list().is_some_and(<[_]>::is_empty) {
        return Err(Rejected::NoAuthorization);
    }
    if signed.max_priority_fee_per_gas().is_some_and(|tip| tip > signed.max_fee_per_gas()) {
        return Err(Rejected::TipAboveFee);
    }
    if !account.may_transact {
        return Err(Rejected::NoRight(tx.sender));
    }
    if account.has_code {
        return Err(Rejected::SenderHasCode);
    }
    if signed.nonce() < account.nonce {
        return Err(Rejected::NonceTooLow { account: account.nonce, tx: signed.nonce() });
    }
    if signed.nonce() - account.nonce >= SENDER_MAX || signed.nonce() == u64::MAX {
        return Err(Rejected::NonceTooHigh { account: account.nonce, tx: signed.nonce() });
    }
    let (gas, need) = (signed.gas_limit(), gas_min(tx));
    if gas < need {
        return Err(Rejected::IntrinsicGas { gas, need });
    }
    if gas > rules.gas_limit_max {
        return Err(Rejected::GasLimit { gas, limit: rules.gas_limit_max });
    }
    let cost = if rules.free { signed.value() } else { tx.cost_max() };
    if account.balance < cost {
        return Err(Rejected::Funds { balance: account.balance, cost });
    }
    Ok(())
}
