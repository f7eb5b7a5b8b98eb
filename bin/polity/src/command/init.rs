//! `polity init`: from a charter to homes.

use std::{net::IpAddr, path::PathBuf};

use clap::Args;
use polity_node::{InitOptions, KeySource};
use serde_json::json;

use super::charter::load;
use crate::output::{Failure, Outcome, print};

/// Makes missing keys, writes them into a copy of the charter, and lays out one home per validating member.
///
/// Give each home to the member that runs it, with the addresses in its node.toml set to where the others are.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  polity init charters/paris.toml --dir paris\n  polity node --home paris/FRA"
)]
pub(crate) struct Init {
    /// The charter.
    charter: PathBuf,
    /// Where to write; must be empty or missing.
    #[arg(long)]
    dir: PathBuf,
    /// Keys that anyone can compute, the same every time: for local networks only.
    #[arg(long)]
    local: bool,
    /// Address the nodes reach each other at.
    #[arg(long, default_value = "127.0.0.1", value_parser = ip_address)]
    host: IpAddr,
    /// First port for peers, two per node; free ones unless given.
    #[arg(long)]
    port: Option<u16>,
    /// First port for JSON-RPC, one per node; free ones unless given.
    #[arg(long)]
    rpc_port: Option<u16>,
}

fn ip_address(text: &str) -> Result<IpAddr, String> {
    let reason = "not an IP address such as 192.0.2.7 or 2001:db8::7 (a name is not looked up, a port is given by --port)";
    text.parse().map_err(|_| reason.to_owned())
}

impl Init {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let (name, text) = load(&self.charter)?;
        let options = InitOptions {
            dir: self.dir,
            keys: if self.local { KeySource::Local } else { KeySource::Random },
            host: self.host,
            first_port: self.port,
            first_rpc_port: self.rpc_port,
        };
        let network = polity_node::init(&name, &text, &options).map_err(Failure::input)?;
        let homes: Vec<_> = network
            .nodes
            .iter()
            .map(|node| json!({ "member": node.member, "home": node.home.0, "rpcPort": node.settings.ports.rpc }))
            .collect();
        let value = json!({ "dir": network.dir, "chainId": network.charter.chain_id, "charterHash": network.charter.hash, "nodes": homes });
        print(as_json, &value, || {
            let mut text = format!("{} in {}\n", network.charter.id, network.dir.display());
            text += &format!("  charter.toml   the agreement, hash {}\n", network.charter.hash);
            text += "  secrets.toml   every key made here: keep it, or hand the keys out and delete it\n";
            for node in &network.nodes {
                text += &format!("  {:<14} polity node --home {}\n", node.member, node.home.0.display());
            }
            text
        })
    }
}
