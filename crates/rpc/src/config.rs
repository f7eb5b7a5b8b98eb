//! Every limit of the server, in one place.
//!
//! Two kinds: [`RpcConfig`] is what an operator may choose; the `*_MAX` constants beside it bound what outsiders can
//! make the node hold, and no charter or flag needs them to be different.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

/// Most blocks one `eth_feeHistory` covers. Source: geth's limit.
pub const FEE_HISTORY_BLOCKS_MAX: u64 = 1024;
/// Most percentiles one `eth_feeHistory` asks for. Source: geth's limit.
pub const PERCENTILES_MAX: usize = 100;
/// Most slots one `eth_getProof` proves.
pub const PROOF_SLOTS_MAX: usize = 1024;
/// Most addresses, or topics in one position, of a log filter.
pub const FILTER_TERMS_MAX: usize = 256;
/// Most blocks a subscription may fall behind before it is closed.
pub const HEADS_BEHIND_MAX: u64 = 1024;
/// Pending transaction hashes kept for filters and subscriptions that poll late.
pub const PENDING_KEPT_MAX: usize = 16_384;
/// Most transactions waiting for their signature to be recovered.
pub const SENDS_WAITING_MAX: usize = 65_536;
/// Most heavy requests (calls, traces, logs) waiting for a turn.
pub const HEAVY_WAITING_MAX: usize = 1024;
/// Most blocking reads (blocks, receipts, state) at one time.
pub const READS_MAX: usize = 64;
/// Most steps of a default (`structLog`) trace; longer ones end there.
pub const TRACE_STEPS_MAX: u64 = 100_000;
/// Most steps of a default trace that records memory: every step repeats all of it.
pub const TRACE_STEPS_WITH_MEMORY_MAX: u64 = 200;
/// Most bytes of a refused body that are read and thrown away, so that the client sees the answer and not a reset.
pub const DRAIN_BYTES_MAX: usize = 64 << 20;
/// Longest time a request body may take to arrive.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// Longest time from the first byte of a request (for the first request: from the connection) to the end of its headers.
pub const HEADER_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest silence of a connection. WebSocket pings are shorter, so only dead peers reach it.
pub const IDLE_TIME_MAX: Duration = Duration::from_secs(300);
/// Messages a WebSocket connection may leave unread before its subscriptions wait.
pub const MESSAGES_UNREAD_MAX: u32 = 32;
/// Bytes of answers a WebSocket client may leave unread, and of requests it may have unanswered, before it is read from again.
pub const UNREAD_BYTES_MAX: usize = 8 << 20;
/// Large answers that are made at one time for one WebSocket connection.
pub const TURNS_MAX: usize = 4;
/// Most headers or receipts a `polity_*` list answers with.
pub const LIST_MAX: usize = 1000;
/// Longest wait of `eth_sendRawTransactionSync`.
pub const SEND_SYNC_TIME_MAX: Duration = Duration::from_secs(60);

/// What an operator chooses.
#[derive(Clone, Debug)]
pub struct RpcConfig {
    /// Where to listen. Loopback unless told otherwise; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Web origins whose pages may call. `"*"` is any; `"localhost"` is any page served from this machine.
    pub cors: Vec<String>,
    /// Names a request may be addressed to (`Host`), against DNS rebinding. IP addresses and `localhost` always pass;
    /// `"*"` is any.
    pub allowed_hosts: Vec<String>,
    /// Most bytes of a request.
    pub max_body: u32,
    /// Most bytes of a response.
    pub max_response: u32,
    /// Most requests in a batch.
    pub max_batch: u32,
    /// Most connections at one time.
    pub max_connections: u32,
    /// Most subscriptions of one WebSocket connection.
    pub max_subscriptions: u32,
    /// Most filters installed at one time, by all clients.
    pub max_filters: usize,
    /// A filter not polled for this long is removed.
    pub filter_ttl: Duration,
    /// Most blocks of one `eth_getLogs`.
    pub max_log_blocks: u64,
    /// Most logs of one answer.
    pub max_logs: usize,
    /// Most gas of one `eth_call`, `eth_estimateGas` or `debug_traceCall`. Units: EVM gas.
    pub call_gas_cap: u64,
    /// Heavy requests run at one time.
    pub max_heavy: usize,
    /// Whether `debug_*` answers.
    pub debug: bool,
}

impl Default for RpcConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8545)),
            cors: vec!["localhost".to_owned()],
            allowed_hosts: Vec::new(),
            max_body: 5 << 20,
            max_response: 25 << 20,
            max_batch: 1000,
            max_connections: 512,
            max_subscriptions: 128,
            max_filters: 1000,
            filter_ttl: Duration::from_secs(300),
            max_log_blocks: 10_000,
            max_logs: 20_000,
            call_gas_cap: 50_000_000,
            max_heavy: std::thread::available_parallelism().map_or(2, |n| n.get().max(2)),
            debug: true,
        }
    }
}
