//! Evidence on record: carried by whoever builds, taken by whoever judges, back after a reorganisation, there after a restart.

use alloy_sol_types::SolCall as _;
use polity_charter::Charter;
use polity_consensus::work::{Chain as _, Inserted, Search};
use polity_db::Memory;
use polity_institutions::{
    constitution,
    registry::{self, IRegistry},
};
use polity_primitives::{Accusation, REGISTRY, SealedHeader, VoteKind, VotePair, vote_digest, work_digest};

use super::{
    forks::{Miner, ROTATION, WORK},
    *,
};
use crate::{Genesis, Heard, OFFENCES_PER_MEMBER_MAX};

const INCENTIVE: &str = "incentive    = {}";
const STANDING: &str = "incentive    = { standing = { start = 10, write = 1, double_sign = -100, invalid = -100, suspend_below = 0 } }";

/// The development charter with `validators`, under `write`, with an incentive or without.
fn charter(validators: usize, write: &str, incentive: &str) -> Charter {
    let text = polity_charter::dev(validators).expect("a charter");
    assert!(text.contains(ROTATION) && text.contains(INCENTIVE));
    keyed(&text.replace(ROTATION, write).replace(INCENTIVE, incentive))
}

fn status(ledger: &Ledger, member: &str) -> String {
    registry::status_at(&ledger.latest(), member, u64::MAX).as_str().to_owned()
}

/// Two precommits of `member` in one round of the chain of `ledger`.
fn votes(ledger: &Ledger, member: &str, height: u64, round: u32) -> Bytes {
    let key = secret(&format!("{member} node"));
    let (a, b) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let chain_id = ledger.charter().chain_id;
    let vote = |hash| {
        let digest = vote_digest(chain_id, VoteKind::Precommit, Height(height), round, Some(hash));
        Vote::from(sign(digest, &key))
    };
    let pair =
        VotePair { kind: 2, height, round, first_hash: a, first: vote(a), second_hash: b, second: vote(b) };
    Accusation::DoubleVote(pair).to_bytes()
}

/// As an engine finds it.
fn found(ledger: &Ledger, bytes: &[u8]) -> polity_primitives::Evidence {
    let proved = polity_constitution::offence(ledger.charter().chain_id, bytes).expect("proved");
    Accusation::from_bytes(bytes).expect("decodes").into_evidence(proved.culprit).expect("evidence")
}

/// Nodes of four validators, decided by whom the test says.
struct Committee {
    nodes: Vec<Ledger>,
    _folders: Vec<tempfile::TempDir>,
}

impl Committee {
    fn new(incentive: &str) -> Self {
        let folders: Vec<_> = (0..2).map(|_| tempfile::tempdir().expect("a folder")).collect();
        let open = |folder: &tempfile::TempDir| {
            Ledger::open(folder.path(), charter(4, ROTATION, incentive)).expect("opens")
        };
        Self { nodes: folders.iter().map(open).collect(), _folders: folders }
    }

    fn app(&self, node: usize) -> LedgerApplication {
        let ledger = &self.nodes[node];
        let proposer = ledger.head().committee.proposer(ledger.head().height().next(), 0).address;
        let name = (1..=4).map(|i| format!("node-{i}"));
        let mut name = name.filter(|name| address(&secret(&format!("{name} node"))) == proposer);
        let name = name.next().expect("a validator");
        ledger.application(Proposer::new(proposer, &keccak256(&name)).expect("a key"))
    }

    /// A block that node `by` builds and all take; who wrote it.
    fn block(&self, by: usize) -> Address {
        let height = self.nodes[by].head().height().next();
        let now = NOW + height.0 * 1_000;
        let block = self.app(by).build(height, 0, now).expect("builds");
        for node in 0..self.nodes.len() {
            let mut app = self.app(node);
            let judged = app.receive(&block.encoded(), height, now).expect("judged");
            assert_eq!(judged, Verdict::Valid(block.hash), "node {node}");
            let certificate =
                Certificate { height: height.0, round: 0, block_hash: block.hash, signatures: vec![] };
            app.finalize(certificate).expect("commits");
        }
        block.block.header.beneficiary
    }
}

