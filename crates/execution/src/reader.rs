//! The state as execution reads it, and the reads of one block.

use std::fmt;

use alloy_primitives::{
    Address, B256, Bytes, U256,
    map::{AddressMap, HashMap},
};
use polity_primitives::Account;
use revm::{
    DatabaseRef,
    database_interface::DBErrorMarker,
    state::{AccountInfo, Bytecode},
};

/// Why state could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is not here, or not now. Says nothing about the block that asked.
    #[error("state is not available: {0}")]
    Unavailable(String),
    /// What is stored cannot be true.
    #[error("state is corrupt: {0}")]
    Corrupt(String),
}

impl DBErrorMarker for ReadError {}

/// The state after some block.
pub trait StateReader: Send + Sync {
    /// The account, or `None` if it does not exist.
    ///
    /// # Errors
    /// [`ReadError`].
    fn account(&self, address: &Address) -> Result<Option<Account>, ReadError>;

    /// A storage slot; zero if absent.
    ///
    /// # Errors
    /// [`ReadError`].
    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadError>;

    /// Code by its hash. Asked only for hashes that accounts of this state have.
    ///
    /// # Errors
    /// [`ReadError`].
    fn code(&self, hash: &B256) -> Result<Bytes, ReadError>;

    /// The hash of a block below the one that is executed, at most 256 back; `None` if there is none.
    ///
    /// # Errors
    /// [`ReadError`].
    fn block_hash(&self, number: u64) -> Result<Option<B256>, ReadError>;
}

/// A reader as revm asks it, without a cache: for revm's own layered database, which keeps one.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a>(pub(crate) &'a dyn StateReader);

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

fn info(account: Account) -> AccountInfo {
    AccountInfo {
        balance: account.balance,
        nonce: account.nonce,
        code_hash: account.code_hash,
        code: None,
        ..AccountInfo::default()
    }
}

impl DatabaseRef for Source<'_> {
    type Error = ReadError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, ReadError> {
        Ok(self.0.account(&address)?.map(info))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, ReadError> {
        let code = self.0.code(&code_hash)?;
        Bytecode::new_raw_checked(code).map_err(|e| ReadError::Corrupt(format!("code {code_hash}: {e}")))
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, ReadError> {
        self.0.storage(&address, &slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, ReadError> {
        Ok(self.0.block_hash(number)?.unwrap_or_default())
    }
}

/// The reads of one block: each account and slot is asked of the reader once, and what was answered stays, because it is
/// the value *before* in the block's changes.
///
/// Nothing is ever written here: revm's journal lives over it for the whole block.
pub(crate) struct Reads<'a> {
    source: Source<'a>,
    accounts: AddressMap<Option<Account>>,
    slots: HashMap<(Address, U256), U256>,
    /// The first failure, kept because revm turns it into text when an institution was reading.
    failed: Option<ReadError>,
}

impl fmt::Debug for Reads<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reads")
            .field("accounts", &self.accounts.len())
            .field("slots", &self.slots.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Reads<'a> {
    pub(crate) fn new(reader: &'a dyn StateReader) -> Self {
        Self {
            source: Source(reader),
            accounts: AddressMap::default(),
            slots: HashMap::default(),
            failed: None,
        }
    }

    /// The account before the block; `None` also if it was never read, which an account made in the block may be.
    pub(crate) fn account_before(&self, address: &Address) -> Option<Account> {
        self.accounts.get(address).copied().flatten()
    }

    /// The slot before the block; zero if it was never read, as the slots of an account made in the block are.
    pub(crate) fn slot_before(&self, address: &Address, slot: &U256) -> U256 {
        self.slots.get(&(*address, *slot)).copied().unwrap_or_default()
    }

    pub(crate) const fn take_failure(&mut self) -> Option<ReadError> {
        self.failed.take()
    }

    fn keep_failure<T>(&mut self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.inspect_err(|e| {
            self.failed.get_or_insert_with(|| e.clone());
        })
    }
}

impl revm::Database for Reads<'_> {
    type Error = ReadError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, ReadError> {
        if let Some(known) = self.accounts.get(&address) {
            return Ok(known.map(info));
        }
        let account = self.source.0.account(&address);
        let account = self.keep_failure(account)?;
        self.accounts.insert(address, account);
        Ok(account.map(info))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, ReadError> {
        let code = self.source.code_by_hash_ref(code_hash);
        self.keep_failure(code)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, ReadError> {
        if let Some(known) = self.slots.get(&(address, slot)) {
            return Ok(*known);
        }
        let value = self.source.0.storage(&address, &slot);
        let value = self.keep_failure(value)?;
        self.slots.insert((address, slot), value);
        Ok(value)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, ReadError> {
        let hash = self.source.block_hash_ref(number);
        self.keep_failure(hash)
    }
}
