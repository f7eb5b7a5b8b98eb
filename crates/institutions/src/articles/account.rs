//! What a settlement was computed from and what it gave, as JSON: enough to compute it again with nothing but the article's text.
//!
//! Rule kept: the account and the chain come from one function, [`evaluate`]; whoever checks a settlement hands it the facts that the
//! account names ([`recompute`]) and must get the same account, byte for byte. What is done when a settlement becomes final is read
//! from the account, so nothing is done that it does not say.
//!
//! Deliberately absent: where facts come from ([`super::facts`]) and what consequences do ([`super::settle`]).

use std::collections::BTreeMap;

use polity_charter::{Article, Consequence, FACTS, Text};
use polity_clause::{Answer, Clause, Facts, Problem, Type, Value, asked};
use serde::{Deserialize, Serialize};

/// Most bytes of an account.
pub const ACCOUNT_BYTES_MAX: usize = 4 * 1_024;
/// Most bytes of what is said about a problem.
const PROBLEM_BYTES_MAX: usize = 512;
/// How the problem of an account begins that was too long to be kept.
const TOO_LONG: &str = "its account has ";

/// One settlement's account. The order of the fields is that of the JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The member that was judged.
    pub member: String,
    /// The period.
    pub period: u64,
    /// Facts asked, in the order of first asking.
    pub facts: Vec<Asked>,
    /// Definitions that have a value, in the order in which they were computed.
    #[serde(rename = "let")]
    pub lets: Vec<Defined>,
    /// What `when` gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What is done, in this order.
    pub then: Vec<Done>,
    /// Why nothing is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A fact that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// As [`asked`] writes it: `written(member, period)`.
    pub ask: String,
    /// The answer, in the form of [`Value`]'s text; `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
    /// Why it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// A definition with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defined {
    /// Its name.
    pub name: String,
    /// Its value.
    pub is: String,
}

/// A consequence, computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// The score moves by this whole number of 64 bits.
    Standing(String),
    /// The member is suspended.
    Suspend(bool),
    /// These words are said.
    Notify(Text),
}

/// What judging a member by an article comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The article is not for it.
    OwesNothing,
    /// It owes, and there is nothing to settle.
    Nothing,
    /// There is; held if the account has a problem.
    Settlement(Account),
}

/// Whoever judges: knows the facts, and may be asked to pay for the work before it is done.
pub trait Bench: Facts {
    /// A clause of so many steps is about to be evaluated.
    ///
    /// # Errors
    /// Its own.
    fn pay(&mut self, steps: u64) -> Result<(), Self::Error>;
}

/// Judges `member` for `period` by `article`.
///
/// # Errors
/// Those of `bench`. What the clauses cannot compute is no error: it is in the account.
pub fn evaluate<B: Bench>(
    article: &Article,
    member: &str,
    period: u64,
    bench: &mut B,
) -> Result<Verdict, B::Error> {
    let account = Account { member: member.to_owned(), period, ..Account::default() };
    let mut court = Court { bench, answers: Vec::new(), account };
    match court.hear(article) {
        Ok(Found::OwesNothing) => Ok(Verdict::OwesNothing),
        Ok(Found::Nothing) => Ok(Verdict::Nothing),
        Ok(Found::Something) => Ok(Verdict::Settlement(court.account.kept())),
        Err(Problem::Facts(error)) => Err(error),
        Err(Problem::Missing { fact, reason }) => Ok(court.held(&format!("{fact} is not known: {reason}"))),
        Err(Problem::Undefined(why)) => Ok(court.held(&why)),
    }
}

/// The account that the facts of `account` give by `article`; `None` if they give no settlement at all, are no answers, or were too many
/// to be kept.
#[must_use]
pub fn recompute(article: &Article, account: &Account) -> Option<Account> {
    if account.is_abridged() {
        return None;
    }
    let mut record = Record { account };
    match evaluate(article, &account.member, account.period, &mut record) {
        Ok(Verdict::Settlement(again)) => Some(again),
        _ => None,
    }
}

impl Account {
    /// Its JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings, lists and tables with string keys always serialize")
    }

    /// Reads what [`Self::to_json`] wrote.
    #[must_use]
    pub fn from_json(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Whether what it was computed from was too long to be kept, so that nobody can compute it again.
    #[must_use]
    pub fn is_abridged(&self) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.starts_with(TOO_LONG))
    }

    fn with(self, problem: &str) -> Self {
        let end = (0..=PROBLEM_BYTES_MAX.min(problem.len())).rev().find(|end| problem.is_char_boundary(*end));
        let problem = problem.get(..end.unwrap_or_default()).unwrap_or_default().to_owned();
        Self { problem: Some(problem), ..self }
    }

    /// This account, or where it is too long to be kept, one that says so and of which nothing is done.
    fn kept(self) -> Self {
        let bytes = self.to_json().len();
        if bytes <= ACCOUNT_BYTES_MAX {
            return self;
        }
        let said = format!("{TOO_LONG}{bytes} bytes, more than the {ACCOUNT_BYTES_MAX} that are kept");
        Self { member: self.member, period: self.period, ..Self::default() }.with(&said)
    }
}

