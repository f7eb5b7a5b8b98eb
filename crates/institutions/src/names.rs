//! Short names as words: 1 to 31 characters of `A-Z a-z 0-9 . _ -`, left-aligned in a `bytes32`.
//!
//! Rule kept: a word that passed [`check`] has exactly one text and that text exactly one word, so names can be keys.

use alloy_primitives::B256;
use polity_charter::is_id;

use crate::{context::Result, directory::BadName, ensure};

/// The word of `name`, or `None` if it is no name.
#[must_use]
pub fn word(name: &str) -> Option<B256> {
    is_id(name).then(|| B256::right_padding_from(name.as_bytes()))
}

/// The text of a name's word. Bytes that no name has are shown as they would be in Latin-1.
#[must_use]
pub fn text(word: B256) -> String {
    word.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
}

/// Whether `name` is the word of a name.
#[must_use]
pub fn is_name(name: B256) -> bool {
    word(&text(name)) == Some(name)
}

/// Refuses a word that is no name.
///
/// # Errors
/// `BadName`.
pub fn check(name: B256) -> Result<()> {
    ensure!(is_name(name), BadName { name });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_word() {
        for name in ["a", "FRA", "loss-and-damage", "v1.0_x", &"x".repeat(31)] {
            let word = word(name).expect(name);
            assert_eq!(text(word), name);
            assert!(is_name(word));
        }
        for name in ["", " ", "a b", "é", "a:b", &"x".repeat(32)] {
            assert_eq!(word(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_word_with_bytes_after_the_end_is_no_name() {
        let mut bytes = word("FRA").expect("a name").0;
        bytes[5] = b'x';
        for word in [B256::from(bytes), B256::ZERO, B256::repeat_byte(b'x'), B256::repeat_byte(0xff)] {
            assert!(check(word).is_err(), "{word}");
        }
    }
}
