//! The register: every instrument under its number, from 1, in the order of filing.

use alloy_primitives::{B256, U256};

use super::super::{
    ACTS_MAX, DOCUMENT_TEXT_BYTES_MAX,
    IAssembly::{self, Filed, InstrumentKind, InvalidStatement, UnknownInstrument, WrongInstrument},
    rules::too_many,
    schema::{InstrumentRecord, TreatyRecord, storage},
};
use super::clauses::today;
use crate::{
    context::{Context, Result},
    directory::MalformedCalldata,
    ensure,
    host::Failure,
    storage::Read,
};

/// An instrument about to be filed.
pub(super) struct Filing<'a> {
    pub(super) treaty: B256,
    pub(super) member: B256,
    pub(super) kind: InstrumentKind,
    /// The instrument or text it is about; 0: none.
    pub(super) subject: u64,
    /// From when on it works; 0: to be computed from the treaty.
    pub(super) effective_on: u64,
    pub(super) opposes: bool,
    pub(super) text: &'a str,
    pub(super) document: B256,
}

impl<'a> Filing<'a> {
    pub(super) const fn new(treaty: B256, member: B256, kind: InstrumentKind) -> Self {
        Self {
            treaty,
            member,
            kind,
            subject: 0,
            effective_on: 0,
            opposes: false,
            text: "",
            document: B256::ZERO,
        }
    }

    pub(super) const fn about(mut self, subject: u64) -> Self {
        self.subject = subject;
        self
    }

    pub(super) const fn saying(mut self, text: &'a str, document: B256) -> Self {
        self.text = text;
        self.document = document;
        self
    }

    pub(super) const fn effective(mut self, date: u64) -> Self {
        self.effective_on = date;
        self
    }
}

/// The dates and the kind of an instrument: kind (8 bits), opposes (8), and three dates of 64, from the lowest bit up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: InstrumentKind,
    pub(super) opposes: bool,
    pub(super) date: u64,
    pub(super) effective_on: u64,
    /// From when on it no longer works; 0: it stands.
    pub(super) ended_on: u64,
}

impl Head {
    fn to_word(self) -> U256 {
        U256::from(self.kind as u8)
            | (U256::from(u8::from(self.opposes)) << 8usize)
            | (U256::from(self.date) << 16usize)
            | (U256::from(self.effective_on) << 80usize)
            | (U256::from(self.ended_on) << 144usize)
    }

    fn from_word(word: U256) -> Self {
        Self {
            kind: InstrumentKind::try_from(word.byte(0)).unwrap_or(InstrumentKind::None),
            opposes: word.byte(1) != 0,
            date: (word >> 16usize).wrapping_to(),
            effective_on: (word >> 80usize).wrapping_to(),
            ended_on: (word >> 144usize).wrapping_to(),
        }
    }

    /// Whether it works on `date`, if it works from `from` on.
    pub(super) const fn works(&self, from: u64, date: u64) -> bool {
        from <= date && (self.ended_on == 0 || date < self.ended_on)
    }
}

/// The record of instrument `number`.
pub(super) fn at(number: u64) -> InstrumentRecord {
    storage().instruments.at(number)
}

/// Kind and dates of instrument `number`.
pub(super) fn head<R: Read>(r: &mut R, number: u64) -> Result<Head, R::Error> {
    at(number).head.get(r).map(Head::from_word)
}

/// The instrument with this number.
pub(in super::super) fn find(cx: &mut Context<'_>, id: U256) -> Result<(u64, InstrumentRecord)> {
    let number = u64::try_from(id).ok().filter(|number| *number != 0);
    let number = number.ok_or(UnknownInstrument { id })?;
    ensure!(number <= storage().instrument_count.get(cx)?, UnknownInstrument { id });
    Ok((number, at(number)))
}

