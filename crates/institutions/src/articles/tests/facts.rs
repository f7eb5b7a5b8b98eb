//! Every fact of the table is answered, with the type it promises.

use polity_charter::FACTS;
use polity_clause::{Type, Value};

use super::*;

/// What is asked of BBB in the scene below, and the answer.
const ANSWERS: [(&str, &str); 17] = [
    ("id", "BBB"),
    ("kind", "state"),
    ("classes", "['rich', 'small']"),
    ("rights", "['read', 'write', 'transact', 'propose', 'vote', 'validate']"),
    ("suspended", "false"),
    ("member", "member"),
    ("period", "period"),
    ("today", "18292"),
    ("date('2020-01-31')", "18292"),
    ("number(period)", "1"),
    ("weight('share', member)", "1.5"),
    ("standing(member)", "10"),
    ("bonded(member)", "2.5"),
    ("written(member, period)", "2"),
    ("missed(member, period)", "1"),
    ("deposited('accord', member)", "true"),
    ("in_force('accord', member)", "false"),
];

/// A clause that is true whatever the fact `name` gives.
fn clause(ask: &str, gives: Type) -> String {
    match gives {
        Type::Bool => format!("{ask} || true"),
        Type::Number => format!("{ask} >= {ask}"),
        Type::Text => format!("{ask} == {ask}"),
        Type::Texts => format!("'{}' in {ask} || true", if ask == "rights" { "vote" } else { "rich" }),
        Type::Member => "standing(member) >= standing(member)".into(),
        Type::Period => "number(period) >= 1".into(),
    }
}

#[test]
fn every_fact_is_answered() {
    let names: Vec<_> = ANSWERS.iter().map(|(ask, _)| ask.split('(').next().expect("a name")).collect();
    assert_eq!(names, FACTS.iter().map(|fact| fact.name).collect::<Vec<_>>(), "one line for each");
    let articles: String = FACTS
        .iter()
        .zip(ANSWERS)
        .map(|(fact, (ask, _))| {
            let when = clause(ask, fact.gives);
            let then = "then = [{ notify = \"asked\" }]";
            format!(
                "[articles.x-{}]\ntext = \"x\"\nfor = \"id == 'BBB'\"\nevery = \"30d\"\nwhen = \"{when}\"\n{then}\n",
                fact.name.replace('_', "-")
            )
        })
        .collect();
    let text = charter().replace("standing = {", "pledge = \"1\", standing = {").replace(
        "BBB = { name = \"Beland\", kind = \"state\",",
        "BBB = { name = \"Beland\", kind = \"state\", classes = [\"rich\", \"small\"], bond = \"2.5\",",
    );
    let mut chain = Chain::new(&(text + &articles));
    let call = crate::assembly::IAssembly::depositCall { treaty: word("accord") };
    chain.call(holder("BBB"), polity_primitives::ASSEMBLY, &call).result.expect("deposits");
    block(&mut chain, DAY, "BBB", &[]);
    block(&mut chain, DAY, "AAA", &["BBB"]);
    block(&mut chain, DAY, "BBB", &[]);
    let left = 30 * DAY - 4 * DAY;
    block(&mut chain, left, "CCC", &[]);
    for (number, (fact, (ask, is))) in (1..).zip(FACTS.iter().zip(ANSWERS)) {
        let account = account_of(&chain, number);
        let (id, kind) = (&account.facts[0], &account.facts);
        assert_eq!((id.ask.as_str(), id.is.as_deref()), ("id", Some("BBB")));
        if matches!(fact.gives, Type::Member | Type::Period) {
            continue;
        }
        let found = kind.iter().find(|found| found.ask == ask);
        assert_eq!(found.and_then(|found| found.is.as_deref()), Some(is), "{ask}");
        assert_eq!(Value::read(is, fact.gives).map(|value| value.kind()), Ok(fact.gives), "{ask}");
    }
    assert_eq!(settled(&chain).len(), FACTS.len());
}

/// A chain of the charter `text`, with an article about BBB that is written without the charter around it, so that nothing checks what
/// it names; 30 days later.
fn unchecked(text: &str, rest: &str) -> Chain {
    let json = format!(r#"{{"id":"a","text":"x","for":"id == 'BBB'","every":"30d",{rest},"notice":null}}"#);
    let article = Article::from_json(&json).unwrap_or_else(|error| panic!("{error}"));
    let mut chain = Chain::new(text);
    inside(&mut chain.memory, ARTICLES, |cx| write_article(cx, &article)).expect("is written");
    chain.run(31 * DAY);
    chain
}

#[test]
fn what_is_not_known_or_has_no_value_holds_the_settlement() {
    let (with, without) = (charter(), CHARTER.to_owned());
    let notify = r#"[{"notify":"x"}]"#;
    for (text, when, then, why) in [
        (&without, "standing(member) > 0", notify, "the charter keeps no standing"),
        (&without, "written(member, period) > 0", notify, "blocks have no accounts"),
        (&with, "weight('gold', member) > 0", notify, "no weight is called gold"),
        (&with, "deposited('gold', member)", notify, "there is no treaty gold"),
        (&with, "in_force('gold', member)", notify, "there is no treaty gold"),
        (&with, "date('1950-01-01') > 0", notify, "1950-01-01 is before 1970"),
        (&with, "date('gold') > 0", notify, "is no date"),
        (&with, "1 / (standing(member) - 10) > 0", notify, "zero"),
        (&with, "true", r#"[{"standing":"-1/2"}]"#, "-0.5 is no whole number"),
        (&with, "true", r#"[{"standing":"-3"},{"standing":"1/3"}]"#, "1/3 is no whole number"),
        (&with, "true", r#"[{"standing":"-9223372036854775807 * 2"}]"#, "is too large"),
    ] {
        let chain = unchecked(text, &format!(r#""let":{{}},"when":"{when}","then":{then}"#));
        assert_eq!(settled(&chain), [("a".into(), "BBB".into(), 1, "held")], "{when}");
        let account = account_of(&chain, 1);
        let problem = account.problem.expect("says why");
        assert!(problem.contains(why), "{when}: {problem}");
        assert!(account.then.is_empty(), "nothing is done");
        let done = (events::<sol::Notified>(&chain).len(), events::<sol::BecameFinal>(&chain).len());
        assert_eq!(done, (0, 0), "{when}");
        if text == &with {
            assert_eq!(score(&chain, "BBB"), 10, "{when}: not even the first of two");
        }
        let said = events::<sol::PeriodJudged>(&chain).pop().expect("is judged");
        assert_eq!((said.owed, said.settled, said.held), (1, 1, 1), "{when}");
    }
}

/// An account that is too long to be kept costs nobody the period: the settlement is held and says so.
#[test]
fn an_account_that_is_too_long_holds_the_settlement() {
    let square = |i: u32| format!(r#""x{i}":"x{0}*x{0}""#, i - 1);
    let squares: Vec<_> = (1..8).map(square).collect();
    let many: Vec<_> = (0..24).map(|i| format!(r#""y{i}":"x7 + {i}""#)).collect();
    let lets = format!(r#""let":{{"x0":"11",{},{}}}"#, squares.join(","), many.join(","));
    let chain = unchecked(&charter(), &format!(r#"{lets},"when":"true","then":[{{"standing":"-1"}}]"#));
    assert_eq!(settled(&chain), [("a".into(), "BBB".into(), 1, "held")]);
    let account = account_of(&chain, 1);
    assert_eq!((account.lets.len(), score(&chain, "BBB")), (0, 10));
    let problem = account.problem.expect("says why");
    assert!(problem.ends_with("bytes, more than the 4096 that are kept"), "{problem}");
}
