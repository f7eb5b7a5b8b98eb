//! What the assembly has before it and has decided, with the reasons.

use std::collections::BTreeMap;

use polity_charter::{CallKind, Date, Kind, Text};
use polity_decision::{Language, Report, Rule};
use polity_institutions::{Slots, assembly as house};
use polity_ledger::StateView;
use polity_primitives::{Address, B256, Bytes, keccak256};
use serde::{Deserialize, Serialize};

use super::{depositary::timestamp_of, state, tracks::DepositView as DepositOfProposal};
use crate::{
    api::Api,
    args::{Args, Quantity},
    config::LIST_MAX,
    error::Failure,
    method::Answer,
};

/// A proposal. Times are seconds since 1970-01-01 UTC; `null` means not yet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProposalView {
    id: u64,
    status: &'static str,
    /// The track, or the chamber that stands for one.
    track: String,
    proposer: String,
    /// The mandate from outside that it was opened under.
    #[serde(skip_serializing_if = "Option::is_none")]
    mandate: Option<u64>,
    title: String,
    payload_hash: B256,
    proposed_at: u64,
    /// When the present step ends.
    deadline: Option<u64>,
    electorate_height: u64,
    opened_at: Option<u64>,
    concluded_at: Option<u64>,
    executes_at: Option<u64>,
    finished_at: Option<u64>,
    /// Number of the present stage in `stages`.
    stage: u64,
    /// The chamber, the rule and the close of the present stage, or of the last one voted on.
    chamber: Option<String>,
    rule_hash: Option<B256>,
    closes_at: Option<u64>,
    /// keccak-256 of the JSON of its why-report, as the chain recorded it.
    report_hash: Option<B256>,
    stages: Vec<StageView>,
    /// What its calls do: what the track is chosen by.
    kinds: Vec<CallKind>,
    sponsors_needed: u64,
    sponsors: Vec<String>,
    /// `null` if its track asks for none.
    deposit: Option<DepositOfProposal>,
    /// While the electorate is counted: members looked at, of how many.
    counted: Option<(u64, u64)>,
    /// Who may cancel it, until when, and its vote on that.
    guardian: Option<GuardianView>,
    /// Why it was cancelled, as said by who cancelled it.
    cancelled_because: Option<String>,
    calls: Vec<CallView>,
    /// Why it was adopted and could not be carried out.
    failure: Option<FailureView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ballots: Option<Vec<BallotView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegated: Option<Vec<CarriedView>>,
}

/// One vote of a proposal.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StageView {
    chamber: String,
    rule_hash: B256,
    opens_at: Option<u64>,
    closes_at: Option<u64>,
    /// Until when sealed ballots are revealed; `null` where ballots are open.
    reveals_until: Option<u64>,
    /// Whether ballots are no more taken, and sealed ones are revealed.
    revealing: bool,
    concluded_at: Option<u64>,
    adopted: Option<bool>,
    /// How often a late ballot has moved the close.
    extensions: u64,
    /// Members it counts.
    voters: u64,
    report_hash: Option<B256>,
}

/// The vote on cancelling a proposal.
#[derive(Serialize)]
struct GuardianView {
    until: u64,
    #[serde(flatten)]
    vote: StageView,
}

impl StageView {
    /// `stage` at `now`, the time of the block that was asked.
    fn of(stage: &house::StageView, now: u64) -> Self {
        let closed = stage.closes_at.is_some_and(|at| at <= now);
        let revealed = stage.reveals_until.is_none_or(|until| until <= now);
        Self {
            revealing: closed && !revealed && stage.concluded_at.is_none(),
            chamber: stage.chamber.clone(),
            rule_hash: stage.rule_hash,
            opens_at: stage.opens_at,
            closes_at: stage.closes_at,
            reveals_until: stage.reveals_until,
            concluded_at: stage.concluded_at,
            adopted: stage.adopted,
            extensions: stage.extensions,
            voters: stage.voters,
            report_hash: stage.report_hash,
        }
    }
}

/// A call the agreement makes if the proposal passes: the bytes, and the same in words.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallView {
    target: Address,
    value_wei: String,
    data: Bytes,
    /// Hash of the target's code when the proposal opened.
    code_hash: Option<B256>,
    institution: Option<&'static str>,
    function: Option<String>,
    arguments: Vec<ArgumentView>,
    text: String,
}

