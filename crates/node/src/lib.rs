//! polity-node
