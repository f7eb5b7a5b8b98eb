//! Articles: what they name exists, what they ask for is counted here, and what they do can be done.

use std::collections::{BTreeMap, BTreeSet};

use polity_clause::{Clause, Value};
use polity_constitution::{Settings, WriteRight};

use crate::article::{ARTICLE_BYTES_MAX, ARTICLE_COST_MAX, NOTIFY_BYTES_MAX};
use crate::reader::{nearest, suggest};
use crate::report::{Report, is_under, join};
use crate::{Article, Charter, Clock, Consequence, DAY_SECS, Date, Kind, Member, Rights, Text};

/// Unknown names for which the nearest is looked for: doing it for all of them is the square of the file's length.
const SUGGESTIONS_MAX: usize = 8;

/// Reports articles that cannot be judged as they are written.
pub(super) fn sound(charter: &Charter, report: &mut Report<'_>) {
    if charter.articles.is_empty() {
        return;
    }
    let mut names = Names::of(charter, report);
    for article in &charter.articles {
        let path = join("articles", &article.id);
        bounds(charter, article, &path, report);
        unused(article, &path, report);
        scores(article, &path, &names, report);
        for (key, clause) in article.clauses() {
            let at = Place { path: format!("{path}.{key}"), source: clause.source() };
            for (fact, texts) in clause.asks() {
                counted(fact, &at, &names, report);
                if let Some(name) = texts.first() {
                    names.asked(fact, name, &at, report);
                }
            }
            for (fact, word) in clause.compares() {
                names.compared(fact, word, &at, report);
            }
        }
    }
}

/// A clause in the file.
struct Place<'a> {
    path: String,
    source: &'a str,
}

impl Place<'_> {
    /// Where the fact is asked for; the beginning if that cannot be told.
    fn of_fact(&self, fact: &str) -> usize {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        let mut found = self.source.match_indices(fact).map(|(at, _)| at);
        let whole = found.find(|at| {
            let before = self.source.get(..*at).and_then(|s| s.chars().next_back());
            let after = self.source.get(at.saturating_add(fact.len())..).and_then(|s| s.chars().next());
            !is_part(before) && !is_part(after)
        });
        whole.unwrap_or(0)
    }

    /// Where the text in quotes is; the beginning if it is not there as it is, such as with escapes.
    fn of_text(&self, text: &str) -> usize {
        let quoted = [format!("'{text}'"), format!("\"{text}\"")];
        quoted.iter().find_map(|quoted| self.source.find(quoted.as_str())).unwrap_or(0)
    }
}

/// What the chain can keep, compute, and tell apart.
fn bounds(charter: &Charter, article: &Article, path: &str, report: &mut Report<'_>) {
    let cost = article.cost();
    if cost > ARTICLE_COST_MAX {
        let message = format!(
            "its clauses take up to {cost} steps for each member, but at most {ARTICLE_COST_MAX} fit"
        );
        report.error_at_key(path, message, "ask for each fact once, in `let`, or make two articles of it");
    }
    let bytes = article.to_json().len();
    if bytes > ARTICLE_BYTES_MAX {
        let message = format!("{bytes} bytes as the chain keeps it, but at most {ARTICLE_BYTES_MAX} fit");
        report.error_at_key(path, message, "make its texts shorter, or make two articles of it");
    }
    if let Clock::Replay { start, step_secs, .. } = charter.clock {
        let at_least = shortest_secs(start, article.every);
        if at_least.is_some_and(|period| period < step_secs) {
            let step = crate::duration_text(step_secs.saturating_mul(1_000));
            let message =
                format!("blocks are {step} apart: a period would be over before any block is in it");
            report.error(&join(path, "every"), message, "make it at least as long as clock.step");
        }
        let notice = article.notice.and_then(|notice| shortest_secs(start, notice));
        if notice.is_some_and(|notice| notice <= step_secs) {
            let step = crate::duration_text(step_secs.saturating_mul(1_000));
            let message =
                format!("blocks are {step} apart: it would be over before any block in which to object");
            report.error(&join(path, "notice"), message, "make it longer than clock.step, or leave it out");
        }
    }
    let said = article.then.iter().map(|consequence| match consequence {
        Consequence::Notify(Text::Same(words)) => words.len(),
        Consequence::Notify(Text::ByLanguage(words)) => words.values().map(String::len).sum(),
        Consequence::Notify(Text::Empty) | Consequence::Standing(_) | Consequence::Suspend => 0,
    });
    let bytes: usize = said.sum();
    if bytes > NOTIFY_BYTES_MAX {
        let message = format!("its notices have {bytes} bytes together, but at most {NOTIFY_BYTES_MAX} fit");
        report.error_at_key(path, message, "say it in `text`, and in `notify` what happened");
    }
}

