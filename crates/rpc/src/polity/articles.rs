//! What members owe, and what came of it: articles, their running periods, and settlements.
//!
//! The texts of articles and the accounts of settlements are passed on as the chain keeps them, so that whoever asks can hash and
//! recompute them.

use polity_institutions::{Slots, articles as house, registry};
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
    /// The period that runs; `null` of an article that was removed.
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
        text: text_of(&state, article.hash),
        hash: article.hash,
        in_force: article.in_force,
        period: article.in_force.then_some(PeriodView {
            number: article.period,
            from: article.from,
            until: article.until,
        }),
        settlements: article.settlements,
    };
    api.answer(&house::articles(&state).into_iter().map(view).collect::<Vec<_>>())
}

/// The text with this hash; `null` if the chain has none.
fn text_of(slots: &dyn Slots, hash: B256) -> Value {
    house::text(slots, hash).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
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
            period: PeriodView {
                number: settlement.period,
                from: settlement.from,
                until: settlement.until,
            },
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
    if let Some(id) = &filter.article
        && !house::articles(&state).iter().any(|article| article.id == *id)
    {
        return Err(args.wrong(0, format!("there is no article `{id}`")));
    }
    if let Some(id) = filter.member.as_ref().filter(|id| registry::member(&state, id).is_none()) {
        return Err(args.wrong(0, format!("there is no member `{id}`")));
    }
    let known = house::Status::ALL.map(house::Status::as_str);
    if let Some(status) = filter.status.as_ref().filter(|status| !known.contains(&status.as_str())) {
        return Err(args.wrong(0, format!("`{status}` is none of {}", known.join(", "))));
    }
    let total = house::settlement_count(&state);
    let newest = filter.before.map_or(total, |before| before.0.saturating_sub(1).min(total));
    let oldest = newest.saturating_sub(SETTLEMENTS_SEARCHED_MAX.saturating_sub(1)).max(1);
    let limit = filter.limit.map_or(SETTLEMENTS_PAGE_MAX, |limit| limit.0.min(SETTLEMENTS_PAGE_MAX));
    let wanted = |settlement: &house::SettlementView| {
        let is = |asked: &Option<String>, found: &str| asked.as_ref().is_none_or(|asked| asked == found);
        is(&filter.article, &settlement.article)
            && is(&filter.member, &settlement.member)
            && is(&filter.status, settlement.status.as_str())
    };
    let (mut found, mut next) = (Vec::new(), None);
    for id in (oldest..=newest).rev() {
        let Some(settlement) = house::settlement(&state, id).filter(wanted) else { continue };
        if found.len() as u64 >= limit {
            // There is another one: the next page begins with it.
            next = Some(id.saturating_add(1));
            break;
        }
        found.push(SettlementView::of(settlement));
    }
    let next = next.or_else(|| (oldest > 1 && newest > 0).then_some(oldest));
    api.answer(&Page { total, settlements: found, next })
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
