//! The register, and what is in force for whom on a date, as those outside see them. Free of gas, over any [`Slots`].

use std::collections::BTreeMap;

use alloy_primitives::B256;
use polity_charter::{Binds, Clauses};
use polity_decision::{Date, InForce, Report, Version};
use polity_primitives::REGISTRY;

use super::super::{
    InstrumentKind, TextStatus,
    schema::{TreatyRecord, storage, view},
    tally,
    views::rule_and_scales,
};
use super::{
    clauses::{self, Decided, after, decided, in_force_from},
    filing::{self, Head},
    parties::{Bound, in_force_for, spells},
};
use crate::{
    host::Slots,
    names,
    registry::{self, registry},
    storage::View,
};

/// Most instruments of one page.
pub const INSTRUMENTS_PAGE_MAX: u64 = 1_000;

impl InstrumentKind {
    /// The word in RPC and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Ratification => "ratification",
            Self::Acceptance => "acceptance",
            Self::Approval => "approval",
            Self::Accession => "accession",
            Self::Withdrawal => "withdrawal",
            Self::Reservation => "reservation",
            Self::Declaration => "declaration",
            Self::Objection => "objection",
            Self::Rejection => "rejection",
            _ => "none",
        }
    }
}

/// An instrument. Dates are the second at which the day begins (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentView {
    /// Number, from 1 in the order of filing.
    pub id: u64,
    /// Treaty by id.
    pub treaty: String,
    /// Member by id.
    pub member: String,
    /// What it is.
    pub kind: InstrumentKind,
    /// Date of filing.
    pub date: u64,
    /// Of a withdrawal: from when on it works.
    pub effective_on: Option<u64>,
    /// From when on it no longer works, if it does not stand.
    pub ended_on: Option<u64>,
    /// The instrument it is about.
    pub subject: Option<u64>,
    /// Of an objection: whether it opposes the entry into force between the two.
    pub opposes: bool,
    /// What it says.
    pub text: String,
    /// keccak-256 of its document.
    pub document_hash: Option<B256>,
}

/// A treaty on a date. Dates are the second at which the day begins (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForceView {
    /// Treaty by id.
    pub treaty: String,
    /// Its name in the charter's first language.
    pub name: String,
    /// The proposal whose amendment of the charter opened it; `None`: the founding charter.
    pub adopted_by: Option<AdoptedBy>,
    /// Date of its entry into force, once that is certain.
    pub since: Option<u64>,
    /// Whether it is in force on the date.
    pub in_force: bool,
    /// Whether it binds every member that may deposit.
    pub binds_all: bool,
    /// Whether it takes no instruments, and its texts bind by silence.
    pub by_silence: bool,
    /// For whom it is in force on the date, in the order of admission.
    pub parties: Vec<PartyView>,
    /// Who has deposited and is no Party yet.
    pub waiting: Vec<WaitingView>,
    /// Texts that bind by silence, and whom on the date; those that bind nobody then left out.
    pub texts: Vec<TextForceView>,
}

/// A text that binds by silence. Dates are the second at which the day begins (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextView {
    /// Number, from 1.
    pub id: u64,
    /// Treaty by id.
    pub treaty: String,
    /// How far it has come.
    pub status: TextStatus,
    /// What it is.
    pub title: String,
    /// keccak-256 of its document.
    pub document_hash: B256,
    /// Where it can be fetched.
    pub uri: String,
    /// When it was notified.
    pub notified_on: u64,
    /// When its outcome was settled.
    pub decided_on: Option<u64>,
    /// How many it can bind.
    pub members: u64,
    /// Who rejects it, in the order of admission.
    pub rejected: Vec<String>,
    /// Last day and day of effect: the rule's own, then those of its classes with other times.
    pub terms: Vec<(u64, u64)>,
    /// How its rule stands with every rejection, and every silence that consented.
    pub report: Option<Report>,
    /// The proposal that adopted it.
    pub adopted_by: Option<AdoptedBy>,
}

