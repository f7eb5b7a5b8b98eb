//! Reservations, declarations and objections.
//!
//! Source: Vienna Convention on the Law of Treaties, Articles 19 to 23: a reservation comes with the instrument, unless the
//! treaty forbids it; whoever may object does so within the period; all of them can be withdrawn at any time.

use InstrumentKind as K;
use alloy_primitives::{B256, U256};
use polity_charter::Objectors;

use super::super::{
    IAssembly::{
        AlreadyObjected, Ended, InstrumentKind, InvalidStatement, NoRight, NotDeposited, NotObjectionable,
        NotYours, ObjectionTooLate, ReservationsForbidden, Retracted, Statement,
    },
    STATEMENTS_MAX, electorate,
    rules::too_many,
    schema::TreatyRecord,
    treaty,
};
use super::{
    clauses::{self, after, today},
    filing::{self, Filing, says_something, wrong},
    parties, texts,
};
use crate::{
    context::{Context, Result},
    ensure,
};

/// Files the statements that come with instrument `subject`; reservations only `with_deposit`.
///
/// Errors: `TooMany`, `WrongInstrument`, `ReservationsForbidden`, `InvalidStatement`.
pub(super) fn file_all(
    cx: &mut Context<'_>,
    id: B256,
    record: &TreatyRecord,
    member: B256,
    subject: u64,
    said: &[Statement],
    with_deposit: bool,
) -> Result<()> {
    ensure!(said.len() <= STATEMENTS_MAX, too_many("statements", STATEMENTS_MAX as u64));
    for Statement { kind, text, documentHash } in said {
        match kind {
            InstrumentKind::Declaration => {}
            InstrumentKind::Reservation if with_deposit => {
                ensure!(clauses::of(cx, record)?.reservations, ReservationsForbidden { treaty: id });
            }
            kind => return Err(wrong(*kind)),
        }
        says_something(text)?;
        let filing = Filing::new(id, member, *kind).about(subject).saying(text, *documentHash);
        filing::file(cx, record, &filing)?;
    }
    Ok(())
}

/// Files declarations of the caller, which has signed or deposited.
///
/// Errors: `UnknownTreaty`, `NotAMember`, `NoRight`, `KindNotAllowed`, `NotDeposited`, those of statements.
pub(in super::super) fn declare(cx: &mut Context<'_>, id: B256, said: &[Statement]) -> Result<()> {
    let record = treaty::find(cx, id)?;
    let member = parties::depositor(cx, id, &record)?;
    let party = record.parties.at(member);
    let (deposit, signature) = (party.deposit.get(cx)?, party.signature.get(cx)?);
    let subject = if deposit == 0 { signature } else { deposit };
    ensure!(subject != 0, NotDeposited { treaty: id, member });
    ensure!(!said.is_empty(), InvalidStatement { problem: "nothing is declared".into() });
    file_all(cx, id, &record, member, subject, said, false)
}

/// Objects to a reservation; `opposes` also the entry into force between the two.
///
/// Errors: `UnknownInstrument`, `NotAMember`, `NoRight`, `KindNotAllowed`, `NotObjectionable`, `AlreadyObjected`,
/// `ObjectionTooLate`, `InvalidStatement`.
pub(in super::super) fn object(
    cx: &mut Context<'_>,
    id: U256,
    opposes: bool,
    text: &str,
    document: B256,
) -> Result<()> {
    let (number, reservation) = filing::find(cx, id)?;
    let treaty_id = reservation.treaty.get(cx)?;
    let record = treaty::find(cx, treaty_id)?;
    let member = parties::depositor(cx, treaty_id, &record)?;
    let (head, author) = (filing::head(cx, number)?, reservation.member.get(cx)?);
    let subject = reservation.subject.get(cx)?;
    let deposit = filing::head(cx, subject)?;
    let date = today(&cx.block());
    let stands = |head: &filing::Head| head.ended_on == 0 || date < head.ended_on;
    let objectionable = head.kind == InstrumentKind::Reservation && stands(&head) && stands(&deposit);
    ensure!(objectionable && author != member, NotObjectionable { id });
    let clauses = clauses::of(cx, &record)?;
    let deposited_on = record.parties.at(member).date.get(cx)?;
    let may = clauses.objectors == Objectors::Members || deposited_on != 0;
    ensure!(may, NoRight { member, right: "object".into() });
    // Within the period, or by the day of the objector's own consent, whichever is later: Article 20(5).
    let until = after(head.date, clauses.objection_period).max(deposited_on);
    ensure!(date <= until, ObjectionTooLate { id, until });
    let standing = reservation.objected_by.at(member);
    ensure!(standing.get(cx)? == 0, AlreadyObjected { id, member });
    says_something(text)?;
    let mut filing =
        Filing::new(treaty_id, member, InstrumentKind::Objection).about(number).saying(text, document);
    filing.opposes = opposes;
    let objection = filing::file(cx, &record, &filing)?;
    standing.set(cx, objection)?;
    reservation.objections.push(cx, objection)
}

/// Withdraws a reservation, declaration, objection or rejection of the caller.
///
/// Errors: `UnknownInstrument`, `NotAMember`, `NotYours`, `WrongInstrument`, `Ended`.
pub(in super::super) fn retract(cx: &mut Context<'_>, id: U256) -> Result<()> {
    let (number, record) = filing::find(cx, id)?;
    let (caller, member) = (electorate::caller(cx)?, record.member.get(cx)?);
    ensure!(caller == member, NotYours { id, member });
    let head = filing::head(cx, number)?;
    let retractable = matches!(head.kind, K::Reservation | K::Declaration | K::Objection | K::Rejection);
    ensure!(retractable, wrong(head.kind));
    ensure!(head.ended_on == 0, Ended { id, endedOn: head.ended_on });
    let date = today(&cx.block());
    filing::end(cx, number, date)?;
    if head.kind == K::Objection {
        let reservation = filing::at(record.subject.get(cx)?);
        reservation.objected_by.at(member).set(cx, 0)?;
    }
    if head.kind == K::Rejection {
        let text = record.subject.get(cx)?;
        texts::accept_after_all(cx, text, member)?;
    }
    let treaty = record.treaty.get(cx)?;
    cx.emit(&Retracted { id, treaty, member, date })
}
