//! The assembly as those outside see it: rpc, command line, web page. Free of gas, over any [`Slots`].
//!
//! Every why-report is computed here from the words of a tally and the text of a rule, both in storage; the hash that the
//! chain stored when it decided is that of the same report.

use alloy_primitives::{Address, B256, Bytes, U256};
use polity_charter::{CallKind, Kind};
use polity_decision::{Date, Outcome, Report, Rule, Scales, Tally};
use polity_primitives::REGISTRY;

use super::{
    Choice, DecodedCall, IAssembly, InstrumentKind, Status, ballot as casting, conclude, delegation,
    depositary::views::instrument,
    electorate, payload, record, rules as texts,
    schema::{StageRecord, TreatyRecord, storage, view},
    seats, secret, tally, tracks as terms, treaty,
};
use crate::{
    agenda::Entry,
    host::Slots,
    names, registry,
    storage::{List, Slot, View},
};

/// Most proposals of one page.
pub const PROPOSALS_PAGE_MAX: u64 = 100;

/// A proposal. Times are seconds since 1970-01-01 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalView {
    /// Id, from 1.
    pub id: u64,
    /// How far it has come.
    pub status: Status,
    /// The track by id, or the chamber that stands for one.
    pub track: String,
    /// Member that proposed it, or authority that opened it.
    pub proposer: String,
    /// The mandate it was opened under.
    pub mandate: Option<u64>,
    /// What the proposer calls it.
    pub title: String,
    /// keccak-256 of its calls, ABI-encoded.
    pub payload_hash: B256,
    /// When it was proposed.
    pub proposed_at: u64,
    /// When its present step ends.
    pub deadline: Option<u64>,
    /// Height at whose end its electorate was read, once open.
    pub electorate_height: u64,
    /// When it opened.
    pub opened_at: Option<u64>,
    /// When the outcome was established.
    pub concluded_at: Option<u64>,
    /// When its calls fall due, if it is adopted.
    pub executes_at: Option<u64>,
    /// When the calls were made, or failed, or it ended otherwise.
    pub finished_at: Option<u64>,
    /// Number of the present stage, from 0.
    pub stage: u64,
    /// Its stages, once open.
    pub stages: Vec<StageView>,
    /// Its calls, as stored.
    pub calls: Vec<IAssembly::Call>,
    /// Its calls, in words.
    pub decoded: Vec<DecodedCall>,
    /// Code hash of each call's target at the opening.
    pub code_hashes: Vec<B256>,
    /// Why it failed, as recorded.
    pub failure: Option<Bytes>,
    /// Why it was cancelled, as said.
    pub cancelled_because: Option<String>,
    /// What its calls do.
    pub kinds: Vec<CallKind>,
    /// Sponsors it needs, besides its proposer.
    pub sponsors_needed: u64,
    /// Sponsors it has.
    pub sponsors: Vec<String>,
    /// Deposit it needs. Units: wei.
    pub deposit_needed: U256,
    /// Deposit held now. Units: wei.
    pub deposit_held: U256,
    /// Who paid it, if anyone did.
    pub depositor: Option<Address>,
    /// Members looked at, and to be looked at, over all votes, while the electorates are counted.
    pub counted: Option<(u64, u64)>,
    /// The vote on cancelling it, and the end of the power to.
    pub guardian: Option<(StageView, u64)>,
}

/// One vote of a proposal. Times are seconds since 1970-01-01 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageView {
    /// Chamber by id.
    pub chamber: String,
    /// Hash of the rule it is judged by.
    pub rule_hash: B256,
    /// From when ballots are taken.
    pub opens_at: Option<u64>,
    /// Until when ballots are taken.
    pub closes_at: Option<u64>,
    /// Until when sealed ballots are revealed, if they are sealed.
    pub reveals_until: Option<u64>,
    /// When the outcome was established.
    pub concluded_at: Option<u64>,
    /// The outcome.
    pub adopted: Option<bool>,
    /// How often a late ballot has moved the close.
    pub extensions: u64,
    /// Members it counts.
    pub voters: u64,
    /// Hash of the why-report's JSON, once concluded.
    pub report_hash: Option<B256>,
}