/// The proposal that adopted a treaty or a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdoptedBy {
    /// Its number.
    pub proposal: u64,
    /// keccak-256 of its calls, ABI-encoded: whoever has the calls finds in them what was adopted, such as the hash of a document.
    pub payload_hash: B256,
}

fn adopted_by(view: &mut View<'_>, proposal: u64) -> Option<AdoptedBy> {
    let Ok(payload_hash) = storage().proposals.at(proposal).payload_hash.get(view);
    (proposal != 0).then_some(AdoptedBy { proposal, payload_hash })
}

/// A text on a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextForceView {
    /// Number.
    pub id: u64,
    /// What it is.
    pub title: String,
    /// keccak-256 of its document.
    pub document_hash: B256,
    /// The proposal that adopted it.
    pub adopted_by: Option<AdoptedBy>,
    /// Whom it binds on the date, and since when, in the order of admission.
    pub parties: Vec<(String, u64)>,
}

impl TextStatus {
    /// The word in RPC and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counting => "counting",
            Self::Open => "open",
            Self::Adopted => "adopted",
            Self::Rejected => "rejected",
            _ => "unknown",
        }
    }
}

/// Every text ever notified, of one treaty or of all.
#[must_use]
pub fn texts(slots: &dyn Slots, treaty: Option<&str>) -> Vec<TextView> {
    let mut view = view(slots);
    let Ok(count) = storage().text_count.get(&mut view);
    let members = registry::members(slots);
    let mut found = Vec::new();
    for id in 1..=count {
        let text = storage().texts.at(id);
        let Ok(read) = super::texts::read_text(&mut view, &text);
        let of = names::text(read.treaty);
        if treaty.is_some_and(|wanted| wanted != of) {
            continue;
        }
        let rejects = |id: &String| {
            let Ok(number) = text.rejections.at(names::word(id).unwrap_or_default()).get(&mut view);
            number != 0
        };
        let rejected = members.iter().map(|member| member.id.clone()).filter(rejects).collect();
        let report = rule_and_scales(slots, read.ruleHash).and_then(|(rule, scales)| {
            let Ok(words) = text.tally.all(&mut view);
            let tally = tally::from_words(&rule, &scales, &words)?;
            let over = matches!(read.status, TextStatus::Adopted | TextStatus::Rejected);
            Some(rule.outcome(&tally, over))
        });
        found.push(TextView {
            id,
            treaty: of,
            status: read.status,
            title: read.title,
            document_hash: read.documentHash,
            uri: read.uri,
            notified_on: day(read.notifiedOn),
            decided_on: some(read.decidedOn).map(day),
            members: read.members,
            rejected,
            terms: read.terms.iter().map(|term| (day(term.lastDay), day(term.effectiveOn))).collect(),
            report,
            adopted_by: adopted_by(&mut view, read.proposal.saturating_to()),
        });
    }
    found
}

/// Why text `found` is adopted or not, as of the day that begins at `today`: its rule, its days, and whom it binds of those whose last day
/// is over. What `polity decide` says of the same notification and objections.
#[must_use]
pub fn text_report(slots: &dyn Slots, found: &TextView, today: u64) -> Option<Report> {
    let (mut view, text) = (view(slots), storage().texts.at(found.id));
    let mut report = found.report.clone()?;
    let mut versions: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for member in registry::members(slots) {
        let word = names::word(&member.id).unwrap_or_default();
        let Ok(term) = text.bound.at(word).get(&mut view);
        let last_day = term.checked_sub(1).map(|index| text.terms.at(index).last_day.get(&mut view));
        let is_over = last_day.is_some_and(|Ok(last_day)| last_day <= today);
        let Ok(from) = super::texts::binds_from(&mut view, &text, word);
        if let Some(from) = from.filter(|_| is_over) {
            versions.entry(from).or_default().push(member.id);
        }
    }
    let mut objected = found.rejected.clone();
    objected.sort_unstable();
    versions.values_mut().for_each(|members| members.sort_unstable());
    let in_force = versions.iter().filter(|(from, _)| **from <= today);
    let mut in_force_for: Vec<String> = in_force.flat_map(|(_, members)| members.clone()).collect();
    in_force_for.sort_unstable();
    let version = |(from, members)| Some(Version { effective_on: Date::from_unix_secs(from)?, members });
    let versions: Vec<Version> = versions.into_iter().filter_map(version).collect();
    report.decided_on = found.decided_on.and_then(Date::from_unix_secs);
    report.effective_on = versions.first().map(|version| version.effective_on);
    report.in_force = Some(InForce { in_force_for, versions, objected });
    Some(report)
}

