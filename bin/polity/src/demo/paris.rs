//! `polity demo paris`.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::mpsc::{Receiver, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use alloy_primitives::{B256, U64, U256};
use alloy_sol_types::SolEvent;
use indicatif::{ProgressBar, ProgressStyle};
use polity_charter::{Charter, Date, amount_text, parse_amount_wei};
use polity_constitution::{Committee, Seat};
use polity_decision::{BallotsFile, Report};
use polity_institutions::assembly::IAssembly;
use polity_node::{InitOptions, LocalNetwork};
use polity_primitives::{ASSEMBLY, Certificate};
use serde_json::{Value, json};

use super::{
    checks::Checks,
    script::{Act, Script, amend, pay},
};
use crate::{
    client::Client,
    local::Processes,
    output::{Failure, say},
};

const TREATY: &str = "paris-agreement";
const CHAMBER: &str = "conference";
/// The Conference of the Parties in Marrakech opened on 7 November 2016.
const PROPOSED_ON: &str = "2016-11-07";
const BALLOTS_ON: &str = "2016-11-09";
const PROPOSER: &str = "MAR";
/// Cyclone Winston struck Fiji on 20 February 2016.
const PAYEE: &str = "FJI";
const PAID_FROM: &str = "adaptation";
const PAID: &str = "250000";
/// Longest wait for the next block.
const STALL_MAX: Duration = Duration::from_secs(90);

/// What the proposal changes in the charter: from now on the Conference decides by three fourths.
const AMENDMENT: [&str; 2] = [
    r#"add rules.three-fourths = { name = { en = "Three fourths of the Parties present and voting", zh = "出席并参加表决的缔约方四分之三多数" }, limb = [{ name = "three-fourths", numerator = "yes", denominator = "voting", threshold = ">= 3/4" }] }"#,
    r#"set chambers.conference.rule = "three-fourths""#,
];

/// What was told, and the network that goes on.
pub(crate) struct Told {
    pub(crate) held: bool,
    pub(crate) urls: Vec<String>,
    pub(crate) processes: Processes,
}

struct Story<'a> {
    clients: Vec<Client>,
    network: &'a LocalNetwork,
    checks: Checks,
    json: bool,
    stop: &'a Receiver<()>,
    /// Next block to be read.
    next: u64,
}

/// The next block, its day, and how the treaty stands after it.
struct Day {
    height: u64,
    date: Date,
}

/// Runs the demonstration in `dir`; `None` if it was interrupted.
pub(crate) fn run(
    dir: &Path,
    port: Option<u16>,
    json: bool,
    stop: &Receiver<()>,
) -> Result<Option<Told>, Failure> {
    let started = Instant::now();
    let text =
        polity_charter::builtin("paris").ok_or_else(|| Failure::failed("no built-in charter paris"))?;
    let options = InitOptions { first_rpc_port: port, ..InitOptions::local(dir.to_owned()) };
    let network = polity_node::init("paris (built in)", text, &options).map_err(Failure::input)?;
    let (acts, deposits) = acts(&network)?;
    if !json {
        say!("The Paris Agreement, as a charter of {} members on four nodes.", network.charter.members.len());
        say!("  charter {}", network.charter.hash);
    }
    let processes = Processes::start_with(&network, |url| submit(url, &acts))?;
    let urls = processes.urls();
    if !json {
        for node in &processes.0 {
            say!("  {:<4} {}", node.plan.member, node.ready.rpc);
        }
        say!("\n{deposits} instruments are signed; each may be written on its day and not before.\n");
    }
    let clients = urls.iter().map(|url| Client::new(url)).collect();
    let mut story = Story { clients, network: &network, checks: Checks::default(), json, stop, next: 1 };
    if !story.tell()? {
        return Ok(None);
    }
    let summary = story.summary()?;
    let held = story.checks.held();
    if json {
        say!(
            "{}",
            json!({ "held": held, "checks": story.checks, "summary": summary, "rpc": urls, "seconds": started.elapsed().as_secs() })
        );
    } else {
        say!("\nChecked against public facts, by RPC and by computing again:\n{}", story.checks.text());
        let verdict = if held { "Every check held." } else { "NOT every check held." };
        say!("{verdict} ({} s)", started.elapsed().as_secs());
    }
    Ok(Some(Told { held, urls, processes }))
}

