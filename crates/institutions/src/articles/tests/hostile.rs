//! Those who call what is not theirs, or not due.

use polity_primitives::{AGREEMENT, ASSEMBLY, REGISTRY};

use super::*;

#[test]
fn nobody_judges_but_the_chain_and_only_when_it_is_due() {
    let rest = "every = \"30d\"\nnotice = \"7d\"\nwhen = \"true\"\nthen = [{ standing = \"-1\" }]";
    let mut chain = scene(&of_states("a", rest));
    let zero = U256::ZERO;
    for number in [zero, U256::from(1), U256::from(1u64 << 56), U256::MAX] {
        let judge = refused(&mut chain, SYSTEM, &sol::judgeCall { number });
        let give_up = refused(&mut chain, SYSTEM, &sol::giveUpCall { number });
        assert_eq!((judge.as_str(), give_up.as_str()), ("NotDue", "NotDue"), "{number}");
    }
    chain.run(29 * DAY);
    chain.next(30 * DAY);
    let one = U256::from(1);
    for who in [holder("AAA"), AGREEMENT, ASSEMBLY, REGISTRY, CONSTITUTION, ARTICLES, Address::ZERO] {
        let calls = [
            refused(&mut chain, who, &sol::judgeCall { number: zero }),
            refused(&mut chain, who, &sol::giveUpCall { number: zero }),
            refused(&mut chain, who, &sol::concludeCall { id: one }),
        ];
        assert_eq!(calls, ["NotBySystem"; 3], "{who}");
        if who != AGREEMENT {
            let calls = [
                refused(&mut chain, who, &sol::upholdCall { id: one }),
                refused(&mut chain, who, &sol::dismissCall { id: one }),
            ];
            assert_eq!(calls, ["NotByDecision"; 2], "{who}");
        }
    }
    for id in [U256::ZERO, U256::from(6), U256::from(1u64 << 56), U256::MAX] {
        let uphold = refused(&mut chain, AGREEMENT, &sol::upholdCall { id });
        let conclude = refused(&mut chain, SYSTEM, &sol::concludeCall { id });
        assert_eq!((uphold.as_str(), conclude.as_str()), ("UnknownSettlement", "UnknownSettlement"), "{id}");
    }
    assert!(send(&mut chain, SYSTEM, &sol::judgeCall { number: zero }).is_ok(), "is due");
    assert!(send(&mut chain, SYSTEM, &sol::concludeCall { id: one }).is_ok(), "is due");
    let again = refused(&mut chain, SYSTEM, &sol::concludeCall { id: one });
    assert_eq!(again, "NotDue");
}

#[test]
fn too_many_articles_are_refused() {
    let mut chain = scene("");
    let json = |id: u64| {
        format!(
            r#"{{"id":"a{id}","text":"x","for":"true","every":"1y","let":{{}},"when":"true","then":[{{"notify":"x"}}],"notice":null}}"#
        )
    };
    let mut write = |id: u64| {
        let article = Article::from_json(&json(id)).unwrap_or_else(|error| panic!("{error}"));
        inside(&mut chain.memory, ARTICLES, |cx| write_article(cx, &article)).is_ok()
    };
    assert!((0..ARTICLES_MAX).all(&mut write));
    assert!(!write(ARTICLES_MAX), "one more");
    assert!(write(0), "the same again");
}

/// Removed articles are remembered, so even those who decide cannot make the list endless.
#[test]
fn the_list_of_articles_ends() {
    let mut chain = scene("");
    let mut last = true;
    for id in 0..=ARTICLES_EVER_MAX {
        let json = format!(
            r#"{{"id":"a{id}","text":"x","for":"true","every":"1y","let":{{}},"when":"true","then":[{{"notify":"x"}}],"notice":null}}"#
        );
        let article = Article::from_json(&json).unwrap_or_else(|error| panic!("{error}"));
        last = inside(&mut chain.memory, ARTICLES, |cx| {
            write_article(cx, &article)?;
            remove_article(cx, &article.id)
        })
        .is_ok();
        assert_eq!(last, id < ARTICLES_EVER_MAX, "{id}");
    }
    assert!(!last);
    assert_eq!(articles(&chain.memory).len() as u64, ARTICLES_EVER_MAX);
}
