//! `txpool_*`: what waits, by sender and nonce. Source: geth's txpool namespace.

use std::collections::BTreeMap;

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, U64};
use polity_mempool::{Entry, SenderContent};
use serde::Serialize;

use crate::{
    api::Api,
    args::Args,
    convert::{RpcTransaction, transaction},
    error::Failure,
    method::{
        Answer, Method,
        Weight::{Heavy, Light, Read},
    },
};

pub(crate) const METHODS: &[Method] = &[
    Method::new("txpool_status", &[], Light, status),
    Method::new("txpool_content", &[], Heavy, content),
    Method::new("txpool_contentFrom", &["address"], Read, content_from),
    Method::new("txpool_inspect", &[], Heavy, inspect),
];

type ByNonce<T> = BTreeMap<String, T>;

#[derive(Serialize)]
struct Pool<T> {
    pending: T,
    queued: T,
}

fn status(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    let status = api.ledger.mempool().status();
    api.answer(&Pool { pending: U64::from(status.pending), queued: U64::from(status.queued) })
}

fn content(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&by_sender(&api.ledger.mempool().content(), |entry| show(api, entry)))
}

fn content_from(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let sender: Address = args.get(0)?;
    let content = api.ledger.mempool().content_from(&sender);
    let of =
        |entries: Option<&Vec<_>>| entries.map(|e| by_nonce(e, |entry| show(api, entry))).unwrap_or_default();
    api.answer(&Pool {
        pending: of(content.as_ref().map(|c| &c.pending)),
        queued: of(content.as_ref().map(|c| &c.queued)),
    })
}

fn inspect(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&by_sender(&api.ledger.mempool().content(), summary))
}

fn show(api: &Api, entry: &Entry) -> RpcTransaction {
    transaction(&entry.transaction, None, api.chain_id(), api.is_free())
}

fn summary(entry: &Entry) -> String {
    entry.transaction.signed().map_or_else(String::new, |tx| {
        let to = tx.to().map_or_else(|| "contract creation".to_owned(), |to| to.to_string());
        format!("{to}: {} wei + {} gas × {} wei", tx.value(), tx.gas_limit(), tx.max_fee_per_gas())
    })
}

fn by_sender<T>(
    content: &[SenderContent],
    show: impl Fn(&Entry) -> T,
) -> Pool<BTreeMap<Address, ByNonce<T>>> {
    let of = |entries: fn(&SenderContent) -> &Vec<std::sync::Arc<Entry>>| {
        content
            .iter()
            .filter(|sender| !entries(sender).is_empty())
            .map(|sender| (sender.sender, by_nonce(entries(sender), &show)))
            .collect()
    };
    Pool { pending: of(|sender| &sender.pending), queued: of(|sender| &sender.queued) }
}

fn by_nonce<T>(entries: &[std::sync::Arc<Entry>], show: impl Fn(&Entry) -> T) -> ByNonce<T> {
    entries.iter().map(|entry| (entry.transaction.nonce().to_string(), show(entry))).collect()
}
