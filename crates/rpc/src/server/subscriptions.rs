//! `eth_subscribe`: new heads, logs, pending transactions, syncing.
//!
//! A subscription is a task that is woken by the [feed](crate::feed) and reads from the ledger what it has not sent yet.
//! It waits for its client, and for nobody else; a client too far behind loses the subscription, not the node its memory.

use std::{sync::Arc, time::Duration};

use alloy_rpc_types_eth::{Filter, FilterBlockOption};
use jsonrpsee::{
    RpcModule,
    core::server::{Methods, PendingSubscriptionSink, SubscriptionSink},
    types::{ErrorObjectOwned, Params},
};
use polity_ledger::ExecutedBlock;
use polity_primitives::Height;
use serde::Serialize;
use serde_json::value::to_raw_value;

use crate::{
    api::Api,
    args::Args,
    config::HEADS_BEHIND_MAX,
    convert,
    error::{Error, Failure},
    eth,
    method::{SUBSCRIBE, UNSUBSCRIBE},
    server::connection::{Connection, Ticket},
};

/// How often the syncing state is looked at.
const SYNCING_INTERVAL: Duration = Duration::from_secs(1);

/// What jsonrpsee puts around a notification, about.
const ENVELOPE_BYTES: usize = 100;

/// What a client can watch.
enum Kind {
    Heads,
    Logs(Box<Filter>),
    Pending { full: bool },
    Syncing,
}

impl Kind {
    fn read(params: &Params<'_>) -> Result<Self, Failure> {
        let args = Args::parse(params.as_str(), &["kind", "options"])?;
        match args.get::<String>(0)?.as_str() {
            "newHeads" => Ok(Self::Heads),
            "logs" => {
                let filter: Filter = args.opt(1)?.unwrap_or_default();
                eth::check_terms(&filter)?;
                if matches!(filter.block_option, FilterBlockOption::AtBlockHash(_)) {
                    return Err(
                        args.wrong(1, "a subscription watches blocks to come; for one block use eth_getLogs")
                    );
                }
                Ok(Self::Logs(Box::new(filter)))
            }
            "newPendingTransactions" => Ok(Self::Pending { full: args.opt(1)?.unwrap_or(false) }),
            "syncing" => Ok(Self::Syncing),
            other => Err(Failure::params(format!(
                "no \"{other}\" subscription in eth namespace: newHeads, logs, newPendingTransactions, syncing"
            ))),
        }
    }
}

/// The subscriptions, for jsonrpsee to keep.
pub(super) fn module(api: Arc<Api>) -> Result<Methods, Error> {
    let mut module = RpcModule::from_arc(api);
    module
        .register_subscription(
            SUBSCRIBE,
            "eth_subscription",
            UNSUBSCRIBE,
            |params, pending, api, extensions| async move {
                // Every subscription comes over a WebSocket: `Dispatch` refuses the others.
                let Some(ticket) = extensions.get::<Ticket>() else { return };
                let connection = ticket.connection.clone();
                drop(extensions);
                serve(&params, pending, &api, connection).await;
            },
        )
        .map_err(|error| Error::Methods(error.to_string()))?;
    Ok(module.into())
}

async fn serve(
    params: &Params<'_>,
    pending: PendingSubscriptionSink,
    api: &Api,
    connection: Arc<Connection>,
) {
    let kind = match Kind::read(params) {
        Ok(kind) => kind,
        Err(failure) => return pending.reject(ErrorObjectOwned::from(failure)).await,
    };
    // Taken before the client hears that it is subscribed, so that nothing after is missed.
    let seen = api.feed.reorganisations();
    let next = api.head().height().0.saturating_add(1);
    let cursor = api.feed.pending_cursor();
    let Ok(sink) = pending.accept().await else { return };
    let sink = Sink { sink, connection };
    // The client is gone, or too slow; either way there is nobody to tell.
    let _gone = match kind {
        Kind::Heads => {
            blocks(api, &sink, (next, seen), |block| vec![convert::header(block)], |_| vec![]).await
        }
        Kind::Logs(filter) => {
            let show = |block: &ExecutedBlock| eth::matching(&filter, block);
            blocks(api, &sink, (next, seen), show, |block| eth::taken_back(&filter, block)).await
        }
        Kind::Pending { full } => transactions(api, &sink, cursor, full).await,
        Kind::Syncing => syncing(api, &sink).await,
    };
}

/// The end of a subscription.
struct Gone;

/// Where notifications go.
struct Sink {
    sink: SubscriptionSink,
    connection: Arc<Connection>,
}

impl Sink {
    async fn closed(&self) {
        self.sink.closed().await;
    }

    /// Sends `value` when the client has read enough of what came before.
    async fn send(&self, value: &impl Serialize) -> Result<(), Gone> {
        tokio::select! {
            () = self.connection.room() => {}
            () = self.closed() => return Err(Gone),
        }
        let message = to_raw_value(value).map_err(|_| Gone)?;
        self.connection.owe(message.get().len().saturating_add(ENVELOPE_BYTES));
        self.sink.send(message).await.map_err(|_| Gone)
    }
}

/// Shows every block from height `next` on, and takes back those that a reorganisation undoes; `seen` were before.
async fn blocks<T: Serialize>(
    api: &Api,
    sink: &Sink,
    (mut next, mut seen): (u64, u64),
    show: impl Fn(&ExecutedBlock) -> Vec<T>,
    take_back: impl Fn(&ExecutedBlock) -> Vec<T>,
) -> Result<(), Gone> {
    let mut head = api.feed.head();
    loop {
        let tip = head.borrow_and_update().height;
        for undone in api.feed.undone_since(&mut seen) {
            for block in undone.blocks.iter().filter(|block| block.height().0 < next) {
                for item in take_back(block) {
                    sink.send(&item).await?;
                }
            }
            next = next.min(undone.first());
        }
        if tip.saturating_sub(next) > HEADS_BEHIND_MAX {
            return Err(Gone);
        }
        while next <= tip {
            let block = api.ledger.block(Height(next)).map_err(|_| Gone)?;
            // It may be of another branch already, whose news come first.
            let Some(block) = block.filter(|_| api.feed.reorganisations() == seen) else { break };
            for item in show(&block) {
                sink.send(&item).await?;
            }
            next = next.saturating_add(1);
        }
        tokio::select! {
            () = sink.closed() => return Ok(()),
            changed = head.changed() => changed.map_err(|_| Gone)?,
        }
    }
}

async fn transactions(api: &Api, sink: &Sink, mut cursor: u64, full: bool) -> Result<(), Gone> {
    let mut arrived = api.feed.arrived();
    loop {
        arrived.borrow_and_update();
        let (hashes, after) = api.feed.pending_since(cursor);
        cursor = after;
        for hash in hashes {
            match api.ledger.mempool().get(&hash).filter(|_| full) {
                Some(entry) => {
                    sink.send(&convert::transaction(&entry.transaction, None, api.chain_id(), api.is_free()))
                        .await?;
                }
                None => sink.send(&hash).await?,
            }
        }
        tokio::select! {
            () = sink.closed() => return Ok(()),
            changed = arrived.changed() => changed.map_err(|_| Gone)?,
        }
    }
}

async fn syncing(api: &Api, sink: &Sink) -> Result<(), Gone> {
    let mut last = None;
    loop {
        let now = api.node.syncing();
        if last != Some(now.is_some()) {
            last = Some(now.is_some());
            sink.send(&eth::sync_status(api)).await?;
        }
        tokio::select! {
            () = sink.closed() => return Ok(()),
            () = tokio::time::sleep(SYNCING_INTERVAL) => {}
        }
    }
}
