//! How members join a treaty and leave it.
//!
//! ```text
//! deposit ──> counted ──rule met, dates──> in force for it ──notice──> still a Party ──takeEffect──> gone
//!                └── withdrawn before that: taken back at once          └── revoked: as before
//! ```

use alloy_primitives::{B256, U256};
use polity_charter::{Binds, DAY_SECS};

use super::super::{
    IAssembly::{
        AlreadyDeposited, AlreadySigned, Deposited, EnteredIntoForceFor, InstrumentKind, KindNotAllowed,
        NoNotice, NoRight, NotDeposited, NotDue, NotSigned, NoticeGiven, Statement, TooEarly,
        WithdrawalNotified, WithdrawalRevoked, Withdrawn, WrongBasis,
    },
    electorate,
    schema::{PartyRecord, TreatyRecord, storage},
    treaty,
};
use super::{
    clauses::{self, after, decided, in_force_from, today},
    filing::{self, Filing},
    statements,
};
use crate::{
    agenda::Due,
    context::{Context, Result},
    ensure,
    registry::{Status, registry},
    storage::Read,
};

/// Whether an instrument of this kind makes a Party.
pub(super) const fn joins(kind: InstrumentKind) -> bool {
    use InstrumentKind as K;
    matches!(kind, K::Ratification | K::Acceptance | K::Approval | K::Accession)
}

/// The caller, if it is an active member of a kind that may deposit.
pub(super) fn depositor(cx: &mut Context<'_>, id: B256, record: &TreatyRecord) -> Result<B256> {
    let member = electorate::caller(cx)?;
    let standing = registry().standing(&mut electorate::members(cx), member, u64::MAX)?;
    ensure!(standing.status == Status::Active, NoRight { member, right: "deposit".into() });
    let allowed = record.kinds.get(cx)? & electorate::kind_bit(standing.kind()) != 0;
    ensure!(allowed, KindNotAllowed { treaty: id, member });
    Ok(member)
}

/// Deposits an instrument of the caller, with its statements. A signature is filed and counts for nothing; where the treaty asks
/// for it, nobody but those that signed ratifies, accepts or approves.
///
/// Errors: `UnknownTreaty`, `NotAMember`, `NoRight` unless active, `KindNotAllowed`, `WrongInstrument`, `AlreadyDeposited`,
/// `AlreadySigned`, `NotSigned`, those of statements. Gas: the rule's text, the tally, the member's weights, and the texts.
pub(in super::super) fn deposit(
    cx: &mut Context<'_>,
    id: B256,
    kind: InstrumentKind,
    said: &[Statement],
) -> Result<()> {
    let signs = matches!(kind, InstrumentKind::Signature);
    ensure!(signs || joins(kind), filing::wrong(kind));
    let record = treaty::find(cx, id)?;
    ensure!(!record.by_silence.get(cx)?, WrongBasis { rule: id });
    let member = depositor(cx, id, &record)?;
    let party = record.parties.at(member);
    ensure!(party.date.get(cx)? == 0, AlreadyDeposited { treaty: id, member });
    if signs {
        ensure!(party.signature.get(cx)? == 0, AlreadySigned { treaty: id, member });
        let number = filing::file(cx, &record, &Filing::new(id, member, kind))?;
        party.signature.set(cx, number)?;
        return statements::file_all(cx, id, &record, member, number, said, false);
    }
    let unsigned = party.signature.get(cx)? == 0 && kind != InstrumentKind::Accession;
    ensure!(!unsigned || !clauses::of(cx, &record)?.signature_first, NotSigned { treaty: id, member });
    let date = today(&cx.block());
    let number = filing::file(cx, &record, &Filing::new(id, member, kind))?;
    party.deposit.set(cx, number)?;
    party.date.set(cx, date)?;
    cx.emit(&Deposited { treaty: id, member, date })?;
    statements::file_all(cx, id, &record, member, number, said, true)?;
    treaty::count_in(cx, id, &record, member)?;
    enter(cx, id, &record, member, number)
}

/// Puts the entry into force for a member that came later than the others on the agenda.
fn enter(cx: &mut Context<'_>, id: B256, record: &TreatyRecord, member: B256, number: u64) -> Result<()> {
    let Some(decided) = decided(cx, record)? else { return Ok(()) };
    let clauses = clauses::of(cx, record)?;
    let (block, date) = (cx.block(), today(&cx.block()));
    let from = in_force_from(&clauses, decided, date);
    let is_told = record.in_force_since.get(cx)? != 0;
    if clauses.binds == Binds::All || from == decided.effective_on && !is_told {
        // It enters into force for this member when it does so for all.
        return Ok(());
    }
    if from <= date {
        return cx.emit(&EnteredIntoForceFor { treaty: id, member, date: from });
    }
    storage().agenda.schedule(cx, &block, Due::TakeEffect(number), from)
}

