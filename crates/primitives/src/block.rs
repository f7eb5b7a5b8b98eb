//! Blocks.

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, proofs::calculate_transaction_root};
use alloy_primitives::B256;
use alloy_rlp::{BufMut, Decodable, Encodable};

use crate::{Height, Transaction};

/// A block in Ethereum's form: `rlp([header, transactions, ommers, withdrawals])`, the last two always empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// Signed transactions, then system transactions.
    pub transactions: Vec<Transaction>,
}

impl Block {
    /// The Merkle-Patricia root of the transactions, as the header states it.
    #[must_use]
    pub fn transactions_root(&self) -> B256 {
        calculate_transaction_root(&self.transactions)
    }

    /// Hashes the header. Cost: one keccak over about 600 bytes.
    #[must_use]
    pub fn seal(self) -> SealedBlock {
        SealedBlock { hash: self.header.hash_slow(), block: self }
    }

    fn payload_len(&self) -> usize {
        self.header.length() + self.transactions.length() + 2
    }
}

impl Encodable for Block {
    fn encode(&self, out: &mut dyn BufMut) {
        alloy_rlp::Header { list: true, payload_length: self.payload_len() }.encode(out);
        self.header.encode(out);
        self.transactions.encode(out);
        out.put_u8(alloy_rlp::EMPTY_LIST_CODE);
        out.put_u8(alloy_rlp::EMPTY_LIST_CODE);
    }

    fn length(&self) -> usize {
        let payload = self.payload_len();
        payload + alloy_rlp::length_of_length(payload)
    }
}

impl Decodable for Block {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let mut payload = alloy_rlp::Header::decode_bytes(buf, true)?;
        let header = Header::decode(&mut payload)?;
        let transactions = Vec::<Transaction>::decode(&mut payload)?;
        if payload != [alloy_rlp::EMPTY_LIST_CODE; 2] {
            return Err(alloy_rlp::Error::Custom("ommers and withdrawals must be empty"));
        }
        if header.ommers_hash != EMPTY_OMMER_ROOT_HASH {
            return Err(alloy_rlp::Error::Custom("ommers hash of a block without ommers"));
        }
        Ok(Self { header, transactions })
    }
}

/// A block and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBlock {
    /// keccak-256 of the RLP of the header.
    pub hash: B256,
    /// The block.
    pub block: Block,
}

impl SealedBlock {
    /// The block's height.
    #[must_use]
    pub const fn height(&self) -> Height {
        Height(self.block.header.number)
    }

    /// The RLP of the block.
    #[must_use]
    pub fn encoded(&self) -> Vec<u8> {
        alloy_rlp::encode(&self.block)
    }
}
