//! The engine among peers, without a network: what one says the others are told, or not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use polity_primitives::{Address, B256, Block, Bytes, Height, SystemTransaction, Transaction, U256};

use super::*;
use crate::bft::Key;

mod bounds;

const START_SECS: u64 = 1_000_000;

fn rules() -> Rules {
    let anchor = Anchor { height: Height(0), timestamp_secs: START_SECS, difficulty: U256::from(4) };
    Rules { interval_secs: 15, confirmations: 2, checkpoint: 20, anchor, until: None }
}

fn key(i: usize) -> Key {
    Key::new([u8::try_from(i + 1).expect("small"); 32]).expect("a key")
}

struct Node {
    worker: Worker,
    job: Option<Job>,
    blamed: Vec<(Peer, String)>,
    moved: Vec<Inserted>,
}

/// Workers that hear each other unless they are cut off, and one clock.
struct Net {
    nodes: Vec<Node>,
    queue: VecDeque<(usize, usize, Vec<u8>)>,
    cut: BTreeSet<(usize, usize)>,
    /// Kinds of messages that a node never sends.
    mute: BTreeMap<usize, &'static str>,
    now_ms: u64,
    /// Bodies asked for and not answered yet, by asker and asked, and the most there ever were.
    open: BTreeMap<(usize, usize), usize>,
    open_most: usize,
}

impl Net {
    fn new(count: usize) -> Self {
        let node = |i| Node {
            worker: Worker::new(Box::new(HeadersOnly::new(rules(), key(i))), true),
            job: None,
            blamed: Vec::new(),
            moved: Vec::new(),
        };
        let mut net = Self {
            nodes: (0..count).map(node).collect(),
            queue: VecDeque::new(),
            cut: BTreeSet::new(),
            mute: BTreeMap::new(),
            now_ms: START_SECS * 1_000,
            open: BTreeMap::new(),
            open_most: 0,
        };
        (0..count).for_each(|i| net.event(i, Event::Start));
        for (i, j) in net.pairs() {
            net.event(i, Event::Joined(Peer(j as u64)));
        }
        net.settle();
        net
    }

    fn pairs(&self) -> Vec<(usize, usize)> {
        let all = 0..self.nodes.len();
        all.clone().flat_map(|i| all.clone().map(move |j| (i, j))).filter(|(i, j)| i != j).collect()
    }

    fn event(&mut self, node: usize, event: Event) {
        let acts = self.nodes[node].worker.handle(event, self.now_ms).expect("nothing fatal");
        for act in acts {
            match act {
                Act::Send { peer, bytes } => self.send(node, usize::try_from(peer.0).expect("small"), bytes),
                Act::Broadcast { bytes } => {
                    (0..self.nodes.len())
                        .filter(|to| *to != node)
                        .for_each(|to| self.send(node, to, bytes.clone()));
                }
                Act::Mine(job) => self.nodes[node].job = Some(*job),
                Act::StopMining => self.nodes[node].job = None,
                Act::Blame { peer, why } => self.nodes[node].blamed.push((peer, why)),
                Act::Moved { how, .. } => self.nodes[node].moved.push(how),
            }
        }
    }

    fn send(&mut self, from: usize, to: usize, bytes: Vec<u8>) {
        let message = Message::decode(&bytes).expect("a message");
        if to >= self.nodes.len() || self.mute.get(&from) == Some(&message.kind()) {
            return;
        }
        if let Message::GetBodies { hashes } = &message {
            let open = self.open.entry((from, to)).or_default();
            *open += hashes.len();
            self.open_most = self.open_most.max(*open);
        }
        if let (Message::Body { .. }, Some(open)) = (&message, self.open.get_mut(&(to, from))) {
            *open = open.saturating_sub(1);
        }
        self.queue.push_back((from, to, bytes));
    }

    fn settle(&mut self) {
        while let Some((from, to, bytes)) = self.queue.pop_front() {
            if !self.cut.contains(&(from, to)) {
                self.event(to, Event::Received { peer: Peer(from as u64), bytes });
            }
        }
    }

