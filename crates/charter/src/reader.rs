//! Typed reading of TOML values. A value of the wrong form is reported and read as `None`; the caller goes on with a default,
//! because a charter with one error is refused in any case and the rest of the file deserves its checks too.

use std::collections::BTreeMap;

use core::ops::{Range, RangeInclusive};

use polity_primitives::{Address, U256};
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use crate::report::{Report, join};
use crate::{Date, Text, amount_text, duration_text, is_id, parse_amount_wei, parse_duration_ms};

/// Most bytes of a name or of a source.
const WORDS_BYTES_MAX: usize = 1_024;

/// What [`Node::integer`] expects.
const WHOLE: &str = "a whole number";

/// A value and its path.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    pub(crate) path: String,
    pub(crate) value: &'a DeValue<'a>,
    pub(crate) span: Range<usize>,
}

/// A table, and the keys that were asked of it.
pub(crate) struct Table<'a> {
    pub(crate) path: String,
    entries: &'a DeTable<'a>,
    known: Vec<&'static str>,
}

/// `candidates` as a sentence fragment: `a, b or c`.
pub(crate) fn alternatives(candidates: &[&str]) -> String {
    match candidates {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(|word| format!("`{word}`")).collect();
            format!("{} or `{last}`", first.join(", "))
        }
    }
}

/// The candidate that `word` is a slip of the pen away from.
pub(crate) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let distance =
        |candidate: &&str| strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase());
    candidates.iter().copied().min_by_key(distance).filter(|c| distance(c) <= 1 + c.chars().count() / 4)
}

/// "did you mean `x`?" if a candidate is near enough to be a slip of the pen, else the alternatives.
pub(crate) fn suggest(word: &str, candidates: &[&str]) -> String {
    let distance =
        |candidate: &&str| strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase());
    let near =
        candidates.iter().copied().min_by_key(distance).filter(|c| distance(c) <= 1 + c.chars().count() / 4);
    match near {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if candidates.is_empty() => String::new(),
        None if candidates.len() <= 16 => format!("expected {}", alternatives(candidates)),
        None => String::new(),
    }
}

impl<'a> Table<'a> {
    pub(crate) const fn new(path: String, entries: &'a DeTable<'a>) -> Self {
        Self { path, entries, known: Vec::new() }
    }

    /// The value of `key`, if given.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<Node<'a>> {
        self.known.push(key);
        let value = self.entries.get(key)?;
        Some(Node { path: join(&self.path, key), value: value.get_ref(), span: value.span() })
    }

    /// The value of `key`; reported with `hint` if it is missing.
    pub(crate) fn require(
        &mut self,
        key: &'static str,
        hint: &str,
        report: &mut Report<'_>,
    ) -> Option<Node<'a>> {
        let value = self.get(key);
        if value.is_none() {
            report.missing(&self.path, key, hint);
        }
        value
    }

    /// Accepts `keys` unread: they belong to something that is refused as a whole.
    pub(crate) fn pass_over(&mut self, keys: &[&'static str]) {
        self.known.extend(keys);
    }

    /// The table under `key`, if given.
    pub(crate) fn section(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Table<'a>> {
        self.get(key).and_then(|node| node.table(report))
    }

    /// Reports keys that nobody asked for.
    pub(crate) fn finish(self, report: &mut Report<'_>) {
        for (key, _) in self.entries {
            let key = key.get_ref().as_ref();
            if !self.known.contains(&key) {
                let path = join(&self.path, key);
                report.error_at_key(&path, format!("unknown key `{key}`"), suggest(key, &self.known));
            }
        }
    }

    /// Every entry in the order of the file.
    pub(crate) fn entries(&self) -> Vec<(&'a str, Node<'a>)> {
        let mut list: Vec<_> = self.entries.iter().collect();
        list.sort_by_key(|(key, _)| key.span().start);
        let node = |key: &str, value: &'a toml::Spanned<DeValue<'a>>| Node {
            path: join(&self.path, key),
            value: value.get_ref(),
            span: value.span(),
        };
        list.into_iter().map(|(key, value)| (key.get_ref().as_ref(), node(key.get_ref(), value))).collect()
    }

    /// Every entry whose key is a well-formed id, in the order of the file; at most `max`.
    pub(crate) fn named(&self, what: &str, max: usize, report: &mut Report<'_>) -> Vec<(&'a str, Node<'a>)> {
        let mut list = self.entries();
        if list.len() > max {
            report.error_at_key(&self.path, format!("{} {what}, but at most {max} fit", list.len()), "");
            list.truncate(max);
        }
        list.retain(|(id, node)| {
            let fine = is_id(id);
            if !fine {
                report.error_at_key(&node.path, format!("`{id}` is no id"), ID_HINT);
            }
            fine
        });
        list
    }
}

/// What an id looks like.
const ID_HINT: &str = "an id is 1 to 31 of the characters A-Z a-z 0-9 . _ -";

