//! The commands that the documents and the help print are commands of this binary: every one is read by the parser that reads what
//! people type, and what it names (charters, members, tracks, paths of an amendment) is there.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use clap::{CommandFactory, error::ErrorKind};
use polity_charter::{Change, Charter, amended, builtin, parse};

use crate::{Cli, abi};

/// Where a command was found, and its words.
struct Printed {
    place: String,
    /// The block of lines that it stands in.
    block: usize,
    words: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The documents for users, by path.
fn pages() -> Vec<(String, String)> {
    let mut paths = vec![root().join("README.md")];
    let book = fs::read_dir(root().join("docs/book")).expect("the book");
    paths.extend(
        book.map(|entry| entry.expect("a page").path())
            .filter(|path| path.extension().is_some_and(|e| e == "md")),
    );
    let page = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a page");
        (path.file_name().expect("a name").to_string_lossy().into_owned(), text)
    };
    paths.into_iter().map(page).collect()
}

/// The simple commands of a line of shell, as words: up to `;`, a pipe or a redirection, without comments.
fn commands(line: &str) -> Vec<Vec<String>> {
    let (mut all, mut words, mut word, mut quote) = (Vec::new(), Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, ';' | '|' | '>') => {
                words.extend(word.take());
                all.push(std::mem::take(&mut words));
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    all.push(words);
    // What follows a redirection is a file.
    all.into_iter().filter(|words| words.first().is_some_and(|first| first == "polity")).collect()
}

/// Commands in fenced blocks of shell, and those within sentences.
fn printed(place: &str, text: &str) -> (Vec<Printed>, Vec<Printed>) {
    let (mut blocks, mut prose, mut block, mut fence) = (Vec::new(), String::new(), 0, None::<String>);
    let mut carried = String::new();
    for line in text.lines() {
        match (&fence, line.trim_start().strip_prefix("```")) {
            (None, Some(language)) => {
                fence = Some(language.to_owned());
                block += 1;
            }
            (Some(_), Some(_)) => fence = None,
            (None, None) => prose.extend([line, "\n"]),
            (Some(language), None) if ["sh", "bash", "console"].contains(&language.as_str()) => {
                let line = line.trim_start().trim_start_matches("$ ");
                let joined = std::mem::take(&mut carried) + line;
                match joined.strip_suffix('\\') {
                    Some(begun) => carried = begun.to_owned(),
                    None => blocks.extend(commands(&joined).into_iter().map(|words| Printed {
                        place: place.to_owned(),
                        block,
                        words,
                    })),
                }
            }
            _ => {}
        }
    }
    let spans = prose.split('`').skip(1).step_by(2);
    let spans = spans.filter(|span| span.split_whitespace().next() == Some("polity"));
    let spans = spans.flat_map(commands).map(|words| Printed { place: place.to_owned(), block: 0, words });
    (blocks, spans.collect())
}

/// What the parser says against `words`; nothing if it takes them.
fn refused(words: &[String]) -> Option<clap::Error> {
    Cli::command().try_get_matches_from(words).err().filter(|error| error.exit_code() != 0)
}

fn said(printed: &Printed, problem: impl std::fmt::Display) -> String {
    format!("{}: {}: {problem}", printed.place, printed.words.join(" "))
}

/// Whether the command that `words` name asks a node.
fn asks_a_node(words: &[String]) -> bool {
    let mut command = Cli::command();
    for word in &words[1..] {
        let Some(next) = command.find_subcommand(word).cloned() else { break };
        command = next;
    }
    command.get_arguments().any(|arg| arg.get_long() == Some("rpc"))
}

/// Every charter of the house, by id.
fn charters() -> BTreeMap<String, Charter> {
    let folders = ["charters", "charters/consensus"].map(|folder| root().join(folder));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("charters"));
    let files = files
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"));
    let text = |path: PathBuf| fs::read_to_string(path).expect("a charter");
    let read = |text: String| parse("charter", &text).expect("a good charter").charter;
    files.map(text).map(read).map(|charter| (charter.id.clone(), charter)).collect()
}

/// What follows `option` in `words`.
fn after<'a>(words: &'a [String], option: &str) -> Vec<&'a str> {
    words.windows(2).filter(|pair| pair[0] == option).map(|pair| pair[1].as_str()).collect()
}

