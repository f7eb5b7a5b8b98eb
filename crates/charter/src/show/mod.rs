//! The agreement in plain words, for those who sign it.
//!
//! Rule kept: every sentence is made from the [`Charter`] alone, so what is shown is what runs. English and Chinese say the
//! same, section by section.

mod articles;
mod consensus;
mod rules;
mod seating;
mod sections;
mod tracks;
mod treaties;
mod words;

use crate::{Charter, Language};

pub use articles::describe_article;
pub use rules::describe;
pub use tracks::describe_track;

/// Width of a line. Units: columns; a Chinese character takes two.
const WIDTH: usize = 100;

/// The whole agreement in words, in `language`.
#[must_use]
pub fn show(charter: &Charter, language: Language) -> String {
    let mut page = Page { text: String::new() };
    sections::title(charter, language, &mut page);
    sections::members(charter, language, &mut page);
    sections::rights(charter, language, &mut page);
    sections::chambers(charter, language, &mut page);
    tracks::tracks(charter, language, &mut page);
    treaties::treaties(charter, language, &mut page);
    treaties::authorities(charter, language, &mut page);
    articles::articles(charter, language, &mut page);
    sections::rules(charter, language, &mut page);
    consensus::consensus(charter, language, &mut page);
    sections::money(charter, language, &mut page);
    sections::clock(charter, language, &mut page);
    sections::sources(charter, language, &mut page);
    page.text
}

/// Text in sections of wrapped paragraphs.
struct Page {
    text: String,
}

impl Page {
    fn heading(&mut self, words: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(words);
        self.text.push('\n');
    }

    /// A paragraph, indented by two.
    fn line(&mut self, words: &str) {
        self.wrapped(words, "  ", "  ");
    }

    /// A point of a list, indented by four.
    fn point(&mut self, words: &str) {
        self.wrapped(words, "    - ", "      ");
    }

    fn wrapped(&mut self, words: &str, first: &str, rest: &str) {
        self.text.push_str(first);
        let mut column = first.len();
        for piece in pieces(words.trim_end()) {
            let is_full = column + columns(piece.trim_end()) > WIDTH && column > rest.len();
            if is_full {
                self.text.truncate(self.text.trim_end().len());
                self.text.push('\n');
                self.text.push_str(rest);
                column = rest.len();
            }
            self.text.push_str(piece);
            column += columns(piece);
        }
        self.text.push('\n');
    }
}

/// `words` cut where a line may break: after blanks and after Chinese punctuation.
fn pieces(words: &str) -> impl Iterator<Item = &str> {
    words.split_inclusive([' ', '，', '、', '。', '；', '：'])
}

/// Columns a terminal needs for `words`: two for each character of Chinese, Japanese and Korean.
fn columns(words: &str) -> usize {
    words.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum()
}
