//! The end of a stretch of work, for a node that has seen another branch: it fetches what the decided block stands on, takes its
//! certificate and no other, and comes to the same chain wherever the power fails.

use std::collections::{BTreeMap, VecDeque};

use polity_consensus::work::{Act, Chain as _, Event, Message, Peer, Worker};
use polity_db::Memory;
use polity_primitives::Block;

use super::{
    switch::{Story, certified, founded},
    *,
};
use crate::{Followed, Genesis, Told};

/// Two nodes that have seen different ends of the same stretch of work, and the disk of one that has seen neither.
pub(super) struct Parted {
    charter: polity_charter::Charter,
    genesis: Genesis,
    pub(super) ours: Story,
    pub(super) theirs: Story,
    pub(super) fresh: Memory,
    /// Where they part, and the height that is decided between worked blocks.
    pub(super) at: Height,
    pub(super) last: Height,
    pub(super) now: u64,
}

pub(super) fn parted() -> Parted {
    let (charter, genesis) = founded();
    let memory = Memory::new();
    let mut ours = Story::new(&charter, &genesis, memory.clone());
    let last = loop {
        ours.step().expect("goes on");
        if let Some(last) = ours.node.ledger.head().course.next.and_then(|rules| rules.until) {
            break last;
        }
    };
    let at = ours.node.ledger.head().height();
    assert_eq!(last, Height(at.0 + 2), "the confirmations");
    let mut theirs = Story::new(&charter, &genesis, memory.fork());
    let fresh = memory.fork();
    while ours.node.ledger.terminal().is_none() {
        ours.step().expect("goes on");
    }
    while theirs.node.ledger.terminal().is_none() {
        // A second later than ours, and so another block.
        let now = NOW + theirs.node.ledger.head().height().next().0 * 10_000 + 1_000;
        let block = theirs.node.solve(now);
        theirs.node.take(&block);
    }
    assert_eq!((ours.node.end().0, theirs.node.end().0), (last, last));
    assert_ne!(ours.node.end(), theirs.node.end());
    Parted { charter, genesis, ours, theirs, fresh, at, last, now: NOW + last.0 * 10_000 + 20_000 }
}

impl Parted {
    pub(super) fn opened(&self, memory: Memory) -> Story {
        Story::new(&self.charter, &self.genesis, memory)
    }

    /// The worked blocks of their branch.
    fn branch(&self) -> Vec<Vec<u8>> {
        let ledger = &self.theirs.node.ledger;
        let block = |height| ledger.block(Height(height)).expect("readable").expect("there").block.encoded();
        (self.at.0 + 1..=self.last.0).map(block).collect()
    }
}

/// Engines of work that talk to each other. A peer without one is silent; what `liar` gives is not the block it was asked for.
struct Talk {
    workers: BTreeMap<u64, Worker>,
    liar: u64,
    blamed: Vec<u64>,
    now: u64,
}

impl Talk {
    fn event(&mut self, to: u64, event: Event) {
        let mut queue = VecDeque::from([(to, event)]);
        while let Some((at, event)) = queue.pop_front() {
            let Some(worker) = self.workers.get_mut(&at) else { continue };
            for act in worker.handle(event, self.now).expect("nothing fatal") {
                match act {
                    Act::Send { peer, bytes } => {
                        let bytes = if at == self.liar { stolen(&bytes) } else { bytes };
                        queue.push_back((peer.0, Event::Received { peer: Peer(at), bytes }));
                    }
                    Act::Blame { peer, .. } => self.blamed.push(peer.0),
                    _ => {}
                }
            }
        }
    }

    /// Node 0 and `peer` meet.
    fn meet(&mut self, peer: u64) {
        self.event(peer, Event::Joined(Peer(0)));
        self.event(0, Event::Joined(Peer(peer)));
    }

    fn wait(&mut self, ms: u64) {
        for _ in 0..ms / 250 {
            self.now += 250;
            self.event(0, Event::Tick);
        }
    }
}

