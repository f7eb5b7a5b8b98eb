//! What a peer can make the engine keep, ask and send, and where time stops it.

use polity_primitives::Header;

use super::*;

const NOW_MS: u64 = (START_SECS + 15 * 4_000) * 1_000;

/// An engine that only follows, peers `1..=peers` it has met, and what it says to them.
struct Listener {
    worker: Worker,
    now_ms: u64,
    said: Vec<(u64, Message)>,
    blamed: Vec<u64>,
}

impl Listener {
    fn new(peers: u64) -> Self {
        let worker = Worker::new(Box::new(HeadersOnly::new(rules(), key(0))), false);
        let mut listener = Self { worker, now_ms: NOW_MS, said: Vec::new(), blamed: Vec::new() };
        listener.event(Event::Start);
        (1..=peers).for_each(|peer| listener.event(Event::Joined(Peer(peer))));
        listener
    }

    fn event(&mut self, event: Event) {
        for act in self.worker.handle(event, self.now_ms).expect("nothing fatal") {
            match act {
                Act::Send { peer, bytes } => self.said.push((peer.0, Message::decode(&bytes).expect("ours"))),
                Act::Blame { peer, .. } => self.blamed.push(peer.0),
                _ => {}
            }
        }
    }

    fn hear(&mut self, peer: u64, message: &Message) {
        self.event(Event::Received { peer: Peer(peer), bytes: message.encoded() });
    }

    fn headers(&mut self, peer: u64, headers: &[Header]) {
        for headers in headers.chunks(HEADERS_MAX) {
            let headers = headers.iter().map(alloy_rlp::encode).collect();
            self.hear(peer, &Message::Headers { headers });
        }
    }

    fn asked(&mut self, kind: &str) -> usize {
        self.said.drain(..).filter(|(_, message)| message.kind() == kind).count()
    }

    /// Time passes; `peer` answers what it is asked from `chain` and says where it is, the others say nothing.
    fn answered_by(&mut self, peer: u64, chain: &mut HeadersOnly, ms: u64) {
        for step in 0..ms / 250 {
            self.now_ms += 250;
            self.event(Event::Tick);
            if step % 20 == 0 {
                let Tip { hash, height, work } = chain.best();
                let tip = Message::Tip { hash: hash.0, height: height.0, work: work.to_be_bytes() };
                self.hear(peer, &tip);
            }
            while let Some(at) = self.said.iter().position(|(to, _)| *to == peer) {
                match self.said.remove(at).1 {
                    Message::GetHeaders { locator } => {
                        let locator: Vec<_> = locator.into_iter().map(B256::from).collect();
                        let found = headers_after(chain, &locator, HEADERS_MAX).expect("readable");
                        self.headers(peer, &found);
                    }
                    Message::GetBodies { hashes } => {
                        for hash in hashes.into_iter().map(B256::from) {
                            if let Some(block) = chain.body(&hash).expect("readable") {
                                self.hear(peer, &Message::Body { block });
                            }
                        }
                    }
                    _ => {}
                }
            }
            self.said.clear();
        }
    }
}

/// A chain of `count` blocks by key `by`, an interval apart from `from_secs` on.
fn chain(by: usize, count: u64, from_secs: u64) -> (HeadersOnly, Vec<Header>) {
    let mut chain = HeadersOnly::new(rules(), key(by));
    let mut headers = Vec::new();
    for at in 1..=count {
        let mut block = chain.template((from_secs + at * 15) * 1_000).expect("works").expect("a template");
        let nonce = Search::new(&block.header).find(0, 1 << 30).expect("easy");
        block.header.nonce = nonce.to_be_bytes().into();
        headers.push(block.header.clone());
        let bytes = chain.seal(block).expect("sealed");
        assert_eq!(chain.insert(&bytes, NOW_MS).expect("judged"), Inserted::Extended);
    }
    (chain, headers)
}

#[test]
fn headers_whose_bodies_nobody_gives_leave_room_for_others() {
    let (mut open, _) = chain(9, 40, START_SECS);
    let share = AHEAD_PER_PEER_MAX as u64;
    // Heavier than the open chain, and more than one peer may have here.
    let (_, withheld) = chain(1, share + 300, START_SECS);
    let mut node = Listener::new(2);
    node.headers(1, &withheld);
    assert_eq!(node.worker.report().missing, AHEAD_PER_PEER_MAX);
    node.answered_by(2, &mut open, 60_000);
    assert_eq!(node.worker.chain().best(), open.best());
    assert_eq!(node.blamed, [0; 0], "who withholds cannot be told from who is slow");

    // As many as it takes to fill all.
    let mut node = Listener::new(9);
    for peer in 1..=5 {
        let (_, withheld) = chain(usize::try_from(peer).expect("small"), share, START_SECS + 1_000 * peer);
        node.headers(peer, &withheld);
    }
    assert_eq!(node.worker.report().missing, AHEAD_MAX);
    node.answered_by(9, &mut open, 120_000);
    assert_eq!(node.worker.chain().best(), open.best(), "though all was full of heavier headers");
}

