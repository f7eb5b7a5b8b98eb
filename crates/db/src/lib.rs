//! polity-db