#[test]
fn who_builds_carries_what_it_recorded_and_who_judges_needs_no_record() {
    let network = Committee::new(STANDING);
    network.block(0);
    let writer = network.nodes[0].head().committee.proposer(Height(2), 0).address;
    let culprit = (1..=4).map(|i| format!("node-{i}"));
    let mut culprit = culprit.filter(|name| address(&secret(&format!("{name} node"))) != writer);
    let culprit = culprit.next().expect("another");
    let accusation = votes(&network.nodes[0], &culprit, 1, 0);
    assert!(!network.app(0).ready(), "there is nothing to write");
    network.app(0).evidence(found(&network.nodes[0], &accusation)).expect("recorded");
    assert!(network.app(0).ready(), "punishment does not wait for the block time");
    assert_eq!(network.nodes[0].due_evidence(), [accusation]);
    // A node that has not seen it writes a block without it, and the evidence waits.
    network.block(1);
    assert_eq!(status(&network.nodes[0], &culprit), "active");
    let writer = network.block(0);
    for node in &network.nodes {
        assert_eq!(status(node, &culprit), "suspended");
        assert!(node.head().committee.seats().len() == 3, "it has no seat any more");
        let offences = constitution::offences(&node.latest(), 0, 9);
        let [offence] = &offences[..] else { panic!("{offences:?}") };
        let named = constitution::member_of_signer(&node.latest(), writer).expect("a member");
        let account = registry::member(&node.latest(), &named).expect("a member").account;
        assert_eq!((offence.reporter, offence.punished_at), (Some(account), 3));
    }
    assert!(!network.app(0).ready(), "it is done");
    let docket = network.nodes[0].docket();
    assert!(matches!(&docket[..], [(_, Some(constitution::Obstacle::Punished(_)))]), "{docket:?}");
}

#[test]
fn nobody_is_punished_by_the_chain_where_the_charter_has_no_incentive() {
    let network = Committee::new(INCENTIVE);
    network.block(0);
    let accusation = votes(&network.nodes[0], "node-1", 1, 0);
    network.app(0).evidence(found(&network.nodes[0], &accusation)).expect("recorded");
    assert!(!network.app(0).ready());
    network.block(0);
    assert_eq!(status(&network.nodes[0], "node-1"), "active");
    assert_eq!(network.nodes[0].docket().len(), 1, "a person may bring it");
}

