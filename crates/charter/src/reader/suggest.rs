//! What the author of a charter probably meant.

/// Longest word that is compared with candidates. Units: bytes.
const WORD_BYTES_MAX: usize = 64;

/// Most candidates that are listed.
const LISTED_MAX: usize = 16;

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
    if word.len() > WORD_BYTES_MAX {
        return None;
    }
    let word = word.to_lowercase();
    let distances = candidates.iter().map(|c| (strsim::damerau_levenshtein(&word, &c.to_lowercase()), *c));
    let (distance, candidate) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= candidate.chars().count() / 5 + 1).then_some(candidate)
}

/// "did you mean `x`?" if a candidate is near enough to be a slip of the pen, else the alternatives.
pub(crate) fn suggest(word: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if candidates.is_empty() || candidates.len() > LISTED_MAX => String::new(),
        None => format!("expected {}", alternatives(candidates)),
    }
}
