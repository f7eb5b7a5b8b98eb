//! `polity charter`.

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use polity_charter::{Checked, Language};
use polity_primitives::keccak256;
use serde_json::{Value, json};

use crate::client::RpcArgs;
use crate::output::{Failure, Outcome, print, read_input, say};

#[derive(Subcommand, Debug)]
pub(crate) enum Charter {
    /// Report every mistake at once, with line, column and a hint.
    ///
    /// Exit status 0 if there is no error (warnings are no errors), 2 otherwise.
    #[command(after_help = "Example:\n  polity charter check charters/paris.toml")]
    Check {
        /// The charter.
        file: PathBuf,
    },
    /// Print the agreement in plain words.
    #[command(after_help = "Example:\n  polity charter show charters/paris.toml --lang zh")]
    Show {
        /// The charter, or the name of a built-in one: paris, dev.
        file: PathBuf,
        /// Language: en or zh.
        #[arg(long, default_value = "en", value_parser = language)]
        lang: Language,
    },
    /// What it means to a running chain that one charter becomes another.
    ///
    /// Prints every live setting that changes and, beside it, what cannot change once the chain runs, with the reason and the way
    /// that leads there. Exit status 2 if there is any of those. Keys and addresses of members are their own: no amendment changes
    /// them, and a file without keys is compared with one that has them as if they were taken away.
    #[command(after_help = "Example:\n  polity charter diff charters/paris.toml amended.toml")]
    Diff {
        /// The charter in force, or the name of a built-in one.
        old: PathBuf,
        /// What it would become.
        new: PathBuf,
    },
    /// Every version of the charter of a running chain: what made it, and from which block on it is in force.
    #[command(after_help = "Example:\n  polity charter versions --dir .polity/paris")]
    Versions {
        #[command(flatten)]
        rpc: RpcArgs,
    },
    /// Print the text of a version of the charter of a running chain, as it was or is in force.
    #[command(after_help = "Example:\n  polity charter at 0 --dir .polity/paris > founding.toml")]
    At {
        /// The version; 0 is the founding charter.
        #[arg(id = "number", value_name = "VERSION")]
        version: u64,
        #[command(flatten)]
        rpc: RpcArgs,
    },
    /// Write a commented template to begin with.
    #[command(after_help = "Example:\n  polity charter new my-agreement.toml")]
    New {
        /// Where to write it; never overwritten.
        file: PathBuf,
    },
}

fn language(code: &str) -> Result<Language, String> {
    Language::from_code(code)
        .ok_or_else(|| format!("there are {}", Language::ALL.map(Language::code).join(", ")))
}

/// Reads a charter file, or the built-in charter of that name.
pub(crate) fn load(file: &std::path::Path) -> Result<(String, String), Failure> {
    let name = file.display().to_string();
    match polity_charter::builtin(&name).filter(|_| !file.exists()) {
        Some(text) => Ok((format!("{name} (built in)"), text.to_owned())),
        None => Ok((name, read_input(file)?)),
    }
}

fn checked(file: &std::path::Path) -> Result<Checked, Failure> {
    let (name, text) = load(file)?;
    polity_charter::parse(&name, &text).map_err(Failure::input)
}

