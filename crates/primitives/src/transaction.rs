//! Transactions: Ethereum's own, and the chain's.

use alloy_consensus::{Transaction as _, TxEnvelope, transaction::SignerRecoverable};
use alloy_eips::{
    Typed2718,
    eip2718::{Decodable2718, Eip2718Error, Encodable2718},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::{BufMut, Decodable, Encodable, RlpDecodable, RlpEncodable};

use crate::SYSTEM;

/// EIP-2718 type of [`SystemTransaction`]: in the range left to applications, unused by Ethereum and known rollups.
pub const SYSTEM_TX_TYPE: u8 = 0x70;

/// Work the chain does by itself at the end of a block, with no one sending it.
///
/// Encoded as `0x70 || rlp([height, index, to, gas_limit, input])`. The sender is always [`SYSTEM`], the gas price
/// zero, the value zero. Height and index make every hash unique.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct SystemTransaction {
    /// Height of the block that holds it.
    pub height: u64,
    /// Position among the system transactions of the block, from 0.
    pub index: u64,
    /// Called account.
    pub to: Address,
    /// Gas it may use. Units: EVM gas; not paid for.
    pub gas_limit: u64,
    /// Call data.
    pub input: Bytes,
}

/// A transaction of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "nearly all are signed; a box would cost an allocation each")]
pub enum Transaction {
    /// Signed by a person: legacy, EIP-2930, EIP-1559 or EIP-7702. Never a blob transaction.
    Signed(TxEnvelope),
    /// Made by the chain.
    System(SystemTransaction),
}

/// Why bytes are not a transaction we take.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransactionError {
    /// The bytes do not decode as an EIP-2718 transaction.
    #[error("the bytes are not a transaction: {0}")]
    Malformed(String),
    /// EIP-4844: the ledger keeps no blobs.
    #[error("blob transactions (EIP-4844, type 3) are not supported: this ledger keeps no blobs")]
    Blob,
    /// Only the chain makes type-0x70 transactions.
    #[error("type 0x70 transactions are made by the chain itself and cannot be sent")]
    System,
    /// The signature does not recover to an address.
    #[error("the signature is invalid")]
    Signature,
}

impl Transaction {
    /// The transaction hash: keccak-256 of the EIP-2718 encoding.
    #[must_use]
    pub fn hash(&self) -> B256 {
        match self {
            Self::Signed(tx) => *tx.tx_hash(),
            Self::System(_) => keccak256(self.encoded_2718()),
        }
    }

    /// The gas limit.
    #[must_use]
    pub fn gas_limit(&self) -> u64 {
        match self {
            Self::Signed(tx) => tx.gas_limit(),
            Self::System(tx) => tx.gas_limit,
        }
    }

    /// The sender. Cost: one signature recovery (about 40 µs) unless it is a system transaction.
    ///
    /// # Errors
    /// [`TransactionError::Signature`] if the signature recovers to nothing.
    pub fn recover(&self) -> Result<Address, TransactionError> {
        match self {
            Self::Signed(tx) => tx.recover_signer().map_err(|_| TransactionError::Signature),
            Self::System(_) => Ok(SYSTEM),
        }
    }

    /// Decodes what a person may send: an EIP-2718 transaction that is neither blob nor system.
    ///
    /// # Errors
    /// [`TransactionError`] names what is wrong.
    pub fn decode_sent(raw: &[u8]) -> Result<TxEnvelope, TransactionError> {
        match raw.first() {
            Some(3) => return Err(TransactionError::Blob),
            Some(&SYSTEM_TX_TYPE) => return Err(TransactionError::System),
            _ => {}
        }
        let tx =
            TxEnvelope::decode_2718_exact(raw).map_err(|e| TransactionError::Malformed(e.to_string()))?;
        if tx.is_eip4844() { Err(TransactionError::Blob) } else { Ok(tx) }
    }
}

impl Typed2718 for Transaction {
    fn ty(&self) -> u8 {
        match self {
            Self::Signed(tx) => tx.ty(),
            Self::System(_) => SYSTEM_TX_TYPE,
        }
    }
}

impl Encodable2718 for Transaction {
    fn encode_2718_len(&self) -> usize {
        match self {
            Self::Signed(tx) => tx.encode_2718_len(),
            Self::System(tx) => 1 + tx.length(),
        }
    }

    fn encode_2718(&self, out: &mut dyn BufMut) {
        match self {
            Self::Signed(tx) => tx.encode_2718(out),
            Self::System(tx) => {
                out.put_u8(SYSTEM_TX_TYPE);
                tx.encode(out);
            }
        }
    }
}

impl Decodable2718 for Transaction {
    fn typed_decode(ty: u8, buf: &mut &[u8]) -> Result<Self, Eip2718Error> {
        match ty {
            SYSTEM_TX_TYPE => Ok(Self::System(SystemTransaction::decode(buf)?)),
            3 => Err(Eip2718Error::UnexpectedType(3)),
            _ => TxEnvelope::typed_decode(ty, buf).map(Self::Signed),
        }
    }

    fn fallback_decode(buf: &mut &[u8]) -> Result<Self, Eip2718Error> {
        TxEnvelope::fallback_decode(buf).map(Self::Signed)
    }
}

impl Encodable for Transaction {
    fn encode(&self, out: &mut dyn BufMut) {
        self.network_encode(out);
    }

    fn length(&self) -> usize {
        self.network_len()
    }
}

impl Decodable for Transaction {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        Self::network_decode(buf).map_err(Into::into)
    }
}

/// A transaction with what is expensive to know about it, so that it is computed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveredTransaction {
    /// The transaction.
    pub transaction: Transaction,
    /// Its hash.
    pub hash: B256,
    /// Who sent it.
    pub sender: Address,
}

impl RecoveredTransaction {
    /// Recovers the sender of `transaction`. Cost: one signature recovery.
    ///
    /// # Errors
    /// [`TransactionError::Signature`].
    pub fn recover(transaction: Transaction) -> Result<Self, TransactionError> {
        let (hash, sender) = (transaction.hash(), transaction.recover()?);
        Ok(Self { transaction, hash, sender })
    }

    /// The system transaction `tx`, sender known.
    #[must_use]
    pub fn system(tx: SystemTransaction) -> Self {
        let transaction = Transaction::System(tx);
        Self { hash: transaction.hash(), sender: SYSTEM, transaction }
    }

    /// The signed Ethereum transaction, or `None` for a system transaction.
    #[must_use]
    pub const fn signed(&self) -> Option<&TxEnvelope> {
        match &self.transaction {
            Transaction::Signed(tx) => Some(tx),
            Transaction::System(_) => None,
        }
    }

    /// The nonce; 0 for system transactions.
    #[must_use]
    pub fn nonce(&self) -> u64 {
        self.signed().map_or(0, alloy_consensus::Transaction::nonce)
    }

    /// The most it can cost its sender: gas limit × max fee + value. Units: wei. Saturates.
    #[must_use]
    pub fn cost_max(&self) -> U256 {
        self.signed().map_or(U256::ZERO, |tx| {
            U256::from(tx.gas_limit())
                .saturating_mul(U256::from(tx.max_fee_per_gas()))
                .saturating_add(tx.value())
        })
    }
}
