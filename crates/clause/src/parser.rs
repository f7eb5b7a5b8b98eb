//! From tokens to the tree as it is written.
//!
//! Grammar, after the CEL language definition (what is left out has no meaning in a clause):
//!
//! ```text
//! expression = any ["?" any ":" expression]
//! any        = all {"||" all}              -- and so on through the LEVELS of operators, loose to tight
//! unary      = part | "!" unary | "-" unary
//! part       = number | text | "true" | "false" | name ["(" [expression {"," expression}] ")"]
//!            | "(" expression ")" | "[" [expression {"," expression}] "]"
//! ```
//!
//! Operators are read by how tightly they bind (Pratt's way). Depth is counted twice: of what is open while reading, parentheses too, and of
//! the tree that comes out, where `a * b + c` is deeper on its left than it was to read.
//!
//! Why not the parser of the `cel` crate: ADR 0031. Our tests compare the two trees.

use crate::lexer::{Token, TokenKind, tokens};
use crate::operator::{LEVELS, Operator};
use crate::syntax::{Expression, Link, What};
use crate::{DEPTH_MAX, Mistake};

/// Reads a clause.
pub(crate) fn parse(source: &str) -> Result<Expression, Mistake> {
    let mut parser = Parser { tokens: tokens(source)?, next: 0, end: source.len(), depth: 0 };
    if parser.tokens.is_empty() {
        return Err(Mistake::new(0, "there is nothing here", "write a clause, such as true"));
    }
    let expression = parser.expression()?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    /// Index of the token that is read next.
    next: usize,
    /// Where the clause ends. Units: bytes.
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&TokenKind<'a>> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    /// Where the next token is.
    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |token| token.at)
    }

    fn advance(&mut self) {
        self.next = self.next.saturating_add(1);
    }

    /// Takes `symbol` if it is next.
    fn take(&mut self, symbol: &str) -> bool {
        let is_next = matches!(self.peek(), Some(TokenKind::Symbol(next)) if *next == symbol);
        if is_next {
            self.advance();
        }
        is_next
    }

    fn expect(&mut self, symbol: &str, hint: &str) -> Result<(), Mistake> {
        match self.take(symbol) {
            true => Ok(()),
            false => {
                let mistake = self.unexpected(&format!("`{symbol}`"));
                Err(if mistake.hint.is_empty() {
                    Mistake { hint: hint.to_owned(), ..mistake }
                } else {
                    mistake
                })
            }
        }
    }

    /// The mistake that the next token is, where `expected` should be.
    fn unexpected(&self, expected: &str) -> Mistake {
        let found = match self.peek() {
            None => "the clause ends".to_owned(),
            Some(TokenKind::Number(_)) => "there is a number".to_owned(),
            Some(TokenKind::Text(_)) => "there is a text".to_owned(),
            Some(TokenKind::Word(word)) => format!("there is `{word}`"),
            Some(TokenKind::Symbol(symbol)) => format!("there is `{symbol}`"),
        };
        let hint = match self.peek() {
            Some(TokenKind::Word("and" | "AND")) => "write &&",
            Some(TokenKind::Word("or" | "OR")) => "write ||",
            Some(TokenKind::Word("not" | "NOT")) => "write !",
            Some(TokenKind::Symbol("[")) => "there is no indexing; a list is asked with `in`",
            Some(TokenKind::Symbol("?")) => "put an inner choice into parentheses: a ? (b ? c : d) : e",
            _ => "",
        };
        Mistake::new(self.at(), format!("{found} where {expected} is expected"), hint)
    }

    /// Reads with `read`, one level deeper.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Mistake>) -> Result<T, Mistake> {
        if self.depth >= DEPTH_MAX {
            return Err(too_deep(self.at()));
        }
        self.depth = self.depth.saturating_add(1);
        let read = read(self);
        self.depth = self.depth.saturating_sub(1);
        read
    }

    fn expression(&mut self) -> Result<Expression, Mistake> {
        let at = self.at();
        let condition = self.chain(0)?;
        if !self.take("?") {
            return Ok(condition);
        }
        let yes = self.deeper(|parser| parser.chain(0))?;
        self.expect(":", "write a ? b : c")?;
        let no = self.deeper(Self::expression)?;
        self.tree(at, What::Choice(Box::new([condition, yes, no])))
    }

    /// Parts with operators between them that bind at least as tightly as those of `LEVELS[loosest]`.
    fn chain(&mut self, loosest: usize) -> Result<Expression, Mistake> {
        let start = self.at();
        let mut left = self.unary()?;
        // The level of the chain that `left` is, if it was made here: a chain in parentheses is closed.
        let mut open = None;
        while let Some((level, operator)) = self.operator(loosest) {
            let at = self.at();
            self.advance();
            let right = self.chain(level.saturating_add(1))?;
            let link = Link { at, operator, right };
            let what = match left.what {
                What::Chain { first, mut rest } if open == Some(level) => {
                    rest.push(link);
                    What::Chain { first, rest }
                }
                _ => What::Chain { first: Box::new(left), rest: vec![link] },
            };
            left = self.tree(start, what)?;
            open = Some(level);
        }
        Ok(left)
    }

    /// The operator that is next, and its level, if that is `loosest` or tighter.
    fn operator(&self, loosest: usize) -> Option<(usize, Operator)> {
        let (Some(TokenKind::Symbol(written)) | Some(TokenKind::Word(written))) = self.peek() else {
            return None;
        };
        LEVELS.iter().enumerate().skip(loosest).find_map(|(level, operators)| {
            operators.iter().find(|operator| operator.symbol() == *written).map(|operator| (level, *operator))
        })
    }

    /// `what`, unless it is too deep a tree.
    fn tree(&self, at: usize, what: What) -> Result<Expression, Mistake> {
        let expression = Expression::new(at, what);
        if expression.depth > DEPTH_MAX { Err(too_deep(at)) } else { Ok(expression) }
    }

    fn unary(&mut self) -> Result<Expression, Mistake> {
        let at = self.at();
        let what = if self.take("!") {
            What::Not(Box::new(self.deeper(Self::unary)?))
        } else if self.take("-") {
            What::Minus(Box::new(self.deeper(Self::unary)?))
        } else {
            return self.part();
        };
        self.tree(at, what)
    }

    fn part(&mut self) -> Result<Expression, Mistake> {
        let at = self.at();
        let what = match self.peek().cloned() {
            Some(TokenKind::Number(number)) => What::Number(number),
            Some(TokenKind::Text(text)) => What::Text(text),
            Some(TokenKind::Word("true")) => What::Bool(true),
            Some(TokenKind::Word("false")) => What::Bool(false),
            Some(TokenKind::Word(name)) if name != "in" => {
                self.advance();
                let name = name.to_owned();
                let what = match self.take("(") {
                    true => What::Call { name, arguments: self.list(")")? },
                    false => What::Name(name),
                };
                return self.tree(at, what);
            }
            Some(TokenKind::Symbol("(")) => {
                self.advance();
                let inner = self.deeper(Self::expression)?;
                self.expect(")", "close the parenthesis")?;
                return Ok(inner);
            }
            Some(TokenKind::Symbol("[")) => {
                self.advance();
                let what = What::List(self.list("]")?);
                return self.tree(at, what);
            }
            _ => return Err(self.unexpected("a value")),
        };
        self.advance();
        self.tree(at, what)
    }

    /// Expressions between commas, up to `close`, of which the opening is read.
    fn list(&mut self, close: &'static str) -> Result<Vec<Expression>, Mistake> {
        let mut list = Vec::new();
        if self.take(close) {
            return Ok(list);
        }
        loop {
            list.push(self.deeper(Self::expression)?);
            if !self.take(",") {
                self.expect(close, "put a comma between two, and close what you opened")?;
                return Ok(list);
            }
        }
    }
}

fn too_deep(at: usize) -> Mistake {
    Mistake::new(
        at,
        format!("nested more than {DEPTH_MAX} deep"),
        "put parts of it into `let`, each with a name",
    )
}
