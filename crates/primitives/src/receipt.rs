//! Receipts.

use alloy_consensus::proofs::ordered_trie_root_with_encoder;
use alloy_primitives::{B256, Bloom, Log};
use alloy_rlp::{BufMut, Decodable, Encodable};

/// What a transaction did, in Ethereum's receipt form (EIP-658 status, EIP-2718 type byte).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// EIP-2718 type of the transaction; 0 is legacy.
    pub tx_type: u8,
    /// Whether it succeeded.
    pub success: bool,
    /// Gas used in the block up to and including it.
    pub cumulative_gas_used: u64,
    /// Logs, in order.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// The bloom filter of its logs.
    #[must_use]
    pub fn bloom(&self) -> Bloom {
        self.logs.iter().collect()
    }

    /// Encodes as in the receipts trie: the type byte unless legacy, then `rlp([status, gas, bloom, logs])`.
    pub fn encode_2718(&self, out: &mut dyn BufMut) {
        if self.tx_type != 0 {
            out.put_u8(self.tx_type);
        }
        let bloom = self.bloom();
        let payload_length =
            self.success.length() + self.cumulative_gas_used.length() + bloom.length() + self.logs.length();
        alloy_rlp::Header { list: true, payload_length }.encode(out);
        self.success.encode(out);
        self.cumulative_gas_used.encode(out);
        bloom.encode(out);
        self.logs.encode(out);
    }

    /// Decodes what [`Self::encode_2718`] wrote.
    ///
    /// # Errors
    /// The RLP error, or a message if the bloom is not that of the logs.
    pub fn decode_2718(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let tx_type = match buf.first() {
            Some(&ty) if ty < 0x80 => {
                *buf = &buf[1..];
                ty
            }
            _ => 0,
        };
        let mut payload = alloy_rlp::Header::decode_bytes(buf, true)?;
        let success = bool::decode(&mut payload)?;
        let cumulative_gas_used = u64::decode(&mut payload)?;
        let bloom = Bloom::decode(&mut payload)?;
        let logs = Vec::<Log>::decode(&mut payload)?;
        let receipt = Self { tx_type, success, cumulative_gas_used, logs };
        if !payload.is_empty() || receipt.bloom() != bloom {
            return Err(alloy_rlp::Error::Custom("receipt bloom does not match its logs"));
        }
        Ok(receipt)
    }

    /// The Merkle-Patricia root of `receipts`, as the header states it.
    #[must_use]
    pub fn root(receipts: &[Self]) -> B256 {
        ordered_trie_root_with_encoder(receipts, |receipt, out| receipt.encode_2718(out))
    }

    /// The union of the blooms of `receipts`.
    #[must_use]
    pub fn bloom_of(receipts: &[Self]) -> Bloom {
        receipts.iter().flat_map(|receipt| &receipt.logs).collect()
    }
}