impl<'a> Node<'a> {
    fn wrong(&self, expected: &str, report: &mut Report<'_>) {
        let found = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a decimal number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let hint = match self.value {
            DeValue::Float(float) if expected != WHOLE => {
                format!("write it in quotes, so that it is exact: \"{float}\"")
            }
            _ => String::new(),
        };
        report.error(&self.path, format!("expected {expected}, found {found}"), hint);
    }

    pub(crate) fn table(&self, report: &mut Report<'_>) -> Option<Table<'a>> {
        let table = self.value.as_table().map(|entries| Table::new(self.path.clone(), entries));
        if table.is_none() {
            self.wrong("a table", report);
        }
        table
    }

    /// The elements of a list of at most `max`.
    pub(crate) fn list(&self, max: usize, report: &mut Report<'_>) -> Vec<Node<'a>> {
        let Some(array) = self.value.as_array() else {
            self.wrong("a list", report);
            return Vec::new();
        };
        if array.len() > max {
            report.error(&self.path, format!("{} elements, but at most {max} fit", array.len()), "");
        }
        let element = |(i, value): (usize, &'a toml::Spanned<DeValue<'a>>)| Node {
            path: format!("{}[{i}]", self.path),
            value: value.get_ref(),
            span: value.span(),
        };
        array.iter().take(max).enumerate().map(element).collect()
    }

    pub(crate) fn string(&self, expected: &str, report: &mut Report<'_>) -> Option<&'a str> {
        let string = self.value.as_str();
        if string.is_none() {
            self.wrong(expected, report);
        }
        string
    }

    /// A string of 1 to [`WORDS_BYTES_MAX`] bytes without control characters.
    pub(crate) fn words(&self, report: &mut Report<'_>) -> Option<String> {
        let words = self.string("words in quotes", report)?;
        let problem = match words {
            _ if words.trim().is_empty() => "it is empty".to_owned(),
            _ if words.len() > WORDS_BYTES_MAX => format!("it is longer than {WORDS_BYTES_MAX} bytes"),
            _ if words.contains(char::is_control) => "it holds a control character".to_owned(),
            _ => return Some(words.to_owned()),
        };
        report.error(&self.path, problem, "");
        None
    }

    /// Words, the same in every language or by language.
    pub(crate) fn text(&self, languages: &[String], report: &mut Report<'_>) -> Option<Text> {
        if self.value.is_str() {
            return self.words(report).map(Text::Same);
        }
        let Some(table) = self.value.as_table().map(|entries| Table::new(self.path.clone(), entries)) else {
            self.wrong("words in quotes, or a table of words by language", report);
            return None;
        };
        let mut by_language = BTreeMap::new();
        for (code, node) in table.entries() {
            if !is_language(code) {
                report.error_at_key(&node.path, format!("`{code}` is no language"), LANGUAGE_HINT);
            } else if let Some(words) = node.words(report) {
                by_language.insert(code.to_owned(), words);
            }
        }
        for language in languages {
            if !table.entries.contains_key(language.as_str()) {
                let message =
                    format!("no words in `{language}`, which is among the languages of the charter");
                report.warning(&self.path, message, format!("add {language} = \"…\""));
            }
        }
        Some(Text::ByLanguage(by_language))
    }

    /// A whole number in `range`.
    pub(crate) fn integer(&self, range: RangeInclusive<u64>, report: &mut Report<'_>) -> Option<u64> {
        let Some(integer) = self.value.as_integer() else {
            self.wrong(WHOLE, report);
            return None;
        };
        let number = i128::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.and_then(|n| u64::try_from(n).ok()).filter(|n| range.contains(n));
        if number.is_none() {
            let message = format!("{integer} is not between {} and {}", range.start(), range.end());
            report.error(&self.path, message, "");
        }
        number
    }

    /// One of a few words.
    pub(crate) fn one_of<T: Copy>(
        &self,
        what: &str,
        words: &[(&str, T)],
        report: &mut Report<'_>,
    ) -> Option<T> {
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let word = self.string(&format!("{what} ({})", alternatives(&names)), report)?;
        let found = words.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if found.is_none() {
            report.error(&self.path, format!("`{word}` is no {what}"), suggest(word, &names));
        }
        found
    }

    /// A well-formed id.
    pub(crate) fn id(&self, report: &mut Report<'_>) -> Option<&'a str> {
        let id = self.string("an id in quotes", report)?;
        if is_id(id) {
            return Some(id);
        }
        report.error(&self.path, format!("`{id}` is no id"), ID_HINT);
        None
    }

    /// A list of at most `max` ids, each once.
    pub(crate) fn ids(&self, max: usize, report: &mut Report<'_>) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for node in self.list(max, report) {
            match node.id(report) {
                Some(id) if ids.iter().any(|other| other == id) => {
                    report.error(&node.path, format!("`{id}` is given twice"), "keep one of the two");
                }
                Some(id) => ids.push(id.to_owned()),
                None => {}
            }
        }
        ids
    }

    /// A day of the calendar, `2016-04-22`, with or without quotes.
    pub(crate) fn date(&self, report: &mut Report<'_>) -> Option<Date> {
        let date = match self.value {
            DeValue::String(text) => Date::parse(text),
            DeValue::Datetime(Datetime { date: Some(day), time: None, offset: None }) => {
                Date::parse(&day.to_string())
            }
            DeValue::Datetime(_) => None,
            _ => {
                self.wrong("a date", report);
                return None;
            }
        };
        if date.is_none() {
            let hint =
                "a date is a day of the calendar in UTC from 1970-01-01 to 2999-12-31, such as 2016-04-22";
            let written = match self.value {
                DeValue::String(text) => format!("`{text}`"),
                _ => "this".to_owned(),
            };
            report.error(&self.path, format!("{written} is no date"), hint);
        }
        date
    }

    /// A duration in `range`. Units: milliseconds.
    pub(crate) fn duration_ms(&self, range: RangeInclusive<u64>, report: &mut Report<'_>) -> Option<u64> {
        let text = self.string("a duration such as \"30d\"", report)?;
        let Some(ms) = parse_duration_ms(text) else {
            let hint = "a duration is a whole number and a unit: 50ms, 2s, 5m, 1h, 30d or 2w";
            report.error(&self.path, format!("`{text}` is no duration"), hint);
            return None;
        };
        if range.contains(&ms) {
            return Some(ms);
        }
        let (least, most) = (duration_text(*range.start()), duration_text(*range.end()));
        report.error(&self.path, format!("`{text}` is not between {least} and {most}"), "");
        None
    }

    /// A duration of whole seconds up to ten years, at least `least_secs`. Units: seconds.
    pub(crate) fn duration_secs(&self, least_secs: u64, report: &mut Report<'_>) -> Option<u64> {
        const TEN_YEARS_MS: u64 = 3_650 * 86_400_000;
        let ms = self.duration_ms(least_secs.saturating_mul(1_000)..=TEN_YEARS_MS, report)?;
        if ms.is_multiple_of(1_000) {
            return Some(ms / 1_000);
        }
        report.error(&self.path, format!("`{}` is not whole seconds", duration_text(ms)), "");
        None
    }

    /// An amount of money. Units: wei.
    pub(crate) fn amount_wei(&self, report: &mut Report<'_>) -> Option<U256> {
        let text = match self.value {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            _ => self.string("an amount such as \"1.5\"", report)?,
        };
        let amount = parse_amount_wei(text);
        if amount.is_none() {
            let most = amount_text(U256::from(u128::MAX));
            let hint = format!(
                "an amount is a decimal with at most 18 places, from 0 to {most}, or whole numbers of a smaller unit such \
                 as \"1 gwei\""
            );
            report.error(&self.path, format!("`{text}` is no amount"), hint);
        }
        amount
    }

    /// An Ethereum address that a key can have.
    pub(crate) fn address(&self, report: &mut Report<'_>) -> Option<Address> {
        let text = self.string("an address in quotes", report)?;
        let problem = match parse_address(text) {
            Ok(address) if address == polity_primitives::SYSTEM => {
                "it sends system transactions and has no key".into()
            }
            Ok(address) if address.is_zero() => "the zero address has no key".into(),
            Ok(address) if address.0.iter().take(18).all(|byte| *byte == 0) => {
                "addresses up to 0x…ffff belong to precompiles and institutions, and have no key".into()
            }
            Ok(address) => return Some(address),
            Err(hint) => hint,
        };
        report.error(&self.path, format!("`{text}` cannot be an address here"), problem);
        None
    }

    /// `N` bytes as `0x…`.
    pub(crate) fn bytes<const N: usize>(&self, what: &str, report: &mut Report<'_>) -> Option<[u8; N]> {
        let text = self.string(&format!("{what} in quotes"), report)?;
        let bytes = text.strip_prefix("0x").and_then(|hex| alloy_primitives::hex::decode_to_array(hex).ok());
        if bytes.is_none() {
            report.error(
                &self.path,
                format!("this is no {what}"),
                format!("it is 0x and {} hexadecimal digits", 2 * N),
            );
        }
        bytes
    }
}

/// What a language code looks like.
const LANGUAGE_HINT: &str = "a language is its ISO 639-1 code: two small letters, such as en or zh";

/// Whether `code` has the form of an ISO 639-1 code.
pub(crate) fn is_language(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase())
}

/// Reads an address; mixed case must carry the right checksum. The error is a hint.
fn parse_address(text: &str) -> Result<Address, String> {
    let form = || "an address is 0x and 40 hexadecimal digits".to_owned();
    let digits = text.strip_prefix("0x").ok_or_else(form)?;
    let address =
        alloy_primitives::hex::decode_to_array::<_, 20>(digits).map(Address::from).map_err(|_| form())?;
    let mixed =
        digits.bytes().any(|b| b.is_ascii_lowercase()) && digits.bytes().any(|b| b.is_ascii_uppercase());
    let checksummed = address.to_checksum(None);
    if mixed && checksummed != text {
        return Err(format!("its checksum (EIP-55) is wrong; if no digit is mistyped it is {checksummed}"));
    }
    Ok(address)
}
