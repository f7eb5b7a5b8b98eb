//! From a request to its answer: finds the method, runs it where its weight says, catches its panic.
//!
//! Requests of a batch run side by side. Those that send transactions run as one parallel job, because their cost is
//! the recovery of a signature each; the others run a few at a time, in order of their answers.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use alloy_primitives::B256;
use futures::{FutureExt, StreamExt, stream};
use jsonrpsee::{
    core::{
        middleware::{Batch, BatchEntry, Notification, RpcServiceT},
        server::{BatchResponseBuilder, MethodResponse, ResponsePayload},
    },
    types::{ErrorObjectOwned, Id, Request},
};
use rayon::prelude::*;
use serde_json::value::RawValue;
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

use crate::{
    api::Api,
    args::{Args, Quantity},
    config::{HEAVY_WAITING_MAX, SEND_SYNC_TIME_MAX, SENDS_WAITING_MAX},
    error::{Failure, METHOD_NOT_FOUND, TIMED_OUT},
    eth,
    method::{Answer, Method, SUBSCRIBE, UNSUBSCRIBE, Weight},
    server::{
        Transport,
        connection::{Connection, Ticket},
    },
};

/// Requests of one batch that run at the same time, transactions aside.
const BATCH_PARALLEL: usize = 8;

/// The service in front of jsonrpsee's, which keeps the subscriptions only.
#[derive(Clone)]
pub(crate) struct Dispatch<S> {
    pub(crate) api: Arc<Api>,
    pub(crate) inner: S,
}

impl<S> RpcServiceT for Dispatch<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse> + Clone + Send + Sync + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let connection = socket(request.extensions());
            let large =
                this.api.methods.get(request.method_name()).is_some_and(|method| method.weight.is_large());
            let _turn = turn(connection.as_deref(), large).await;
            owed(connection.as_deref(), this.one(request).await)
        }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let first = batch.iter().find_map(|entry| entry.as_ref().ok());
            let connection = first.and_then(|entry| socket(entry.extensions()));
            let _turn = turn(connection.as_deref(), true).await;
            owed(connection.as_deref(), this.many(batch).await)
        }
    }

    fn notification<'a>(&self, _: Notification<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        std::future::ready(MethodResponse::notification())
    }
}

/// The WebSocket connection that a request came over.
fn socket(extensions: &http::Extensions) -> Option<Arc<Connection>> {
    extensions.get::<Ticket>().map(|ticket| ticket.connection.clone())
}

/// A turn to make a `large` answer; at once where there is none to take.
async fn turn(connection: Option<&Connection>, large: bool) -> Option<SemaphorePermit<'_>> {
    connection.filter(|_| large)?.turn().await
}

/// Books what is sent to a WebSocket.
fn owed(connection: Option<&Connection>, response: MethodResponse) -> MethodResponse {
    let sent = response.is_method_call() || response.is_batch() || response.is_subscription();
    if let Some(connection) = connection.filter(|_| sent) {
        connection.owe(response.as_ref().len());
    }
    response
}

/// A request that sends a transaction, taken out of its batch.
struct Sending<'a> {
    position: usize,
    id: Id<'a>,
    method: &'static Method,
    params: Option<String>,
}

impl<S> Dispatch<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse> + Clone + Send + Sync + 'static,
{
    async fn one(&self, request: Request<'_>) -> MethodResponse {
        let name = request.method_name();
        if name == SUBSCRIBE || name == UNSUBSCRIBE {
            return self.subscription(request).await;
        }
        let Some(method) = self.api.methods.get(name) else {
            let failure = self.api.methods.unknown(name);
            return MethodResponse::error(request.id, ErrorObjectOwned::from(failure));
        };
        let result = self.api.run(method, request.params.as_deref().map(RawValue::get)).await;
        self.respond(request.id, result)
    }

    async fn subscription(&self, request: Request<'_>) -> MethodResponse {
        if request.extensions.get::<Transport>() != Some(&Transport::WebSocket) {
            let failure =
                Failure::new(METHOD_NOT_FOUND, "notifications not supported: subscribe over WebSocket");
            return MethodResponse::error(request.id, ErrorObjectOwned::from(failure));
        }
        let id = request.id.clone().into_owned();
        match AssertUnwindSafe(self.inner.call(request)).catch_unwind().await {
            Ok(response) => response,
            Err(_) => self.respond(id, Err(Failure::internal("a subscription panicked"))),
        }
    }

    fn respond(&self, id: Id<'_>, result: Result<Answer, Failure>) -> MethodResponse {
        match result {
            Ok(answer) => MethodResponse::response(
                id,
                ResponsePayload::success(answer),
                self.api.config.max_response as usize,
            ),
            Err(failure) => MethodResponse::error(id, ErrorObjectOwned::from(failure)),
        }
    }

