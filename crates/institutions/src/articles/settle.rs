//! Settlements: from notice to what is done.
//!
//! ```text
//! judged ──> Held
//!        └─> Noticed ──notice over─────────────────> Final
//!               │  ├──uphold─────────────────────────> Final
//!               │  ├──dismiss────────────────────────> Dismissed
//!               │  └──notice over, cannot be done──> Stalled ──┬──uphold───> Final
//!               └──object──> Objected ─────────────────────────┴──dismiss──> Dismissed
//! ```
//!
//! Without notice it becomes final a second later, in another block. Each does so in a call of its own, so what one does cannot keep others from being
//! judged; and one that takes more gas than such a call has (suspending asks who is left, and reads everyone suspended before) waits for
//! the members, whose decisions have more.
//!
//! Rule kept: a settlement becomes final at most once, and what its account says is done at that moment, in the order in which it says
//! it, and at no other. What has no effect any more (the member is gone, the charter keeps no standing) is said, and the rest goes on.

use alloy_primitives::{B256, U256};
use polity_decision::Delay;
use polity_primitives::{ASSEMBLY, CONSTITUTION, REGISTRY};

use super::{
    IArticles::{self as sol, Status},
    REASON_BYTES_MAX,
    account::{Account, Done},
    period,
    schema::{ArticleRecord, Four, SettlementRecord, State, storage},
};
use crate::{
    agenda::Due,
    assembly,
    constitution::constitution,
    context::{Context, Result},
    ensure,
    host::Failure,
    registry::registry,
};

/// Gas of reading a byte of an account.
const ACCOUNT_BYTE_GAS: u64 = 8;
/// Language of the words that are said where an article has several: the first that there is, if not this.
const LANGUAGE: &str = "en";

/// What a settlement is about.
pub(super) struct About {
    pub(super) article: B256,
    pub(super) hash: B256,
    pub(super) member: B256,
    /// The period, its beginning and its end.
    pub(super) number: u64,
    pub(super) from: u64,
    pub(super) until: u64,
}

/// Writes the settlement that `account` is of, whose JSON is `json`, and puts the moment at which it becomes final on the agenda.
pub(super) fn open(
    cx: &mut Context<'_>,
    article: &ArticleRecord,
    about: &About,
    notice: Option<Delay>,
    account: &Account,
    json: &str,
) -> Result<()> {
    let (storage, block) = (storage(), cx.block());
    let id = storage.settlement_count.get(cx)?.saturating_add(1);
    storage.settlement_count.set(cx, id)?;
    let count = article.settlements.get(cx)?;
    article.settlements.set(cx, count.saturating_add(1))?;
    let now = block.timestamp_secs;
    let final_at = notice.map_or(now.saturating_add(1), |notice| period::after(now, notice));
    let (status, final_at) = match account.problem {
        Some(_) => (Status::Held, now),
        None => (Status::Noticed, final_at),
    };
    let record = storage.settlements.at(id);
    record.article.set(cx, about.article)?;
    record.hash.set(cx, about.hash)?;
    record.member.set(cx, about.member)?;
    record.period.set(cx, Four([about.number, about.from, about.until, now]))?;
    record.state.set(cx, State { height: block.height, final_at, status })?;
    record.account.set(cx, json)?;
    cx.emit(&sol::Settled {
        id: U256::from(id),
        article: about.article,
        member: about.member,
        period: about.number,
        status,
        finalAt: final_at,
    })?;
    if status != Status::Noticed {
        return Ok(());
    }
    cx.inside(ASSEMBLY, |cx| assembly::agenda().schedule(cx, &block, Due::Settle(id), final_at))
}

/// Objects for the caller.
///
/// Errors: `ReasonTooLong`, `UnknownSettlement`, `NotAboutYou`, `WrongSettlementStatus`, `NoticeOver`.
pub(super) fn object(cx: &mut Context<'_>, id: U256, reason: &str) -> Result<()> {
    ensure!(reason.len() <= REASON_BYTES_MAX, sol::ReasonTooLong { bytesMax: U256::from(REASON_BYTES_MAX) });
    let (number, record) = find(cx, id)?;
    let (who, member) = (cx.caller(), record.member.get(cx)?);
    let own = registry().member_of(&mut cx.storage_of(REGISTRY), who)? == member;
    ensure!(own, sol::NotAboutYou { id, member });
    let state = record.state.get(cx)?;
    ensure!(state.status == Status::Noticed, sol::WrongSettlementStatus { id, status: state.status });
    let now = cx.block().timestamp_secs;
    ensure!(now < state.final_at, sol::NoticeOver { id, finalAt: state.final_at });
    cx.inside(ASSEMBLY, |cx| assembly::agenda().cancel(cx, Due::Settle(number)))?;
    record.state.set(cx, State { final_at: now, status: Status::Objected, ..state })?;
    record.objection.set(cx, reason)?;
    cx.emit(&sol::Objected { id, member, reason: reason.to_owned() })
}