#[derive(Serialize)]
struct ArgumentView {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

impl CallView {
    /// `call` with the code hash of its target when it was frozen; amounts in its text are in units of `symbol`.
    pub(super) fn of(call: house::DecodedCall, code_hash: Option<B256>, symbol: &str) -> Self {
        Self {
            text: call.words(symbol),
            target: call.target,
            value_wei: call.value.to_string(),
            data: call.data,
            code_hash,
            institution: call.institution,
            function: call.function,
            arguments: call.arguments.into_iter().map(argument).collect(),
        }
    }
}

#[derive(Serialize)]
struct FailureView {
    data: Bytes,
    text: String,
}

#[derive(Serialize)]
struct BallotView {
    member: String,
    /// `sealed` until it is revealed.
    choice: &'static str,
    /// Parts of 10,000, if it is split.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<PartsView>,
}

#[derive(Serialize)]
struct PartsView {
    yes: u16,
    no: u16,
    abstain: u16,
    veto: u16,
}

impl BallotView {
    fn of(ballot: house::BallotView) -> Self {
        let [yes, no, abstain, veto] = ballot.parts;
        let is_split = ballot.choice == house::Choice::Split;
        let parts = is_split.then_some(PartsView { yes, no, abstain, veto });
        let choice = if ballot.sealed { "sealed" } else { ballot.choice.as_str() };
        Self { member: ballot.member, choice, parts }
    }
}

/// A member whose ballot is left to another.
#[derive(Serialize)]
struct CarriedView {
    member: String,
    /// Its delegate when the proposal opened.
    to: String,
    /// The member whose ballot counts for it now: itself, or the nearest above that has cast one.
    by: Option<String>,
}

impl CarriedView {
    fn of(carried: house::CarriedView) -> Self {
        Self { member: carried.member, to: carried.to, by: carried.by }
    }
}

impl ProposalView {
    /// `proposal` at `now`, the time of the block that was asked; amounts in words are in units of `symbol`.
    fn of(proposal: house::ProposalView, now: u64, symbol: &str) -> Self {
        let failure_text = proposal.failure_text();
        let present = proposal.present().cloned();
        let deposit = DepositOfProposal::of(&proposal);
        let guardian = proposal.guardian.as_ref();
        let guardian =
            guardian.map(|(vote, until)| GuardianView { until: *until, vote: StageView::of(vote, now) });
        let codes = proposal.code_hashes.iter().copied().map(Some).chain(std::iter::repeat(None));
        let call =
            |(call, code_hash): (house::DecodedCall, Option<B256>)| CallView::of(call, code_hash, symbol);
        Self {
            id: proposal.id,
            status: proposal.status.as_str(),
            track: proposal.track,
            proposer: proposal.proposer,
            mandate: proposal.mandate,
            title: proposal.title,
            payload_hash: proposal.payload_hash,
            proposed_at: proposal.proposed_at,
            deadline: proposal.deadline,
            electorate_height: proposal.electorate_height,
            opened_at: proposal.opened_at,
            concluded_at: proposal.concluded_at,
            executes_at: proposal.executes_at,
            finished_at: proposal.finished_at,
            stage: proposal.stage,
            stages: proposal.stages.iter().map(|stage| StageView::of(stage, now)).collect(),
            kinds: proposal.kinds,
            sponsors_needed: proposal.sponsors_needed,
            sponsors: proposal.sponsors,
            deposit,
            counted: proposal.counted,
            guardian,
            cancelled_because: proposal.cancelled_because,
            rule_hash: present.as_ref().map(|stage| stage.rule_hash),
            closes_at: present.as_ref().and_then(|stage| stage.closes_at),
            report_hash: present.as_ref().and_then(|stage| stage.report_hash),
            chamber: present.map(|stage| stage.chamber),
            calls: proposal.decoded.into_iter().zip(codes).map(call).collect(),
            failure: proposal
                .failure
                .map(|data| FailureView { data, text: failure_text.unwrap_or_default() }),
            rule: None,
            ballots: None,
            delegated: None,
        }
    }
}

fn argument(argument: house::Argument) -> ArgumentView {
    ArgumentView { name: argument.name, kind: argument.kind, value: argument.value }
}

#[derive(Serialize)]
struct Page {
    /// Proposals ever opened; their ids run from 1 to this.
    total: u64,
    proposals: Vec<ProposalView>,
}

/// Proposals from id `from` on, or the latest.
pub(super) fn proposals(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 2)?;
    let total = house::proposal_count(&state);
    let most = u64::try_from(LIST_MAX).unwrap_or(u64::MAX).min(house::PROPOSALS_PAGE_MAX);
    let count = args.opt::<Quantity>(1)?.map_or(most, |count| count.0.min(most));
    let from =
        args.opt::<Quantity>(0)?.map_or_else(|| total.saturating_add(1).saturating_sub(count), |from| from.0);
    let (now, symbol) = (timestamp_of(api, state.height())?, api.symbol());
    let proposals = house::proposals(&state, from.max(1), count).into_iter();
    let proposals = proposals.map(|found| ProposalView::of(found, now, &symbol)).collect();
    api.answer(&Page { total, proposals })
}

