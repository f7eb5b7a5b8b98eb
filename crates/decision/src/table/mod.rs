//! Cases with known answers: what is expected, and what the rule gives.
//!
//! A file of cases is in the format of `charters/rules/cases/` (see [`plain`]) or in one of those in which bodies'
//! decisions were first collected (see [`collected`]). Either way each case becomes a ballots file, is decided like any
//! other, and is compared with what it says is known. What a case does not say is not compared.

mod collected;
mod plain;

use serde_json::{Map, Value};

use crate::{
    BallotsFile, Date, Error, InputFile, LimbReport, Mistake, Rational, Report, decide_files, decimal,
    error::line_column, locate, parse_rational,
};

/// Most cases read from one file.
pub const CASES_MAX: usize = 10_000;

/// One case, decided.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Row {
    /// Id of the rule.
    pub rule: String,
    /// Name of the case.
    pub case: String,
    /// What is known.
    pub expected: String,
    /// The same of the report.
    pub got: String,
    /// Whether they are equal.
    pub ok: bool,
}

/// One case, read: a rule, what members did, and what is known of the outcome.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name in its file.
    pub id: String,
    /// Id of the rule.
    pub rule: String,
    ballots: Value,
    known: Vec<Known>,
}

/// One thing known of an outcome.
#[derive(Clone, Debug)]
enum Known {
    /// A field of the report's JSON.
    Field(String, Value),
    /// A field of a limb's JSON.
    Limb { limb: String, field: String, value: Value },
    /// A limb's share in percent, rounded to the decimals it is given with; or that it is *not* that.
    Percent { limb: String, percent: String, is_it: bool },
}

/// Decides every case of the file `text`. `rule_text` gives a rule by id.
///
/// # Errors
/// Those of [`cases`]; [`Error::Json`] if it names a rule that there is not; and what [`decide_files`] says of the rule.
pub fn table(text: &str, rule_text: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Row>, Error> {
    cases(text)?.iter().map(|case| decide(case, rule_text)).collect()
}

/// The cases of the file `text`. Bounds: at most [`CASES_MAX`].
///
/// # Errors
/// [`Error::File`] if the file does not read or is no file of cases, with the line.
pub fn cases(text: &str) -> Result<Vec<Case>, Error> {
    let file: Value = serde_json::from_str(text).map_err(|e| {
        let message = e.to_string();
        let message =
            message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message).to_owned();
        unread(Mistake { line: e.line().max(1), column: e.column().max(1), message, hint: None })
    })?;
    let cases = if file.get("rule").is_some_and(Value::is_string) {
        plain::cases(&file)
    } else {
        collected::cases(&file)
    };
    cases.map_err(|Unread { path, message }| {
        let (line, column) = line_column(text, locate::in_json(text, &path));
        unread(Mistake { line, column, message, hint: None })
    })
}

impl Case {
    /// The ballots file of this case.
    ///
    /// # Errors
    /// Those of [`BallotsFile::parse`].
    pub fn file(&self) -> Result<BallotsFile, Error> {
        BallotsFile::parse(&self.ballots_text()?)
    }

    fn ballots_text(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(&self.ballots).map_err(|e| Error::Json(e.to_string()))
    }

    /// `report` beside what is known.
    ///
    /// # Errors
    /// [`Error::Json`] if the report has no JSON form.
    pub fn row(&self, report: &Report) -> Result<Row, Error> {
        let json = serde_json::to_value(report).map_err(|e| Error::Json(e.to_string()))?;
        let compared: Vec<(String, String, bool)> =
            self.known.iter().map(|known| known.compare(report, &json)).collect();
        let join = |column: fn(&(String, String, bool)) -> &str| {
            compared.iter().map(column).collect::<Vec<_>>().join(", ")
        };
        let agrees = report.limbs.iter().all(LimbReport::agrees);
        let ok = agrees && compared.iter().all(|(_, _, ok)| *ok);
        Ok(self.row_of(join(|c| &c.0), join(|c| &c.1), ok))
    }

    fn row_of(&self, expected: String, got: String, ok: bool) -> Row {
        Row { rule: self.rule.clone(), case: self.id.clone(), expected, got, ok }
    }
}

fn unread(mistake: Mistake) -> Error {
    Error::File { file: InputFile::Cases, mistakes: vec![mistake] }
}

