//! A planted mistake: a node whose fork choice knows no checkpoint.
//!
//! It follows the heaviest chain wherever that forks off. What its ledger refuses because it would undo what is final, it takes all the
//! same: it throws the ledger away and executes the heavier chain from block 0 on a new one. The ledger itself has no such switch, and needs
//! none for this.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use alloy_rlp::Decodable as _;
use polity_consensus::{
    Fatal,
    bft::Key,
    work::{Chain, Inserted, Rules, Tip, Tree},
};
use polity_db::Memory;
use polity_ledger::{Ledger, WorkChain};
use polity_primitives::{B256, Block, Header, Height, U256};

use crate::{agreement::Agreement, disk::Store};

/// The ledger that such a node has now.
pub(super) type Current = Arc<Mutex<Ledger>>;

pub(super) fn now(current: &Current) -> Ledger {
    current.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A chain without a floor.
pub(super) struct Undoing {
    agreement: Arc<Agreement>,
    key: Key,
    chain: WorkChain,
    current: Current,
    /// Every block ever taken, from block 0 on, and the rules after each.
    tree: Tree,
    rules: BTreeMap<B256, Rules>,
    bodies: BTreeMap<B256, Vec<u8>>,
}

fn missing(what: &str) -> Fatal {
    Fatal(format!("{what} is not here"))
}

fn fresh(agreement: &Agreement) -> Result<Ledger, Fatal> {
    agreement.open(&Store::Memory(Memory::new()))
}

impl Undoing {
    pub(super) fn new(agreement: Arc<Agreement>, ledger: &Ledger, key: Key) -> Result<Self, Fatal> {
        let founding = fresh(&agreement)?;
        let root = founding.work_chain(None);
        let floor = root.floor();
        let header = root.header(&floor.hash)?.ok_or_else(|| missing("block 0"))?;
        let rules = root.rules_after(&floor.hash)?.ok_or_else(|| missing("a rule of work"))?;
        let chain = ledger.work_chain(Some(key.clone()));
        let mut made = Self {
            agreement,
            key,
            chain,
            current: Arc::new(Mutex::new(ledger.clone())),
            tree: Tree::new(floor, header, Vec::new()),
            rules: BTreeMap::from([(floor.hash, rules)]),
            bodies: BTreeMap::new(),
        };
        for height in (1..=made.chain.best().height.0).map(Height) {
            let hash = made.chain.hash_at(height)?.ok_or_else(|| missing("a block"))?;
            let bytes = made.chain.body(&hash)?.ok_or_else(|| missing("a body"))?;
            made.note(&bytes);
        }
        made.follow();
        Ok(made)
    }

    pub(super) fn current(&self) -> Current {
        self.current.clone()
    }

    /// Keeps a block whose parent is kept. Its name.
    fn note(&mut self, bytes: &[u8]) -> Option<B256> {
        let header = Block::decode(&mut &*bytes).ok()?.header;
        let hash = header.hash_slow();
        let parent = self.tree.header(&header.parent_hash)?.timestamp;
        let rules = self.rules.get(&header.parent_hash)?.after(parent, &header);
        self.tree.add(hash, header)?;
        self.rules.insert(hash, rules);
        self.bodies.insert(hash, bytes.to_vec());
        Some(hash)
    }

    fn follow(&mut self) {
        let best = self.chain.best().hash;
        self.tree.follow(&best);
    }

    /// Throws the ledger away for one with the chain that ends in `hash`.
    fn undo(&mut self, hash: B256, now_ms: u64) -> Result<Inserted, Fatal> {
        let route = self.tree.route(&hash).ok_or_else(|| missing("the way"))?;
        let mut way = Vec::new();
        let mut at = hash;
        while let Some(bytes) = self.bodies.get(&at) {
            way.push(bytes.clone());
            at = self.tree.header(&at).ok_or_else(|| missing("a header"))?.parent_hash;
        }
        let ledger = fresh(&self.agreement)?;
        let mut chain = ledger.work_chain(Some(self.key.clone()));
        for bytes in way.iter().rev() {
            if let Inserted::Invalid(why) = chain.insert(bytes, now_ms)? {
                return Ok(Inserted::Invalid(why));
            }
        }
        self.chain = chain;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = ledger;
        self.follow();
        let count = |blocks: &Vec<B256>| blocks.len() as u64;
        Ok(Inserted::Reorganised { undone: count(&route.undo), applied: count(&route.apply) })
    }
}

impl Chain for Undoing {
    fn chain_id(&self) -> u64 {
        self.chain.chain_id()
    }

    fn rules(&self) -> Rules {
        self.chain.rules()
    }

    fn best(&self) -> Tip {
        self.chain.best()
    }

    fn floor(&self) -> Tip {
        self.tree.floor()
    }

    fn header(&self, hash: &B256) -> Result<Option<Header>, Fatal> {
        Ok(self.tree.header(hash).cloned())
    }

    fn work(&self, hash: &B256) -> Result<Option<U256>, Fatal> {
        Ok(self.tree.tip(hash).map(|tip| tip.work))
    }

    fn rules_after(&self, hash: &B256) -> Result<Option<Rules>, Fatal> {
        Ok(self.rules.get(hash).copied())
    }

    fn hash_at(&self, height: Height) -> Result<Option<B256>, Fatal> {
        self.chain.hash_at(height)
    }

    fn body(&mut self, hash: &B256) -> Result<Option<Vec<u8>>, Fatal> {
        Ok(self.bodies.get(hash).cloned())
    }

    fn template(&mut self, now_ms: u64) -> Result<Option<Block>, Fatal> {
        self.chain.template(now_ms)
    }

    fn seal(&mut self, block: Block) -> Result<Vec<u8>, Fatal> {
        self.chain.seal(block)
    }

    fn insert(&mut self, block_bytes: &[u8], now_ms: u64) -> Result<Inserted, Fatal> {
        match self.chain.insert(block_bytes, now_ms)? {
            moved @ (Inserted::Extended | Inserted::Reorganised { .. } | Inserted::Side) => {
                self.note(block_bytes);
                self.follow();
                Ok(moved)
            }
            refused @ (Inserted::TooDeep { .. } | Inserted::Orphan(_)) => {
                let Some(hash) = self.note(block_bytes) else { return Ok(refused) };
                if self.tree.is_heavier(&hash) { self.undo(hash, now_ms) } else { Ok(Inserted::Side) }
            }
            answer => Ok(answer),
        }
    }
}
