//! The case on two nodes: one builds, one judges, and members act by signed transactions.
//!
//! Closing, execution and entry into force are the chain's own system transactions. Only the clock is moved from here: blocks bear
//! the days of the case.

use std::{collections::BTreeMap, sync::Arc};

use alloy_sol_types::SolCall;
use polity_decision::{Date, Event, Report};
use polity_institutions::assembly::{self, IAssembly as sol, Moment, Status, TextStatus};
use polity_primitives::ASSEMBLY;

use super::{
    charter::{Agreement, CLERK, DAY},
    *,
};
use crate::StateView;

/// Gas limit of every transaction: one notification to 200 members, and 15 to a block.
const GAS_LIMIT: u64 = 4_000_000;

/// Two nodes of one agreement.
pub(super) struct Chain {
    builder: World,
    follower: World,
    nonces: BTreeMap<String, u64>,
    /// Time of the next block. Units: seconds since 1970.
    now: u64,
}

/// The word of a name.
fn word(name: &str) -> B256 {
    B256::right_padding_from(name.as_bytes())
}

fn secs(day: Date) -> u64 {
    day.unix_secs().expect("a day since 1970")
}

const fn choice_of(event: Event) -> sol::Choice {
    match event {
        Event::Ballot(polity_decision::Choice::Yes) => sol::Choice::Yes,
        Event::Ballot(polity_decision::Choice::No) => sol::Choice::No,
        Event::Ballot(polity_decision::Choice::Abstain) => sol::Choice::Abstain,
        Event::Ballot(polity_decision::Choice::Veto) => sol::Choice::Veto,
        _ => sol::Choice::None,
    }
}

impl Chain {
    pub(super) fn new(text: &str) -> Self {
        let charter = keyed(text);
        let world = || World::of(tempfile::tempdir().expect("a folder"), charter.clone());
        Self { builder: world(), follower: world(), nonces: BTreeMap::new(), now: 1 }
    }

    /// What the follower knows.
    fn state(&self) -> StateView {
        self.follower.ledger.latest()
    }

    /// `who` signs `call` of the assembly; it waits in the pool of the builder.
    fn sign(&mut self, who: &str, call: &impl SolCall) {
        let nonce = self.nonces.entry(who.to_owned()).or_default();
        let tx = TxEip1559 {
            chain_id: self.builder.ledger.charter().chain_id,
            nonce: *nonce,
            gas_limit: GAS_LIMIT,
            to: TxKind::Call(ASSEMBLY),
            input: call.abi_encode().into(),
            ..TxEip1559::default()
        };
        *nonce += 1;
        let taken = self.builder.ledger.submit(&signed(tx, who), Condition::default());
        taken.unwrap_or_else(|error| panic!("{who}: {error}"));
    }

    /// One block of `now`, or of `at` if that is later. Everything in it succeeds.
    fn block(&mut self, at: u64) -> Arc<ExecutedBlock> {
        self.now = self.now.max(at);
        let block = self.builder.decide_with(&mut self.follower, self.now * 1_000);
        assert_eq!(block.header().timestamp, self.now);
        for (tx, receipt) in block.transactions.iter().zip(&block.receipts) {
            assert!(receipt.success, "{:?} of block {} failed", tx.sender, block.header().number);
        }
        block
    }

    /// Blocks of `at` until nothing signed waits.
    fn write(&mut self, at: u64) {
        loop {
            self.block(at);
            if self.builder.ledger.mempool().status().pending == 0 {
                break;
            }
        }
    }

    fn status(&self, id: u64) -> Status {
        assembly::proposal(&self.state(), id).expect("a proposal").status
    }

    /// Proposes `calls` in `chamber`, and waits until ballots are taken. Its number.
    fn propose(&mut self, chamber: &str, calls: Vec<sol::Call>, at: u64) -> u64 {
        self.sign(CLERK, &sol::proposeCall { track: word(chamber), title: "A proposal".into(), calls });
        self.write(at);
        let id = assembly::proposal_count(&self.state());
        while self.status(id) != Status::Open {
            self.block(at);
        }
        id
    }

