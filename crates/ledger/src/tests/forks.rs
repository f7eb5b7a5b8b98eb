//! Worked blocks: forks, reorganisations, and what a restart finds.

use std::{collections::BTreeSet, sync::Arc};

use parking_lot::Mutex;
use polity_charter::Charter;
use polity_consensus::{
    bft::Key,
    work::{Chain, Inserted, Search},
};
use polity_db::Memory;
use proptest::prelude::*;

use super::*;
use crate::{ExecutedBlock, Genesis, WorkChain};

const INTERVAL: u64 = 10_000;

pub(super) const WORK: &str =
    r#"write        = { by = "work", interval = "10s", confirmations = 2, checkpoint = 5, difficulty = 1 }"#;
pub(super) const ROTATION: &str = r#"write        = { by = "membership", primary = "rotation" }"#;

/// The development charter with three validators, run by work.
fn worked() -> Charter {
    let text = polity_charter::dev(3).expect("a charter");
    assert!(text.contains(ROTATION));
    keyed(&text.replace(ROTATION, WORK))
}

/// A node that mines when it is told to.
pub(super) struct Miner {
    pub(super) memory: Memory,
    pub(super) ledger: Ledger,
    pub(super) chain: WorkChain,
    charter: Charter,
    genesis: Genesis,
    name: &'static str,
}

impl Miner {
    pub(super) fn on(charter: &Charter, genesis: &Genesis, name: &'static str, memory: Memory) -> Self {
        let ledger = Ledger::in_memory(&memory, charter.clone(), genesis).expect("opens");
        let key = Key::new(keccak256(name).0).expect("a key");
        let chain = ledger.work_chain(Some(key));
        Self { memory, ledger, chain, charter: charter.clone(), genesis: genesis.clone(), name }
    }

    /// Opens again what its memory holds.
    pub(super) fn again(&self) -> Self {
        Self::on(&self.charter, &self.genesis, self.name, self.memory.fork())
    }

    /// A solved and sealed block on its head.
    pub(super) fn solve(&mut self, now: u64) -> Vec<u8> {
        let mut block = self.chain.template(now).expect("built").expect("may write");
        let nonce = Search::new(&block.header).find(0, u64::MAX).expect("solved");
        block.header.nonce = nonce.to_be_bytes().into();
        self.chain.seal(block).expect("sealed")
    }

    /// Mines a block and takes it; its bytes.
    pub(super) fn mine(&mut self) -> Vec<u8> {
        let now = self.now();
        let bytes = self.solve(now);
        assert_eq!(self.take(&bytes), Inserted::Extended);
        bytes
    }

    fn now(&self) -> u64 {
        NOW + self.ledger.head().height().next().0 * INTERVAL
    }

    pub(super) fn take(&mut self, bytes: &[u8]) -> Inserted {
        self.chain.insert(bytes, NOW * 2).expect("judged")
    }

    fn pay(&self, from: &str, nonce: u64, wei: u64) -> B256 {
        let raw = raw(from, nonce, wei, self.ledger.charter().chain_id);
        self.ledger.submit(&raw, Condition::default()).expect("taken")
    }

    fn paid(&self, at: u64) -> U256 {
        let view = self.ledger.state_at(Height(at)).expect("kept");
        StateReader::account(&view, &PAYEE).expect("readable").unwrap_or_default().balance
    }

    pub(super) fn end(&self) -> (Height, B256) {
        let head = self.ledger.head();
        (head.height(), head.hash())
    }
}

/// So many nodes of one worked chain.
fn miners<const N: usize>() -> [Miner; N] {
    let charter = worked();
    let genesis = Genesis::of(&charter).expect("executes");
    let names = ["node-1 node", "node-2 node", "node-3 node"];
    std::array::from_fn(|i| Miner::on(&charter, &genesis, names[i], Memory::new()))
}

#[test]
fn the_heavier_branch_wins_and_what_it_undoes_waits_again() {
    let [mut a, mut b] = miners();
    let told = Arc::new(Mutex::new(Vec::new()));
    let (up, down) = (told.clone(), told.clone());
    let name = |sign: char, block: &Arc<ExecutedBlock>| {
        format!("{sign}{}:{}", block.height(), block.transactions.len())
    };
    a.ledger.on_commit(move |block| up.lock().push(name('+', block)));
    a.ledger.on_undo(move |blocks| down.lock().extend(blocks.iter().map(|block| name('-', block))));

    let (loses, stays) = (a.pay("alice", 0, 5), a.pay("bob", 0, 7));
    a.mine();
    assert_eq!((a.paid(1), a.ledger.locate(&loses).expect("readable").is_some()), (U256::from(12), true));
    b.pay("alice", 0, 100);
    let theirs = [b.mine(), b.mine()];
    assert_eq!(a.take(&theirs[1]), Inserted::Orphan(b.ledger.block(Height(1)).unwrap().unwrap().block.hash));
    assert_eq!(a.take(&theirs[0]), Inserted::Side, "the first seen wins a tie");
    assert_eq!(a.take(&theirs[0]), Inserted::Known);
    assert_eq!(a.take(&theirs[1]), Inserted::Reorganised { undone: 1, applied: 2 });

    assert_eq!(a.end(), b.end());
    assert_eq!(a.ledger.head().state.root(), b.ledger.head().state.root());
    assert_eq!(*told.lock(), ["+1:2", "-1:2", "+1:1", "+2:0"]);
    assert_eq!((a.paid(1), a.paid(2)), (U256::from(100), U256::from(100)));
    assert_eq!(a.ledger.locate(&stays).expect("readable"), None, "its block is undone");
    assert!(a.ledger.mempool().get(&stays).is_some(), "and it waits again");
    assert!(a.ledger.mempool().get(&loses).is_none(), "the nonce of this one is used");
    assert_eq!(a.ledger.mempool().status().pending, 1);
    a.mine();
    assert_eq!(
        (a.paid(3), a.ledger.locate(&stays).expect("readable")),
        (U256::from(107), Some((Height(3), 0)))
    );
}

