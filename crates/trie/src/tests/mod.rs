//! Against `alloy-trie`, which computes roots from sorted leaves by another algorithm and verifies proofs.

mod layers;
mod state;
mod trie;
