//! Execution over the real trie, the real institutions and signed transactions.

mod carrying;
mod closing;
mod fees;
mod heavy;
mod institutions;
mod queries;
mod simulate;
mod support;
mod system;
mod transactions;
mod validity;