    /// Time passes in steps of half a second.
    fn wait(&mut self, ms: u64) {
        for _ in 0..ms.div_ceil(500) {
            self.now_ms += 500;
            (0..self.nodes.len()).for_each(|i| self.event(i, Event::Tick));
            self.settle();
        }
    }

    /// A node finds a block, an interval later.
    fn find(&mut self, node: usize) {
        self.now_ms += 15_000;
        self.event(node, Event::Tick);
        let job = self.nodes[node].job.clone().expect("a job");
        let nonce = Search::new(&job.header).find(0, 1 << 20).expect("easy");
        self.event(node, Event::Solved { job: job.id, nonce });
        self.settle();
    }

    fn best(&self, node: usize) -> Tip {
        self.nodes[node].worker.chain().best()
    }

    fn split(&mut self, groups: &[&[usize]]) {
        let group = |i: usize| groups.iter().position(|group| group.contains(&i));
        self.cut = self.pairs().into_iter().filter(|(i, j)| group(*i) != group(*j)).collect();
    }

    fn heal(&mut self) {
        self.cut.clear();
        self.wait(12_000);
    }

    fn nobody_is_blamed(&self) {
        for node in &self.nodes {
            assert_eq!(node.blamed, []);
        }
    }
}

#[test]
fn a_block_that_one_finds_is_followed_by_all() {
    let mut net = Net::new(4);
    (0..10).for_each(|i| net.find(i % 4));
    assert!((0..4).all(|i| net.best(i) == net.best(0)), "at once, without waiting");
    assert_eq!(net.best(0).height, Height(10));
    assert!(net.nodes.iter().all(|node| node.moved.iter().all(|how| *how == Inserted::Extended)));
    net.nobody_is_blamed();
}

#[test]
fn after_a_cut_the_heavier_branch_counts() {
    let mut net = Net::new(4);
    net.find(0);
    net.split(&[&[0, 1], &[2, 3]]);
    (0..3).for_each(|_| net.find(0));
    (0..5).for_each(|_| net.find(2));
    assert_ne!(net.best(0).hash, net.best(2).hash);
    net.heal();
    assert!((0..4).all(|i| net.best(i) == net.best(2)) && net.best(0).height == Height(6));
    let undone = |how: &Inserted| match how {
        Inserted::Reorganised { undone, .. } => *undone,
        _ => 0,
    };
    let undone = |node: &Node| node.moved.iter().map(undone).sum::<u64>();
    assert_eq!(net.nodes.iter().map(undone).collect::<Vec<_>>(), [3, 3, 0, 0]);
    net.nobody_is_blamed();
}

#[test]
fn a_new_node_fetches_headers_first_and_bodies_from_all() {
    let mut net = Net::new(4);
    net.split(&[&[0, 1, 2], &[3]]);
    let long = AHEAD_MAX as u64 + HEADERS_MAX as u64 + 100;
    (0..long).for_each(|_| net.find(0));
    net.heal();
    assert_eq!(net.best(3), net.best(0));
    assert_eq!(net.best(3).height, Height(long));
    assert!(
        (2..=8).contains(&net.open_most),
        "bodies are asked for in parallel, not many: {}",
        net.open_most
    );
    net.nobody_is_blamed();
}

#[test]
fn a_withheld_body_stops_nobody() {
    let mut net = Net::new(3);
    net.mute.insert(2, "body");
    net.split(&[&[0, 1], &[2]]);
    (0..12).for_each(|_| net.find(2));
    net.heal();
    assert_eq!(net.nodes[0].worker.report().missing, 12, "headers without bodies");
    assert_eq!(net.nodes[0].worker.report().peers_tip, Height(12));
    (0..5).for_each(|i| net.find(i % 2));
    assert!((0..2).all(|i| net.best(i).height == Height(5)), "the open chain grows meanwhile");
    net.mute.clear();
    net.wait(20_000);
    assert!((0..3).all(|i| net.best(i) == net.best(2)), "and the withheld one counts once it is open");
}

