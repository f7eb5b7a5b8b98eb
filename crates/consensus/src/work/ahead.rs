//! Headers whose blocks are not here yet: checked, on top of each other, and waiting for their bodies.
//!
//! Bodies are asked for in the order of the heaviest branches, a few per peer at a time, of peers who told of them; what
//! arrives out of order waits here. A branch whose bodies nobody gives takes nothing from others but its own peers' share.
//!
//! Rule kept: headers, bodies and questions are bounded whoever sends them; every header here has its work behind it.

use std::collections::{BTreeMap, BTreeSet};

use polity_primitives::{B256, Header, U256};

use super::worker::Peer;

/// Most headers that wait for their bodies.
pub const AHEAD_MAX: usize = 2_048;
/// Most bodies asked for at a time.
const IN_FLIGHT_MAX: usize = 64;
/// Most bodies asked for at a time of one peer.
const IN_FLIGHT_PER_PEER_MAX: usize = 8;
/// Nothing more is asked for while so much waits. Units: bytes.
const HELD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most peers remembered to have a block.
const SOURCES_MAX: usize = 8;
/// Most branches looked at.
const BRANCHES_MAX: usize = 16;
/// After so long a body is asked of another peer. Units: milliseconds.
const BODY_MS_MAX: u64 = 8_000;

/// Where a body is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    Wanted { tried: Option<Peer> },
    Asked { peer: Peer, at_ms: u64 },
    Here { peer: Peer, bytes: Vec<u8> },
}

/// A header that waits.
#[derive(Clone, Debug)]
struct Entry {
    header: Header,
    work: U256,
    sources: Vec<Peer>,
    body: Body,
}

/// Headers that wait for their bodies.
#[derive(Clone, Debug, Default)]
pub struct Ahead(BTreeMap<B256, Entry>);

