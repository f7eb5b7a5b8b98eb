//! The pool against a model: what is admitted, in which order it leaves, what a bound drops.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_primitives::{Signature, TxKind, U256};
use polity_primitives::Transaction;
use proptest::prelude::*;

use super::*;

fn tx(sender: u8, nonce: u64, tip: u128, fee: u128) -> RecoveredTransaction {
    let tx = TxEip1559 {
        chain_id: 7,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: fee,
        max_priority_fee_per_gas: tip,
        to: TxKind::Call(Address::repeat_byte(9)),
        value: U256::from(sender),
        ..TxEip1559::default()
    };
    let transaction = Transaction::Signed(TxEnvelope::from(tx.into_signed(Signature::test_signature())));
    RecoveredTransaction { hash: transaction.hash(), sender: Address::repeat_byte(sender), transaction }
}

fn next(base_fee: u64) -> NextBlock {
    NextBlock { number: 10, timestamp_secs: 1_000, base_fee }
}

fn order(pool: &Mempool, next: NextBlock) -> Vec<(u8, u64)> {
    pool.best(next).map(|e| (e.transaction.sender[0], e.transaction.nonce())).collect()
}

fn insert(pool: &Mempool, sender: u8, nonce: u64, tip: u128) -> Result<Inserted, Rejected> {
    pool.insert(tx(sender, nonce, tip, 100), Condition::default(), 0)
}

#[test]
fn better_tips_first_then_first_come_and_nonces_in_order() {
    let pool = Mempool::default();
    for (sender, nonce, tip) in [(1, 0, 5), (1, 1, 50), (2, 0, 7), (3, 0, 5), (3, 2, 9)] {
        insert(&pool, sender, nonce, tip).expect("fits");
    }
    assert_eq!(order(&pool, next(0)), [(2, 0), (1, 0), (1, 1), (3, 0)]);
    assert_eq!(pool.status(), Status { pending: 4, queued: 1 });
    insert(&pool, 3, 1, 1).expect("closes the gap");
    assert_eq!(pool.status(), Status { pending: 6, queued: 0 });
    assert_eq!(pool.next_nonce(&Address::repeat_byte(3), 0), 3);
}

#[test]
fn a_replacement_must_pay_a_tenth_more() {
    let pool = Mempool::default();
    let first = pool.insert(tx(1, 0, 10, 100), Condition::default(), 0).expect("first");
    assert_eq!(pool.insert(tx(1, 0, 10, 100), Condition::default(), 0), Err(Rejected::AlreadyKnown));
    assert_eq!(pool.insert(tx(1, 0, 10, 120), Condition::default(), 0), Err(Rejected::Underpriced));
    assert_eq!(pool.insert(tx(1, 0, 12, 105), Condition::default(), 0), Err(Rejected::Underpriced));
    let second = pool.insert(tx(1, 0, 11, 110), Condition::default(), 0).expect("dearer");
    assert_eq!(second.replaced, Some(first.hash));
    assert!(pool.get(&first.hash).is_none());
    assert_eq!(pool.status(), Status { pending: 1, queued: 0 });
}

#[test]
fn a_free_transaction_is_not_replaced_for_nothing() {
    let pool = Mempool::default();
    pool.insert(tx(1, 0, 0, 0), Condition::default(), 0).expect("first");
    let mut other = tx(1, 0, 0, 0);
    other.hash = B256::repeat_byte(1);
    assert_eq!(pool.insert(other, Condition::default(), 0), Err(Rejected::Underpriced));
}

#[test]
fn conditions_hold_back_and_expire() {
    let pool = Mempool::default();
    let later = Condition { timestamp_min: Some(2_000), ..Condition::default() };
    let until = Condition { block_number_max: Some(10), ..Condition::default() };
    pool.insert(tx(1, 0, 0, 0), later, 0).expect("waits");
    pool.insert(tx(2, 0, 0, 0), until, 0).expect("in time");
    assert_eq!(order(&pool, next(0)), [(2, 0)]);
    assert!(pool.has_executable(&next(0)));
    let after = NextBlock { number: 11, timestamp_secs: 2_000, base_fee: 0 };
    assert_eq!(order(&pool, after), [(1, 0)]);
    assert_eq!(pool.status(), Status { pending: 1, queued: 0 }, "the missed one is gone");
}

