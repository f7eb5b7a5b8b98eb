//! polity-bft
