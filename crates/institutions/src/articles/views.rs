//! The articles as those outside see them. Free of gas, over any [`Slots`].

use alloy_primitives::B256;
use polity_charter::Article;
use polity_primitives::ARTICLES;

use super::{
    IArticles::{self as sol, Status},
    schema::{Phase, storage},
};
use crate::{host::Slots, names, storage::View};

/// Most settlements of one page.
pub const SETTLEMENTS_PAGE_MAX: usize = 1_000;

/// An article in force, or one that was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleView {
    /// Its id.
    pub id: String,
    /// Its place in the list of articles: what the agenda calls it by.
    pub number: u64,
    /// Hash of its text.
    pub hash: B256,
    /// Its text, as JSON.
    pub text: String,
    /// The text, read; `None` if it is not one of this version of the program.
    pub article: Option<Article>,
    /// Whether the charter still has it.
    pub in_force: bool,
    /// Whether a pass over the members is under way that judges the period.
    pub judging: bool,
    /// Number of the running period, from 1; 0 before the first block of a wall clock.
    pub period: u64,
    /// Its beginning. Units: seconds since 1970-01-01 UTC.
    pub from: u64,
    /// Its end. Units: seconds since 1970-01-01 UTC.
    pub until: u64,
    /// Settlements so far.
    pub settlements: u64,
}

/// One execution of an article for one member and period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettlementView {
    /// Its number, from 1.
    pub id: u64,
    /// Article by id.
    pub article: String,
    /// Hash of the article's text as it was judged by.
    pub hash: B256,
    /// Member by id.
    pub member: String,
    /// Number of the period.
    pub period: u64,
    /// Beginning of the period. Units: seconds since 1970-01-01 UTC.
    pub from: u64,
    /// End of the period. Units: seconds since 1970-01-01 UTC.
    pub until: u64,
    /// When it was judged. Units: seconds since 1970-01-01 UTC.
    pub at: u64,
    /// Block it was judged in.
    pub height: u64,
    /// Noticed: when it becomes final; otherwise when it became what it is. Units: seconds since 1970-01-01 UTC.
    pub final_at: u64,
    /// What became of it.
    pub status: Status,
    /// What it was computed from and gave: [`super::Account`] as JSON.
    pub account: String,
    /// Why the member objects; empty unless it does.
    pub objection: String,
}

/// Which settlements a question is about; what is `None` is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettlementFilter {
    /// Of this article.
    pub article: Option<String>,
    /// About this member.
    pub member: Option<String>,
    /// Of this status.
    pub status: Option<Status>,
    /// With a smaller number than this.
    pub before: Option<u64>,
    /// With this number or a greater one: what bounds the search.
    pub from: Option<u64>,
}

impl Status {
    /// Every status there is, `None` aside.
    pub const ALL: [Self; 6] =
        [Self::Noticed, Self::Objected, Self::Final, Self::Dismissed, Self::Held, Self::Stalled];

    /// The word in RPC and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Noticed => "noticed",
            Self::Objected => "objected",
            Self::Final => "final",
            Self::Dismissed => "dismissed",
            Self::Held => "held",
            Self::Stalled => "stalled",
            _ => "none",
        }
    }

    /// The status with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

fn view(slots: &dyn Slots) -> View<'_> {
    View::new(slots, ARTICLES)
}

/// Every article there ever was, in the order in which they were first written. Bounds: `ARTICLES_EVER_MAX`.
#[must_use]
pub fn articles(slots: &dyn Slots) -> Vec<ArticleView> {
    let Ok(ids) = storage().ids.all(&mut view(slots));
    ids.into_iter().map(|id| read(slots, id)).collect()
}

/// The article called `id`, also if it was removed.
#[must_use]
pub fn article(slots: &dyn Slots, id: &str) -> Option<ArticleView> {
    let word = names::word(id)?;
    let Ok(number) = storage().articles.at(word).number.get(&mut view(slots));
    (number != 0).then(|| read(slots, word))
}

