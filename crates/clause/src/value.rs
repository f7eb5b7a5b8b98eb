//! What clauses compute with: types and values.

use core::fmt;

use polity_decision::Rational;

/// What a clause or one of its parts gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// An exact fraction.
    Number,
    /// Words in quotation marks.
    Text,
    /// A list of texts; `x in list` asks whether `x` is one of them.
    Texts,
    /// The member that is judged. It can only be handed to a fact.
    Member,
    /// The period that is judged. It can only be handed to a fact.
    Period,
}

impl fmt::Display for Type {
    /// As in "`x` is a number".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Texts => "a list of texts",
            Self::Member => "a member",
            Self::Period => "a period",
        })
    }
}

/// A value of one of the [`Type`]s.
///
/// As text ([`fmt::Display`]) it is exact, and [`Value::read`] reads it back: `true`, `-5`, `0.25`, `2/3`, `state`, `['g7', 'oecd']`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// See [`Type::Bool`].
    Bool(bool),
    /// See [`Type::Number`].
    Number(Rational),
    /// See [`Type::Text`].
    Text(String),
    /// See [`Type::Texts`].
    Texts(Vec<String>),
    /// See [`Type::Member`].
    Member,
    /// See [`Type::Period`].
    Period,
}

impl Value {
    /// Its type.
    #[must_use]
    pub const fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Number(_) => Type::Number,
            Self::Text(_) => Type::Text,
            Self::Texts(_) => Type::Texts,
            Self::Member => Type::Member,
            Self::Period => Type::Period,
        }
    }

    /// The whole number it is, as a change of standing must be.
    ///
    /// # Errors
    /// [`NotWhole`] says why it is none.
    pub fn whole(&self) -> Result<i64, NotWhole> {
        let Self::Number(number) = self else { return Err(NotWhole::Type(self.kind())) };
        if !number.is_integer() {
            return Err(NotWhole::Fraction(self.to_string()));
        }
        i64::try_from(number.numer()).map_err(|_| NotWhole::Large(self.to_string()))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Rational::from_integer(number.into()))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(Rational::from_integer(number.into()))
    }
}

/// Why a value is no whole number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWhole {
    /// It is no number.
    #[error("it is {0}, not a number")]
    Type(Type),
    /// It is a fraction.
    #[error("{0} is no whole number")]
    Fraction(String),
    /// It does not fit 64 bits.
    #[error("{0} is too large")]
    Large(String),
}

/// Why a text is no value of the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}: write {example}")]
pub struct Unreadable {
    /// The text, or its beginning.
    pub text: String,
    /// What was asked for.
    pub expected: Type,
    /// What such a value looks like.
    pub example: &'static str,
}
