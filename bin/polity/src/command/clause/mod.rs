//! `polity clause`: what a clause gives with facts from a file, and what it can cost, offline.

mod file;

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use clap::Subcommand;
use polity_clause::{Answers, Clause, Problem, Recorded, Value};
use serde_json::{Value as Json, json};

use crate::output::{Outcome, print, read_input, say};
use file::{ClauseFile, Then};

#[derive(Subcommand, Debug)]
pub(crate) enum ClauseCommand {
    /// What a clause gives with the facts of a file, as the chain would compute it.
    ///
    /// FILE is TOML: the keys of an article (`for`, `let`, `when`, `then`), or one `clause`; and `[facts]` with an answer for each
    /// fact that is asked for, as in `"written(member, period)" = 12`. Exit status 1 if a fact is missing or there is no value, 2 on
    /// a bad file.
    #[command(after_help = "Example:\n  polity clause eval charters/clauses/presence.toml")]
    Eval {
        /// The clauses, in TOML.
        file: PathBuf,
    },
    /// What the clauses of a file give, which facts they ask for, and the most steps they take, whatever the facts.
    #[command(after_help = "Example:\n  polity clause cost charters/clauses/presence.toml")]
    Cost {
        /// The clauses, in TOML.
        file: PathBuf,
    },
}

impl ClauseCommand {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let (Self::Eval { file: path } | Self::Cost { file: path }) = &self;
        let (name, text) = (path.display().to_string(), read_input(path)?);
        let file = match ClauseFile::read(&name, &text) {
            Ok(file) => file,
            Err(diagnostics) => {
                if as_json {
                    say!("{}", json!({ "ok": false, "diagnostics": diagnostics }));
                } else {
                    eprintln!("{}", file::shown(&diagnostics, &text));
                }
                return Ok(ExitCode::from(2));
            }
        };
        match self {
            Self::Eval { .. } => eval(&file, as_json),
            Self::Cost { .. } => cost(&file, as_json),
        }
    }
}

/// The clauses in the order in which the chain evaluates them, each with its key.
fn clauses(file: &ClauseFile) -> impl Iterator<Item = (String, &Clause)> {
    let lets = file.lets.iter().map(|(name, clause)| (format!("let {name}"), clause));
    let consequences = file.then.iter().filter_map(|then| match then {
        Then::Standing(clause) => Some(("then standing".to_owned(), clause)),
        Then::Suspend | Then::Notify => None,
    });
    file.applies
        .iter()
        .map(|clause| ("for".to_owned(), clause))
        .chain(lets)
        .chain(file.clause.iter().map(|clause| ("clause".to_owned(), clause)))
        .chain(file.when.iter().map(|clause| ("when".to_owned(), clause)))
        .chain(consequences)
}

fn cost(file: &ClauseFile, as_json: bool) -> Outcome {
    let all: Vec<Json> = clauses(file)
        .map(|(key, clause)| {
            let mut asks: Vec<String> = clause.asks().iter().map(|(name, texts)| with_texts(name, texts)).collect();
            asks.sort_unstable();
            asks.dedup();
            json!({ "key": key, "clause": clause.source(), "gives": clause.gives().to_string(), "asks": asks, "cost": clause.cost() })
        })
        .collect();
    let total: u64 = clauses(file).map(|(_, clause)| clause.cost()).sum();
    print(as_json, &json!({ "clauses": all, "cost": total }), || {
        let mut lines: Vec<String> = clauses(file)
            .map(|(key, clause)| format!("{key}: {}, at most {} steps", clause.gives(), clause.cost()))
            .collect();
        lines.push(format!("together at most {total} steps"));
        lines.join("\n")
    })
}

/// A fact and the texts it is asked with.
fn with_texts(name: &str, texts: &[&str]) -> String {
    if texts.is_empty() { name.to_owned() } else { format!("{name}: {}", texts.join(", ")) }
}

