//! Bytes of records. Every decoder takes the whole record or fails with a reason.
//!
//! ```text
//! account   nonce_len 1 | balance_len 1 | nonce | balance | code_hash 32, absent for an account without code
//!           numbers big-endian without leading zeros; an absent account is the empty string
//! value     0..=32 bytes big-endian without leading zeros; zero is the empty string
//! header    hash 32 | RLP of the header
//! body      RLP list of transactions, as in an Ethereum block body
//! seal      its bytes; absent for a block without one
//! receipts  RLP list of [type, success, cumulative gas, logs]; blooms are recomputed
//! senders   address 20, one per transaction
//! place     height 8 | index 4, index only for transactions
//! undo      accounts 4 | per account: address 20 | account_len 1 | account | slots 4 |
//!           per slot: number 32 | value_len 1 | value, each as it was before the block
//! ```
//!
//! Integers are big-endian, so that keys made of them sort by number.

use std::collections::BTreeMap;

use alloy_rlp::{Decodable, RlpDecodable, RlpEncodable};
use polity_primitives::{
    Account, AccountChange, Address, B256, Bytes, Header, Height, KECCAK_EMPTY, Log, Receipt, SEAL_BYTES_MAX,
    SlotChange, StateChanges, U256,
};

use crate::Tip;

/// Why bytes are not the record they should be.
pub(crate) type Reason = &'static str;
type Decoded<T> = std::result::Result<T, Reason>;

const SHORT: Reason = "the record is too short";
const LONG: Reason = "the record is too long";
const ZEROS: Reason = "a number has leading zeros";

/// A cursor over a record.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Decoded<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(len).ok_or(SHORT)?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = tail;
        Ok(*head)
    }

    fn byte(&mut self) -> Decoded<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn end(self) -> Decoded<()> {
        if self.0.is_empty() { Ok(()) } else { Err(LONG) }
    }
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// `bytes` must be at most 255 long, which every caller's type ensures.
fn put_short(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(bytes);
}

/// `count` fits: a block of 2^32 changes does not exist.
fn put_count(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

pub(crate) fn account(account: Option<&Account>, out: &mut Vec<u8>) {
    let Some(account) = account else { return };
    let (nonce, balance) = (account.nonce.to_be_bytes(), account.balance.to_be_bytes::<32>());
    let (nonce, balance) = (trimmed(&nonce), trimmed(&balance));
    out.extend([nonce.len(), balance.len()].map(|len| u8::try_from(len).unwrap_or(u8::MAX)));
    out.extend_from_slice(nonce);
    out.extend_from_slice(balance);
    if account.code_hash != KECCAK_EMPTY {
        out.extend_from_slice(account.code_hash.as_slice());
    }
}

pub(crate) fn read_account(bytes: &[u8]) -> Decoded<Option<Account>> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader(bytes);
    let (nonce_len, balance_len) = (reader.byte()?, reader.byte()?);
    let nonce = number(reader.take(nonce_len.into())?)?;
    let balance = number(reader.take(balance_len.into())?)?;
    let code_hash = if reader.0.is_empty() { KECCAK_EMPTY } else { reader.array()?.into() };
    reader.end()?;
    let nonce = u64::try_from(nonce).map_err(|_| "a nonce is longer than 8 bytes")?;
    Ok(Some(Account { nonce, balance, code_hash }))
}

fn number(bytes: &[u8]) -> Decoded<U256> {
    if bytes.first() == Some(&0) {
        return Err(ZEROS);
    }
    U256::try_from_be_slice(bytes).ok_or("a number is longer than 32 bytes")
}

pub(crate) fn value(value: U256) -> Vec<u8> {
    trimmed(&value.to_be_bytes::<32>()).to_vec()
}

pub(crate) fn read_value(bytes: &[u8]) -> Decoded<U256> {
    number(bytes)
}

pub(crate) fn header(hash: &B256, header: &Header) -> Vec<u8> {
    let mut out = hash.to_vec();
    alloy_rlp::Encodable::encode(header, &mut out);
    out
}

/// Decodes a header and checks that it hashes to the hash beside it.
pub(crate) fn read_header(bytes: &[u8]) -> Decoded<(B256, Header)> {
    let mut reader = Reader(bytes);
    let hash = B256::from(reader.array()?);
    if polity_primitives::keccak256(reader.0) != hash {
        return Err("the header does not hash to the hash of its block");
    }
    let header = rlp(reader.0, "the header is not RLP")?;
    Ok((hash, header))
}

/// Decodes all of `bytes` as RLP.
pub(crate) fn rlp<T: Decodable>(mut bytes: &[u8], reason: Reason) -> Decoded<T> {
    let value = T::decode(&mut bytes).map_err(|_| reason)?;
    if bytes.is_empty() { Ok(value) } else { Err(LONG) }
}

