//! Four validators in one process over loopback, with logs on disk: they decide, one is restarted, one loses everything, two are
//! down, a stranger knocks, an application fails. The application is a chain of bytes in memory.
#![allow(missing_docs, clippy::missing_errors_doc, clippy::print_stdout, unreachable_pub)]
#![allow(clippy::disallowed_methods)] // layer 4: the test watches the clock

mod support;

use std::time::{Duration, Instant};

use polity_consensus::bft::Key;
use support::{Node, agree, network, until};

async fn start_all(nodes: &mut [Node]) {
    for node in nodes {
        node.start().await;
    }
}

fn lowest(nodes: &[Node]) -> u64 {
    nodes.iter().map(|node| node.disk.tip()).min().expect("some")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_lives_through_restarts_losses_and_halts() {
    let _ = tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "off".into()),
        )
        .with_test_writer()
        .try_init();
    let folder = tempfile::tempdir().expect("a folder");
    let mut nodes = network(4, folder.path());
    let began = Instant::now();
    start_all(&mut nodes).await;

    until("height 20", 25, || lowest(&nodes) >= 20).await;
    let mut gaps: Vec<u128> = {
        let chain = nodes[0].disk.lock();
        chain.at.array_windows().map(|[a, b]| b.duration_since(*a).as_millis()).collect()
    };
    gaps.sort_unstable();
    println!(
        "height 20 after {:?}; between blocks p50 {} ms, max {} ms (block time {} ms)",
        began.elapsed(),
        gaps[gaps.len() / 2],
        gaps[gaps.len() - 1],
        support::BLOCK_TIME_MS
    );
    agree(&nodes);
    let status = nodes[1].handle().status();
    assert_eq!((status.committee.len(), status.power_needed()), (4, 3));
    assert!(status.signing && status.absent().is_empty() && status.failure.is_none(), "{status:?}");
    assert_eq!(status.peers, 3);

    // One validator stops; the others go on, and say who is missing.
    nodes[3].stop().await;
    let at = lowest(&nodes[..3]);
    let (asked, missing) = (Instant::now(), nodes[3].config.consensus_secret.expect("a key"));
    until("blocks without one of four", 20, || lowest(&nodes[..3]) >= at + 8).await;
    println!("8 blocks, two of them the turn of a stopped proposer, in {:?}", asked.elapsed());
    let missing = Key::new(missing).expect("a key").address();
    until("the absent one is named", 10, || nodes[0].handle().status().absent() == vec![missing]).await;

    // It comes back with its log and its chain, and signs again.
    nodes[3].start().await;
    until("the restarted one has caught up", 20, || nodes[3].disk.tip() + 2 >= lowest(&nodes[..3])).await;
    assert!(nodes[3].handle().status().signing);

    // It loses chain, log and signing record, but not its key: it follows, then signs once the others are heard.
    nodes[3].stop().await;
    nodes[3].disk = Default::default();
    std::fs::remove_dir_all(&nodes[3].config.home).expect("removes");
    let tip = lowest(&nodes[..3]);
    let asked = Instant::now();
    nodes[3].start().await;
    assert!(!nodes[3].handle().status().signing, "a wiped validator must not sign at once");
    until("the wiped one has every block", 20, || nodes[3].disk.tip() > tip).await;
    println!("{} blocks synced in {:?}", nodes[3].disk.tip(), asked.elapsed());
    until("the wiped one signs again", 20, || nodes[3].handle().status().signing).await;
    println!("it signs again after {:?}", asked.elapsed());
    let from = nodes[3].disk.tip();
    until("blocks go on", 20, || lowest(&nodes) >= from + 4).await;
    let who = Key::new(nodes[3].config.consensus_secret.expect("a key")).expect("a key").address();
    until("its signature is in a certificate", 20, || {
        let chain = nodes[0].disk.lock();
        let last = &chain.blocks[usize::try_from(from).expect("small")..];
        last.iter()
            .any(|(_, certificate)| certificate.signatures.iter().any(|commit| commit.validator == who))
    })
    .await;

    // Two of four stop: nothing is decided, and the status says what is missing. They return: it goes on.
    for node in &mut nodes[2..] {
        node.stop().await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let halted = lowest(&nodes[..2]);
    until("the missing quorum is told", 15, || {
        let status = nodes[0].handle().status();
        (status.power_present(), status.power_needed(), status.absent().len()) == (2, 3, 2)
    })
    .await;
    assert!(lowest(&nodes[..2]) <= halted + 1, "two of four cannot decide");
    for node in &mut nodes[2..] {
        node.start().await;
    }
    let asked = Instant::now();
    until("it resumes", 25, || lowest(&nodes) >= halted + 4).await;
    println!("resumed after {:?}; certificates have {} of 4 signatures on average", asked.elapsed(), {
        let chain = nodes[0].disk.lock();
        let all: usize = chain.blocks.iter().map(|(_, certificate)| certificate.signatures.len()).sum();
        format!("{:.2}", all as f64 / chain.blocks.len() as f64)
    });
    agree(&nodes);
    for node in &nodes {
        assert_eq!(node.disk.lock().evidence, vec![], "nobody signed twice");
    }
    for node in &mut nodes {
        node.stop().await;
    }
    println!("all in {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_not_let_in_and_a_fatal_application_signs_nothing_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut nodes = network(1, folder.path());
    nodes[0].start().await;
    until("a validator alone decides", 15, || nodes[0].disk.tip() >= 3).await;

    // A stranger with a key of its own, who knows where the member listens.
    let mut strangers = network(2, &folder.path().join("strangers"));
    let mut stranger = strangers.pop().expect("two");
    stranger.committee = nodes[0].committee.clone();
    stranger.config.peers = nodes[0].config.peers.clone();
    stranger.config.consensus_secret = None;
    stranger.start().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(nodes[0].handle().status().peers, 0, "the member keeps no connection to a stranger");
    assert_eq!(stranger.disk.tip(), 0, "and tells it nothing");

    // Let in by name, it follows as an observer, though the validator sits on a proposal all the while.
    nodes[0].disk.lock().block_time_ms = 3_600_000;
    let mut peers = nodes[0].config.peers.clone();
    peers.push(polity_bft::Peer { key: support::peer_key(1), addresses: vec![] });
    nodes[0].handle().set_peers(peers).await;
    until("an admitted observer follows", 20, || stranger.disk.tip() >= 3).await;
    assert!(!stranger.handle().status().signing);
    stranger.stop().await;

    // The proposal is released as soon as there is something to write.
    let tip = nodes[0].disk.tip();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(nodes[0].disk.tip(), tip, "nothing to write");
    nodes[0].disk.lock().hurry = true;
    nodes[0].handle().wake();
    until("a block for what there is to write", 2, || nodes[0].disk.tip() > tip).await;

    nodes[0].disk.lock().broken = true;
    let handle = nodes[0].handle.take().expect("running");
    tokio::time::timeout(Duration::from_secs(10), handle.join()).await.expect("it ends by itself");
    let status = handle.status();
    assert_eq!(status.failure.as_deref(), Some("the disk is broken"));
    assert!(!status.signing);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_on_two_machines_is_found_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut nodes = network(4, folder.path());
    let mut others = network(5, &folder.path().join("twin"));
    let mut twin = others.pop().expect("five");
    twin.config.consensus_secret = nodes[3].config.consensus_secret;
    twin.config.peers = nodes[0].config.peers.clone();
    twin.committee = nodes[0].committee.clone();
    let who = Key::new(twin.config.consensus_secret.expect("a key")).expect("a key").address();
    std::fs::remove_dir_all(&twin.config.home).expect("removes");
    polity_bft::Guard::create(&twin.config.home, who).expect("the twin believes that its key is new");
    nodes.push(twin);
    for node in &mut nodes {
        node.config.members_only = false;
    }
    start_all(&mut nodes).await;
    until("evidence", 30, || nodes[..3].iter().all(|node| !node.disk.lock().evidence.is_empty())).await;
    for node in &nodes[..3] {
        for evidence in &node.disk.lock().evidence {
            support::check_evidence(evidence, who);
        }
    }
    agree(&nodes[..3]);
    for node in &mut nodes {
        node.stop().await;
    }
}
