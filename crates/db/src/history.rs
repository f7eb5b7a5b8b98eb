//! The state: as it is, to load it; and as it was, to look back.

use polity_primitives::{Account, Address, Height, StateChanges, U256};

use crate::{
    Db, codec,
    error::{Error, Result},
    tables::{account_history_key, slot_history_key},
};

/// An account whose slots are being read.
struct Loaded {
    address: Address,
    account: Account,
    slots: Vec<(U256, U256)>,
}

impl Db {
    /// The account as of `after`, if a later block changed it: `Some(None)` if it did not exist. `None`: it has not
    /// changed since, and the live state answers.
    ///
    /// # Errors
    /// [`Error::Pruned`] below [`Db::oldest_state`], [`Error::Corrupt`].
    pub fn account_before(&self, address: &Address, after: Height) -> Result<Option<Option<Account>>> {
        let first = account_history_key(address, after.next().0);
        let last = account_history_key(address, u64::MAX);
        self.first_change(after, &first, &last, codec::read_account)
    }

    /// The slot as of `after`, if a later block changed it. `None`: the live state answers.
    ///
    /// # Errors
    /// [`Error::Pruned`] below [`Db::oldest_state`], [`Error::Corrupt`].
    pub fn slot_before(&self, address: &Address, slot: &U256, after: Height) -> Result<Option<U256>> {
        let first = slot_history_key(address, slot, after.next().0);
        let last = slot_history_key(address, slot, u64::MAX);
        self.first_change(after, &first, &last, codec::read_value)
    }

    fn first_change<T>(
        &self,
        after: Height,
        first: &[u8],
        last: &[u8],
        decode: impl FnOnce(&[u8]) -> Result<T, codec::Reason>,
    ) -> Result<Option<T>> {
        let history = &self.tables().history;
        let found = history.range(first, last).next().transpose()?;
        // Checked after reading: a commit may have pruned meanwhile.
        self.check_kept(after)?;
        found.map(|(key, bytes)| decode(&bytes).map_err(|reason| history.corrupt(&key, reason))).transpose()
    }

    fn check_kept(&self, height: Height) -> Result<()> {
        let oldest = self.oldest_state();
        if height < oldest { Err(Error::Pruned { height, oldest }) } else { Ok(()) }
    }

    /// What undoes the block at `height`: its changes, with the values before it as `before` and as `after`, so that
    /// applying it and undoing it both lead back. `None` if it is not kept: pruned, not committed, or the first block.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn changes(&self, height: Height) -> Result<Option<StateChanges>> {
        self.tables().undo.read(&height.0.to_be_bytes(), codec::read_undo)
    }

    /// Reads the whole state at the tip: each account with its slots, ordered by address. Returns how many accounts.
    ///
    /// Bounds: holds one account's slots in memory. The caller compares the state root with the tip's header: this is
    /// what proves the state whole.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn load_state(&self, each: &mut dyn FnMut(Address, Account, Vec<(U256, U256)>)) -> Result<u64> {
        let state = &self.tables().state;
        let mut current: Option<Loaded> = None;
        let mut count = 0u64;
        for record in state.all() {
            let (key, value) = record?;
            let corrupt = |reason: &'static str| state.corrupt(&key, reason);
            let (address, slot) =
                key.split_first_chunk::<20>().ok_or_else(|| corrupt("the key is too short"))?;
            let address = Address::from(*address);
            if slot.is_empty() {
                let account = codec::read_account(&value).map_err(corrupt)?;
                let account = account.ok_or_else(|| corrupt("an absent account is recorded"))?;
                count = count.saturating_add(1);
                if let Some(last) = current.replace(Loaded { address, account, slots: Vec::new() }) {
                    each(last.address, last.account, last.slots);
                }
            } else {
                let slot: [u8; 32] = slot.try_into().map_err(|_| corrupt("the key has the wrong length"))?;
                let value = codec::read_value(&value).map_err(corrupt)?;
                let owner = current.as_mut().filter(|owner| owner.address == address);
                let owner = owner.ok_or_else(|| corrupt("a slot without its account"))?;
                owner.slots.push((U256::from_be_bytes(slot), value));
            }
        }
        if let Some(last) = current {
            each(last.address, last.account, last.slots);
        }
        Ok(count)
    }
}
