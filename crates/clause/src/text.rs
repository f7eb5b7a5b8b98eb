//! Values as text, exactly, and back.

use core::fmt;

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use polity_decision::Rational;

use crate::number::{PLACES_MAX, bounded, ten_to};
use crate::{Type, Unreadable, Value};

/// Longest text of a number: two of 512 bits, sign, fraction bar. Units: bytes.
const NUMBER_BYTES_MAX: usize = 320;

/// Most that a message repeats of a text. Units: characters.
const SHOWN_MAX: usize = 40;

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => f.write_str(&number(value)),
            Self::Text(value) => f.write_str(value),
            Self::Texts(values) => {
                let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                write!(f, "[{}]", values.join(", "))
            }
            Self::Member => f.write_str("member"),
            Self::Period => f.write_str("period"),
        }
    }
}

impl Value {
    /// Reads what [`fmt::Display`] wrote of a value of type `expected`.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(text: &str, expected: Type) -> Result<Self, Unreadable> {
        let (value, example) = match expected {
            Type::Bool => (text.parse().ok().map(Self::Bool), "true or false"),
            Type::Number => (read_number(text).map(Self::Number), "12, -0.5 or 2/3"),
            Type::Text => (Some(Self::Text(text.to_owned())), ""),
            Type::Texts => (read_texts(text).map(Self::Texts), "['a', 'b']"),
            Type::Member => ((text == "member").then_some(Self::Member), "member"),
            Type::Period => ((text == "period").then_some(Self::Period), "period"),
        };
        value.ok_or_else(|| Unreadable { text: text.chars().take(SHOWN_MAX).collect(), expected, example })
    }
}

/// As a clause writes it: texts in quotation marks.
pub(crate) fn in_clause(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A whole number; a decimal, if it ends after [`PLACES_MAX`] digits at most; else a fraction.
fn number(value: &Rational) -> String {
    if value.is_integer() {
        return value.numer().to_string();
    }
    let Some(places) = places(value.denom()) else { return format!("{}/{}", value.numer(), value.denom()) };
    let scale = ten_to(places);
    let scaled = value.numer().magnitude() * scale.magnitude() / value.denom().magnitude();
    let (whole, rest) = (&scaled / scale.magnitude(), &scaled % scale.magnitude());
    let width = usize::try_from(places).unwrap_or(0);
    let sign = if value.is_negative() { "-" } else { "" };
    format!("{sign}{whole}.{:0>width$}", rest.to_string())
}

/// How many digits after the point `1/denominator` has, if it ends soon enough.
fn places(denominator: &BigInt) -> Option<u32> {
    let (mut rest, mut places) = (denominator.clone(), [0_u32, 0]);
    for (factor, count) in [2_u32, 5].into_iter().zip(&mut places) {
        while (&rest % factor).is_zero() && *count <= PLACES_MAX {
            rest /= factor;
            *count = count.saturating_add(1);
        }
    }
    let places = places.into_iter().max().unwrap_or(0);
    (rest.is_one() && places <= PLACES_MAX).then_some(places)
}

fn read_number(text: &str) -> Option<Rational> {
    let integer = |digits: &str| -> Option<BigInt> {
        (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    if text.len() > NUMBER_BYTES_MAX {
        return None;
    }
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let value = if let Some((over, under)) = digits.split_once('/') {
        let under = integer(under).filter(|under| !under.is_zero())?;
        Rational::new(integer(over)?, under)
    } else if let Some((whole, tenths)) = digits.split_once('.') {
        let scale = ten_to(u32::try_from(tenths.len()).ok()?);
        Rational::new(integer(whole)? * &scale + integer(tenths)?, scale)
    } else {
        Rational::from_integer(integer(digits)?)
    };
    bounded(if is_negative { -value } else { value })
}

/// Reads `['a', 'b']`: commas between, `\\` and `\'` escaped.
fn read_texts(text: &str) -> Option<Vec<String>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let mut texts = Vec::new();
    let mut letters = inner.trim().chars().peekable();
    while letters.peek().is_some() {
        if !texts.is_empty() {
            letters.next_if_eq(&',')?;
            while letters.next_if_eq(&' ').is_some() {}
        }
        letters.next_if_eq(&'\'')?;
        let mut text = String::new();
        loop {
            match letters.next()? {
                '\'' => break,
                '\\' => text.push(letters.next()?),
                letter => text.push(letter),
            }
        }
        texts.push(text);
        while letters.next_if_eq(&' ').is_some() {}
    }
    Some(texts)
}
