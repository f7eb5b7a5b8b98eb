//! polity-execution
