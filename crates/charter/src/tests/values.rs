//! Amounts, durations, dates, rights and ids by themselves.

use polity_primitives::U256;
use proptest::prelude::*;

use crate::{
    Date, Kind, Language, Rights, Text, amount_text, duration_text, is_id, parse_amount_wei,
    parse_duration_ms,
};

#[test]
fn amounts_within_a_text_are_said_in_units() {
    for (text, said) in [
        (
            "the pledge of 1001000000000000000000 wei (the most is 0 wei)",
            "the pledge of 1001 CARE (the most is 0 CARE)",
        ),
        ("wei, 3 weigh, no wei", "wei, 3 weigh, no wei"),
        ("500000000000000000 wei", "0.5 CARE"),
    ] {
        assert_eq!(crate::in_units(text, "CARE"), said);
        assert_eq!(crate::in_units(text, ""), text);
    }
}

#[test]
fn amounts_are_exact() {
    for (text, wei) in [
        ("0", Some(0)),
        ("1", Some(1_000_000_000_000_000_000)),
        ("1.5", Some(1_500_000_000_000_000_000)),
        ("0.000000000000000001", Some(1)),
        ("1 gwei", Some(1_000_000_000)),
        ("1.5 gwei", Some(1_500_000_000)),
        ("100 wei", Some(100)),
        ("340282366920938463463.374607431768211455", Some(u128::MAX)),
        ("340282366920938463463.374607431768211456", None),
        ("1.5 wei", None),
        ("0.0000000000000000001", None),
        ("", None),
        (".5", None),
        ("5.", None),
        ("-1", None),
        ("+1", None),
        ("1e3", None),
        ("1_000", None),
        ("1 ether", None),
        ("٣", None),
    ] {
        assert_eq!(parse_amount_wei(text), wei.map(U256::from), "{text}");
    }
}

#[test]
fn durations_have_one_unit() {
    for (text, ms) in [
        ("50ms", Some(50)),
        ("2s", Some(2_000)),
        ("5m", Some(300_000)),
        ("1h", Some(3_600_000)),
        ("30d", Some(2_592_000_000)),
        ("2w", Some(1_209_600_000)),
        ("0s", Some(0)),
        ("1.5s", None),
        ("s", None),
        ("5", None),
        ("5 s", None),
        ("-5s", None),
        ("99999999999999999999s", None),
        ("9999999999999999999w", None),
        ("1h30m", None),
        ("", None),
    ] {
        assert_eq!(parse_duration_ms(text), ms, "{text}");
    }
}

#[test]
fn dates_are_days_of_the_calendar() {
    for (text, secs) in [
        ("1970-01-01", Some(0)),
        ("2016-04-22", Some(1_461_283_200)),
        ("2999-12-31", Some(32_503_593_600)),
        ("3000-01-01", None),
        ("1969-12-31", None),
        ("2016-02-30", None),
        ("2016-4-22", None),
        ("22.04.2016", None),
    ] {
        assert_eq!(Date::parse(text).map(Date::secs), secs, "{text}");
    }
    assert_eq!(Date::of_timestamp(1_461_283_200 + 86_399).to_string(), "2016-04-22");
    assert_eq!(Date(u64::MAX).to_string(), format!("@{}", u64::MAX));
}

#[test]
fn words_of_kinds_and_rights_and_their_numbers_on_chain_are_fixed() {
    let kinds = Kind::ALL.map(|kind| (kind.number(), kind.as_str()));
    let expected = ["state", "igo", "ngo", "subnational", "expert", "enterprise", "individual"];
    assert_eq!(kinds.map(|(_, word)| word), expected);
    assert_eq!(kinds.map(|(number, _)| number), [0, 1, 2, 3, 4, 5, 6]);
    for kind in Kind::ALL {
        assert_eq!(
            (Kind::from_word(kind.as_str()), Kind::from_number(kind.number())),
            (Some(kind), Some(kind))
        );
    }
    assert_eq!(Kind::from_number(7), None);
    let rights = ["read", "write", "transact", "propose", "vote", "validate", "report", "store"];
    for (bit, word) in rights.into_iter().enumerate() {
        assert_eq!(Rights::from_word(word), Some(Rights(1 << bit)), "{word}");
    }
    let some = Rights::VOTE.union(Rights::READ);
    assert_eq!(some.words().collect::<Vec<_>>(), ["read", "vote"]);
    assert!(some.contains(Rights::VOTE) && !some.contains(Rights::VOTE.union(Rights::STORE)));
    assert_eq!(some.without(Rights::VOTE), Rights::READ);
}

#[test]
fn texts_fall_back_to_english_and_then_to_anything() {
    let text = |pairs: &[(&str, &str)]| {
        Text::ByLanguage(
            pairs.iter().map(|(code, words)| ((*code).to_owned(), (*words).to_owned())).collect(),
        )
    };
    assert_eq!(text(&[("en", "River"), ("zh", "河")]).in_language(Language::Zh), "河");
    assert_eq!(text(&[("en", "River"), ("fr", "Fleuve")]).in_language(Language::Zh), "River");
    assert_eq!(text(&[("fr", "Fleuve")]).get("en"), "Fleuve");
    assert_eq!(Text::from("Rhine").get("zh"), "Rhine");
    assert!(Text::Empty.is_empty() && text(&[]).is_empty() && !Text::from("x").is_empty());
}

#[test]
fn ids_fit_a_word_of_storage() {
    for id in ["A", "node-1", "a.b_c", &"x".repeat(31)] {
        assert!(is_id(id), "{id}");
    }
    for id in ["", "a b", "é", "a/b", &"x".repeat(32)] {
        assert!(!is_id(id), "{id}");
    }
}

proptest! {
    #[test]
    fn amounts_print_and_read_back(wei in any::<u128>()) {
        prop_assert_eq!(parse_amount_wei(&amount_text(U256::from(wei))), Some(U256::from(wei)));
    }

    #[test]
    fn durations_print_and_read_back(ms in any::<u64>()) {
        let whole = ms / 1_000 * 1_000;
        prop_assert_eq!(parse_duration_ms(&duration_text(ms)), Some(ms));
        prop_assert_eq!(parse_duration_ms(&duration_text(whole)), Some(whole));
    }

    #[test]
    fn dates_print_and_read_back(day in 0u64..376_000) {
        let date = Date(day * 86_400);
        prop_assert_eq!(Date::parse(&date.to_string()), Some(date));
    }
}
