//! A flood of decisions: does the chain's own work stay small while very many proposals are open, and when all fall due?
//!
//! The real executor, trie and database in one process; no network, and no signatures, which the chain's own work does not
//! touch. A council opens thousands of proposals that will all be adopted, each with a payment; members of a large chamber
//! cast and change ballots on one more; then every vote closes in the same second, and later every delay ends in the same
//! second.
//!
//! What is compared: an *idle block* holds no transaction and nothing is due in it; it is built, hashed and committed to
//! disk like any other. A *block of bookkeeping* holds nothing but what the chain does by itself. What one takes of its maker, calls,
//! roots and commit, in processor time, is set against the time an idle *network* takes for a block, measured in the same run:
//! its finality. Wall times, which have the waiting for the disk in them, are told beside it.
//! (Against the fifth of a millisecond that an empty block takes within one process, any work at all is a multiple.)

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use alloy_sol_types::SolCall;
use polity_db::{BlockCommit, Db, Options};
use polity_execution::{Attributes, ChainRules, Executor, TransactionSource};
use polity_institutions::{
    assembly::IAssembly::{self, Call, Choice},
    names,
    treasury::ITreasury,
};
use polity_primitives::{ASSEMBLY, Block, Header, RecoveredTransaction, StateChanges, TREASURY, Transaction};
use polity_trie::State;
use serde::Serialize;

use super::{
    limits::{self, Fixed, Reader},
    load::CHAIN_ID,
    machine::{Conditions, Meter, thread_us},
};
use crate::output::Failure;

/// Members of the council, who open the proposals: at most a hundred each.
const COUNCIL: usize = 100;
/// Members of the large chamber that cast ballots; the others never do, so nothing is settled before the close.
const VOTERS_PART: usize = 2;
/// Blocks of an idle chain that are measured.
const IDLE_BLOCKS: usize = 400;
/// Gas of a ballot, at most.
const BALLOT_GAS: u64 = 400_000;
/// Voting period and delay of the charter below. Units: seconds.
const VOTING_SECS: u64 = 365 * 86_400;
const DELAY_SECS: u64 = 86_400;
/// A block that took its maker longer than this to build is built again, so often, and the least counts. Units: microseconds of
/// processor time.
const AGAIN_US: u64 = 2_000;
const AGAIN_MAX: usize = 4;
/// Blocks in which everything must be done that was due.
const BLOCKS_MAX: usize = 200_000;

/// What is flooded, and how much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) proposals: usize,
    pub(crate) ballots: usize,
    pub(crate) members: usize,
}

/// The flood, measured.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) proposals: usize,
    pub(crate) ballots: usize,
    pub(crate) members: usize,
    /// Members that cast them.
    pub(crate) voters: usize,
    /// Blocks that hold nothing, before the flood.
    pub(crate) idle: Blocks,
    /// Blocks that hold nothing, with every proposal open and every ballot cast.
    pub(crate) idle_open: Blocks,
    /// Blocks in which electorates are counted, after the last proposal was sent.
    pub(crate) preparations: Blocks,
    /// Blocks while every proposal is concluded.
    pub(crate) conclusions: Blocks,
    /// Blocks while every adopted proposal is enacted.
    pub(crate) enactments: Blocks,
    /// What bookkeeping adds to a block: processor time of the slowest block of all phases, less that of the median idle block.
    /// Units: microseconds.
    pub(crate) added_us: u64,
    pub(crate) conditions: Conditions,
}

/// Some blocks in a row that hold no signed transaction. Units: microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Blocks {
    pub(crate) blocks: usize,
    /// System transactions in all, and in the fullest block.
    pub(crate) calls: usize,
    pub(crate) calls_max: usize,
    /// Those that failed.
    pub(crate) failed: usize,
    pub(crate) gas_max: u64,
    /// Wall time.
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) max_us: u64,
    /// Parts of the median: execution with roots of transactions and receipts, trie, commit.
    pub(crate) execution_p50_us: u64,
    pub(crate) trie_p50_us: u64,
    pub(crate) commit_p50_us: u64,
    /// Processor time of its maker: calls, roots and commit.
    pub(crate) own_p50_us: u64,
    pub(crate) own_p99_us: u64,
    pub(crate) own_max_us: u64,
}

/// One block, measured. Units: microseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    execution: u64,
    trie: u64,
    commit: u64,
    /// Processor time of building and committing it, roots included.
    own: u64,
    calls: usize,
    failed: usize,
    gas: u64,
}

