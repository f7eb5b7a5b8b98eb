//! A node that is behind, and peers that stall, lie, or have seen another branch.

use super::{
    switch::{Story, certified},
    terminal::{Parted, parted},
    *,
};
use crate::{Followed, Pursuit, Told};

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
            Some(blocks) => match pursuit.take(ledger, &blocks, now).expect("no fault of ours") {
                Followed::Taken | Followed::Known => {}
                Followed::Apart(why) | Followed::Refused(why) => refused.push(why),
            },
        }
    }
    (asked, refused, pursuit.left().to_vec())
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
        assert_eq!(pursuit.take(ledger, &blocks, parted.now).expect("ours"), Followed::Taken);
    }
    assert_eq!((node.node.end(), pursuit.left()), (end, &["far"][..]));
    assert_eq!(Pursuit::new([("behind", end.0.0)]).next(ledger), None);
    assert_eq!(Pursuit::<&str>::new([]).next(ledger), None);
}
