//! How far a vote has come, in a word and in words: a why-report says only what its numbers say, which is "pending" also of a vote
//! that will never end.

use crate::host::Slots;
use polity_decision::{Language, Outcome, Report};

use super::{
    Status, record,
    schema::{storage, view},
    views,
};

/// How far one vote of a proposal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteState {
    /// It comes after another vote, or after a pause.
    NotBegun,
    /// Ballots are taken or revealed.
    Open,
    /// Its outcome is established: the report says it.
    Concluded,
    /// The proposal was cancelled, or failed, while it was open.
    Cancelled,
    /// The proposal ended before it began.
    NotHeld,
    /// The guardian's vote: it may still cancel the proposal.
    MayCancel,
    /// The guardian's vote: it cancelled the proposal.
    HasCancelled,
    /// The guardian's vote: it did not cancel the proposal, and cannot any more.
    DidNotCancel,
}

impl VoteState {
    /// The word in RPC.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotBegun => "not-begun",
            Self::Open => "open",
            Self::Concluded => "concluded",
            Self::Cancelled => "cancelled",
            Self::NotHeld => "not-held",
            Self::MayCancel => "may-cancel",
            Self::HasCancelled => "has-cancelled",
            Self::DidNotCancel => "did-not-cancel",
        }
    }

    /// What stands in place of the outcome that a report of the vote names; `None` where that is right.
    const fn words(self, language: Language) -> Option<&'static str> {
        Some(match (self, language) {
            (Self::Open | Self::Concluded, _) => return None,
            (Self::NotBegun, Language::En) => "not begun",
            (Self::NotBegun, Language::Zh) => "尚未开始",
            (Self::Cancelled, Language::En) => "cancelled: the proposal ended before this vote did",
            (Self::Cancelled, Language::Zh) => "已撤销：提案在表决结束前终止",
            (Self::NotHeld, Language::En) => "not held: the proposal ended before",
            (Self::NotHeld, Language::Zh) => "未举行：提案已先终止",
            (Self::MayCancel, Language::En) => "not cancelled so far",
            (Self::MayCancel, Language::Zh) => "至今未撤销",
            (Self::HasCancelled, Language::En) => "the guardian cancelled the proposal",
            (Self::HasCancelled, Language::Zh) => "监护机构已撤销该提案",
            (Self::DidNotCancel, Language::En) => "the guardian did not cancel the proposal",
            (Self::DidNotCancel, Language::Zh) => "监护机构未撤销该提案",
        })
    }

    /// `report` of such a vote for people: its first line says how far the vote has come, where its numbers do not.
    #[must_use]
    pub fn text(self, report: &Report, language: Language) -> String {
        let text = report.text(language);
        let Some(words) = self.words(language) else { return text };
        let colon = if language == Language::Zh { "：" } else { ": " };
        let limbs = text.split_once('\n').map(|(_, limbs)| format!("\n{limbs}")).unwrap_or_default();
        format!("{}{colon}{words}{limbs}", report.rule)
    }
}

/// How far stage `stage` of proposal `id` has come at the time `now_secs`: the present one without a number, and the guardian's vote
/// after the last. `None` if there is no such vote.
#[must_use]
pub fn vote_state(slots: &dyn Slots, id: u64, stage: Option<u64>, now_secs: u64) -> Option<VoteState> {
    let (mut view, record) = (view(slots), storage().proposals.at(id));
    let Ok(status) = record::status(&mut view, &record);
    let Ok(stages) = record.stages.len(&mut view);
    let Ok(present) = record.stage.get(&mut view);
    let number = stage.unwrap_or(present);
    let Ok(found) = record::stage_at(&mut view, &record, number);
    let vote = found?;
    let is_over = matches!(
        status,
        Status::Rejected | Status::Executed | Status::Failed | Status::Cancelled | Status::Lapsed
    );
    if number == stages {
        let Ok(until) = record.guardian_until.get(&mut view);
        let has_met =
            || views::stage_report(slots, id, stage).is_some_and(|report| report.outcome == Outcome::Adopted);
        return Some(match status {
            Status::Cancelled if has_met() => VoteState::HasCancelled,
            _ if is_over || now_secs >= until => VoteState::DidNotCancel,
            _ => VoteState::MayCancel,
        });
    }
    let Ok(concluded_at) = vote.concluded_at.get(&mut view);
    let Ok(opens_at) = vote.opens_at.get(&mut view);
    let has_begun = opens_at != 0 && (number < present || opens_at <= now_secs);
    Some(match (concluded_at != 0, is_over, has_begun) {
        (true, ..) => VoteState::Concluded,
        (_, true, true) => VoteState::Cancelled,
        (_, true, false) => VoteState::NotHeld,
        (_, false, true) if status == Status::Open => VoteState::Open,
        (_, false, _) => VoteState::NotBegun,
    })
}