#[test]
fn a_condition_must_be_within_reach() {
    use limits::{CONDITION_AHEAD_BLOCKS_MAX as BLOCKS, CONDITION_AHEAD_SECS_MAX as SECS};
    let check = |number: [Option<u64>; 2], time: [Option<u64>; 2]| {
        let condition = Condition {
            block_number_min: number[0],
            block_number_max: number[1],
            timestamp_min: time[0],
            timestamp_max: time[1],
        };
        condition.check(&next(0))
    };
    let none = [None, None];
    let (missed, far) = (Err(Rejected::ConditionMissed), Err(Rejected::ConditionTooFar));
    for (number, time, expected) in [
        (none, none, Ok(())),
        ([Some(10 + BLOCKS), None], [Some(1_000 + SECS), None], Ok(())),
        ([Some(11 + BLOCKS), None], none, far.clone()),
        (none, [Some(1_001 + SECS), None], far.clone()),
        (none, [Some(u64::MAX), None], far),
        (none, [None, Some(u64::MAX)], Ok(())),
        ([None, Some(9)], none, missed.clone()),
        (none, [None, Some(999)], missed.clone()),
        ([Some(12), Some(11)], none, missed.clone()),
        (none, [Some(3_000), Some(2_999)], missed),
    ] {
        assert_eq!(check(number, time), expected, "{number:?} {time:?}");
    }
}

/// Someone who waits on a condition may change their mind for nothing, once; and does not keep others out.
#[test]
fn what_waits_on_a_condition_holds_nobody_up() {
    let pool = Mempool::default();
    let later = Condition { timestamp_min: Some(2_000), ..Condition::default() };
    let held = pool.insert(tx(1, 0, 0, 0), later, 0).expect("waits");
    insert(&pool, 1, 1, 0).expect("waits behind it");
    assert_eq!(order(&pool, next(0)), []);
    let mut other = tx(1, 0, 0, 0);
    other.hash = B256::repeat_byte(1);
    assert_eq!(pool.insert(other.clone(), later, 0), Err(Rejected::Underpriced), "to wait again costs");
    let replaced = pool.insert(other, Condition::default(), 0).expect("whatever it pays").replaced;
    assert_eq!(replaced, Some(held.hash));
    assert_eq!(order(&pool, next(0)), [(1, 0), (1, 1)]);

    // Full of conditions and nothing else.
    let mut pool = Pool::default();
    for i in 0..limits::TRANSACTIONS_MAX {
        let mut waiting = tx(1, 0, 0, 0);
        let word = U256::from(i);
        (waiting.hash, waiting.sender) = (B256::from(word), Address::from_word(B256::from(word)));
        pool.insert(waiting, later, 0).expect("fits");
    }
    let mut late = tx(1, 0, 0, 0);
    late.hash = B256::repeat_byte(2);
    assert_eq!(pool.insert(late.clone(), later, 0).err(), Some(Rejected::Full));
    assert!(pool.insert(late, Condition::default(), 0).is_ok(), "one that waits makes room");
}

#[test]
fn a_base_fee_above_the_cap_holds_back() {
    let pool = Mempool::default();
    insert(&pool, 1, 0, 1).expect("fits");
    assert_eq!(order(&pool, next(101)), []);
    assert!(!pool.has_executable(&next(101)));
    assert_eq!(order(&pool, next(99)), [(1, 0)]);
}

#[test]
fn skipping_a_sender_drops_the_rest_of_it() {
    let pool = Mempool::default();
    for nonce in 0..3 {
        insert(&pool, 1, nonce, 9).expect("fits");
    }
    insert(&pool, 2, 0, 1).expect("fits");
    let mut best = pool.best(next(0));
    assert_eq!(best.next().map(|e| e.transaction.nonce()), Some(0));
    best.skip_sender();
    assert_eq!(best.next().map(|e| e.transaction.sender[0]), Some(2));
    assert!(best.next().is_none());
}

