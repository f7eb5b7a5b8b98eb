//! The ledger driven as an engine drives it.