impl StageView {
    fn of(view: &mut View<'_>, record: &StageRecord) -> Self {
        let Ok(read) = record::read_stage(view, record);
        let Ok(voters) = record.voters.get(view);
        Self {
            extensions: read.extensions,
            voters,
            chamber: names::text(read.chamber),
            rule_hash: read.ruleHash,
            opens_at: some(read.opensAt),
            closes_at: some(read.closesAt),
            reveals_until: some(read.revealsUntil),
            concluded_at: some(read.concludedAt),
            adopted: some(read.concludedAt).map(|_| read.adopted),
            report_hash: Some(read.reportHash).filter(|hash| !hash.is_zero()),
        }
    }
}

impl ProposalView {
    /// Why it failed, in words.
    #[must_use]
    pub fn failure_text(&self) -> Option<String> {
        self.failure.as_ref().map(|reason| payload::explain(reason))
    }

    /// The present stage, or the last one that was voted on; `None` before the opening.
    #[must_use]
    pub fn present(&self) -> Option<&StageView> {
        self.stages.get(usize::try_from(self.stage).ok()?)
    }
}

impl Status {
    /// The word in RPC and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Discussion => "discussion",
            Self::Preparing => "preparing",
            Self::Open => "open",
            Self::Pause => "pause",
            Self::Adopted => "adopted",
            Self::Executed => "executed",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Lapsed => "lapsed",
            _ => "unknown",
        }
    }
}

impl Choice {
    /// The word in RPC and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Abstain => "abstain",
            Self::Veto => "veto",
            Self::Split => "split",
            _ => "none",
        }
    }

    /// The choice this word names; `none` takes a ballot back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::None, Self::Yes, Self::No, Self::Abstain, Self::Veto].into_iter().find(|c| c.as_str() == word)
    }
}

/// A treaty. Dates are the second at which the day begins (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreatyView {
    /// Id.
    pub id: String,
    /// Name in the charter's first language.
    pub name: String,
    /// Hash of its rule of entry into force.
    pub rule_hash: B256,
    /// Kinds of members that may deposit.
    pub kinds: Vec<Kind>,
    /// Instruments now deposited.
    pub deposits: u64,
    /// Date on which the rule was met.
    pub decided_on: Option<u64>,
    /// Date of entry into force, once the rule is met.
    pub effective_on: Option<u64>,
    /// Timestamp of the block in which it entered into force.
    pub in_force_since: Option<u64>,
}

/// A deposited instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositView {
    /// Member.
    pub member: String,
    /// Date: the second at which the day begins (UTC).
    pub date: u64,
    /// What it deposited.
    pub kind: Option<InstrumentKind>,
}

/// A ballot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BallotView {
    /// Member.
    pub member: String,
    /// What it says.
    pub choice: Choice,
    /// Parts of 10,000 for yes, no, abstain and veto.
    pub parts: [u16; 4],
    /// Whether it is sealed: what it says is then what it means if it is never revealed.
    pub sealed: bool,
}

/// A decision rule in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleView {
    /// Id.
    pub id: String,
    /// Hash of its canonical JSON.
    pub hash: B256,
    /// The rule.
    pub rule: Rule,
}

/// A chamber in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChamberView {
    /// Id.
    pub id: String,
    /// Name in the charter's first language.
    pub name: String,
    /// Kinds that sit in it.
    pub kinds: Vec<Kind>,
    /// Classes that sit in it.
    pub classes: Vec<String>,
    /// Members that sit in it by name.
    pub members: Vec<String>,
    /// Its rule by id.
    pub rule: String,
    /// How long ballots are taken. Units: seconds.
    pub voting_secs: u64,
    /// How long an adopted proposal waits. Units: seconds.
    pub delay_secs: u64,
    /// `description`, `election`, `sortition` or `stake`.
    pub by: &'static str,
    /// How long sealed ballots are revealed after the close, in seconds, and what unrevealed ones mean; `None`: they are open.
    pub secret: Option<(u64, Choice)>,
}

