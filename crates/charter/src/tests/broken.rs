//! Broken charters, and everything that is said about each: `broken.txt` and `consensus.txt` edit `sound.toml`, `articles.txt` edits
//! `charters/presence.toml`, and they say what must be found.

use proptest::prelude::*;

use crate::{AMENDABLE_BYTES_MAX, CHARTER_BYTES_MAX, DIAGNOSTICS_MAX, Diagnostic, builtin, parse, template};

const SOUND: &str = include_str!("sound.toml");
const BROKEN: &str = include_str!("broken.txt");
const CONSENSUS: &str = include_str!("consensus.txt");
const PRESENCE: &str = include_str!("../../../../charters/presence.toml");
const ARTICLES: &str = include_str!("articles.txt");

/// Every diagnostic of `text`, as in `broken.txt`.
fn said(text: &str) -> Vec<String> {
    let list = match parse("c.toml", text) {
        Ok(checked) => checked.warnings,
        Err(diagnostics) => diagnostics,
    };
    let line = |d: &Diagnostic| {
        let hint = d.hint.as_deref().map(|hint| format!(" | {hint}")).unwrap_or_default();
        format!("{}:{} {} at `{}`: {}{hint}", d.line, d.column, d.severity, d.path, d.message)
    };
    list.iter().map(line).collect()
}

/// `base` after the edits of a case: each run of `-` is replaced by the `+` after it.
fn edited(base: &str, case: &str) -> String {
    let mut text = base.to_owned();
    let mut edits: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in case.lines() {
        if let Some(from) = line.strip_prefix("- ") {
            edits.push((from, Vec::new()));
        } else if let (Some(to), Some((_, lines))) = (line.strip_prefix('+'), edits.last_mut()) {
            lines.push(to.strip_prefix(' ').unwrap_or(to));
        }
    }
    assert!(!edits.is_empty(), "a case without an edit: {case}");
    for (from, to) in edits {
        assert_eq!(text.matches(from).count(), 1, "not once in the charter: {from}");
        text = text.replacen(from, &to.join("\n"), 1);
    }
    text
}

#[test]
fn the_sound_charters_are_sound() {
    assert_eq!(said(SOUND), Vec::<String>::new());
    assert_eq!(said(PRESENCE), Vec::<String>::new());
}

#[test]
fn every_mistake_is_found_at_its_place_with_a_hint() {
    let mut wrong = String::new();
    let files = [(SOUND, BROKEN), (SOUND, CONSENSUS), (PRESENCE, ARTICLES)];
    let cases =
        files.into_iter().flat_map(|(base, cases)| cases.split("\n\n").map(move |case| (base, case.trim())));
    for (base, case) in cases.filter(|(_, case)| !case.is_empty() && !case.starts_with('#')) {
        let edits: String =
            case.lines().filter(|line| !line.starts_with("> ")).map(|line| format!("{line}\n")).collect();
        let expected: Vec<_> = case.lines().filter_map(|line| line.strip_prefix("> ")).collect();
        let got = said(&edited(base, &edits));
        if got != expected {
            wrong += &edits;
            got.iter().for_each(|line| wrong += &format!("> {line}\n"));
            wrong.push('\n');
        }
    }
    assert!(wrong.is_empty(), "these cases said something else, namely:\n\n{wrong}");
}

/// Founders are told of it while they can still do something.
#[test]
fn a_charter_too_long_to_be_amended_is_warned_of_with_its_length() {
    let with = |bytes: usize| format!("{SOUND}# {}\n", "x".repeat(bytes - SOUND.len() - 3));
    assert_eq!(said(&with(AMENDABLE_BYTES_MAX)), Vec::<String>::new());
    let found = said(&with(AMENDABLE_BYTES_MAX + 1));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("1:1 warning at ``: 98305 bytes: no amendment could ever be made"),
        "{found:?}"
    );
    assert!(found[0].contains("at most 98304 bytes"), "{found:?}");
}