#[test]
fn a_sender_whose_blocks_are_undone_goes_on_from_the_old_nonce() {
    let [mut a, mut b] = miners();
    for nonce in 0..3 {
        a.pay("alice", nonce, 1);
        a.mine();
    }
    a.pay("alice", 3, 1);
    for _ in 0..4 {
        let bytes = b.mine();
        a.take(&bytes);
    }
    assert_eq!(a.end(), b.end());
    let status = a.ledger.mempool().status();
    assert_eq!((status.pending, status.queued), (4, 0), "three came back, one had waited");
    a.mine();
    assert_eq!(a.paid(5), U256::from(4));
}

#[test]
fn below_the_checkpoint_nothing_is_undone() {
    let [mut a, mut b] = miners();
    for _ in 0..7 {
        a.mine();
    }
    let ours = a.end();
    let theirs: Vec<_> = (0..9).map(|_| b.mine()).collect();
    assert_eq!(a.take(&theirs[0]), Inserted::TooDeep { floor: Height(2) });
    assert_eq!(a.take(&theirs[1]), Inserted::TooDeep { floor: Height(2) });
    assert!(matches!(a.take(&theirs[2]), Inserted::TooDeep { .. }), "its parent is another block 2");
    assert!(matches!(a.take(&theirs[3]), Inserted::Orphan(_)));
    assert_eq!((a.end(), a.ledger.refused()), (ours, Some((Height(3), Height(2)))));
    assert_eq!(a.ledger.head().finalized(), Height(5));
}

#[test]
fn a_restart_in_the_middle_finds_the_same_chain() {
    let [mut a, mut b] = miners();
    for nonce in 0..8 {
        a.pay("alice", nonce, 1);
        let bytes = a.mine();
        if nonce < 7 {
            b.take(&bytes);
        }
    }
    let side = b.mine();
    assert_eq!(a.take(&side), Inserted::Side);
    let mut again = a.again();
    let settled = again.ledger.0.db.tip().expect("readable").expect("some").height;
    assert_eq!(settled, Height(3), "five blocks were executed again");
    assert!(
        again.end() == a.end() || again.end() == (Height(8), b.end().1),
        "the heaviest, whichever of two"
    );
    assert_eq!(again.ledger.work_of(&b.end().1), a.ledger.work_of(&b.end().1), "the branch is there too");
    let next = b.mine();
    assert!(!matches!(again.take(&next), Inserted::Orphan(_) | Inserted::Invalid(_)));
    assert_eq!(again.end(), b.end(), "and grows");
}

#[test]
fn what_is_above_the_database_is_read_as_what_is_in_it() {
    use alloy_trie::{Nibbles, TrieAccount, proof::verify_proof};
    let [mut a] = miners();
    let mut sent = Vec::new();
    for nonce in 0..9 {
        sent.push(a.pay("alice", nonce, 10 + nonce));
        a.mine();
    }
    let ledger = &a.ledger;
    assert_eq!(ledger.0.db.tip().expect("readable").expect("some").height, Height(4));
    let mut sum = 0;
    for height in 1..=9u64 {
        let block = ledger.block(Height(height)).expect("readable").expect("there");
        sum += 9 + height;
        assert_eq!(a.paid(height), U256::from(sum));
        assert_eq!(ledger.height_of(&block.block.hash).expect("readable"), Some(Height(height)));
        let index = usize::try_from(height - 1).expect("small");
        assert_eq!(ledger.locate(&sent[index]).expect("readable"), Some((Height(height), 0)));
        assert!(block.receipts[0].success);
        assert_eq!(ledger.logs_bloom(Height(height)).expect("readable"), Some(block.header().logs_bloom));
        let view = ledger.state_at(Height(height)).expect("kept");
        let below = StateReader::block_hash(&view, height - 1).expect("readable");
        assert_eq!(below, Some(block.header().parent_hash));
        let proof = view.proof(&PAYEE, &[]).expect("proved");
        let account = proof.account.expect("it was paid");
        let leaf = TrieAccount {
            nonce: account.nonce,
            balance: account.balance,
            storage_root: proof.storage_root,
            code_hash: account.code_hash,
        };
        let (key, leaf) = (Nibbles::unpack(keccak256(PAYEE)), Some(alloy_rlp::encode(leaf)));
        verify_proof(block.header().state_root, key, leaf, &proof.proof).expect("the proof holds");
        assert_eq!(ledger.certificate(Height(height)).expect("readable"), None);
        assert!(ledger.committee_at(Height(height)).is_ok());
    }
    assert!(ledger.block(Height(10)).expect("readable").is_none());
    assert!(matches!(ledger.state_at(Height(10)), Err(Error::Unknown(_))));
    assert_eq!(ledger.head().finalized(), Height(7));
}