/// The first period. Units: seconds.
fn shortest_secs(start: Date, every: polity_decision::Delay) -> Option<u64> {
    let begins = polity_decision::Date::from_unix_secs(start.secs())?;
    let ends = begins.after(every)?.unix_secs()?;
    ends.checked_sub(start.secs() - start.secs() % DAY_SECS)
}

/// Warns of definitions that nothing needs.
fn unused(article: &Article, path: &str, report: &mut Report<'_>) {
    let done = article.then.iter().filter_map(|consequence| match consequence {
        Consequence::Standing(clause) => Some(clause),
        Consequence::Suspend | Consequence::Notify(_) => None,
    });
    let mut needed: BTreeSet<String> = article.when.uses();
    needed.extend(done.flat_map(Clause::uses));
    // Each uses only earlier ones, so from the last on all that need a definition are known before it.
    for (name, clause) in article.lets.iter().rev() {
        if needed.contains(name) {
            needed.extend(clause.uses());
        } else {
            let hint = "remove it, or use it in `when` or `then`";
            let message = format!("nothing uses the definition `{name}`");
            report.warning_at_key(&join(&join(path, "let"), name), message, hint);
        }
    }
}

/// Consequences for the score: there is one, and what does not depend on anything moves it.
fn scores(article: &Article, path: &str, names: &Names<'_>, report: &mut Report<'_>) {
    for (i, consequence) in article.then.iter().enumerate() {
        let Consequence::Standing(clause) = consequence else { continue };
        let path = format!("{path}.then[{i}].standing");
        if names.settings.is_some_and(|settings| settings.incentive.standing.is_none()) {
            report.error_at_key(&path, "there is no score that could move", STANDING);
        }
        let Some(number) = constant(clause) else { continue };
        if !number.is_integer() {
            let message = format!("a score moves by whole numbers, and this is {number}");
            report.error(&path, message, "write a whole number, or floor(…)");
        } else if *number.numer() == 0.into() {
            report.warning(&path, "it moves the score by nothing", "");
        }
    }
}

/// What `clause` gives where it asks for nothing.
fn constant(clause: &Clause) -> Option<polity_decision::Rational> {
    struct Nothing;
    impl polity_clause::Facts for Nothing {
        type Error = core::convert::Infallible;
        fn ask(&mut self, _: &str, _: &[Value]) -> Result<polity_clause::Answer, Self::Error> {
            Ok(polity_clause::Answer::Missing(String::new()))
        }
    }
    match clause.value(&mut Nothing, &BTreeMap::new()) {
        Ok(Value::Number(number)) if clause.asks().is_empty() && clause.uses().is_empty() => Some(number),
        _ => None,
    }
}

const STANDING: &str = "say what it begins with, such as consensus.incentive = { standing = { start = 10 } }";

/// Reports a fact that nobody counts under the settings of this charter.
fn counted(fact: &str, at: &Place<'_>, names: &Names<'_>, report: &mut Report<'_>) {
    let Some(settings) = names.settings else { return };
    let work = matches!(settings.write, WriteRight::Work(_));
    let bonds = matches!(settings.write, WriteRight::Stake { .. } | WriteRight::Delegation { .. })
        || !settings.incentive.pledge.is_zero();
    let problem = match fact {
        "standing" if settings.incentive.standing.is_none() => Some(("nobody has a score", STANDING)),
        "written" | "missed" if !settings.keeps_accounts() => Some((
            "blocks have no accounts here: nobody counts who writes and who does not",
            "say something under consensus.incentive, such as incentive = { standing = { start = 10 } }",
        )),
        "missed" if work => Some((
            "whoever works first writes: nobody has a turn that it could miss",
            "ask for written(member, period)",
        )),
        "bonded" if !bonds => Some((
            "nobody has bonded anything",
            "add pledge = \"1000\" under consensus.incentive, or let stake give the right to write",
        )),
        _ => None,
    };
    if let Some((message, hint)) = problem {
        report.error_within(&at.path, at.source, at.of_fact(fact), format!("`{fact}`: {message}"), hint);
    }
}

