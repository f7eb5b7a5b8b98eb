//! Blocks.

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, proofs::calculate_transaction_root};
use alloy_primitives::{B256, Bytes};
use alloy_rlp::{BufMut, Decodable, Encodable};

use crate::{Height, Transaction};

/// Most bytes of a seal: a proof of randomness has 80, a signature 65.
pub const SEAL_BYTES_MAX: usize = 128;

/// A block in Ethereum's form: `rlp([header, transactions, ommers, withdrawals])`, the last two always empty; and, only where
/// consensus has something to prove that the header has no room for, a fifth element `seal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// Signed transactions, then system transactions.
    pub transactions: Vec<Transaction>,
    /// What the writer proves to those who judge the block: of a decided block the proof of its randomness (`mix_hash`), of a
    /// worked one the writer's signature. Empty if there is nothing to prove. No part of the hash. Bounds: [`SEAL_BYTES_MAX`].
    pub seal: Bytes,
}

impl Block {
    /// A block that proves nothing: genesis, and what is still being made.
    #[must_use]
    pub const fn unsealed(header: Header, transactions: Vec<Transaction>) -> Self {
        Self { header, transactions, seal: Bytes::new() }
    }

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
        let seal = if self.seal.is_empty() { 0 } else { self.seal.length() };
        self.header.length() + self.transactions.length() + 2 + seal
    }
}

impl Encodable for Block {
    fn encode(&self, out: &mut dyn BufMut) {
        alloy_rlp::Header { list: true, payload_length: self.payload_len() }.encode(out);
        self.header.encode(out);
        self.transactions.encode(out);
        out.put_u8(alloy_rlp::EMPTY_LIST_CODE);
        out.put_u8(alloy_rlp::EMPTY_LIST_CODE);
        if !self.seal.is_empty() {
            self.seal.encode(out);
        }
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
        let Some(([alloy_rlp::EMPTY_LIST_CODE, alloy_rlp::EMPTY_LIST_CODE], mut rest)) =
            payload.split_first_chunk()
        else {
            return Err(alloy_rlp::Error::Custom("ommers and withdrawals must be empty"));
        };
        let seal = if rest.is_empty() { Bytes::new() } else { seal(&mut rest)? };
        if header.ommers_hash != EMPTY_OMMER_ROOT_HASH {
            return Err(alloy_rlp::Error::Custom("ommers hash of a block without ommers"));
        }
        Ok(Self { header, transactions, seal })
    }
}

/// The fifth element, to the end. An empty one is left out, so that a block has one encoding.
fn seal(rest: &mut &[u8]) -> alloy_rlp::Result<Bytes> {
    let seal = alloy_rlp::Header::decode_bytes(rest, false)?;
    if seal.is_empty() || seal.len() > SEAL_BYTES_MAX || !rest.is_empty() {
        return Err(alloy_rlp::Error::Custom("a seal has 1 to 128 bytes and ends the block"));
    }
    Ok(Bytes::copy_from_slice(seal))
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

#[cfg(test)]
mod tests {
    use alloy_consensus::{BlockBody, TxEnvelope};

    use super::*;

    fn block(seal: &[u8]) -> Block {
        let header = Header { number: 7, ommers_hash: EMPTY_OMMER_ROOT_HASH, ..Default::default() };
        Block { header, transactions: Vec::new(), seal: Bytes::copy_from_slice(seal) }
    }

    fn decoded(bytes: &[u8]) -> alloy_rlp::Result<Block> {
        Block::decode(&mut &*bytes)
    }

    #[test]
    fn without_a_seal_a_block_has_the_form_of_ethereum() {
        let ours = block(&[]);
        let theirs =
            alloy_consensus::Block::<TxEnvelope> { header: ours.header.clone(), body: BlockBody::default() };
        // Before Shanghai a block has three elements; the fourth, the empty list of withdrawals, is one byte more.
        let mut three = alloy_rlp::encode(&theirs);
        three.push(alloy_rlp::EMPTY_LIST_CODE);
        let payload = alloy_rlp::Header::decode(&mut three.as_slice()).expect("a list").payload_length + 1;
        let mut expected = Vec::new();
        alloy_rlp::Header { list: true, payload_length: payload }.encode(&mut expected);
        expected.extend_from_slice(&three[three.len() - payload..]);
        assert_eq!(alloy_rlp::encode(&ours), expected);
        assert_eq!(ours.length(), expected.len());
        assert_eq!(decoded(&expected), Ok(ours));
    }

    #[test]
    fn a_seal_is_the_fifth_element_and_no_part_of_the_hash() {
        for seal in [&[7][..], &[1; 65], &[2; 80], &[3; SEAL_BYTES_MAX]] {
            let sealed = block(seal);
            let bytes = alloy_rlp::encode(&sealed);
            assert_eq!(sealed.length(), bytes.len());
            assert_eq!(decoded(&bytes).as_ref(), Ok(&sealed));
            assert_eq!(sealed.clone().seal().hash, block(&[]).seal().hash);
        }
    }

    #[test]
    fn a_block_has_one_encoding() {
        let with = |tail: &[u8]| {
            let plain = alloy_rlp::encode(block(&[]));
            let payload = alloy_rlp::Header::decode(&mut plain.as_slice()).expect("a list").payload_length;
            let mut bytes = Vec::new();
            alloy_rlp::Header { list: true, payload_length: payload + tail.len() }.encode(&mut bytes);
            bytes.extend_from_slice(&plain[plain.len() - payload..]);
            bytes.extend_from_slice(tail);
            decoded(&bytes)
        };
        assert!(with(&[]).is_ok() && with(&[7]).is_ok() && with(&[0x82, 1, 2]).is_ok());
        assert!(with(&[0x80]).is_err(), "an empty seal is left out");
        assert!(with(&[0x81, 7]).is_err(), "a byte below 0x80 is its own encoding");
        assert!(with(&[0xc1, 7]).is_err(), "a list is no seal");
        assert!(with(&[7, 7]).is_err(), "a sixth element");
        let long: Vec<u8> = [0xb8, 129].into_iter().chain([5; 129]).collect();
        assert!(with(&long).is_err(), "too long");
    }
}