impl Step {
    const fn total(&self) -> u64 {
        self.execution + self.trie + self.commit
    }
}

impl Blocks {
    fn of(steps: &[Step]) -> Self {
        let sorted = |value: &dyn Fn(&Step) -> u64| {
            let mut values: Vec<u64> = steps.iter().map(value).collect();
            values.sort_unstable();
            values
        };
        let at = |values: &[u64], percent: usize| {
            values.get(values.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
        };
        let total = sorted(&Step::total);
        let own = sorted(&|step| step.own);
        let median = |value: &dyn Fn(&Step) -> u64| at(&sorted(value), 50);
        Self {
            blocks: steps.len(),
            calls: steps.iter().map(|step| step.calls).sum(),
            calls_max: steps.iter().map(|step| step.calls).max().unwrap_or_default(),
            failed: steps.iter().map(|step| step.failed).sum(),
            gas_max: steps.iter().map(|step| step.gas).max().unwrap_or_default(),
            p50_us: at(&total, 50),
            p99_us: at(&total, 99),
            max_us: at(&total, 100),
            execution_p50_us: median(&|step| step.execution),
            trie_p50_us: median(&|step| step.trie),
            commit_p50_us: median(&|step| step.commit),
            own_p50_us: at(&own, 50),
            own_p99_us: at(&own, 99),
            own_max_us: at(&own, 100),
        }
    }
}

/// A chain in this process.
struct Chain {
    executor: Executor,
    parent: Header,
    hash: B256,
    state: State,
    codes: Arc<BTreeMap<B256, Bytes>>,
    db: Db,
    nonces: BTreeMap<Address, u64>,
    /// The next block is so much later than its parent. Units: seconds.
    step_secs: u64,
    _folder: tempfile::TempDir,
}

impl Chain {
    fn new(text: &str) -> Result<Self, Failure> {
        let charter = limits::ready(text)?;
        let executor = Executor::new(ChainRules::from(&charter));
        let (mut parent, changes) = executor.genesis(&charter)?;
        let state = State::default().apply(&changes);
        parent.state_root = state.root();
        let folder = tempfile::tempdir()?;
        let db = Db::open(folder.path().join("db"), Options::default())?;
        let genesis = Block::unsealed(parent.clone(), Vec::new()).seal();
        db.commit(&BlockCommit {
            block: &genesis,
            senders: &[],
            tx_hashes: &[],
            receipts: &[],
            changes: &changes,
            certificate: None,
        })?;
        Ok(Self {
            executor,
            hash: genesis.hash,
            parent,
            state,
            codes: Arc::new(changes.codes.into_iter().collect()),
            db,
            nonces: BTreeMap::new(),
            step_secs: 1,
            _folder: folder,
        })
    }

    /// A transaction of `sender`, as if its signature had been recovered.
    fn transaction(&mut self, sender: Address, gas_limit: u64, input: Bytes) -> RecoveredTransaction {
        let nonce = self.nonces.entry(sender).or_default();
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce: *nonce,
            gas_limit,
            max_fee_per_gas: 2_000_000_000,
            to: TxKind::Call(ASSEMBLY),
            input,
            ..TxEip1559::default()
        };
        *nonce += 1;
        let tx = tx.into_signed(Signature::new(U256::ONE, U256::ONE, false));
        let transaction = Transaction::Signed(TxEnvelope::from(tx));
        RecoveredTransaction { hash: transaction.hash(), transaction, sender }
    }