    async fn many(&self, batch: Batch<'_>) -> MethodResponse {
        let mut answers: Vec<Option<MethodResponse>> = Vec::with_capacity(batch.len());
        let mut sending = Vec::new();
        let mut others = Vec::new();
        for (position, entry) in batch.into_iter().enumerate() {
            answers.push(None);
            match entry {
                Ok(BatchEntry::Call(request)) => match self.api.methods.get(request.method_name()) {
                    Some(method) if method.weight == Weight::Send => sending.push(Sending {
                        position,
                        id: request.id,
                        method,
                        params: request.params.map(|params| params.get().to_owned()),
                    }),
                    _ => others.push(async move { (position, self.one(request).await) }),
                },
                Ok(BatchEntry::Notification(_)) => {}
                Err(error) => {
                    let (error, id) = error.into_parts();
                    answers[position] = Some(MethodResponse::error(id, error));
                }
            }
        }

        let sent = self.api.run_sends(sending.iter().map(|s| (s.method, s.params.clone())).collect());
        let mut size = 0usize;
        let mut others = stream::iter(others).buffered(BATCH_PARALLEL);
        while let Some((position, answer)) = others.next().await {
            size = size.saturating_add(answer.as_ref().len());
            answers[position] = Some(answer);
            if size > self.api.config.max_response as usize {
                break;
            }
        }
        drop(others);
        for (sending, result) in sending.into_iter().zip(sent.await) {
            answers[sending.position] = Some(self.respond(sending.id, result));
        }

        if !answers.is_empty() && answers.iter().all(Option::is_none) {
            return MethodResponse::notification();
        }
        let mut builder = BatchResponseBuilder::new_with_limit(self.api.config.max_response as usize);
        for answer in answers.into_iter().flatten() {
            if let Err(too_big) = builder.append(answer) {
                return too_big;
            }
        }
        MethodResponse::from_batch(builder.finish())
    }
}

/// Runs `method`; a panic is its own failure and no one else's.
fn guarded(api: &Api, method: &Method, params: Option<&str>) -> Result<Answer, Failure> {
    let run = || (method.run)(api, &Args::parse(params, method.params)?);
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(Failure::internal(format_args!("{} panicked", method.name))))
}

/// Counts those who wait, for as long as it lives.
struct Waiting {
    counter: Arc<AtomicUsize>,
    count: usize,
}

impl Waiting {
    fn enter(counter: &Arc<AtomicUsize>, count: usize, max: usize) -> Result<Self, Failure> {
        let before = counter.fetch_add(count, Ordering::Relaxed);
        let waiting = Self { counter: counter.clone(), count };
        if before.saturating_add(count) > max {
            return Err(Failure::limit(format!(
                "the node is busy: {before} requests wait, at most {max} may"
            )));
        }
        Ok(waiting)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.counter.fetch_sub(self.count, Ordering::Relaxed);
    }
}

impl Api {
    async fn run(self: &Arc<Self>, method: &'static Method, params: Option<&str>) -> Result<Answer, Failure> {
        match method.weight {
            Weight::Light => guarded(self, method, params),
            Weight::Send => {
                let sends = vec![(method, params.map(str::to_owned))];
                self.run_sends(sends).await.pop().unwrap_or_else(|| Err(Failure::internal("no answer")))
            }
            Weight::Read => self.run_blocking(&self.reads, method, params).await,
            Weight::Heavy => {
                let _waiting = Waiting::enter(&self.heavy_waiting, 1, HEAVY_WAITING_MAX)?;
                self.run_blocking(&self.heavy, method, params).await
            }
            Weight::Wait => self.run_send_sync(method, params).await,
        }
    }

    async fn run_blocking(
        self: &Arc<Self>,
        turns: &Arc<Semaphore>,
        method: &'static Method,
        params: Option<&str>,
    ) -> Result<Answer, Failure> {
        let turn = turns.clone().acquire_owned().await.map_err(Failure::internal)?;
        let (api, params) = (self.clone(), params.map(str::to_owned));
        let work = move || {
            // The turn ends with the work, even if the client has gone and nobody waits for the answer.
            let _turn = turn;
            guarded(&api, method, params.as_deref())
        };
        tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?
    }

    /// Starts the requests on the senders' pool at once; the future yields their answers in order.
    fn run_sends(
        self: &Arc<Self>,
        sends: Vec<(&'static Method, Option<String>)>,
    ) -> impl Future<Output = Vec<Result<Answer, Failure>>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let (api, count) = (self.clone(), sends.len());
        let waiting = Waiting::enter(&self.sends_waiting, count, SENDS_WAITING_MAX);
        if let (Ok(waiting), true) = (waiting, count > 0) {
            self.senders.spawn(move || {
                let answers: Vec<_> = sends
                    .into_par_iter()
                    .map(|(method, params)| guarded(&api, method, params.as_deref()))
                    .collect();
                drop(waiting);
                let _ = reply.send(answers);
            });
        }
        async move {
            let mut answers = answer.await.unwrap_or_default();
            answers
                .resize_with(count, || Err(Failure::limit("the node is busy: too many transactions wait")));
            answers
        }
    }

    /// Sends the transaction and waits for its receipt. Source: EIP-7966.
    async fn run_send_sync(
        self: &Arc<Self>,
        method: &'static Method,
        params: Option<&str>,
    ) -> Result<Answer, Failure> {
        let asked = Args::parse(params, method.params)?.opt::<Quantity>(1)?;
        let limit = asked
            .map_or(SEND_SYNC_TIME_MAX, |ms| std::time::Duration::from_millis(ms.0).min(SEND_SYNC_TIME_MAX));
        let mut head = self.feed.head();
        let sends = vec![(method, params.map(str::to_owned))];
        let sent =
            self.run_sends(sends).await.pop().unwrap_or_else(|| Err(Failure::internal("no answer")))?;
        let hash: B256 = serde_json::from_str(sent.get()).map_err(Failure::internal)?;
        let written = async {
            loop {
                head.borrow_and_update();
                if let Some(receipt) = eth::receipt_of(self, &hash)? {
                    return self.answer(&receipt);
                }
                head.changed().await.map_err(Failure::internal)?;
            }
        };
        match tokio::time::timeout(limit, written).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(
                TIMED_OUT,
                format!("the transaction was accepted but not written within {} ms", limit.as_millis()),
            )
            .with(&hash)),
        }
    }
}
