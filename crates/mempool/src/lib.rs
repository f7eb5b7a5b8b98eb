//! polity-mempool