    /// The next block, which holds all of `transactions`, and every one succeeds.
    fn block(&mut self, transactions: Vec<RecoveredTransaction>) -> Result<Step, Failure> {
        let count = transactions.len();
        let mut source = Fixed(transactions.into_iter().map(Arc::new).collect::<Vec<_>>().into_iter());
        let reader = Reader { state: self.state.clone(), codes: Arc::clone(&self.codes) };
        let attributes = Attributes {
            timestamp_secs: self.parent.timestamp + self.step_secs,
            beneficiary: Address::repeat_byte(1),
            ..Attributes::default()
        };
        let (trie, next) = (std::cell::Cell::new(0u64), std::cell::RefCell::new(State::default()));
        let root = |changes: &StateChanges| -> B256 {
            let start = Instant::now();
            let state = self.state.apply(changes);
            let root = state.root();
            *next.borrow_mut() = state;
            trie.set(micros(start));
            root
        };
        let (start, own) = (Instant::now(), thread_us());
        let build = |source: &mut dyn TransactionSource| {
            self.executor.build(&self.parent, self.hash, &reader, &attributes, source, &root)
        };
        let built = build(&mut source)?;
        let (built_us, mut building) = (micros(start), thread_us().saturating_sub(own));
        // A machine that others use adds to a measurement and never takes from it: a slow block is built again.
        for _ in 0..if count == 0 && building > AGAIN_US { AGAIN_MAX } else { 0 } {
            let again = thread_us();
            build(&mut Fixed(Vec::new().into_iter()))?;
            building = building.min(thread_us().saturating_sub(again));
        }
        let hashes: Vec<B256> = built.transactions.iter().map(|tx| tx.hash).collect();
        let senders: Vec<Address> = built.transactions.iter().map(|tx| tx.sender).collect();
        let (start, own) = (Instant::now(), thread_us());
        self.db.commit(&BlockCommit {
            block: &built.block,
            senders: &senders,
            tx_hashes: &hashes,
            receipts: &built.outcome.receipts,
            changes: &built.outcome.changes,
            certificate: None,
        })?;
        let commit = micros(start);
        let committing = thread_us().saturating_sub(own);
        if let Some((_, reason)) = built.rejected.first() {
            return Err(Failure::failed(format!("a transaction of the flood is not executed: {reason}")));
        }
        let (signed, system) = built.outcome.receipts.split_at(count.min(built.outcome.receipts.len()));
        let calls = built.outcome.system.len();
        if built.transactions.len() != count + calls || signed.iter().any(|receipt| !receipt.success) {
            return Err(Failure::failed(format!(
                "block {} of the flood: of {count} transactions {} are in it and {} failed, with {} gas in all",
                built.block.block.header.number,
                built.transactions.len() - calls,
                signed.iter().filter(|receipt| !receipt.success).count(),
                built.outcome.gas_used
            )));
        }
        let trie = trie.get();
        let step = Step {
            execution: built_us.saturating_sub(trie),
            trie,
            commit,
            own: building + committing,
            calls,
            failed: system.iter().filter(|receipt| !receipt.success).count(),
            gas: built.outcome.gas_used,
        };
        self.state = next.into_inner();
        self.hash = built.block.hash;
        self.parent = built.block.block.header;
        Ok(step)
    }

    /// Blocks of these transactions, as many in each as its gas allows.
    fn blocks(
        &mut self,
        gas_limit: u64,
        mut transactions: impl Iterator<Item = (Address, Bytes)>,
    ) -> Result<(), Failure> {
        let room = usize::try_from(self.executor.founding().signed_gas_max() / gas_limit)?.max(1);
        loop {
            let some: Vec<_> = transactions.by_ref().take(room).collect();
            if some.is_empty() {
                return Ok(());
            }
            let some: Vec<_> =
                some.into_iter().map(|(sender, input)| self.transaction(sender, gas_limit, input)).collect();
            self.block(some)?;
        }
    }

    fn idle(&mut self) -> Result<Blocks, Failure> {
        let steps: Result<Vec<Step>, Failure> = (0..IDLE_BLOCKS).map(|_| self.block(Vec::new())).collect();
        let blocks = Blocks::of(&steps?);
        if blocks.calls > 0 {
            return Err(Failure::failed("a block that should be idle is not"));
        }
        Ok(blocks)
    }