#[test]
fn many_mistakes_are_all_reported_and_bounded() {
    let members: String = (0..4_097).map(|i| format!("m{i} = {{ kind = \"stat\" }}\n")).collect();
    let text = format!("id = \"x\"\nname = \"x\"\nchain_id = 7\n[members]\n{members}");
    let diagnostics = parse("c.toml", &text).unwrap_err();
    let errors = diagnostics.list.iter().filter(|d| d.severity == crate::Severity::Error).count();
    assert_eq!(
        (errors, diagnostics.list.len()),
        (DIAGNOSTICS_MAX, DIAGNOSTICS_MAX + 1),
        "its length is warned of"
    );
    assert_eq!(diagnostics.omitted, 4_096 + 1 - DIAGNOSTICS_MAX);
    assert_eq!(diagnostics.list[1].message, "4097 members, but at most 4096 fit");
    assert!(diagnostics.to_string().ends_with("c.toml: and 3097 more\n"));
}

#[test]
fn an_error_behind_any_number_of_warnings_is_an_error() {
    let languages: String = ('a'..='p').map(|c| format!("\"x{c}\", ")).collect();
    let members: String =
        (0..4_096).map(|i| format!("m{i} = {{ kind = \"state\", name = {{ xx = \"y\" }} }}\n")).collect();
    let text =
        format!("id = \"x\"\nname = \"x\"\nchain_id = 7\nlanguages = [{languages}]\n[members]\n{members}");
    let diagnostics = parse("c.toml", &text).unwrap_err();
    assert!(diagnostics.omitted > 60_000, "{}", diagnostics.omitted);
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let text = "#".repeat(CHARTER_BYTES_MAX + 1);
    let diagnostics = parse("c.toml", &text).unwrap_err();
    assert_eq!(
        diagnostics.to_string(),
        "c.toml:1:1: error: 4194305 bytes, but a charter has at most 4194304\n"
    );
}

#[test]
fn diagnostics_print_file_line_column_key_and_hint() {
    let diagnostics = parse("river.toml", &SOUND.replace("[fees]", "[fess]")).unwrap_err();
    let expected =
        "river.toml:10:2: error: unknown key `fess`\n    at fess\n    hint: did you mean `fees`?\n";
    assert_eq!(diagnostics.to_string(), expected);
}

/// Fragments that mean something somewhere in a charter.
const FRAGMENTS: [&str; 30] = [
    "[",
    "]",
    "{",
    "}",
    "\"",
    "=",
    ".",
    ",",
    "\n",
    "#",
    "'",
    "0x",
    "-1",
    "1e400",
    "[[members]]\n",
    "[members.A]\n",
    "河",
    "\u{0}",
    "99999999999999999999999999999999999999999",
    "2016-02-30",
    "limb = 5\n",
    "\"\"\"",
    "kind = []\n",
    "id = {}\n",
    "turns",
    "missed(",
    " / ",
    " ? ",
    "then = [{ standing = \"",
    "\\\"",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_mutation_of_a_charter_panics(
        which in 0usize..4,
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, 0..FRAGMENTS.len()), 1..8),
    ) {
        let mut text = [SOUND, template(), builtin("dev").unwrap(), PRESENCE][which].to_owned();
        for (at, removed, fragment) in edits {
            let mut start = at.index(text.len() + 1);
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            let mut end = (start + removed).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(start..end, FRAGMENTS[fragment]);
        }
        check_places(&text)?;
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        check_places(&text)?;
    }
}

/// Every diagnostic of `text` lies within it.
fn check_places(text: &str) -> Result<(), TestCaseError> {
    let Err(diagnostics) = parse("c.toml", text) else { return Ok(()) };
    prop_assert!(diagnostics.errors() > 0);
    for diagnostic in &diagnostics {
        prop_assert!((1..=text.split('\n').count()).contains(&diagnostic.line), "{diagnostic:?}");
        prop_assert!(text.get(diagnostic.span.clone()).is_some(), "{diagnostic:?}");
        prop_assert!(!diagnostic.message.is_empty());
    }
    Ok(())
}
