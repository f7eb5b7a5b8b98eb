//! Why a proposal or a treaty is decided as it is: the report of its rule, in numbers and in words.

use std::collections::BTreeMap;

use polity_decision::{Language, Report};
use polity_institutions::assembly as house;
use polity_primitives::{ASSEMBLY, Address, B256, keccak256};
use serde::{Deserialize, Serialize};

use super::{depositary::timestamp_of, state};
use crate::{
    api::Api,
    args::{Args, Quantity},
    error::Failure,
    method::Answer,
};

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
    /// Where the chain keeps that hash; absent while there is no outcome, and for a treaty, whose report is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<Recorded>,
    text: BTreeMap<&'static str, String>,
}

/// What `eth_getProof` is asked for to prove the hash of a report against a state root.
#[derive(Serialize)]
struct Recorded {
    account: Address,
    slot: B256,
}

/// Why a proposal or a treaty is decided as it is; `null` if there is none.
pub(super) fn why_report(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let subject: Subject = args.get(0)?;
    let state = state(api, args, 1)?;
    let stage = args.opt::<Quantity>(2)?.map(|stage| stage.0);
    let now = timestamp_of(api, state.height())?;
    let mut recorded = None;
    let (report, proposal, treaty, vote) = match subject {
        Subject::Proposal(id) => {
            let vote = house::vote_state(&state, id.0, stage, now);
            if vote == Some(house::VoteState::Concluded) {
                let slot = house::report_slot(&state, id.0, stage);
                recorded = slot.map(|slot| Recorded { account: ASSEMBLY, slot: slot.into() });
            }
            (house::stage_report(&state, id.0, stage), Some(id.0), None, vote)
        }
        Subject::Treaty(id) => (house::treaty_report(&state, &id), None, Some(id), None),
    };
    let vote_text = vote.unwrap_or(house::VoteState::Concluded);
    api.answer(&report.map(|report| WhyReport {
        hash: keccak256(report.json()),
        recorded,
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
