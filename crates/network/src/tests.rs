//! Real swarms on loopback, and the codec.

use std::time::Duration;

use polity_mempool::Condition;
use proptest::prelude::*;
use tokio::time::timeout;

use super::*;

fn secret(i: u8) -> [u8; 32] {
    [i; 32]
}

fn config(i: u8, peers: Vec<Multiaddr>, allowed: Option<&[u8]>) -> NetworkConfig {
    NetworkConfig {
        chain_id: 7,
        listen: "/ip4/127.0.0.1/tcp/0".parse().expect("address"),
        peers,
        secret: secret(i),
        allowed: allowed.map(|keys| keys.iter().map(|i| public_key(&secret(*i)).expect("key")).collect()),
    }
}

async fn next(queue: &mut Inbox) -> Inbound {
    timeout(Duration::from_secs(20), queue.transactions.recv()).await.expect("in time").expect("open")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_reaches_a_peer_of_a_peer_once_it_is_judged_good() {
    let (middle, mut middle_in) = start(config(2, vec![], None)).await.expect("middle");
    let to_middle = vec![middle.address().clone()];
    let (left, mut left_in) = start(config(1, to_middle.clone(), None)).await.expect("left");
    let (_right, mut right_in) = start(config(3, to_middle, None)).await.expect("right");
    for queue in [&mut left_in, &mut right_in] {
        assert!(matches!(next(queue).await, Inbound::Joined(_)));
    }
    for _ in 0..2 {
        assert!(matches!(next(&mut middle_in).await, Inbound::Joined(_)));
    }
    let condition = Condition { timestamp_min: Some(5), ..Condition::default() };
    let sent = vec![Gossip::new(vec![2, 3, 4], condition)];
    left.broadcast(sent.clone());
    let Inbound::Transactions { batch, ticket, .. } = next(&mut middle_in).await else { panic!("a batch") };
    assert_eq!(batch, sent);
    assert_eq!(batch[0].condition(), condition);
    middle.judge(ticket, Judgement::Pass);
    let Inbound::Transactions { batch, .. } = next(&mut right_in).await else { panic!("passed on") };
    assert_eq!(batch, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_goes_on_once_it_is_judged_good_and_within_bounds() {
    let (middle, mut middle_in) = start(config(2, vec![], None)).await.expect("middle");
    let to_middle = vec![middle.address().clone()];
    let (left, mut left_in) = start(config(1, to_middle.clone(), None)).await.expect("left");
    let (_right, mut right_in) = start(config(3, to_middle, None)).await.expect("right");
    for queue in [&mut left_in, &mut right_in] {
        assert!(matches!(next(queue).await, Inbound::Joined(_)));
    }
    for _ in 0..2 {
        assert!(matches!(next(&mut middle_in).await, Inbound::Joined(_)));
    }
    async fn accused(queue: &mut Inbox) -> Accused {
        timeout(Duration::from_secs(20), queue.accused.recv()).await.expect("in time").expect("open")
    }
    left.accuse(vec![vec![1; limits::EVIDENCE_BYTES_MAX + 1], vec![2; limits::EVIDENCE_BYTES_MAX], vec![3]]);
    for (bytes, judgement) in
        [(vec![2; limits::EVIDENCE_BYTES_MAX], Judgement::Ignore), (vec![3], Judgement::Pass)]
    {
        let found = accused(&mut middle_in).await;
        assert_eq!(found.bytes, bytes, "what is too long is not sent");
        middle.judge(found.ticket, judgement);
    }
    assert_eq!(accused(&mut right_in).await.bytes, vec![3], "what is not judged good goes no further");
    // Transactions have their own queue.
    left.broadcast(vec![Gossip::new(vec![2, 3, 4], Condition::default())]);
    assert!(matches!(next(&mut middle_in).await, Inbound::Transactions { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_one_peer_leaves_room_for_that_of_another() {
    let (middle, mut middle_in) = start(config(2, vec![], None)).await.expect("middle");
    let to_middle = vec![middle.address().clone()];
    let (left, mut left_in) = start(config(1, to_middle.clone(), None)).await.expect("left");
    let (right, mut right_in) = start(config(3, to_middle, None)).await.expect("right");
    for queue in [&mut left_in, &mut right_in] {
        assert!(matches!(next(queue).await, Inbound::Joined(_)));
    }
    for _ in 0..2 {
        assert!(matches!(next(&mut middle_in).await, Inbound::Joined(_)));
    }
    // More than it has places, and then a transaction, behind which all of it has arrived.
    let flood = 4 * limits::EVIDENCE_PER_PEER_MAX;
    left.accuse((0..flood).map(|i| vec![1, u8::try_from(i).expect("few")]).collect());
    left.broadcast(vec![Gossip::new(vec![2, 3, 4], Condition::default())]);
    assert!(matches!(next(&mut middle_in).await, Inbound::Transactions { .. }));
    right.accuse(vec![vec![2]]);
    let mut of_left = 0;
    loop {
        let accused = timeout(Duration::from_secs(20), middle_in.accused.recv()).await;
        let accused = accused.expect("in time").expect("open");
        if accused.bytes == [2] {
            assert_ne!(
                accused.ticket.peer(),
                peer_id(&public_key(&secret(1)).expect("key")).expect("a peer")
            );
            break;
        }
        of_left += 1;
    }
    assert_eq!(of_left, limits::EVIDENCE_PER_PEER_MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_not_let_in_and_a_removed_member_is_put_out() {
    let (host, mut host_in) = start(config(1, vec![], Some(&[1, 2]))).await.expect("host");
    let (_member, mut member_in) =
        start(config(2, vec![host.address().clone()], None)).await.expect("member");
    assert!(matches!(next(&mut member_in).await, Inbound::Joined(_)));
    assert!(matches!(next(&mut host_in).await, Inbound::Joined(_)));
    let (stranger, mut stranger_in) =
        start(config(9, vec![host.address().clone()], None)).await.expect("stranger");
    assert!(
        timeout(Duration::from_secs(3), stranger_in.transactions.recv()).await.is_err(),
        "the stranger hears nothing"
    );
    assert_eq!(host.peers(), vec![peer_id(&public_key(&secret(2)).expect("key")).expect("id")]);
    // It dials again and again, and is a peer in its own eyes until the other end hangs up.
    timeout(Duration::from_secs(10), async {
        while !stranger.peers().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the stranger is hung up on");
    let only_host = [public_key(&secret(1)).expect("key")].into_iter().collect();
    host.set_allowed(Some(only_host));
    timeout(Duration::from_secs(10), async {
        while !host.peers().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the member is disconnected");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_and_words_arrive_within_bounds() {
    let (host, mut host_in) = start(config(1, vec![], None)).await.expect("host");
    let (guest, mut guest_in) = start(config(2, vec![host.address().clone()], None)).await.expect("guest");
    assert!(matches!(next(&mut guest_in).await, Inbound::Joined(_)));
    let (to, me) = (guest.peers()[0], peer_id(&public_key(&secret(2)).expect("key")).expect("id"));
    let serving = async {
        let Question { from, bytes, reply } = host_in.questions.recv().await.expect("asked");
        assert_eq!(from, me);
        host.answer(reply, [bytes, vec![7; limits::FRAME_BYTES_MAX - 3]].concat());
        let unanswered = host_in.questions.recv().await.expect("asked again");
        drop(unanswered);
        host_in.told.recv().await.expect("told")
    };
    let asking = async {
        let answer = guest.ask(to, vec![1, 2, 3]).await.expect("answered");
        assert_eq!((answer.len(), &answer[..4]), (limits::FRAME_BYTES_MAX, &[1, 2, 3, 7][..]));
        assert_eq!(guest.ask(to, vec![4]).await, None, "nobody answers");
        guest.tell(None, vec![0; limits::FRAME_BYTES_MAX + 1]);
        guest.tell(Some(PeerId::random()), vec![8]);
        guest.tell(None, vec![9]);
    };
    let both = async { tokio::join!(serving, asking) };
    let (told, ()) = timeout(Duration::from_secs(60), both).await.expect("in time");
    assert_eq!((told.from, told.bytes), (me, vec![9]), "what is too long does not arrive");
    for _ in 0..limits::BLAMES_MAX {
        host.blame(me);
    }
    timeout(Duration::from_secs(10), async {
        while !host.peers().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("who is blamed is shut out");
}

#[test]
fn conduct_is_bounded() {
    let (peer, now) = (PeerId::random(), std::time::Instant::now());
    let mut peers = peers::Peers::default();
    let burst = usize::try_from(limits::PEER_BYTES_BURST).expect("fits");
    assert!(peers.spend(peer, burst, now));
    assert!(!peers.spend(peer, 1, now), "the burst is used up");
    assert!(peers.spend(peer, 1_000, now + Duration::from_millis(1)), "and grows back");
    for _ in 1..limits::BLAMES_MAX {
        assert!(!peers.blame(peer, now));
    }
    assert!(peers.blame(peer, now));
    assert!(peers.is_shut_out(&peer, now));
    assert!(!peers.is_shut_out(&peer, now + limits::SHUT_OUT));
    let mut places: Vec<_> = (0..=limits::EVIDENCE_PER_PEER_MAX).map(|_| peers.place(peer, now)).collect();
    assert!(places.pop().is_some_and(|beyond| beyond.is_none()));
    assert!(places.iter().all(Option::is_some) && peers.place(PeerId::random(), now).is_some());
    drop(places);
    assert!(peers.place(peer, now).is_some(), "what is judged makes room");
}

proptest! {
    #[test]
    fn batches_round_trip_and_fit(sizes in prop::collection::vec(1usize..60_000, 1..30)) {
        let sent: Vec<_> = sizes.iter().map(|n| Gossip::new(vec![1; *n], Condition::default())).collect();
        let messages = gossip::encode(sent.clone());
        prop_assert!(messages.iter().all(|m| m.len() <= limits::MESSAGE_BYTES_MAX));
        let received: Vec<_> = messages.iter().flat_map(|m| gossip::decode(m).expect("decodes")).collect();
        prop_assert_eq!(received, sent);
    }

    #[test]
    fn garbage_is_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = gossip::decode(&bytes);
    }
}
