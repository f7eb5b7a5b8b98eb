//! What can be wrong: with the text of a clause ([`Mistake`]), or with its value ([`Problem`]).

/// What is wrong with the text of a clause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Mistake {
    /// Where. Units: bytes from the start of the clause.
    pub at: usize,
    /// What.
    pub message: String,
    /// What to write instead; empty where nothing can be said.
    pub hint: String,
}

impl Mistake {
    pub(crate) fn new(at: usize, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: hint.into() }
    }
}

/// Why a clause gives no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem<E> {
    /// Whoever knows the facts failed.
    #[error(transparent)]
    Facts(E),
    /// A fact is not known.
    #[error("`{fact}` is not known: {reason}")]
    Missing {
        /// The fact, as the clause asks for it.
        fact: String,
        /// Why.
        reason: String,
    },
    /// The clause has no value with these facts: division by zero, or a number too long.
    #[error("{0}")]
    Undefined(String),
}
