//! `polity demo consensus`: four members change by vote how their chain is decided, under load, without a restart.
//!
//! From members in turn to stake, to work, and back. Payments go on all the while; in the end every one that a node acknowledged
//! is looked for on every node.

use std::{
    path::Path,
    sync::mpsc::{Receiver, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use alloy_primitives::{B256, U64, U256};
use alloy_sol_types::{SolCall, SolEvent};
use indicatif::ProgressBar;
use polity_institutions::{assembly::IAssembly, constitution::IConstitution::ConsensusTurns};
use polity_node::{InitOptions, LocalNetwork, Secret};
use polity_primitives::{ASSEMBLY, CONSTITUTION};
use serde_json::{Value, json};

use super::{
    checks::Checks,
    payments::Payments,
    script::{amend, word},
    told::Told,
};
use crate::{
    client::Client,
    local::Processes,
    output::{Failure, say},
};

/// The chamber that decides.
const CHAMBER: &str = "members";
/// Blocks that are written under each constitution before the next is proposed.
const BLOCKS: u64 = 4;
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(90);

/// One change of the constitution of consensus.
struct Step {
    title: &'static str,
    changes: &'static [&'static str],
    /// Whether blocks are worked under it.
    worked: bool,
}

const STEPS: [Step; 3] = [
    Step {
        title: "By stake: writers are drawn, and votes count, by what members bonded",
        changes: &[r#"set consensus.write = { by = "stake", min = "100" }"#],
        worked: false,
    },
    Step {
        title: "By work: whoever solves first writes",
        changes: &[
            r#"set consensus.write = { by = "work", interval = "1s", confirmations = 3, checkpoint = 20, difficulty = 200_000 }"#,
        ],
        worked: true,
    },
    Step {
        title: "By members in turn again",
        changes: &[r#"set consensus.write = { by = "membership", primary = "rotation" }"#],
        worked: false,
    },
];

/// What was in force from which block on.
struct Era {
    from: u64,
    title: &'static str,
    worked: bool,
}

/// Runs the story in `dir`; `None` if it was interrupted.
pub(crate) fn run(
    dir: &Path,
    port: Option<u16>,
    json: bool,
    stop: &Receiver<()>,
) -> Result<Option<Told>, Failure> {
    let started = Instant::now();
    let text = polity_charter::builtin("switching")
        .ok_or_else(|| Failure::failed("no built-in charter switching"))?;
    let options = InitOptions { first_rpc_port: port, ..InitOptions::local(dir.to_owned()) };
    let network = polity_node::init("switching (built in)", text, &options).map_err(Failure::input)?;
    let processes = Processes::start(&network)?;
    let urls = processes.urls();
    let payments = Payments::start(&network, &urls)?;
    let mut story = Switches {
        clients: urls.iter().map(|url| Client::new(url)).collect(),
        network: &network,
        checks: Checks::default(),
        eras: vec![Era { from: 1, title: "By members in turn", worked: false }],
        json,
        stop,
        bar: if json { ProgressBar::hidden() } else { ProgressBar::new_spinner() },
    };
    story.bar.enable_steady_tick(Duration::from_millis(120));
    story.say("\nFour members change by vote how their chain is decided, while payments go on.");
    for (id, step) in (1..).zip(&STEPS) {
        if !story.step(id, step)? {
            return Ok(None);
        }
    }
    let paid = payments.stop()?;
    let last = story.settle(&paid)?;
    story.bar.finish_and_clear();
    story.tell_eras(last)?;
    story.agreement(last)?;
    story.payments(&paid)?;
    let held = story.checks.held();
    if json {
        let seconds = started.elapsed().as_secs();
        say!("{}", json!({ "held": held, "checks": story.checks, "rpc": urls, "seconds": seconds }));
    } else {
        say!("\nChecked on all four nodes, by RPC:\n{}", story.checks.text());
        let verdict = if held { "Every check held." } else { "NOT every check held." };
        say!("{verdict} ({} s)", started.elapsed().as_secs());
    }
    Ok(Some(Told { held, urls, processes }))
}

struct Switches<'a> {
    clients: Vec<Client>,
    network: &'a LocalNetwork,
    checks: Checks,
    eras: Vec<Era>,
    json: bool,
    stop: &'a Receiver<()>,
    bar: ProgressBar,
}

impl Switches<'_> {
    fn say(&self, text: &str) {
        if !self.json {
            self.bar.suspend(|| say!("{text}"));
        }
    }

    /// Waits until `probe` finds something; `None` if interrupted.
    fn wait<T>(
        &self,
        what: &str,
        mut probe: impl FnMut() -> Result<Option<T>, Failure>,
    ) -> Result<Option<T>, Failure> {
        self.bar.set_message(format!("waiting for {what}"));
        let since = Instant::now();
        loop {
            if let Some(found) = probe()? {
                return Ok(Some(found));
            }
            if !matches!(self.stop.try_recv(), Err(TryRecvError::Empty)) {
                return Ok(None);
            }
            if since.elapsed() > PATIENCE {
                let status: Value = self.clients[0].call("polity_status", json!([]))?;
                return Err(Failure::failed(format!(
                    "{what}: not within {} s; {}",
                    PATIENCE.as_secs(),
                    status["consensus"]["words"]
                )));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn secret(&self, member: &str) -> Result<Secret, Failure> {
        let secret = self.network.secrets.account(member);
        secret.ok_or_else(|| Failure::failed(format!("no key of {member}")))
    }

    fn act(&self, member: &str, call: &impl SolCall) -> Result<(), Failure> {
        let secret = self.secret(member)?;
        self.clients[0].transact(&secret, ASSEMBLY, U256::ZERO, call.abi_encode().into()).map(drop)
    }

    /// All members vote for proposal `id`, at once.
    fn ballots(&self, id: u64, members: &[String]) -> Result<(), Failure> {
        let call = IAssembly::ballotCall { id: U256::from(id), choice: IAssembly::Choice::Yes }.abi_encode();
        // Through the node that has told of the proposal: another may not have it yet.
        let voting: Vec<_> = members
            .iter()
            .map(|member| {
                let (secret, client, call) = (self.secret(member)?, self.clients[0].clone(), call.clone());
                Ok(thread::spawn(move || client.transact(&secret, ASSEMBLY, U256::ZERO, call.into())))
            })
            .collect::<Result<_, Failure>>()?;
        for vote in voting {
            vote.join().map_err(|_| Failure::failed("a thread of ours panicked"))??;
        }
        Ok(())
    }

    /// Proposal `id` is made, voted and carried out, and blocks are written under it; false if interrupted.
    fn step(&mut self, id: u64, step: &Step) -> Result<bool, Failure> {
        let members: Vec<String> = self.network.charter.members.iter().map(|m| m.id.clone()).collect();
        let Some(proposer) = members.first() else { return Err(Failure::failed("no members")) };
        let track = word(CHAMBER)?;
        let calls = vec![amend(step.changes)?];
        self.say(&format!("\n  {proposer} proposes: {}", step.title));
        for change in step.changes {
            self.say(&format!("      {change}"));
        }
        self.act(proposer, &IAssembly::proposeCall { track, title: step.title.to_owned(), calls })?;
        self.ballots(id, &members)?;
        // Final: a block of work may still be undone.
        let decision =
            || Ok(self.executed(id)?.filter(|height| self.finalized().is_ok_and(|last| last >= *height)));
        let Some(enacted) = self.wait("the decision", decision)? else { return Ok(false) };
        let from = self.turn(enacted)?;
        self.say(&format!(
            "  adopted by {} of {} members and enacted in block {enacted}: in force from block {from}",
            members.len(),
            members.len()
        ));
        self.eras.push(Era { from, title: step.title, worked: step.worked });
        let words = format!("block {}", from + BLOCKS);
        Ok(self.wait(&words, || self.reached(from + BLOCKS))?.is_some())
    }

    /// The block in which proposal `id` was carried out, once it was.
    fn executed(&self, id: u64) -> Result<Option<u64>, Failure> {
        let proposal: Value = self.clients[0].call("polity_proposal", json!([id]))?;
        match proposal["status"].as_str() {
            Some("executed") => {}
            Some("failed" | "rejected" | "cancelled") => {
                return Err(Failure::failed(format!("proposal {id}: {}", proposal["failure"]["text"])));
            }
            _ => return Ok(None),
        }
        let filter = json!([{ "address": ASSEMBLY, "fromBlock": "0x0",
            "topics": [IAssembly::Executed::SIGNATURE_HASH, B256::from(U256::from(id))] }]);
        let logs: Vec<Value> = self.clients[0].call("eth_getLogs", filter)?;
        logs.first().map(height_of).transpose()
    }

    /// Height of the last final block.
    fn finalized(&self) -> Result<u64, Failure> {
        let block: Value = self.clients[0].call("eth_getBlockByNumber", json!(["finalized", false]))?;
        let height: U64 = serde_json::from_value(block["number"].clone())?;
        Ok(height.to())
    }

    /// From which block on the settings enacted in block `height` decide.
    fn turn(&self, height: u64) -> Result<u64, Failure> {
        let at = U64::from(height);
        let filter = json!([{ "address": CONSTITUTION, "fromBlock": at, "toBlock": at,
            "topics": [ConsensusTurns::SIGNATURE_HASH] }]);
        let logs: Vec<Value> = self.clients[0].call("eth_getLogs", filter)?;
        let log = logs.first().ok_or_else(|| Failure::failed("an amendment of consensus without a turn"))?;
        let topic: U256 = serde_json::from_value(log["topics"][1].clone())?;
        Ok(topic.saturating_to())
    }

    /// Whether every node has block `height`.
    fn reached(&self, height: u64) -> Result<Option<()>, Failure> {
        for client in &self.clients {
            if client.block_number()? < height {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    /// Waits until every payment is written and final everywhere; the last height of it.
    fn settle(&self, paid: &[B256]) -> Result<u64, Failure> {
        let Some(last) = paid.last() else { return Err(Failure::failed("nothing was paid")) };
        let written = self.wait("the last payment", || {
            let receipt: Value = self.clients[0].call("eth_getTransactionReceipt", json!([last]))?;
            receipt["blockNumber"].as_str().map(|_| height_of(&receipt)).transpose()
        })?;
        let height = written.ok_or_else(|| Failure::failed("interrupted"))?;
        self.wait("all nodes", || self.reached(height))?;
        Ok(height)
    }

    fn block(&self, client: &Client, height: u64) -> Result<Value, Failure> {
        Ok(client.call("eth_getBlockByNumber", json!([U64::from(height), false]))?)
    }

    /// Who decided which blocks: the headers say whether they were worked.
    fn tell_eras(&mut self, last: u64) -> Result<(), Failure> {
        self.say("");
        let ends = self.eras.iter().skip(1).map(|era| era.from - 1).chain([last]).collect::<Vec<_>>();
        for (era, end) in self.eras.iter().zip(ends) {
            let mut right = true;
            let mut writers = std::collections::BTreeSet::new();
            for height in era.from..=end {
                let block = self.block(&self.clients[0], height)?;
                let difficulty: U256 = serde_json::from_value(block["difficulty"].clone())?;
                right &= difficulty.is_zero() != era.worked;
                writers.insert(block["miner"].to_string());
            }
            let range = format!("blocks {}–{end}", era.from);
            self.say(&format!("  {range:<18} {:<70} {} writers", era.title, writers.len()));
            let claim = format!("{range} were {}", if era.worked { "worked" } else { "voted" });
            self.checks.compare(&claim, true, right);
        }
        let from = self.eras.get(1).map_or(0, |era| era.from);
        let shares = self.shares(from)?;
        self.checks.compare(
            &format!("votes on block {from} by bonds of 300, 250, 250, 200, ‰"),
            "[200, 250, 250, 300]",
            shares,
        );
        Ok(())
    }

    /// Voting powers of the committee of block `height`, in thousandths of all, ascending.
    fn shares(&self, height: u64) -> Result<String, Failure> {
        let proof: Value = self.clients[0].call("polity_getCertificate", json!([height]))?;
        let seats = proof["committee"]["seats"].as_array().cloned().unwrap_or_default();
        let powers: Vec<u64> = seats.iter().filter_map(|seat| seat["power"].as_u64()).collect();
        let total: u128 = powers.iter().map(|power| u128::from(*power)).sum::<u128>().max(1);
        let mut shares: Vec<u128> =
            powers.iter().map(|power| (u128::from(*power) * 1000 + total / 2) / total).collect();
        shares.sort_unstable();
        Ok(format!("{shares:?}"))
    }

    /// Every node has the same chain, without a gap.
    fn agreement(&mut self, last: u64) -> Result<(), Failure> {
        let mut chains = Vec::new();
        for client in &self.clients {
            let mut chain = Vec::new();
            for height in 1..=last {
                let block = self.block(client, height)?;
                chain.push((block["hash"].clone(), block["parentHash"].clone(), block["stateRoot"].clone()));
            }
            chains.push(chain);
        }
        let same = chains.windows(2).all(|pair| pair[0] == pair[1]);
        let linked = chains.iter().all(|chain| chain.windows(2).all(|pair| pair[1].1 == pair[0].0));
        self.checks.compare(
            &format!("blocks 1–{last} and their state roots are the same on four nodes"),
            true,
            same,
        );
        self.checks.compare("each block names the one before: no height was decided twice", true, linked);
        Ok(())
    }

    /// Every acknowledged payment is in the same block on every node.
    fn payments(&mut self, paid: &[B256]) -> Result<(), Failure> {
        let mut found = 0usize;
        for hash in paid {
            let mut blocks = Vec::new();
            for client in &self.clients {
                let receipt: Value = client.call("eth_getTransactionReceipt", json!([hash]))?;
                blocks.push((receipt["blockHash"].clone(), receipt["status"].clone()));
            }
            let everywhere = blocks.iter().all(|at| *at == blocks[0] && at.0.is_string() && at.1 == "0x1");
            found += usize::from(everywhere);
        }
        self.checks.compare("acknowledged payments, and those found on every node", paid.len(), found);
        Ok(())
    }
}

fn height_of(value: &Value) -> Result<u64, Failure> {
    let height: U64 = serde_json::from_value(value["blockNumber"].clone())?;
    Ok(height.to())
}
