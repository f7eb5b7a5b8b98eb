//! A bounded tree of what is known of recent blocks, by hash: states and outcomes of proposals that compete, and of the
//! last blocks of an engine that may still reorganise.
//!
//! The root is the last finalized block. Everything else descends from it. Payloads are shared states, so a layer costs
//! what its block changed.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::B256;
use polity_primitives::Height;

/// Most layers, the root included. A BFT chain holds a few; one of work as many as its charter says before a block is out of
/// reach of a reorganisation, and the branches that compete.
pub const LAYERS_MAX: usize = 512;

/// Why a layer cannot be added or finalized.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayersError {
    /// The block is not in the tree: finalized away, forgotten, or never seen.
    #[error("block {0} is not among the recent layers")]
    Unknown(B256),
    /// A child must be one higher than its parent.
    #[error("a block of height {height} cannot follow one of height {parent}")]
    Height {
        /// Of the child.
        height: Height,
        /// Of the parent.
        parent: Height,
    },
    /// Every layer is an ancestor of the new one: the chain must finalize first.
    #[error("{LAYERS_MAX} blocks wait for a decision; no layer can be forgotten")]
    Full,
}

/// How to get from one block to another: undo, then apply, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// From the old block down to, and without, the common ancestor.
    pub undo: Vec<B256>,
    /// From above the common ancestor up to the new block.
    pub apply: Vec<B256>,
}

struct Layer<T> {
    parent: B256,
    height: Height,
    /// Order of arrival.
    arrival: u64,
    children: usize,
    payload: T,
}

/// The tree of recent layers.
pub struct Layers<T> {
    root: B256,
    /// The tip that is never forgotten for want of room.
    pinned: B256,
    layers: BTreeMap<B256, Layer<T>>,
    arrivals: u64,
}

impl<T> Layers<T> {
    /// A tree of one finalized block.
    pub fn new(hash: B256, height: Height, payload: T) -> Self {
        let root = Layer { parent: B256::ZERO, height, arrival: 0, children: 0, payload };
        Self { root: hash, pinned: hash, layers: BTreeMap::from([(hash, root)]), arrivals: 0 }
    }

    /// Names the block that is kept whatever else must go, with all below it: the best tip.
    pub const fn pin(&mut self, hash: B256) {
        self.pinned = hash;
    }

    /// Adds the layer of block `hash` on `parent`. A block already known is left as it is. Returns what was forgotten for it.
    ///
    /// Bounds: at [`LAYERS_MAX`] the oldest tip that the new block does not build on is forgotten, but never the pinned one;
    /// its block can be executed again.
    ///
    /// # Errors
    /// [`LayersError`].
    pub fn insert(
        &mut self,
        parent: B256,
        hash: B256,
        height: Height,
        payload: T,
    ) -> Result<Option<B256>, LayersError> {
        if self.layers.contains_key(&hash) {
            return Ok(None);
        }
        let below = self.layers.get(&parent).ok_or(LayersError::Unknown(parent))?.height;
        if height != below.next() {
            return Err(LayersError::Height { height, parent: below });
        }
        let mut forgotten = None;
        if self.layers.len() >= LAYERS_MAX {
            let kept = [parent, self.pinned];
            let tips = self.layers.iter().filter(|(at, layer)| layer.children == 0 && !kept.contains(at));
            let oldest =
                tips.min_by_key(|(_, layer)| layer.arrival).map(|(at, _)| *at).ok_or(LayersError::Full)?;
            self.remove(&oldest);
            forgotten = Some(oldest);
        }
        self.arrivals = self.arrivals.saturating_add(1);
        self.layers.insert(hash, Layer { parent, height, arrival: self.arrivals, children: 0, payload });
        if let Some(layer) = self.layers.get_mut(&parent) {
            layer.children = layer.children.saturating_add(1);
        }
        Ok(forgotten)
    }

    fn remove(&mut self, hash: &B256) {
        let Some(layer) = self.layers.remove(hash) else { return };
        if let Some(parent) = self.layers.get_mut(&layer.parent) {
            parent.children = parent.children.saturating_sub(1);
        }
    }

    /// What is known of block `hash`.
    #[must_use]
    pub fn get(&self, hash: &B256) -> Option<&T> {
        self.layers.get(hash).map(|layer| &layer.payload)
    }

    /// The height of block `hash`.
    #[must_use]
    pub fn height(&self, hash: &B256) -> Option<Height> {
        self.layers.get(hash).map(|layer| layer.height)
    }

    /// The last finalized block.
    #[must_use]
    pub const fn root(&self) -> B256 {
        self.root
    }

    /// How many layers there are, the root included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Never: the root is always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Makes block `hash` the root and forgets everything that does not descend from it; a pinned tip among that is replaced
    /// by the root.
    ///
    /// # Errors
    /// [`LayersError::Unknown`]; nothing changes then.
    pub fn finalize(&mut self, hash: &B256) -> Result<(), LayersError> {
        let height = self.height(hash).ok_or(LayersError::Unknown(*hash))?;
        let mut above: Vec<(Height, B256)> = self
            .layers
            .iter()
            .filter(|(_, layer)| layer.height > height)
            .map(|(at, l)| (l.height, *at))
            .collect();
        above.sort_unstable();
        // A parent is lower than its child, so it is judged first.
        let mut kept = BTreeSet::from([*hash]);
        for (_, at) in above {
            if self.layers.get(&at).is_some_and(|layer| kept.contains(&layer.parent)) {
                kept.insert(at);
            }
        }
        self.layers.retain(|at, _| kept.contains(at));
        self.root = *hash;
        if !kept.contains(&self.pinned) {
            self.pinned = *hash;
        }
        Ok(())
    }

    /// All layers: hash, height and payload, ordered by hash.
    pub fn iter(&self) -> impl Iterator<Item = (&B256, Height, &T)> {
        self.layers.iter().map(|(hash, layer)| (hash, layer.height, &layer.payload))
    }

    /// The payloads of the blocks above the root up to and with `hash`, lowest first; `None` if it is not in the tree.
    #[must_use]
    pub fn trail(&self, hash: &B256) -> Option<Vec<&T>> {
        self.layers.get(hash)?;
        let mut trail: Vec<&T> =
            self.chain(hash).filter(|at| *at != self.root).filter_map(|at| self.get(&at)).collect();
        trail.reverse();
        Some(trail)
    }

    /// Whether `hash` is `ancestor` or builds on it.
    #[must_use]
    pub fn descends(&self, hash: &B256, ancestor: &B256) -> bool {
        self.chain(hash).any(|at| at == *ancestor)
    }

    /// `hash`, its parent, and so on down to the root. Heights fall, so it ends.
    fn chain(&self, hash: &B256) -> impl Iterator<Item = B256> + '_ {
        let known = |hash: B256| self.layers.contains_key(&hash).then_some(hash);
        std::iter::successors(known(*hash), move |at| {
            if *at == self.root { None } else { self.layers.get(at).and_then(|layer| known(layer.parent)) }
        })
    }

    /// The way from block `from` to block `to`.
    ///
    /// # Errors
    /// [`LayersError::Unknown`] names the block that is not in the tree.
    pub fn route(&self, from: &B256, to: &B256) -> Result<Route, LayersError> {
        for hash in [from, to] {
            if !self.layers.contains_key(hash) {
                return Err(LayersError::Unknown(*hash));
            }
        }
        let undo = self.chain(from).take_while(|at| !self.descends(to, at)).collect();
        let mut apply: Vec<B256> = self.chain(to).take_while(|at| !self.descends(from, at)).collect();
        apply.reverse();
        Ok(Route { undo, apply })
    }
}
