//! A chain of empty blocks in memory.
//!
//! The ledger's blocks are executed and kept on disk, which an experiment over a hundred thousand blocks does not need. This
//! is a second, small implementation of [`Chain`] with the same header rules, the same fork choice, and no state: what is
//! measured on it depends on nothing else. It also is what the engine's own tests run on.
//!
//! Deliberately absent: execution, transactions, membership, a disk. No node runs on it.

use std::collections::BTreeMap;

use alloy_primitives::b256;
use alloy_rlp::Decodable as _;
use polity_primitives::{Address, B256, Block, Bytes, Header, Height, U256, work_digest};

use super::{Chain, HeaderError, Inserted, Rules, Tip, Tree, check_body, check_header, earliest};
use crate::{Fatal, bft::Key};

/// Root of no transactions: the empty trie's.
const EMPTY_ROOT_HASH: B256 = b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

/// A chain of empty blocks in memory.
#[derive(Clone, Debug)]
pub struct HeadersOnly {
    founding: Rules,
    until: Option<Height>,
    /// The rules after each block that is kept.
    rules: BTreeMap<B256, Rules>,
    key: Key,
    tree: Tree,
    /// The best chain by height, from the anchor, and headers below the floor.
    best: BTreeMap<u64, B256>,
    below: BTreeMap<B256, Header>,
    bodies: BTreeMap<B256, Bytes>,
    /// A block that this node holds for invalid, to see that others are not misled by it.
    refuses: Option<B256>,
    /// A block that something stands on.
    wants: Option<B256>,
}

impl HeadersOnly {
    /// A chain that starts at an anchor, the same for equal `rules`; blocks of ours are sealed with `key`.
    #[must_use]
    pub fn new(rules: Rules, key: Key) -> Self {
        let anchor = Header {
            number: rules.anchor.height.0,
            timestamp: rules.anchor.timestamp_secs,
            ..Header::default()
        };
        let hash = anchor.hash_slow();
        let floor = Tip { hash, height: rules.anchor.height, work: U256::ZERO };
        let best = BTreeMap::from([(anchor.number, hash)]);
        let tree = Tree::new(floor, anchor, Vec::new());
        let (founding, rules) = (rules, BTreeMap::from([(hash, rules)]));
        Self {
            founding,
            until: founding.until,
            rules,
            key,
            tree,
            best,
            bodies: BTreeMap::new(),
            below: BTreeMap::new(),
            refuses: None,
            wants: None,
        }
    }

    /// Makes this node hold `hash` for invalid when it is executed.
    pub const fn refuse(&mut self, hash: B256) {
        self.refuses = Some(hash);
    }

    /// Says that something stands on `hash`.
    pub const fn want(&mut self, hash: B256) {
        self.wants = Some(hash);
    }

    /// Sets the last worked height, or takes it away.
    pub const fn set_until(&mut self, until: Option<Height>) {
        self.until = until;
    }

    /// The writers of the best chain by height, without the anchor.
    pub fn writers(&self) -> impl Iterator<Item = Address> + '_ {
        let above = self.best.range(self.founding.anchor.height.next().0..);
        above
            .filter_map(|(_, hash)| self.tree.header(hash).or_else(|| self.below.get(hash)))
            .map(|h| h.beneficiary)
    }

    fn moved(&mut self, hash: &B256) -> Inserted {
        let Some(route) = self.tree.route(hash) else { return Inserted::Side };
        for hash in &route.undo {
            if let Some(header) = self.tree.header(hash) {
                self.best.remove(&header.number);
            }
        }
        for hash in &route.apply {
            if let Some(header) = self.tree.header(hash) {
                self.best.insert(header.number, *hash);
            }
        }
        self.tree.follow(hash);
        let deep = self.tree.best().height.0.saturating_sub(self.founding.checkpoint);
        if deep > self.tree.floor().height.0
            && let Some(floor) = self.best.get(&deep).copied()
        {
            let kept: Vec<_> =
                (self.tree.floor().height.0..deep).filter_map(|at| self.best.get(&at)).copied().collect();
            let headers = kept.into_iter().filter_map(|hash| Some((hash, self.tree.header(&hash)?.clone())));
            self.below.extend(headers);
            let (under, gone) = self.tree.raise(&floor);
            for hash in under.iter().chain(&gone) {
                self.rules.remove(hash);
            }
        }
        match route.undo.len() {
            0 => Inserted::Extended,
            undone => Inserted::Reorganised { undone: undone as u64, applied: route.apply.len() as u64 },
        }
    }
}

