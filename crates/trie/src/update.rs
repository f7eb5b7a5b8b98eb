//! Updating a trie by a sorted batch: one pass, which copies the paths it changes and shares everything else.
//!
//! The batch is split by nibble on the way down, so each touched node is encoded once, however many keys changed below
//! it. Above [`PARALLEL_MIN`] changes the children of a branch are updated on all cores; the result is the same.
//!
//! Recursion is bounded by [`DEPTH_MAX`].

use std::sync::Arc;

use alloy_primitives::B256;
use alloy_trie::Nibbles;
use rayon::prelude::*;

use crate::{
    children::{Link, Links},
    node::{DEPTH_MAX, Kind, Node, Scratch, Value, nibble},
};

/// Changes below one branch that are worth more than one core: about a millisecond of hashing.
const PARALLEL_MIN: usize = 512;

/// What becomes of the value at a key.
pub(crate) trait Change<V>: Send + Sync {
    /// The new value given the old one; `None` removes it.
    fn apply(&self, old: Option<&V>) -> Option<V>;
}

/// Applies `changes`, sorted by key with every key once, to what hangs at `depth`.
pub(crate) fn update<V: Value, C: Change<V>>(
    node: Option<&Arc<Node<V>>>,
    changes: &[(B256, C)],
    depth: usize,
    scratch: &mut Scratch,
) -> Link<V> {
    let (Some((first, _)), Some((last, _))) = (changes.first(), changes.last()) else { return node.cloned() };
    let Some(node) = node else {
        return build(&appear(changes), depth, scratch);
    };
    match node.kind() {
        Kind::Leaf { key, value } => update_leaf(node, key, value, changes, depth, scratch),
        Kind::Extension { path, child } => {
            let shared = |key: &B256| {
                (0..path.len()).take_while(|&i| path.get(i) == Some(nibble(key, depth + i))).count()
            };
            // The batch is sorted, so what its first and last key share with the path, all its keys share.
            let split = shared(first).min(shared(last));
            let below = depth + split;
            if split == path.len() {
                let link = update(Some(child), changes, below, scratch);
                return link.map(|node| prepend(*path, node, depth, scratch));
            }
            let mut links = Links::default();
            let rest = prepend(path.slice(split + 1..), child.clone(), below + 1, scratch);
            if let Some(link) = path.get(split).and_then(|n| links.get_mut(usize::from(n))) {
                *link = Some(rest);
            }
            let link = update_links(links, changes, below, scratch);
            link.map(|node| prepend(path.slice(..split), node, depth, scratch))
        }
        Kind::Branch(children) => update_links(children.unpack(), changes, depth, scratch),
    }
}

fn update_leaf<V: Value, C: Change<V>>(
    node: &Arc<Node<V>>,
    key: &B256,
    value: &V,
    changes: &[(B256, C)],
    depth: usize,
    scratch: &mut Scratch,
) -> Link<V> {
    if let [(only, change)] = changes
        && only == key
    {
        return change.apply(Some(value)).map(|value| Node::leaf(*key, value, depth, scratch));
    }
    let mut leaves = Vec::with_capacity(changes.len() + 1);
    let (before, from) = changes.split_at(changes.partition_point(|(k, _)| k < key));
    leaves.extend(appear(before));
    let after = match from {
        [(k, change), after @ ..] if k == key => {
            leaves.extend(change.apply(Some(value)).map(|value| (*key, value)));
            after
        }
        _ if before.is_empty() && from.iter().all(|(_, change)| change.apply(None).is_none()) => {
            return Some(node.clone());
        }
        _ => {
            leaves.push((*key, value.clone()));
            from
        }
    };
    leaves.extend(appear(after));
    build(&leaves, depth, scratch)
}

/// The values that `changes` make where there was nothing.
fn appear<V, C: Change<V>>(changes: &[(B256, C)]) -> Vec<(B256, V)> {
    changes.iter().filter_map(|(key, change)| Some((*key, change.apply(None)?))).collect()
}

