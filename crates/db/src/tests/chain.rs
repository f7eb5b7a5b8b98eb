//! A chain to commit: blocks whose roots are right, and the states they lead through.

use std::collections::BTreeMap;

use polity_primitives::{
    Account, AccountChange, Address, B256, Block, Bytes, Certificate, CommitSignature, Header, Log, REGISTRY,
    Receipt, SYSTEM_TX_TYPE, SealedBlock, Signature, SlotChange, StateChanges, SystemTransaction,
    Transaction, U256, keccak256,
};

use crate::{BlockCommit, Db, Result};

/// Accounts with their slots, zero slots absent.
pub(crate) type World = BTreeMap<Address, (Account, BTreeMap<U256, U256>)>;

/// What a block writes: per account its new value (`None` deletes) and slots.
pub(crate) type Writes = BTreeMap<Address, (Option<Account>, BTreeMap<U256, U256>)>;

/// Everything that is committed with a block.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) block: SealedBlock,
    pub(crate) senders: Vec<Address>,
    pub(crate) tx_hashes: Vec<B256>,
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) changes: StateChanges,
    pub(crate) certificate: Option<Certificate>,
    /// The state after it.
    pub(crate) world: World,
}

impl Entry {
    pub(crate) fn commit(&self, db: &Db) -> Result<()> {
        db.commit(&BlockCommit {
            block: &self.block,
            senders: &self.senders,
            tx_hashes: &self.tx_hashes,
            receipts: &self.receipts,
            changes: &self.changes,
            certificate: self.certificate.as_ref(),
        })
    }
}

pub(crate) fn address(i: u64) -> Address {
    Address::left_padding_from(&i.to_be_bytes())
}

pub(crate) fn account(nonce: u64) -> Account {
    Account { nonce, balance: U256::from(nonce) << 70, ..Default::default() }
}

/// The block that makes `writes`, on `parent`.
pub(crate) fn next(parent: Option<&Entry>, writes: &Writes) -> Entry {
    let height = parent.map_or(0, |parent| parent.block.height().0 + 1);
    let count = height % 4;
    let transactions: Vec<Transaction> = (0..count)
        .map(|index| {
            let input = Bytes::from(vec![u8::try_from(index).expect("small"); 100]);
            Transaction::System(SystemTransaction { height, index, to: REGISTRY, gas_limit: 1000, input })
        })
        .collect();
    let receipts: Vec<Receipt> = (0..count)
        .map(|index| Receipt {
            tx_type: SYSTEM_TX_TYPE,
            success: index % 2 == 0,
            cumulative_gas_used: 100 * (index + 1),
            logs: vec![
                Log::new_unchecked(REGISTRY, vec![B256::with_last_byte(7)], Bytes::from_static(b"log"));
                2
            ],
        })
        .collect();
    let mut world = parent.map(|parent| parent.world.clone()).unwrap_or_default();
    let mut changes = changes(&mut world, writes);
    let code = Bytes::from(height.to_be_bytes().to_vec());
    changes.codes.insert(keccak256(&code), code);
    let mut block = Block {
        header: Header {
            number: height,
            parent_hash: parent.map(|parent| parent.block.hash).unwrap_or_default(),
            receipts_root: Receipt::root(&receipts),
            logs_bloom: Receipt::bloom_of(&receipts),
            ..Default::default()
        },
        transactions,
        seal: Bytes::copy_from_slice(&height.to_be_bytes()),
    };
    block.header.transactions_root = block.transactions_root();
    let tx_hashes = block.transactions.iter().map(Transaction::hash).collect();
    let senders = (0..count).map(|i| address(1000 + i)).collect();
    let block = block.seal();
    let signature = CommitSignature { validator: address(height), signature: Signature::repeat_byte(9) };
    let certificate = parent.is_some().then(|| Certificate {
        height,
        round: 1,
        block_hash: block.hash,
        signatures: vec![signature],
    });
    Entry { block, senders, tx_hashes, receipts, changes, certificate, world }
}

fn changes(world: &mut World, writes: &Writes) -> StateChanges {
    let mut changes = StateChanges::default();
    for (address, (after, slots)) in writes {
        let (before, old) = world.remove(address).map_or((None, BTreeMap::new()), |(a, s)| (Some(a), s));
        // As the EVM has it: an account with storage is never deleted, an absent one has none.
        let after = if old.is_empty() { *after } else { after.or(before) };
        let mut change = AccountChange { before, after, storage: BTreeMap::new() };
        let mut new = old.clone();
        for (slot, value) in slots.iter().filter(|_| after.is_some()) {
            let before = old.get(slot).copied().unwrap_or_default();
            if before != *value {
                change.storage.insert(*slot, SlotChange { before, after: *value });
                new.insert(*slot, *value);
            }
        }
        new.retain(|_, value| !value.is_zero());
        if let Some(after) = after {
            world.insert(*address, (after, new));
        }
        if before.is_some() || after.is_some() {
            changes.accounts.insert(*address, change);
        }
    }
    changes
}

/// A chain of `length` blocks, each changing a few accounts and slots, creating and deleting some.
pub(crate) fn chain(length: u64) -> Vec<Entry> {
    let mut chain: Vec<Entry> = Vec::new();
    for height in 0..length {
        let writes: Writes = (0..8u64)
            .filter(|i| height == 0 || (height + i) % 3 == 0)
            .map(|i| {
                let after = ((height + i) % 5 != 0 || i < 4).then(|| account(height * 10 + i));
                let slots = (0..3u64).filter(|slot| i < 4 && (height + slot) % 2 == 0);
                (
                    address(i),
                    (after, slots.map(|slot| (U256::from(slot), U256::from((height + slot) % 7))).collect()),
                )
            })
            .collect();
        chain.push(next(chain.last(), &writes));
    }
    chain
}

pub(crate) fn world_of(db: &Db) -> Result<World> {
    let mut world = World::new();
    db.load_state(&mut |address, account, slots| {
        let slots: BTreeMap<U256, U256> = slots.into_iter().collect();
        assert!(world.insert(address, (account, slots)).is_none(), "{address} twice");
    })?;
    Ok(world)
}