/// Found by a storm: who told of a chain first gave no bodies, and nobody else was asked.
#[test]
fn bodies_are_asked_of_all_who_have_the_chain() {
    let mut net = Net::new(3);
    net.mute.insert(2, "body");
    net.split(&[&[0], &[1, 2]]);
    (0..5).for_each(|_| net.find(1));
    net.cut = BTreeSet::from([(0, 1), (1, 0)]);
    net.wait(6_000);
    assert_eq!(net.nodes[0].worker.report().missing, 5, "told of by one");
    net.heal();
    net.wait(10_000);
    assert_eq!(net.best(0), net.best(1));
}

#[test]
fn what_forks_off_below_the_floor_is_refused_and_told() {
    let mut net = Net::new(4);
    net.split(&[&[0, 1], &[2, 3]]);
    for i in 0..40 {
        net.find(2);
        if i % 4 < 3 {
            net.find(0);
        }
    }
    let before = net.best(0);
    net.heal();
    assert_eq!(net.best(0), before, "thirty blocks are not undone under a checkpoint of twenty");
    let report = net.nodes[0].worker.report();
    assert_eq!((report.refused, report.missing), (Some((Height(40), Height(10))), 0));
    assert_eq!(net.nodes[2].worker.report().refused, None, "the lighter chain is nothing to tell of");
    net.nobody_is_blamed();
}

#[test]
fn mining_ends_at_the_last_worked_height() {
    let mut chain = HeadersOnly::new(rules(), key(0));
    chain.set_until(Some(Height(1)));
    let mut worker = Worker::new(Box::new(chain), true);
    let acts = worker.handle(Event::Start, START_SECS * 1_000).expect("works");
    let Some(Act::Mine(job)) = acts.last() else { panic!("{acts:?}") };
    let nonce = Search::new(&job.header).find(0, 1 << 20).expect("easy");
    let acts = worker.handle(Event::Solved { job: job.id, nonce }, START_SECS * 1_000 + 500).expect("works");
    assert_eq!(acts.last(), Some(&Act::StopMining), "{acts:?}");
    assert_eq!(worker.report().mining, None);
    for late in 1..10 {
        let acts = worker.handle(Event::Wake, START_SECS * 1_000 + late * 3_000).expect("works");
        assert!(!acts.iter().any(|act| matches!(act, Act::Mine(_) | Act::StopMining)), "{acts:?}");
    }
}

#[test]
fn jobs_follow_news_and_time_but_not_too_often() {
    let mut worker = Worker::new(Box::new(HeadersOnly::new(rules(), key(0))), true);
    let mut jobs = |event, after_ms| -> Vec<u64> {
        let acts = worker.handle(event, START_SECS * 1_000 + after_ms).expect("works");
        acts.into_iter()
            .filter_map(|act| match act {
                Act::Mine(job) => Some(job.header.timestamp - START_SECS),
                _ => None,
            })
            .collect()
    };
    assert_eq!(jobs(Event::Start, 0), [1]);
    assert_eq!(jobs(Event::Wake, 500), [0; 0], "too soon");
    assert_eq!(jobs(Event::Tick, 2_000), [2], "but not forgotten");
    assert_eq!(jobs(Event::Tick, 5_999), [0; 0]);
    assert_eq!(jobs(Event::Tick, 6_000), [6], "the time moved");
}

/// A chain of one block by key 1, and the worker of key 0 with peer 1.
fn worker_and_block() -> (Worker, Block, u64) {
    let now_ms = START_SECS * 1_000 + 20_000;
    let mut other = HeadersOnly::new(rules(), key(1));
    let mut block = other.template(now_ms).expect("works").expect("a template");
    let nonce = Search::new(&block.header).find(0, 1 << 20).expect("easy");
    block.header.nonce = nonce.to_be_bytes().into();
    let bytes = other.seal(block).expect("works");
    let block = alloy_rlp::Decodable::decode(&mut &*bytes).expect("a block");
    let mut worker = Worker::new(Box::new(HeadersOnly::new(rules(), key(0))), false);
    worker.handle(Event::Joined(Peer(1)), now_ms).expect("works");
    (worker, block, now_ms)
}