/// Updates the links of a branch at `depth`, and makes of them whatever node is canonical.
fn update_links<V: Value, C: Change<V>>(
    mut links: Links<V>,
    changes: &[(B256, C)],
    depth: usize,
    scratch: &mut Scratch,
) -> Link<V> {
    let groups = changes.chunk_by(|(a, _), (b, _)| nibble(a, depth) == nibble(b, depth));
    let at = |group: &[(B256, C)]| group.first().map_or(0, |(key, _)| usize::from(nibble(key, depth)));
    if changes.len() >= PARALLEL_MIN {
        let groups: Vec<_> = groups.collect();
        let updated = groups.par_iter().map(|group| {
            let old = links.get(at(group)).and_then(Option::as_ref);
            update(old, group, depth + 1, &mut Scratch::default())
        });
        let updated: Vec<Link<V>> = updated.collect();
        for (group, link) in groups.into_iter().zip(updated) {
            if let Some(slot) = links.get_mut(at(group)) {
                *slot = link;
            }
        }
    } else {
        for group in groups {
            if let Some(slot) = links.get_mut(at(group)) {
                *slot = update(slot.as_ref(), group, depth + 1, scratch);
            }
        }
    }
    canonical(links, depth, scratch)
}

/// A branch has at least two children: with one it becomes that child, with the nibble in front; with none, nothing.
fn canonical<V: Value>(mut links: Links<V>, depth: usize, scratch: &mut Scratch) -> Link<V> {
    let mut present = (0u8..16).zip(links.iter_mut()).filter(|(_, link)| link.is_some());
    match (present.next(), present.next()) {
        (None, _) => None,
        (Some((at, link)), None) => {
            link.take().map(|node| prepend(Nibbles::from_nibbles([at]), node, depth, scratch))
        }
        _ => Some(Node::branch(links, scratch)),
    }
}

/// Puts `path` in front of `node`, so that the result hangs at `depth`.
fn prepend<V: Value>(path: Nibbles, node: Arc<Node<V>>, depth: usize, scratch: &mut Scratch) -> Arc<Node<V>> {
    if path.is_empty() {
        return node;
    }
    match node.kind() {
        Kind::Leaf { key, value } => Node::leaf(*key, value.clone(), depth, scratch),
        Kind::Extension { path: rest, child } => Node::extension(path.join(rest), child.clone(), scratch),
        Kind::Branch(_) => Node::extension(path, node, scratch),
    }
}

/// Builds what hangs at `depth` from `leaves`, sorted by key with every key once.
fn build<V: Value>(leaves: &[(B256, V)], depth: usize, scratch: &mut Scratch) -> Link<V> {
    match leaves {
        [] => None,
        [(key, value)] => Some(Node::leaf(*key, value.clone(), depth, scratch)),
        [(first, _), .., (last, _)] => {
            let split = (depth..DEPTH_MAX).take_while(|&i| nibble(first, i) == nibble(last, i)).count();
            let below = depth + split;
            let mut links = Links::default();
            let groups = leaves.chunk_by(|(a, _), (b, _)| nibble(a, below) == nibble(b, below));
            let jobs: Vec<&[(B256, V)]> = groups.collect();
            let at = |group: &[(B256, V)]| group.first().map(|(key, _)| usize::from(nibble(key, below)));
            let built: Vec<Link<V>> = if leaves.len() >= PARALLEL_MIN {
                jobs.par_iter().map(|group| build(group, below + 1, &mut Scratch::default())).collect()
            } else {
                jobs.iter().map(|group| build(group, below + 1, scratch)).collect()
            };
            for (group, link) in jobs.iter().zip(built) {
                if let Some(slot) = at(group).and_then(|at| links.get_mut(at)) {
                    *slot = link;
                }
            }
            let path = Nibbles::unpack_array(&first.0).slice(depth..below);
            canonical(links, below, scratch).map(|node| prepend(path, node, depth, scratch))
        }
    }
}