impl Charter {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        match self {
            Self::Check { file } => {
                let (name, text) = load(&file)?;
                match polity_charter::parse(&name, &text) {
                    Ok(Checked { charter, warnings }) => {
                        let value = json!({ "ok": true, "id": charter.id, "hash": charter.hash, "diagnostics": warnings });
                        print(as_json, &value, || {
                            let members = charter.members.len();
                            let count = warnings.iter().count();
                            let warned = match count {
                                0 => String::new(),
                                1 => format!("{warnings}\n1 warning. "),
                                n => format!("{warnings}\n{n} warnings. "),
                            };
                            format!("{warned}{name}: a charter of {members} members, no errors")
                        })
                    }
                    Err(diagnostics) => {
                        if as_json {
                            say!("{}", json!({ "ok": false, "diagnostics": diagnostics }));
                        } else {
                            eprintln!("{diagnostics}");
                            let errors = diagnostics.errors();
                            eprintln!("{name}: {errors} error{}", if errors == 1 { "" } else { "s" });
                        }
                        Ok(ExitCode::from(2))
                    }
                }
            }
            Self::Show { file, lang } => {
                let charter = checked(&file)?.charter;
                print(as_json, &charter, || polity_charter::show(&charter, lang))
            }
            Self::Versions { rpc } => versions(as_json, &rpc),
            Self::At { version, rpc } => {
                let charter: Value = rpc.client()?.call("polity_getCharter", json!([version]))?;
                let text = charter["text"].as_str().unwrap_or_default().to_owned();
                let hash = keccak256(&text);
                if charter["hash"] != json!(hash) {
                    return Err(Failure::failed(format!("the node answers a text of another hash, {hash}")));
                }
                print(as_json, &charter, || text.trim_end().to_owned())
            }
            Self::Diff { old, new } => {
                let (old, new) = (checked(&old)?.charter, checked(&new)?.charter);
                diff(as_json, &old, &new)
            }
            Self::New { file } => {
                use std::io::Write as _;
                let mut new = std::fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(&file)
                    .map_err(|error| Failure::input(format!("{}: {error}", file.display())))?;
                new.write_all(polity_charter::template().as_bytes())?;
                let next = format!("polity charter check {}", file.display());
                print(as_json, &json!({ "file": file, "next": next }), || {
                    format!("wrote {}; edit it, then: {next}", file.display())
                })
            }
        }
    }
}

fn diff(as_json: bool, old: &polity_charter::Charter, new: &polity_charter::Charter) -> Outcome {
    let (effects, refusals) = polity_charter::compare(old, new);
    let list: Vec<_> = effects
        .iter()
        .map(|effect| json!({ "path": effect.path(), "words": effect.words(old, new), "effect": effect }))
        .collect();
    let value = json!({
        "ok": refusals.is_empty(), "before": old.hash, "after": new.hash, "effects": list, "refusals": refusals,
    });
    print(as_json, &value, || {
        let changes = effects.iter().map(|effect| {
            let words = effect.words(old, new).replace('\n', "\n    ");
            format!("{}\n    {words}\n", effect.path())
        });
        let changes: String = changes.collect();
        let refused: String = refusals.iter().map(|refusal| format!("{refusal}\n")).collect();
        match (effects.is_empty(), refusals.is_empty()) {
            (true, true) if old.hash != new.hash => {
                "only the text differs: comments, order or layout".to_owned()
            }
            (true, true) => "the two are equal".to_owned(),
            (false, true) => changes,
            (true, false) => format!("no amendment can change:\n{refused}"),
            (false, false) => {
                format!("an amendment can change:\n{changes}\nno amendment can change:\n{refused}")
            }
        }
    })?;
    Ok(if refusals.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn versions(as_json: bool, rpc: &RpcArgs) -> Outcome {
    let client = rpc.client()?;
    let mut all: Vec<Value> = Vec::new();
    loop {
        let page: Vec<Value> = client.call("polity_getCharterVersions", json!([all.len()]))?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    print(as_json, &json!(all), || {
        let lines = all.iter().map(|version| {
            let made = match version["proposal"].as_u64() {
                Some(proposal) => format!("by proposal {proposal}, enacted in block {}", version["height"]),
                None => "the founding charter".to_owned(),
            };
            let changes = version["changes"].as_array().map_or(&[][..], Vec::as_slice);
            let changes: String =
                changes.iter().filter_map(Value::as_str).map(|change| format!("\n      {change}")).collect();
            let hash = version["hash"].as_str().unwrap_or_default();
            format!(
                "{}  in force from block {}, {made}\n      {hash}{changes}",
                version["version"], version["activeFrom"]
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}
