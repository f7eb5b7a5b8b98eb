//! The tree of recent layers.

use alloy_primitives::B256;
use polity_primitives::Height;
use proptest::prelude::*;

use crate::{LAYERS_MAX, Layers, LayersError, Route};

fn hash(i: u64) -> B256 {
    B256::left_padding_from(&i.to_be_bytes())
}

/// ```text
/// 1 - 2 - 3 - 4
///      \- 5 - 6
///  \- 7
/// ```
fn tree() -> Layers<u64> {
    let mut layers = Layers::new(hash(1), Height(10), 1);
    for (parent, child, height) in [(1, 2, 11), (2, 3, 12), (3, 4, 13), (2, 5, 12), (5, 6, 13), (1, 7, 11)] {
        layers.insert(hash(parent), hash(child), Height(height), child).expect("fits");
    }
    layers
}

#[test]
fn finalizing_keeps_what_descends() {
    let mut layers = tree();
    assert_eq!(layers.finalize(&hash(9)), Err(LayersError::Unknown(hash(9))));
    layers.finalize(&hash(2)).expect("known");
    assert_eq!(layers.root(), hash(2));
    let kept: Vec<u64> = (1..9).filter(|i| layers.get(&hash(*i)).is_some()).collect();
    assert_eq!(kept, [2, 3, 4, 5, 6]);
    layers.finalize(&hash(6)).expect("two at once");
    assert_eq!(layers.len(), 1);
    assert_eq!(layers.height(&hash(6)), Some(Height(13)));
    assert_eq!(layers.insert(hash(3), hash(8), Height(13), 8), Err(LayersError::Unknown(hash(3))));
}

#[test]
fn a_child_is_one_higher() {
    let mut layers = tree();
    let expected = LayersError::Height { height: Height(12), parent: Height(10) };
    assert_eq!(layers.insert(hash(1), hash(8), Height(12), 8), Err(expected));
    assert_eq!(layers.insert(hash(1), hash(7), Height(11), 99), Ok(None), "known already");
    assert_eq!(layers.get(&hash(7)), Some(&7));
}

#[test]
fn routes_go_through_the_common_ancestor() {
    let layers = tree();
    let check = |from, to, undo: &[u64], apply: &[u64]| {
        let of = |ids: &[u64]| ids.iter().map(|i| hash(*i)).collect();
        assert_eq!(
            layers.route(&hash(from), &hash(to)),
            Ok(Route { undo: of(undo), apply: of(apply) }),
            "{from}-{to}"
        );
    };
    check(4, 6, &[4, 3], &[5, 6]);
    check(4, 7, &[4, 3, 2], &[7]);
    check(1, 4, &[], &[2, 3, 4]);
    check(4, 1, &[4, 3, 2], &[]);
    check(5, 5, &[], &[]);
    assert_eq!(layers.route(&hash(4), &hash(9)), Err(LayersError::Unknown(hash(9))));
}

#[test]
fn a_full_tree_forgets_its_oldest_tip() {
    let mut layers = Layers::new(hash(0), Height(0), 0);
    let max = u64::try_from(LAYERS_MAX).expect("small");
    for i in 1..max {
        layers.insert(hash(0), hash(i), Height(1), i).expect("fits");
    }
    layers.pin(hash(2));
    let forgotten = layers.insert(hash(1), hash(max), Height(2), max).expect("makes room");
    assert_eq!((layers.len(), forgotten), (LAYERS_MAX, Some(hash(3))));
    assert!(layers.get(&hash(1)).is_some(), "the parent of the new one stays");
    assert!(layers.get(&hash(2)).is_some(), "the pinned tip too");
    assert!(layers.get(&hash(3)).is_none(), "the oldest other goes");
}

#[test]
fn a_full_chain_must_finalize() {
    let mut layers = Layers::new(hash(0), Height(0), 0);
    let max = u64::try_from(LAYERS_MAX).expect("small");
    for i in 1..max {
        layers.insert(hash(i - 1), hash(i), Height(i), i).expect("fits");
    }
    assert_eq!(layers.insert(hash(max - 1), hash(max), Height(max), max), Err(LayersError::Full));
    layers.finalize(&hash(1)).expect("known");
    layers.insert(hash(max - 1), hash(max), Height(max), max).expect("room again");
}

#[test]
fn a_trail_is_read_from_below() {
    let layers = tree();
    assert_eq!(layers.trail(&hash(6)), Some(vec![&2, &5, &6]));
    assert_eq!(layers.trail(&hash(1)), Some(vec![]));
    assert_eq!(layers.trail(&hash(9)), None);
}

proptest! {
    #[test]
    fn any_tree_stays_bounded_and_connected(parents in proptest::collection::vec(any::<prop::sample::Index>(), 1..700)) {
        let mut layers = Layers::new(hash(0), Height(0), 0u64);
        let mut known = vec![(hash(0), Height(0))];
        for (i, parent) in (1u64..).zip(&parents) {
            let (parent, height) = *parent.get(&known);
            if layers.insert(parent, hash(i), height.next(), i).is_ok() {
                known.push((hash(i), height.next()));
            }
            if i % 40 == 0 {
                let (target, _) = known[known.len() / 2];
                if layers.finalize(&target).is_ok() {
                    prop_assert_eq!(layers.root(), target);
                }
            }
            known.retain(|(at, _)| layers.get(at).is_some());
            prop_assert!(layers.len() <= LAYERS_MAX);
            prop_assert_eq!(layers.len(), known.len());
            for (at, _) in &known {
                prop_assert!(layers.descends(at, &layers.root()), "an orphan stayed");
            }
        }
    }
}
