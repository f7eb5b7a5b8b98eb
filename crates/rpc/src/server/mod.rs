//! The server: one port for HTTP and WebSocket.
//!
//! jsonrpsee speaks JSON-RPC, frames and subscriptions. Around it are the door ([`intake`]: hosts, origins, sizes), the
//! accept loop with a bound on connections ([`places`]), and [`crate::dispatch`], which runs the methods.

pub(crate) mod connection;
mod idle;
mod intake;
mod places;
mod subscriptions;

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use hyper::body::Incoming;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use jsonrpsee::{
    core::{BoxError, middleware::RpcServiceBuilder, traits::IdProvider},
    server::{
        BatchRequestConfig, HttpResponse, PingConfig, ServerConfig, ServerHandle, StopHandle, stop_channel,
    },
    types::SubscriptionId,
};
use polity_ledger::Ledger;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tower::Layer;

use crate::{
    api::Api,
    config::{HEADER_TIME_MAX, IDLE_TIME_MAX, MESSAGES_UNREAD_MAX, RpcConfig},
    dispatch::Dispatch,
    error::Error,
    node_info::NodeInfo,
};

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// One request, one response.
    Http,
    /// A connection that can carry notifications.
    WebSocket,
}

/// What a client too many is told, before the connection is closed.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Most bytes read of a client that is refused.
const REFUSED_BYTES_MAX: u64 = 64 << 10;

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct RpcServer {
    /// Where it listens; the port is real even if 0 was asked for.
    pub local_addr: SocketAddr,
    handle: ServerHandle,
    accepting: JoinHandle<()>,
}

impl RpcServer {
    /// Stops accepting, lets running requests end, and returns when every connection is closed or after ten seconds.
    pub async fn stop(self) {
        let _ = self.handle.stop();
        self.accepting.abort();
        let _ = tokio::time::timeout(Duration::from_secs(10), self.handle.stopped()).await;
    }
}

/// Subscription ids as geth's look: `0x` and 32 hex digits.
#[derive(Debug)]
struct HexIds;

impl IdProvider for HexIds {
    fn next_id(&self) -> SubscriptionId<'static> {
        format!("{:#034x}", rand::random::<u128>()).into()
    }
}

/// Starts serving `ledger` and `node` as `config` says.
///
/// # Errors
/// [`Error`] if the port cannot be listened on or the configuration is wrong.
pub async fn serve(config: RpcConfig, ledger: Ledger, node: Arc<dyn NodeInfo>) -> Result<RpcServer, Error> {
    let cors = intake::cors(&config.cors)?;
    let listen_error = |source| Error::Listen { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(listen_error)?;
    let local_addr = listener.local_addr().map_err(listen_error)?;

    let rules = Arc::new(intake::Rules::new(&config));
    let places = Arc::new(places::Places::new(config.max_connections as usize));
    let server_config = server_config(&config);
    let api = Api::new(config, ledger, node)?;
    let methods = subscriptions::module(api.clone())?;
    let (stop, handle) = stop_channel();

    let dispatch_api = api.clone();
    let middleware =
        RpcServiceBuilder::new().layer_fn(move |inner| Dispatch { api: dispatch_api.clone(), inner });
    let builder = jsonrpsee::server::ServerBuilder::with_config(server_config)
        .set_rpc_middleware(middleware)
        .to_service_builder();

    let accept_stop = stop.clone();
    let accepting = tokio::spawn(async move {
        loop {
            let socket = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((socket, _)) => socket,
                    Err(error) => {
                        // Out of file descriptors, mostly: give the others time to close.
                        tracing::warn!(%error, "rpc.accept");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
                () = accept_stop.clone().shutdown() => return,
            };
            let Some(place) = places.take().await else {
                tokio::spawn(refuse(socket));
                continue;
            };
            let connection = Arc::new(connection::Connection::new(HEADER_TIME_MAX));
            let service = builder.clone().build(methods.clone(), accept_stop.clone());
            let service = intake::Intake::new(service, rules.clone(), api.clone(), connection.clone());
            let service = cors.layer(service);
            let stop = accept_stop.clone();
            let io_connection = connection.clone();
            let task = tokio::spawn(async move {
                let _ = socket.set_nodelay(true);
                let io = idle::Idle::new(socket, io_connection, place, IDLE_TIME_MAX);
                if let Err(error) = serve_connection(io, service, stop.shutdown()).await {
                    tracing::debug!(%error, "rpc.connection");
                }
            });
            places.sits(connection, task.abort_handle());
        }
    });
    drop::<StopHandle>(stop);
    Ok(RpcServer { local_addr, handle, accepting })
}

fn server_config(config: &RpcConfig) -> ServerConfig {
    ServerConfig::builder()
        .max_request_body_size(config.max_body)
        .max_response_body_size(config.max_response)
        .max_connections(config.max_connections)
        .max_subscriptions_per_connection(config.max_subscriptions)
        .set_batch_request_config(BatchRequestConfig::Limit(config.max_batch))
        .set_message_buffer_capacity(MESSAGES_UNREAD_MAX)
        .set_id_provider(HexIds)
        .enable_ws_ping(
            PingConfig::new().ping_interval(Duration::from_secs(30)).inactive_limit(Duration::from_secs(90)),
        )
        .build()
}

/// Serves one connection until it ends or `stopped`. HTTP/1.1 only: one answer at a time, so what a client leaves unread is one
/// answer.
async fn serve_connection<S>(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    service: S,
    stopped: impl Future<Output = ()>,
) -> hyper::Result<()>
where
    S: tower::Service<http::Request<Incoming>, Response = HttpResponse, Error = BoxError>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    let builder = hyper::server::conn::http1::Builder::new();
    let connection =
        builder.serve_connection(TokioIo::new(io), TowerToHyperService::new(service)).with_upgrades();
    tokio::pin!(connection, stopped);
    tokio::select! {
        ended = &mut connection => ended,
        () = stopped => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

/// Says [`FULL`] and reads what the client sends until it has read that too: closing with unread bytes would reset the
/// connection under the answer.
async fn refuse(mut socket: TcpStream) {
    let tell = async {
        socket.write_all(FULL).await?;
        socket.shutdown().await?;
        tokio::io::copy(&mut socket.take(REFUSED_BYTES_MAX), &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), tell).await;
}
