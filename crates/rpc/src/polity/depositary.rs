//! The depositary's register, and what is in force for whom on a date.

use polity_charter::{DAY_SECS, Date};
use polity_decision::Report;
use polity_institutions::{assembly as house, registry};
use polity_primitives::{B256, Height};
use serde::{Deserialize, Deserializer, Serialize};

use super::state;
use crate::{
    api::Api,
    args::{Args, Quantity},
    config::LIST_MAX,
    error::Failure,
    method::Answer,
};

/// A day, `2016-11-04`.
struct Day(Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("`{text}` is no date such as 2016-11-04"));
        Date::parse(&text).map(Self).ok_or_else(wrong)
    }
}

/// An instrument. Dates are days; `null` means none.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InstrumentView {
    id: u64,
    treaty: String,
    member: String,
    kind: &'static str,
    date: Date,
    /// Of a withdrawal: from when on it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_on: Option<Date>,
    /// From when on it no longer works.
    ended_on: Option<Date>,
    /// The instrument it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<u64>,
    /// Of an objection: whether it opposes the entry into force between the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    opposes: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    /// keccak-256 of its document.
    #[serde(skip_serializing_if = "Option::is_none")]
    document_hash: Option<B256>,
}

impl From<house::InstrumentView> for InstrumentView {
    fn from(instrument: house::InstrumentView) -> Self {
        let objects = instrument.kind == house::InstrumentKind::Objection;
        Self {
            id: instrument.id,
            treaty: instrument.treaty,
            member: instrument.member,
            kind: instrument.kind.as_str(),
            date: Date(instrument.date),
            effective_on: instrument.effective_on.map(Date),
            ended_on: instrument.ended_on.map(Date),
            about: instrument.subject,
            opposes: objects.then_some(instrument.opposes),
            text: instrument.text,
            document_hash: instrument.document_hash,
        }
    }
}

#[derive(Serialize)]
struct Page {
    /// Instruments ever filed; their numbers run from 1 to this.
    total: u64,
    instruments: Vec<InstrumentView>,
}

/// Instruments from number `from` on, in the order of filing.
pub(super) fn instruments(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 2)?;
    let from = args.opt::<Quantity>(0)?.map_or(1, |from| from.0);
    let most = u64::try_from(LIST_MAX).unwrap_or(u64::MAX).min(house::INSTRUMENTS_PAGE_MAX);
    let count = args.opt::<Quantity>(1)?.map_or(most, |count| count.0.min(most));
    let instruments = house::instruments(&state, from, count).into_iter().map(Into::into).collect();
    api.answer(&Page { total: house::instrument_count(&state), instruments })
}

/// What is in force on a day, asked on the day of the head.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InForce {
    date: Date,
    /// The day of the block that was asked: what comes after it is told as far as it is certain.
    today: Date,
    treaties: Vec<ForceView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ForceView {
    treaty: String,
    name: String,
    in_force: bool,
    /// The proposal whose amendment of the charter opened it; `null`: the founding charter.
    adopted_by: Option<AdoptedByView>,
    since: Option<Date>,
    /// `depositors`, `all` that may deposit, or `silent` ones, text by text.
    binds: &'static str,
    parties: Vec<PartyView>,
    /// Who deposited and is no Party yet.
    waiting: Vec<WaitingView>,
    /// Texts that bind by silence, and whom.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    texts: Vec<TextForceView>,
}

/// A proposal, and the hash of the calls it adopted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdoptedByView {
    proposal: u64,
    payload_hash: B256,
}