impl Chain for HeadersOnly {
    fn chain_id(&self) -> u64 {
        1
    }

    fn rules(&self) -> Rules {
        let here = self.rules.get(&self.tree.best().hash).copied().unwrap_or(self.founding);
        Rules { until: self.until, ..here }
    }

    fn best(&self) -> Tip {
        self.tree.best()
    }

    fn floor(&self) -> Tip {
        self.tree.floor()
    }

    fn header(&self, hash: &B256) -> Result<Option<Header>, Fatal> {
        Ok(self.tree.header(hash).or_else(|| self.below.get(hash)).cloned())
    }

    fn work(&self, hash: &B256) -> Result<Option<U256>, Fatal> {
        Ok(self.tree.tip(hash).map(|tip| tip.work))
    }

    fn rules_after(&self, hash: &B256) -> Result<Option<Rules>, Fatal> {
        Ok(self.rules.get(hash).map(|rules| Rules { until: self.until, ..*rules }))
    }

    fn hash_at(&self, height: Height) -> Result<Option<B256>, Fatal> {
        Ok(self.best.get(&height.0).copied())
    }

    fn wanted(&self) -> Option<B256> {
        self.wants.filter(|hash| self.tree.header(hash).is_none())
    }

    fn body(&mut self, hash: &B256) -> Result<Option<Vec<u8>>, Fatal> {
        Ok(self.bodies.get(hash).map(|bytes| bytes.to_vec()))
    }

    fn template(&mut self, now_ms: u64) -> Result<Option<Block>, Fatal> {
        let Some(parent) = self.tree.header(&self.tree.best().hash) else { return Ok(None) };
        let rules = self.rules();
        let past = self.tree.past(&rules, &self.tree.best().hash);
        let header = Header {
            parent_hash: self.tree.best().hash,
            number: parent.number.saturating_add(1),
            beneficiary: self.key.address(),
            difficulty: rules.difficulty(parent),
            transactions_root: EMPTY_ROOT_HASH,
            timestamp: earliest(&past).max(now_ms / 1_000),
            ..Header::default()
        };
        Ok(Some(Block::unsealed(header, Vec::new())))
    }

    fn seal(&mut self, mut block: Block) -> Result<Vec<u8>, Fatal> {
        let digest = work_digest(self.chain_id(), block.header.hash_slow());
        block.seal = Bytes::copy_from_slice(self.key.sign(digest).as_slice());
        Ok(alloy_rlp::encode(block))
    }

    fn insert(&mut self, block_bytes: &[u8], now_ms: u64) -> Result<Inserted, Fatal> {
        let Ok(block) = Block::decode(&mut &*block_bytes) else {
            return Ok(Inserted::Invalid("not a block".to_owned()));
        };
        let hash = block.header.hash_slow();
        if let Err(error) = check_body(self.chain_id(), &hash, &block) {
            return Ok(Inserted::Invalid(error.to_string()));
        }
        let header = block.header;
        if self.header(&hash)?.is_some() {
            return Ok(Inserted::Known);
        }
        let Some(parent) = self.tree.header(&header.parent_hash) else {
            return Ok(match self.below.contains_key(&header.parent_hash) {
                true => Inserted::TooDeep { floor: self.floor().height },
                false => Inserted::Orphan(header.parent_hash),
            });
        };
        let Some(rules) = self.rules_after(&header.parent_hash)? else {
            return Ok(Inserted::Orphan(header.parent_hash));
        };
        let past = self.tree.past(&rules, &header.parent_hash);
        if let Err(error) = check_header(&rules, parent, &header.parent_hash, &past, &header, now_ms) {
            debug_assert!(
                !matches!(error, HeaderError::Parent { .. }),
                "the parent was looked up by its name"
            );
            return Ok(Inserted::Invalid(error.to_string()));
        }
        if self.refuses == Some(hash) {
            return Ok(Inserted::Invalid("refused".to_owned()));
        }
        self.rules.insert(hash, rules.after(parent.timestamp, &header));
        self.tree.add(hash, header);
        self.bodies.insert(hash, Bytes::copy_from_slice(block_bytes));
        Ok(if self.tree.is_heavier(&hash) { self.moved(&hash) } else { Inserted::Side })
    }
}
