//! Articles: how they are read, shown, kept and amended. What is wrong with an article: `articles.txt`.

use polity_clause::Type;
use proptest::prelude::*;

use super::checked;
use crate::{
    ARTICLE_BYTES_MAX, ARTICLE_COST_MAX, ARTICLES_MAX, Article, ArticleError, Change, Charter, Consequence,
    Effect, LETS_MAX, Language, NOTIFY_BYTES_MAX, Text, amended, diff, parse, show, template,
};

const PRESENCE: &str = include_str!("../../../../charters/presence.toml");

fn presence() -> Charter {
    checked(PRESENCE).charter
}

/// `PRESENCE` with further articles, each a line under `[articles]`.
fn with(articles: &str) -> String {
    format!("{PRESENCE}\n{articles}")
}

/// What is said against `PRESENCE` with further articles.
fn refused(articles: &str) -> String {
    parse("c.toml", &with(articles)).expect_err(articles).to_string()
}

#[test]
fn an_article_is_read_with_its_clauses_in_the_order_of_their_use() {
    let charter = presence();
    assert_eq!(charter.articles.iter().map(|a| a.id.as_str()).collect::<Vec<_>>(), ["presence", "joining"]);
    let article = charter.article("presence").unwrap();
    assert_eq!(article.text.get("zh"), "有权验证区块的成员应按轮次写入区块。");
    assert_eq!(article.applies.source(), "'validate' in rights && !suspended");
    assert_eq!((article.every.to_string(), article.notice.unwrap().to_string()), ("30d".into(), "7d".into()));
    assert_eq!(article.known(), [("share".into(), Type::Number), ("turns".into(), Type::Number)].into());
    let [Consequence::Standing(points), Consequence::Notify(Text::ByLanguage(words))] = &*article.then else {
        panic!("{:?}", article.then)
    };
    assert_eq!((points.source(), words.len()), ("-floor(share * 20)", 2));
    let keys: Vec<_> = article.clauses().map(|(key, _)| key).collect();
    assert_eq!(keys, ["for", "let.turns", "let.share", "when", "then[0].standing"]);
    assert!(article.cost() > 0 && article.cost() < ARTICLE_COST_MAX, "{}", article.cost());

    // A definition may stand before what it uses, and the tables may be written out.
    let turned = with(
        "[articles.other]\ntext = \"Other\"\nfor = \"true\"\nevery = \"2w\"\nwhen = \"b > 1\"\n[articles.other.let]\nb = \"a + 1\"\na = \"today\"\n\
         [[articles.other.then]]\nsuspend = true\n[[articles.other.then]]\nstanding = '-1'",
    );
    let charter = checked(&turned).charter;
    let other = charter.article("other").unwrap();
    assert_eq!(other.lets.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((other.then.len(), &other.then[0], other.notice), (2, &Consequence::Suspend, None));
}

/// Whoever takes the comments away from the template's article has one.
#[test]
fn the_article_of_the_template_is_sound() {
    let (before, rest) = template().split_once("# [articles.presence]").expect("it is there");
    let (commented, after) = rest.split_once("\n\n").expect("a blank line follows");
    let article = commented.replace("\n# ", "\n");
    let text = format!("{before}[articles.presence]{article}\n\n{after}");
    let text = text.replace("incentive    = {} ", "incentive = { standing = { start = 10 } } ");
    assert_eq!(checked(&text).charter.article("presence").expect("read").then.len(), 2);
}

/// The text is stored under its hash: another layout would be another article.
#[test]
fn the_json_of_an_article_is_known_to_the_letter() {
    let charter = presence();
    assert_eq!(
        charter.article("presence").unwrap().to_json(),
        r#"{"id":"presence","text":{"en":"Each member that may decide blocks takes its turns to write them.","zh":"有权验证区块的成员应按轮次写入区块。"},"for":"'validate' in rights && !suspended","every":"30d","let":{"turns":"written(member, period) + missed(member, period)","share":"turns > 0 ? missed(member, period) / turns : 0"},"when":"share > 1/10","then":[{"standing":"-floor(share * 20)"},{"notify":{"en":"missed more than a tenth of its turns","zh":"错过十分之一以上的轮次"}}],"notice":"7d"}"#
    );
    let joining = charter.article("joining").unwrap().to_json();
    assert!(joining.ends_with(r#","then":[{"standing":"-5"}],"notice":null}"#), "{joining}");
    for article in &charter.articles {
        assert_eq!(Article::from_json(&article.to_json()).as_ref(), Ok(article));
    }
}

#[test]
fn what_is_no_article_is_refused_by_name() {
    let json = presence().article("presence").unwrap().to_json();
    for (from, to, expected) in [
        ("{\"id\"", "{\"idd\"", "unknown field `idd`"),
        ("\"presence\"", "\"pre sence\"", "its id"),
        ("\"30d\"", "\"30 d\"", "30 d"),
        (",\"notice\":\"7d\"}", ",\"notice\":\"7d\"", "EOF"),
        ("\"turns\":", "\"share\":", "one of them twice"),
        ("share > 1/10", "shares > 1/10", "when: `shares` is not known here"),
        ("share > 1/10", "share", "when: it gives Number"),
        ("!suspended", "turns > 0", "for: `turns` is not known here"),
        ("-floor(", "-flor(", "then[0].standing: there is no function `flor`"),
        ("{\"standing\":\"-floor(share * 20)\"}", "{\"suspend\":false}", "`suspend` is true"),
        ("{\"standing\":\"-floor(share * 20)\"}", "{\"pay\":\"1\"}", "unknown variant `pay`"),
        ("turns > 0 ?", "share > 0 ?", "circle"),
    ] {
        assert!(json.contains(from), "{from}");
        let error = Article::from_json(&json.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
    assert!(matches!(Article::from_json(""), Err(ArticleError::Form(_))));
    assert!(matches!(Article::from_json(&"[".repeat(100_000)), Err(ArticleError::Form(_))));
}

#[test]
fn articles_are_shown_in_both_languages() {
    for (language, sentences) in [
        (
            Language::En,
            [
                "presence: Each member that may decide blocks takes its turns",
                "It is owed by members for which `'validate' in rights && !suspended`. Each period is 30 days.",
                "`turns` is `written(member, period) + missed(member, period)`.",
                "if `share > 1/10`: its standing changes by `-floor(share * 20)`; it is made known: “missed more than a tenth of its turns”.",
                "That becomes final after 7 days, unless the member objects before; then the members decide.",
                "its standing loses 5.",
                "That is final at once.",
                "`missed`: turns to write it let pass in the period",
            ],
        ),
        (
            Language::Zh,
            [
                "presence：有权验证区块的成员应按轮次写入区块。",
                "适用于符合“'validate' in rights && !suspended”的成员。每期 30 天。",
                "“turns”即“written(member, period) + missed(member, period)”。",
                "如“share > 1/10”，则：其声誉变动“-floor(share * 20)”分；公告：“错过十分之一以上的轮次”。",
                "7 天后成为终局；该成员在此之前提出异议的，由成员决定。",
                "其声誉减 5 分。",
                "立即成为终局。",
                "“missed”：该期内错过的写块轮次数",
            ],
        ),
    ] {
        let page = show(&presence(), language)
            .replace("\n      ", " ")
            .replace("， ", "，")
            .replace("； ", "；")
            .replace("： ", "：");
        for sentence in sentences {
            assert!(page.contains(sentence), "{sentence}\nis not in\n{page}");
        }
        // A fact without words of its own would be shown in English.
        let every = crate::FACTS.iter().filter(|fact| !["member", "period"].contains(&fact.name));
        let asked = every.map(|fact| match fact.gives {
            Type::Bool if fact.takes.is_empty() => fact.name.to_owned(),
            Type::Bool => format!("{}('convention', member)", fact.name),
            Type::Text => format!("{} == 'UPL'", fact.name).replace("kind == 'UPL'", "kind == 'state'"),
            Type::Texts => format!("'validate' in {}", fact.name),
            _ => match fact.takes {
                [] => format!("{} > 0", fact.name),
                [Type::Text] => "date('2026-01-01') > 0".to_owned(),
                [Type::Text, _] => "weight('basin', member) > 0".to_owned(),
                [_] if fact.name == "number" => "number(period) > 0".to_owned(),
                [_] => format!("{}(member) > 0", fact.name),
                _ => format!("{}(member, period) > 0", fact.name),
            },
        });
        let asked = asked.collect::<Vec<_>>().join(" || ");
        let all = with(&format!(
            "[articles.all]\ntext = \"All\"\nfor = \"true\"\nevery = \"1d\"\nwhen = \"{asked}\"\nthen = [{{ suspend = true }}]"
        ));
        let all = all
            .replace("UPL = { ", "UPL = { weights = { basin = 1 }, ")
            .replace("incentive    = { ", "incentive    = { pledge = \"1\", unbonding = \"1d\", ");
        let all = all.replace("[fees]", "[currency]\nname = \"x\"\nsymbol = \"X\"\n[fees]");
        let page = show(&checked(&all).charter, language);
        for fact in crate::FACTS.iter().filter(|fact| !["member", "period"].contains(&fact.name)) {
            assert!(page.contains(&match language {
                Language::En => format!("- `{}`: ", fact.name),
                Language::Zh => format!("- “{}”：", fact.name),
            }));
            assert_eq!(page.contains(&format!(" {}", fact.says)), language == Language::En, "{}", fact.name);
        }
    }
}

#[test]
fn amendments_of_articles_have_their_effects() {
    const NEW: &str = "add articles.fourth = { text = \"Four\", for = \"true\", every = \"1y\", when = \"number(period) > 4\", then = [{ suspend = true }] }";
    let cases: [(&[&str], &[&str]); 8] = [
        (
            &["set articles.presence.when = \"share > 1/5\""],
            &[
                "articles.presence: the article presence becomes: Each member that may decide blocks takes its turns to write them. It is owed",
            ],
        ),
        (
            &["set articles.joining.then[0].standing = \"-6\""],
            &["articles.joining: the article joining becomes: Each state"],
        ),
        (&["add articles.joining.notice = \"30d\""], &["articles.joining: the article joining becomes: "]),
        (&["remove articles.presence.then[1]"], &["articles.presence: the article presence becomes: "]),
        (
            &["set articles.presence.text.zh = \"轮次\""],
            &["articles.presence: the article presence: articles.presence.text.zh: \"轮次\" (was \"有权"],
        ),
        (
            &["remove articles.joining"],
            &["articles.joining: the article joining is removed; its running period lapses"],
        ),
        (
            &[NEW],
            &["articles.fourth: a new article, fourth: Four Every member owes it. Each period is 1 year."],
        ),
        (
            &[
                "remove articles",
                "add articles = { fifth = { text = \"Five\", for = \"true\", every = \"1d\", when = \"true\", then = [{ notify = \"x\" }] } }",
            ],
            &[
                "articles.presence: the article presence is removed",
                "articles.joining: the article joining is removed",
                "articles.fifth: a new article, fifth: Five Every member owes it. Each period is 1 day. At the end of each period, in any case: it is made known: “x”.",
            ],
        ),
    ];
    for (lines, expected) in cases {
        let changes: Vec<Change> = lines.iter().map(|line| line.parse().expect(line)).collect();
        let new = amended(PRESENCE, &changes).unwrap_or_else(|error| panic!("{lines:?}: {error}")).charter;
        let effects = diff(&presence(), &new).unwrap_or_else(|refusals| panic!("{lines:?}: {refusals:?}"));
        let words: Vec<_> = effects
            .iter()
            .map(|effect| format!("{}: {}", effect.path(), effect.words(&presence(), &new)))
            .collect();
        assert_eq!(words.len(), expected.len(), "{lines:?}: {words:#?}");
        for (words, expected) in words.iter().zip(expected) {
            assert!(words.starts_with(expected), "{lines:?}: {words}");
        }
    }
    // An amendment is judged by the checks that judge a founder.
    for (line, expected) in [
        ("set articles.presence.when = \"shares > 1/5\"", "`shares` is not known here"),
        ("remove articles.presence.let", "`share` is not known here"),
        ("remove treaties.convention", "there is no treaty `convention`"),
        ("remove consensus.incentive.standing", "there is no score that could move"),
    ] {
        let error = amended(PRESENCE, &[line.parse().expect(line)]).expect_err(line).to_string();
        assert!(error.contains(expected), "{line}: {error}");
    }
}

/// What a new article names is written before it, and what only the old one names goes after it.
#[test]
fn a_removed_article_makes_room_before_another_comes() {
    let lines = [
        "remove articles.joining",
        "add treaties.pact = { rule = \"entry-into-force\", depositors = [\"state\"] }",
        "add articles.pact = { text = \"x\", for = \"true\", every = \"1y\", when = \"!deposited('pact', member)\", then = [{ standing = \"-1\" }] }",
    ];
    let changes: Vec<Change> = lines.iter().map(|line| line.parse().expect(line)).collect();
    let new = amended(PRESENCE, &changes).expect("sound").charter;
    let effects = diff(&presence(), &new).expect("possible");
    assert_eq!(
        effects,
        [
            Effect::Treaty { id: "pact".into() },
            Effect::ArticleRemoved { id: "joining".into() },
            Effect::Article { id: "pact".into() },
        ]
    );
}

#[test]
fn articles_are_as_many_as_long_and_as_costly_as_the_chain_bears() {
    let one = |id: usize, when: &str| {
        format!(
            "[articles.a{id}]\ntext = \"x\"\nfor = \"true\"\nevery = \"1d\"\nwhen = \"{when}\"\nthen = [{{ suspend = true }}]\n"
        )
    };
    let many: String = (0..ARTICLES_MAX - 2).map(|id| one(id, "true")).collect();
    assert_eq!(checked(&with(&many)).charter.articles.len(), ARTICLES_MAX);
    assert!(refused(&(many + &one(99, "true"))).contains("65 articles, but at most 64 fit"));

    let lets = |count: usize, clause: &str| {
        let lets: String = (0..count).map(|i| format!("l{i} = \"{clause}\"\n")).collect();
        let sum = (0..count).map(|i| format!("l{i}")).collect::<Vec<_>>().join(" + ");
        one(0, &format!("{sum} > 0")) + "[articles.a0.let]\n" + &lets
    };
    assert_eq!(checked(&with(&lets(LETS_MAX, "1"))).charter.article("a0").unwrap().lets.len(), LETS_MAX);
    assert!(refused(&lets(LETS_MAX + 1, "1")).contains("33 definitions, but at most 32 fit"));

    let costly = |count: usize| lets(count, &format!("{} ? 1 : 0", ["'x' in classes"; 24].join("||")));
    let twelve = checked(&with(&costly(12))).charter;
    let twelve = twelve.article("a0").unwrap().cost();
    assert!(twelve <= ARTICLE_COST_MAX && ARTICLE_COST_MAX < twelve + twelve / 12, "{twelve}");
    let told = refused(&costly(13));
    assert!(told.contains("steps for each member, but at most 10000 fit"), "{told}");
    let said = |len: usize| {
        let words = "x".repeat(len);
        one(0, "true")
            .replace("{ suspend = true }", &format!("{{ notify = \"{words}\" }}, {{ notify = \"yes\" }}"))
    };
    checked(&with(&said(NOTIFY_BYTES_MAX - 3)));
    let told = refused(&said(NOTIFY_BYTES_MAX - 2));
    assert!(told.contains("its notices have 1025 bytes together, but at most 1024 fit"), "{told}");
    let told = refused(&lets(20, &format!("floor({})", "1 + ".repeat(110) + "1")));
    assert!(
        told.contains(&format!("bytes as the chain keeps it, but at most {ARTICLE_BYTES_MAX} fit")),
        "{told}"
    );
}

/// What is counted depends on who writes and what for.
#[test]
fn facts_are_asked_for_where_somebody_counts_them() {
    let consensus = |name: &str| match name {
        "work" => include_str!("../../../../charters/consensus/work.toml"),
        "stake" => include_str!("../../../../charters/consensus/stake.toml"),
        "delegation" => include_str!("../../../../charters/consensus/delegation.toml"),
        _ => include_str!("../../../../charters/consensus/standing.toml"),
    };
    for (name, fact, problem) in [
        ("work", "written(member, period)", ""),
        ("work", "missed(member, period)", "nobody has a turn that it could miss"),
        ("standing", "missed(member, period)", ""),
        ("standing", "standing(member)", ""),
        ("standing", "bonded(member)", "nobody has bonded anything"),
        ("stake", "bonded(member)", ""),
        ("stake", "written(member, period)", ""),
        ("delegation", "bonded(member)", ""),
        ("delegation", "missed(member, period)", ""),
    ] {
        let article = format!(
            "[articles.a]\ntext = \"x\"\nfor = \"true\"\nevery = \"1d\"\nwhen = \"{fact} > 1\"\nthen = [{{ suspend = true }}]"
        );
        match parse("c.toml", &format!("{}\n{article}", consensus(name))) {
            Ok(_) => assert_eq!(problem, "", "{fact} under {name}"),
            Err(errors) => {
                assert_eq!(errors.errors(), 1, "{fact} under {name}: {errors}");
                assert!(!problem.is_empty() && errors.to_string().contains(problem), "{name}: {errors}");
            }
        }
    }
}

/// Parts of which clauses of each type are made.
const NUMBERS: [&str; 8] = [
    "1/10",
    "1.3",
    "today",
    "missed(member, period)",
    "date('2030-01-31')",
    "floor(standing(member) / 2)",
    "min(1, number(period))",
    "written(member, period)",
];
const TRUTHS: [&str; 6] = [
    "true",
    "suspended",
    "kind == \"state\"",
    "'validate' in rights",
    "in_force('convention', member)",
    "id in ['UPL', 'MID']",
];

fn number() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(&NUMBERS[..]).prop_map(str::to_owned);
    leaf.prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), prop::sample::select(&[" + ", " - ", " * ", "/", "\t*  "][..]), inner)
            .prop_map(|(a, op, b)| format!("({a}{op}{b})"))
    })
}

