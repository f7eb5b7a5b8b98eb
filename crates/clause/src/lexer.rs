//! From text to tokens.
//!
//! Rules kept: a number is what its digits say, never a float; whatever CEL knows and this language does not is refused here or in the
//! parser by name, with what to write instead. Comments are refused too: `7 // 2` is 7 in CEL, which nobody who reads a charter expects.

use polity_decision::Rational;

use crate::{Mistake, SOURCE_BYTES_MAX, number};

/// A word, a sign or a value, and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Token<'a> {
    /// Units: bytes.
    pub(crate) at: usize,
    pub(crate) kind: TokenKind<'a>,
}

#[derive(Clone, Debug)]
pub(crate) enum TokenKind<'a> {
    Number(Rational),
    Text(String),
    /// A name, or `true`, `false`, `in`.
    Word(&'a str),
    /// One of [`SYMBOLS`].
    Symbol(&'static str),
}

/// Signs of the language, longer ones first.
const SYMBOLS: [&str; 20] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "!", "?", ":", "(", ")", "[", "]", ",",
];

/// Signs that people write and the language does not have; looked at before [`SYMBOLS`].
const REFUSED: [(&str, &str, &str); 13] = [
    ("===", "`===` is not an operator", "write =="),
    ("=>", "`=>` is not an operator", "write >= for at least"),
    ("<>", "`<>` is not an operator", "write !="),
    (
        "//",
        "`//` is not an operator, and clauses have no comments",
        "write / to divide, floor(a / b) to divide and round down",
    ),
    ("**", "`**` is not an operator", "multiply: x * x"),
    (
        "%",
        "`%` is not an operator here",
        "for a percentage write 10/100; for a remainder x - floor(x / n) * n",
    ),
    (
        ".",
        "`.` has no meaning here: values have no fields and no methods",
        "write 0.5, not .5; facts are asked as in standing(member)",
    ),
    ("{", "`{` has no meaning here: there are no maps", "for a list of texts write ['a', 'b']"),
    ("}", "`}` has no meaning here: there are no maps", "for a list of texts write ['a', 'b']"),
    ("`", "a backtick has no meaning here", "write texts in '…' or \"…\""),
    ("^", "`^` is not an operator", "multiply: x * x"),
    (";", "a clause is one expression", "put steps into `let`, each with a name"),
    ("#", "clauses have no comments", "say it in the article's `text`"),
];

/// Signs of which half was written; looked at after [`SYMBOLS`].
const HALVES: [(&str, &str); 3] = [("=", "write == to compare"), ("&", "write &&"), ("|", "write ||")];

/// Words that CEL reserves and that mean nothing here. Source: CEL language definition, syntax, RESERVED and null.
const RESERVED: [&str; 18] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "var",
    "void",
    "while",
];

