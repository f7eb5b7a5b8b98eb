//! Every bound of the pool.

/// Most transactions that wait.
pub const TRANSACTIONS_MAX: usize = 131_072;
/// Most bytes of transactions that wait.
pub const BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most transactions of one sender; also how far a nonce may run ahead of the account.
pub const SENDER_MAX: u64 = 4_096;
/// Longest transaction. Units: bytes of EIP-2718 encoding. Source: geth's `txMaxSize`.
pub const TRANSACTION_BYTES_MAX: usize = 128 * 1024;
/// A replacement must raise both fees by this many percent. Source: geth's `PriceBump`.
pub const PRICE_BUMP_PERCENT: u128 = 10;
/// How far ahead a condition on the block's time may lie: a replay of somewhat more than a year. Units: seconds.
pub const CONDITION_AHEAD_SECS_MAX: u64 = 400 * 86_400;
/// How far ahead a condition on the block's number may lie. Units: blocks.
pub const CONDITION_AHEAD_BLOCKS_MAX: u64 = 1_000_000;