#[test]
fn what_is_lighter_than_our_chain_makes_room() {
    let (mut ours, _) = chain(9, 300, START_SECS);
    let mut node = Listener::new(6);
    node.answered_by(6, &mut ours, 60_000);
    assert_eq!(node.worker.chain().best(), ours.best());
    // All on the floor, so that none can be refused for being too deep, and one block each: full, and good for nothing.
    let floor = node.worker.chain().floor();
    let parent = node.worker.chain().header(&floor.hash).expect("readable").expect("there");
    let work = rules().difficulty(&parent);
    let sibling = |i: u64| {
        let mut header = Header {
            parent_hash: floor.hash,
            number: parent.number + 1,
            timestamp: parent.timestamp + 15,
            difficulty: work,
            extra_data: i.to_be_bytes().to_vec().into(),
            ..Header::default()
        };
        let nonce = Search::new(&header).find(0, 1 << 30).expect("easy");
        header.nonce = nonce.to_be_bytes().into();
        header
    };
    for i in 0..AHEAD_MAX as u64 + 100 {
        node.headers(1 + i % 5, &[sibling(i)]);
    }
    assert!(node.worker.report().missing <= AHEAD_MAX, "{}", node.worker.report().missing);
    // Peer 6 goes on by more than is announced, as after a cut.
    let (mut longer, _) = chain(9, 400, START_SECS);
    node.answered_by(6, &mut longer, 60_000);
    assert_eq!(node.worker.chain().best(), longer.best());
}

#[test]
fn headers_from_nowhere_cost_a_question_now_and_then() {
    let mut node = Listener::new(1);
    node.said.clear();
    for number in 0..1_000u64 {
        let orphan = Header { parent_hash: B256::repeat_byte(7), number, ..Header::default() };
        node.headers(1, &[orphan]);
    }
    assert_eq!((node.worker.report().missing, node.worker.orphans.len()), (0, ORPHANS_PER_PEER_MAX));
    assert_eq!(node.asked("get-headers"), 1);
    for _ in 0..240 {
        node.now_ms += 250;
        let orphan = Header { parent_hash: B256::repeat_byte(7), number: node.now_ms, ..Header::default() };
        node.headers(1, &[orphan]);
    }
    let asked = node.asked("get-headers");
    assert!((6..=9).contains(&asked), "{asked} questions in a minute, ever less often");
    assert_eq!(node.blamed, [0; 0], "a header whose parent is not known says nothing of who sent it");
}

#[test]
fn a_timestamp_at_the_edge_and_one_beyond() {
    let (_, headers) = chain(1, 1, START_SECS);
    let solved = |timestamp| {
        let mut header = Header { timestamp, ..headers[0].clone() };
        let nonce = Search::new(&header).find(0, 1 << 30).expect("easy");
        header.nonce = nonce.to_be_bytes().into();
        header
    };
    for (timestamp, kept, blamed) in [
        (START_SECS, 0, 1),
        (START_SECS + 1, 1, 0),
        (NOW_MS / 1_000 + AHEAD_SECS_MAX, 1, 0),
        (NOW_MS / 1_000 + AHEAD_SECS_MAX + 1, 0, 0),
        (u64::MAX, 0, 0),
    ] {
        let mut node = Listener::new(1);
        node.headers(1, &[solved(timestamp)]);
        assert_eq!((node.worker.report().missing, node.blamed.len()), (kept, blamed), "{timestamp}");
    }
    // What was early is taken when its time has come.
    let mut node = Listener::new(1);
    let early = solved(NOW_MS / 1_000 + AHEAD_SECS_MAX + 1);
    node.headers(1, std::slice::from_ref(&early));
    node.now_ms += 1_000;
    node.headers(1, &[early]);
    assert_eq!(node.worker.report().missing, 1);
}

#[test]
fn answers_have_bounds_and_so_have_messages() {
    let (ours, _) = chain(1, 600, START_SECS);
    let mut node = Listener::new(1);
    let anchor = ours.hash_at(Height(0)).expect("readable").expect("there");
    node.worker = Worker::new(Box::new(ours), false);
    node.event(Event::Joined(Peer(1)));
    node.said.clear();
    node.hear(1, &Message::GetHeaders { locator: vec![anchor.0] });
    match &node.said[..] {
        [(1, Message::Headers { headers })] => assert_eq!(headers.len(), HEADERS_MAX),
        other => panic!("{other:?}"),
    }
    let hash = [0u8; 32];
    for (message, words) in [
        (Message::GetHeaders { locator: vec![hash; LOCATOR_MAX + 1] }, "65 hashes"),
        (Message::GetBodies { hashes: vec![hash; BODIES_MAX + 1] }, "17 hashes"),
        (Message::Headers { headers: vec![vec![]; HEADERS_MAX + 1] }, "257 headers"),
        (Message::Headers { headers: vec![vec![0; HEADER_BYTES_MAX + 1]] }, "1025 bytes of a header"),
        (Message::Body { block: vec![0; MESSAGE_BYTES_MAX + 1] }, "a message of"),
    ] {
        let error = Message::decode(&message.encoded()).expect_err(words).to_string();
        assert!(error.contains(words), "{words}: {error}");
        node.hear(1, &message);
    }
    assert_eq!(node.blamed, [1; 5]);
}