impl Ahead {
    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is room for a full answer of headers.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.0.len().saturating_add(super::HEADERS_MAX) <= AHEAD_MAX
    }

    /// A header that waits, and its accumulated difficulty.
    #[must_use]
    pub fn get(&self, hash: &B256) -> Option<(&Header, U256)> {
        self.0.get(hash).map(|entry| (&entry.header, entry.work))
    }

    /// The highest header that waits.
    #[must_use]
    pub fn highest(&self) -> Option<u64> {
        self.0.values().map(|entry| entry.header.number).max()
    }

    /// Keeps a checked header; whether there was room. The lightest leaf makes room for a heavier header, unless it is its parent.
    pub fn add(&mut self, hash: B256, header: Header, work: U256, peer: Peer) -> bool {
        if self.0.len() >= AHEAD_MAX {
            let lightest = self.leaves().into_iter().map(|(work, hash)| (work, hash)).min();
            match lightest {
                Some((least, leaf)) if least < work && leaf != header.parent_hash => self.0.remove(&leaf),
                _ => return false,
            };
        }
        let body = Body::Wanted { tried: None };
        self.0.entry(hash).or_insert(Entry { header, work, sources: vec![peer], body });
        true
    }

    /// Notes that a peer has a block.
    pub fn told(&mut self, hash: &B256, peer: Peer) {
        if let Some(entry) = self.0.get_mut(hash)
            && entry.sources.len() < SOURCES_MAX
            && !entry.sources.contains(&peer)
        {
            entry.sources.push(peer);
        }
    }

    /// Takes the body of a header that waits for it.
    pub fn arrived(&mut self, hash: &B256, peer: Peer, bytes: Vec<u8>) {
        if let Some(entry) = self.0.get_mut(hash)
            && !matches!(entry.body, Body::Here { .. })
        {
            entry.body = Body::Here { peer, bytes };
        }
    }

    /// The lowest block of a branch heavier than `best` that stands on no other here, if its body has arrived: hash, who gave it,
    /// and the bytes. It is kept until [`Ahead::remove`] or [`Ahead::cut`].
    #[must_use]
    pub fn ready(&self, best: U256) -> Option<(B256, Peer, Vec<u8>)> {
        self.branches(best).into_iter().find_map(|branch| {
            let hash = branch.first()?;
            match &self.0.get(hash)?.body {
                Body::Here { peer, bytes } => Some((*hash, *peer, bytes.clone())),
                _ => None,
            }
        })
    }

    /// Says that a body was not the block's, so that it is asked of another.
    pub fn wrong(&mut self, hash: &B256, peer: Peer) {
        if let Some(entry) = self.0.get_mut(hash) {
            entry.sources.retain(|source| *source != peer);
            entry.body = Body::Wanted { tried: Some(peer) };
        }
    }

    /// Forgets a header that is in the chain now.
    pub fn remove(&mut self, hash: &B256) {
        self.0.remove(hash);
    }

    /// Forgets a header and all on top of it; returns the peers who told of them.
    pub fn cut(&mut self, hash: &B256) -> BTreeSet<Peer> {
        let mut cut = BTreeSet::from([*hash]);
        let mut by_height: Vec<_> =
            self.0.iter().map(|(hash, entry)| (entry.header.number, *hash, entry.header.parent_hash)).collect();
        by_height.sort_unstable();
        for (_, hash, parent) in by_height {
            if cut.contains(&parent) {
                cut.insert(hash);
            }
        }
        cut.iter().filter_map(|hash| self.0.remove(hash)).flat_map(|entry| entry.sources).collect()
    }

    /// Forgets what is not above the floor.
    pub fn raise(&mut self, floor: u64) {
        self.0.retain(|_, entry| entry.header.number > floor);
    }

    /// Forgets that a peer was asked, or has anything. What nobody has is forgotten: it will be told of again.
    pub fn left(&mut self, peer: Peer) {
        let mut orphaned = Vec::new();
        for (hash, entry) in &mut self.0 {
            entry.sources.retain(|source| *source != peer);
            if matches!(entry.body, Body::Asked { peer: asked, .. } if asked == peer) {
                entry.body = Body::Wanted { tried: Some(peer) };
            }
            if entry.sources.is_empty() && !matches!(entry.body, Body::Here { .. }) {
                orphaned.push(*hash);
            }
        }
        for hash in orphaned {
            self.cut(&hash);
        }
    }

    /// What to ask of whom now, for branches heavier than `best`. Questions without an answer for too long are asked again.
    pub fn ask(&mut self, best: U256, now_ms: u64) -> BTreeMap<Peer, Vec<B256>> {
        let mut in_flight: BTreeMap<Peer, usize> = BTreeMap::new();
        let mut held = 0usize;
        for entry in self.0.values_mut() {
            match &entry.body {
                Body::Asked { peer, at_ms } if now_ms.saturating_sub(*at_ms) >= BODY_MS_MAX => {
                    entry.body = Body::Wanted { tried: Some(*peer) };
                }
                Body::Asked { peer, .. } => {
                    let count = in_flight.entry(*peer).or_default();
                    *count = count.saturating_add(1);
                }
                Body::Here { bytes, .. } => held = held.saturating_add(bytes.len()),
                Body::Wanted { .. } => {}
            }
        }
        let mut questions: BTreeMap<Peer, Vec<B256>> = BTreeMap::new();
        if held > HELD_BYTES_MAX {
            return questions;
        }
        let mut total: usize = in_flight.values().sum();
        for hash in self.branches(best).into_iter().flatten() {
            if total >= IN_FLIGHT_MAX {
                break;
            }
            let Some(entry) = self.0.get_mut(&hash) else { continue };
            let Body::Wanted { tried } = entry.body else { continue };
            let load = |peer: &Peer| in_flight.get(peer).copied().unwrap_or(0);
            let free = entry.sources.iter().filter(|peer| load(peer) < IN_FLIGHT_PER_PEER_MAX);
            let Some(peer) = free.min_by_key(|peer| (tried == Some(**peer), load(peer), **peer)).copied() else {
                continue;
            };
            entry.body = Body::Asked { peer, at_ms: now_ms };
            let count = in_flight.entry(peer).or_default();
            *count = count.saturating_add(1);
            total = total.saturating_add(1);
            questions.entry(peer).or_default().push(hash);
        }
        questions
    }

    /// Ends of branches with their accumulated difficulty.
    fn leaves(&self) -> Vec<(U256, B256)> {
        let parents: BTreeSet<_> = self.0.values().map(|entry| entry.header.parent_hash).collect();
        let ends = self.0.iter().filter(|(hash, _)| !parents.contains(*hash));
        ends.map(|(hash, entry)| (entry.work, *hash)).collect()
    }

    /// The branches heavier than `best`, the heaviest first, each from low to high.
    fn branches(&self, best: U256) -> Vec<Vec<B256>> {
        let mut leaves = self.leaves();
        leaves.retain(|(work, _)| *work > best);
        leaves.sort_unstable_by(|a, b| b.cmp(a));
        let path = |(_, leaf): (U256, B256)| {
            let up = std::iter::successors(Some(leaf), |hash| {
                self.0.get(hash).map(|entry| entry.header.parent_hash).filter(|parent| self.0.contains_key(parent))
            });
            let mut path: Vec<_> = up.collect();
            path.reverse();
            path
        };
        leaves.into_iter().take(BRANCHES_MAX).map(path).collect()
    }
}