/// Number of proposals ever opened.
#[must_use]
pub fn proposal_count(slots: &dyn Slots) -> u64 {
    let Ok(count) = storage().proposal_count.get(&mut view(slots));
    count
}

/// Proposals from `from` on, in order. Bounds: at most [`PROPOSALS_PAGE_MAX`].
#[must_use]
pub fn proposals(slots: &dyn Slots, from: u64, count: u64) -> Vec<ProposalView> {
    let from = from.max(1);
    let end = from.saturating_add(count.min(PROPOSALS_PAGE_MAX));
    (from..end.min(proposal_count(slots).saturating_add(1))).filter_map(|id| proposal(slots, id)).collect()
}

/// The proposal with this id.
#[must_use]
pub fn proposal(slots: &dyn Slots, id: u64) -> Option<ProposalView> {
    let (mut view, record) = (view(slots), storage().proposals.at(id));
    let Ok(read) = record::read(&mut view, &record);
    if read.status == Status::Unknown {
        return None;
    }
    let Ok(calls) = record::calls(&mut view, &record);
    let Ok(code_hashes) = record.code_hashes.all(&mut view);
    let Ok(mandate) = record.mandate.get(&mut view);
    let Ok(reason) = record.reason.get(&mut view);
    let Ok(counted) = record.counted.get(&mut view);
    let Ok(countable) = record.countable.get(&mut view);
    let Ok(guardian_until) = record.guardian_until.get(&mut view);
    let Ok(len) = record.stages.len(&mut view);
    let stages = (0..len).map(|number| StageView::of(&mut view, &record.stages.at(number))).collect();
    Some(ProposalView {
        id,
        status: read.status,
        track: names::text(read.track),
        proposer: names::text(read.proposer),
        mandate: some(mandate),
        title: read.title,
        payload_hash: read.payloadHash,
        proposed_at: read.proposedAt,
        deadline: some(read.deadline),
        electorate_height: read.electorateHeight,
        opened_at: some(read.openedAt),
        concluded_at: some(read.concludedAt),
        executes_at: some(read.executesAt),
        finished_at: some(read.finishedAt),
        stage: read.stage,
        stages,
        decoded: calls.iter().map(payload::decode).collect(),
        calls,
        code_hashes,
        failure: (read.status == Status::Failed).then(|| reason.clone().into()),
        cancelled_because: (read.status == Status::Cancelled)
            .then(|| String::from_utf8_lossy(&reason).into_owned()),
        kinds: call_kinds(read.kinds),
        sponsors_needed: read.sponsorsNeeded,
        sponsors: read.sponsors.into_iter().map(names::text).collect(),
        deposit_needed: read.depositNeeded,
        deposit_held: read.depositHeld,
        depositor: Some(read.depositor).filter(|depositor| !depositor.is_zero()),
        counted: (read.status == Status::Preparing).then_some((counted, countable)),
        guardian: some(guardian_until).map(|until| (StageView::of(&mut view, &record.guardian), until)),
    })
}

/// The record of stage `stage` of proposal `id`, or of its present one.
fn stage_of(slots: &dyn Slots, id: u64, stage: Option<u64>) -> Option<StageRecord> {
    let (mut view, record) = (view(slots), storage().proposals.at(id));
    let Ok(present) = record.stage.get(&mut view);
    let Ok(found) = record::stage_at(&mut view, &record, stage.unwrap_or(present));
    found
}

/// The slot of the assembly that holds the hash of the why-report of stage `stage` of proposal `id`, or of its present one, once it is
/// concluded: what `eth_getProof` is asked for. `None` before the opening.
#[must_use]
pub fn report_slot(slots: &dyn Slots, id: u64, stage: Option<u64>) -> Option<U256> {
    stage_of(slots, id, stage).map(|stage| stage.report_hash.slot())
}

/// Why the present stage of the proposal, or the last one voted on, is decided as it is, or how it stands; computed from the
/// chain's state alone. `None` before the opening.
#[must_use]
pub fn report(slots: &dyn Slots, id: u64) -> Option<Report> {
    stage_report(slots, id, None)
}

