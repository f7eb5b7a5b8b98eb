//! Headers whose blocks are not here yet: checked, on top of each other, and waiting for their bodies.
//!
//! Bodies are asked for in the order of the heaviest branches, a few per peer at a time, of peers who told of them; what
//! arrives out of order waits here. A branch whose bodies nobody gives takes nothing from others but its own peers' share: it is
//! asked for last, and forgotten first.
//!
//! Rule kept: headers, bodies and questions are bounded whoever sends them, and no peer fills more than a quarter; every header here
//! has its work behind it. What is full never keeps a heavier chain out for longer than it takes to see that bodies are withheld.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use polity_primitives::{B256, Header, U256};

use super::{Rules, event::Peer, waits::Waits};

/// Most headers that wait for their bodies.
pub const AHEAD_MAX: usize = 2_048;
/// Most of those that one peer was the first to tell of.
pub const AHEAD_PER_PEER_MAX: usize = AHEAD_MAX / 4;
/// A body that was asked for in vain so often counts as withheld.
const IN_VAIN_MAX: u32 = 4;
/// How often room is made at most. Units: milliseconds.
const ROOM_MS_MIN: u64 = 1_000;
/// Most bodies asked for at a time.
const IN_FLIGHT_MAX: usize = 64;
/// Most bodies asked for at a time of one peer.
const IN_FLIGHT_PER_PEER_MAX: usize = 8;
/// How far above the lowest missing block of a branch bodies are asked for.
const WINDOW: usize = 128;
/// Nothing more is asked for while so much waits. Units: bytes.
const HELD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most peers remembered to have a block.
const SOURCES_MAX: usize = 8;
/// Most branches looked at.
const BRANCHES_MAX: usize = 16;

/// A header that waits.
#[derive(Clone, Debug)]
struct Entry {
    header: Header,
    work: U256,
    /// Of blocks on top of it.
    rules: Rules,
    sources: Vec<Peer>,
    /// Who told of it first.
    first: Peer,
    /// Who was asked last, in vain, and how many before.
    tried: Option<Peer>,
    in_vain: u32,
}

/// One branch: its end's accumulated difficulty, and its blocks from low to high.
#[derive(Clone, Debug)]
struct Branch {
    work: U256,
    leaf: B256,
    withheld: bool,
    blocks: VecDeque<B256>,
}

/// Headers that wait for their bodies.
#[derive(Clone, Debug, Default)]
pub(super) struct Ahead {
    entries: BTreeMap<B256, Entry>,
    asked: BTreeMap<B256, (Peer, u64)>,
    here: BTreeMap<B256, (Peer, Vec<u8>)>,
    /// How many headers each peer was the first to tell of.
    shares: BTreeMap<Peer, usize>,
    /// When room was made last.
    cleared_ms: u64,
    /// The heaviest branches, the heaviest first and withheld ones last; made anew when headers came or went other than into the chain.
    plan: Option<Vec<Branch>>,
}

impl Ahead {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is room for a full answer of headers of `peer`, if need be in place of what is no heavier than `best` or withheld.
    pub(super) fn has_room(&mut self, peer: Peer, best: U256, now_ms: u64) -> bool {
        self.has_room_for(super::HEADERS_MAX, peer) || {
            self.make_room(best, now_ms);
            self.has_room_for(super::HEADERS_MAX, peer)
        }
    }

    fn has_room_for(&self, headers: usize, peer: Peer) -> bool {
        let share = self.shares.get(&peer).copied().unwrap_or(0);
        self.entries.len().saturating_add(headers) <= AHEAD_MAX
            && share.saturating_add(headers) <= AHEAD_PER_PEER_MAX
    }

    /// Forgets what is of use to nobody now: branches no heavier than `best`, and those whose bodies are withheld.
    fn make_room(&mut self, best: U256, now_ms: u64) {
        if now_ms.saturating_sub(self.cleared_ms) < ROOM_MS_MIN {
            return;
        }
        self.cleared_ms = now_ms;
        let withheld = self.withheld();
        let mut of_use = BTreeSet::new();
        for (work, leaf) in self.leaves() {
            let mut at = leaf;
            let mut goes_on = work > best && !withheld.contains(&leaf);
            while goes_on && let Some(entry) = self.entries.get(&at) {
                goes_on = of_use.insert(at);
                at = entry.header.parent_hash;
            }
        }
        let useless: Vec<_> = self.entries.keys().filter(|hash| !of_use.contains(*hash)).copied().collect();
        if !useless.is_empty() {
            useless.iter().for_each(|hash| self.remove(hash));
            self.plan = None;
        }
    }

    /// Headers whose bodies were asked for in vain, and those on top of them.
    fn withheld(&self) -> BTreeSet<B256> {
        let mut by_height: Vec<_> = self.entries.iter().collect();
        by_height.sort_unstable_by_key(|(hash, entry)| (entry.header.number, **hash));
        let mut withheld = BTreeSet::new();
        for (hash, entry) in by_height {
            if entry.in_vain >= IN_VAIN_MAX || withheld.contains(&entry.header.parent_hash) {
                withheld.insert(*hash);
            }
        }
        withheld
    }