impl From<house::AdoptedBy> for AdoptedByView {
    fn from(house::AdoptedBy { proposal, payload_hash }: house::AdoptedBy) -> Self {
        Self { proposal, payload_hash }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TextForceView {
    text: u64,
    title: String,
    /// keccak-256 of its document.
    document_hash: B256,
    adopted_by: Option<AdoptedByView>,
    parties: Vec<TextPartyView>,
}

#[derive(Serialize)]
struct TextPartyView {
    member: String,
    since: Date,
}

/// A text that binds by silence. Dates are days; `null` means not yet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TextView {
    id: u64,
    treaty: String,
    status: &'static str,
    title: String,
    /// keccak-256 of its document.
    document_hash: B256,
    /// The proposal that adopted it; its calls name the document's hash.
    adopted_by: Option<AdoptedByView>,
    uri: String,
    notified_on: Date,
    decided_on: Option<Date>,
    /// How many it can bind.
    members: u64,
    rejected: Vec<String>,
    /// The rule's own days, then those of its classes with other times.
    terms: Vec<TermView>,
    /// Why, with whom it binds from when, of those whose last day is over.
    report: Option<Report>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TermView {
    last_day: Date,
    effective_on: Date,
}

/// Texts notified under one treaty, or under all.
pub(super) fn texts(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let treaty: Option<String> = args.opt(0)?;
    let state = state(api, args, 1)?;
    let today = Date::of_timestamp(timestamp_of(api, state.height())?).secs();
    let term = |(last_day, effective_on): (u64, u64)| TermView {
        last_day: Date(last_day),
        effective_on: Date(effective_on),
    };
    let text = |text: house::TextView, report: Option<Report>| TextView {
        id: text.id,
        treaty: text.treaty,
        status: text.status.as_str(),
        title: text.title,
        document_hash: text.document_hash,
        adopted_by: text.adopted_by.map(Into::into),
        uri: text.uri,
        notified_on: Date(text.notified_on),
        decided_on: text.decided_on.map(Date),
        members: text.members,
        rejected: text.rejected,
        terms: text.terms.into_iter().map(term).collect(),
        report,
    };
    let texts = house::texts(&state, treaty.as_deref()).into_iter().map(|found| {
        let report = house::text_report(&state, &found, today);
        text(found, report)
    });
    api.answer(&texts.collect::<Vec<_>>())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartyView {
    member: String,
    since: Date,
    until: Option<Date>,
    /// Whether nothing the member can still do changes this.
    certain: bool,
    deposit: Option<InstrumentView>,
    statements: Vec<InstrumentView>,
    not_between: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WaitingView {
    member: String,
    deposited_on: Date,
    from: Option<Date>,
}

/// What is in force for whom on a day, past or future.
pub(super) fn in_force(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let treaty: Option<String> = args.opt(0)?;
    let asked = args.opt::<Day>(1)?.map(|day| day.0);
    let member: Option<String> = args.opt(2)?;
    let state = state(api, args, 3)?;
    let timestamp = |height| timestamp_of(api, height);
    let today = Date::of_timestamp(timestamp(state.height())?);
    let date = asked.unwrap_or(today);
    let height = last_height_of(date, state.height(), &timestamp)?;
    let moment = house::Moment { date: date.secs(), height, today: today.secs() };
    let admitted = |height| timestamp(Height(height)).ok();
    let mut treaties = house::in_force(&state, treaty.as_deref(), moment, &admitted);
    if let (Some(treaty), true) = (&treaty, treaties.is_empty()) {
        return Err(args.wrong(0, format!("there is no treaty `{treaty}`")));
    }
    if let Some(member) = &member {
        if registry::member(&state, member).is_none() {
            return Err(args.wrong(2, format!("there is no member `{member}`")));
        }
        for treaty in &mut treaties {
            treaty.parties.retain(|party| party.member == *member);
            treaty.waiting.retain(|waiting| waiting.member == *member);
            for text in &mut treaty.texts {
                text.parties.retain(|(bound, _)| bound == member);
            }
        }
    }
    let treaties = treaties.into_iter().map(force_view).collect();
    api.answer(&InForce { date, today, treaties })
}

fn force_view(view: house::ForceView) -> ForceView {
    let party = |party: house::PartyView| PartyView {
        member: party.member,
        since: Date(party.since),
        until: party.until.map(Date),
        certain: party.certain,
        deposit: party.deposit.map(Into::into),
        statements: party.statements.into_iter().map(Into::into).collect(),
        not_between: party.not_between,
    };
    let waiting = |waiting: house::WaitingView| WaitingView {
        member: waiting.member,
        deposited_on: Date(waiting.deposited_on),
        from: waiting.from.map(Date),
    };
    let bound = |(member, since): (String, u64)| TextPartyView { member, since: Date(since) };
    let text = |text: house::TextForceView| TextForceView {
        text: text.id,
        title: text.title,
        document_hash: text.document_hash,
        adopted_by: text.adopted_by.map(Into::into),
        parties: text.parties.into_iter().map(bound).collect(),
    };
    ForceView {
        treaty: view.treaty,
        name: view.name,
        in_force: view.in_force,
        adopted_by: view.adopted_by.map(Into::into),
        since: view.since.map(Date),
        binds: match (view.by_silence, view.binds_all) {
            (true, _) => "silent",
            (false, true) => "all",
            (false, false) => "depositors",
        },
        parties: view.parties.into_iter().map(party).collect(),
        waiting: view.waiting.into_iter().map(waiting).collect(),
        texts: view.texts.into_iter().map(text).collect(),
    }
}

pub(super) fn timestamp_of(api: &Api, height: Height) -> Result<u64, Failure> {
    let block = api.ledger.block(height)?.ok_or_else(Failure::header_not_found)?;
    Ok(block.header().timestamp)
}

/// The last height up to `head` whose block is of day `date` or before; genesis before the first. Cost: log₂ of the height
/// blocks read.
fn last_height_of(
    date: Date,
    head: Height,
    timestamp: &impl Fn(Height) -> Result<u64, Failure>,
) -> Result<u64, Failure> {
    let end = date.secs().saturating_add(DAY_SECS);
    if timestamp(head)? < end {
        return Ok(u64::MAX);
    }
    let (mut low, mut high) = (0, head.0);
    while low < high {
        let middle = low.midpoint(high.saturating_add(1)).min(high);
        if timestamp(Height(middle))? < end {
            low = middle;
        } else {
            high = middle.saturating_sub(1);
        }
    }
    Ok(low)
}
