//! The agreement in words.

use std::path::Path;

use polity_decision::Rule;

use super::checked;
use crate::{Language, builtin, describe, show, template};

#[test]
fn paris_is_shown_in_both_languages() {
    let charter = checked(builtin("paris").unwrap()).charter;
    for (language, sentences) in [
        (
            Language::En,
            &[
                "Members (197)",
                "1 organisation of states: European Union (EUU).",
                "By name, Germany, Fiji, France and Morocco may also decide blocks.",
                "parties: at least 55 states have deposited an instrument",
                "states with at least 55/100 of a fixed total of 37\u{a0}168\u{a0}339 of `emissions` have",
                "it takes effect 30 days after the day it is met",
                "at least 2/3 of the members present and voting vote yes",
                "History to be replayed: 112 deposits from 2016-04-22 to 2016-11-18.",
                "No reservations may be made.",
                "For a member that deposits after the conditions are met,",
                "A Party may leave with notice, given no sooner than 3 years",
                "A block is final once 3 of 4 agree; 1 may be absent.",
                "Transactions are free.",
                "Treasury account `loss-and-damage`: 100\u{a0}000\u{a0}000 CLIMA.",
                "the calendar begins on 2016-04-01 and moves 1 day with each block.",
            ],
        ),
        (
            Language::Zh,
            &[
                "巴黎协定 (paris)",
                "国家间组织 1 个：European Union (EUU)。",
                "Germany、Fiji、France和Morocco另可验证区块。",
                "parties: 至少 55 个国家交存文书",
                "合计占固定总数 37\u{a0}168\u{a0}339 的至少 55/100",
                "自满足之日起 30 天后生效",
                "出席并参加表决的成员中至少 2/3 投赞成票",
                "2016-04-22 至 2016-11-18 共 112 份文书。",
                "不得作出保留。",
                "自其交存后 30 天起对其生效。",
                "对其生效满 3 年后，缔约方可通知退出；",
                "4 票中有 3 票同意，区块即为终局；可缺席 1 个。",
                "交易免费。",
                "国库账户“loss-and-damage”：100\u{a0}000\u{a0}000 CLIMA。",
                "日历自 2016-04-01 开始，每个区块前进 1 天。",
            ],
        ),
    ] {
        let page = show(&charter, language);
        for sentence in sentences {
            assert!(page.contains(sentence), "{sentence}\nis not in\n{page}");
        }
        for member in &charter.members {
            assert!(page.contains(&format!("({})", member.id)), "{}", member.id);
        }
    }
}

#[test]
fn final_clauses_and_authorities_read_well() {
    let text = include_str!("sound.toml").replace(
        "depositors = [\"state\"]",
        "depositors = [\"state\"]\nsignature = \"required\"\nlater = { delay = \"90d\", once = \"in-force\" }\nwithdrawal = { notice = \"6mo\" }\n\
         [authorities]\ncourt = { name = \"The Court\", member = \"UPL\", issuer = \"The Court\", opens = [\"emergency\"] }\n\
         press = { account = \"alice\" }",
    );
    let charter = checked(&text).charter;
    for (language, sentences) in [
        (
            Language::En,
            [
                "It is ratified, accepted or approved by those that signed it before; others accede.",
                "For a member that deposits once it is in force, it enters into force 90 days after its deposit.",
                "whoever has deposited one may object within 12 months.",
                "A Party may leave with notice; it stays one for 6 months after that.",
                "The Court (court): member UPL acts for it. It may record mandates issued by The Court, and open, not decide,",
                "press: account alice acts for it. It may record mandates of any issuer, and open nothing under them.",
            ],
        ),
        (
            Language::Zh,
            [
                "须先签署方可批准、接受或核准；",
                "条约生效之后交存的成员，自其交存后 90 天起对其生效。",
                "已交存文书的成员可在 12 个月内提出反对。",
                "缔约方可通知退出；通知后 6 个月内仍为缔约方。",
                "The Court (court)：由成员 UPL 代行。可登记由The Court发布的授权，",
                "press：由账户 alice 代行。可登记任何发布者的授权，但不得据此提出提案。",
            ],
        ),
    ] {
        let page = show(&charter, language)
            .replace("\n      ", " ")
            .replace("\n  ", " ")
            .replace("， ", "，")
            .replace("。 ", "。");
        for sentence in sentences {
            assert!(page.contains(sentence), "{sentence}\nis not in\n{page}");
        }
    }
}

#[test]
fn lines_fit_the_page_and_end_without_blanks() {
    let presence = include_str!("../../../../charters/presence.toml");
    for text in [builtin("paris").unwrap(), builtin("dev").unwrap(), template(), presence] {
        for language in Language::ALL {
            for line in show(&checked(text).charter, language).lines() {
                assert!(line.chars().count() <= 100 && line.trim_end() == line, "{line:?}");
            }
        }
    }
}

