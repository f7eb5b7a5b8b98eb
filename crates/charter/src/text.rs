//! Words of the agreement in the languages of its members.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A language that [`show`](crate::show()) speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// Every language, in the order they are offered.
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// The ISO 639-1 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// The language with this ISO 639-1 code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }
}

/// A name in one or more languages: `"France"`, or `{ en = "Paris Agreement", zh = "巴黎协定" }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// The same words in every language.
    Same(String),
    /// Words by ISO 639-1 code of the language.
    ByLanguage(BTreeMap<String, String>),
    /// No words at all.
    #[default]
    Empty,
}

impl Text {
    /// The words in `code`, else in English, else in the first language there is, else nothing.
    #[must_use]
    pub fn get(&self, code: &str) -> &str {
        match self {
            Self::Same(words) => words,
            Self::ByLanguage(map) => map
                .get(code)
                .or_else(|| map.get("en"))
                .or_else(|| map.values().next())
                .map_or("", String::as_str),
            Self::Empty => "",
        }
    }

    /// Whether there are no words in any language.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Same(words) => words.is_empty(),
            Self::ByLanguage(map) => map.values().all(String::is_empty),
            Self::Empty => true,
        }
    }

    /// The words in `language`, with the same fallbacks as [`Text::get`].
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        self.get(language.code())
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        Self::Same(words.to_owned())
    }
}
