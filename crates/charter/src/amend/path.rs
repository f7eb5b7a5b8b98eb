//! Where in a charter a change applies: `rules.two-thirds.limb[0].threshold`.
//!
//! Keys as TOML writes them, joined by dots: bare, or in quotes where they hold other characters; `[0]` is an element of a
//! list, counted from nought. One path has many spellings (`rules."two-thirds"`), so whoever judges by paths judges by
//! [`Path::steps`], never by the text.

use core::fmt;

use crate::report::join;

/// Most steps of a path. The deepest setting of a charter is seven down.
pub const PATH_STEPS_MAX: usize = 16;
/// Longest path. Units: bytes.
pub const PATH_BYTES_MAX: usize = 512;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into a table.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

/// A path that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Step>);

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (path, rest) = Self::parse_prefix(text)?;
        match rest.trim() {
            "" => Ok(path),
            rest => Err(format!("`{}` follows the path", beginning(rest))),
        }
    }

    /// Reads the path that `text` begins with; returns also what follows it.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse_prefix(text: &str) -> Result<(Self, &str), String> {
        let mut rest = text.trim_start();
        let mut steps = Vec::new();
        loop {
            let (key, after) = key(rest)?;
            steps.push(Step::Key(key));
            rest = after;
            while let Some(inside) = rest.strip_prefix('[') {
                let (number, after) = inside.split_once(']').ok_or("`[` is not closed")?;
                let index = number.trim().parse().map_err(|_| {
                    format!("`[{}]` is no element: they are counted [0], [1] …", beginning(number))
                })?;
                steps.push(Step::Index(index));
                rest = after;
            }
            let length = text.len().saturating_sub(rest.len());
            if steps.len() > PATH_STEPS_MAX || length > PATH_BYTES_MAX {
                return Err(format!(
                    "the path has more than {PATH_STEPS_MAX} steps or {PATH_BYTES_MAX} bytes"
                ));
            }
            match rest.strip_prefix('.') {
                Some(after) => rest = after,
                None => return Ok((Self(steps), rest)),
            }
        }
    }

    /// Its steps; never empty, and the first is a key.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The section it is in: its first key.
    #[must_use]
    pub fn section(&self) -> &str {
        match self.0.first() {
            Some(Step::Key(key)) => key,
            _ => "",
        }
    }

    /// Whether the setting is `section`, or a part of it.
    #[must_use]
    pub fn is_in(&self, section: &Self) -> bool {
        self.0.starts_with(&section.0)
    }

    /// Everything but the last step, and the last step.
    pub(crate) fn split_last(&self) -> Option<(&Step, &[Step])> {
        self.0.split_last()
    }
}

impl fmt::Display for Path {
    /// The one spelling that all others are equal to.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_of(&self.0))
    }
}

/// `steps` as text.
pub(crate) fn text_of(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |path, step| match step {
        Step::Key(key) => join(&path, key),
        Step::Index(index) => format!("{path}[{index}]"),
    })
}

/// The key that `text` begins with, and what follows it.
fn key(text: &str) -> Result<(String, &str), String> {
    if let Some(inside) = text.strip_prefix('\'') {
        let (key, rest) = inside.split_once('\'').ok_or("a quote is not closed")?;
        return Ok((key.to_owned(), rest));
    }
    if let Some(inside) = text.strip_prefix('"') {
        return quoted(inside);
    }
    let end =
        text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(text.len());
    match text.split_at_checked(end) {
        Some((key, rest)) if !key.is_empty() => Ok((key.to_owned(), rest)),
        _ if text.is_empty() => Err("the path ends where a key is expected".to_owned()),
        _ => Err(format!(
            "`{}` is no key: keys with other characters than A-Z a-z 0-9 _ - are quoted",
            beginning(text)
        )),
    }
}

/// A key in double quotes; only `\"` and `\\` are escaped, which is all that ids need.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut key = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Ok((key, text.get(at.saturating_add(1)..).unwrap_or_default())),
            '\\' => match characters.next() {
                Some((_, escaped @ ('"' | '\\'))) => key.push(escaped),
                _ => return Err("only \\\" and \\\\ are escaped in a path".to_owned()),
            },
            c => key.push(c),
        }
    }
    Err("a quote is not closed".to_owned())
}

/// The first characters of `text`, for messages.
fn beginning(text: &str) -> String {
    const SHOWN_MAX: usize = 32;
    let mut shown: String = text.chars().take(SHOWN_MAX).collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_and_written_in_one_spelling() {
        for (text, expected) in [
            ("name", "name"),
            ("rules.two-thirds.limb[0].threshold", "rules.two-thirds.limb[0].threshold"),
            ("rules.\"two-thirds\".'limb'[0]", "rules.two-thirds.limb[0]"),
            (" members.\"v1.0\".rights[12] ", "members.\"v1.0\".rights[12]"),
            ("a[0][1].b", "a[0][1].b"),
            ("'a\"b'.c", "\"a\\\"b\".c"),
        ] {
            let path = Path::parse(text).expect(text);
            assert_eq!(path.to_string(), expected, "{text}");
            assert_eq!(Path::parse(expected), Ok(path), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a[",
            "a[x]",
            "a[-1]",
            "[0]",
            "a b",
            "a.[0]",
            "\"a",
            "'a",
            "a[1]b",
            "é",
            "a[99999999999999999999]",
            "\"\\n\"",
        ] {
            assert!(Path::parse(text).is_err(), "{text:?}");
        }
        assert!(Path::parse(&"a.".repeat(40)).is_err());
        assert!(Path::parse(&"a".repeat(600)).is_err());
    }

    #[test]
    fn a_path_knows_its_section_whatever_its_spelling() {
        let rules = Path::parse("rules").expect("a path");
        for inside in ["rules", "rules.x", "\"rules\".x", "'rules'"] {
            assert!(Path::parse(inside).expect(inside).is_in(&rules), "{inside}");
        }
        for outside in ["rulesx", "chambers.rules", "\"rules.x\""] {
            assert!(!Path::parse(outside).expect(outside).is_in(&rules), "{outside}");
        }
    }
}