/// What was computed, line by line and as data.
#[derive(Default)]
struct Account {
    lines: Vec<String>,
    lets: Vec<Json>,
    then: Vec<Json>,
    data: serde_json::Map<String, Json>,
    steps: u64,
}

fn eval(file: &ClauseFile, as_json: bool) -> Outcome {
    let bound: u64 = clauses(file).map(|(_, clause)| clause.cost()).sum();
    let mut facts = Recorded::new(file.answers.clone());
    let mut account = Account::default();
    let problem = account.settle(file, &mut facts).err();
    let Account { mut lines, lets, then, mut data, steps } = account;
    let asked: Vec<Json> =
        facts.asked().iter().map(|fact| json!({ "ask": fact.ask, "is": fact.is.to_string() })).collect();
    data.insert("facts".to_owned(), json!(asked));
    data.insert("let".to_owned(), json!(lets));
    data.insert("then".to_owned(), json!(then));
    data.insert("steps".to_owned(), json!(steps));
    data.insert("cost".to_owned(), json!(bound));
    if let Some(problem) = &problem {
        data.insert("problem".to_owned(), json!(problem));
        lines.push(format!("no value: {problem}"));
    }
    let facts: Vec<String> =
        facts.asked().iter().map(|fact| format!("  {} = {}", fact.ask, fact.is)).collect();
    print(as_json, &data, || {
        let head = if facts.is_empty() {
            "asked no facts".to_owned()
        } else {
            format!("asked:\n{}", facts.join("\n"))
        };
        format!("{head}\n{}\nsteps: {steps} of at most {bound}", lines.join("\n"))
    })?;
    Ok(if problem.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Account {
    /// Computes what the chain would, in its order, up to the first problem.
    fn settle(&mut self, file: &ClauseFile, facts: &mut Recorded<Answers>) -> Result<(), String> {
        let mut known: BTreeMap<String, Value> = BTreeMap::new();
        if let Some(applies) = &file.applies {
            let owes = self.value("for", applies, facts, &known)?;
            if owes == Value::Bool(false) {
                self.lines.push("this member does not owe: nothing else is asked".to_owned());
                return Ok(());
            }
        }
        for (name, clause) in &file.lets {
            let value = self.value(name, clause, facts, &known)?;
            self.lets.push(json!({ "name": name, "is": value.to_string() }));
            known.insert(name.clone(), value);
        }
        if let Some(clause) = &file.clause {
            self.value("clause", clause, facts, &known)?;
        }
        let Some(when) = &file.when else { return Ok(()) };
        if self.value("when", when, facts, &known)? == Value::Bool(false) {
            self.lines.push("nothing to settle".to_owned());
            return Ok(());
        }
        for then in &file.then {
            match then {
                Then::Standing(clause) => {
                    let change = self.value("then standing", clause, facts, &known)?;
                    let whole = change.whole().map_err(|why| format!("then standing: {why}"))?;
                    self.then.push(json!({ "standing": whole.to_string() }));
                }
                Then::Suspend => {
                    self.lines.push("then suspend".to_owned());
                    self.then.push(json!({ "suspend": true }));
                }
                Then::Notify => {
                    self.lines.push("then notify".to_owned());
                    self.then.push(json!({ "notify": true }));
                }
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        key: &str,
        clause: &Clause,
        facts: &mut Recorded<Answers>,
        known: &BTreeMap<String, Value>,
    ) -> Result<Value, String> {
        let evaluation = clause.evaluate(facts, known);
        self.steps = self.steps.saturating_add(evaluation.steps);
        match evaluation.value {
            Ok(value) => {
                self.lines.push(format!("{key} = {value}    ({})", clause.source()));
                if matches!(key, "for" | "clause" | "when") {
                    self.data.insert(key.to_owned(), json!(value.to_string()));
                }
                Ok(value)
            }
            Err(Problem::Facts(never)) => match never {},
            Err(Problem::Missing { fact, reason }) => {
                Err(format!("{key}: `{fact}` is not known: {reason}; give it under [facts]"))
            }
            Err(problem) => Err(format!("{key}: {problem}")),
        }
    }
}
