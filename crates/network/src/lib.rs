//! polity-network
