//! polity-rpc
