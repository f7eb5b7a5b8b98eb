//! Authorities, mandates and their uses, as those outside see them. Free of gas, over any [`Slots`].

use alloy_primitives::{Address, B256};
use polity_charter::CallKind;

use super::{
    mandate as mandates_of,
    schema::{storage, view},
};
use crate::{host::Slots, names};

/// Most mandates of one page.
pub const MANDATES_PAGE_MAX: u64 = 1_000;

/// Who brings decisions from outside into the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityView {
    /// Id.
    pub id: String,
    /// Name in the charter's first language.
    pub name: String,
    /// The member that acts for it.
    pub member: Option<String>,
    /// The account that acts for it, if no member does.
    pub account: Option<Address>,
    /// Whose mandates it records; `None`: anybody's.
    pub issuer: Option<String>,
    /// Kinds of proposals it may open.
    pub opens: Vec<CallKind>,
}

/// A mandate. Times are seconds since 1970-01-01 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MandateView {
    /// Number, from 1.
    pub id: u64,
    /// Authority by id.
    pub authority: String,
    /// What it is.
    pub title: String,
    /// Who issued it.
    pub issuer: String,
    /// Where the document can be fetched.
    pub uri: String,
    /// keccak-256 of the document.
    pub document_hash: B256,
    /// When it was recorded.
    pub recorded_at: u64,
    /// Proposals opened under it.
    pub uses: Vec<u64>,
}

/// Every authority there ever was, in the order in which they were named.
#[must_use]
pub fn authorities(slots: &dyn Slots) -> Vec<AuthorityView> {
    let mut view = view(slots);
    let Ok(ids) = storage().authority_ids.all(&mut view);
    let authority = |id: B256| {
        let Ok(read) = mandates_of::read_authority(&mut view, &storage().authorities.at(id));
        let kinds = CallKind::ALL.into_iter().map(|(_, kind)| kind);
        AuthorityView {
            id: names::text(id),
            name: read.name,
            member: Some(read.member).filter(|member| !member.is_zero()).map(names::text),
            account: Some(read.account).filter(|account| !account.is_zero()),
            issuer: Some(read.issuer).filter(|issuer| !issuer.is_empty()),
            opens: kinds.filter(|kind| read.opens & mandates_of::bit(*kind) != 0).collect(),
        }
    };
    ids.into_iter().map(authority).collect()
}

/// Number of mandates ever recorded.
#[must_use]
pub fn mandate_count(slots: &dyn Slots) -> u64 {
    let Ok(count) = storage().mandate_count.get(&mut view(slots));
    count
}

/// Mandates from number `from` on, in order. Bounds: at most [`MANDATES_PAGE_MAX`].
#[must_use]
pub fn mandates(slots: &dyn Slots, from: u64, count: u64) -> Vec<MandateView> {
    let from = from.max(1);
    let end = from.saturating_add(count.min(MANDATES_PAGE_MAX));
    (from..end.min(mandate_count(slots).saturating_add(1))).filter_map(|id| mandate(slots, id)).collect()
}

/// The mandate with this number.
#[must_use]
pub fn mandate(slots: &dyn Slots, id: u64) -> Option<MandateView> {
    if !(1..=mandate_count(slots)).contains(&id) {
        return None;
    }
    let (mut view, record) = (view(slots), storage().mandates.at(id));
    let Ok(read) = mandates_of::read(&mut view, &record);
    let Ok(uses) = record.uses.all(&mut view);
    Some(MandateView {
        id,
        authority: names::text(read.authority),
        title: read.title,
        issuer: read.issuer,
        uri: read.uri,
        document_hash: read.documentHash,
        recorded_at: read.recordedAt,
        uses,
    })
}
