//! The world state: accounts, each with its storage trie in its leaf.

use std::{collections::BTreeMap, fmt};

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::{EMPTY_ROOT_HASH, TrieAccount};
use polity_primitives::{Account, AccountChange, SlotChange, StateChanges};
use rayon::prelude::*;

use crate::{AccountProof, SlotProof, node::Value, trie::Trie, update::Change};

/// Accounts that [`Builder`] holds before it adds them to the trie. Bounds the memory of loading.
pub const BATCH_MAX: usize = 65_536;

/// Accounts from which hashing their addresses is spread over all cores.
const PARALLEL_MIN: usize = 512;

/// The state of the world after a block. Cloning it is a snapshot: one pointer is copied.
///
/// Cost per account without storage: about 310 bytes; per change: the nodes on the path to it.
#[derive(Clone, Default)]
pub struct State(Trie<AccountLeaf>);

/// What an account's leaf holds.
#[derive(Clone)]
struct AccountLeaf {
    account: Account,
    storage: Trie<SlotValue>,
}

/// A slot's value, never zero.
#[derive(Clone, Copy)]
struct SlotValue(U256);

impl Value for AccountLeaf {
    fn encode(&self, out: &mut Vec<u8>) {
        let Account { nonce, balance, code_hash } = self.account;
        TrieAccount::new(nonce, balance, self.storage.root(), code_hash).encode(out);
    }
}

impl Value for SlotValue {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

/// A slot's new value; zero removes it.
struct SlotUpdate(U256);

impl Change<SlotValue> for SlotUpdate {
    fn apply(&self, _: Option<&SlotValue>) -> Option<SlotValue> {
        (!self.0.is_zero()).then_some(SlotValue(self.0))
    }
}

/// An account's new value, and those of its changed slots sorted by hash. `None` removes both.
struct AccountUpdate {
    account: Option<Account>,
    slots: Vec<(B256, SlotUpdate)>,
}

impl AccountUpdate {
    fn new(account: Option<Account>, slots: impl IntoIterator<Item = (U256, U256)>) -> Self {
        let mut slots: Vec<_> =
            slots.into_iter().map(|(slot, value)| (slot_key(&slot), SlotUpdate(value))).collect();
        slots.sort_unstable_by_key(|(key, _)| *key);
        Self { account, slots }
    }
}

impl Change<AccountLeaf> for AccountUpdate {
    fn apply(&self, old: Option<&AccountLeaf>) -> Option<AccountLeaf> {
        let account = self.account?;
        let storage = old.map(|leaf| leaf.storage.clone()).unwrap_or_default();
        let storage = if self.slots.is_empty() { storage } else { storage.update(&self.slots) };
        Some(AccountLeaf { account, storage })
    }
}

fn account_key(address: &Address) -> B256 {
    keccak256(address)
}

fn slot_key(slot: &U256) -> B256 {
    keccak256(slot.to_be_bytes::<32>())
}

impl State {
    /// The account at `address`.
    #[must_use]
    pub fn account(&self, address: &Address) -> Option<Account> {
        self.0.get(&account_key(address)).map(|leaf| leaf.account)
    }

    /// The root of the storage trie of `address`; the empty root if there is no account or no storage.
    #[must_use]
    pub fn storage_root(&self, address: &Address) -> B256 {
        self.0.get(&account_key(address)).map_or(EMPTY_ROOT_HASH, |leaf| leaf.storage.root())
    }

    /// The value of `slot` of `address`; zero if absent.
    #[must_use]
    pub fn storage(&self, address: &Address, slot: &U256) -> U256 {
        self.0
            .get(&account_key(address))
            .and_then(|leaf| leaf.storage.get(&slot_key(slot)))
            .map_or(U256::ZERO, |value| value.0)
    }

    /// The state root, as a header states it. Cost: none, it is known.
    #[must_use]
    pub fn root(&self) -> B256 {
        self.0.root()
    }

    /// The state after `changes`. This one stays as it is; unchanged parts are shared.
    ///
    /// Slots of an account that does not exist after the changes are dropped with it.
    #[must_use]
    pub fn apply(&self, changes: &StateChanges) -> Self {
        self.update(changes, |change| change.after, |slot| slot.after)
    }

    /// The state before `changes`, if this is the state after them: `undo(apply(s, c), c) == s`.
    #[must_use]
    pub fn undo(&self, changes: &StateChanges) -> Self {
        self.update(changes, |change| change.before, |slot| slot.before)
    }

    fn update(
        &self,
        changes: &StateChanges,
        account: impl Fn(&AccountChange) -> Option<Account> + Send + Sync,
        slot: impl Fn(&SlotChange) -> U256 + Send + Sync,
    ) -> Self {
        let prepare = |(address, change): (&Address, &AccountChange)| {
            let slots = change.storage.iter().map(|(number, change)| (*number, slot(change)));
            (account_key(address), AccountUpdate::new(account(change), slots))
        };
        let accounts = &changes.accounts;
        let mut updates: Vec<(B256, AccountUpdate)> = if accounts.len() >= PARALLEL_MIN {
            accounts.par_iter().map(prepare).collect()
        } else {
            accounts.iter().map(prepare).collect()
        };
        updates.sort_unstable_by_key(|(key, _)| *key);
        Self(self.0.update(&updates))
    }

    /// The account at `address` and `slots` of it, with proofs of presence or absence, as `eth_getProof` answers.
    #[must_use]
    pub fn proof(&self, address: &Address, slots: &[U256]) -> AccountProof {
        let key = account_key(address);
        let leaf = self.0.get(&key);
        let storage = leaf.map(|leaf| leaf.storage.clone()).unwrap_or_default();
        let prove = |slot: &U256| {
            let key = slot_key(slot);
            let value = storage.get(&key).map_or(U256::ZERO, |value| value.0);
            SlotProof { slot: *slot, value, proof: storage.proof(&key) }
        };
        AccountProof {
            account: leaf.map(|leaf| leaf.account),
            storage_root: storage.root(),
            proof: self.0.proof(&key),
            storage: slots.iter().map(prove).collect(),
        }
    }

    /// For loading a state account by account, in any order.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&self.root()).finish()
    }
}

/// States are equal if their roots are.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.root() == other.root()
    }
}

impl Eq for State {}

/// Loads a state from flat accounts. Holds at most [`BATCH_MAX`] accounts outside the trie.
#[derive(Default)]
pub struct Builder {
    state: State,
    batch: BTreeMap<B256, AccountUpdate>,
}

impl Builder {
    /// Adds an account with its slots. Zero slots are absent. Added twice, the later account stands, with the slots of both.
    pub fn insert(
        &mut self,
        address: &Address,
        account: Account,
        slots: impl IntoIterator<Item = (U256, U256)>,
    ) {
        let update = AccountUpdate::new(Some(account), slots);
        if self.batch.contains_key(&account_key(address)) {
            self.flush();
        }
        self.batch.insert(account_key(address), update);
        if self.batch.len() >= BATCH_MAX {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let updates: Vec<_> = std::mem::take(&mut self.batch).into_iter().collect();
        self.state = State(self.state.0.update(&updates));
    }

    /// The state of everything added.
    #[must_use]
    pub fn finish(mut self) -> State {
        self.flush();
        self.state
    }
}