/// Makes a settlement final at once, by decision.
///
/// Errors: `NotByDecision`, `UnknownSettlement`, `WrongSettlementStatus`.
pub(super) fn uphold(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_decision()?;
    let (number, record) = open_one(cx, id)?;
    finish(cx, number, &record)
}

/// Dismisses a settlement, by decision.
///
/// Errors: `NotByDecision`, `UnknownSettlement`, `WrongSettlementStatus`.
pub(super) fn dismiss(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_decision()?;
    let (_, record) = open_one(cx, id)?;
    let (state, now) = (record.state.get(cx)?, cx.block().timestamp_secs);
    record.state.set(cx, State { final_at: now, status: Status::Dismissed, ..state })?;
    let (article, member) = (record.article.get(cx)?, record.member.get(cx)?);
    cx.emit(&sol::Dismissed { id, article, member })
}

/// Makes a settlement final whose notice is over. By the chain itself.
///
/// Errors: `NotBySystem`, `UnknownSettlement`, `NotDue`.
pub(super) fn conclude(cx: &mut Context<'_>, id: U256) -> Result<()> {
    let (number, record) = due(cx, id)?;
    finish(cx, number, &record)
}

/// Leaves a settlement to the members that is due but could not be made final. By the chain itself; it needs little gas.
///
/// Errors: `NotBySystem`, `UnknownSettlement`, `NotDue`.
pub(super) fn stall(cx: &mut Context<'_>, id: U256) -> Result<()> {
    let (_, record) = due(cx, id)?;
    let (state, now) = (record.state.get(cx)?, cx.block().timestamp_secs);
    record.state.set(cx, State { final_at: now, status: Status::Stalled, ..state })?;
    let (article, member) = (record.article.get(cx)?, record.member.get(cx)?);
    cx.emit(&sol::Stalled { id, article, member })
}

/// A settlement whose notice is over; it is off the agenda then. For the chain itself.
fn due(cx: &mut Context<'_>, id: U256) -> Result<(u64, SettlementRecord)> {
    cx.by_system()?;
    let (number, record) = find(cx, id)?;
    let block = cx.block();
    let due = cx.inside(ASSEMBLY, |cx| assembly::agenda().take(cx, &block, Due::Settle(number)))?;
    ensure!(due, sol::NotDue { what: B256::right_padding_from(b"settlement"), number: id });
    Ok((number, record))
}

/// A settlement that a decision can end; it is off the agenda then.
fn open_one(cx: &mut Context<'_>, id: U256) -> Result<(u64, SettlementRecord)> {
    let (number, record) = find(cx, id)?;
    let status = record.state.get(cx)?.status;
    let is_open = matches!(status, Status::Noticed | Status::Objected | Status::Stalled);
    ensure!(is_open, sol::WrongSettlementStatus { id, status });
    cx.inside(ASSEMBLY, |cx| assembly::agenda().cancel(cx, Due::Settle(number)))?;
    Ok((number, record))
}

/// The settlement with this id. Errors: `UnknownSettlement`.
pub(super) fn find(cx: &mut Context<'_>, id: U256) -> Result<(u64, SettlementRecord)> {
    let count = storage().settlement_count.get(cx)?;
    let number = u64::try_from(id).ok().filter(|number| (1..=count).contains(number));
    let number = number.ok_or(sol::UnknownSettlement { id })?;
    Ok((number, storage().settlements.at(number)))
}

/// Makes an open settlement final.
fn finish(cx: &mut Context<'_>, id: u64, record: &SettlementRecord) -> Result<()> {
    let (state, now) = (record.state.get(cx)?, cx.block().timestamp_secs);
    record.state.set(cx, State { final_at: now, status: Status::Final, ..state })?;
    let json = record.account.get(cx)?;
    cx.charge(ACCOUNT_BYTE_GAS.saturating_mul(json.len() as u64))?;
    let account = Account::from_json(&json)
        .ok_or_else(|| Failure::fatal(format!("the account of settlement {id} is none")))?;
    let (article, member) = (record.article.get(cx)?, record.member.get(cx)?);
    carry_out(cx, id, article, member, &account)
}

/// Does what `account` says, in order.
fn carry_out(cx: &mut Context<'_>, id: u64, article: B256, member: B256, account: &Account) -> Result<()> {
    let id = U256::from(id);
    cx.emit(&sol::BecameFinal { id, article, member })?;
    for done in &account.then {
        let without_effect = match done {
            Done::Standing(by) => {
                let by = by.parse().map_err(|_| Failure::fatal(format!("settlement {id}: `{by}`")))?;
                cx.inside(CONSTITUTION, |cx| constitution().moved_by_article(cx, member, by))?
            }
            Done::Suspend(_) => {
                cx.inside(CONSTITUTION, |cx| constitution().suspended_by_article(cx, member))?
            }
            Done::Notify(words) => {
                cx.emit(&sol::Notified { id, member, words: words.get(LANGUAGE).to_owned() })?;
                None
            }
        };
        if let Some(why) = without_effect {
            cx.emit(&sol::NoEffect { id, member, why: why.to_owned() })?;
        }
    }
    Ok(())
}
