//! The state a charter begins with.
//!
//! Rule kept: genesis writes nothing by hand. It calls the institutions' own functions, as the agreement, on a host in
//! memory; so what a charter may open with is what a decision could have made, and the checks exist once.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use polity_charter::{Charter, Kind, Member};
use polity_primitives::{
    AGREEMENT, ARTICLES, ASSEMBLY, Account, CONSTITUTION, KECCAK_EMPTY, REGISTRY, TREASURY,
};

use crate::{
    articles, assembly, constitution,
    context::{Context, Result as CallResult},
    directory::{self, DIRECTORY},
    host::{BlockInfo, Call, Failure},
    memory::{Memory, MemoryAccount, Request},
    names,
    registry::{self, IRegistry},
    treasury::ITreasury,
};

/// Code of an institution's account: an invalid opcode, so that the account is never empty (EIP-161) and never runs.
///
/// Source: DESIGN §11.
const INSTITUTION_CODE: &[u8] = &[0xef];

/// Why a charter makes no genesis.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Members or accounts without keys.
    #[error("keys are missing for {}: `polity init` makes them", .0.join(", "))]
    MissingKeys(Vec<String>),
    /// An institution refused what the charter says.
    #[error("{step}: refused with {error}")]
    Refused {
        /// What was being done.
        step: String,
        /// Name of the error in the institution's `.sol` file, or the failure.
        error: String,
    },
    /// Nobody could decide the first block.
    #[error("no member with the right to validate has node keys: nobody could decide the first block")]
    NoValidator,
    /// Balances add up to more than 256 bits.
    #[error("the opening balances add up to more wei than there can be")]
    TooMuchMoney,
}

/// The state of the genesis block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GenesisState {
    /// Account, code and non-zero slots by address.
    pub accounts: BTreeMap<Address, (Account, Bytes, BTreeMap<U256, U256>)>,
}

/// The state `charter` begins with: institutions, the agreement's contract, members, treasury, opening balances.
///
/// # Errors
/// [`Error`].
pub fn genesis(charter: &Charter) -> Result<GenesisState, Error> {
    memory(charter).map(|memory| state(&memory))
}

/// [`genesis`] as a world to go on from, for tests of what comes after.
///
/// # Errors
/// [`Error`].
pub fn memory(charter: &Charter) -> Result<Memory, Error> {
    let missing: Vec<_> = charter.missing_keys().into_iter().map(str::to_owned).collect();
    if !missing.is_empty() {
        return Err(Error::MissingKeys(missing));
    }
    let timestamp_secs = charter.clock.timestamp_secs(0).unwrap_or(0);
    let mut memory =
        Memory::new(BlockInfo { timestamp_secs, chain_id: charter.chain_id, ..BlockInfo::default() });
    for entry in DIRECTORY {
        let account = MemoryAccount { nonce: 1, balance: U256::ZERO, code: INSTITUTION_CODE.into() };
        memory.set_account(entry.address, account);
    }
    let code = Bytes::from_static(assembly::AGREEMENT_CODE);
    memory.set_account(AGREEMENT, MemoryAccount { nonce: 1, balance: U256::ZERO, code });
    open_registry(&mut memory, charter)?;
    open_treasury(&mut memory, charter)?;
    within(&mut memory, ASSEMBLY, "the assembly", |cx| assembly::genesis(cx, charter))?;
    within(&mut memory, CONSTITUTION, "the constitution", |cx| constitution::genesis(cx, charter))?;
    within(&mut memory, ARTICLES, "the articles", |cx| articles::genesis(cx, charter))?;
    open_balances(&mut memory, charter)?;
    Ok(memory)
}

fn open_registry(memory: &mut Memory, charter: &Charter) -> Result<(), Error> {
    for kind in Kind::ALL {
        let rights = charter.rights.get(&kind).copied().unwrap_or_default();
        within(memory, REGISTRY, &format!("rights of kind {kind}"), |cx| {
            registry::registry().set_kind_rights(cx, kind, rights)
        })?;
    }
    for (name, scale) in &charter.weight_scales {
        let word = word(name)?;
        let registry = registry::registry();
        within(memory, REGISTRY, &format!("weight {name}"), |cx| registry.name_weight(cx, word, *scale))?;
    }
    for member in &charter.members {
        let admission = admission(charter, member)?;
        let call = IRegistry::admitCall { admission };
        decide(memory, REGISTRY, &format!("member {}", member.id), &call, U256::ZERO)?;
    }
    for account in &charter.accounts {
        let call = IRegistry::setGuestCall { account: account.address.unwrap_or_default(), welcome: true };
        decide(memory, REGISTRY, &format!("account {}", account.id), &call, U256::ZERO)?;
    }
    if registry::validators(memory).is_empty() { Err(Error::NoValidator) } else { Ok(()) }
}