/// The same of stage `stage`, from 0.
#[must_use]
pub fn stage_report(slots: &dyn Slots, id: u64, stage: Option<u64>) -> Option<Report> {
    let (mut view, record) = (view(slots), storage().proposals.at(id));
    let Ok(votes) = record.stages.len(&mut view);
    let is_guardian = stage == Some(votes);
    let stage = stage_of(slots, id, stage)?;
    let Ok(rule_hash) = stage.rule.get(&mut view);
    let (rule, scales) = rule_and_scales(slots, rule_hash)?;
    let Ok(average) = stage.average.get(&mut view);
    let rule = record::with_average(rule, average);
    let mut tally = tally_in(&mut view, &rule, &scales, &stage.tally)?;
    let Ok(height) = record.electorate_height.get(&mut view);
    name_vetoers(slots, &stage, height, &rule, &mut tally);
    let Ok(concluded_at) = stage.concluded_at.get(&mut view);
    let Ok(adopted_at) = record.concluded_at.get(&mut view);
    let Ok(executes_at) = record.executes_at.get(&mut view);
    let executes_at = if adopted_at == concluded_at { executes_at } else { 0 };
    let Ok(is_sealed) = secret::reveals_until(&mut view, &stage).map(|until| until.is_some());
    let Ok(somebody_follows) = delegation::somebody_follows(&mut view, &stage);
    Some(match concluded_at {
        // The guardian's vote acts when its rule is met whatever others do, and rejects nothing.
        0 if is_guardian => match rule.outcome(&tally, false) {
            met if met.outcome == Outcome::Adopted => met,
            unmet => Report { outcome: Outcome::Pending, reason: None, ..unmet },
        },
        // What is sealed or delegated can still change whatever the ballots say so far.
        0 if is_sealed || somebody_follows => Report {
            outcome: Outcome::Pending,
            decided_on: None,
            effective_on: None,
            ..rule.outcome(&tally, false)
        },
        0 => rule.outcome(&tally, false),
        _ => conclude::report_of(&rule, &tally, concluded_at, executes_at),
    })
}

fn name_vetoers(slots: &dyn Slots, stage: &StageRecord, height: u64, rule: &Rule, tally: &mut Tally) {
    let mut view = view(slots);
    let Ok(objections) = casting::objections(&mut view, stage);
    if objections.is_empty() {
        return;
    }
    let Ok(electorate) = electorate::Electorate::of(&mut view, stage, height);
    let Ok(()) = casting::name_vetoers(&mut view, &objections, &electorate, rule, tally);
}

/// Ballots as they stand in the present stage, by member in the order of admission.
#[must_use]
pub fn ballots(slots: &dyn Slots, id: u64) -> Vec<BallotView> {
    stage_ballots(slots, id, None)
}

/// The same in stage `stage`, from 0.
#[must_use]
pub fn stage_ballots(slots: &dyn Slots, id: u64, stage: Option<u64>) -> Vec<BallotView> {
    let (mut view, Some(stage)) = (view(slots), stage_of(slots, id, stage)) else { return Vec::new() };
    let ballot = |member: B256| {
        let Ok(cast) = casting::Cast::of(&mut view, &stage, member);
        let (choice, parts) = (cast.choice(), cast.parts());
        let Ok(commitment) = stage.commitments.at(member).get(&mut view);
        let Ok(revealed) = stage.revealed.at(member).get(&mut view);
        let sealed = !commitment.is_zero() && !revealed;
        let cast = choice != Choice::None || sealed;
        cast.then(|| BallotView { member: names::text(member), choice, parts, sealed })
    };
    member_ids(slots).into_iter().filter_map(ballot).collect()
}

/// Every treaty.
#[must_use]
pub fn treaties(slots: &dyn Slots) -> Vec<TreatyView> {
    let mut view = view(slots);
    let Ok(ids) = storage().treaty_ids.all(&mut view);
    ids.into_iter().map(|id| treaty_view(&mut view, id)).collect()
}