/// What was found, if everything has a value.
enum Found {
    OwesNothing,
    Nothing,
    Something,
}

/// Asks each fact once, and writes down what is said.
struct Court<'b, B> {
    bench: &'b mut B,
    answers: Vec<(String, Answer)>,
    account: Account,
}

impl<B: Bench> Court<'_, B> {
    /// The settlement of which nothing is done, because of `problem`.
    fn held(self, problem: &str) -> Verdict {
        let account = Account { then: Vec::new(), ..self.account };
        Verdict::Settlement(account.with(problem).kept())
    }

    fn hear(&mut self, article: &Article) -> Result<Found, Problem<B::Error>> {
        let mut known = BTreeMap::new();
        if !self.is_true(&article.applies, &known)? {
            return Ok(Found::OwesNothing);
        }
        for (name, clause) in &article.lets {
            let value = self.value(clause, &known)?;
            self.account.lets.push(Defined { name: name.clone(), is: value.to_string() });
            known.insert(name.clone(), value);
        }
        let when = self.is_true(&article.when, &known)?;
        if !when {
            return Ok(Found::Nothing);
        }
        self.account.when = Some(when.to_string());
        for consequence in &article.then {
            let done = match consequence {
                Consequence::Standing(clause) => Done::Standing(self.whole(clause, &known)?.to_string()),
                Consequence::Suspend => Done::Suspend(true),
                Consequence::Notify(words) => Done::Notify(words.clone()),
            };
            self.account.then.push(done);
        }
        Ok(Found::Something)
    }

    fn value(
        &mut self,
        clause: &Clause,
        known: &BTreeMap<String, Value>,
    ) -> Result<Value, Problem<B::Error>> {
        self.bench.pay(clause.cost()).map_err(Problem::Facts)?;
        clause.value(self, known)
    }

    fn is_true(
        &mut self,
        clause: &Clause,
        known: &BTreeMap<String, Value>,
    ) -> Result<bool, Problem<B::Error>> {
        match self.value(clause, known)? {
            Value::Bool(value) => Ok(value),
            other => Err(Problem::Undefined(format!("{other} is neither true nor false"))),
        }
    }

    fn whole(&mut self, clause: &Clause, known: &BTreeMap<String, Value>) -> Result<i64, Problem<B::Error>> {
        let whole = self.value(clause, known)?.whole();
        whole.map_err(|why| Problem::Undefined(format!("standing: {why}, so no score can move by it")))
    }
}

impl<B: Bench> Facts for Court<'_, B> {
    type Error = B::Error;

    fn ask(&mut self, name: &str, arguments: &[Value]) -> Result<Answer, B::Error> {
        let ask = asked(name, arguments);
        if let Some((_, answer)) = self.answers.iter().find(|(known, _)| *known == ask) {
            return Ok(answer.clone());
        }
        let answer = self.bench.ask(name, arguments)?;
        let (is, missing) = match &answer {
            Answer::Known(Value::Member | Value::Period) => return Ok(answer),
            Answer::Known(value) => (Some(value.to_string()), None),
            Answer::Missing(why) => (None, Some(why.clone())),
        };
        self.account.facts.push(Asked { ask: ask.clone(), is, missing });
        self.answers.push((ask, answer.clone()));
        Ok(answer)
    }
}

/// The facts that an account names.
struct Record<'a> {
    account: &'a Account,
}

impl Facts for Record<'_> {
    type Error = core::convert::Infallible;

    fn ask(&mut self, name: &str, arguments: &[Value]) -> Result<Answer, Self::Error> {
        let gives = FACTS.iter().find(|fact| fact.name == name).map(|fact| fact.gives);
        let ask = asked(name, arguments);
        let found = self.account.facts.iter().find(|fact| fact.ask == ask);
        let missing = |why: &str| Answer::Missing(why.to_owned());
        Ok(match (gives, found) {
            (Some(Type::Member), _) => Answer::Known(Value::Member),
            (Some(Type::Period), _) => Answer::Known(Value::Period),
            (Some(gives), Some(Asked { is: Some(is), .. })) => {
                Value::read(is, gives).map_or_else(|error| missing(&error.to_string()), Answer::Known)
            }
            (_, Some(Asked { missing: Some(why), .. })) => missing(why),
            _ => missing("the account does not name it"),
        })
    }
}

impl Bench for Record<'_> {
    fn pay(&mut self, _: u64) -> Result<(), Self::Error> {
        Ok(())
    }
}