/// The same message, with a block's seal taken off.
fn stolen(bytes: &[u8]) -> Vec<u8> {
    match Message::decode(bytes).expect("a message") {
        Message::Body { block } => {
            let block = crate::write::decode(&block).expect("a block").block;
            let block = Block { seal: Bytes::new(), ..block };
            Message::Body { block: alloy_rlp::encode(&block) }.encoded()
        }
        message => message.encoded(),
    }
}

fn follower(ledger: &Ledger) -> Worker {
    Worker::new(Box::new(ledger.work_chain(None)), false)
}

#[test]
fn what_the_decided_block_stands_on_is_fetched_past_the_silent_and_the_lying() {
    const LIAR: u64 = 5;
    let mut parted = parted();
    let (last, now) = (parted.last, parted.now);
    let proposed = parted.theirs.app.build(last, 0, now).expect("proposes");
    assert_eq!((last, proposed.hash), parted.theirs.node.end());
    let verdict = parted.ours.app.receive(&proposed.encoded(), last, now).expect("judged");
    assert!(matches!(verdict, Verdict::Invalid(_, reason) if reason.contains("is not here")));
    let missing = proposed.block.header.parent_hash;
    assert_eq!(parted.ours.node.chain.wanted(), Some(missing));

    let mut talk = Talk { workers: BTreeMap::new(), liar: LIAR, blamed: Vec::new(), now };
    talk.workers.insert(0, follower(&parted.ours.node.ledger));
    talk.workers.insert(LIAR, follower(&parted.theirs.node.ledger));
    (1..=LIAR).for_each(|peer| talk.meet(peer));
    let before = parted.ours.node.end();
    talk.wait(40_000);
    assert_eq!(parted.ours.node.chain.wanted(), Some(missing), "four say nothing, one gives something else");
    assert!(!talk.blamed.is_empty() && talk.blamed.iter().all(|peer| *peer == LIAR), "{:?}", talk.blamed);

    talk.workers.insert(6, follower(&parted.theirs.node.ledger));
    talk.meet(6);
    talk.wait(20_000);
    assert_eq!(parted.ours.node.chain.wanted(), None);
    assert_eq!(parted.ours.node.end(), before, "what is no heavier is not followed");

    // The power fails before anything is decided: what was fetched need not be fetched again.
    let mut again = parted.opened(parted.ours.node.memory.fork());
    for story in [&mut parted.ours, &mut again] {
        let verdict = story.app.receive(&proposed.encoded(), last, now).expect("judged");
        assert_eq!(verdict, Verdict::Valid(proposed.hash));
        let certificate = certified(&story.node.ledger, last, proposed.hash, "node-1 node");
        story.app.finalize(certificate.clone()).expect("commits");
        assert_eq!(story.node.end(), (last, proposed.hash));
        assert_eq!(story.node.ledger.certificate(last).expect("readable"), Some(certificate));
        assert_eq!((story.node.ledger.terminal(), story.node.ledger.floor()), (None, last));
        story.step().expect("the committee goes on");
        assert_eq!(story.node.end().0, last.next());
    }
}

