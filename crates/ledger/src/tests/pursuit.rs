//! A node that is behind, and peers that stall, lie, or have seen another branch.

use super::{
    switch::{Story, certified},
    terminal::{Parted, parted},
    *,
};
use crate::{Followed, Plan, Pursuit, Told, WAIT_MS_MAX};

/// What a peer answers when it is asked for blocks from a height on; `None`: nothing in time.
type Peer<'a> = Box<dyn FnMut(Height) -> Option<Vec<Told>> + 'a>;

/// Follows `peers`, of which each says that `claims` of it is decided there; who was asked from which height, what was refused, and
/// who led nowhere. Of those that are as far the last is asked first.
fn pursue(story: &Story, peers: &mut [Peer<'_>], claims: &[u64], now: u64) -> Pursued {
    let ledger = &story.node.ledger;
    let mut pursuit = Pursuit::new(claims.iter().copied().enumerate());
    let (mut asked, mut refused) = (Vec::new(), Vec::new());
    while let Some((peer, from)) = pursuit.next(ledger) {
        asked.push((peer, from.0));
        assert!(asked.len() < 50, "{asked:?}");
        match peers[peer](from) {
            None => pursuit.leave(),
            Some(blocks) => {
                pursuit.give(blocks, 0);
                match take(&mut pursuit, ledger, now) {
                    Followed::Apart(why) | Followed::Refused(why) => refused.push(why),
                    _ => {}
                }
            }
        }
    }
    (asked, refused, pursuit.left().to_vec())
}

/// Takes what was given as the supervisor does: engines rest once they are asked to.
fn take<P: Ord + Clone>(pursuit: &mut Pursuit<P>, ledger: &Ledger, now: u64) -> Followed {
    let taken = pursuit.take(ledger, now).expect("no fault of ours");
    if taken != Followed::Waits {
        return taken;
    }
    assert_eq!(pursuit.plan(ledger).expect("readable"), Plan::REST);
    let taken = pursuit.take(ledger, now).expect("no fault of ours");
    assert_ne!(taken, Followed::Waits, "nothing runs now");
    taken
}

type Pursued = (Vec<(usize, u64)>, Vec<String>, Vec<usize>);

/// Answers with one block at a time, as of a chain with large ones.
fn honest(story: &Story) -> Peer<'_> {
    Box::new(|from| Some(story.node.ledger.blocks_from(from, 1).expect("readable")))
}

fn decided() -> (Parted, (Height, B256)) {
    let mut parted = parted();
    parted.theirs.step().expect("the terminal block is decided");
    parted.theirs.step().expect("and the one after it");
    let end = parted.theirs.node.end();
    (parted, end)
}

#[test]
fn who_stalls_or_lies_is_left_and_what_was_verified_stays() {
    let (parted, end) = decided();
    let (at, last) = (parted.at.0, parted.last.0);
    let theirs = &parted.theirs;
    let block = |height: u64| theirs.node.ledger.blocks_from(Height(height), 1).expect("readable").remove(0);
    let node = parted.opened(parted.fresh.clone());
    let first = node.node.ledger.floor().next().0;
    assert!(first < at && last == at + 2);
    // One gives the first block and then nothing.
    let stalls: Peer<'_> = Box::new(|from| (from.0 == first).then(|| vec![block(from.0)]));
    // One gives a certificate that somebody else signed.
    let lies: Peer<'_> = Box::new(|from| {
        let (bytes, certificate) = block(from.0);
        let forge = |by: Certificate| certified(&theirs.node.ledger, from, by.block_hash, "node-2 node");
        Some(vec![(bytes, certificate.map(forge))])
    });
    // One gives the same block again and again.
    let repeats: Peer<'_> = Box::new(|_| Some(vec![block(at + 1)]));
    let mut peers = [honest(theirs), repeats, lies, stalls];
    let (asked, refused, left) = pursue(&node, &mut peers, &[end.0.0; 4], parted.now);
    assert_eq!(left, [3, 2, 1]);
    assert_eq!(node.node.end(), end);
    let mut expected = vec![(3, first), (3, first + 1)];
    expected.extend((first + 1..=last).map(|height| (2, height)));
    expected.extend([(1, last), (0, last), (0, last + 1)]);
    assert_eq!(asked, expected, "nothing that was verified is asked for again");
    assert!(refused.len() == 2 && refused[0].contains("seat"), "{refused:?}");
    assert!(refused[1].contains(&format!("block {}, where {} was asked for", at + 1, at + 2)), "{refused:?}");
}

#[test]
fn another_branch_is_followed_from_where_it_parts() {
    let (parted, end) = decided();
    let at = parted.at.0;
    // The first that is asked has only seen a branch that nobody decided.
    let mut peers = [honest(&parted.theirs), honest(&parted.ours)];
    let node = parted.opened(parted.fresh.clone());
    let first = node.node.ledger.floor().next().0;
    let (asked, refused, left) = pursue(&node, &mut peers, &[end.0.0, end.0.0 + 5], parted.now);
    assert_eq!(node.node.end(), end);
    assert_eq!((refused, left), (vec![], vec![1]), "nobody lied");
    let mut expected: Vec<_> = (first..=at + 3).map(|height| (1, height)).collect();
    expected.extend([(0, at + 3), (0, at + 1), (0, at + 2), (0, at + 3)]);
    assert_eq!(asked, expected, "once more from the last block that is never undone");
}