/// Everything the members did, signed.
fn acts(network: &LocalNetwork) -> Result<(Vec<Act>, usize), Failure> {
    let charter = &network.charter;
    let mut script = Script::new(charter, &network.secrets);
    let deposits = script.deposits(TREATY)?;
    let proposal = IAssembly::proposeCall {
        track: crate::abi::name_word(CHAMBER).ok_or_else(|| Failure::failed("chamber"))?,
        title: "Relief for Fiji, and decisions by three fourths".to_owned(),
        calls: vec![pay(PAID_FROM, script.account(PAYEE)?, amount(PAID)?)?, amend(&AMENDMENT)?],
    };
    script.propose(PROPOSER, day(PROPOSED_ON)?, &proposal)?;
    for (i, state) in script.states_acting_by(day(BALLOTS_ON)?).into_iter().enumerate() {
        // Two thirds say yes, some say no, some abstain, some stay away.
        let choice = match i % 9 {
            0..=5 => IAssembly::Choice::Yes,
            6 => IAssembly::Choice::No,
            7 => IAssembly::Choice::Abstain,
            _ => continue,
        };
        script.ballot(&state, day(BALLOTS_ON)?, 1, choice)?;
    }
    Ok((script.acts, deposits))
}

fn day(text: &str) -> Result<Date, Failure> {
    Date::parse(text).ok_or_else(|| Failure::failed(format!("{text} is no date")))
}

fn amount(text: &str) -> Result<U256, Failure> {
    parse_amount_wei(text).ok_or_else(|| Failure::failed(format!("{text} is no amount")))
}

/// Gives a node every act; it holds each until its day.
fn submit(url: &str, acts: &[Act]) -> Result<(), Failure> {
    let client = Client::new(url);
    for chunk in acts.chunks(200) {
        let calls: Vec<_> = chunk.iter().map(Act::request).collect();
        for answer in client.batch(&calls)? {
            match answer {
                Err(error) if !error.to_string().contains("already known") => return Err(error.into()),
                _ => {}
            }
        }
    }
    Ok(())
}