fn blames(worker: &mut Worker, message: &Message, now_ms: u64) -> Vec<String> {
    let event = Event::Received { peer: Peer(1), bytes: message.encoded() };
    let acts = worker.handle(event, now_ms).expect("works");
    let why = |act| match act {
        Act::Blame { peer: Peer(1), why } => Some(why),
        _ => None,
    };
    acts.into_iter().filter_map(why).collect()
}

#[test]
fn what_is_wrong_by_its_own_bytes_is_blamed() {
    let (mut worker, good, now_ms) = worker_and_block();
    let headers = |headers: &[&polity_primitives::Header]| Message::Headers {
        headers: headers.iter().map(alloy_rlp::encode).collect(),
    };
    let changed = |change: &dyn Fn(&mut polity_primitives::Header)| {
        let mut header = good.header.clone();
        change(&mut header);
        if header.nonce == good.header.nonce {
            let nonce = Search::new(&header).find(0, 1 << 20).expect("easy");
            header.nonce = nonce.to_be_bytes().into();
        }
        headers(&[&header])
    };
    let unsolved = |header: &mut polity_primitives::Header| {
        let wrong = (0..).map(u64::to_be_bytes).find(|nonce| {
            header.nonce = (*nonce).into();
            !is_solved(header)
        });
        header.nonce = wrong.expect("most").into();
    };
    for (message, word) in [
        (changed(&unsolved), "does not meet difficulty"),
        (changed(&|header| header.difficulty = U256::from(3)), "difficulty 3, not 4"),
        (changed(&|header| header.timestamp = START_SECS), "timestamp 1000000 before"),
        (changed(&|header| header.number = 9), "number 9 on top of 0"),
        (headers(&[&good.header, &good.header]), "do not follow"),
        (Message::Headers { headers: vec![vec![1, 2, 3]] }, "not a header"),
        (Message::Body { block: vec![1] }, "not a block"),
    ] {
        let blames = blames(&mut worker, &message, now_ms);
        assert!(blames.len() == 1 && blames[0].contains(word), "{word}: {blames:?}");
        assert_eq!(worker.report().missing, 0, "nothing is kept");
    }
    let early = changed(&|header| header.timestamp = now_ms / 1_000 + AHEAD_SECS_MAX + 1);
    assert_eq!(blames(&mut worker, &early, now_ms), [""; 0], "early is nobody's fault");
    let bytes = vec![9u8; 40];
    let acts = worker.handle(Event::Received { peer: Peer(1), bytes }, now_ms).expect("works");
    assert!(matches!(&acts[..], [Act::Blame { .. }]), "{acts:?}");
}

#[test]
fn a_false_body_is_blamed_and_the_true_one_still_taken() {
    let (mut worker, good, now_ms) = worker_and_block();
    let header = Message::Headers { headers: vec![alloy_rlp::encode(&good.header)] };
    assert_eq!(blames(&mut worker, &header, now_ms), [""; 0]);
    let body = |block: &Block| Message::Body { block: alloy_rlp::encode(block) };
    let stolen = Block { seal: key(2).sign(B256::ZERO).to_vec().into(), ..good.clone() };
    let stripped = Block::unsealed(good.header.clone(), Vec::new());
    let stuffed = {
        let tx = Transaction::System(SystemTransaction {
            height: 8,
            index: 0,
            to: Address::ZERO,
            gas_limit: 0,
            input: Bytes::new(),
        });
        Block { transactions: vec![tx], ..good.clone() }
    };
    for (block, word) in [(stolen, "seal"), (stripped, "seal"), (stuffed, "transactions")] {
        assert_eq!(blames(&mut worker, &header, now_ms), [""; 0], "the header is no worse for it");
        let blames = blames(&mut worker, &body(&block), now_ms);
        assert!(blames.len() == 1 && blames[0].contains(word), "{word}: {blames:?}");
        assert_eq!(worker.chain().best().height, Height(0));
    }
    assert_eq!(blames(&mut worker, &header, now_ms), [""; 0]);
    assert_eq!(blames(&mut worker, &body(&good), now_ms), [""; 0]);
    assert_eq!(worker.chain().best().height, Height(1));
}

