//! Blocks that close their accounts: built by one node and taken by another, with turns that came to nothing, on the charters that
//! come with the program.

use alloy_rpc_types_trace::geth::{GethDebugTracingOptions, GethTrace};
use polity_institutions::constitution;
use polity_primitives::{CONSTITUTION, Transaction};

use super::*;

/// `text` with keys made from names.
fn keyed(text: &str) -> polity_charter::Charter {
    let draft = polity_charter::parse("charter", text).expect("checks").charter;
    let keys = draft
        .missing_keys()
        .into_iter()
        .map(|id| {
            let node = draft.member(id).map(|_| polity_charter::NodeKeys {
                consensus: secret(&format!("{id} node")).public_key(SECP256K1).serialize(),
                peer: Prover::new(&keccak256(id)).expect("a key").public_key(),
            });
            let recovery = address(&secret(&format!("{id} recovery")));
            let address = address(&secret(id));
            (id.to_owned(), polity_charter::MemberKeys { address, recovery, node })
        })
        .collect();
    let text = polity_charter::with_keys(text, &keys).expect("keys go in");
    polity_charter::parse("charter", &text).expect("checks").charter
}

/// Two nodes of one charter; blocks are written by whom the test says.
struct Accounts {
    builder: Ledger,
    follower: Ledger,
    members: Vec<String>,
    _folders: [tempfile::TempDir; 2],
}

impl Accounts {
    fn new(text: &str) -> Self {
        let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let open = |folder: &tempfile::TempDir| Ledger::open(folder.path(), keyed(text)).expect("opens");
        let [builder, follower] = [open(&folders[0]), open(&folders[1])];
        let members = builder.charter().validators().map(|member| member.id.clone()).collect();
        Self { builder, follower, members, _folders: folders }
    }

    fn member(&self, consensus: Address) -> String {
        let node = |id: &&String| address(&secret(&format!("{id} node"))) == consensus;
        self.members.iter().find(node).expect("a member").clone()
    }

    /// A block of whoever has the turn of `round`; who wrote, and whose turns before came to nothing.
    fn block(&self, round: u32) -> (String, Vec<String>) {
        let head = self.builder.head();
        let height = head.height().next();
        let writer = self.member(head.committee.proposer(height, round).address);
        let before = head.committee.participation(height, head.committee.proposer(height, round).address);
        let proposer = Proposer::new(address(&secret(&format!("{writer} node"))), &keccak256(&writer));
        let mut app = self.builder.application(proposer.expect("a key"));
        let mut other = self
            .follower
            .application(Proposer::new(address(&secret("nobody")), &keccak256("nobody")).expect("a key"));
        let now = NOW + height.0 * 1_000;
        let block = app.build(height, round, now).expect("builds");
        let judged = other.receive(&block.encoded(), height, now).expect("judged");
        assert_eq!(judged, Verdict::Valid(block.hash), "what one builds the other takes");
        let certificate = Certificate { height: height.0, round, block_hash: block.hash, signatures: vec![] };
        app.finalize(certificate.clone()).expect("commits");
        other.finalize(certificate).expect("commits");
        assert_eq!(self.builder.head().hash(), self.follower.head().hash());
        (writer, before.missed.into_iter().map(|who| self.member(who)).collect())
    }

    fn score(&self, member: &str) -> constitution::ScoreView {
        let scores = constitution::scores(&self.follower.latest(), self.follower.head().height().next().0);
        scores.into_iter().find(|score| score.member == member).expect("it may validate")
    }
}

#[test]
fn every_charter_with_an_incentive_closes_its_blocks() {
    for text in [
        include_str!("../../../../charters/consensus/pledge.toml"),
        include_str!("../../../../charters/consensus/stake.toml"),
        include_str!("../../../../charters/consensus/delegation.toml"),
        include_str!("../../../../charters/consensus/standing.toml"),
    ] {
        let accounts = Accounts::new(text);
        for height in 1..=5u64 {
            let (writer, _) = accounts.block(0);
            let head = accounts.follower.head();
            let Some(Transaction::System(close)) = head.block.block.block.transactions.first() else {
                panic!("no accounts in block {height}")
            };
            assert_eq!((close.to, close.index, close.height), (CONSTITUTION, 0, height));
            assert!(head.block.receipts[0].success, "{writer} in block {height}");
        }
        let written: u64 = accounts.members.iter().map(|member| accounts.score(member).written).sum();
        assert_eq!(written, 5, "every block is somebody's");
    }
}

#[test]
fn turns_that_come_to_nothing_are_counted_and_the_block_can_be_traced() {
    let accounts = Accounts::new(include_str!("../../../../charters/consensus/standing.toml"));
    let (writer, missed) = accounts.block(2);
    assert_eq!(missed.len(), 2, "two had their turn before {writer}");
    for member in &missed {
        assert_eq!((accounts.score(member).missed, accounts.score(member).in_a_row), (1, 1), "{member}");
    }
    assert_eq!((accounts.score(&writer).written, accounts.score(&writer).missed), (1, 0));
    let head = accounts.follower.head();
    let parent = accounts.follower.state_at(Height(0)).expect("kept");
    let options = GethDebugTracingOptions::default();
    let traces = accounts
        .follower
        .executor()
        .trace_block(&parent, head.header(), &head.block.transactions, options)
        .expect("traced");
    let Some(GethTrace::Default(frame)) = traces.first() else { panic!("{traces:?}") };
    assert!(!frame.failed);
    assert_eq!(frame.gas, head.block.receipts[0].cumulative_gas_used);
}