/// One proposal with the rule and the ballots of its present stage, or of `stage`; `null` if there is none.
pub(super) fn proposal(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let id = args.get::<Quantity>(0)?.0;
    let state = state(api, args, 1)?;
    let stage = args.opt::<Quantity>(2)?.map(|stage| stage.0);
    let (now, symbol) = (timestamp_of(api, state.height())?, api.symbol());
    let found = house::proposal(&state, id).map(|found| {
        let asked = stage.unwrap_or(found.stage);
        let shown = usize::try_from(asked).ok().and_then(|asked| found.stages.get(asked));
        let rule = shown.and_then(|stage| rule_of(&state, stage.rule_hash));
        let ballots = house::stage_ballots(&state, id, stage).into_iter().map(BallotView::of);
        let delegated = house::carried(&state, id, stage).into_iter().map(CarriedView::of);
        ProposalView {
            rule,
            ballots: Some(ballots.collect()),
            delegated: Some(delegated.collect()),
            ..ProposalView::of(found, now, &symbol)
        }
    });
    api.answer(&found)
}

fn rule_of(slots: &dyn Slots, hash: B256) -> Option<Rule> {
    Rule::from_json(&house::rule_text(slots, hash)?).ok()
}

/// What a why-report is about.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected the number of a proposal or the id of a treaty")]
enum Subject {
    Proposal(Quantity),
    Treaty(String),
}

/// A why-report: the numbers, and the same in words.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WhyReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    treaty: Option<String>,
    /// How far the vote has come: `concluded`, `open`, `cancelled` …; absent for a treaty.
    #[serde(skip_serializing_if = "Option::is_none")]
    vote: Option<&'static str>,
    report: Report,
    /// keccak-256 of the report's JSON; for a concluded proposal equal to its `reportHash`.
    hash: B256,
    text: BTreeMap<&'static str, String>,
}

/// Why a proposal or a treaty is decided as it is; `null` if there is none.
pub(super) fn why_report(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let subject: Subject = args.get(0)?;
    let state = state(api, args, 1)?;
    let stage = args.opt::<Quantity>(2)?.map(|stage| stage.0);
    let now = timestamp_of(api, state.height())?;
    let (report, proposal, treaty, vote) = match subject {
        Subject::Proposal(id) => {
            let vote = house::vote_state(&state, id.0, stage, now);
            (house::stage_report(&state, id.0, stage), Some(id.0), None, vote)
        }
        Subject::Treaty(id) => (house::treaty_report(&state, &id), None, Some(id), None),
    };
    let vote_text = vote.unwrap_or(house::VoteState::Concluded);
    api.answer(&report.map(|report| WhyReport {
        hash: keccak256(report.json()),
        text: texts(&report, vote_text),
        vote: vote.map(house::VoteState::as_str),
        proposal,
        treaty,
        report,
    }))
}

fn texts(report: &Report, vote: house::VoteState) -> BTreeMap<&'static str, String> {
    [("en", Language::En), ("zh", Language::Zh)]
        .map(|(code, language)| (code, vote.text(report, language)))
        .into()
}

