//! polity-institutions