#[test]
fn every_rule_of_the_library_has_words_for_each_of_its_parts() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charters/rules");
    for entry in std::fs::read_dir(library).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let rule: Rule = toml::from_str(&text).unwrap();
        for language in Language::ALL {
            let lines = describe(&rule, language);
            for limb in &rule.limbs {
                assert!(
                    lines.iter().any(|line| line.starts_with(&format!("{}: ", limb.name))),
                    "{}",
                    rule.id
                );
            }
            assert!(lines.len() >= rule.limbs.len() + rule.vetoes.len(), "{}: {lines:?}", rule.id);
        }
    }
}

#[test]
fn rules_with_vetoes_formulas_and_classes_read_well() {
    let rule: Rule = toml::from_str(
        r#"id = "r"
        passes = { any = ["a", { all = ["b", "c"] }] }
        effective = { on = "2019-01-01", otherwise = "90d" }
        deadline = "10d"
        [[limb]]
        name = "a"
        kinds = ["state", "ngo"]
        classes = ["annex1"]
        weight = "quota"
        numerator = "yes"
        threshold = "> 85/100"
        blocking_minority = 4
        [[limb]]
        name = "b"
        numerator = "yes+abstain"
        denominator = "cast"
        threshold = ">= 1/2"
        [[limb]]
        name = "c"
        numerator = "no"
        not_classes = ["observer"]
        threshold = "< 1000"
        [[veto]]
        classes = ["permanent"]"#,
    )
    .unwrap();
    let english = [
        "a: states and non-governmental organisations of class `annex1` with more than 85/100 of the `quota` of all states \
         and non-governmental organisations of class `annex1` vote yes (deemed so if fewer than 4 members are not among them)",
        "b: at least 1/2 of the members that cast a ballot, abstentions included, vote yes or abstain",
        "c: less than 1000 members not of class `observer` vote no",
        "these combine as: a or (b and c)",
        "any one of the members of class `permanent` can stop it alone (no / veto)",
        "ballots are counted for 10 days after opening",
        "it takes effect on 2019-01-01 if it is met by then, else 90 days after the day it is met",
    ];
    assert_eq!(describe(&rule, Language::En), english);
    let chinese = [
        "a: 投赞成票的属于`annex1`类的国家和非政府组织，其“quota”合计占全体属于`annex1`类的国家和非政府组织的超过 85/100 \
         （不在其列的成员少于 4 个时视为成立）",
        "b: 投票（含弃权）的成员中至少 1/2 投赞成票或弃权",
        "c: 少于 1000 个不属于`observer`类的成员投反对票",
        "各项的组合方式为：a或(b且c)",
        "任何一个属于`permanent`类的成员均可单独阻止（反对 / 否决）",
        "开放后 10 天内的投票有效",
        "若届时已满足则于 2019-01-01 生效，否则自满足之日起 90 天后生效",
    ];
    assert_eq!(describe(&rule, Language::Zh), chinese);
}

#[test]
fn rules_with_reckoned_votes_silence_and_a_moving_quorum_read_well() {
    let rule = |text: &str| -> Rule { toml::from_str(text).unwrap() };
    for (text, english, chinese) in [
        (
            include_str!("../../../../charters/rules/imf-85.toml"),
            "votes in votes: one for each 0.1 of `quota`, and 0.05502 of all votes divided equally among the members",
            "votes 的计票：每 0.1 单位“quota”一票，另以全部票数的 0.05502 在成员间平均分配",
        ),
        (
            include_str!("../../../../charters/rules/tezos.toml"),
            "quorum: members with at least the quorum of the period of the `stake` of all members cast a ballot",
            "quorum: 投票的成员，其“stake”合计占全体成员的至少 当期法定人数 ",
        ),
        (
            include_str!("../../../../charters/rules/tezos.toml"),
            "the quorum follows participation: between 0.2 and 0.7, by an average that begins at 0.7 and in which the past \
             counts 0.8",
            "法定人数随参与率变动：介于 0.2 与 0.7 之间，取决于初值为 0.7 的平均参与率，其中以往所占比重为 0.8",
        ),
        (
            include_str!("../../../../charters/rules/ihr.toml"),
            "silence consents: members may object within 10 months of the notification, and are bound 12 months after it",
            "沉默视为同意：成员可在通知后 10 个月内提出反对，自通知起 12 个月后受约束",
        ),
        (
            include_str!("../../../../charters/rules/ihr.toml"),
            "for class `text-2005`: within 18 months, bound after 24 months",
            "对“text-2005”类： 18 个月内， 24 个月后受约束",
        ),
        (
            include_str!("../../../../charters/rules/montreal.toml"),
            "it takes effect 6 months after it was notified",
            "自通知之日起 6 个月后生效",
        ),
        (
            "id = \"r\"\n[[limb]]\nname = \"v\"\nweight = { of = \"stake\", root = \"square\", rounding = \"down\", places = 2, cap = \"5\" }\n\
             numerator = \"yes\"\nthreshold = \">= 2/3 rounded up\"\n",
            "votes in v: the square root of `stake`, rounded down to 2 decimals, at most 5 for one member",
            "v 的计票：“stake”的平方根，保留 2 位小数，舍去小数，每个成员最多 5 票",
        ),
        (
            "id = \"r\"\n[[limb]]\nname = \"v\"\nnumerator = \"yes\"\nthreshold = \">= 2/3 rounded up\"\n[[veto]]\nabsent = true\n",
            "v: at least 2/3 (rounded up) of all members vote yes",
            "任何一个成员均可单独阻止（反对 / 否决 / 未投票）",
        ),
    ] {
        for (expected, language) in [(english, Language::En), (chinese, Language::Zh)] {
            let lines = describe(&rule(text), language);
            assert!(lines.iter().any(|line| line == expected), "{expected}\nis not in\n{lines:#?}");
        }
    }
}

