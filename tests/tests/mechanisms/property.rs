//! What each charter of consensus says of itself, one line each: who sits with what weight and power, and who writes.

use polity_tests::Network;

use super::{committee::Seen, standing};

/// Heights looked at: by lot, four members come round by chance in 1 of 700,000 runs.
pub(crate) const LOOKED: u64 = 12;

type Check = fn(&Network, &Seen);

/// Equal seats: weight and power of 1.
const EQUAL: [(&str, u64, u64); 4] = [("br", 1, 1), ("de", 1, 1), ("un", 1, 1), ("wwf", 1, 1)];

pub(crate) const PROPERTIES: [(&str, Check); 11] = [
    ("membership-rotation", |_, seen| equal_in_rotation(seen)),
    ("membership-random", |_, seen| {
        assert_eq!(seen.shares(), EQUAL);
        assert!(!seen.goes_round() && seen.had_turns().len() > 1, "{:?}", seen.turns);
    }),
    // Nobody is elected: the presidency is vacant, and all take turns. `offices` elects.
    ("membership-elected", |_, seen| equal_in_rotation(seen)),
    ("membership-appointed", |_, seen| {
        assert_eq!(seen.shares(), EQUAL);
        assert_eq!(seen.had_turns(), ["un"].into(), "the first of the list leads every block");
    }),
    ("stake", |_, seen| {
        let shares = seen.shares();
        let sum: u64 = shares.iter().map(|(_, weight, _)| weight).sum();
        for ((member, weight, power), (of, bond)) in
            shares.iter().zip([("br", 250), ("de", 300), ("un", 250), ("wwf", 200)])
        {
            assert_eq!((*member, weight), (of, power), "{shares:?}");
            let thousandths = u128::from(*weight) * 1_000 / u128::from(sum);
            assert!(thousandths.abs_diff(bond) <= 1, "{member} has {thousandths} of 1000, not {bond}");
        }
        assert!(!seen.goes_round(), "{:?}", seen.turns);
    }),
    // As many seats as candidates: equal ones, whatever each has bonded. `offices` leaves one out.
    ("delegation", |_, seen| equal_in_rotation(seen)),
    ("pledge", |network, seen| {
        equal_in_rotation(seen);
        assert_eq!(network.refused("de", &["unbond", "1"]), "BelowPledge");
    }),
    ("standing", |network, seen| {
        equal_in_rotation(seen);
        for member in ["br", "de", "un", "wwf"] {
            let stands = standing(network, member);
            let number = |key: &str| stands[key].as_i64().unwrap_or_else(|| panic!("no {key}: {stands}"));
            let score = 10 + number("written") - 5 * number("missed");
            assert_eq!(number("score"), score.min(50), "{stands}");
        }
    }),
    ("verification-delegates", |_, seen| equal_in_rotation(seen)),
    ("verification-supervisors", |_, seen| {
        assert_eq!(seen.shares(), [("br", 1, 0), ("de", 1, 0), ("un", 1, 1), ("wwf", 1, 1)]);
        assert_eq!((seen.had_turns().len(), seen.goes_round()), (4, true), "{:?}", seen.turns);
    }),
    ("work", |network, seen| {
        assert_eq!(seen.shares(), EQUAL);
        let height = |tag: &str| {
            let block = network.rpc().call("eth_getBlockByNumber", serde_json::json!([tag, false]));
            polity_tests::quantity(&block["number"]).expect("a height")
        };
        let finalized = height("finalized");
        assert!(finalized + 8 <= height("latest"), "a block is final under eight others");
    }),
];

fn equal_in_rotation(seen: &Seen) {
    assert_eq!(seen.shares(), EQUAL);
    assert_eq!((seen.had_turns().len(), seen.goes_round()), (4, true), "{:?}", seen.turns);
}

/// Asserts what the charter `name` says of itself.
pub(crate) fn check(network: &Network, name: &str, tip: u64) {
    let seen = Seen::of(network, tip + 1 - LOOKED, tip);
    let (_, property) = PROPERTIES.iter().find(|(known, _)| *known == name).expect("a property");
    property(network, &seen);
    assert!(name == "work" || seen.follows(), "{name}: {:?}, not {:?}", seen.writers, seen.turns);
}
