//! An account that signs transfers.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, Signature, TxKind, U256};
use secp256k1::{Message, SECP256K1, SecretKey};
use serde_json::{Value, json};

use crate::{Account, Rpc};

/// Signs with the key of an account and counts its nonces.
#[derive(Clone, Debug)]
pub struct Wallet {
    key: SecretKey,
    chain_id: u64,
    /// Nonce of the next transaction.
    pub nonce: u64,
}

impl Wallet {
    /// The wallet of `account`, whose next nonce is `nonce`.
    #[must_use]
    pub fn new(account: &Account, chain_id: u64, nonce: u64) -> Self {
        let bytes: [u8; 32] = alloy_primitives::hex::decode_to_array(&account.key).expect("a key");
        Self { key: SecretKey::from_byte_array(bytes).expect("a key"), chain_id, nonce }
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> Address {
        let public = self.key.public_key(SECP256K1).serialize_uncompressed();
        Address::from_raw_public_key(&public[1..])
    }

    /// Signs a call; counts the nonce. `0x…`.
    #[must_use]
    pub fn sign(&mut self, to: Address, value: u64, input: Bytes, gas_limit: u64) -> String {
        self.sign_kind(TxKind::Call(to), value, input, gas_limit)
    }

    /// Signs the creation of a contract with this code to run first; counts the nonce. `0x…`.
    #[must_use]
    pub fn sign_creation(&mut self, code: Bytes) -> String {
        self.sign_kind(TxKind::Create, 0, code, 1_000_000)
    }

    fn sign_kind(&mut self, to: TxKind, value: u64, input: Bytes, gas_limit: u64) -> String {
        let tx = TxEip1559 {
            chain_id: self.chain_id,
            nonce: self.nonce,
            gas_limit,
            max_fee_per_gas: 100_000_000_000,
            max_priority_fee_per_gas: 1,
            to,
            value: U256::from(value),
            input,
            ..TxEip1559::default()
        };
        self.nonce += 1;
        let digest = Message::from_digest(tx.signature_hash().0);
        let (id, rs) = SECP256K1.sign_ecdsa_recoverable(digest, &self.key).serialize_compact();
        let signature = Signature::from_bytes_and_parity(&rs, i32::from(id) & 1 == 1);
        alloy_primitives::hex::encode_prefixed(TxEnvelope::from(tx.into_signed(signature)).encoded_2718())
    }

    /// Signs a transfer of 1 wei; counts the nonce.
    #[must_use]
    pub fn sign_one(&mut self) -> String {
        self.sign(Address::repeat_byte(0x77), 1, Bytes::new(), 21_000)
    }

    /// Sends 1 wei; the hash if the node took it. The nonce counts only then.
    pub fn send_one(&mut self, rpc: &Rpc) -> Option<Value> {
        let raw = self.sign_one();
        let taken = rpc.try_call("eth_sendRawTransaction", json!([raw])).and_then(Result::ok);
        if taken.is_none() {
            self.nonce -= 1;
        }
        taken
    }
}

/// The hash of a raw transaction, `0x…`.
#[must_use]
pub fn transaction_hash(raw: &str) -> Value {
    let bytes = alloy_primitives::hex::decode(raw).expect("hex");
    json!(alloy_primitives::keccak256(bytes))
}
