//! The deposit of a proposal: placed, held by the assembly, returned or forfeited.
//!
//! Rule kept: what was placed is held until the end of the proposal and then leaves whole, to whoever paid it, to an account
//! of the treasury, or to nobody. No wei stays behind and none is made.

use alloy_primitives::{Address, B256, U256};
use polity_charter::Burn;
use polity_decision::{Numerator, Report, Rule, Tally};
use polity_primitives::TREASURY;

use super::{
    IAssembly::{DepositForfeited, DepositPlaced, DepositReturned, WrongDeposit},
    draft,
    schema::ProposalRecord,
    tracks,
};
use crate::{
    context::{Context, Result},
    ensure,
    host::Failure,
    treasury::{ITreasury, treasury},
};

/// Where burnt money goes: to an account that nobody has the key of.
const NOBODY: Address = Address::ZERO;

/// Books the value of the call as the deposit of the proposal.
///
/// Errors: `WrongDeposit` unless it is what the track asks for, or if it was placed already.
pub(super) fn place(cx: &mut Context<'_>, id: u64, record: &ProposalRecord) -> Result<()> {
    let (sent, from) = (cx.value(), cx.caller());
    let expected = record.draft.deposit_needed.get(cx)?;
    let held = record.draft.held.get(cx)?;
    let expected = if held.is_zero() { expected } else { U256::ZERO };
    ensure!(sent == expected, WrongDeposit { expected, sent });
    record.draft.held.set(cx, sent)?;
    record.draft.depositor.set(cx, from)?;
    cx.emit(&DepositPlaced { id: U256::from(id), from, amount: sent })
}

/// Takes the deposit out of the book: amount and owner; `None` if there is none.
fn take(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<Option<(U256, Address)>> {
    let amount = record.draft.held.get(cx)?;
    if amount.is_zero() {
        return Ok(None);
    }
    let owner = record.draft.depositor.get(cx)?;
    record.draft.held.set(cx, U256::ZERO)?;
    Ok(Some((amount, owner)))
}

/// Returns the deposit, if there is one, running no code of its owner.
pub(super) fn give_back(cx: &mut Context<'_>, id: u64, record: &ProposalRecord) -> Result<()> {
    let Some((amount, to)) = take(cx, record)? else { return Ok(()) };
    if !cx.transfer(to, amount)? {
        return Err(Failure::fatal("the assembly holds less than the deposits placed with it"));
    }
    cx.emit(&DepositReturned { id: U256::from(id), to, amount })
}

/// Forfeits the deposit, if there is one: to the account its track names, or to nobody.
fn forfeit(cx: &mut Context<'_>, id: u64, record: &ProposalRecord, account: B256) -> Result<()> {
    let Some((amount, _)) = take(cx, record)? else { return Ok(()) };
    let is_open = !account.is_zero() && treasury().is_open(&mut cx.storage_of(TREASURY), account)?;
    let account = if is_open { account } else { B256::ZERO };
    if is_open {
        cx.call_paying(TREASURY, &ITreasury::depositCall { name: account }, amount)?;
    } else if !cx.transfer(NOBODY, amount)? {
        return Err(Failure::fatal("the assembly holds less than the deposits placed with it"));
    }
    cx.emit(&DepositForfeited { id: U256::from(id), account, amount })
}

/// Ends the deposit of a proposal that was rejected by `report`: as its track said when it was proposed.
pub(super) fn settle_rejected(
    cx: &mut Context<'_>,
    id: u64,
    record: &ProposalRecord,
    rule: &Rule,
    tally: &Tally,
    report: &Report,
) -> Result<()> {
    let Some(terms) = draft::terms(cx, record)? else { return give_back(cx, id, record) };
    let is_forfeited = match tracks::burn_of(cx, &terms)? {
        Burn::Never => false,
        Burn::Rejected => true,
        Burn::Veto => is_vetoed(rule, tally, report),
    };
    if !is_forfeited {
        return give_back(cx, id, record);
    }
    let account = terms.forfeit_to.get(cx)?;
    forfeit(cx, id, record, account)
}

/// Whether a veto rejects: a holder used one, or a limb that counts vetoes is not met.
fn is_vetoed(rule: &Rule, tally: &Tally, report: &Report) -> bool {
    let counted =
        |name: &str| rule.limbs.iter().any(|limb| limb.name == name && limb.numerator == Numerator::Veto);
    tally.vetoes.iter().any(|veto| veto.used > 0)
        || report.limbs.iter().any(|limb| !limb.met && counted(&limb.name))
}