fn treaty_view(view: &mut View<'_>, id: B256) -> TreatyView {
    let Ok(read) = treaty::read(view, &storage().treaties.at(id));
    TreatyView {
        id: names::text(id),
        name: read.name,
        rule_hash: read.ruleHash,
        kinds: kinds(read.kinds),
        deposits: read.deposits,
        decided_on: some(read.decidedOn).map(day),
        effective_on: some(read.effectiveOn).map(day),
        in_force_since: some(read.inForceSince),
    }
}

/// Why the treaty `id` enters into force when it does: the instruments of the day on which its rule was met. While it is not
/// met, how it stands.
#[must_use]
pub fn treaty_report(slots: &dyn Slots, id: &str) -> Option<Report> {
    let (record, decided_on) = treaty_record(slots, id)?;
    let words = if decided_on == 0 { record.tally } else { record.decided_tally };
    treaty_outcome(slots, &record, &words, decided_on)
}

/// How the treaty `id` stands with all instruments deposited now.
#[must_use]
pub fn treaty_progress(slots: &dyn Slots, id: &str) -> Option<Report> {
    let (record, decided_on) = treaty_record(slots, id)?;
    treaty_outcome(slots, &record, &record.tally, decided_on)
}

fn treaty_record(slots: &dyn Slots, id: &str) -> Option<(TreatyRecord, u64)> {
    let (mut view, record) = (view(slots), storage().treaties.at(names::word(id)?));
    let Ok(number) = record.number.get(&mut view);
    let Ok(decided_on) = record.decided_on.get(&mut view);
    (number != 0).then_some((record, decided_on))
}

fn treaty_outcome(
    slots: &dyn Slots,
    record: &TreatyRecord,
    words: &List<Slot<U256>>,
    decided_on: u64,
) -> Option<Report> {
    let mut view = view(slots);
    let Ok(rule_hash) = record.rule.get(&mut view);
    let (rule, scales) = rule_and_scales(slots, rule_hash)?;
    let tally = tally_in(&mut view, &rule, &scales, words)?;
    let report = rule.outcome(&tally, false);
    let adopted = report.outcome == Outcome::Adopted;
    let day = some(decided_on).filter(|_| adopted).and_then(Date::from_unix_secs);
    Some(report.dated(&rule, day))
}

/// Instruments of the treaty `id`, by date, then in the order of admission.
#[must_use]
pub fn deposits(slots: &dyn Slots, id: &str) -> Vec<DepositView> {
    let Some((record, _)) = treaty_record(slots, id) else { return Vec::new() };
    let mut view = view(slots);
    let deposit = |member: B256| {
        let party = record.parties.at(member);
        let (Ok(date), Ok(number)) = (party.date.get(&mut view), party.deposit.get(&mut view));
        let kind = instrument(slots, number).map(|filed| filed.kind);
        some(date).map(|date| DepositView { member: names::text(member), date: day(date), kind })
    };
    let mut deposits: Vec<DepositView> = member_ids(slots).into_iter().filter_map(deposit).collect();
    deposits.sort_by_key(|deposit| deposit.date);
    deposits
}

/// The rules in force.
#[must_use]
pub fn rules(slots: &dyn Slots) -> Vec<RuleView> {
    let mut view = view(slots);
    let Ok(ids) = storage().rule_ids.all(&mut view);
    let rule = |id: B256| {
        let Ok(hash) = storage().rules.at(id).get(&mut view);
        let rule = Rule::from_json(&rule_text(slots, hash)?).ok()?;
        Some(RuleView { id: names::text(id), hash, rule })
    };
    ids.into_iter().filter_map(rule).collect()
}

/// The canonical JSON of the rule with `hash`, in force or not.
#[must_use]
pub fn rule_text(slots: &dyn Slots, hash: B256) -> Option<String> {
    let Ok(text) = storage().rule_texts.at(hash).get(&mut view(slots));
    Some(text).filter(|text| !text.is_empty())
}

