//! polity-trie
