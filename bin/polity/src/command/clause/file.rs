//! The file of `polity clause`: clauses and facts in TOML, and where its mistakes are.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use polity_charter::{Diagnostic, Diagnostics, FACTS, Severity, date_days};
use polity_clause::{Answers, Clause, Mistake, Type, Unanswered, Value, definitions};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Keys of an article that are not evaluated: a file may be an article with facts below it.
const ASIDE: [&str; 3] = ["text", "every", "notice"];

/// What a clause file may have.
const KEYS: &str = "`for`, `let`, `when` and `then` of an article, or `clause`; and `facts`";

/// What a text in TOML begins with; a line break right after three quotation marks is not part of it.
const OPENINGS: [&str; 8] = ["\"\"\"\r\n", "\"\"\"\n", "'''\r\n", "'''\n", "\"\"\"", "'''", "\"", "'"];

/// Clauses that fit together, and answers for them.
pub(super) struct ClauseFile {
    /// `for`.
    pub(super) applies: Option<Clause>,
    /// `let`, in the order of evaluation.
    pub(super) lets: Vec<(String, Clause)>,
    pub(super) clause: Option<Clause>,
    pub(super) when: Option<Clause>,
    pub(super) then: Vec<Then>,
    pub(super) answers: Answers,
}

/// A consequence.
pub(super) enum Then {
    Standing(Clause),
    Suspend,
    Notify,
}

impl ClauseFile {
    /// Reads `text`; `name` is for messages.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, Diagnostics> {
        let mut report = Report { text, list: Vec::new(), dates: Vec::new() };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            report.add("", error.span().unwrap_or(0..0), error.message().to_owned(), "");
        }
        let file = report.file(root.get_ref());
        let mut list = report.list;
        list.sort_by_key(|diagnostic| diagnostic.span.start);
        if list.is_empty() { Ok(file) } else { Err(Diagnostics { file: name.to_owned(), list, omitted: 0 }) }
    }
}

/// The diagnostics, each with its line of `text` and a caret below.
pub(super) fn shown(diagnostics: &Diagnostics, text: &str) -> String {
    let mut all = String::new();
    for diagnostic in diagnostics {
        let one = Diagnostics { file: diagnostics.file.clone(), list: vec![diagnostic.clone()], omitted: 0 };
        let line = text.lines().nth(diagnostic.line.saturating_sub(1)).unwrap_or_default();
        // Tabs stay tabs, so that the caret stands where the eye sees the letter.
        let before = line.chars().take(diagnostic.column.saturating_sub(1));
        let blank: String = before.map(|letter| if letter == '\t' { '\t' } else { ' ' }).collect();
        let _ = write!(all, "{one}    | {line}\n    | {blank}^\n");
    }
    all.trim_end().to_owned()
}

struct Report<'t> {
    text: &'t str,
    list: Vec<Diagnostic>,
    /// Dates that clauses name, and their days.
    dates: Vec<(String, u64)>,
}

