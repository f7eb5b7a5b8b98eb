//! The articles: what members owe, judged by the chain itself at the end of each period, and what came of it.
//!
//! Rule kept: whoever is judged is judged by the text that was in force during the whole period, by facts the chain itself knows, and
//! each settlement says everything it was computed from, so anyone computes it again ([`recompute`]). What is done, is done once, in
//! the open, and through the one door each kind of consequence has: a score moves and a member is suspended by the constitution, with
//! the thresholds and the mercy that hold for every loss.
//!
//! Deliberately absent: the language (crate `clause`), what an article may say (crate `charter`); facts from outside, money, and
//! anything a charter of this version refuses by name (ADR 0031).
//!
//! Map: [`judge`] periods and members; [`mod@account`] what a settlement was computed from; [`facts`] what clauses may ask for;
//! [`settle`] from notice to what is done; [`amend`] how articles come and go; [`period`] the calendar; [`schema`] storage; [`views`]
//! what those outside read.

mod account;
mod amend;
mod facts;
mod judge;
mod period;
mod schema;
mod settle;
mod views;

use alloy_json_abi::JsonAbi;
use alloy_primitives::{Address, B256, Bytes, U256};
use polity_primitives::ARTICLES;

pub use account::{ACCOUNT_BYTES_MAX, Account, Asked, Bench, Defined, Done, Verdict, evaluate, recompute};
pub use amend::genesis;
pub(crate) use amend::{remove_article, write_article};
pub(crate) use views::on_agenda;
pub use views::{
    ArticleView, SETTLEMENTS_PAGE_MAX, SettlementFilter, SettlementView, article, articles, settlement,
    settlement_count, settlements, text,
};

use crate::{
    context::{Context, Result, returns, void},
    directory::Institution,
    ensure,
};
use schema::storage;

#[expect(missing_docs, reason = "generated; the .sol file is the documentation")]
#[allow(clippy::too_many_arguments, reason = "generated; an event has as many fields as it says")]
mod abi {
    alloy_sol_types::sol!(
        #![sol(abi, all_derives)]
        "src/articles/IArticles.sol"
    );
}
use IArticles as sol;
pub use abi::IArticles::{self, IArticlesCalls, Status};

/// Most articles in force.
pub const ARTICLES_MAX: u64 = polity_charter::ARTICLES_MAX as u64;
/// Most articles there ever can be, those that were removed included.
pub const ARTICLES_EVER_MAX: u64 = 1_024;
/// Most bytes of an article's text.
pub const ARTICLE_BYTES_MAX: usize = polity_charter::ARTICLE_BYTES_MAX;
/// Most bytes of the reason of an objection.
pub const REASON_BYTES_MAX: usize = 1_024;

/// The institution.
#[derive(Debug)]
pub struct Articles;

impl Institution for Articles {
    const ADDRESS: Address = ARTICLES;
    type Calls = IArticlesCalls;

    fn abi() -> JsonAbi {
        IArticles::abi::contract()
    }

    fn dispatch(cx: &mut Context<'_>, call: IArticlesCalls) -> Result<Bytes> {
        use IArticlesCalls as C;
        match call {
            C::object(c) => settle::object(cx, c.id, &c.reason).map(void),
            C::uphold(c) => settle::uphold(cx, c.id).map(void),
            C::dismiss(c) => settle::dismiss(cx, c.id).map(void),
            C::judge(c) => judge::judge(cx, c.number).map(void),
            C::giveUp(c) => judge::give_up(cx, c.number).map(void),
            C::conclude(c) => settle::conclude(cx, c.id).map(void),
            C::stall(c) => settle::stall(cx, c.id).map(void),
            C::article(c) => Ok(returns::<sol::articleCall>(&find(cx, c.id)?)),
            C::articles(_) => {
                let ids = storage().ids.all(cx)?;
                let articles = ids.into_iter().map(|id| storage().articles.at(id).read(cx, id));
                Ok(returns::<sol::articlesCall>(&articles.collect::<Result<_>>()?))
            }
            C::text(c) => Ok(returns::<sol::textCall>(&storage().texts.at(c.hash).get(cx)?)),
            C::settlement(c) => {
                let (number, record) = settle::find(cx, c.id)?;
                Ok(returns::<sol::settlementCall>(&record.read(cx, number)?))
            }
            C::settlementCount(_) => {
                let count = U256::from(storage().settlement_count.get(cx)?);
                Ok(returns::<sol::settlementCountCall>(&count))
            }
        }
    }
}

/// The article with this id, as the ABI shows it. Errors: `UnknownArticle`.
fn find(cx: &mut Context<'_>, id: B256) -> Result<sol::Article> {
    let record = storage().articles.at(id);
    ensure!(record.number.get(cx)? != 0, sol::UnknownArticle { article: id });
    record.read(cx, id)
}

#[cfg(test)]
mod tests;