#[test]
fn chambers_that_are_elected_drawn_or_bonded_read_well() {
    let extra = r#"
[chambers.board]
by = "election"
seats = 3
of = "council"
term = "365d"
election = "14d"
ballot = "one"
weight = "basin"
rule = "majority"
voting = "7d"
secret = { reveal = "2d", unrevealed = "no" }
[chambers.jury]
by = "sortition"
seats = 12
from = "council"
term = "30d"
rule = "majority"
voting = "7d"
[chambers.holders]
by = "stake"
kinds = ["state"]
unbonding = "7d"
min = "10"
rule = "bonded"
voting = "7d"
[[rules.bonded.limb]]
name = "bonded"
weight = "stake"
numerator = "yes"
threshold = "> 1/2"
"#;
    let charter = checked(&format!("{}{extra}", include_str!("sound.toml"))).charter;
    let [english, chinese] = [Language::En, Language::Zh].map(|language| {
        let page = show(&charter, language);
        page.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    for sentence in [
        "3 members elected for 365 days by council, weighed by `basin`; members of council may stand. In the last 14 days of a \
         term a ballot names one candidate; who stood first wins a tie, and the chain seats the winners.",
        "Ballots are sealed while voting is open and revealed within 2 days after it; one that is not counts as a ballot \
         against.",
        "12 members drawn by lot for 30 days from council, all with the same chance; the chain draws.",
        "all states that bonded 10 UNIT, each with what it bonded; what is unbonded is paid back after 7 days.",
    ] {
        assert!(english.contains(sentence), "{sentence}\nis not in\n{english}");
    }
    for sentence in [
        "由council选举 3 名成员，任期 365 天",
        "由链从council中抽签产生 12 名成员",
        "结束后 2 天内公开；未公开者视为反对。",
    ] {
        assert!(chinese.contains(sentence), "{sentence}\nis not in\n{chinese}");
    }
}

#[test]
fn tracks_are_shown_strictest_first() {
    let tracks = r#"
[tracks.budget]
name       = { en = "Budget", zh = "预算" }
for        = ["budget", "ordinary"]
strictness = 10
stages     = [{ chamber = "council" }]
sponsors   = 2
deposit    = "10"
burn       = "veto"
discussion = "3d"
extension  = { last = "1d", by = "2d", times = 3 }
guardian   = { chamber = "council", until = 2030-01-01 }
[tracks.great]
for        = ["constitutional"]
strictness = 20
stages     = [{ chamber = "council", voting = "14d" }, { chamber = "council", pause = "1d" }]
delay      = "5d"
secret     = { reveal = "2d", unrevealed = "abstain" }
[amendment]
constitutional = ["rules.majority"]
"#;
    let text = include_str!("sound.toml").replace("[treaties.pact]", &format!("{tracks}[treaties.pact]"));
    let charter = crate::parse("c.toml", &text).unwrap_or_else(|e| panic!("{e}")).charter;
    let (en, zh) = (show(&charter, Language::En), show(&charter, Language::Zh));
    assert!(
        en.find("great: constitutional amendments.").unwrap() < en.find("Budget (budget): payments").unwrap()
    );
    let en: String = en.split_whitespace().collect::<Vec<_>>().join(" ");
    for sentence in [
        "2 members besides its proposer must sponsor it and 10",
        "must be deposited within 30 days, or it lapses",
        "the deposit is burnt if a veto rejects it, and is returned otherwise",
        "it is discussed for 3 days before it opens",
        "vote 2, after 1 day: council, by the rule",
        "vote 1: council, by the rule \"majority\", for 14 days",
        "a ballot in the last 1 day that flips the outcome moves the close by 2 days, at most 3 times a vote",
        "ballots are sealed while voting is open and revealed within 2 days after it; one that is not counts as an abstention",
        "until 2030-01-01 council may cancel it",
        "carried out by the chain itself, 5 days later",
        "Constitutional are the settings under `rules.majority`.",
    ] {
        assert!(en.contains(sentence), "{sentence}\nis not in\n{en}");
    }
    for sentence in [
        "预算 (budget)：支付和其他一切事项。",
        "获提案者以外 2 个成员联署",
        "根本条款：`rules.majority` 之下的各项设定。",
    ] {
        assert!(zh.contains(sentence), "{sentence}\nis not in\n{zh}");
    }
}
