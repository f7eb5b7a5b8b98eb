//! Mandates from outside, and every use made of them.

use polity_institutions::{Slots, assembly as house};
use polity_primitives::{Address, B256};
use serde::Serialize;

use super::state;
use crate::{
    api::Api,
    args::{Args, Quantity},
    config::LIST_MAX,
    error::Failure,
    method::Answer,
};

#[derive(Serialize)]
struct Page {
    /// Mandates ever recorded; their numbers run from 1 to this.
    total: u64,
    mandates: Vec<MandateView>,
    authorities: Vec<AuthorityView>,
}

/// A mandate. Times are seconds since 1970-01-01 UTC.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MandateView {
    id: u64,
    authority: String,
    title: String,
    issuer: String,
    uri: String,
    /// keccak-256 of the document.
    document_hash: B256,
    recorded_at: u64,
    uses: Vec<UseView>,
}

/// A proposal opened under a mandate.
#[derive(Serialize)]
struct UseView {
    proposal: u64,
    title: String,
    status: &'static str,
}

#[derive(Serialize)]
struct AuthorityView {
    id: String,
    name: String,
    /// Who acts for it; neither if it acts no more.
    member: Option<String>,
    account: Option<Address>,
    /// Whose mandates it records; `null`: anybody's.
    issuer: Option<String>,
    /// Kinds of proposals it may open.
    opens: Vec<&'static str>,
}

/// Mandates from number `from` on, and the authorities.
pub(super) fn mandates(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 2)?;
    let from = args.opt::<Quantity>(0)?.map_or(1, |from| from.0);
    let most = u64::try_from(LIST_MAX).unwrap_or(u64::MAX).min(house::MANDATES_PAGE_MAX);
    let count = args.opt::<Quantity>(1)?.map_or(most, |count| count.0.min(most));
    let mandates = house::mandates(&state, from, count).into_iter();
    let authority = |authority: house::AuthorityView| AuthorityView {
        id: authority.id,
        name: authority.name,
        member: authority.member,
        account: authority.account,
        issuer: authority.issuer,
        opens: authority.opens.into_iter().map(polity_charter::CallKind::as_str).collect(),
    };
    api.answer(&Page {
        total: house::mandate_count(&state),
        mandates: mandates.map(|mandate| mandate_view(&state, mandate)).collect(),
        authorities: house::authorities(&state).into_iter().map(authority).collect(),
    })
}

fn mandate_view(slots: &dyn Slots, mandate: house::MandateView) -> MandateView {
    let use_of = |id: u64| {
        let found = house::proposal(slots, id)?;
        Some(UseView { proposal: id, title: found.title, status: found.status.as_str() })
    };
    MandateView {
        id: mandate.id,
        authority: mandate.authority,
        title: mandate.title,
        issuer: mandate.issuer,
        uri: mandate.uri,
        document_hash: mandate.document_hash,
        recorded_at: mandate.recorded_at,
        uses: mandate.uses.into_iter().filter_map(use_of).collect(),
    }
}