/// The chambers in force.
#[must_use]
pub fn chambers(slots: &dyn Slots) -> Vec<ChamberView> {
    let mut view = view(slots);
    let Ok(ids) = storage().chamber_ids.all(&mut view);
    let chamber = |id: B256| {
        let Ok(chamber) = texts::chamber(&mut view, id);
        let Ok(read) = texts::read_chamber(&mut view, &chamber?.1);
        Some(ChamberView {
            id: names::text(id),
            name: read.name,
            kinds: kinds(read.kinds),
            classes: read.classes.into_iter().map(names::text).collect(),
            members: read.members.into_iter().map(names::text).collect(),
            rule: names::text(read.rule),
            voting_secs: read.votingSecs,
            delay_secs: read.delaySecs,
            by: seats::by_word(read.seating.by),
            secret: some(read.secret.revealSecs).map(|secs| (secs, read.secret.unrevealed)),
        })
    };
    ids.into_iter().filter_map(chamber).collect()
}

/// A track in force. Zero and none are as in the ABI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackView {
    /// Id.
    pub id: String,
    /// As the ABI has it.
    pub track: IAssembly::Track,
    /// Kinds of call it judges.
    pub kinds: Vec<CallKind>,
    /// Kinds it judges because no track claims them.
    pub also: Vec<CallKind>,
    /// Averages of participation that moving quorums follow, in 10,000ths, by the id of the rule.
    pub averages: Vec<(String, u64)>,
}

/// The tracks in force.
#[must_use]
pub fn tracks(slots: &dyn Slots) -> Vec<TrackView> {
    let mut view = view(slots);
    let Ok(ids) = terms::ids(&mut view);
    ids.into_iter().filter_map(|id| track(&mut view, id)).collect()
}

fn track(view: &mut View<'_>, id: B256) -> Option<TrackView> {
    let Ok(found) = terms::current(view, id);
    let Ok(track) = terms::read(view, &found?.1);
    let kinds = call_kinds(track.kinds);
    let mut judges = |kind: &CallKind| terms::of_kind(view, *kind) == Ok(Some(id));
    let all = CallKind::ALL.map(|(_, kind)| kind);
    let also = all.into_iter().filter(|kind| !kinds.contains(kind) && judges(kind)).collect();
    let Ok(rules) = storage().rule_ids.all(view);
    let average = |rule: B256| {
        let Ok(word) = terms::average(id, rule).get(view);
        word.checked_sub(1).map(|average| (names::text(rule), average))
    };
    let averages = rules.into_iter().filter_map(average).collect();
    Some(TrackView { id: names::text(id), track, kinds, also, averages })
}

/// Paths of the charter whose amendment is constitutional.
#[must_use]
pub fn constitutional_paths(slots: &dyn Slots) -> Vec<String> {
    let Ok(paths) = terms::constitutional(&mut view(slots));
    paths
}

fn call_kinds(bits: u16) -> Vec<CallKind> {
    let held = CallKind::ALL.into_iter().filter(|(_, kind)| bits & terms::bit(*kind) != 0);
    held.map(|(_, kind)| kind).collect()
}

/// Everything the chain will do by itself, earliest first.
#[must_use]
pub fn agenda_entries(slots: &dyn Slots) -> Vec<Entry> {
    let Ok(entries) = storage().agenda.all(&mut view(slots));
    entries
}

fn member_ids(slots: &dyn Slots) -> Vec<B256> {
    registry::members(slots).iter().filter_map(|member| names::word(&member.id)).collect()
}

pub(super) fn rule_and_scales(slots: &dyn Slots, hash: B256) -> Option<(Rule, Scales)> {
    let rule = Rule::from_json(&rule_text(slots, hash)?).ok()?;
    let Ok(scales) = electorate::scales(&mut View::new(slots, REGISTRY), &rule);
    Some((rule, scales))
}

fn tally_in(view: &mut View<'_>, rule: &Rule, scales: &Scales, words: &List<Slot<U256>>) -> Option<Tally> {
    let Ok(words) = words.all(view);
    tally::from_words(rule, scales, &words)
}

fn kinds(bits: u16) -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| bits & electorate::kind_bit(*kind) != 0).collect()
}

/// Zero in storage means none.
const fn some(word: u64) -> Option<u64> {
    if word == 0 { None } else { Some(word) }
}

/// The second at which a stored date begins.
const fn day(date: u64) -> u64 {
    date - date % 86_400
}