#[test]
fn an_invalid_block_and_what_stands_on_it_is_left() {
    let mut net = Net::new(3);
    net.split(&[&[0, 1], &[2]]);
    net.find(2);
    let bad = net.best(2).hash;
    (0..3).for_each(|_| net.find(2));
    let mut chain = HeadersOnly::new(rules(), key(0));
    chain.refuse(bad);
    net.nodes[0].worker = Worker::new(Box::new(chain), true);
    net.event(0, Event::Start);
    (1..3).for_each(|peer| net.event(0, Event::Joined(Peer(peer))));
    net.find(1);
    net.heal();
    assert_eq!(net.best(1), net.best(2), "who holds it for valid follows it");
    assert_eq!(net.best(0).height, Height(1), "who holds it for invalid stays");
    assert_ne!(net.best(0).hash, bad);
    assert!(net.nodes[0].blamed.iter().any(|(_, why)| why == "refused"), "{:?}", net.nodes[0].blamed);
}

#[test]
fn a_solution_of_an_old_job_is_left_and_a_false_one_is_fatal() {
    let mut net = Net::new(2);
    let old = net.nodes[0].job.clone().expect("a job");
    net.find(1);
    let nonce = Search::new(&old.header).find(0, 1 << 20).expect("easy");
    net.event(0, Event::Solved { job: old.id, nonce });
    assert_eq!(net.best(0), net.best(1));
    let job = net.nodes[0].job.clone().expect("a job");
    let wrong = (0..).find(|nonce| U256::from_be_bytes(Search::new(&job.header).hash(*nonce).0) > job.target);
    let event = Event::Solved { job: job.id, nonce: wrong.expect("most") };
    assert!(net.nodes[0].worker.handle(event, net.now_ms).is_err());
}

/// What is proposed on a branch that is no heavier is fetched, down to what is here.
#[test]
fn what_a_proposal_stands_on_is_fetched_from_a_lighter_branch() {
    let mut net = Net::new(4);
    net.find(0);
    net.split(&[&[0, 1], &[2, 3]]);
    (0..4).for_each(|_| net.find(0));
    (0..3).for_each(|_| net.find(2));
    let (ours, theirs) = (net.best(0), net.best(2));
    assert!(ours.work > theirs.work);
    let mut chain = HeadersOnly::new(rules(), key(0));
    for height in (1..=ours.height.0).map(Height) {
        let own = &mut net.nodes[0].worker.chain;
        let hash = own.hash_at(height).expect("readable").expect("there");
        let body = own.body(&hash).expect("readable").expect("there");
        assert_eq!(chain.insert(&body, net.now_ms).expect("judged"), Inserted::Extended);
    }
    let header = net.nodes[2].worker.chain().header(&theirs.hash).expect("readable").expect("there");
    let missing = header.parent_hash;
    chain.want(missing);
    chain.set_until(Some(ours.height));
    net.nodes[0].worker = Worker::new(Box::new(chain), true);
    net.event(0, Event::Start);
    (1..4).for_each(|peer| net.event(0, Event::Joined(Peer(peer))));
    net.mute.insert(2, "body");
    net.mute.insert(3, "body");
    net.heal();
    let has = |net: &Net, hash: &B256| net.nodes[0].worker.chain().header(hash).expect("readable").is_some();
    assert!(!has(&net, &missing), "nobody answers, and it is nobody's best");
    net.mute.clear();
    net.wait(5_000);
    assert!(has(&net, &missing), "three blocks down, from those who have them");
    assert_eq!(net.best(0), ours, "what is no heavier is not followed");
    net.nobody_is_blamed();
}