/// A Party of a treaty on a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyView {
    /// Member.
    pub member: String,
    /// The instrument that made it a Party; `None` if the treaty binds it without one.
    pub deposit: Option<InstrumentView>,
    /// Since when.
    pub since: u64,
    /// Until when, if it gave notice.
    pub until: Option<u64>,
    /// Whether nothing the member can still do changes this on the date asked about.
    pub certain: bool,
    /// Its reservations and declarations that stand on the date.
    pub statements: Vec<InstrumentView>,
    /// Parties with which it is not in force, because one objects to the other's reservation and opposes it.
    pub not_between: Vec<String>,
}

/// A depositor for which the treaty is not in force yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingView {
    /// Member.
    pub member: String,
    /// When it deposited.
    pub deposited_on: u64,
    /// When the treaty enters into force for it, if that is certain.
    pub from: Option<u64>,
}

/// When a question is asked about, and when it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The day asked about. Units: seconds since 1970-01-01 UTC, at its beginning.
    pub date: u64,
    /// Last height whose block is of that day or before: who is a member is read there. Later than the head for a future day.
    pub height: u64,
    /// The day of the head.
    pub today: u64,
}

/// Number of instruments ever filed.
#[must_use]
pub fn instrument_count(slots: &dyn Slots) -> u64 {
    let Ok(count) = storage().instrument_count.get(&mut view(slots));
    count
}

/// The instrument with this number.
#[must_use]
pub fn instrument(slots: &dyn Slots, id: u64) -> Option<InstrumentView> {
    (1..=instrument_count(slots)).contains(&id).then(|| read(&mut view(slots), id))
}

/// Instruments from number `from` on, in order. Bounds: at most [`INSTRUMENTS_PAGE_MAX`].
#[must_use]
pub fn instruments(slots: &dyn Slots, from: u64, count: u64) -> Vec<InstrumentView> {
    let from = from.max(1);
    let end = from.saturating_add(count.min(INSTRUMENTS_PAGE_MAX));
    (from..end.min(instrument_count(slots).saturating_add(1))).map(|id| read(&mut view(slots), id)).collect()
}

fn read(view: &mut View<'_>, id: u64) -> InstrumentView {
    let Ok(read) = filing::read(view, id);
    InstrumentView {
        id,
        treaty: names::text(read.treaty),
        member: names::text(read.member),
        kind: read.kind,
        date: day(read.date),
        effective_on: some(read.effectiveOn).map(day),
        ended_on: some(read.endedOn).map(day),
        subject: some(read.subject.saturating_to()),
        opposes: read.opposes,
        text: read.text,
        document_hash: Some(read.documentHash).filter(|hash| !hash.is_zero()),
    }
}

/// What is in force for whom at `moment`: of the treaty `treaty`, or of all. `since` of a member that a treaty binds without
/// an instrument is the date of the treaty's entry into force or, if `admitted` knows a later one, of its admission.
#[must_use]
pub fn in_force(
    slots: &dyn Slots,
    treaty: Option<&str>,
    moment: Moment,
    admitted: &dyn Fn(u64) -> Option<u64>,
) -> Vec<ForceView> {
    let mut view = view(slots);
    let Ok(ids) = storage().treaty_ids.all(&mut view);
    let members: Vec<(B256, Bound)> = members(slots, moment.height);
    let wanted = ids.into_iter().filter(|id| treaty.is_none_or(|wanted| names::text(*id) == wanted));
    wanted.map(|id| Asked { slots, moment, admitted, members: &members }.of(&mut view, id)).collect()
}

