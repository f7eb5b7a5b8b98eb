//! Nodes: immutable, shared, each with what its parent needs to say about it.
//!
//! Invariant: `rlp` is the node's encoding if shorter than 32 bytes, else the RLP of its keccak-256, as the parent embeds
//! it. A leaf's encoding depends on its depth, so a leaf that moves is a new node.

use std::sync::Arc;

use alloy_primitives::B256;
use alloy_rlp::Encodable;
use alloy_trie::{
    Nibbles, TrieMask,
    nodes::{BranchNodeRef, ExtensionNodeRef, LeafNodeRef, RlpNode},
};

use crate::children::{Children, Links};

/// Nibbles in a key: the most nodes on any path. Source: keys are keccak-256 hashes.
pub(crate) const DEPTH_MAX: usize = 64;

/// What a trie maps keys to.
pub(crate) trait Value: Clone + Send + Sync {
    /// Appends the bytes that the trie commits to.
    fn encode(&self, out: &mut Vec<u8>);
}

/// What a node is.
pub(crate) enum Kind<V> {
    /// A value at its full key; the encoding keeps only the nibbles below this node's depth.
    Leaf {
        /// Full hashed key.
        key: B256,
        /// The value.
        value: V,
    },
    /// Nibbles that all keys below share. The child is always a branch.
    Extension {
        /// Not empty.
        path: Nibbles,
        /// A branch.
        child: Arc<Node<V>>,
    },
    /// Two children or more.
    Branch(Children<V>),
}

/// A node. `rlp` comes first so that it shares a cache line with the reference count: a parent that is rewritten touches
/// both in all its children.
#[repr(C)]
pub(crate) struct Node<V> {
    rlp: RlpNode,
    kind: Kind<V>,
}

/// Buffers that encoding reuses.
#[derive(Default)]
pub(crate) struct Scratch {
    value: Vec<u8>,
    node: Vec<u8>,
}

/// Nibble `i` of `key`; 0 beyond the end, where no caller looks.
pub(crate) fn nibble(key: &B256, i: usize) -> u8 {
    let byte = key.0.get(i / 2).copied().unwrap_or_default();
    if i.is_multiple_of(2) { byte >> 4 } else { byte & 0x0f }
}

/// Nibbles of `key` from `depth` on.
fn suffix(key: &B256, depth: usize) -> Nibbles {
    Nibbles::unpack_array(&key.0).slice(depth.min(DEPTH_MAX)..)
}

impl<V: Value> Node<V> {
    /// A leaf at `depth`.
    pub(crate) fn leaf(key: B256, value: V, depth: usize, scratch: &mut Scratch) -> Arc<Self> {
        Self::seal(Kind::Leaf { key, value }, depth, scratch)
    }

    /// An extension at any depth. `path` is not empty and `child` is a branch.
    pub(crate) fn extension(path: Nibbles, child: Arc<Self>, scratch: &mut Scratch) -> Arc<Self> {
        Self::seal(Kind::Extension { path, child }, 0, scratch)
    }

    /// A branch of at least two links, at any depth.
    pub(crate) fn branch(links: Links<V>, scratch: &mut Scratch) -> Arc<Self> {
        Self::seal(Kind::Branch(Children::pack(links)), 0, scratch)
    }

    fn seal(kind: Kind<V>, depth: usize, scratch: &mut Scratch) -> Arc<Self> {
        encode(&kind, depth, scratch);
        Arc::new(Self { rlp: RlpNode::from_rlp(&scratch.node), kind })
    }

    pub(crate) const fn kind(&self) -> &Kind<V> {
        &self.kind
    }

    /// What the parent embeds: the encoding itself, or the RLP of its hash.
    pub(crate) const fn rlp(&self) -> &RlpNode {
        &self.rlp
    }

    /// The full encoding of this node at `depth`, as proofs list it.
    pub(crate) fn encoded<'a>(&self, depth: usize, scratch: &'a mut Scratch) -> &'a [u8] {
        encode(&self.kind, depth, scratch);
        &scratch.node
    }
}

/// Writes the encoding of a node of `kind` at `depth` to `scratch.node`. Only leaves depend on the depth.
fn encode<V: Value>(kind: &Kind<V>, depth: usize, scratch: &mut Scratch) {
    scratch.node.clear();
    match kind {
        Kind::Leaf { key, value } => {
            scratch.value.clear();
            value.encode(&mut scratch.value);
            LeafNodeRef::new(&suffix(key, depth), &scratch.value).encode(&mut scratch.node);
        }
        Kind::Extension { path, child } => ExtensionNodeRef::new(path, child.rlp()).encode(&mut scratch.node),
        Kind::Branch(children) => {
            let mut stack: [RlpNode; 16] = Default::default();
            for (slot, node) in stack.iter_mut().zip(children.nodes()) {
                *slot = node.rlp().clone();
            }
            let stack = stack.get(..children.nodes().len()).unwrap_or_default();
            BranchNodeRef::new(stack, TrieMask::new(children.mask())).encode(&mut scratch.node);
        }
    }
}
