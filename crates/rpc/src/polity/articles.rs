//! What members owe, and what came of it: articles, their running periods, and settlements.
//!
//! The texts of articles and the accounts of settlements are passed on as the chain keeps them, so that whoever asks can hash and
//! recompute them.

use polity_institutions::{articles as house, registry};
use polity_primitives::B256;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::state;
use crate::{
    api::Api,
    args::{Args, Quantity},
    error::Failure,
    method::Answer,
};

/// Most settlements of one answer: each has its whole account.
const SETTLEMENTS_PAGE_MAX: u64 = 100;
/// Most settlements that one search looks at.
const SETTLEMENTS_SEARCHED_MAX: u64 = 1_000;

/// An article. Times are seconds since 1970-01-01 UTC.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArticleView {
    /// `id`, `text`, `for`, `every`, `let`, `when`, `then`, `notice`.
    #[serde(flatten)]
    text: Value,
    /// keccak-256 of the text as JSON.
    hash: B256,
    in_force: bool,
    /// The period that runs, or is being judged; `null`: the article was removed, or its first has not begun.
    period: Option<PeriodView>,
    settlements: u64,
}

#[derive(Serialize)]
struct PeriodView {
    number: u64,
    from: u64,
    until: u64,
}

/// The articles, also those that were removed.
pub(super) fn articles(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 0)?;
    let view = |article: house::ArticleView| ArticleView {
        text: serde_json::from_str(&article.text).unwrap_or_default(),
        hash: article.hash,
        in_force: article.in_force,
        period: (article.in_force && article.period > 0).then_some(PeriodView {
            number: article.period,
            from: article.from,
            until: article.until,
        }),
        settlements: article.settlements,
    };
    api.answer(&house::articles(&state).into_iter().map(view).collect::<Vec<_>>())
}

/// Which settlements are meant.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    article: Option<String>,
    member: Option<String>,
    status: Option<String>,
    /// Only those with a smaller number.
    before: Option<Quantity>,
    limit: Option<Quantity>,
}

#[derive(Serialize)]
struct Page {
    /// Settlements ever made; their numbers run from 1 to this.
    total: u64,
    settlements: Vec<SettlementView>,
    /// What to give as `before` to go on; `null`: there are no more.
    next: Option<u64>,
}

/// A settlement. Times are seconds since 1970-01-01 UTC.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SettlementView {
    id: u64,
    article: String,
    /// keccak-256 of the text it was judged by.
    hash: B256,
    member: String,
    period: PeriodView,
    status: &'static str,
    judged_at: u64,
    judged_in_block: u64,
    /// While it is noticed: when it becomes final. Afterwards: when it became what it is.
    final_at: u64,
    /// Why the member objects.
    objection: Option<String>,
    /// What it was computed from, and what it gave.
    account: Box<RawValue>,
    /// The text of the article that it was judged by.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Box<RawValue>>,
}

impl SettlementView {
    fn of(settlement: house::SettlementView) -> Self {
        Self {
            id: settlement.id,
            article: settlement.article,
            hash: settlement.hash,
            member: settlement.member,
            period: PeriodView { number: settlement.period, from: settlement.from, until: settlement.until },
            status: settlement.status.as_str(),
            judged_at: settlement.at,
            judged_in_block: settlement.height,
            final_at: settlement.final_at,
            objection: Some(settlement.objection).filter(|reason| !reason.is_empty()),
            account: raw(settlement.account),
            text: None,
        }
    }
}

/// JSON as the chain keeps it.
fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Settlements, newest first.
pub(super) fn settlements(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let filter: Filter = args.opt(0)?.unwrap_or_default();
    let state = state(api, args, 1)?;
    if let Some(id) = filter.article.as_ref().filter(|id| house::article(&state, id).is_none()) {
        return Err(args.wrong(0, format!("there is no article `{id}`")));
    }
    if let Some(id) = filter.member.as_ref().filter(|id| registry::member(&state, id).is_none()) {
        return Err(args.wrong(0, format!("there is no member `{id}`")));
    }
    let status = match &filter.status {
        None => None,
        Some(word) => Some(house::Status::from_word(word).ok_or_else(|| {
            let known = house::Status::ALL.map(house::Status::as_str);
            args.wrong(0, format!("`{word}` is none of {}", known.join(", ")))
        })?),
    };
    let total = house::settlement_count(&state);
    let end = total.saturating_add(1);
    let end = filter.before.map_or(end, |before| before.0.min(end));
    let first = end.saturating_sub(SETTLEMENTS_SEARCHED_MAX).max(1);
    let limit = filter.limit.map_or(SETTLEMENTS_PAGE_MAX, |limit| limit.0.clamp(1, SETTLEMENTS_PAGE_MAX));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let Filter { article, member, .. } = filter;
    let filter = house::SettlementFilter { article, member, status, before: Some(end), from: Some(first) };
    // One more than is shown tells whether there are more.
    let mut found = house::settlements(&state, &filter, limit.saturating_add(1));
    let next = match found.get(limit) {
        Some(further) => Some(further.id.saturating_add(1)),
        None => (first > 1).then_some(first),
    };
    found.truncate(limit);
    api.answer(&Page { total, settlements: found.into_iter().map(SettlementView::of).collect(), next })
}

/// One settlement with the text it was judged by; `null` if there is none of that number.
pub(super) fn settlement(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let id = args.get::<Quantity>(0)?.0;
    let state = state(api, args, 1)?;
    let view = house::settlement(&state, id).map(|settlement| {
        let text = house::text(&state, settlement.hash).map(raw);
        SettlementView { text, ..SettlementView::of(settlement) }
    });
    api.answer(&view)
}
