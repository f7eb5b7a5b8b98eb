//! polity-consensus