    /// A header that waits, its accumulated difficulty, and the rules of blocks on top of it.
    pub(super) fn get(&self, hash: &B256) -> Option<(&Header, U256, Rules)> {
        self.entries.get(hash).map(|entry| (&entry.header, entry.work, entry.rules))
    }

    /// The highest header that waits.
    pub(super) fn highest(&self) -> Option<u64> {
        self.entries.values().map(|entry| entry.header.number).max()
    }

    /// The heaviest header that waits and is not withheld, and its accumulated difficulty.
    pub(super) fn heaviest(&mut self) -> Option<(U256, B256)> {
        self.plan().first().filter(|branch| !branch.withheld).map(|branch| (branch.work, branch.leaf))
    }

    /// Keeps a checked header; whether there was room. What is no heavier than `best` or withheld makes room, and then the lightest
    /// leaf for a heavier header, unless it is its parent.
    pub(super) fn add(
        &mut self,
        hash: B256,
        (header, work, rules): (Header, U256, Rules),
        peer: Peer,
        (best, now_ms): (U256, u64),
    ) -> bool {
        if !self.has_room_for(1, peer) {
            self.make_room(best, now_ms);
        }
        if self.shares.get(&peer).is_some_and(|share| *share >= AHEAD_PER_PEER_MAX) {
            return false;
        }
        if self.entries.len() >= AHEAD_MAX {
            match self.leaves().into_iter().min() {
                Some((least, leaf)) if least < work && leaf != header.parent_hash => self.remove(&leaf),
                _ => return false,
            }
        }
        let parent = header.parent_hash;
        let (sources, first) = (vec![peer], peer);
        let entry = Entry { header, work, rules, sources, first, tried: None, in_vain: 0 };
        if self.entries.insert(hash, entry).is_none() {
            let share = self.shares.entry(peer).or_default();
            *share = share.saturating_add(1);
        }
        self.plan = None;
        self.told(&parent, peer);
        true
    }

    /// Notes that a peer has a block, and so those it stands on.
    pub(super) fn told(&mut self, hash: &B256, peer: Peer) {
        let mut at = *hash;
        while let Some(entry) = self.entries.get_mut(&at) {
            if entry.sources.contains(&peer) {
                return;
            }
            if entry.sources.len() < SOURCES_MAX {
                entry.sources.push(peer);
            }
            at = entry.header.parent_hash;
        }
    }

    /// Takes the body of a header that waits for it.
    pub(super) fn arrived(&mut self, hash: B256, peer: Peer, bytes: Vec<u8>) {
        if self.entries.contains_key(&hash) {
            self.asked.remove(&hash);
            self.here.entry(hash).or_insert((peer, bytes));
        }
    }

    /// Takes out a body whose block stands on no other here: hash, who gave it, and the bytes. Its header is kept until
    /// [`Ahead::remove`] or [`Ahead::cut`].
    pub(super) fn ready(&mut self) -> Option<(B256, Peer, Vec<u8>)> {
        let lowest = |hash: &&B256| {
            let parent = self.entries.get(*hash).map(|entry| entry.header.parent_hash);
            parent.is_some_and(|parent| !self.entries.contains_key(&parent))
        };
        let hash = self.here.keys().find(lowest).copied()?;
        self.here.remove(&hash).map(|(peer, bytes)| (hash, peer, bytes))
    }

    /// Says that a body was not the block's, so that it is asked of another. What nobody else has is forgotten: it will be told of
    /// again.
    pub(super) fn wrong(&mut self, hash: &B256, peer: Peer) {
        let Some(entry) = self.entries.get_mut(hash) else { return };
        entry.sources.retain(|source| *source != peer);
        if entry.sources.is_empty() {
            return self.cut(hash);
        }
        if self.asked.get(hash).is_some_and(|(asked, _)| *asked == peer) {
            self.asked.remove(hash);
        }
    }

    /// Forgets a header that is in the chain now.
    pub(super) fn remove(&mut self, hash: &B256) {
        let Some(entry) = self.entries.remove(hash) else { return };
        self.asked.remove(hash);
        self.here.remove(hash);
        if let Some(share) = self.shares.get_mut(&entry.first) {
            *share = share.saturating_sub(1);
            if *share == 0 {
                self.shares.remove(&entry.first);
            }
        }
    }

    /// Forgets a header and all on top of it.
    pub(super) fn cut(&mut self, hash: &B256) {
        let mut by_height: Vec<_> = self
            .entries
            .iter()
            .map(|(hash, entry)| (entry.header.number, *hash, entry.header.parent_hash))
            .collect();
        by_height.sort_unstable();
        let mut cut = BTreeSet::from([*hash]);
        for (_, hash, parent) in by_height {
            if cut.contains(&parent) {
                cut.insert(hash);
            }
        }
        cut.iter().for_each(|hash| self.remove(hash));
        self.plan = None;
    }

    /// Headers that stand on no other here, each with its parent's hash.
    pub(super) fn roots(&self) -> Vec<(B256, B256)> {
        let parents = self.entries.iter().map(|(hash, entry)| (*hash, entry.header.parent_hash));
        parents.filter(|(_, parent)| !self.entries.contains_key(parent)).collect()
    }

