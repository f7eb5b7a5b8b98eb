//! The queue against a sorted list, and its cost.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::storage::Place;

/// Storage that counts what is done to it.
#[derive(Default)]
struct Words {
    slots: BTreeMap<U256, U256>,
    touched: u64,
}

impl Read for Words {
    type Error = core::convert::Infallible;
    fn read(&mut self, slot: U256) -> Result<U256, Self::Error> {
        self.touched += 1;
        Ok(self.slots.get(&slot).copied().unwrap_or_default())
    }
}

impl Write for Words {
    fn write(&mut self, slot: U256, value: U256) -> Result<(), Self::Error> {
        self.touched += 1;
        if value.is_zero() {
            self.slots.remove(&slot);
        } else {
            self.slots.insert(slot, value);
        }
        Ok(())
    }
}

fn agenda() -> Agenda {
    Agenda::place(U256::from(7))
}

fn block(height: u64, timestamp_secs: u64) -> BlockInfo {
    BlockInfo { height, timestamp_secs, chain_id: 1, ..BlockInfo::default() }
}

#[test]
fn due_survives_its_number() {
    for due in [
        Due::EnterIntoForce(0),
        Due::Conclude(1),
        Due::Turn(2),
        Due::Release(3),
        Due::Enact((1 << NUMBER_BITS) - 1),
    ] {
        assert_eq!(Due::from_number(due.to_number()), Some(due));
    }
    assert_eq!(Due::from_number(0), None);
}

#[test]
fn nothing_happens_in_the_block_that_schedules_it() {
    let (mut w, agenda) = (Words::default(), agenda());
    agenda.schedule(&mut w, &block(5, 100), Due::Enact(1), 0).unwrap();
    let top = agenda.top(&mut w).unwrap().unwrap();
    assert_eq!(top.at_secs, 100, "not before the block that schedules it");
    assert!(!top.is_due(&block(5, 100)));
    assert!(top.is_due(&block(6, 100)), "blocks may share a second");
    assert!(!agenda.take(&mut w, &block(5, 100), Due::Enact(1)).unwrap());
    assert!(!agenda.take(&mut w, &block(6, 100), Due::Enact(2)).unwrap(), "another entry");
    assert!(agenda.take(&mut w, &block(6, 100), Due::Enact(1)).unwrap());
    assert_eq!(agenda.top(&mut w).unwrap(), None);
}

#[test]
fn what_is_scheduled_meanwhile_never_comes_before_the_top() {
    let (mut w, agenda) = (Words::default(), agenda());
    agenda.schedule(&mut w, &block(1, 50), Due::Enact(1), 60).unwrap();
    agenda.schedule(&mut w, &block(2, 60), Due::Conclude(2), 0).unwrap();
    assert_eq!(agenda.top(&mut w).unwrap().unwrap().due, Due::Enact(1));
    assert!(!agenda.take_top(&mut w, &block(3, 60), Due::Conclude(2)).unwrap(), "due, but not on top");
    assert!(agenda.take_top(&mut w, &block(3, 60), Due::Enact(1)).unwrap());
    assert!(agenda.take_top(&mut w, &block(3, 60), Due::Conclude(2)).unwrap());
}

#[test]
fn empty_queue_leaves_only_its_counter() {
    let (mut w, agenda) = (Words::default(), agenda());
    for id in 0..50 {
        agenda.schedule(&mut w, &block(1, 0), Due::Conclude(id), 1000 - id).unwrap();
    }
    for id in 0..50 {
        assert!(agenda.cancel(&mut w, Due::Conclude(id)).unwrap());
        assert!(!agenda.cancel(&mut w, Due::Conclude(id)).unwrap());
    }
    assert_eq!(w.slots.len(), 1, "only the sequence counter is left: {:?}", w.slots);
}

#[test]
fn cost_grows_with_the_logarithm() {
    let (mut w, agenda) = (Words::default(), agenda());
    for id in 0..4096 {
        agenda.schedule(&mut w, &block(1, 0), Due::Conclude(id), 10_000 + id).unwrap();
    }
    w.touched = 0;
    agenda.top(&mut w).unwrap();
    assert_eq!(w.touched, 2);
    w.touched = 0;
    agenda.schedule(&mut w, &block(1, 0), Due::Enact(1), 0).unwrap();
    agenda.cancel(&mut w, Due::Enact(1)).unwrap();
    assert!(w.touched < 13 * 10, "{} slots touched at 4096 entries", w.touched);
}

/// One random deed.
#[derive(Clone, Debug)]
enum Deed {
    Schedule(u64, u64),
    Cancel(u64),
    Pop,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (0u64..40, 0u64..30).prop_map(|(id, at)| Deed::Schedule(id, at)),
        1 => (0u64..40).prop_map(Deed::Cancel),
        2 => Just(Deed::Pop),
    ]
}

proptest! {
    #[test]
    fn pops_in_due_order_and_then_in_order_of_scheduling(deeds in prop::collection::vec(deed(), 1..200)) {
        let (mut w, agenda) = (Words::default(), agenda());
        let now = block(1, 0);
        let later = block(2, u64::MAX);
        // (time, order of scheduling, id)
        let mut model: Vec<(u64, usize, u64)> = Vec::new();
        for (order, deed) in deeds.into_iter().enumerate() {
            match deed {
                Deed::Schedule(id, at) => {
                    model.retain(|entry| entry.2 != id);
                    model.push((at, order, id));
                    agenda.schedule(&mut w, &now, Due::Conclude(id), at).unwrap();
                }
                Deed::Cancel(id) => {
                    let before = model.len();
                    model.retain(|entry| entry.2 != id);
                    prop_assert_eq!(agenda.cancel(&mut w, Due::Conclude(id)).unwrap(), model.len() < before);
                }
                Deed::Pop => {
                    model.sort_unstable();
                    let top = agenda.top(&mut w).unwrap().map(|entry| (entry.at_secs, entry.due));
                    prop_assert_eq!(top, model.first().map(|e| (e.0, Due::Conclude(e.2))));
                    if let Some((_, due)) = top {
                        prop_assert!(agenda.take(&mut w, &later, due).unwrap());
                        model.remove(0);
                    }
                }
            }
            prop_assert_eq!(agenda.len(&mut w).unwrap(), model.len() as u64);
        }
        model.sort_unstable();
        let all: Vec<_> = agenda.all(&mut w).unwrap().into_iter().map(|e| (e.at_secs, e.due)).collect();
        prop_assert_eq!(all, model.iter().map(|e| (e.0, Due::Conclude(e.2))).collect::<Vec<_>>());
        for (at, _, id) in &model {
            prop_assert_eq!(agenda.scheduled(&mut w, Due::Conclude(*id)).unwrap(), Some(*at));
        }
    }
}