/// What clauses may name. A section that could not be read in full is `None`: what it lacks may be there.
struct Names<'a> {
    settings: Option<&'a Settings>,
    treaties: Option<Vec<&'a str>>,
    weights: Option<Vec<&'a str>>,
    members: Option<BTreeSet<&'a str>>,
    classes: Option<BTreeSet<&'a str>>,
    suggestions: usize,
}

impl<'a> Names<'a> {
    fn of(charter: &'a Charter, report: &Report<'_>) -> Self {
        let is_read = |section: &str| report.is_clean(|path| is_under(path, section));
        let members = is_read("members").then_some(&charter.members);
        let ids = |members: &'a Vec<Member>| members.iter().map(|member| member.id.as_str()).collect();
        let classes = |members: &'a Vec<Member>| {
            members.iter().flat_map(|member| member.classes.iter().map(String::as_str)).collect()
        };
        Self {
            settings: is_read("consensus").then_some(&charter.consensus),
            treaties: is_read("treaties")
                .then(|| charter.treaties.iter().map(|treaty| treaty.id.as_str()).collect()),
            weights: members.map(|_| charter.weight_scales.keys().map(String::as_str).collect()),
            members: members.map(ids),
            classes: members.map(classes),
            suggestions: 0,
        }
    }

    /// Reports a fact of something that is not there.
    fn asked(&mut self, fact: &str, name: &str, at: &Place<'_>, report: &mut Report<'_>) {
        let (message, known) = match fact {
            "deposited" | "in_force" => (format!("there is no treaty `{name}`"), &self.treaties),
            "weight" => (format!("no member has a weight `{name}`"), &self.weights),
            "date" if Date::parse(name).is_none() => {
                let hint =
                    "a day of the calendar in UTC from 1970-01-01 to 2999-12-31, such as date('2030-01-31')";
                report.error_within(
                    &at.path,
                    at.source,
                    at.of_text(name),
                    format!("`{name}` is no date"),
                    hint,
                );
                return;
            }
            _ => return,
        };
        let Some(known) = known.as_ref().filter(|known| !known.contains(&name)) else { return };
        self.suggestions = self.suggestions.saturating_add(1);
        let hint = if self.suggestions <= SUGGESTIONS_MAX { suggest(name, known) } else { String::new() };
        report.error_within(&at.path, at.source, at.of_text(name), message, hint);
    }

    /// Reports a word that the fact it is compared with can never be, and warns of one that it is for nobody now: members come and go,
    /// and enter classes.
    fn compared(&mut self, fact: &str, word: &str, at: &Place<'_>, report: &mut Report<'_>) {
        let kinds = Kind::ALL.map(Kind::as_str);
        let rights = Rights::ALL.map(|(_, right)| right);
        let offset = at.of_text(word);
        let mut refuse = |what: &str, known: &[&str]| {
            if !known.contains(&word) {
                let message = format!("`{word}` is no {what}");
                report.error_within(&at.path, at.source, offset, message, suggest(word, known));
            }
        };
        let (message, known) = match fact {
            "kind" => return refuse("kind of member", &kinds),
            "rights" => return refuse("right", &rights),
            "id" => (format!("`{word}` is no member"), &self.members),
            "classes" => (format!("no member belongs to class `{word}`"), &self.classes),
            _ => return,
        };
        let Some(known) = known.as_ref().filter(|known| !known.contains(word)) else { return };
        self.suggestions = self.suggestions.saturating_add(1);
        let near = (self.suggestions <= SUGGESTIONS_MAX)
            .then(|| nearest(word, &known.iter().copied().collect::<Vec<_>>()))
            .flatten();
        let hint = near.map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
        report.warning_within(&at.path, at.source, offset, message, hint);
    }
}