#[test]
fn a_peer_that_is_nowhere_near_what_it_says_is_left() {
    let (parted, end) = decided();
    let node = parted.opened(parted.fresh.clone());
    let mut pursuit = Pursuit::new([("far", u64::MAX), ("near", end.0.0)]);
    let ledger = &node.node.ledger;
    assert_eq!(pursuit.next(ledger), Some(("far", ledger.floor().next())));
    pursuit.leave();
    while let Some((peer, from)) = pursuit.next(ledger) {
        assert_eq!(peer, "near");
        let blocks = parted.theirs.node.ledger.blocks_from(from, usize::MAX).expect("readable");
        pursuit.give(blocks, 0);
        assert_eq!(take(&mut pursuit, ledger, parted.now), Followed::Taken);
    }
    assert_eq!((node.node.end(), pursuit.left()), (end, &["far"][..]));
    assert_eq!(Pursuit::new([("behind", end.0.0)]).next(ledger), None);
    assert_eq!(Pursuit::<&str>::new([]).next(ledger), None);
}

#[test]
fn who_only_says_that_it_is_further_stops_no_engine_and_is_left() {
    let (parted, _) = decided();
    // On a worked chain a peer gives our own blocks back, as slowly as it dares.
    let ledger = &parted.ours.node.ledger;
    let plan = ledger.plan().expect("readable");
    assert!(plan.work.is_some() && ledger.floor() < ledger.head().height());
    let mut pursuit = Pursuit::new([("liar", u64::MAX)]);
    let (mut waited, before) = (0, parted.ours.node.end());
    while let Some((_, from)) = pursuit.next(ledger) {
        let ours = ledger.floor().next()..=ledger.head().height();
        let from = if ours.contains(&from) { from } else { *ours.start() };
        pursuit.give(ledger.blocks_from(from, 1).expect("readable"), 5_900);
        waited += 5_900;
        take(&mut pursuit, ledger, parted.now);
        assert_eq!(pursuit.plan(ledger).expect("readable"), plan, "what runs goes on");
        assert!(waited < 2 * WAIT_MS_MAX);
    }
    assert_eq!((pursuit.left(), parted.ours.node.end()), (&["liar"][..], before));

    // Where a committee decides: a certificate that its author made up, of a block that follows another.
    let ledger = &parted.theirs.node.ledger;
    let (plan, next) = (ledger.plan().expect("readable"), ledger.head().height().next());
    assert!(plan.committee);
    let mut block =
        crate::write::decode(&ledger.blocks_from(parted.last, 1).expect("readable")[0].0).expect("decodes");
    block.block.header.number = next.0;
    block.block.header.difficulty = polity_primitives::U256::ZERO;
    let sealed = block.block.seal();
    let own = certified(ledger, next, sealed.hash, "node-2 node");
    let mut pursuit = Pursuit::new([("liar", u64::MAX)]);
    assert_eq!(pursuit.next(ledger), Some(("liar", next)));
    pursuit.give(vec![(sealed.encoded(), Some(own))], 0);
    let taken = pursuit.take(ledger, parted.now).expect("no fault of ours");
    assert!(matches!(taken, Followed::Apart(_) | Followed::Refused(_)), "{taken:?}");
    assert_eq!((pursuit.plan(ledger).expect("readable"), pursuit.left()), (plan, &["liar"][..]));
}

#[test]
fn engines_rest_for_what_was_decided_and_no_longer_than_its_peer_gives_such() {
    let (parted, end) = decided();
    let node = parted.opened(parted.fresh.clone());
    let ledger = &node.node.ledger;
    let mut pursuit = Pursuit::new([("peer", u64::MAX)]);
    let mut rested = Vec::new();
    while let Some((_, from)) = pursuit.next(ledger).filter(|(_, from)| *from <= end.0) {
        pursuit.give(parted.theirs.node.ledger.blocks_from(from, 1).expect("readable"), WAIT_MS_MAX / 10);
        if pursuit.take(ledger, parted.now).expect("no fault of ours") == Followed::Waits {
            assert_eq!(
                node.node.ledger.certificate(from).expect("readable"),
                None,
                "nothing is taken meanwhile"
            );
            assert_eq!(take(&mut pursuit, ledger, parted.now), Followed::Taken);
            rested.push(from);
        } else if rested.is_empty() {
            assert_ne!(pursuit.plan(ledger).expect("readable"), Plan::REST, "worked blocks need no rest");
        }
    }
    assert_eq!((node.node.end(), rested), (end, vec![parted.last]), "from the first on");
    assert_eq!(pursuit.plan(ledger).expect("readable"), Plan::REST, "more may come");
    pursuit.leave();
    assert_eq!(pursuit.plan(ledger).expect("readable"), ledger.plan().expect("readable"));
    assert!(ledger.plan().expect("readable").committee);
}