fn members(slots: &dyn Slots, height: u64) -> Vec<(B256, Bound)> {
    let mut members = View::new(slots, REGISTRY);
    let ids = registry::members(slots);
    let ids = ids.iter().filter_map(|member| names::word(&member.id));
    ids.map(|id| {
        let Ok(standing) = registry().standing(&mut members, id, height);
        (id, Bound { is_present: standing.status.is_present(), kind: standing.kind() })
    })
    .collect()
}

/// One question.
struct Asked<'a> {
    slots: &'a dyn Slots,
    moment: Moment,
    admitted: &'a dyn Fn(u64) -> Option<u64>,
    members: &'a [(B256, Bound)],
}

impl Asked<'_> {
    fn of(&self, view: &mut View<'_>, id: B256) -> ForceView {
        let record = storage().treaties.at(id);
        let Ok(name) = record.name.get(view);
        let Ok(clauses) = clauses::of(view, &record);
        let Ok(decided) = decided(view, &record);
        let Ok(by_silence) = record.by_silence.get(view);
        let date = self.moment.date.max(1);
        let (mut parties, mut waiting) = (Vec::new(), Vec::new());
        for (member, bound) in self.members {
            let Ok(is_party) = in_force_for(view, &record, *member, date, bound);
            let Ok(spells) = spells(view, &record, *member);
            if let Some(decided) = decided.filter(|_| is_party) {
                parties.push((*member, self.party(view, &record, &clauses, decided, *member, &spells)));
            } else if bound.is_present {
                let last = spells.last().filter(|(_, head)| head.works(head.date, date));
                waiting.extend(last.map(|(_, head)| WaitingView {
                    member: names::text(*member),
                    deposited_on: day(head.date),
                    from: decided.map(|decided| day(in_force_from(&clauses, decided, head.date))),
                }));
            }
        }
        oppose(view, date, &mut parties);
        let Ok(proposal) = record.proposal.get(view);
        ForceView {
            adopted_by: adopted_by(view, proposal),
            treaty: names::text(id),
            name,
            since: decided.map(|decided| day(decided.effective_on)),
            in_force: decided.is_some_and(|decided| decided.effective_on <= date),
            binds_all: clauses.binds == Binds::All,
            by_silence,
            parties: parties.into_iter().map(|(_, party)| party).collect(),
            waiting,
            texts: self.texts(view, id, date),
        }
    }

    /// Texts of treaty `id` that bind somebody on `date`.
    fn texts(&self, view: &mut View<'_>, id: B256, date: u64) -> Vec<TextForceView> {
        let Ok(count) = storage().text_count.get(view);
        let mut found = Vec::new();
        for number in 1..=count {
            let text = storage().texts.at(number);
            let Ok(of) = text.treaty.get(view);
            if of != id {
                continue;
            }
            let mut parties = Vec::new();
            for (member, bound) in self.members.iter().filter(|(_, bound)| bound.is_present) {
                let Ok(from) = super::texts::binds_from(view, &text, *member);
                let _ = bound;
                if let Some(from) = from.filter(|from| *from <= date) {
                    parties.push((names::text(*member), day(from)));
                }
            }
            let Ok(title) = text.title.get(view);
            let Ok(document_hash) = text.document.get(view);
            let Ok(proposal) = text.proposal.get(view);
            if !parties.is_empty() {
                let adopted_by = adopted_by(view, proposal);
                found.push(TextForceView { id: number, title, document_hash, adopted_by, parties });
            }
        }
        found
    }

    fn party(
        &self,
        view: &mut View<'_>,
        record: &TreatyRecord,
        clauses: &Clauses,
        decided: Decided,
        member: B256,
        spells: &[(u64, Head)],
    ) -> PartyView {
        let Moment { date, today, .. } = self.moment;
        let from = |head: &Head| in_force_from(clauses, decided, head.date);
        let by_act = spells.iter().find(|(_, head)| head.works(from(head), date.max(1)));
        let by_act = by_act.filter(|_| clauses.binds == Binds::Depositors);
        let (since, until) = match by_act {
            Some((_, head)) => (from(head), some(head.ended_on)),
            None => (self.bound_since(member, decided), None),
        };
        // A Party that gave no notice may still do so, and is out with the treaty's delay after it.
        let leaves_first = match clauses.withdrawal {
            None => today,
            Some(clause) => {
                let earliest = clause.not_before.map_or(since, |delay| after(since, delay));
                after(earliest.max(today), clause.notice)
            }
        };
        let certain = date <= today || clauses.binds == Binds::All || until.is_some() || date < leaves_first;
        let statements = by_act.map(|(number, _)| self.statements(view, record, member, *number));
        PartyView {
            member: names::text(member),
            deposit: by_act.map(|(number, _)| read(view, *number)),
            since: day(since),
            until: until.map(day),
            certain,
            statements: statements.unwrap_or_default(),
            not_between: Vec::new(),
        }
    }

    /// Since when a treaty that binds all binds `member`.
    fn bound_since(&self, member: B256, decided: Decided) -> u64 {
        let Ok(height) = registry().admitted_at(&mut View::new(self.slots, REGISTRY), member);
        let admitted = (self.admitted)(height).map(day).unwrap_or_default();
        decided.effective_on.max(admitted)
    }

    /// Statements about the deposit `number`, or about a signature, that stand.
    fn statements(
        &self,
        view: &mut View<'_>,
        record: &TreatyRecord,
        member: B256,
        number: u64,
    ) -> Vec<InstrumentView> {
        let Ok(acts) = record.parties.at(member).acts.all(view);
        let date = self.moment.date.max(1);
        let mut standing = Vec::new();
        for act in acts {
            let Ok(head) = filing::head(view, act);
            let Ok(subject) = filing::at(act).subject.get(view);
            let is_statement = matches!(head.kind, InstrumentKind::Reservation | InstrumentKind::Declaration);
            if is_statement
                && head.works(head.date, date)
                && (subject == number || is_signature(view, subject))
            {
                standing.push(read(view, act));
            }
        }
        standing
    }
}