#[test]
fn a_worked_block_is_judged_before_it_is_kept() {
    let [mut a, mut b] = miners();
    let good = b.mine();
    let decoded = crate::write::decode(&good).expect("a block").block;
    let mut refuse = |change: &dyn Fn(&mut polity_primitives::Block), solve: bool, words: &str| {
        let mut block = decoded.clone();
        change(&mut block);
        if solve {
            let nonce = Search::new(&block.header).find(0, u64::MAX).expect("solved");
            block.header.nonce = nonce.to_be_bytes().into();
            let bytes = b.chain.seal(block.clone()).expect("sealed");
            block = crate::write::decode(&bytes).expect("a block").block;
        }
        match a.take(&alloy_rlp::encode(&block)) {
            Inserted::Invalid(reason) => assert!(reason.contains(words), "{reason}"),
            other => panic!("{other:?}, though {words}"),
        }
    };
    refuse(&|block| block.seal = Bytes::new(), false, "not signed by its writer");
    refuse(&|block| block.header.difficulty = U256::from(1u64 << 60), false, "difficulty");
    refuse(
        &|block| block.header.beneficiary = address(&secret("node-1 node")),
        true,
        "not signed by its writer",
    );
    refuse(&|block| block.header.timestamp = NOW * 3 / 1_000, true, "ahead of the clock");
    refuse(&|block| block.header.timestamp = 0, true, "before");
    refuse(&|block| block.header.mix_hash = B256::repeat_byte(1), true, "follows from its parent");
    refuse(&|block| block.header.state_root = B256::repeat_byte(1), true, "stateRoot");
    assert_eq!(a.end().0, Height(0));
    assert_eq!(a.take(&good), Inserted::Extended);
    let mut app = a.ledger.application(proposer());
    let verdict = app.receive(&b.mine(), Height(2), NOW * 2).expect("judged");
    assert!(matches!(verdict, Verdict::Invalid(_, reason) if reason.contains("is worked")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Whatever the branches and the order of arrival: everyone who has seen all follows a heaviest chain, and its states are
    /// those of executing that chain alone.
    #[test]
    fn any_tree_in_any_order_leads_to_the_states_of_its_best_chain(
        turns in prop::collection::vec((0usize..3, 0u64..4, any::<bool>()), 1..24),
        order in any::<prop::sample::Index>(),
    ) {
        let mut nodes: [Miner; 3] = miners();
        let mut all = Vec::new();
        for (turn, wei, share) in turns {
            let nonce = nodes[turn].ledger.mempool().next_nonce(&address(&secret("alice")), {
                let head = nodes[turn].ledger.head();
                head.state.account(&address(&secret("alice"))).unwrap_or_default().nonce
            });
            if wei > 0 {
                nodes[turn].pay("alice", nonce, wei);
            }
            let bytes = nodes[turn].mine();
            if share {
                for (other, node) in nodes.iter_mut().enumerate() {
                    if other != turn {
                        node.take(&bytes);
                    }
                }
            }
            all.push(bytes);
        }
        let charter = worked();
        let genesis = Genesis::of(&charter).expect("executes");
        let mut reader = Miner::on(&charter, &genesis, "node-1 node", Memory::new());
        // From somewhere in the middle on, again and again until all parents are known.
        let start = order.index(all.len());
        let mut left: Vec<_> = all[start..].iter().chain(&all[..start]).collect();
        loop {
            let before = left.len();
            left.retain(|bytes| matches!(reader.take(bytes), Inserted::Orphan(_)));
            if left.len() == before { break; }
        }
        let (height, hash) = reader.end();
        let mut linear = Miner::on(&charter, &genesis, "node-1 node", Memory::new());
        for at in 1..=height.0 {
            let block = reader.ledger.block(Height(at)).expect("readable").expect("there");
            prop_assert_eq!(linear.take(&block.block.encoded()), Inserted::Extended);
            prop_assert_eq!(linear.ledger.head().state.root(), block.header().state_root);
        }
        prop_assert_eq!(linear.end(), (height, hash));
        let again = reader.again();
        prop_assert_eq!(again.ledger.head().course.work, reader.ledger.head().course.work);
        let hashes: BTreeSet<_> = (0..=height.0).map(|at| reader.ledger.hash_at(Height(at)).unwrap()).collect();
        prop_assert_eq!(hashes.len() as u64, height.0 + 1);
    }
}