/// What is wrong in a file of cases, and where.
struct Unread {
    path: Vec<String>,
    message: String,
}

impl Unread {
    fn at(path: &[&str], message: impl Into<String>) -> Self {
        Self { path: path.iter().map(|segment| (*segment).to_owned()).collect(), message: message.into() }
    }
}

fn decide(case: &Case, rule_text: &dyn Fn(&str) -> Option<String>) -> Result<Row, Error> {
    let rule =
        rule_text(&case.rule).ok_or_else(|| Error::Json(format!("there is no rule `{}`", case.rule)))?;
    match decide_files(&rule, &case.ballots_text()?, None::<Date>) {
        Ok(report) => case.row(&report),
        Err(error @ Error::File { file: InputFile::Rule, .. }) => Err(error),
        Err(error) => {
            let expected: Vec<String> = case.known.iter().map(Known::expected).collect();
            Ok(case.row_of(expected.join(", "), error.to_string(), false))
        }
    }
}

impl Known {
    fn expected(&self) -> String {
        match self {
            Self::Field(field, value) => format!("{field} {}", words(value)),
            Self::Limb { limb, field, value } => format!("{limb} {field} {}", words(value)),
            Self::Percent { limb, percent, is_it: true } => format!("{limb} {percent} %"),
            Self::Percent { limb, percent, is_it: false } => format!("{limb} not {percent} %"),
        }
    }

    /// What is expected, what came, and whether they are equal.
    fn compare(&self, report: &Report, json: &Value) -> (String, String, bool) {
        let (got, ok) = match self {
            Self::Field(field, value) => {
                let got = json.get(field).cloned().unwrap_or_default();
                (format!("{field} {}", words(&got)), got == *value)
            }
            Self::Limb { limb, field, value } => {
                let limbs = json.get("limbs").and_then(Value::as_array).into_iter().flatten();
                let found =
                    limbs.into_iter().find(|found| found.get("name").and_then(Value::as_str) == Some(limb));
                let got = found.and_then(|found| found.get(field)).cloned().unwrap_or_default();
                (format!("{limb} {field} {}", words(&got)), same(&got, value))
            }
            Self::Percent { limb, percent, is_it } => {
                let found = report.limbs.iter().find(|found| found.name == *limb);
                let places = percent.split_once('.').map_or(0, |(_, decimals)| decimals.len());
                let got = found.map(|found| decimal(&in_percent(found), u32::try_from(places).unwrap_or(0)));
                let got = got.unwrap_or_default();
                let is_equal = parse_rational(&got).is_ok_and(|got| parse_rational(percent) == Ok(got));
                (format!("{limb} {got} %"), is_equal == *is_it)
            }
        };
        (self.expected(), got, ok)
    }
}

fn in_percent(limb: &LimbReport) -> Rational {
    let zero = Rational::default();
    if limb.denominator == zero {
        zero
    } else {
        &limb.numerator / &limb.denominator * Rational::from_integer(100.into())
    }
}

/// Equal as JSON, or as numbers: `"17/2"` is 8.5.
fn same(got: &Value, expected: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::String(text) => parse_rational(text).ok(),
        Value::Number(number) => parse_rational(&number.to_string()).ok(),
        _ => None,
    };
    got == expected || number(got).is_some_and(|got| Some(got) == number(expected))
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        Value::Array(values) => values.iter().map(words).collect::<Vec<_>>().join("+"),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| format!("{key} {}", words(value)));
            format!("({})", fields.collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}

fn field(name: &str, value: impl Into<Value>) -> Known {
    Known::Field(name.to_owned(), value.into())
}

fn limb(limb: &str, field: &str, value: impl Into<Value>) -> Known {
    Known::Limb { limb: limb.to_owned(), field: field.to_owned(), value: value.into() }
}

fn object(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}

/// The cases of a file, which has to have some.
fn list<'a>(file: &'a Value, key: &str) -> Result<&'a Vec<Value>, Unread> {
    file.get(key)
        .and_then(Value::as_array)
        .ok_or_else(|| Unread::at(&[], format!("it has no list of `{key}`")))
}

fn id_of(case: &Value, index: usize) -> String {
    case.get("id").and_then(Value::as_str).map_or_else(|| format!("case {index}"), str::to_owned)
}
