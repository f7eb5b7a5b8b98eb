//! How proposals are treated, kind by kind, and what the chain will do by itself.

use polity_charter::{CallKind, Text};
use polity_institutions::{agenda::Due, assembly as house};
use polity_primitives::Address;
use serde::Serialize;

use super::state;
use crate::{
    api::Api,
    args::{Args, Quantity},
    config::LIST_MAX,
    error::Failure,
    method::Answer,
};

/// A track. `null`: as the chamber says, or none. Units: seconds, and wei in decimal.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TrackView {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Text>,
    /// Kinds of call it judges by name.
    kinds: Vec<CallKind>,
    /// Kinds that come to it because no track claims them.
    also: Vec<CallKind>,
    strictness: u64,
    stages: Vec<StageTerms>,
    sponsors: u64,
    deposit_wei: String,
    burn: &'static str,
    forfeit_to: Option<String>,
    draft_secs: u64,
    discussion_secs: u64,
    delay_secs: Option<u64>,
    extension: Option<ExtensionView>,
    guardian: Option<GuardianTerms>,
    /// Averages of participation that moving quorums follow, in 10,000ths, by rule.
    averages: Vec<AverageView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StageTerms {
    chamber: String,
    rule: Option<String>,
    voting_secs: Option<u64>,
    pause_secs: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtensionView {
    last_secs: u64,
    by_secs: u64,
    times: u64,
}

#[derive(Serialize)]
struct GuardianTerms {
    chamber: String,
    rule: Option<String>,
    until: u64,
}

#[derive(Serialize)]
struct AverageView {
    rule: String,
    average: u64,
}

/// Tracks, and the paths of the charter that are constitutional.
#[derive(Serialize)]
struct Tracks {
    tracks: Vec<TrackView>,
    constitutional: Vec<String>,
}

/// The tracks in force, strictest first.
pub(super) fn tracks(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 0)?;
    let mut found = house::tracks(&state);
    found.sort_by_key(|view| core::cmp::Reverse(view.track.strictness));
    let names = |id: &str| api.ledger.charter().track(id).map(|track| track.name.clone());
    let tracks = found.into_iter().map(|view| TrackView { names: names(&view.id), ..of(view) }).collect();
    api.answer(&Tracks { tracks, constitutional: house::constitutional_paths(&state) })
}

fn of(view: house::TrackView) -> TrackView {
    let track = view.track;
    let named = |word| Some(polity_institutions::names::text(word)).filter(|name| !name.is_empty());
    let given = |secs| Some(secs).filter(|secs| *secs != 0);
    let stage = |stage: &house::IAssembly::TrackStage| StageTerms {
        chamber: polity_institutions::names::text(stage.chamber),
        rule: named(stage.rule),
        voting_secs: given(stage.votingSecs),
        pause_secs: stage.pauseSecs,
    };
    TrackView {
        id: view.id,
        name: track.name,
        names: None,
        kinds: view.kinds,
        also: view.also,
        strictness: track.strictness,
        stages: track.stages.iter().map(stage).collect(),
        sponsors: track.sponsors,
        deposit_wei: track.deposit.to_string(),
        burn: match track.burn {
            house::IAssembly::Burn::Veto => "veto",
            house::IAssembly::Burn::Rejected => "rejected",
            _ => "never",
        },
        forfeit_to: named(track.forfeitTo),
        draft_secs: track.draftSecs,
        discussion_secs: track.discussionSecs,
        delay_secs: Some(track.delaySecs).filter(|secs| *secs != u64::MAX),
        extension: given(track.extensionTimes).map(|times| ExtensionView {
            last_secs: track.extensionLastSecs,
            by_secs: track.extensionBySecs,
            times,
        }),
        guardian: named(track.guardian).map(|chamber| GuardianTerms {
            chamber,
            rule: named(track.guardianRule),
            until: track.guardianUntil,
        }),
        averages: view.averages.into_iter().map(|(rule, average)| AverageView { rule, average }).collect(),
    }
}

/// Something the chain will do by itself.
#[derive(Serialize)]
struct EntryView {
    /// Not before this time.
    at: u64,
    /// What happens, in a sentence.
    text: String,
    /// `conclude`, `enact`, `lapse` …
    what: &'static str,
    /// The proposal it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<u64>,
    /// The number of what it is about otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chamber: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    treaty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<String>,
}

#[derive(Serialize)]
struct Agenda {
    total: usize,
    entries: Vec<EntryView>,
}

/// What the chain will do by itself, earliest first.
pub(super) fn agenda(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let count =
        args.opt::<Quantity>(0)?.map_or(LIST_MAX, |count| usize::try_from(count.0).unwrap_or(LIST_MAX));
    let state = state(api, args, 1)?;
    let (total, entries) = house::agenda_in_words(&state, count.min(LIST_MAX), api.symbol().as_str());
    let entry = |found: house::AgendaView| {
        let (what, proposal, number) = words(found.entry.due);
        let house::AgendaView { entry, chamber, treaty, member, text } = found;
        EntryView { at: entry.at_secs, text, what, proposal, number, chamber, treaty, member }
    };
    api.answer(&Agenda { total, entries: entries.into_iter().map(entry).collect() })
}

/// What is due, and for which proposal or other number.
const fn words(due: Due) -> (&'static str, Option<u64>, Option<u64>) {
    match due {
        Due::Conclude(id) => ("conclude", Some(id), None),
        Due::Enact(id) => ("enact", Some(id), None),
        Due::Resume(id) => ("resume", Some(id), None),
        Due::Lapse(id) => ("lapse", Some(id), None),
        Due::Open(id) => ("open", Some(id), None),
        Due::Prepare(id) => ("prepare", Some(id), None),
        Due::EnterIntoForce(number) => ("enter-into-force", None, Some(number)),
        Due::TakeEffect(number) => ("take-effect", None, Some(number)),
        Due::Turn(number) => ("turn", None, Some(number)),
        Due::Release(number) => ("release", None, Some(number)),
        Due::Text(number) => ("text", None, Some(number)),
        Due::Judge(number) => ("judge", None, Some(number)),
        Due::Settle(number) => ("settle", None, Some(number)),
    }
}

/// The deposit of a proposal, for [`super::proposals`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DepositView {
    needed_wei: String,
    held_wei: String,
    depositor: Option<Address>,
}

impl DepositView {
    /// The deposit of `proposal`; `None` if it never needs one.
    pub(super) fn of(proposal: &house::ProposalView) -> Option<Self> {
        (!proposal.deposit_needed.is_zero()).then(|| Self {
            needed_wei: proposal.deposit_needed.to_string(),
            held_wei: proposal.deposit_held.to_string(),
            depositor: proposal.depositor,
        })
    }
}