/// `member` as the registry admits it.
///
/// # Errors
/// [`Error::Refused`] for an id that is no name; none in a valid charter.
pub(crate) fn admission(charter: &Charter, member: &Member) -> Result<registry::Admission, Error> {
    let language = charter.languages.first().map_or("en", String::as_str);
    let weight = |(name, value): (&String, &u128)| Ok(IRegistry::Weight { name: word(name)?, value: *value });
    let node = member.node.as_ref();
    Ok(registry::Admission {
        id: word(&member.id)?,
        name: full_name(member.name.get(language), &member.id),
        kind: member.kind.into(),
        account: member.address.unwrap_or_default(),
        recovery: member.recovery.unwrap_or_default(),
        rights: member.rights.0,
        classes: member.classes.iter().map(|class| word(class)).collect::<Result<_, _>>()?,
        weights: member.weights.iter().map(weight).collect::<Result<_, Error>>()?,
        consensusKey: node.map(|node| node.consensus.to_vec()).unwrap_or_default().into(),
        peerKey: node.map(|node| B256::from(node.peer)).unwrap_or_default(),
    })
}

fn open_treasury(memory: &mut Memory, charter: &Charter) -> Result<(), Error> {
    for (name, balance) in &charter.treasury {
        let (step, name) = (format!("treasury account {name}"), word(name)?);
        decide(memory, TREASURY, &step, &ITreasury::openCall { name }, U256::ZERO)?;
        if !balance.is_zero() {
            memory.mint(AGREEMENT, *balance);
            decide(memory, TREASURY, &step, &ITreasury::depositCall { name }, *balance)?;
        }
    }
    Ok(())
}

fn open_balances(memory: &mut Memory, charter: &Charter) -> Result<(), Error> {
    let members = charter.members.iter().filter_map(|member| Some((member.address?, member.balance_wei)));
    let accounts =
        charter.accounts.iter().filter_map(|account| Some((account.address?, account.balance_wei)));
    let balances: Vec<_> = members.chain(accounts).filter(|(_, balance)| !balance.is_zero()).collect();
    let all = balances.iter().map(|(_, balance)| balance).chain(charter.treasury.values());
    all.copied().try_fold(U256::ZERO, U256::checked_add).ok_or(Error::TooMuchMoney)?;
    for (address, balance) in balances {
        memory.mint(address, balance);
    }
    Ok(())
}

/// Calls `call` of the institution at `to`, as the agreement, with value that the agreement holds.
fn decide<C: SolCall>(
    memory: &mut Memory,
    to: Address,
    step: &str,
    call: &C,
    value: U256,
) -> Result<(), Error> {
    let request = Request { value, ..Request::new(AGREEMENT, to, call.abi_encode()) };
    memory.call(&request).result.map(drop).map_err(|failure| refused(step, &failure))
}

/// Runs `run` inside the institution at `account`, as the agreement: for what only genesis and amendments do.
fn within(
    memory: &mut Memory,
    account: Address,
    step: &str,
    run: impl FnOnce(&mut Context<'_>) -> CallResult<()>,
) -> Result<(), Error> {
    inside(memory, account, run).map_err(|failure| refused(step, &failure))
}

/// The same, with the failure as it is. Undone if it fails.
pub(crate) fn inside<T>(
    memory: &mut Memory,
    account: Address,
    run: impl FnOnce(&mut Context<'_>) -> CallResult<T>,
) -> CallResult<T> {
    let call = Call {
        caller: AGREEMENT,
        value: U256::ZERO,
        input: &[],
        is_static: false,
        is_direct: true,
        block: memory.block,
    };
    memory.unmetered(|host| {
        let mut cx = Context::new(host, account, &call, true);
        let result = run(&mut cx);
        cx.finish(result)
    })
}

fn refused(step: &str, failure: &Failure) -> Error {
    let error = match failure {
        Failure::Revert(output) => directory::error_name(output).unwrap_or_else(|| output.to_string()),
        Failure::Halt(halt) => halt.to_string(),
    };
    Error::Refused { step: step.to_owned(), error }
}

fn word(name: &str) -> Result<B256, Error> {
    let error = || Error::Refused { step: name.to_owned(), error: "BadName".to_owned() };
    names::word(name).ok_or_else(error)
}

/// The full name cut to the registry's bound at a character, or the id where there is none.
pub(crate) fn full_name(name: &str, id: &str) -> String {
    let name = if name.is_empty() { id } else { name };
    let end = (0..=registry::NAME_BYTES_MAX.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
    name.get(..end.unwrap_or_default()).unwrap_or_default().to_owned()
}

fn state(memory: &Memory) -> GenesisState {
    let mut accounts = BTreeMap::new();
    for (address, account) in memory.accounts() {
        let code_hash = if account.code.is_empty() { KECCAK_EMPTY } else { keccak256(&account.code) };
        let header = Account { nonce: account.nonce, balance: account.balance, code_hash };
        accounts.insert(*address, (header, account.code.clone(), BTreeMap::new()));
    }
    for ((address, slot), value) in memory.slots() {
        if let Some((_, _, storage)) = accounts.get_mut(address) {
            storage.insert(*slot, *value);
        }
    }
    // Emptied on the way, such as the agreement's sender of opening balances, is absent in Ethereum's sense (EIP-161).
    accounts.retain(|_, (account, _, _)| *account != Account::default());
    GenesisState { accounts }
}

#[cfg(test)]
mod tests;