#[test]
fn admission_says_what_is_wrong() {
    let rules = AdmissionRules { chain_id: 7, gas_limit_max: 30_000, free: false };
    let rich =
        AccountView { nonce: 1, balance: U256::from(10_000_000u64), has_code: false, may_transact: true };
    let check =
        |tx: RecoveredTransaction, account: &AccountView, rules: &AdmissionRules| check(&tx, rules, account);
    assert_eq!(check(tx(1, 1, 1, 100), &rich, &rules), Ok(()));
    assert_eq!(check(tx(1, 0, 1, 100), &rich, &rules), Err(Rejected::NonceTooLow { account: 1, tx: 0 }));
    assert!(matches!(check(tx(1, 9_999, 1, 100), &rich, &rules), Err(Rejected::NonceTooHigh { .. })));
    assert_eq!(check(tx(1, 1, 101, 100), &rich, &rules), Err(Rejected::TipAboveFee));
    assert!(matches!(check(tx(1, 1, 1, 1_000), &rich, &rules), Err(Rejected::Funds { .. })));
    let free = AdmissionRules { free: true, ..rules };
    assert_eq!(check(tx(1, 1, 1, 1_000), &rich, &free), Ok(()), "an offer that is not taken");
    let other = AdmissionRules { chain_id: 8, ..rules };
    assert!(matches!(check(tx(1, 1, 1, 100), &rich, &other), Err(Rejected::ChainId { .. })));
    let small = AdmissionRules { gas_limit_max: 20_000, ..rules };
    assert!(matches!(check(tx(1, 1, 1, 100), &rich, &small), Err(Rejected::GasLimit { .. })));
    let barred = AccountView { may_transact: false, ..rich };
    assert!(matches!(check(tx(1, 1, 1, 100), &barred, &rules), Err(Rejected::NoRight(_))));
    let contract = AccountView { has_code: true, ..rich };
    assert_eq!(check(tx(1, 1, 1, 100), &contract, &rules), Err(Rejected::SenderHasCode));
}

#[test]
fn a_transaction_that_comes_after_the_word_of_its_predecessors_block_is_not_stuck() {
    let pool = Mempool::default();
    insert(&pool, 1, 0, 1).expect("fits");
    pool.committed([(Address::repeat_byte(1), 0)]);
    // Its sender was looked up before that block: the pool has forgotten the account meanwhile.
    insert(&pool, 1, 1, 1).expect("fits");
    assert_eq!(order(&pool, next(0)), [], "it waits for nonce 0");
    pool.advance(&Address::repeat_byte(1), 1);
    assert_eq!(order(&pool, next(0)), [(1, 1)]);
}

proptest! {
    /// Whatever happens, the counters agree with the content, and what leaves is gapless and ordered per sender.
    #[test]
    fn counters_and_order_agree_with_the_content(
        steps in prop::collection::vec((0u8..4, 0u64..6, 0u128..20, 0u8..4), 1..80),
    ) {
        let pool = Mempool::default();
        let mut nonces = [0u64; 4];
        for (sender, nonce, tip, action) in steps {
            let at = usize::from(sender);
            match action {
                0 => {
                    nonces[at] = nonces[at].max(nonce);
                    if nonce > 0 {
                        pool.committed([(Address::repeat_byte(sender), nonce - 1)]);
                    }
                }
                1 => {
                    let hash = pool.content_from(&Address::repeat_byte(sender))
                        .and_then(|c| c.pending.first().map(|e| e.transaction.hash));
                    pool.remove(&hash.into_iter().collect::<Vec<_>>());
                }
                _ => { let _ = pool.insert(tx(sender, nonce, tip, 100), Condition::default(), nonces[at]); }
            }
            let content = pool.content();
            let pending: usize = content.iter().map(|c| c.pending.len()).sum();
            let queued: usize = content.iter().map(|c| c.queued.len()).sum();
            prop_assert_eq!(pool.status(), Status { pending, queued });
            let taken = order(&pool, next(0));
            prop_assert_eq!(taken.len(), pending);
            for sender in 0..4u8 {
                let mine: Vec<u64> = taken.iter().filter(|t| t.0 == sender).map(|t| t.1).collect();
                prop_assert!(mine.windows(2).all(|w| w[1] == w[0] + 1), "gapless: {:?}", mine);
            }
        }
    }
}