/// What a command names that is not there.
fn missing(words: &[String], charters: &BTreeMap<String, Charter>) -> Vec<String> {
    let mut found = Vec::new();
    for path in words.iter().filter(|word| word.starts_with("charters/") && !word.contains("NAME")) {
        if !root().join(path).exists() {
            found.push(format!("{path} does not exist"));
        }
    }
    if let (Some("up"), Some(name)) = (words.get(1).map(String::as_str), words.get(2))
        && !name.contains('.')
        && !name.starts_with('-')
        && name != "FILE"
        && builtin(name).is_none()
    {
        found.push(format!("there is no built-in charter {name}"));
    }
    let dirs = after(words, "--dir");
    let Some(id) = dirs.iter().find_map(|dir| dir.strip_prefix(".polity/")) else { return found };
    let Some(charter) = charters.get(id) else {
        found.push(format!("no charter of the house has the id {id}"));
        return found;
    };
    let accounts = || charter.accounts.iter().map(|account| account.id.as_str());
    for who in after(words, "--as") {
        if charter.member(who).is_none() && !accounts().any(|id| id == who) {
            found.push(format!("{id} has no member and no account {who}"));
        }
    }
    let changes: Result<Vec<Change>, _> =
        after(words, "--amend").iter().map(|change| change.parse()).collect();
    match changes.map(|changes| (changes.is_empty(), amended(&charter.text, &changes))) {
        Err(error) => found.push(format!("no change: {error}")),
        Ok((false, Err(problems))) => found.push(problems.to_string()),
        Ok(_) => {}
    }
    let names = abi::Names {
        members: charter
            .members
            .iter()
            .map(|member| (member.id.clone(), alloy_primitives::Address::ZERO))
            .collect(),
        symbol: charter.currency.symbol.clone(),
    };
    found.extend(
        after(words, "--call")
            .iter()
            .filter_map(|call| abi::parse_call(call, &names).err())
            .map(|e| e.text()),
    );
    if let ("propose", Some(track)) = (words[1].as_str(), words.get(2))
        && charter.chamber(track).is_none()
        && !charter.tracks.iter().any(|known| known.id == *track)
    {
        found.push(format!("{id} has neither a track nor a chamber {track}"));
    }
    found
}

/// Everything that is wrong with the commands in shell blocks.
fn wrong(blocks: &[Printed]) -> Vec<String> {
    let charters = charters();
    let mut found = Vec::new();
    for one in blocks {
        found.extend(refused(&one.words).map(|error| said(one, error)));
        found.extend(missing(&one.words, &charters).into_iter().map(|problem| said(one, problem)));
    }
    // A block that says for one command which network is meant says it for all.
    let says_where = |one: &Printed| one.words.iter().any(|word| word == "--dir" || word == "--rpc");
    let asking: Vec<_> = blocks.iter().filter(|one| asks_a_node(&one.words)).collect();
    for one in asking.iter().filter(|one| !says_where(one)) {
        let beside =
            |other: &&&Printed| (other.block, &other.place) == (one.block, &one.place) && says_where(other);
        if asking.iter().any(|other| beside(&other)) {
            found.push(said(one, "which network? Others of this block say it with --dir"));
        }
    }
    found
}

#[test]
fn every_command_of_the_documents_is_one() {
    let mut found = Vec::new();
    let mut seen = 0;
    for (place, text) in pages() {
        let (blocks, spans) = printed(&place, &text);
        seen += blocks.len();
        found.extend(wrong(&blocks));
        // Within sentences commands may lack what they need, or have a word in its place.
        for span in spans.iter().filter(|span| span.words.len() > 1) {
            let words: Vec<_> = span.words.iter().filter(|word| *word != "…").cloned().collect();
            let incomplete = [
                ErrorKind::MissingRequiredArgument,
                ErrorKind::MissingSubcommand,
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
                ErrorKind::ValueValidation,
                ErrorKind::InvalidValue,
            ];
            let error = refused(&words).filter(|error| !incomplete.contains(&error.kind()));
            found.extend(error.map(|error| said(span, error)));
        }
    }
    assert!(seen > 30, "only {seen} commands were found in the documents");
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

#[test]
fn every_example_of_the_help_is_one() {
    let mut examples = Vec::new();
    let mut waiting = vec![Cli::command()];
    while let Some(command) = waiting.pop() {
        waiting.extend(command.get_subcommands().cloned());
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let text = text.replace("\\\n", " ");
        let lines = text.lines().map(str::trim_start).filter(|line| line.starts_with("polity "));
        // Words after two blanks explain.
        let lines = lines.map(|line| line.split("   ").next().unwrap_or_default());
        let place = format!("help of {}", command.get_name());
        examples.extend(
            lines
                .flat_map(commands)
                .map(|words| Printed { place: place.clone(), block: 0, words })
                .collect::<Vec<_>>(),
        );
    }
    assert!(examples.len() > 40, "only {} examples were found", examples.len());
    // Each example stands alone, so it need not say where.
    for (block, example) in examples.iter_mut().enumerate() {
        example.block = block;
    }
    let found = wrong(&examples);
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

#[test]
fn a_command_that_is_none_is_found() {
    let page = "Say `polity stat`.\n```sh\npolity stakes\npolity bond 3 --as nobody --dir .polity/stake\npolity what; polity up charters/none.toml\n\
                polity propose members x --amend 'set consensus.write.by = 3' --as de --dir .polity/stake\n```\n";
    let (blocks, spans) = printed("page", page);
    assert_eq!((blocks.len(), spans.len()), (5, 1));
    let found = wrong(&blocks).join("\n");
    for words in [
        "stakes: which network",
        "no account nobody",
        "unrecognized subcommand 'what'",
        "none.toml does not exist",
        "consensus.write.by",
    ] {
        assert!(found.contains(words), "{words}: {found}");
    }
    assert!(refused(&spans[0].words).is_some());
}