/// From when on the treaty is in force for the member whose deposit this is, if that is certain. Units: seconds.
fn since<R: Read>(r: &mut R, record: &TreatyRecord, deposit: u64) -> Result<Option<u64>, R::Error> {
    let clauses = clauses::of(r, record)?;
    let date = filing::head(r, deposit)?.date;
    Ok(decided(r, record)?.map(|decided| in_force_from(&clauses, decided, date)))
}

/// Withdraws the caller's instrument: at once while the treaty is not in force for it, else with the treaty's notice.
///
/// Errors: `UnknownTreaty`, `NotAMember`, `NotDeposited`, `NoticeGiven`, `TooEarly`.
pub(in super::super) fn withdraw(cx: &mut Context<'_>, id: B256) -> Result<()> {
    let record = treaty::find(cx, id)?;
    let member = electorate::caller(cx)?;
    let party = record.parties.at(member);
    ensure!(party.date.get(cx)? != 0, NotDeposited { treaty: id, member });
    let (deposit, notice) = (party.deposit.get(cx)?, party.notice.get(cx)?);
    if notice != 0 {
        let effective_on = filing::head(cx, notice)?.effective_on;
        return Err(NoticeGiven { treaty: id, member, effectiveOn: effective_on }.into());
    }
    let (block, date) = (cx.block(), today(&cx.block()));
    let since = since(cx, &record, deposit)?.filter(|since| *since <= date);
    let clause = clauses::of(cx, &record)?.withdrawal;
    let effective_on = match since.zip(clause) {
        Some((since, clause)) => {
            let earliest = clause.not_before.map_or(since, |delay| after(since, delay));
            ensure!(date >= earliest, TooEarly { treaty: id, member, earliest });
            after(date, clause.notice)
        }
        None => date,
    };
    let filing = Filing::new(id, member, InstrumentKind::Withdrawal).about(deposit).effective(effective_on);
    let number = filing::file(cx, &record, &filing)?;
    filing::end(cx, deposit, effective_on)?;
    if effective_on <= date {
        storage().agenda.cancel(cx, Due::TakeEffect(deposit))?;
        return leave(cx, id, &record, member, date);
    }
    party.notice.set(cx, number)?;
    storage().agenda.schedule(cx, &block, Due::TakeEffect(number), effective_on)?;
    cx.emit(&WithdrawalNotified { treaty: id, member, date, effectiveOn: effective_on })
}

/// Takes back the caller's notice before it works. Source: Vienna Convention on the Law of Treaties, Article 68.
///
/// Errors: `UnknownTreaty`, `NotAMember`, `NoNotice`.
pub(in super::super) fn revoke_withdrawal(cx: &mut Context<'_>, id: B256) -> Result<()> {
    let record = treaty::find(cx, id)?;
    let member = electorate::caller(cx)?;
    let party = record.parties.at(member);
    let notice = party.notice.get(cx)?;
    let date = today(&cx.block());
    let runs = notice != 0 && filing::head(cx, notice)?.effective_on > date;
    ensure!(runs, NoNotice { treaty: id, member });
    storage().agenda.cancel(cx, Due::TakeEffect(notice))?;
    party.notice.set(cx, 0)?;
    let deposit = party.deposit.get(cx)?;
    filing::end(cx, deposit, 0)?;
    filing::end(cx, notice, date)?;
    cx.emit(&WithdrawalRevoked { treaty: id, member, date })
}

/// Counts a member out. What is decided stays decided.
fn leave(cx: &mut Context<'_>, id: B256, record: &TreatyRecord, member: B256, date: u64) -> Result<()> {
    let party = record.parties.at(member);
    let height = party.height.get(cx)?;
    for slot in [party.date, party.height, party.deposit, party.notice, party.signature] {
        slot.set(cx, 0)?;
    }
    cx.emit(&Withdrawn { treaty: id, member, date })?;
    treaty::count_out(cx, id, record, member, height)
}

