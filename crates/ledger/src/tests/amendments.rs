//! Amendments of the charter, from the proposal to the block they are in force in: built by one node, followed by another,
//! and read back after a restart.

use alloy_sol_types::{SolCall, SolEvent};
use polity_charter::{Access, Change, Fees, rewritten};
use polity_institutions::{
    assembly::{self, IAssembly},
    constitution::{self, IConstitution, VersionView},
    registry,
};
use polity_primitives::{ASSEMBLY, CONSTITUTION};

use super::*;

/// A node that builds, and one that only receives.
struct Pair {
    builder: World,
    follower: World,
    nonce: u64,
}

impl Pair {
    fn new() -> Self {
        Self { builder: World::new(), follower: World::new(), nonce: 0 }
    }

    /// The member acts; the transaction is written in the next block.
    fn act(&mut self, call: &impl SolCall) {
        let tx = TxEip1559 {
            chain_id: 1337,
            nonce: self.nonce,
            gas_limit: 16_000_000,
            max_fee_per_gas: 100_000_000_000,
            to: TxKind::Call(ASSEMBLY),
            input: call.abi_encode().into(),
            ..TxEip1559::default()
        };
        self.nonce += 1;
        self.builder.ledger.submit(&signed(tx, "node-1"), Condition::default()).expect("taken");
    }

    /// One block, by both; their heads are equal.
    fn block(&mut self) -> std::sync::Arc<ExecutedBlock> {
        let now = NOW + self.builder.app.tip().next().0 * 1000;
        self.builder.decide_with(&mut self.follower, now)
    }

    fn propose(&mut self, changes: &[&str]) -> u64 {
        let changes = changes.iter().map(|line| {
            let change: Change = line.parse().expect("a change");
            let op = IConstitution::Op::try_from(change.op as u8).expect("an operation");
            IConstitution::Change { op, path: change.path, value: change.value }
        });
        let data = IConstitution::amendCall { changes: changes.collect() }.abi_encode().into();
        let calls = vec![IAssembly::Call { target: CONSTITUTION, value: U256::ZERO, data }];
        let track = B256::right_padding_from(b"members");
        self.act(&IAssembly::proposeCall { track, title: "An amendment".into(), calls });
        let block = self.block();
        assert!(block.receipts[0].success, "the proposal is made");
        assembly::proposal_count(&self.builder.ledger.latest())
    }

    fn adopt(&mut self, id: u64) {
        self.act(&IAssembly::ballotCall { id: U256::from(id), choice: IAssembly::Choice::Yes });
        assert!(self.block().receipts[0].success, "the ballot counts");
    }

    /// Proposes, adopts, waits until it is enacted; the version it made.
    fn amend(&mut self, changes: &[&str]) -> VersionView {
        let before = self.builder.ledger.head().agreement.version;
        let id = self.propose(changes);
        self.adopt(id);
        for _ in 0..100 {
            self.block();
            if self.builder.ledger.head().agreement.version > before {
                let version = constitution::versions(&self.builder.ledger.latest(), before + 1, 1).remove(0);
                assert_eq!(version.proposal, Some(id));
                return version;
            }
        }
        panic!("{changes:?} was not enacted");
    }

    fn header(&self, height: u64) -> polity_primitives::Header {
        self.follower.ledger.block(Height(height)).expect("readable").expect("there").header().clone()
    }
}

