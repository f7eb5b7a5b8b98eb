//! A trie over hashed keys: a root link, and the walks from it. All walks are loops.

use std::sync::Arc;

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::EMPTY_ROOT_HASH;

use crate::{
    children::Link,
    node::{DEPTH_MAX, Kind, Node, Scratch, Value, nibble},
    update::{Change, update},
};

/// An immutable trie. Cloning copies one pointer.
pub(crate) struct Trie<V>(Link<V>);

impl<V> Clone for Trie<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<V: Value> Trie<V> {
    /// The Merkle root.
    pub(crate) fn root(&self) -> B256 {
        // A root shorter than a hash is still hashed: nothing embeds it.
        self.0
            .as_ref()
            .map_or(EMPTY_ROOT_HASH, |node| node.rlp().as_hash().unwrap_or_else(|| keccak256(node.rlp())))
    }

    /// The value at the hashed `key`.
    pub(crate) fn get(&self, key: &B256) -> Option<&V> {
        let mut depth = 0;
        let mut node = self.0.as_ref()?;
        loop {
            match node.kind() {
                Kind::Leaf { key: at, value } => return (at == key).then_some(value),
                Kind::Extension { path, child } => {
                    // No need to compare the path: the leaf compares the whole key.
                    depth += path.len();
                    node = child;
                }
                Kind::Branch(children) => {
                    node = children.get(nibble(key, depth))?;
                    depth += 1;
                }
            }
        }
    }

    /// The trie with `changes`, sorted by key with every key once.
    pub(crate) fn update<C: Change<V>>(&self, changes: &[(B256, C)]) -> Self {
        debug_assert!(changes.is_sorted_by(|(a, _), (b, _)| a < b), "changes must be sorted, each key once");
        Self(update(self.0.as_ref(), changes, 0, &mut Scratch::default()))
    }

    /// The nodes from the root to `key`, or to where it would be: inclusion or exclusion.
    ///
    /// Nodes shorter than 32 bytes are inside their parent and not listed again. Empty for an empty trie.
    pub(crate) fn proof(&self, key: &B256) -> Vec<Bytes> {
        let mut nodes = Vec::new();
        let mut scratch = Scratch::default();
        let mut depth = 0;
        let mut next: Option<&Arc<Node<V>>> = self.0.as_ref();
        while let Some(node) = next.filter(|_| depth <= DEPTH_MAX) {
            if depth == 0 || node.rlp().is_hash() {
                nodes.push(Bytes::copy_from_slice(node.encoded(depth, &mut scratch)));
            }
            next = match node.kind() {
                Kind::Leaf { .. } => None,
                Kind::Extension { path, child } => {
                    let on_path = path.iter().enumerate().all(|(i, at)| nibble(key, depth + i) == at);
                    depth += path.len();
                    on_path.then_some(child)
                }
                Kind::Branch(children) => {
                    depth += 1;
                    children.get(nibble(key, depth - 1))
                }
            };
        }
        nodes
    }
}