#[test]
fn who_follows_takes_the_terminal_block_with_its_own_certificate_only() {
    let parted = parted();
    let (last, now, ledger) = (parted.last, parted.now, &parted.ours.node.ledger);
    let (before, theirs) = (parted.ours.node.end(), parted.theirs.node.end().1);
    let follow = |block: &[u8], certificate: Option<&Certificate>| {
        ledger.follow(block, certificate, now, true).expect("no fault of ours")
    };
    let good = certified(ledger, last, theirs, "node-1 node");
    let branch = parted.branch();
    let (terminal, below) = branch.split_last().expect("some");
    assert!(matches!(follow(terminal, Some(&good)), Followed::Apart(why) if why.contains("is not here")));
    for block in below {
        assert_eq!(follow(block, None), Followed::Taken);
    }
    for (wrong, words) in [
        (certified(ledger, last, theirs, "node-2 node"), "seat"),
        (certified(ledger, last, before.1, "node-1 node"), "of another block"),
        (certified(ledger, last.next(), theirs, "node-1 node"), "of another block"),
        (Certificate { signatures: vec![], ..good.clone() }, "power"),
        (Certificate { round: 1, ..good.clone() }, "signature"),
    ] {
        match follow(terminal, Some(&wrong)) {
            Followed::Refused(why) => assert!(why.contains(words), "{words}: {why}"),
            other => panic!("{other:?} of {words}"),
        }
        assert_eq!((parted.ours.node.end(), ledger.terminal()), (before, Some(last)));
        assert_eq!(ledger.certificate(last).expect("readable"), None);
        assert!(ledger.floor() < last);
    }
    assert_eq!(follow(terminal, None), Followed::Known, "the block is here, and proves nothing alone");
    assert_eq!(follow(terminal, Some(&good)), Followed::Taken);
    assert_eq!(parted.ours.node.end(), (last, theirs));
    assert_eq!(follow(terminal, Some(&good)), Followed::Known);
    // Nothing else is ever decided there, not even what this node had itself.
    let ours = certified(ledger, last, before.1, "node-1 node");
    let own = parted.opened(parted.ours.node.memory.fork());
    assert_eq!(own.node.end(), (last, theirs), "a restart finds the decision");
    for node in [ledger, &own.node.ledger] {
        let block = parted.theirs.node.ledger.block(last).expect("readable").expect("there").block.encoded();
        assert_eq!(node.follow(&block, Some(&good), now, true).expect("judged"), Followed::Known);
    }
    let mut app = ledger.application(proposer());
    assert!(app.finalize(ours).is_err(), "a second decision of one height stops the node");
    assert_eq!(parted.ours.node.end(), (last, theirs));
}

/// Follows `blocks` from the first on; whether the power held.
fn learn(story: &Story, blocks: &[Told], now: u64) -> bool {
    blocks.iter().all(|(block, certificate)| {
        match story.node.ledger.follow(block, certificate.as_ref(), now, true) {
            Ok(Followed::Taken | Followed::Known) => true,
            Ok(other) => panic!("{other:?}"),
            Err(_) => false,
        }
    })
}

#[test]
fn the_power_fails_while_the_terminal_block_is_learnt() {
    let mut parted = parted();
    parted.theirs.step().expect("the terminal block is decided");
    parted.theirs.step().expect("and the one after it");
    let end = parted.theirs.node.end();
    assert_eq!(end.0, parted.last.next());
    let blocks = parted.theirs.node.ledger.blocks_from(parted.at.next(), usize::MAX).expect("readable");
    assert_eq!(blocks.iter().map(|(_, by)| by.is_some()).collect::<Vec<_>>(), [false, true, true]);
    let now = parted.now;
    for start in [parted.ours.node.memory.clone(), parted.fresh.clone()] {
        let memory = start.fork();
        let whole = parted.opened(memory.clone());
        let opened = memory.batches();
        assert!(learn(&whole, &blocks, now) && whole.node.end() == end);
        let batches = memory.batches() - opened;
        assert!(batches >= 5, "{batches} writes");
        for cut in 0..batches {
            let memory = start.fork();
            let story = parted.opened(memory.clone());
            memory.fail_after(Some(cut));
            assert!(!learn(&story, &blocks, now), "the power fails after {cut} writes");
            let story = parted.opened(memory.fork());
            assert!(learn(&story, &blocks, now));
            assert_eq!(story.node.end(), end, "after {cut} writes");
            for height in [parted.last, end.0] {
                let theirs = parted.theirs.node.ledger.certificate(height).expect("readable");
                assert_eq!(story.node.ledger.certificate(height).expect("readable"), theirs);
                assert!(theirs.is_some());
            }
        }
    }
}
