//! Short names as words: 1 to 31 characters of `A-Z a-z 0-9 . _ -`, left-aligned in a `bytes32`.
//!
//! Rule kept: a word that is a name has exactly one text and that text exactly one word, so names can be keys.

use alloy_primitives::B256;
use polity_charter::is_id;

use crate::{context::Result, directory::BadName};

/// The word of `name`, or `None` if it is no name.
#[must_use]
pub fn find(name: &str) -> Option<B256> {
    is_id(name).then(|| B256::right_padding_from(name.as_bytes()))
}

/// What a word shows as: its text if it is a name. Bytes that no name has are shown as in Latin-1.
#[must_use]
pub fn show(word: B256) -> String {
    word.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
}

/// The word of `name`.
///
/// # Errors
/// `BadName` with its first bytes.
pub fn word(name: &str) -> Result<B256> {
    let cut = || B256::right_padding_from(name.as_bytes().get(..31).unwrap_or(name.as_bytes()));
    Ok(find(name).ok_or_else(|| BadName { name: cut() })?)
}

/// The text of a name's word.
///
/// # Errors
/// `BadName` if it is none.
pub fn text(name: B256) -> Result<String> {
    let text = show(name);
    if find(&text) == Some(name) { Ok(text) } else { Err(BadName { name }.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_word() {
        for name in ["a", "FRA", "loss-and-damage", "v1.0_x", &"x".repeat(31)] {
            let word = word(name).expect(name);
            assert_eq!(text(word).as_deref(), Ok(name));
        }
        for name in ["", " ", "a b", "é", "a:b", &"x".repeat(32), &"é".repeat(20)] {
            assert!(word(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_word_with_bytes_after_the_end_is_no_name() {
        let mut bytes = word("FRA").expect("a name").0;
        bytes[5] = b'x';
        for word in [B256::from(bytes), B256::ZERO, B256::repeat_byte(b'x'), B256::repeat_byte(0xff)] {
            assert!(text(word).is_err(), "{word}");
        }
    }
}
