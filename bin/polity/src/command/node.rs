//! `polity node`: one node, in this process.

use std::{io::Read as _, path::PathBuf, process::ExitCode};

use clap::Args;
use polity_node::{Home, NodeError};
use polity_primitives::Height;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    local::Ready,
    output::{Failure, Outcome, say},
};

/// Runs the node of a home until Ctrl-C. What is decided is on disk before anyone is told, so nothing is lost.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity node --home paris/FRA")]
pub(crate) struct Node {
    /// The home, as `polity init` made it.
    #[arg(long)]
    home: PathBuf,
    /// For a validator that lost `wal/` and is needed for any block to be decided: sign from this block on. Only after the members
    /// agreed that no node keeps a vote of its for that block or above; if one does, it can be punished for contradicting itself.
    #[arg(long, value_name = "BLOCK", value_parser = clap::value_parser!(u64).range(1..))]
    may_sign_from: Option<u64>,
    /// Stop when standard input closes: for programs that start nodes.
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
}

/// A home whose files are wrong is wrong input; the rest did not work.
fn not_started(error: NodeError) -> Failure {
    match error {
        NodeError::Home(_) | NodeError::Charter(_) | NodeError::KeysMissing(_) | NodeError::WrongKeys(_) => {
            Failure::input(error)
        }
        error => error.into(),
    }
}

impl Node {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(self.serve(as_json))
    }

    async fn serve(self, as_json: bool) -> Outcome {
        let home = Home(self.home);
        if let Some(from) = self.may_sign_from {
            let before = polity_node::allow_signing(&home, Height(from)).map_err(not_started)?;
            let record = before.map_or_else(
                || "Its record of what it signed is lost".to_owned(),
                |before| format!("By its record it may have signed up to block {before}"),
            );
            eprintln!(
                "WARNING: this validator signs from block {from} on, on your word that nobody keeps what it signed there before. {record}. \
                 If a vote of its for block {from} or above is kept anywhere, it contradicts itself, and that is punished"
            );
        }
        let node = polity_node::start(&home).await.map_err(not_started)?;
        let ready = Ready {
            ready: true,
            rpc: format!("http://{}", node.rpc_address),
            ws: format!("ws://{}", node.rpc_address),
            member: node.member.clone(),
            chain_id: node.ledger.charter().chain_id,
            height: node.ledger.head().height().0,
            pid: std::process::id(),
        };
        if as_json {
            say!("{}", serde_json::to_string(&ready)?);
        } else {
            let who = ready.member.as_deref().unwrap_or("observer");
            say!("{who} of {}, at block {}, RPC {}", node.ledger.charter().id, ready.height, ready.rpc);
        }
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (closed, stdin_closes) = tokio::sync::oneshot::channel();
        if self.until_stdin_closes {
            std::thread::spawn(move || {
                let _ = std::io::stdin().read_to_end(&mut Vec::new());
                let _ = closed.send(());
            });
        }
        let failure = tokio::select! {
            _ = interrupt.recv(), if !self.until_stdin_closes => None,
            _ = terminate.recv() => None,
            _ = stdin_closes, if self.until_stdin_closes => None,
            failure = node.failed() => Some(failure),
        };
        node.stop().await;
        match failure {
            Some(failure) => Err(Failure::failed(failure)),
            None => Ok(ExitCode::SUCCESS),
        }
    }
}
