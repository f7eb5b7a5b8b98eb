//! Articles in words: what each says, who owes it, what the chain asks at the end of a period, and what it does.

use std::collections::BTreeSet;

use super::Page;
use super::sections::say;
use super::treaties::delay_words;
use crate::{Article, Charter, Consequence, FACTS, Language};

/// The section on articles, if there are any.
pub(super) fn articles(charter: &Charter, language: Language, page: &mut Page) {
    if charter.articles.is_empty() {
        return;
    }
    page.heading(&say!(language, "Articles", "条款"));
    page.line(&say!(
        language,
        "The chain judges these by itself at the end of each period, for every member that was one at its beginning.",
        "每期届满时，由链自行对期初已是成员者逐一判定。"
    ));
    for article in &charter.articles {
        let (id, words) = (&article.id, article.text.in_language(language));
        page.line(&say!(language, "{id}: {words}", "{id}：{words}"));
        describe_article(article, language).iter().for_each(|line| page.point(line));
    }
    glossary(charter, language, page);
}

/// Who owes `article`, what is asked and when, and what is done then, line by line.
#[must_use]
pub fn describe_article(article: &Article, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    let (who, every) = (article.applies.source(), delay_words(article.every, language));
    lines.push(match who.trim() {
        "true" => {
            say!(language, "Every member owes it. Each period is {every}.", "适用于所有成员。每期 {every}。")
        }
        who => say!(
            language,
            "It is owed by members for which `{who}`. Each period is {every}.",
            "适用于符合“{who}”的成员。每期 {every}。"
        ),
    });
    for (name, clause) in &article.lets {
        let source = clause.source();
        lines.push(say!(language, "`{name}` is `{source}`.", "“{name}”即“{source}”。"));
    }
    let when = article.when.source();
    let done: Vec<_> = article.then.iter().map(|consequence| done(consequence, language)).collect();
    let done = done.join(if language == Language::En { "; " } else { "；" });
    lines.push(match when.trim() {
        "true" => {
            say!(language, "At the end of each period, in any case: {done}.", "每期届满时一律：{done}。")
        }
        when => say!(
            language,
            "At the end of each period, if `{when}`: {done}.",
            "每期届满时，如“{when}”，则：{done}。"
        ),
    });
    lines.push(match article.notice {
        None => say!(language, "That is final at once.", "立即成为终局。"),
        Some(notice) => {
            let notice = delay_words(notice, language);
            say!(
                language,
                "That becomes final after {notice}, unless the member objects before; then the members decide.",
                "{notice}后成为终局；该成员在此之前提出异议的，由成员决定。"
            )
        }
    });
    lines
}

fn done(consequence: &Consequence, language: Language) -> String {
    match consequence {
        Consequence::Standing(clause) => {
            let by = clause.source();
            match by.trim().strip_prefix('-').filter(|points| points.bytes().all(|b| b.is_ascii_digit())) {
                Some(points) => say!(language, "its standing loses {points}", "其声誉减 {points} 分"),
                None => say!(language, "its standing changes by `{by}`", "其声誉变动“{by}”分"),
            }
        }
        Consequence::Suspend => {
            say!(language, "it is suspended until the members restore it", "中止其权利，直至成员决定恢复")
        }
        Consequence::Notify(words) => {
            let words = words.in_language(language);
            say!(language, "it is made known: “{words}”", "公告：“{words}”")
        }
    }
}

/// What the facts mean that the articles ask for.
fn glossary(charter: &Charter, language: Language, page: &mut Page) {
    let clauses = || charter.articles.iter().flat_map(|article| article.clauses());
    let asked: BTreeSet<&str> =
        clauses().flat_map(|(_, clause)| clause.asks().into_iter().map(|(name, _)| name)).collect();
    let facts =
        FACTS.iter().filter(|fact| asked.contains(fact.name) && !["member", "period"].contains(&fact.name));
    let facts: Vec<_> = facts.map(|fact| (fact.name, meaning(fact.name, fact.says, language))).collect();
    if facts.is_empty() {
        return;
    }
    page.line(&say!(language, "What they ask for:", "所问的事实："));
    for (name, meaning) in facts {
        page.point(&say!(language, "`{name}`: {meaning}", "“{name}”：{meaning}"));
    }
}

/// What a fact means: `says` in English.
fn meaning<'a>(name: &str, says: &'a str, language: Language) -> &'a str {
    if language == Language::En {
        return says;
    }
    match name {
        "id" => "成员的标识",
        "kind" => "成员的种类，如 'state'",
        "classes" => "所属的类别",
        "rights" => "现有的权利，如 'validate'",
        "suspended" => "是否被中止",
        "today" => "区块的日期，自 1970-01-01 起的天数",
        "date" => "某日，如 '2030-01-31'，自 1970-01-01 起的天数",
        "number" => "第几期，自 1 起",
        "weight" => "成员的某项权重",
        "standing" => "声誉分数",
        "bonded" => "自有的质押，以货币单位计",
        "written" => "该期内写入的区块数",
        "missed" => "该期内错过的写块轮次数",
        "deposited" => "是否已交存该条约的文书且未撤回",
        "in_force" => "该条约是否已对其生效",
        _ => says,
    }
}
