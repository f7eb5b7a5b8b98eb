//! Mandates: what was decided outside, recorded by those the charter names, and what is opened under it.
//!
//! Rule kept: an authority brings a decision of an outside body (a law, a court order, a resolution) into the record by the
//! hash of its document. It may open, never decide, proposals of the kinds the charter gives it, and every one it opens is
//! listed under its mandate for ever.
//!
//! Deliberately absent: whether the document says what its title claims. Anybody can fetch it and compare the hash.

use alloy_primitives::{Address, B256, U256};
use polity_charter::{Authority, CallKind, Charter, Holder};

use super::{
    IAssembly::{
        self, AuthoritySet, MandateRecorded, MandateUsed, MayNotOpen, NotAnAuthority, NotYourMandate,
        UnknownAuthority, UnknownMandate, WrongIssuer,
    },
    MANDATE_TEXT_BYTES_MAX, electorate, propose,
    rules::too_many,
    schema::{AuthorityRecord, MandateRecord, storage},
};
use crate::{
    context::{Context, Result},
    ensure, names,
    registry::{Status, registry},
    storage::Read,
};

/// Bit of a kind of proposal.
pub(super) const fn bit(kind: CallKind) -> u16 {
    1 << kind.number()
}

/// Bits of the kinds of proposals `authority` may open.
fn opens(authority: &Authority) -> u16 {
    let named = |kind: &&CallKind| authority.opens.iter().any(|word| *word == kind.as_str());
    let kinds = CallKind::ALL.iter().map(|(_, kind)| kind);
    kinds.filter(named).fold(0, |bits, kind| bits | bit(*kind))
}

/// Writes an authority of `charter`, new or changed; `name` is its name in the charter's first language.
///
/// Errors: `UnknownAuthority` if who acts for it has no account.
pub(super) fn set(cx: &mut Context<'_>, charter: &Charter, authority: &Authority, name: &str) -> Result<()> {
    let storage = storage();
    let id = names::word(&authority.id).unwrap_or_default();
    names::check(id)?;
    let record = storage.authorities.at(id);
    if record.name.get(cx)?.is_empty() {
        storage.authority_ids.push(cx, id)?;
    }
    dismiss(cx, id, &record)?;
    record.name.set(cx, name)?;
    record.issuer.set(cx, authority.issuer.as_deref().unwrap_or_default())?;
    record.opens.set(cx, opens(authority))?;
    let (member, account) = match &authority.holder {
        Holder::Member(member) => (names::word(member).unwrap_or_default(), Address::ZERO),
        Holder::Account(account) => {
            let known = charter.accounts.iter().find(|known| known.id == *account);
            (B256::ZERO, known.and_then(|known| known.address).unwrap_or_default())
        }
    };
    ensure!(!(member.is_zero() && account.is_zero()), UnknownAuthority { authority: id });
    if member.is_zero() {
        storage.account_acts_for.at(account).set(cx, id)?;
    } else {
        storage.acts_for.at(member).set(cx, id)?;
    }
    record.member.set(cx, member)?;
    record.account.set(cx, account)?;
    cx.emit(&AuthoritySet { id, member, account, opens: opens(authority) })
}

/// Nobody acts for authority `id` any more; what it recorded stays.
pub(super) fn remove(cx: &mut Context<'_>, id: B256) -> Result<()> {
    let record = storage().authorities.at(id);
    dismiss(cx, id, &record)?;
    record.opens.set(cx, 0)?;
    cx.emit(&AuthoritySet { id, member: B256::ZERO, account: Address::ZERO, opens: 0 })
}

/// Whoever acted for authority `id` does so no more, unless the same amendment has let it act for another.
fn dismiss(cx: &mut Context<'_>, id: B256, record: &AuthorityRecord) -> Result<()> {
    let storage = storage();
    let (member, account) = (record.member.get(cx)?, record.account.get(cx)?);
    if !member.is_zero() {
        if storage.acts_for.at(member).get(cx)? == id {
            storage.acts_for.at(member).set(cx, B256::ZERO)?;
        }
        record.member.set(cx, B256::ZERO)?;
    }
    if !account.is_zero() {
        if storage.account_acts_for.at(account).get(cx)? == id {
            storage.account_acts_for.at(account).set(cx, B256::ZERO)?;
        }
        record.account.set(cx, Address::ZERO)?;
    }
    Ok(())
}

/// The authority the caller acts for, and who counts as proposer: the member, or the authority itself.
fn caller(cx: &mut Context<'_>) -> Result<(B256, B256)> {
    let who = cx.caller();
    let member = registry().member_of(&mut electorate::members(cx), who)?;
    let authority = if member.is_zero() {
        storage().account_acts_for.at(who).get(cx)?
    } else {
        let standing = registry().standing(&mut electorate::members(cx), member, u64::MAX)?;
        ensure!(standing.status == Status::Active, NotAnAuthority { who });
        storage().acts_for.at(member).get(cx)?
    };
    ensure!(!authority.is_zero(), NotAnAuthority { who });
    Ok((authority, if member.is_zero() { authority } else { member }))
}