#[test]
fn what_peers_tell_is_judged_bounded_and_kept_over_a_restart() {
    let charter = charter(4, ROTATION, STANDING);
    let genesis = Genesis::of(&charter).expect("executes");
    let memory = Memory::new();
    let ledger = Ledger::in_memory(&memory, charter.clone(), &genesis).expect("opens");
    let told = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = told.clone();
    ledger.on_evidence(move |_, _| _ = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let hear = |bytes: &[u8]| ledger.hear_evidence(bytes).expect("judged");
    assert_eq!(hear(&[1, 2, 3]), Heard::False);
    let mut forged = votes(&ledger, "node-1", 1, 0).to_vec();
    let last = forged.len() - 1;
    forged[last] = 29;
    assert_eq!(hear(&forged), Heard::False, "no key made this signature");
    assert_eq!(hear(&votes(&ledger, "nobody", 1, 0)), Heard::Stranger, "no member that is known here");
    assert_eq!(hear(&votes(&ledger, "node-1", 9, 0)), Heard::Idle, "no height that is known here");
    assert_eq!(hear(&votes(&ledger, "node-1", 1, 0)), Heard::New);
    assert_eq!(hear(&votes(&ledger, "node-1", 1, 0)), Heard::Idle, "known");
    // Whoever signs a thousand things twice fills its own place and no other's.
    for round in 1..100 {
        hear(&votes(&ledger, "node-1", 1, round));
    }
    assert_eq!(ledger.docket().len(), OFFENCES_PER_MEMBER_MAX);
    assert_eq!(hear(&votes(&ledger, "node-2", 1, 0)), Heard::New);
    assert_eq!(told.load(std::sync::atomic::Ordering::Relaxed), OFFENCES_PER_MEMBER_MAX + 1);
    assert_eq!(ledger.due_evidence().len(), 2, "one offence of each culprit");
    let before = ledger.docket();
    let again = Ledger::in_memory(&memory.fork(), charter, &genesis).expect("opens");
    assert_eq!(again.docket(), before);
}

/// So many nodes of one worked chain with an incentive.
fn miners<const N: usize>() -> [Miner; N] {
    let charter = charter(3, WORK, STANDING);
    let genesis = Genesis::of(&charter).expect("executes");
    let names = ["node-1 node", "node-2 node", "node-3 node"];
    std::array::from_fn(|i| Miner::on(&charter, &genesis, names[i], Memory::new()))
}

#[test]
fn evidence_is_back_when_the_block_that_carried_it_is_undone() {
    let [mut a, mut b] = miners();
    let accusation = votes(&a.ledger, "node-3", 1, 0);
    assert_eq!(a.ledger.hear_evidence(&accusation).expect("judged"), Heard::New);
    a.mine();
    assert_eq!(status(&a.ledger, "node-3"), "suspended");
    assert!(a.ledger.due_evidence().is_empty());
    let theirs = [b.mine(), b.mine()];
    assert_eq!(a.take(&theirs[0]), Inserted::Side);
    assert_eq!(a.take(&theirs[1]), Inserted::Reorganised { undone: 1, applied: 2 });
    assert_eq!(status(&a.ledger, "node-3"), "active", "the punishment is undone");
    assert_eq!(a.ledger.due_evidence(), [accusation], "and due again");
    let carries = a.mine();
    assert_eq!(status(&a.ledger, "node-3"), "suspended");
    assert_eq!(b.take(&carries), Inserted::Extended);
    assert_eq!((status(&b.ledger, "node-3"), a.end()), ("suspended".to_owned(), b.end()));
    // After a restart the blocks are executed again from their bodies.
    assert_eq!(a.again().end(), a.end());
}

#[test]
fn who_seals_what_no_state_makes_valid_is_recorded_and_punished() {
    let [mut a, mut b] = miners();
    let mut block = b.chain.template(NOW + 20_000).expect("built").expect("may write");
    block.header.extra_data = vec![1, 2, 3].into();
    let nonce = Search::new(&block.header).find(0, u64::MAX).expect("solved");
    block.header.nonce = nonce.to_be_bytes().into();
    // Who passes it on with a seal of its own accuses nobody.
    let mut unsealed = block.clone();
    unsealed.seal = vec![7; 65].into();
    assert!(matches!(a.take(&alloy_rlp::encode(&unsealed)), Inserted::Invalid(_)));
    assert_eq!(a.ledger.docket().len(), 0);
    let bytes = b.chain.seal(block.clone()).expect("sealed");
    assert!(matches!(a.take(&bytes), Inserted::Invalid(_)));
    let docket = a.ledger.docket();
    let [(docketed, None)] = &docket[..] else { panic!("{docket:?}") };
    assert_eq!(docketed.offence.rule, "it does not name the charter in force");
    let signature =
        Vote::from(sign(work_digest(a.chain.chain_id(), block.header.hash_slow()), &secret("node-2 node")));
    let header = alloy_rlp::encode(&block.header).into();
    assert_eq!(docketed.accusation, Accusation::InvalidWork(SealedHeader { header, signature }).to_bytes());
    a.mine();
    assert_eq!(status(&a.ledger, "node-2"), "suspended");
    // A block that only its place makes invalid accuses nobody.
    let [mut c, mut d] = miners();
    let mut block = d.chain.template(NOW + 20_000).expect("built").expect("may write");
    block.header.state_root = B256::ZERO;
    let nonce = Search::new(&block.header).find(0, u64::MAX).expect("solved");
    block.header.nonce = nonce.to_be_bytes().into();
    let bytes = d.chain.seal(block).expect("sealed");
    assert!(matches!(c.take(&bytes), Inserted::Invalid(_)));
    assert_eq!(c.ledger.docket().len(), 0);
}

#[test]
fn what_is_to_come_soon_is_not_settled_and_makes_no_room_for_more_of_it() {
    let charter = charter(4, ROTATION, STANDING);
    let genesis = Genesis::of(&charter).expect("executes");
    let ledger = Ledger::in_memory(&Memory::new(), charter, &genesis).expect("opens");
    let hear = |round| ledger.hear_evidence(&votes(&ledger, "node-1", 2, round)).expect("judged");
    let full = u32::try_from(OFFENCES_PER_MEMBER_MAX).expect("few");
    // Of the block after next: whoever tells it is a block ahead.
    assert!((0..full).all(|round| hear(round) == Heard::New));
    let before = (ledger.docket(), ledger.0.docket.version());
    assert!((full..3 * full).all(|round| hear(round) == Heard::Idle), "nothing goes to the disk or to peers");
    assert_eq!((ledger.docket(), ledger.0.docket.version()), before);
}

/// `member` takes the consensus key named `node`.
fn set_node(ledger: &Ledger, member: &str, node: &str) {
    let call = IRegistry::setNodeCall {
        id: B256::right_padding_from(member.as_bytes()),
        consensusKey: secret(node).public_key(SECP256K1).serialize().to_vec().into(),
        peerKey: Prover::new(&keccak256(node)).expect("a key").public_key().into(),
    };
    let tx = TxEip1559 {
        chain_id: ledger.charter().chain_id,
        gas_limit: 4_000_000,
        max_fee_per_gas: 100_000_000_000,
        to: TxKind::Call(REGISTRY),
        input: call.abi_encode().into(),
        ..TxEip1559::default()
    };
    ledger.submit(&signed(tx, member), Condition::default()).expect("taken");
}

#[test]
fn a_member_has_one_place_on_record_under_all_its_keys() {
    let network = Committee::new(STANDING);
    let ledger = &network.nodes[0];
    // The keys are made from names: "node-2 b node" is its second.
    set_node(ledger, "node-2", "node-2 b node");
    network.block(0);
    let signer = |name: &str| address(&secret(name));
    let now = constitution::member_of_signer(&ledger.latest(), signer("node-2 b node"));
    assert_eq!(now.as_deref(), Some("node-2"));
    let hear = |name: &str, round| ledger.hear_evidence(&votes(ledger, name, 1, round)).expect("judged");
    let half = u32::try_from(OFFENCES_PER_MEMBER_MAX).expect("few") / 2;
    for name in ["node-2", "node-2 b"] {
        assert!((0..half).all(|round| hear(name, round) == Heard::New));
    }
    for name in ["node-2", "node-2 b"] {
        assert_eq!(hear(name, half), Heard::Idle, "{name}");
    }
    assert_eq!(ledger.due_evidence().len(), 1, "it answers once");
    assert_eq!(hear("node-3", 0), Heard::New, "others have their own place");
}

#[test]
fn the_gravest_offence_of_a_member_is_carried_first() {
    let [a] = miners();
    let header = polity_primitives::Header { number: 1, ..Default::default() };
    let digest = work_digest(a.chain.chain_id(), header.hash_slow());
    let signature = Vote::from(sign(digest, &secret("node-3 node")));
    let header = alloy_rlp::encode(&header).into();
    let lighter = Accusation::InvalidWork(SealedHeader { header, signature }).to_bytes();
    // Two votes in a later round of the same height.
    let graver = votes(&a.ledger, "node-3", 1, 7);
    assert_eq!(a.ledger.hear_evidence(&lighter).expect("judged"), Heard::New);
    assert_eq!(a.ledger.due_evidence(), [lighter]);
    assert_eq!(a.ledger.hear_evidence(&graver).expect("judged"), Heard::New);
    assert_eq!(a.ledger.due_evidence(), [graver]);
}