    /// Forgets what is not above the floor.
    pub(super) fn raise(&mut self, floor: u64) {
        let low = self.entries.iter().filter(|(_, entry)| entry.header.number <= floor);
        let low: Vec<_> = low.map(|(hash, _)| *hash).collect();
        for hash in low {
            self.remove(&hash);
            self.plan = None;
        }
    }

    /// Forgets that a peer was asked, or has anything. What nobody has is forgotten: it will be told of again.
    pub(super) fn left(&mut self, peer: Peer) {
        self.asked.retain(|_, (asked, _)| *asked != peer);
        let mut unknown = Vec::new();
        for (hash, entry) in &mut self.entries {
            entry.sources.retain(|source| *source != peer);
            if entry.sources.is_empty() && !self.here.contains_key(hash) {
                unknown.push(*hash);
            }
        }
        unknown.iter().for_each(|hash| self.cut(hash));
    }

    /// What to ask of whom now, for branches heavier than `best`. Questions without an answer for too long are put to another peer.
    pub(super) fn ask(&mut self, best: U256, waits: Waits, now_ms: u64) -> BTreeMap<Peer, Vec<B256>> {
        let load = self.load();
        let Self { entries, asked, plan, .. } = self;
        asked.retain(|hash, (peer, at)| {
            let Some(entry) = entries.get_mut(hash) else { return false };
            let of_peer = load.get(peer).copied().unwrap_or(1);
            let in_time = now_ms.saturating_sub(*at) < waits.body_ms(entry.in_vain, of_peer);
            if !in_time {
                entry.tried = Some(*peer);
                entry.in_vain = entry.in_vain.saturating_add(1);
                if entry.in_vain == IN_VAIN_MAX {
                    *plan = None;
                }
            }
            in_time
        });
        let mut questions: BTreeMap<Peer, Vec<B256>> = BTreeMap::new();
        let held = self.here.values().fold(0usize, |sum, (_, bytes)| sum.saturating_add(bytes.len()));
        if held > HELD_BYTES_MAX {
            return questions;
        }
        let mut load = self.load();
        self.plan();
        let Self { entries, asked, here, plan, .. } = self;
        for branch in plan.iter_mut().flatten().filter(|branch| branch.work > best) {
            while branch.blocks.front().is_some_and(|hash| !entries.contains_key(hash)) {
                branch.blocks.pop_front();
            }
            for hash in branch.blocks.iter().take(WINDOW) {
                if asked.len() >= IN_FLIGHT_MAX {
                    return questions;
                }
                let Some(entry) = entries.get(hash) else { continue };
                if asked.contains_key(hash) || here.contains_key(hash) {
                    continue;
                }
                let of = |peer: &Peer| load.get(peer).copied().unwrap_or(0);
                let free = entry.sources.iter().filter(|peer| of(peer) < IN_FLIGHT_PER_PEER_MAX);
                let Some(peer) =
                    free.min_by_key(|peer| (entry.tried == Some(**peer), of(peer), **peer)).copied()
                else {
                    continue;
                };
                asked.insert(*hash, (peer, now_ms));
                let count = load.entry(peer).or_default();
                *count = count.saturating_add(1);
                questions.entry(peer).or_default().push(*hash);
            }
        }
        questions
    }

    /// How many bodies each peer was asked for and has not given.
    fn load(&self) -> BTreeMap<Peer, usize> {
        let mut load: BTreeMap<Peer, usize> = BTreeMap::new();
        for (peer, _) in self.asked.values() {
            let count = load.entry(*peer).or_default();
            *count = count.saturating_add(1);
        }
        load
    }

    /// Ends of branches with their accumulated difficulty.
    fn leaves(&self) -> Vec<(U256, B256)> {
        let parents: BTreeSet<_> = self.entries.values().map(|entry| entry.header.parent_hash).collect();
        let ends = self.entries.iter().filter(|(hash, _)| !parents.contains(*hash));
        ends.map(|(hash, entry)| (entry.work, *hash)).collect()
    }

    fn plan(&mut self) -> &[Branch] {
        if self.plan.is_none() {
            let (mut leaves, withheld) = (self.leaves(), self.withheld());
            leaves.sort_unstable_by_key(|(work, leaf)| (withheld.contains(leaf), Reverse((*work, *leaf))));
            let branch = |(work, leaf): (U256, B256)| {
                let up = std::iter::successors(Some(leaf), |hash| {
                    let parent = self.entries.get(hash).map(|entry| entry.header.parent_hash);
                    parent.filter(|parent| self.entries.contains_key(parent))
                });
                let mut blocks: VecDeque<_> = up.collect();
                blocks.make_contiguous().reverse();
                Branch { work, leaf, withheld: withheld.contains(&leaf), blocks }
            };
            self.plan = Some(leaves.into_iter().take(BRANCHES_MAX).map(branch).collect());
        }
        let plan = self.plan.as_mut().expect("made above");
        // Blocks that went into the chain leave empty branches behind.
        plan.retain(|branch| self.entries.contains_key(&branch.leaf));
        plan
    }
}
