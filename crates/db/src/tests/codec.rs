//! Records round-trip, and nothing else decodes.

use std::collections::BTreeMap;

use polity_primitives::{
    Account, AccountChange, Address, B256, Height, KECCAK_EMPTY, Log, Receipt, SlotChange, StateChanges, U256,
};
use proptest::prelude::*;

use crate::{Tip, codec};

fn number() -> impl Strategy<Value = U256> {
    (any::<[u8; 32]>(), 0usize..=256)
        .prop_map(|(bytes, shift)| U256::from_be_bytes(bytes).checked_shr(shift).unwrap_or_default())
}

fn account() -> impl Strategy<Value = Account> {
    let code = prop_oneof![Just(KECCAK_EMPTY), any::<[u8; 32]>().prop_map(B256::from)];
    (prop_oneof![0u64..300, any::<u64>()], number(), code).prop_map(|(nonce, balance, code_hash)| Account {
        nonce,
        balance,
        code_hash,
    })
}

fn undo() -> impl Strategy<Value = StateChanges> {
    let slot = number().prop_map(|before| SlotChange { before, after: before });
    let change = (proptest::option::of(account()), proptest::collection::btree_map(number(), slot, 0..4))
        .prop_map(|(before, storage)| AccountChange { before, after: before, storage });
    proptest::collection::btree_map(any::<[u8; 20]>().prop_map(Address::from), change, 0..6)
        .prop_map(|accounts| StateChanges { accounts, codes: BTreeMap::new() })
}

fn receipts() -> impl Strategy<Value = Vec<Receipt>> {
    let log = (any::<[u8; 20]>(), proptest::collection::vec(any::<[u8; 32]>(), 0..5), any::<Vec<u8>>())
        .prop_map(|(address, topics, data)| {
            Log::new_unchecked(address.into(), topics.into_iter().map(B256::from).collect(), data.into())
        });
    let receipt = (any::<u8>(), any::<bool>(), any::<u64>(), proptest::collection::vec(log, 0..4)).prop_map(
        |(tx_type, success, cumulative_gas_used, logs)| Receipt {
            tx_type,
            success,
            cumulative_gas_used,
            logs,
        },
    );
    proptest::collection::vec(receipt, 0..6)
}

/// `read` accepts `bytes` as `value`, and neither less nor more than them.
fn check<T: PartialEq + std::fmt::Debug>(
    bytes: &[u8],
    value: &T,
    read: impl Fn(&[u8]) -> Result<T, codec::Reason>,
) {
    assert_eq!(read(bytes).as_ref(), Ok(value));
    assert_ne!(read(&[bytes, &[0]].concat()).as_ref(), Ok(value), "a longer record is the same");
    if let Some(shorter) = bytes.split_last().map(|(_, shorter)| shorter) {
        assert_ne!(read(shorter).as_ref(), Ok(value), "a shorter record is the same");
    }
}

proptest! {
    #[test]
    fn records_round_trip(
        account in proptest::option::of(account()), value in number(), undo in undo(), receipts in receipts(),
        senders in proptest::collection::vec(any::<[u8; 20]>().prop_map(Address::from), 0..5),
        height in any::<u64>().prop_map(Height), index in any::<u32>(), hash in any::<[u8; 32]>().prop_map(B256::from),
    ) {
        let mut bytes = Vec::new();
        codec::account(account.as_ref(), &mut bytes);
        check(&bytes, &account, codec::read_account);
        check(&codec::value(value), &value, codec::read_value);
        check(&codec::undo(&undo), &undo, codec::read_undo);
        check(&codec::receipts(&receipts), &receipts, codec::read_receipts);
        check(&codec::senders(&senders), &senders, codec::read_senders);
        check(&codec::place(height, index), &(height, index), codec::read_place);
        check(&codec::tip(&Tip { height, hash }), &Tip { height, hash }, codec::read_tip);
    }

    #[test]
    fn foreign_bytes_never_panic(bytes in any::<Vec<u8>>()) {
        let _ = (codec::read_account(&bytes), codec::read_value(&bytes), codec::read_undo(&bytes));
        let _ = (codec::read_receipts(&bytes), codec::read_senders(&bytes), codec::read_place(&bytes));
        let _ = (codec::read_tip(&bytes), codec::read_header(&bytes), codec::read_height(&bytes));
    }
}

/// A length that promises more than there is must not be allocated.
#[test]
fn counts_are_not_believed() {
    let mut bytes = u32::MAX.to_be_bytes().to_vec();
    bytes.extend([1; 21]);
    assert!(codec::read_undo(&bytes).is_err());
}