#[test]
fn every_amendment_rules_from_the_block_it_names() {
    let mut pair = Pair::new();
    let text = pair.builder.ledger.charter().text.clone();
    type Look<'a> = &'a dyn Fn(&Pair, u64) -> String;
    let base_fee: Look<'_> = &|pair, at| format!("{:?}", pair.header(at).base_fee_per_gas);
    let gas_limit: Look<'_> = &|pair, at| pair.header(at).gas_limit.to_string();
    let rights: Look<'_> = &|pair, at| {
        let view = pair.follower.ledger.state_at(Height(at - 1)).expect("kept");
        registry::rights_at(&view, "node-1", u64::MAX).words().collect::<Vec<_>>().join(" ")
    };
    let rule: Look<'_> = &|pair, at| {
        let view = pair.follower.ledger.state_at(Height(at - 1)).expect("kept");
        assembly::rules(&view)[0].rule.limbs[0].threshold.to_string()
    };
    let nothing: Look<'_> = &|_, _| String::new();
    for (changes, look, before, after) in [
        (&["set fees = { policy = \"free\" }"][..], base_fee, None, "Some(0)"),
        (
            &["set fees = { policy = \"market\", initial_base_fee = \"3 gwei\" }"],
            base_fee,
            Some("Some(0)"),
            "Some(3000000000)",
        ),
        (&["set ledger.block_gas_limit = 90_000_000"], gas_limit, Some("60000000"), "90000000"),
        (
            &["add rights.enterprise = \"report\""],
            rights,
            Some("read write transact propose vote validate"),
            "read write transact propose vote validate report",
        ),
        (&["set rules.two-thirds.limb[0].threshold = \">= 3/4\""], rule, Some(">= 2/3"), ">= 3/4"),
        (
            &[
                "set clock.block_time = \"2s\"",
                "set access = { connect = \"anyone\", transact = \"members\" }",
                "set ledger.history = 300",
            ],
            nothing,
            Some(""),
            "",
        ),
    ] {
        let old = pair.builder.ledger.head().agreement.charter.hash;
        let version = pair.amend(changes);
        pair.block();
        assert_eq!(version.active_from, version.height + 1);
        assert_eq!(version.parent, old);
        assert_eq!(pair.header(version.height).extra_data.as_ref(), old.as_slice(), "{changes:?}");
        assert_eq!(
            pair.header(version.active_from).extra_data.as_ref(),
            version.hash.as_slice(),
            "{changes:?}"
        );
        if let Some(before) = before {
            assert_eq!(look(&pair, version.height), before, "{changes:?}");
        }
        assert_eq!(look(&pair, version.active_from), after, "{changes:?}");
        let block = pair.builder.ledger.block(Height(version.height)).expect("readable").expect("there");
        let logs = block.receipts.iter().flat_map(|receipt| &receipt.logs);
        let event = logs
            .filter(|log| log.address == CONSTITUTION)
            .find_map(|log| IConstitution::CharterAmended::decode_log(log).ok());
        assert_eq!(event.expect("an event").activeFrom, version.active_from);
    }
    for world in [&mut pair.builder, &mut pair.follower] {
        assert_eq!(world.app.block_time_ms(), 2_000);
        let agreement = world.ledger.head().agreement.clone();
        assert_eq!(agreement.block_rules.connect, Access::Anyone);
        assert_eq!(world.ledger.0.db.history(), Some(300));
        let stranger = world.transfer("a stranger", 0, 0).expect_err("members only");
        assert!(
            stranger.to_string().contains("transact") || stranger.to_string().contains("right"),
            "{stranger}"
        );
    }

    // After a restart everything is as it was, and every version can be read, and made again from the founding text.
    let Pair { builder, follower, nonce } = pair;
    let before = builder.ledger.head().agreement.clone();
    let mut pair = Pair { builder: builder.reopen(), follower: follower.reopen(), nonce };
    let after = pair.builder.ledger.head().agreement.clone();
    assert_eq!(
        (after.version, &after.rules, &after.charter),
        (before.version, &before.rules, &before.charter)
    );
    assert_eq!(after.rules.fees, Fees::Market { initial_base_fee_wei: 3_000_000_000 });
    assert_eq!(pair.builder.ledger.0.db.history(), Some(300));
    let mut replayed = text;
    for number in 0..=after.version {
        let (version, charter) =
            pair.builder.ledger.charter_version(number).expect("readable").expect("there");
        if number > 0 {
            replayed = rewritten(&replayed, &version.changes).expect("again");
        }
        assert_eq!((&charter.text, charter.hash), (&replayed, version.hash), "version {number}");
        assert_eq!(pair.builder.ledger.replayed(number).expect("again"), replayed);
    }
    assert!(pair.builder.ledger.charter_version(after.version + 1).expect("readable").is_none());
    pair.block();
}

#[test]
fn an_amendment_that_became_impossible_fails_with_its_reason() {
    let mut pair = Pair::new();
    pair.amend(&[
        "add chambers.second = { kinds = [\"enterprise\"], rule = \"two-thirds\", voting = \"1m\" }",
    ]);
    let removal = pair.propose(&["remove chambers.second"]);
    let change = pair.propose(&["set chambers.second.voting = \"2m\"", "set name = \"Changed\""]);
    pair.adopt(removal);
    pair.adopt(change);
    for _ in 0..20 {
        pair.block();
    }
    let state = pair.follower.ledger.latest();
    let status = |id| assembly::proposal(&state, id).expect("there").status;
    assert_eq!((status(removal), status(change)), (IAssembly::Status::Executed, IAssembly::Status::Failed));
    let reason = assembly::proposal(&state, change).expect("there").failure_text().expect("it failed");
    assert!(reason.contains("there is no chambers.second"), "{reason}");
    assert_eq!(pair.follower.ledger.head().agreement.version, 2);
    assert_eq!(pair.follower.ledger.head().agreement.charter.name.get("en"), "Development network");
}
