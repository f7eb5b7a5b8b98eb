//! The laws every institution owes.

use polity_primitives::AGREEMENT;

use super::*;
use crate::{
    laws::{Example, laws},
    memory::Memory,
};

/// Settlement 1 is about AAA and due; settlement 4 is about AAA and can be objected to; the period of article 2 is over.
fn world() -> Memory {
    let then = "when = \"true\"\nthen = [{ standing = \"-1\" }]";
    let mut chain = scene(
        &[
            of_states("due", &format!("every = \"30d\"\nnotice = \"7d\"\n{then}")),
            of_states("open", &format!("every = \"30d\"\nnotice = \"60d\"\n{then}")),
            of_states("over", &format!("every = \"36d\"\n{then}")),
        ]
        .concat(),
    );
    chain.run(29 * DAY);
    assert_eq!(settled(&chain).len(), 10, "two articles, five states");
    chain.next(7 * DAY);
    chain.memory
}

fn examples() -> Vec<Example> {
    let id = U256::from(4);
    vec![
        Example::new(holder("AAA"), ARTICLES, &sol::objectCall { id, reason: "I was there".into() }),
        Example::new(AGREEMENT, ARTICLES, &sol::upholdCall { id }),
        Example::new(AGREEMENT, ARTICLES, &sol::dismissCall { id }),
        Example::new(SYSTEM, ARTICLES, &sol::judgeCall { number: U256::from(2) }),
        Example::new(SYSTEM, ARTICLES, &sol::giveUpCall { number: U256::from(2) }),
        Example::new(SYSTEM, ARTICLES, &sol::concludeCall { id: U256::from(1) }),
        Example::new(SYSTEM, ARTICLES, &sol::stallCall { id: U256::from(1) }),
        Example::new(Address::ZERO, ARTICLES, &sol::articleCall { id: word("over") }),
        Example::new(Address::ZERO, ARTICLES, &sol::articlesCall {}),
        Example::new(Address::ZERO, ARTICLES, &sol::textCall { hash: B256::ZERO }),
        Example::new(Address::ZERO, ARTICLES, &sol::settlementCall { id }),
        Example::new(Address::ZERO, ARTICLES, &sol::settlementCountCall {}),
    ]
}

laws!(ARTICLES, world, examples);
