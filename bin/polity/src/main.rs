//! `polity`: one binary for founders, operators, members and developers.
//!
//! Each command is a module of [`command`] with one function `run`. Exit status: 0 done, 1 it did not work, 2 the input is
//! wrong. With `--json` the only thing on standard output is one JSON value.
#![allow(clippy::print_stderr)] // the binary talks to people
#![allow(clippy::disallowed_methods)] // and has a clock

mod abi;
mod bench;
mod client;
mod command;
mod demo;
#[cfg(test)]
mod docs;
mod local;
mod output;
mod words;

use std::{io::IsTerminal as _, process::ExitCode};

use clap::Parser;

use crate::command::Command;

/// The allocator of the C library joins what other threads freed when somebody needs a large piece, all at once: a block's commit
/// waited 5 to 20 ms for what the store had freed in the background (ADR 16). This one gives memory back on threads of its own.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Agreements that record, check, enforce and amend themselves.
///
/// A charter file says who the members are, who decides what by which majority, who writes the record and who verifies.
/// polity turns it into a running network that any Ethereum tool can talk to.
#[derive(Parser, Debug)]
#[command(name = "polity", version, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Examples:\n  polity demo                       the Paris Agreement enters into force on this machine\n  polity charter check my.toml      every mistake of a charter, with line and column\n  polity up                         four nodes and ten funded accounts for development"
)]
struct Cli {
    /// Print one JSON value instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("POLITY_LOG").unwrap_or_else(|_| "polity=error".into());
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    match cli.command.run(cli.json) {
        Ok(code) => code,
        Err(failure) => failure.report(cli.json),
    }
}