/// Files an instrument with today's date and returns its number.
///
/// Errors: `InvalidStatement`, `TooMany` (withdrawals excepted, so that nobody is kept in by the bound).
pub(super) fn file(cx: &mut Context<'_>, treaty: &TreatyRecord, filing: &Filing<'_>) -> Result<u64> {
    let bytes = filing.text.len();
    ensure!(
        bytes <= DOCUMENT_TEXT_BYTES_MAX,
        too_many("bytes of a statement", DOCUMENT_TEXT_BYTES_MAX as u64)
    );
    let acts = treaty.parties.at(filing.member).acts;
    let bounded = filing.kind != InstrumentKind::Withdrawal;
    ensure!(!bounded || acts.len(cx)? < ACTS_MAX, too_many("instruments of one member", ACTS_MAX));
    let storage = storage();
    let number = storage.instrument_count.get(cx)?.saturating_add(1);
    storage.instrument_count.set(cx, number)?;
    acts.push(cx, number)?;
    let date = today(&cx.block());
    let record = at(number);
    let Filing { kind, opposes, effective_on, .. } = *filing;
    record.head.set(cx, Head { kind, opposes, date, effective_on, ended_on: 0 }.to_word())?;
    record.treaty.set(cx, filing.treaty)?;
    record.member.set(cx, filing.member)?;
    if filing.subject != 0 {
        record.subject.set(cx, filing.subject)?;
    }
    if !filing.text.is_empty() {
        record.text.set(cx, filing.text)?;
    }
    if !filing.document.is_zero() {
        record.document.set(cx, filing.document)?;
    }
    cx.emit(&Filed {
        id: U256::from(number),
        treaty: filing.treaty,
        member: filing.member,
        kind,
        date,
        effectiveOn: effective_on,
        subject: U256::from(filing.subject),
        opposes,
        text: filing.text.into(),
        documentHash: filing.document,
    })?;
    Ok(number)
}

/// Ends instrument `number` on `date`; 0 takes an end back.
pub(super) fn end(cx: &mut Context<'_>, number: u64, date: u64) -> Result<()> {
    let record = at(number);
    let head = Head { ended_on: date, ..head(cx, number)? };
    record.head.set(cx, head.to_word())
}

/// The refusal of an instrument of a kind that cannot be filed so, or that there is not.
pub(super) fn wrong(kind: InstrumentKind) -> Failure {
    if matches!(kind, InstrumentKind::__Invalid) {
        MalformedCalldata {}.into()
    } else {
        WrongInstrument { kind }.into()
    }
}

/// Refuses a statement that says nothing.
pub(super) fn says_something(text: &str) -> Result<()> {
    ensure!(!text.trim().is_empty(), InvalidStatement { problem: "it has no text".into() });
    Ok(())
}

/// Numbers of all instruments of `member` under `treaty`.
pub(in super::super) fn numbers_of(
    cx: &mut Context<'_>,
    treaty: &TreatyRecord,
    member: B256,
) -> Result<Vec<U256>> {
    let numbers = treaty.parties.at(member).acts.all(cx)?;
    Ok(numbers.into_iter().map(U256::from).collect())
}

/// The instrument as the ABI shows it.
pub(in super::super) fn abi_of(cx: &mut Context<'_>, id: U256) -> Result<IAssembly::Instrument> {
    let (number, _) = find(cx, id)?;
    read(cx, number)
}

/// The instrument's record.
pub(super) fn read<R: Read>(r: &mut R, number: u64) -> Result<IAssembly::Instrument, R::Error> {
    let (record, head) = (at(number), head(r, number)?);
    Ok(IAssembly::Instrument {
        treaty: record.treaty.get(r)?,
        member: record.member.get(r)?,
        kind: head.kind,
        date: head.date,
        effectiveOn: head.effective_on,
        endedOn: head.ended_on,
        subject: U256::from(record.subject.get(r)?),
        opposes: head.opposes,
        text: record.text.get(r)?,
        documentHash: record.document.get(r)?,
    })
}
