//! polity-charter