/// Records a mandate and returns its number.
///
/// Errors: `NotAnAuthority`, `WrongIssuer`, `TooMany`, `InvalidTitle`.
pub(super) fn record(
    cx: &mut Context<'_>,
    title: &str,
    document: B256,
    issuer: &str,
    uri: &str,
) -> Result<u64> {
    let (authority, _) = caller(cx)?;
    let expected = storage().authorities.at(authority).issuer.get(cx)?;
    ensure!(expected.is_empty() || expected == issuer, WrongIssuer { expected });
    ensure!(!title.trim().is_empty() && !issuer.trim().is_empty(), IAssembly::InvalidTitle {});
    for text in [title, issuer, uri] {
        let max = MANDATE_TEXT_BYTES_MAX;
        ensure!(text.len() <= max, too_many("bytes of a mandate's text", max as u64));
    }
    let storage = storage();
    let number = storage.mandate_count.get(cx)?.saturating_add(1);
    storage.mandate_count.set(cx, number)?;
    let mandate = storage.mandates.at(number);
    mandate.authority.set(cx, authority)?;
    mandate.title.set(cx, title)?;
    mandate.issuer.set(cx, issuer)?;
    mandate.uri.set(cx, uri)?;
    mandate.document.set(cx, document)?;
    let recorded_at = cx.block().timestamp_secs.max(1);
    mandate.recorded_at.set(cx, recorded_at)?;
    cx.emit(&MandateRecorded {
        id: U256::from(number),
        authority,
        title: title.into(),
        documentHash: document,
        issuer: issuer.into(),
        uri: uri.into(),
    })?;
    Ok(number)
}

/// Opens a proposal under mandate `id`, one the caller recorded, and returns the proposal's id.
///
/// The authority decides nothing by it: the proposal is judged like every other on its track.
///
/// Errors: `UnknownMandate`, `NotAnAuthority`, `NotYourMandate`, `MayNotOpen`, those of `propose`.
pub(super) fn propose_under(
    cx: &mut Context<'_>,
    id: U256,
    track: B256,
    title: &str,
    calls: &[IAssembly::Call],
) -> Result<u64> {
    let (number, mandate) = find(cx, id)?;
    let (authority, proposer) = caller(cx)?;
    ensure!(mandate.authority.get(cx)? == authority, NotYourMandate { id, authority });
    let opens = storage().authorities.at(authority).opens.get(cx)?;
    ensure!(opens & bit(CallKind::Emergency) != 0, MayNotOpen { authority });
    let proposal = propose::under(cx, proposer, number, track, title, calls)?;
    mandate.uses.push(cx, proposal)?;
    cx.emit(&MandateUsed { id, proposal: U256::from(proposal), authority })?;
    Ok(proposal)
}

/// The mandate with this number.
pub(super) fn find(cx: &mut Context<'_>, id: U256) -> Result<(u64, MandateRecord)> {
    let number = u64::try_from(id).ok().filter(|number| *number != 0).ok_or(UnknownMandate { id })?;
    ensure!(number <= storage().mandate_count.get(cx)?, UnknownMandate { id });
    Ok((number, storage().mandates.at(number)))
}

/// The mandate as the ABI shows it.
pub(super) fn abi_of(cx: &mut Context<'_>, id: U256) -> Result<IAssembly::Mandate> {
    let (_, record) = find(cx, id)?;
    read(cx, &record)
}

/// The mandate's record.
pub(super) fn read<R: Read>(r: &mut R, record: &MandateRecord) -> Result<IAssembly::Mandate, R::Error> {
    Ok(IAssembly::Mandate {
        authority: record.authority.get(r)?,
        title: record.title.get(r)?,
        documentHash: record.document.get(r)?,
        issuer: record.issuer.get(r)?,
        uri: record.uri.get(r)?,
        recordedAt: record.recorded_at.get(r)?,
        uses: record.uses.len(r)?,
    })
}

/// The authority as the ABI shows it.
pub(super) fn abi_of_authority(cx: &mut Context<'_>, id: B256) -> Result<IAssembly::Authority> {
    let record = storage().authorities.at(id);
    let found = read_authority(cx, &record)?;
    ensure!(!found.name.is_empty(), UnknownAuthority { authority: id });
    Ok(found)
}

/// The authority's record.
pub(super) fn read_authority<R: Read>(
    r: &mut R,
    record: &AuthorityRecord,
) -> Result<IAssembly::Authority, R::Error> {
    Ok(IAssembly::Authority {
        name: record.name.get(r)?,
        member: record.member.get(r)?,
        account: record.account.get(r)?,
        issuer: record.issuer.get(r)?,
        opens: record.opens.get(r)?,
    })
}
