//! Every bound on what peers can do here.

use std::time::Duration;

/// Longest message on the wire. Units: bytes.
pub const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Most transactions of one batch.
pub const BATCH_MAX: usize = 1_024;
/// Longest request or answer about blocks: one block, which is at most 4 MiB, or several that are not much more together. Units:
/// bytes.
pub const FRAME_BYTES_MAX: usize = 9 * 1024 * 1024;
/// Requests of one connection that are served at a time; more are refused.
pub const STREAMS_MAX: usize = 16;
/// How long an answer is waited for.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
/// Answers waited for at a time; more are not asked.
pub const ASKED_MAX: usize = 1_024;
/// Longest transaction. Units: bytes.
pub const TRANSACTION_BYTES_MAX: usize = 128 * 1024;
/// Batches waiting to be judged; more are dropped unread.
pub const INBOUND_MAX: usize = 256;
/// Questions about blocks waiting to be answered; more are refused.
pub const QUESTIONS_MAX: usize = 64;
/// Messages about work waiting to be read; more are dropped.
pub const TOLD_MAX: usize = 256;
/// Longest piece of evidence: an accusation, as `polity_primitives::ACCUSATION_BYTES_MAX` bounds it. Units: bytes.
pub const EVIDENCE_BYTES_MAX: usize = 4_096;
/// Evidence waiting to be judged; more is dropped unread, and told again.
pub const EVIDENCE_WAITING_MAX: usize = 256;
/// Evidence of one peer waiting to be judged: who sends more leaves room for what others send.
pub const EVIDENCE_PER_PEER_MAX: usize = 8;
/// Commands waiting; more publications are dropped.
pub const COMMANDS_MAX: usize = 4_096;
/// Connections in all.
pub const CONNECTIONS_MAX: u32 = 512;
/// Connections with one peer: both may dial at once.
pub const CONNECTIONS_PER_PEER_MAX: u32 = 2;
/// Connections not yet authenticated.
pub const PENDING_MAX: u32 = 64;
/// Bytes one peer may send on average. Units: bytes per second.
pub const PEER_BYTES_PER_SEC: u64 = 16 * 1024 * 1024;
/// Bytes one peer may send at once.
pub const PEER_BYTES_BURST: u64 = 64 * 1024 * 1024;
/// Blamed batches after which a peer is shut out.
pub const BLAMES_MAX: u32 = 8;
/// For how long.
pub const SHUT_OUT: Duration = Duration::from_secs(60);
/// Peers remembered with what they did.
pub const PEERS_REMEMBERED_MAX: usize = 1_024;
/// How often missing peers are dialled again.
pub const REDIAL: Duration = Duration::from_secs(1);