#[derive(RlpEncodable, RlpDecodable)]
struct StoredReceipt {
    tx_type: u8,
    success: bool,
    cumulative_gas_used: u64,
    logs: Vec<Log>,
}

pub(crate) fn read_seal(bytes: &[u8]) -> Decoded<Bytes> {
    if bytes.len() <= SEAL_BYTES_MAX { Ok(Bytes::copy_from_slice(bytes)) } else { Err(LONG) }
}

pub(crate) fn receipts(receipts: &[Receipt]) -> Vec<u8> {
    let stored: Vec<_> = receipts
        .iter()
        .map(|receipt| StoredReceipt {
            tx_type: receipt.tx_type,
            success: receipt.success,
            cumulative_gas_used: receipt.cumulative_gas_used,
            logs: receipt.logs.clone(),
        })
        .collect();
    alloy_rlp::encode(stored)
}

pub(crate) fn read_receipts(bytes: &[u8]) -> Decoded<Vec<Receipt>> {
    let stored: Vec<StoredReceipt> = rlp(bytes, "the receipts are not RLP")?;
    let receipt = |stored: StoredReceipt| Receipt {
        tx_type: stored.tx_type,
        success: stored.success,
        cumulative_gas_used: stored.cumulative_gas_used,
        logs: stored.logs,
    };
    Ok(stored.into_iter().map(receipt).collect())
}

pub(crate) fn senders(senders: &[Address]) -> Vec<u8> {
    senders.iter().flat_map(|sender| sender.0.0).collect()
}

pub(crate) fn read_senders(bytes: &[u8]) -> Decoded<Vec<Address>> {
    let (senders, rest) = bytes.as_chunks::<20>();
    if rest.is_empty() {
        Ok(senders.iter().map(|sender| Address::from(*sender)).collect())
    } else {
        Err(LONG)
    }
}

pub(crate) fn read_height(bytes: &[u8]) -> Decoded<Height> {
    let mut reader = Reader(bytes);
    let height = Height(u64::from_be_bytes(reader.array()?));
    reader.end()?;
    Ok(height)
}

pub(crate) fn place(height: Height, index: u32) -> Vec<u8> {
    [&height.0.to_be_bytes()[..], &index.to_be_bytes()].concat()
}

pub(crate) fn read_place(bytes: &[u8]) -> Decoded<(Height, u32)> {
    let mut reader = Reader(bytes);
    let height = Height(u64::from_be_bytes(reader.array()?));
    let index = u32::from_be_bytes(reader.array()?);
    reader.end()?;
    Ok((height, index))
}

pub(crate) fn tip(tip: &Tip) -> Vec<u8> {
    [&tip.height.0.to_be_bytes()[..], tip.hash.as_slice()].concat()
}

pub(crate) fn read_tip(bytes: &[u8]) -> Decoded<Tip> {
    let mut reader = Reader(bytes);
    let height = Height(u64::from_be_bytes(reader.array()?));
    let hash = reader.array()?.into();
    reader.end()?;
    Ok(Tip { height, hash })
}

pub(crate) fn undo(changes: &StateChanges) -> Vec<u8> {
    let mut out = Vec::new();
    put_count(changes.accounts.len(), &mut out);
    let mut buffer = Vec::new();
    for (address, change) in &changes.accounts {
        out.extend_from_slice(address.as_slice());
        buffer.clear();
        account(change.before.as_ref(), &mut buffer);
        put_short(&buffer, &mut out);
        put_count(change.storage.len(), &mut out);
        for (slot, change) in &change.storage {
            out.extend_from_slice(&slot.to_be_bytes::<32>());
            put_short(&value(change.before), &mut out);
        }
    }
    out
}

pub(crate) fn read_undo(bytes: &[u8]) -> Decoded<StateChanges> {
    let mut reader = Reader(bytes);
    let mut changes = StateChanges::default();
    for _ in 0..u32::from_be_bytes(reader.array()?) {
        let address = Address::from(reader.array()?);
        let len = reader.byte()?;
        let before = read_account(reader.take(len.into())?)?;
        let mut storage = BTreeMap::new();
        for _ in 0..u32::from_be_bytes(reader.array()?) {
            let slot = U256::from_be_bytes(reader.array::<32>()?);
            let len = reader.byte()?;
            let before = read_value(reader.take(len.into())?)?;
            storage.insert(slot, SlotChange { before, after: before });
        }
        changes.accounts.insert(address, AccountChange { before, after: before, storage });
    }
    reader.end()?;
    Ok(changes)
}