    /// Lets `secs` pass, and then measures blocks until the chain has nothing left to do.
    fn due(&mut self, secs: u64) -> Result<Blocks, Failure> {
        self.step_secs = secs;
        let mut steps: Vec<Step> = Vec::new();
        while steps.len() < BLOCKS_MAX {
            let step = self.block(Vec::new())?;
            self.step_secs = 1;
            if step.calls == 0 {
                return Ok(Blocks::of(&steps));
            }
            steps.push(step);
        }
        Err(Failure::failed("the chain's own work does not end"))
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// The account of a member: nobody has its key.
fn account(index: usize) -> Address {
    Address::from_slice(&keccak256(format!("flood-{index}"))[12..])
}

/// The charter of the flood: free, one validator, `members` of which the first are the council.
fn charter(members: usize) -> Result<String, Failure> {
    let mut text = limits::charter(1, &[])?;
    text = text.replace(
        "[rights]\n",
        "[rights]\nexpert = [\"transact\", \"propose\", \"vote\"]\nindividual = [\"transact\", \"propose\", \"vote\"]\n",
    );
    text = text.replace("common = \"0\"", "common = \"1000000\"");
    for (id, kinds) in [("council", "\"expert\""), ("people", "\"expert\", \"individual\"")] {
        text += &format!(
            "\n[chambers.{id}]\nname = \"{id}\"\nkinds = [{kinds}]\nrule = \"two-thirds\"\nvoting = \"{VOTING_SECS}s\"\ndelay = \"{DELAY_SECS}s\"\n"
        );
    }
    for index in 0..members {
        let kind = if index < COUNCIL { "expert" } else { "individual" };
        text += &format!(
            "\n[members.m{index}]\nname = \"Member {index}\"\nkind = \"{kind}\"\naddress = \"{}\"\nrecovery = \"{}\"\n",
            account(index),
            account(members + index)
        );
    }
    Ok(text)
}

fn name(text: &str) -> Result<B256, Failure> {
    names::word(text).ok_or_else(|| Failure::failed(format!("`{text}` is no name")))
}

fn propose(chamber: B256, title: String, calls: Vec<Call>) -> Bytes {
    IAssembly::proposeCall { track: chamber, title, calls }.abi_encode().into()
}

fn ballot(id: usize, choice: Choice) -> Bytes {
    IAssembly::ballotCall { id: U256::from(id), choice }.abi_encode().into()
}

/// Measures the flood, on one thread, so that all work on a block is the work of that thread.
pub(crate) fn measure(plan: &Plan) -> Result<Measured, Failure> {
    rayon::ThreadPoolBuilder::new().num_threads(1).build()?.install(|| on_one_thread(plan))
}

fn on_one_thread(plan: &Plan) -> Result<Measured, Failure> {
    let Plan { proposals, ballots, members } = *plan;
    let voters = members / VOTERS_PART;
    let meter = Meter::start(&[]);
    let mut chain = Chain::new(&charter(members)?)?;
    let (council, people, common) = (name("council")?, name("people")?, name("common")?);
    // The first blocks of a chain differ from later ones: caches fill, files grow.
    chain.idle()?;
    let idle = chain.idle()?;

    let pay = ITreasury::payCall { name: common, to: Address::repeat_byte(7), amount: U256::ONE };
    let pay = Call { target: TREASURY, value: U256::ZERO, data: pay.abi_encode().into() };
    let open = (0..proposals)
        .map(|i| (account(i % COUNCIL), propose(council, format!("Payment {i}"), vec![pay.clone()])));
    // Opening reads every member.
    let gas_max = chain.executor.founding().tx_gas_max();
    chain.blocks(gas_max, open)?;
    let large = propose(people, "Much discussed".to_owned(), Vec::new());
    chain.blocks(gas_max, std::iter::once((account(COUNCIL), large)))?;
    let preparations = chain.due(1)?;
    let yes = (1..=proposals).map(|id| (account(id % COUNCIL), ballot(id, Choice::Yes)));
    chain.blocks(BALLOT_GAS, yes)?;
    let votes = (0..ballots).map(|i| {
        let (round, member) = (i / voters, i % voters);
        let choice = if (member + round) % 3 == 0 { Choice::No } else { Choice::Yes };
        (account(member), ballot(proposals + 1, choice))
    });
    chain.blocks(BALLOT_GAS, votes)?;
    let idle_open = chain.idle()?;
    let conclusions = chain.due(VOTING_SECS)?;
    let enactments = chain.due(DELAY_SECS)?;

    let phases = [&preparations, &idle_open, &conclusions, &enactments];
    let heaviest = phases.into_iter().map(|blocks| blocks.own_max_us).max().unwrap_or_default();
    Ok(Measured {
        proposals,
        ballots,
        members,
        voters,
        added_us: heaviest.saturating_sub(idle.own_p50_us),
        idle,
        idle_open,
        preparations,
        conclusions,
        enactments,
        conditions: meter.stop(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_due_is_done_in_the_end() {
        let plan = Plan { proposals: 150, ballots: 300, members: 120 };
        let measured = measure(&plan).unwrap();
        // The large proposal is adopted too: two thirds of those who voted said yes.
        assert_eq!(measured.conclusions.calls, 151);
        assert_eq!(measured.enactments.calls, 151);
        assert_eq!(measured.conclusions.failed + measured.enactments.failed, 0);
        // Work is bounded per block and goes on in the next.
        for blocks in [&measured.conclusions, &measured.enactments] {
            let most = polity_execution::SYSTEM_GAS_TARGET + polity_institutions::agenda::ENACT_GAS_MAX;
            assert!(blocks.blocks >= 3 && blocks.gas_max < most, "{blocks:?}");
        }
        assert_eq!(measured.idle_open.calls, 0);
    }
}