fn is_signature(view: &mut View<'_>, number: u64) -> bool {
    let Ok(head) = filing::head(view, number);
    head.kind == InstrumentKind::Signature
}

/// Notes between which Parties the treaty is not in force.
fn oppose(view: &mut View<'_>, date: u64, parties: &mut [(B256, PartyView)]) {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (_, party) in parties.iter() {
        for statement in party.statements.iter().filter(|s| s.kind == InstrumentKind::Reservation) {
            let Ok(objections) = filing::at(statement.id).objections.all(view);
            for objection in objections {
                let Ok(head) = filing::head(view, objection);
                let Ok(objector) = filing::at(objection).member.get(view);
                if head.opposes && head.works(head.date, date) {
                    pairs.push((party.member.clone(), names::text(objector)));
                }
            }
        }
    }
    let present: Vec<String> = parties.iter().map(|(_, party)| party.member.clone()).collect();
    pairs.retain(|(_, objector)| present.contains(objector));
    for (_, party) in parties {
        let others = pairs.iter().filter_map(|(one, other)| match &party.member {
            member if member == one => Some(other.clone()),
            member if member == other => Some(one.clone()),
            _ => None,
        });
        party.not_between = others.collect();
        party.not_between.sort();
        party.not_between.dedup();
    }
}

/// Zero in storage means none.
const fn some(word: u64) -> Option<u64> {
    if word == 0 { None } else { Some(word) }
}

/// The second at which a stored date begins.
const fn day(date: u64) -> u64 {
    date - date % 86_400
}