impl Story<'_> {
    fn client(&self) -> &Client {
        &self.clients[0]
    }

    fn charter(&self) -> &Charter {
        &self.network.charter
    }

    fn say(&self, text: &str) {
        if !self.json {
            say!("{text}");
        }
    }

    /// Waits for the next block; `None` if interrupted.
    fn next_day(&mut self) -> Result<Option<Day>, Failure> {
        let since = Instant::now();
        while self.client().block_number()? < self.next {
            if !matches!(self.stop.try_recv(), Err(TryRecvError::Empty)) {
                return Ok(None);
            }
            if since.elapsed() > STALL_MAX {
                let status: Value = self.client().call("polity_status", json!([]))?;
                return Err(Failure::failed(format!(
                    "no block for {} s: {}",
                    STALL_MAX.as_secs(),
                    status["consensus"]["words"]
                )));
            }
            thread::sleep(Duration::from_millis(10));
        }
        let height = self.next;
        self.next += 1;
        Ok(Some(Day { height, date: Date::of_timestamp(self.client().timestamp(height)?) }))
    }

    /// How the treaty stood after block `height`, by its rule with every instrument deposited then.
    fn progress(&self, height: u64) -> Result<Report, Failure> {
        let treaties: Vec<Value> = self.client().call("polity_treaties", json!([height]))?;
        let treaty = treaties.into_iter().find(|treaty| treaty["id"] == TREATY);
        let mut treaty = treaty.ok_or_else(|| Failure::failed("the ledger knows no such treaty"))?;
        Ok(serde_json::from_value(treaty["progress"].take())?)
    }

    /// Logs of the assembly with this event in block `height`.
    fn events<E: SolEvent>(&self, height: u64) -> Result<Vec<Value>, Failure> {
        let at = U64::from(height);
        let filter =
            json!([{ "address": ASSEMBLY, "fromBlock": at, "toBlock": at, "topics": [E::SIGNATURE_HASH] }]);
        Ok(self.client().call("eth_getLogs", filter)?)
    }

    /// From the first block to the execution of the proposal; false if interrupted.
    fn tell(&mut self) -> Result<bool, Failure> {
        let (eve, crossed) = (day("2016-10-04")?, day("2016-10-05")?);
        let bar = self.bar();
        let mut deposits = BTreeMap::<String, Date>::new();
        let mut in_force = None;
        let (mut enacted, mut concluded) = (None, false);
        while enacted.is_none() {
            let Some(Day { height, date }) = self.next_day()? else { return Ok(false) };
            let new = self.events::<IAssembly::Deposited>(height)?;
            for log in &new {
                if let Some(member) = topic_name(log, 2) {
                    deposits.insert(member, date);
                }
            }
            if !new.is_empty() || date == eve {
                let report = self.progress(height)?;
                let (states, share) = (limb(&report, "parties").0, limb(&report, "emissions").1);
                bar.set_position(share_permille(&report));
                bar.set_message(format!("{date}  {states} states  {share} %"));
                if !self.json {
                    let line = format!(
                        "  {date}  block {height:<4} {:>3} deposited  {states:>3} states  {share:>7} % of emissions",
                        new.len()
                    );
                    bar.suspend(|| say!("{line}"));
                }
                if date == eve || date == crossed {
                    let expected = if date == eve { ("63", "52.130") } else { ("73", "58.830") };
                    self.checks.compare(&format!("states on {date}"), expected.0, &states);
                    self.checks.compare(&format!("share of emissions on {date}, %"), expected.1, &share);
                }
                if date == crossed {
                    self.recompute(&deposits, &report)?;
                }
            }
            for log in self.events::<IAssembly::EnteredIntoForce>(height)? {
                in_force = Some(date);
                bar.suspend(|| {
                    self.say(&format!(
                        "\n  {date}  block {height}  THE PARIS AGREEMENT ENTERS INTO FORCE, by itself:"
                    ))
                });
                let hash = log["transactionHash"].as_str().unwrap_or_default().to_owned();
                let tx: Value = self.client().call("eth_getTransactionByHash", json!([hash]))?;
                bar.suspend(|| {
                    self.say(&format!(
                        "  system transaction {hash}, sent by nobody: from {}\n",
                        tx["from"].as_str().unwrap_or_default()
                    ))
                });
                self.checks.compare(
                    "type of the transaction of entry into force (0x70: made by the chain)",
                    "0x70",
                    tx["type"].as_str().unwrap_or_default(),
                );
            }
            if !self.events::<IAssembly::Proposed>(height)?.is_empty() {
                bar.finish_and_clear();
                self.say(&format!(
                    "  {date}  block {height}  {PROPOSER} proposes to the Conference of the Parties:"
                ));
                let proposal: Value = self.client().call("polity_proposal", json!([1, height]))?;
                for call in proposal["calls"].as_array().into_iter().flatten() {
                    self.say(&format!(
                        "      → {}",
                        shorten(&crate::words::Words::of(self.client()).call(call))
                    ));
                }
            }
            let ballots = self.events::<IAssembly::BallotCast>(height)?.len();
            if ballots > 0 {
                self.say(&format!("  {date}  block {height}  {ballots} ballots are cast"));
            }
            if !self.events::<IAssembly::Concluded>(height)?.is_empty() {
                concluded = true;
                let why: Value = self.client().call("polity_whyReport", json!([1, height]))?;
                self.say(&format!("  {date}  block {height}  the vote is concluded; why:"));
                for language in ["en", "zh"] {
                    for line in why["text"][language].as_str().unwrap_or_default().lines() {
                        self.say(&format!("      {line}"));
                    }
                }
                let proposal: Value = self.client().call("polity_proposal", json!([1, height]))?;
                let hash = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                self.checks.compare(
                    "hash of the why-report, recorded by the chain",
                    hash(&why["hash"]),
                    hash(&proposal["reportHash"]),
                );
            }
            if !self.events::<IAssembly::Executed>(height)?.is_empty() {
                enacted = Some((height, date));
            }
            if !self.events::<IAssembly::ExecutionFailed>(height)?.is_empty() {
                return Err(Failure::failed("the decision could not be carried out"));
            }
            if date > day("2017-01-30")? {
                return Err(Failure::failed(format!(
                    "the proposal did not come to its end (concluded: {concluded})"
                )));
            }
        }
        bar.finish_and_clear();
        self.checks.compare(
            "in force on",
            "2016-11-04",
            in_force.map_or_else(|| "never".to_owned(), |date| date.to_string()),
        );
        let (height, date) = enacted.ok_or_else(|| Failure::failed("no execution"))?;
        self.executed(height, date)?;
        Ok(true)
    }

    fn bar(&self) -> ProgressBar {
        if self.json {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(1000);
        if let Ok(style) = ProgressStyle::with_template("  {msg}  [{bar:40}] of the 55 % needed") {
            bar.set_style(style.progress_chars("█▉ "));
        }
        bar
    }

    /// Decides the same, offline, from the deposits the ledger shows; with and without the Union's instrument.
    fn recompute(&mut self, deposits: &BTreeMap<String, Date>, on_chain: &Report) -> Result<(), Failure> {
        let charter = self.charter();
        let rule = charter.rule("paris-art21").ok_or_else(|| Failure::failed("no rule"))?.clone();
        let dates = deposits
            .iter()
            .map(|(member, date)| Ok((member.clone(), date.to_string().parse()?)))
            .collect::<Result<BTreeMap<_, _>, polity_decision::Error>>()?;
        let mut file = BallotsFile {
            members: charter.members.iter().map(|member| charter.voter(member)).collect(),
            instruments: dates,
            ..BallotsFile::default()
        };
        let offline = rule.decide(&file, None)?;
        self.checks.compare("the Union has deposited", true, file.instruments.contains_key("EUU"));
        file.instruments.remove("EUU");
        let without = rule.decide(&file, None)?;
        let limbs = |report: &Report| serde_json::to_string(&report.limbs).unwrap_or_default();
        self.checks.compare(
            "the ledger's report, computed again offline, is the same",
            limbs(on_chain) == limbs(&offline),
            true,
        );
        self.checks.compare(
            "the European Union's own instrument adds nothing",
            limbs(&offline) == limbs(&without),
            true,
        );
        self.checks.compare(
            "decided on",
            "2016-10-05",
            offline.decided_on.map_or_else(String::new, |d| d.to_string()),
        );
        Ok(())
    }

    /// The payment was made and the rule is changed, by themselves.
    fn executed(&mut self, height: u64, date: Date) -> Result<(), Failure> {
        let payee: Value = self.client().call("polity_member", json!([PAYEE]))?;
        let balance = |story: &Self, at: u64| -> Result<U256, Failure> {
            Ok(story.client().call("eth_getBalance", json!([payee["account"], U64::from(at)]))?)
        };
        let treasury = |story: &Self, at: u64| -> Result<U256, Failure> {
            let accounts: Vec<Value> = story.client().call("polity_treasury", json!([at]))?;
            let account = accounts.iter().find(|account| account["name"] == PAID_FROM);
            let wei = account.and_then(|account| account["balanceWei"].as_str()).unwrap_or_default();
            wei.parse().map_err(Failure::failed)
        };
        let paid = balance(self, height)? - balance(self, height - 1)?;
        let spent = treasury(self, height - 1)? - treasury(self, height)?;
        let symbol = self.charter().currency.symbol.clone();
        self.say(&format!(
            "  {date}  block {height}  carried out by the chain: {} {symbol} from `{PAID_FROM}` to {PAYEE};",
            amount_text(paid)
        ));
        self.checks.compare("paid to Fiji", amount(PAID)?, paid);
        self.checks.compare("taken from the treasury", amount(PAID)?, spent);
        let rule = |story: &Self, at: u64| -> Result<String, Failure> {
            let chambers: Vec<Value> = story.client().call("polity_chambers", json!([at]))?;
            let chamber = chambers.iter().find(|chamber| chamber["id"] == CHAMBER);
            Ok(chamber.and_then(|chamber| chamber["rule"].as_str()).unwrap_or_default().to_owned())
        };
        let (before, after) = (rule(self, height - 1)?, rule(self, height)?);
        self.say(&format!("                            the Conference decided by {before}, and decides by {after} from now on."));
        self.checks.compare("rule of the Conference before", "two-thirds", before);
        self.checks.compare("rule of the Conference after", "three-fourths", after);
        Ok(())
    }

    /// The amended charter is in force from the block after that which enacted it, and every header says so.
    fn amended(&mut self) -> Result<(), Failure> {
        let versions: Vec<Value> = self.client().call("polity_getCharterVersions", json!([]))?;
        let [founding, amended] = versions.as_slice() else {
            return Err(Failure::failed(format!("{} versions of the charter, not 2", versions.len())));
        };
        let header = |story: &Self, at: u64| -> Result<Value, Failure> {
            let block: Value = story.client().call("eth_getBlockByNumber", json!([U64::from(at), false]))?;
            Ok(block["extraData"].clone())
        };
        let (enacted, from) = (&amended["height"], &amended["activeFrom"]);
        let (enacted, from) = (enacted.as_u64().unwrap_or_default(), from.as_u64().unwrap_or_default());
        self.checks.compare("charter in the header that enacts", &founding["hash"], header(self, enacted)?);
        self.checks.compare("charter in the next header", &amended["hash"], header(self, from)?);
        self.checks.compare(
            "the new charter follows the founding one",
            &founding["hash"],
            &amended["parent"],
        );
        Ok(())
    }

    /// What all four nodes agree on.
    fn summary(&mut self) -> Result<Value, Failure> {
        self.amended()?;
        let height = self.next - 1;
        let mut views = Vec::new();
        for client in &self.clients {
            let since = Instant::now();
            while client.block_number()? < height && since.elapsed() < STALL_MAX {
                thread::sleep(Duration::from_millis(20));
            }
            let block: Value = client.call("eth_getBlockByNumber", json!([U64::from(height), false]))?;
            views.push((block["hash"].clone(), block["stateRoot"].clone()));
        }
        let agree = views.iter().all(|view| view == &views[0]);
        let (hash, root) = (views[0].0.clone(), views[0].1.clone());
        let proof: Value = self.client().call("polity_getCertificate", json!([height]))?;
        let certificate: Certificate = serde_json::from_value(proof["certificate"].clone())?;
        let verified = self.verify(&certificate, &proof, &hash);
        let treasury: Vec<Value> = self.client().call("polity_treasury", json!([]))?;
        self.say(&format!(
            "\nBlock {height} on all four nodes:\n  hash        {}\n  state root  {}",
            hash.as_str().unwrap_or_default(),
            root.as_str().unwrap_or_default()
        ));
        self.say(&format!(
            "  certificate round {}, {} of {} signatures",
            certificate.round,
            certificate.signatures.len(),
            proof["committee"]["seats"].as_array().map_or(0, Vec::len)
        ));
        for account in &treasury {
            self.say(&format!(
                "  treasury    {:<16} {}",
                account["name"].as_str().unwrap_or_default(),
                account["balance"].as_str().unwrap_or_default()
            ));
        }
        self.checks.compare("all four nodes have the same block and state root", true, agree);
        self.checks.compare("the certificate verifies, by recovering its signatures here", "valid", verified);
        Ok(
            json!({ "height": height, "hash": hash, "stateRoot": root, "certificate": certificate, "treasury": treasury }),
        )
    }

    /// Checks a certificate with nothing but its committee.
    fn verify(&self, certificate: &Certificate, proof: &Value, hash: &Value) -> String {
        let seat = |seat: &Value| {
            let key: alloy_primitives::Bytes = serde_json::from_value(seat["publicKey"].clone()).ok()?;
            Some(Seat {
                address: serde_json::from_value(seat["address"].clone()).ok()?,
                public_key: key.as_ref().try_into().ok()?,
                power: seat["power"].as_u64()?,
            })
        };
        let seats: Option<Vec<Seat>> =
            proof["committee"]["seats"].as_array().into_iter().flatten().map(seat).collect();
        let named: Option<B256> = serde_json::from_value(hash.clone()).ok();
        let Some(Ok(committee)) = seats.map(Committee::new) else { return "no committee".to_owned() };
        if named != Some(certificate.block_hash) {
            return "it is of another block".to_owned();
        }
        match committee.verify(self.charter().chain_id, certificate) {
            Ok(()) => "valid".to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

fn topic_name(log: &Value, index: usize) -> Option<String> {
    crate::abi::name_of(&log["topics"][index].as_str()?.parse().ok()?)
}

/// Numerator and share in percent with three decimals, cut, of a limb.
fn limb(report: &Report, name: &str) -> (String, String) {
    report.limbs.iter().find(|limb| limb.name == name).map_or_else(Default::default, |limb| {
        let permille = thousandths_of_percent(limb);
        (limb.numerator.to_string(), format!("{}.{:03}", permille / 1000, permille % 1000))
    })
}

fn thousandths_of_percent(limb: &polity_decision::LimbReport) -> u64 {
    let scaled = limb.numerator.clone() * polity_decision::Rational::from_integer(100_000.into());
    (scaled / &limb.denominator).to_integer().to_string().parse().unwrap_or(0)
}

/// How far towards 55 %, in thousandths.
fn share_permille(report: &Report) -> u64 {
    report
        .limbs
        .iter()
        .find(|limb| limb.name == "emissions")
        .map_or(0, |limb| thousandths_of_percent(limb) / 55)
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(150).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