#[test]
fn who_is_absent_too_often_has_no_seat_any_more() {
    let accounts = Accounts::new(include_str!("../../../../charters/consensus/standing.toml"));
    let mut suspended = None;
    for _ in 0..40 {
        let (_, missed) = accounts.block(1);
        let state = accounts.follower.latest();
        let gone = |id: &&String| {
            polity_institutions::registry::status_at(&state, id, u64::MAX).as_str() == "suspended"
        };
        if let Some(member) = missed.iter().find(gone) {
            suspended = Some(member.clone());
            break;
        }
    }
    let member = suspended.expect("somebody missed too many turns");
    let seat = address(&secret(&format!("{member} node")));
    assert!(accounts.follower.head().committee.seat(&seat).is_none(), "in the very next block");
    accounts.block(0);
}

/// Every block is a day. Members let turns pass; at the end of thirty days the chain judges it by itself, in system transactions that both
/// nodes make alike, and a week later whoever missed more than a tenth of its turns has fewer points: as many as its account says, which
/// anybody computes again from the text and the facts that it names.
#[test]
fn who_misses_turns_loses_points_by_an_article() {
    use polity_charter::Article;
    use polity_institutions::articles::{self, Account, SettlementFilter};
    use polity_primitives::ARTICLES;

    let accounts = Accounts::new(include_str!("../../../../charters/presence.toml"));
    let by_itself = |accounts: &Accounts| {
        let head = accounts.follower.head();
        let transactions = head.block.block.block.transactions.iter().zip(&head.block.receipts);
        let calls = transactions.filter(|(tx, _)| matches!(tx, Transaction::System(tx) if tx.to == ARTICLES));
        calls.map(|(_, receipt)| receipt.success).collect::<Vec<_>>()
    };
    for day in 1..30 {
        // Twice the first in turn is away.
        accounts.block(u32::from(day == 3 || day == 4));
        assert!(by_itself(&accounts).is_empty(), "nothing is due on day {day}");
    }
    // What the next day brings does not bring the day: people need the time between two of them.
    let proposer = Proposer::new(Address::ZERO, &keccak256("whoever")).expect("a key");
    let ready = |accounts: &Accounts| accounts.follower.application(proposer.clone()).ready();
    assert!(!ready(&accounts), "the period ends on the next day");
    accounts.block(0);
    assert!(!ready(&accounts), "and is judged as a whole on that day");
    let judged = by_itself(&accounts);
    assert!(
        !judged.is_empty() && judged.iter().all(|success| *success),
        "the period is judged on its last day"
    );
    let all = |accounts: &Accounts| {
        let state = accounts.follower.latest();
        articles::settlements(&state, &SettlementFilter::default(), 100)
    };
    let noticed = all(&accounts);
    assert!(!noticed.is_empty(), "two turns of seven or eight are more than a tenth");
    let before: Vec<_> = accounts.members.iter().map(|member| accounts.score(member)).collect();
    for found in &noticed {
        let text = articles::text(&accounts.follower.latest(), found.hash).expect("is kept");
        let article = Article::from_json(&text).expect("an article");
        assert_eq!(
            accounts.follower.charter().article(&found.article),
            Some(&article),
            "as the charter has it"
        );
        let account = Account::from_json(&found.account).expect("an account");
        assert_eq!(articles::recompute(&article, &account).as_ref(), Some(&account), "{}", found.account);
        let missed = accounts.score(&found.member).missed;
        let asked = account.facts.iter().find(|fact| fact.ask == "missed(member, period)").expect("is asked");
        assert_eq!(
            asked.is,
            Some(missed.to_string()),
            "{}: all it ever missed, in the first period",
            found.member
        );
        assert_eq!((found.status, found.height), (articles::Status::Noticed, 30));
    }
    for _ in 0..7 {
        accounts.block(0);
    }
    assert_eq!(by_itself(&accounts).len(), noticed.len(), "each becomes final in a transaction of its own");
    for score in before {
        let of_member = all(&accounts).into_iter().find(|found| found.member == score.member);
        let lost = of_member.map_or(0, |found| {
            assert_eq!(found.status, articles::Status::Final);
            let account = Account::from_json(&found.account).expect("an account");
            let articles::Done::Standing(by) = &account.then[0] else { panic!("{account:?}") };
            by.parse::<i64>().expect("a whole number")
        });
        assert!(lost <= 0);
        assert_eq!(accounts.score(&score.member).score, score.score + lost, "{}", score.member);
    }
    assert!(accounts.members.iter().any(|member| accounts.score(member).score < 10), "somebody lost points");
}