fn read(slots: &dyn Slots, id: B256) -> ArticleView {
    let (record, mut view) = (storage().articles.at(id), view(slots));
    let Ok(sol::Article { hash, inForce, period, from, until, settlements, .. }) = record.read(&mut view, id);
    let (Ok(number), Ok(phase)) = (record.number.get(&mut view), record.phase.get(&mut view));
    let Ok(text) = storage().texts.at(hash).get(&mut view);
    ArticleView {
        id: names::text(id),
        number: number.saturating_sub(1),
        hash,
        article: Article::from_json(&text).ok(),
        text,
        in_force: inForce,
        judging: inForce && phase == Phase::Judging,
        period,
        from,
        until,
        settlements,
    }
}

/// The text of an article with this hash, as JSON.
#[must_use]
pub fn text(slots: &dyn Slots, hash: B256) -> Option<String> {
    let Ok(text) = storage().texts.at(hash).get(&mut view(slots));
    (!text.is_empty()).then_some(text)
}

/// Number of settlements so far.
#[must_use]
pub fn settlement_count(slots: &dyn Slots) -> u64 {
    let Ok(count) = storage().settlement_count.get(&mut view(slots));
    count
}

/// The settlement with this number.
#[must_use]
pub fn settlement(slots: &dyn Slots, id: u64) -> Option<SettlementView> {
    if !(1..=settlement_count(slots)).contains(&id) {
        return None;
    }
    let Ok(found) = storage().settlements.at(id).read(&mut view(slots), id);
    Some(SettlementView {
        id,
        article: names::text(found.article),
        hash: found.hash,
        member: names::text(found.member),
        period: found.period,
        from: found.from,
        until: found.until,
        at: found.at,
        height: found.height,
        final_at: found.finalAt,
        status: found.status,
        account: found.account,
        objection: found.objection,
    })
}

/// Settlements that `filter` lets through, newest first, at most `limit`. Bounds: [`SETTLEMENTS_PAGE_MAX`]; three slots for each that
/// is looked at and not shown.
#[must_use]
pub fn settlements(slots: &dyn Slots, filter: &SettlementFilter, limit: usize) -> Vec<SettlementView> {
    let last = settlement_count(slots);
    let last = filter.before.map_or(last, |before| last.min(before.saturating_sub(1)));
    let is_wanted = |id: &u64| {
        let (record, mut view) = (storage().settlements.at(*id), view(slots));
        let (Ok(article), Ok(member)) = (record.article.get(&mut view), record.member.get(&mut view));
        let Ok(state) = record.state.get(&mut view);
        let is =
            |wanted: &Option<String>, word| wanted.as_ref().is_none_or(|wanted| names::text(word) == *wanted);
        is(&filter.article, article)
            && is(&filter.member, member)
            && filter.status.is_none_or(|status| status == state.status)
    };
    let wanted = (filter.from.unwrap_or(1).max(1)..=last)
        .rev()
        .filter(is_wanted)
        .take(limit.min(SETTLEMENTS_PAGE_MAX));
    wanted.filter_map(|id| settlement(slots, id)).collect()
}

/// What the chain will do about the article with this number, as a sentence without its full stop.
#[must_use]
pub(crate) fn on_agenda(slots: &dyn Slots, number: u64) -> String {
    let Ok(id) = storage().ids.at(number).get(&mut view(slots));
    let record = storage().articles.at(id);
    let Ok(phase) = record.phase.get(&mut view(slots));
    let sol::Article { period, .. } = {
        let Ok(article) = record.read(&mut view(slots), id);
        article
    };
    let id = names::text(id);
    match phase {
        Phase::Waiting => format!("the first period of article {id} begins"),
        Phase::Marking => format!("the turns are noted from which period {period} of article {id} counts"),
        Phase::Running => format!("period {period} of article {id} is over and is judged"),
        Phase::Judging => format!("period {period} of article {id} is judged for more members"),
    }
}
