//! Proposals: how far they have come, who voted how, what they would do.

use polity_charter::CallKind;
use polity_decision::Rule;
use polity_institutions::{Slots, assembly as house};
use polity_primitives::{B256, Bytes};
use serde::Serialize;

use super::{calls::CallView, depositary::timestamp_of, state, tracks::DepositView as DepositOfProposal};
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