/// A treaty. Dates are days; `null` means not yet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TreatyView {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Text>,
    rule_hash: B256,
    kinds: Vec<Kind>,
    deposits: u64,
    decided_on: Option<Date>,
    effective_on: Option<Date>,
    /// Time of the block in which it entered into force.
    in_force_since: Option<u64>,
    /// How its rule stands with every instrument deposited now.
    progress: Option<Report>,
}

pub(super) fn treaties(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 0)?;
    let treaty = |treaty: house::TreatyView| TreatyView {
        names: api.head().agreement.charter.treaty(&treaty.id).map(|known| known.name.clone()),
        progress: house::treaty_progress(&state, &treaty.id),
        id: treaty.id,
        name: treaty.name,
        rule_hash: treaty.rule_hash,
        kinds: treaty.kinds,
        deposits: treaty.deposits,
        decided_on: treaty.decided_on.map(Date),
        effective_on: treaty.effective_on.map(Date),
        in_force_since: treaty.in_force_since,
    };
    api.answer(&house::treaties(&state).into_iter().map(treaty).collect::<Vec<_>>())
}

#[derive(Serialize)]
struct DepositView {
    treaty: String,
    member: String,
    date: Date,
    /// What was deposited: ratification, acceptance, approval or accession.
    kind: Option<&'static str>,
}

/// Instruments of one treaty, or of all, by date.
pub(super) fn deposits(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let asked: Option<String> = args.opt(0)?;
    let state = state(api, args, 1)?;
    let treaties = house::treaties(&state).into_iter().map(|treaty| treaty.id);
    let wanted: Vec<String> = treaties.filter(|id| asked.as_ref().is_none_or(|asked| asked == id)).collect();
    if let (Some(asked), true) = (&asked, wanted.is_empty()) {
        return Err(args.wrong(0, format!("there is no treaty `{asked}`")));
    }
    api.answer(&wanted.iter().flat_map(|treaty| deposits_of(&state, treaty)).collect::<Vec<_>>())
}

fn deposits_of(state: &StateView, treaty: &str) -> Vec<DepositView> {
    let deposit = |deposit: house::DepositView| DepositView {
        treaty: treaty.to_owned(),
        member: deposit.member,
        date: Date(deposit.date),
        kind: deposit.kind.map(house::InstrumentKind::as_str),
    };
    house::deposits(state, treaty).into_iter().map(deposit).collect()
}

#[derive(Serialize)]
struct RuleView {
    id: String,
    /// keccak-256 of its canonical JSON.
    hash: B256,
    rule: Rule,
}

pub(super) fn rules(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 0)?;
    let rules = house::rules(&state).into_iter();
    let rules = rules.map(|rule| RuleView { id: rule.id, hash: rule.hash, rule: rule.rule });
    api.answer(&rules.collect::<Vec<_>>())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChamberView {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Text>,
    kinds: Vec<Kind>,
    classes: Vec<String>,
    members: Vec<String>,
    rule: String,
    voting_secs: u64,
    delay_secs: u64,
    /// `description`, or how its seats are filled: see `polity_seats`.
    by: &'static str,
    /// `null`: ballots are open.
    secret: Option<SecretView>,
}

/// How ballots are sealed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SecretView {
    reveal_secs: u64,
    /// What a ballot means that is never revealed.
    unrevealed: &'static str,
}

pub(super) fn chambers(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 0)?;
    let chamber = |chamber: house::ChamberView| ChamberView {
        names: api.head().agreement.charter.chamber(&chamber.id).map(|known| known.name.clone()),
        id: chamber.id,
        name: chamber.name,
        kinds: chamber.kinds,
        classes: chamber.classes,
        members: chamber.members,
        rule: chamber.rule,
        voting_secs: chamber.voting_secs,
        delay_secs: chamber.delay_secs,
        by: chamber.by,
        secret: chamber
            .secret
            .map(|(reveal_secs, unrevealed)| SecretView { reveal_secs, unrevealed: unrevealed.as_str() }),
    };
    api.answer(&house::chambers(&state).into_iter().map(chamber).collect::<Vec<_>>())
}