fn truth() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(&TRUTHS[..]).prop_map(str::to_owned);
    let compared = (number(), number()).prop_map(|(a, b)| format!("{a} <= {b}"));
    (prop_oneof![leaf, compared], prop::sample::select(&TRUTHS[..]), any::<bool>())
        .prop_map(|(a, b, and)| if and { format!("({a}) && !({b})") } else { format!("({a}) || {b}") })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is read, kept as JSON and read back is equal, and is the same JSON again.
    #[test]
    fn an_article_that_is_kept_is_read_back_as_it_was(
        words in "[a-z\"\\\\ 河é/]{1,20}x",
        applies in truth(),
        numbers in prop::collection::vec(number(), 0..6),
        when in truth(),
        suspends in any::<bool>(),
        every in (1u32..90, prop::sample::select(&["d", "w", "mo", "y"][..])),
        notice in prop::option::of(2u32..90),
    ) {
        // Each but the last is used by the next before it is defined.
        let lets: Vec<String> = numbers.iter().enumerate().map(|(i, number)| {
            let next = if i + 1 < numbers.len() { format!(" + n{}", i + 1) } else { String::new() };
            format!("n{i} = {:?}", format!("{number}{next}"))
        }).collect();
        let points = if numbers.is_empty() { "-7" } else { "round(n0)" };
        let suspend = if suspends { ", { suspend = true }" } else { "" };
        let notice = notice.map(|days| format!("notice = \"{days}d\"\n")).unwrap_or_default();
        let text = with(&format!(
            "[articles.made]\ntext = {words:?}\nfor = {applies:?}\nevery = \"{}{}\"\nlet = {{ {} }}\nwhen = {when:?}\n{notice}\
             then = [{{ standing = {points:?} }}, {{ notify = {{ en = {words:?}, zh = \"好\" }} }}{suspend}]\n",
            every.0, every.1, lets.join(", "),
        ));
        let charter = parse("c.toml", &text).map_err(|e| TestCaseError::fail(format!("{text}\n{e}")))?.charter;
        let article = charter.article("made").unwrap();
        let json = article.to_json();
        let back = Article::from_json(&json).map_err(|e| TestCaseError::fail(format!("{json}: {e}")))?;
        prop_assert_eq!(&back, article);
        prop_assert_eq!(back.to_json(), json);
    }

    /// The texts come from storage; if they are damaged, that is an error and not the end of the node.
    #[test]
    fn no_json_panics(at in any::<prop::sample::Index>(), removed in 0usize..30, put in "\\PC{0,6}|[\\[{\"'(!?:\\\\,/*-]{0,6}", which in 0usize..2) {
        let mut json = presence().articles[which].to_json();
        let mut start = at.index(json.len() + 1);
        while !json.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = (start + removed).min(json.len());
        while !json.is_char_boundary(end) {
            end += 1;
        }
        json.replace_range(start..end, &put);
        if let Ok(article) = Article::from_json(&json) {
            prop_assert_eq!(Article::from_json(&article.to_json()), Ok(article));
        }
    }

    /// Every clause of a charter may be anything; a mistake in it lies within its own string.
    #[test]
    fn no_clause_panics_and_its_mistake_is_in_it(clause in "\\PC{0,60}|[a-z0-9 ()'<>=&|!?:+*/.,-]{0,60}") {
        let quoted = format!("{clause:?}");
        let text = PRESENCE.replace("\"share > 1/10\"", &quoted);
        let from = PRESENCE.find("\"share > 1/10\"").unwrap();
        if let Err(diagnostics) = parse("c.toml", &text) {
            for diagnostic in diagnostics.iter().filter(|d| d.path == "articles.presence.when") {
                prop_assert!((from..from + quoted.len()).contains(&diagnostic.span.start), "{diagnostic:?}");
                prop_assert!(text.get(diagnostic.span.clone()).is_some(), "{diagnostic:?}");
            }
        }
    }
}

/// The book's table of facts is the table that the chain has.
#[test]
fn the_book_names_every_fact_with_its_cost() {
    let book = include_str!("../../../../docs/book/articles.md");
    for fact in crate::FACTS {
        let row = book.lines().find(|line| {
            line.strip_prefix("| `").is_some_and(|rest| {
                rest.strip_prefix(fact.name).is_some_and(|rest| rest.starts_with(['`', '(']))
            })
        });
        let row = row.unwrap_or_else(|| panic!("{} is not in the book", fact.name));
        let said = format!("` | {} | {:?} | {} |", fact.cost, fact.gives, fact.says);
        assert!(row.ends_with(&said), "{row}: {said}");
    }
}
