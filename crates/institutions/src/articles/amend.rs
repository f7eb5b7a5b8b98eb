//! What genesis and amendments do: an article is written, or removed.
//!
//! Rule kept: an article that changes begins a new period 1 in the block that changes it, and the period that ran lapses: nobody is
//! judged by a rule that was not in force during the whole period. Settlements there are go on under the text they were judged by.

use alloy_primitives::{B256, U256};
use polity_charter::{Article, Charter};
use polity_primitives::ASSEMBLY;

use super::{
    ARTICLE_BYTES_MAX, ARTICLES_EVER_MAX, ARTICLES_MAX, IArticles as sol,
    judge::{self, hash_of},
    period,
    schema::{Four, Phase, storage},
};
use crate::{
    agenda::Due,
    assembly,
    context::{Context, Result},
    directory::BadName,
    ensure, names,
};

/// Facts that count from the beginning of a period.
const COUNTED: [&str; 2] = ["written", "missed"];

/// Writes the articles of a founding charter. Everything else is written already.
///
/// # Errors
/// Those of [`write_article`].
pub fn genesis(cx: &mut Context<'_>, charter: &Charter) -> Result<()> {
    charter.articles.iter().try_for_each(|article| write_article(cx, article))
}

/// Writes an article and begins its first period, unless it is in force as it is.
///
/// # Errors
/// `BadName`, `ArticleTooLong`, `TooManyArticles`.
pub(crate) fn write_article(cx: &mut Context<'_>, article: &Article) -> Result<()> {
    let storage = storage();
    let id = name(&article.id)?;
    let text = article.to_json();
    ensure!(text.len() <= ARTICLE_BYTES_MAX, sol::ArticleTooLong { bytesMax: U256::from(ARTICLE_BYTES_MAX) });
    let (record, hash) = (storage.articles.at(id), hash_of(&text));
    let was_in_force = record.in_force.get(cx)?;
    if was_in_force && record.hash.get(cx)? == hash {
        return Ok(());
    }
    if !was_in_force {
        let count = storage.in_force.get(cx)?;
        ensure!(count < ARTICLES_MAX, too_many(ARTICLES_MAX));
        storage.in_force.set(cx, count.saturating_add(1))?;
        record.in_force.set(cx, true)?;
    }
    if record.number.get(cx)? == 0 {
        ensure!(storage.ids.len(cx)? < ARTICLES_EVER_MAX, too_many(ARTICLES_EVER_MAX));
        storage.ids.push(cx, id)?;
        let number = storage.ids.len(cx)?;
        record.number.set(cx, number)?;
    }
    let place = storage.texts.at(hash);
    if place.get(cx)?.is_empty() {
        place.set(cx, &text)?;
    }
    record.hash.set(cx, hash)?;
    record.counts.set(cx, counts(article))?;
    record.every.set(cx, period::pack(article.every))?;
    if cx.block().timestamp_secs == 0 {
        // Genesis under a wall clock: time begins with the first block.
        record.phase.set(cx, Phase::Waiting)?;
    } else {
        judge::start(cx, id, &record)?;
    }
    let index = record.number.get(cx)?.saturating_sub(1);
    judge::schedule(cx, index, &record)
}

/// Removes an article; its running period lapses.
///
/// # Errors
/// `BadName`, `UnknownArticle`.
pub(crate) fn remove_article(cx: &mut Context<'_>, id: &str) -> Result<()> {
    let storage = storage();
    let id = name(id)?;
    let record = storage.articles.at(id);
    ensure!(record.in_force.get(cx)?, sol::UnknownArticle { article: id });
    let (index, count) = (record.number.get(cx)?.saturating_sub(1), storage.in_force.get(cx)?);
    record.in_force.set(cx, false)?;
    storage.in_force.set(cx, count.saturating_sub(1))?;
    record.pass.set(cx, Four::default())?;
    cx.inside(ASSEMBLY, |cx| assembly::agenda().cancel(cx, Due::Judge(index)))?;
    cx.emit(&sol::ArticleRemoved { article: id })
}

fn counts(article: &Article) -> bool {
    article.clauses().any(|(_, clause)| clause.asks().iter().any(|(name, _)| COUNTED.contains(name)))
}

fn too_many(max: u64) -> sol::TooManyArticles {
    sol::TooManyArticles { max: U256::from(max) }
}

fn name(id: &str) -> Result<B256> {
    names::word(id).ok_or_else(|| BadName { name: B256::ZERO }.into())
}