/// Whether `word` can name a definition: an ASCII letter or `_`, then letters, digits and `_`, and no word of the language.
pub(crate) fn is_name(word: &str) -> bool {
    let is_word = word.bytes().all(is_word_byte) && word.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    is_word && !RESERVED.contains(&word) && !matches!(word, "true" | "false" | "in")
}

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// All tokens of `source`.
pub(crate) fn tokens(source: &str) -> Result<Vec<Token<'_>>, Mistake> {
    if source.len() > SOURCE_BYTES_MAX {
        let message = format!("{} bytes: a clause has at most {SOURCE_BYTES_MAX}", source.len());
        return Err(Mistake::new(0, message, "put parts of it into `let`, each with a name"));
    }
    let mut lexer = Lexer { source, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// What is not read yet.
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or("")
    }

    /// Takes the bytes that `fit`, which are ASCII.
    fn take(&mut self, fit: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().take_while(|b| b.is_ascii() && fit(*b)).count();
        self.at = self.at.saturating_add(length);
        rest.get(..length).unwrap_or("")
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, Mistake> {
        self.take(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
        let at = self.at;
        let Some(first) = self.rest().chars().next() else { return Ok(None) };
        let kind = match first {
            '0'..='9' => TokenKind::Number(self.number()?),
            '\'' | '"' => TokenKind::Text(self.text(first)?),
            'a'..='z' | 'A'..='Z' | '_' => TokenKind::Word(self.word()?),
            _ => TokenKind::Symbol(self.symbol(first)?),
        };
        Ok(Some(Token { at, kind }))
    }

    fn word(&mut self) -> Result<&'a str, Mistake> {
        let at = self.at;
        let word = self.take(is_word_byte);
        if self.rest().starts_with(['\'', '"']) {
            let message =
                format!("`{word}` before a quotation mark has no meaning here: there are plain texts only");
            return Err(Mistake::new(at, message, "write the text in '…' or \"…\""));
        }
        if RESERVED.contains(&word) {
            let hint = match word {
                "null" => "a fact that is not known stops the clause by itself",
                "if" | "else" => "write a ? b : c",
                _ => "",
            };
            return Err(Mistake::new(at, format!("`{word}` is a reserved word"), hint));
        }
        Ok(word)
    }

    fn symbol(&mut self, first: char) -> Result<&'static str, Mistake> {
        let (at, rest) = (self.at, self.rest());
        if let Some((_, message, hint)) = REFUSED.iter().find(|(sign, ..)| rest.starts_with(sign)) {
            return Err(Mistake::new(at, *message, *hint));
        }
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(*symbol)) {
            self.at = at.saturating_add(symbol.len());
            return Ok(symbol);
        }
        if let Some((sign, hint)) = HALVES.iter().find(|(sign, _)| rest.starts_with(sign)) {
            return Err(Mistake::new(at, format!("`{sign}` alone is not an operator"), *hint));
        }
        let (shown, hint) = match first.is_ascii() {
            true => (first.escape_default().to_string(), ""),
            false => {
                (first.to_string(), "outside of quotation marks only ASCII letters and signs: ( ) , ' \"")
            }
        };
        Err(Mistake::new(at, format!("`{shown}` has no meaning here"), hint))
    }

    /// A whole number or a decimal, exactly.
    fn number(&mut self) -> Result<Rational, Mistake> {
        let at = self.at;
        let digits = self.take(|b| b.is_ascii_digit());
        let whole = digits.parse::<i64>().map_err(|_| {
            Mistake::new(
                at,
                format!("a number this large cannot be written: the largest is {}", i64::MAX),
                "",
            )
        })?;
        let mut tenths = "";
        if self.rest().starts_with('.') {
            self.at = self.at.saturating_add(1);
            tenths = self.take(|b| b.is_ascii_digit());
            if tenths.is_empty() {
                return Err(Mistake::new(
                    at,
                    "there is no digit after the point",
                    format!("write {digits} or {digits}.0"),
                ));
            }
        }
        if let Some(next) = self.rest().bytes().next().filter(|b| is_word_byte(*b) || *b == b'.') {
            let hint = match next {
                b'e' | b'E' => "write the number out, as 1000000000 or 0.001",
                b'x' | b'X' => "write the number in decimal",
                b'u' | b'U' => "leave out the u",
                b'_' => "write the digits without separators",
                b'.' => "write one point",
                _ => "between a number and a name put an operator",
            };
            let next = char::from(next);
            return Err(Mistake::new(
                at,
                format!("a number has digits and at most one point, no `{next}`"),
                hint,
            ));
        }
        number::decimal(whole, tenths).ok_or_else(|| {
            let message = format!("at most {} digits after the point", number::PLACES_MAX);
            Mistake::new(at, message, "write a fraction, as 1/3")
        })
    }

    /// A text in `quote`s.
    fn text(&mut self, quote: char) -> Result<String, Mistake> {
        let start = self.at;
        let mut text = String::new();
        let mut letters = self.rest().char_indices().skip(1);
        while let Some((offset, letter)) = letters.next() {
            let at = start.saturating_add(offset);
            match letter {
                '\\' => match letters.next() {
                    Some((_, escaped @ ('\\' | '\'' | '"'))) => text.push(escaped),
                    _ => {
                        let hint = "write letters as they are; only \\\\, \\' and \\\" need a backslash";
                        return Err(Mistake::new(at, "this escape is not in the language", hint));
                    }
                },
                _ if letter == quote => {
                    self.at = at.saturating_add(1);
                    if self.rest().starts_with(['\'', '"']) {
                        let message = "two texts without anything between them";
                        return Err(Mistake::new(
                            self.at,
                            message,
                            "write each text in one pair of quotation marks",
                        ));
                    }
                    return Ok(text);
                }
                _ if letter.is_control() => {
                    return Err(Mistake::new(at, "a text has no control characters and no line breaks", ""));
                }
                _ => text.push(letter),
            }
        }
        Err(Mistake::new(start, "this text does not end", format!("close it with {quote}")))
    }
}