    /// What the chain says of the ballots, after the vote.
    pub(super) fn voted(&mut self, case: &Agreement) -> Report {
        let id = self.propose("body", vec![], secs(case.opens));
        for (voter, event) in case.rule.ballots_of(&case.electorate, Some(case.as_of)) {
            self.sign(&voter.id, &sol::ballotCall { id: U256::from(id), choice: choice_of(event) });
        }
        self.write(secs(case.opens));
        let closes = self.stage(id).closes_at.expect("it is open");
        self.block(closes);
        let stage = self.stage(id);
        assert_eq!(stage.concluded_at, Some(closes), "concluded by the first block after the close");
        let report = assembly::report(&self.state(), id).expect("a report");
        assert_eq!(stage.report_hash, Some(keccak256(report.json())), "what is shown is what was recorded");
        report
    }

    fn stage(&self, id: u64) -> assembly::StageView {
        let proposal = assembly::proposal(&self.state(), id).expect("a proposal");
        proposal.present().expect("a stage").clone()
    }

    /// What it says of the instruments of the case, each deposited on its day.
    pub(super) fn deposited(&mut self, case: &Agreement) -> Report {
        let mut days: BTreeMap<Date, Vec<&str>> = BTreeMap::new();
        for (id, day) in case.electorate.instruments.iter().filter(|(_, day)| **day <= case.as_of) {
            days.entry(*day).or_default().push(id);
        }
        for (day, members) in days {
            for member in members {
                self.sign(member, &sol::depositCall { treaty: word("text") });
            }
            self.write(secs(day));
        }
        let report = assembly::treaty_report(&self.state(), "text").expect("a report");
        if let Some(effective_on) = report.effective_on {
            self.block(secs(effective_on));
            let treaty = assembly::treaties(&self.state()).remove(0);
            assert_eq!(treaty.in_force_since, Some(self.now), "in force from the first block of the day");
        }
        report
    }

    /// What it says of a text that was notified, on the day of the case.
    pub(super) fn notified(&mut self, case: &Agreement) -> Report {
        let call = sol::notifyCall {
            treaty: word("text"),
            title: "A text".into(),
            documentHash: keccak256("a text"),
            uri: String::new(),
        };
        let call = sol::Call { target: ASSEMBLY, value: U256::ZERO, data: call.abi_encode().into() };
        let id = self.propose("secretariat", vec![call], secs(case.file.notified.expect("a notice")));
        self.sign(CLERK, &sol::ballotCall { id: U256::from(id), choice: sol::Choice::Yes });
        self.write(self.now);
        for _ in 0..2 {
            self.block(self.stage(id).closes_at.expect("it was open"));
        }
        assert_eq!(self.status(id), Status::Executed);
        while assembly::texts(&self.state(), None).remove(0).status == TextStatus::Counting {
            self.block(self.now);
        }
        let mut objections: Vec<(Date, &str)> =
            case.file.objections.iter().map(|(who, day)| (*day, who.as_str())).collect();
        objections.sort_unstable();
        for (day, who) in objections {
            let id = U256::from(1);
            self.sign(who, &sol::rejectCall { id, reason: "We object.".into(), documentHash: B256::ZERO });
            self.write(secs(day));
        }
        // The steps of the agenda come due one after the other, and each takes a block.
        let last = secs(case.as_of);
        let steps = assembly::texts(&self.state(), None).remove(0).terms;
        for (last_day, effective_on) in steps {
            for day in [last_day + DAY, effective_on].into_iter().filter(|day| *day <= last) {
                self.block(day);
            }
        }
        self.block(last);
        // Those whom `polity in-force` names on the day are those of the report.
        let moment = Moment { date: last, height: u64::MAX, today: last };
        let treaty = assembly::in_force(&self.state(), Some("text"), moment, &|_| None).remove(0);
        let mut bound: Vec<String> =
            treaty.texts.into_iter().flat_map(|text| text.parties).map(|(id, _)| id).collect();
        bound.sort_unstable();
        let text = assembly::texts(&self.state(), None).remove(0);
        let report = assembly::text_report(&self.state(), &text, last).expect("a report");
        assert_eq!(report.in_force.as_ref().expect("for whom").in_force_for, bound);
        report
    }
}
