//! The children of a branch, packed: a mask and only the links that exist.
//!
//! Most branches of a large trie sit just above the leaves and have two or three children of sixteen, so packing halves
//! the memory of the inner nodes.

use std::sync::Arc;

use crate::node::Node;

/// A link to a node, or nothing.
pub(crate) type Link<V> = Option<Arc<Node<V>>>;

/// All sixteen links of a branch while it is being changed.
pub(crate) type Links<V> = [Link<V>; 16];

/// Two to sixteen links, in nibble order.
pub(crate) struct Children<V> {
    mask: u16,
    nodes: Box<[Arc<Node<V>>]>,
}

impl<V> Children<V> {
    pub(crate) fn pack(links: Links<V>) -> Self {
        let mask =
            (0..16u16).zip(&links).filter(|(_, link)| link.is_some()).fold(0, |mask, (i, _)| mask | 1 << i);
        Self { mask, nodes: links.into_iter().flatten().collect() }
    }

    pub(crate) fn unpack(&self) -> Links<V> {
        let mut nodes = self.nodes.iter();
        std::array::from_fn(|i| if self.mask >> i & 1 == 1 { nodes.next().cloned() } else { None })
    }

    /// The child at `nibble`.
    pub(crate) fn get(&self, nibble: u8) -> Option<&Arc<Node<V>>> {
        let bit = 1u16.checked_shl(nibble.into())?;
        if self.mask & bit == 0 {
            return None;
        }
        self.nodes.get((self.mask & (bit - 1)).count_ones() as usize)
    }

    pub(crate) const fn mask(&self) -> u16 {
        self.mask
    }

    pub(crate) fn nodes(&self) -> &[Arc<Node<V>>] {
        &self.nodes
    }
}