/// Carries out an instrument whose date has come. By the chain itself.
///
/// Errors: `NotBySystem`, `UnknownInstrument`, `NotDue`.
pub(in super::super) fn take_effect(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_system()?;
    let (number, record) = filing::find(cx, id)?;
    let block = cx.block();
    ensure!(storage().agenda.take(cx, &block, Due::TakeEffect(number))?, NotDue {});
    let (treaty, member) = (record.treaty.get(cx)?, record.member.get(cx)?);
    let head = filing::head(cx, number)?;
    let treaty_record = treaty::find(cx, treaty)?;
    if head.kind == InstrumentKind::Withdrawal {
        return leave(cx, treaty, &treaty_record, member, head.effective_on);
    }
    let date = since(cx, &treaty_record, number)?.unwrap_or_else(|| today(&block));
    cx.emit(&EnteredIntoForceFor { treaty, member, date })
}

/// Whether the treaty is in force for `member` on the day of `date`, as far as is known now.
pub(in super::super) fn is_party(cx: &mut Context<'_>, id: B256, member: B256, date: u64) -> Result<bool> {
    let record = treaty::find(cx, id)?;
    let date = (date - date % DAY_SECS).max(1);
    let standing = registry().standing(&mut electorate::members(cx), member, u64::MAX)?;
    let bound = Bound { is_present: standing.status.is_present(), kind: standing.kind() };
    in_force_for(cx, &record, member, date, &bound)
}

/// Whether `member` is a Party on `date` by the instrument that counts now: one record, whatever it filed before.
pub(super) fn is_now_party<R: Read>(
    r: &mut R,
    record: &TreatyRecord,
    member: B256,
    date: u64,
) -> Result<bool, R::Error> {
    let (Some(decided), clauses) = (decided(r, record)?, clauses::of(r, record)?) else { return Ok(false) };
    if clauses.binds == Binds::All {
        return Ok(decided.effective_on <= date);
    }
    let deposit = record.parties.at(member).deposit.get(r)?;
    let head = filing::head(r, deposit)?;
    Ok(deposit != 0 && head.works(in_force_from(&clauses, decided, head.date), date))
}

/// Whether `member` has an instrument under the treaty `id` by which it joined and which it did not take back; `None` if there is no
/// such treaty. `r` reads the assembly.
pub(crate) fn has_deposited<R: Read>(r: &mut R, id: B256, member: B256) -> Result<Option<bool>, R::Error> {
    let record = storage().treaties.at(id);
    if record.number.get(r)? == 0 {
        return Ok(None);
    }
    Ok(Some(record.parties.at(member).deposit.get(r)? != 0))
}

/// Whether the treaty `id` is in force on the day of `now` for `member`, which is present and of `kind`; `None` if there is no such
/// treaty. `r` reads the assembly. Cost: some ten slots, however often the member came and left.
pub(crate) fn is_in_force<R: Read>(
    r: &mut R,
    id: B256,
    member: B256,
    kind: polity_charter::Kind,
    now: u64,
) -> Result<Option<bool>, R::Error> {
    let record = storage().treaties.at(id);
    if record.number.get(r)? == 0 {
        return Ok(None);
    }
    let binds_all = clauses::of(r, &record)?.binds == Binds::All;
    if binds_all && record.kinds.get(r)? & electorate::kind_bit(kind) == 0 {
        return Ok(Some(false));
    }
    is_now_party(r, &record, member, (now - now % DAY_SECS).max(1)).map(Some)
}

/// What the registry says of a member.
pub(super) struct Bound {
    pub(super) is_present: bool,
    pub(super) kind: polity_charter::Kind,
}

/// Whether the treaty is in force for `member` on `date`. `r` reads the assembly.
pub(super) fn in_force_for<R: Read>(
    r: &mut R,
    record: &TreatyRecord,
    member: B256,
    date: u64,
    bound: &Bound,
) -> Result<bool, R::Error> {
    let Some(decided) = decided(r, record)? else { return Ok(false) };
    let clauses = clauses::of(r, record)?;
    if !bound.is_present || date < decided.effective_on {
        return Ok(false);
    }
    if clauses.binds == Binds::All {
        return Ok(record.kinds.get(r)? & electorate::kind_bit(bound.kind) != 0);
    }
    let joined = spells(r, record, member)?;
    Ok(joined.iter().any(|(_, head)| head.works(in_force_from(&clauses, decided, head.date), date)))
}

/// Every instrument by which `member` ever joined: number, kind and dates, oldest first.
pub(super) fn spells<R: Read>(
    r: &mut R,
    record: &TreatyRecord,
    member: B256,
) -> Result<Vec<(u64, filing::Head)>, R::Error> {
    let PartyRecord { acts, .. } = record.parties.at(member);
    let mut spells = Vec::new();
    for number in acts.all(r)? {
        let head = filing::head(r, number)?;
        if joins(head.kind) {
            spells.push((number, head));
        }
    }
    Ok(spells)
}
