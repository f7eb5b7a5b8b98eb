//! polity-decision