impl Report<'_> {
    fn add(&mut self, path: &str, span: Range<usize>, message: String, hint: &str) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        self.list.push(Diagnostic {
            severity: Severity::Error,
            message,
            hint: (!hint.is_empty()).then(|| hint.to_owned()),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            span,
            path: path.to_owned(),
        });
    }

    /// A mistake in the clause that `value` holds.
    fn mistake(&mut self, path: &str, value: &Spanned<DeValue<'_>>, mistake: Mistake) {
        let span = value.span();
        let written = self.text.get(span.clone()).unwrap_or_default();
        let clause = value.get_ref().as_str().unwrap_or_default();
        let before = clause.get(..mistake.at).unwrap_or_default();
        let opening =
            OPENINGS.iter().find(|opening| written.starts_with(*opening)).map_or(0, |opening| opening.len());
        // Where no escape comes before the mistake, what comes before it stands in the file as it is.
        let is_plain = written.get(opening..).is_some_and(|rest| rest.starts_with(before));
        let at = if is_plain { span.start + opening + before.len() } else { span.start };
        self.add(path, at..span.end.max(at), mistake.message, &mistake.hint);
    }

    fn file(&mut self, root: &DeTable<'_>) -> ClauseFile {
        for (key, value) in root {
            let name = key.get_ref().as_ref();
            let known = ["for", "let", "clause", "when", "then", "facts"];
            if !known.contains(&name) && !ASIDE.contains(&name) {
                self.add(
                    name,
                    key.span(),
                    format!("`{name}` has no meaning here"),
                    &format!("there are {KEYS}"),
                );
            } else if name == "clause" && (root.contains_key("when") || root.contains_key("then")) {
                self.add(
                    name,
                    value.span(),
                    "`clause` beside `when` or `then`".to_owned(),
                    "a file has the one or the other",
                );
            }
        }
        if !["for", "clause", "when"].iter().any(|key| root.contains_key(*key)) && self.list.is_empty() {
            self.add("", 0..0, "there is no clause".to_owned(), &format!("there are {KEYS}"));
        }
        let none = BTreeMap::new();
        let applies = root.get("for").and_then(|value| self.clause("for", value, Some(Type::Bool), &none));
        let lets = root.get("let").map_or_else(Vec::new, |value| self.lets(value));
        let known: BTreeMap<String, Type> =
            lets.iter().map(|(name, clause)| (name.clone(), clause.gives())).collect();
        // A mistake in `let` makes each name that depends on it look unknown.
        let is_known = root.get("let").is_none() || !lets.is_empty();
        let when = root.get("when").filter(|_| is_known);
        let when = when.and_then(|value| self.clause("when", value, Some(Type::Bool), &known));
        let clause = root.get("clause").filter(|_| is_known);
        let clause = clause.and_then(|value| self.clause("clause", value, None, &known));
        let then =
            root.get("then").filter(|_| is_known).map_or_else(Vec::new, |value| self.then(value, &known));
        let mut answers = root.get("facts").map_or_else(Answers::default, |value| self.facts(value));
        for (text, days) in std::mem::take(&mut self.dates) {
            // The text was read out of a clause, so it can be asked for again.
            let ask = format!("date({})", Value::Texts(vec![text]).to_string().trim_matches(['[', ']']));
            drop(answers.add(FACTS, &ask, &days.to_string()));
        }
        ClauseFile { applies, lets, clause, when, then, answers }
    }

    fn clause(
        &mut self,
        path: &str,
        value: &Spanned<DeValue<'_>>,
        gives: Option<Type>,
        known: &BTreeMap<String, Type>,
    ) -> Option<Clause> {
        let Some(source) = value.get_ref().as_str() else {
            self.add(path, value.span(), "a clause is a text in quotation marks".to_owned(), "");
            return None;
        };
        let read = Clause::parse(source, FACTS, known).and_then(|clause| match gives {
            Some(gives) if clause.gives() != gives => Err(Mistake {
                at: 0,
                message: format!("this must be {gives}, and is {}", clause.gives()),
                hint: String::new(),
            }),
            _ => Ok(clause),
        });
        let clause = read.map_err(|mistake| self.mistake(path, value, mistake)).ok()?;
        for (_, texts) in clause.asks().iter().filter(|(name, _)| *name == "date") {
            for text in texts {
                match date_days(text) {
                    Ok(days) => self.dates.push(((*text).to_owned(), days)),
                    Err(why) => self.add(path, value.span(), why, ""),
                }
            }
        }
        Some(clause)
    }

    fn lets(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(String, Clause)> {
        let Some(table) = value.get_ref().as_table() else {
            self.add(
                "let",
                value.span(),
                "`let` is a table of clauses".to_owned(),
                "let = { share = \"1/10\" }",
            );
            return Vec::new();
        };
        // In the order of the file, which is that of the spans: the table is sorted by name.
        let mut all: Vec<(&str, &Spanned<DeValue<'_>>)> =
            table.iter().map(|(name, value)| (name.get_ref().as_ref(), value)).collect();
        all.sort_by_key(|(_, value)| value.span().start);
        let mut sources = Vec::new();
        for (name, value) in &all {
            match value.get_ref().as_str() {
                Some(source) => sources.push((*name, source)),
                None => {
                    let message = "a clause is a text in quotation marks".to_owned();
                    self.add(&format!("let.{name}"), value.span(), message, "");
                    return Vec::new();
                }
            }
        }
        definitions(&sources, FACTS).unwrap_or_else(|(name, mistake)| {
            if let Some((_, value)) = all.iter().find(|(other, _)| *other == name) {
                self.mistake(&format!("let.{name}"), value, mistake);
            }
            Vec::new()
        })
    }

    fn then(&mut self, value: &Spanned<DeValue<'_>>, known: &BTreeMap<String, Type>) -> Vec<Then> {
        let hint = "then = [ { standing = \"-5\" }, { suspend = true }, { notify = \"…\" } ]";
        let Some(list) = value.get_ref().as_array() else {
            self.add("then", value.span(), "`then` is a list of consequences".to_owned(), hint);
            return Vec::new();
        };
        let mut all = Vec::new();
        for item in list.iter() {
            let one = item
                .get_ref()
                .as_table()
                .filter(|table| table.len() == 1)
                .and_then(|table| table.iter().next());
            match one.map(|(verb, value)| (verb.get_ref().as_ref(), value)) {
                Some(("standing", value)) => {
                    all.extend(
                        self.clause("then.standing", value, Some(Type::Number), known).map(Then::Standing),
                    );
                }
                Some(("suspend", _)) => all.push(Then::Suspend),
                Some(("notify", _)) => all.push(Then::Notify),
                Some((verb, _)) => {
                    let message = format!("there is no verb `{verb}` in this version");
                    self.add("then", item.span(), message, "there are `standing`, `suspend` and `notify`");
                }
                None => self.add("then", item.span(), "a consequence has one verb".to_owned(), hint),
            }
        }
        all
    }

    fn facts(&mut self, value: &Spanned<DeValue<'_>>) -> Answers {
        let mut answers = Answers::default();
        let Some(table) = value.get_ref().as_table() else {
            self.add(
                "facts",
                value.span(),
                "`facts` is a table of answers".to_owned(),
                "[facts]\nkind = \"state\"",
            );
            return answers;
        };
        for (ask, value) in table {
            let path = format!("facts.{}", ask.get_ref());
            if ask.get_ref().starts_with("date(") {
                let hint = "remove it: a date is computed here as on the chain";
                self.add(&path, ask.span(), "a date is no fact of a member".to_owned(), hint);
                continue;
            }
            if ask.get_ref() == "today"
                && let Some(days) = day(value.get_ref())
            {
                drop(answers.add(FACTS, "today", &days.to_string()));
                continue;
            }
            let Some(text) = as_text(value.get_ref()) else {
                let hint =
                    "write a number, true, false, a text or a list of texts; today as a date, 2030-01-31";
                self.add(&path, value.span(), "this is no answer".to_owned(), hint);
                continue;
            };
            let gives = Clause::parse(ask.get_ref(), FACTS, &BTreeMap::new()).map(|fact| fact.gives());
            if gives == Ok(Type::Text) && !value.get_ref().is_str() {
                self.add(
                    &path,
                    value.span(),
                    "this must be a text".to_owned(),
                    "put it into quotation marks",
                );
                continue;
            }
            match answers.add(FACTS, ask.get_ref(), &text) {
                Ok(()) => {}
                Err(Unanswered::Question(mistake)) => {
                    self.add(&path, ask.span(), mistake.message, &mistake.hint);
                }
                Err(Unanswered::Answer(unreadable)) => {
                    self.add(&path, value.span(), unreadable.to_string(), "")
                }
            }
        }
        answers
    }
}

/// A day that is written as a date, with quotation marks or without. Units: days since 1970-01-01.
fn day(value: &DeValue<'_>) -> Option<u64> {
    match value {
        DeValue::String(text) => date_days(text).ok(),
        DeValue::Datetime(date) => date_days(&date.to_string()).ok(),
        _ => None,
    }
}

/// An answer as the text of a [`Value`], with the digits that are in the file.
fn as_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.as_ref().to_owned()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            Some(Value::Texts(texts.collect::<Option<Vec<_>>>()?).to_string())
        }
        DeValue::Integer(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}
