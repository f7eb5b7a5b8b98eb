//! From committees to work and back, by amendments, with the power failing at any write.

use alloy_sol_types::SolCall;
use polity_charter::Change;
use polity_constitution::EngineKind;
use polity_db::Memory;
use polity_institutions::{
    assembly::{self, IAssembly},
    constitution::IConstitution,
};
use polity_primitives::{ASSEMBLY, CONSTITUTION};

use super::{
    forks::{Miner, ROTATION, WORK},
    *,
};
use crate::Genesis;

/// The founder's acts: each is sent once its nonce is next, and waits where the assembly does.
fn acts(chain_id: u64) -> Vec<Vec<u8>> {
    let propose = |settings: &str| {
        let change: Change = format!("set consensus.{settings}").parse().expect("a change");
        let op = IConstitution::Op::try_from(change.op as u8).expect("an operation");
        let changes = vec![IConstitution::Change { op, path: change.path, value: change.value }];
        let data = IConstitution::amendCall { changes }.abi_encode().into();
        let calls = vec![IAssembly::Call { target: CONSTITUTION, value: U256::ZERO, data }];
        let track = B256::right_padding_from(b"members");
        IAssembly::proposeCall { track, title: "Another engine".into(), calls }.abi_encode()
    };
    let ballot =
        |id: u64| IAssembly::ballotCall { id: U256::from(id), choice: IAssembly::Choice::Yes }.abi_encode();
    [propose(WORK), ballot(1), propose(ROTATION), ballot(2)]
        .into_iter()
        .zip(0..)
        .map(|(input, nonce)| {
            use alloy_eips::eip2718::Encodable2718 as _;
            let tx = TxEip1559 {
                chain_id,
                nonce,
                gas_limit: 16_000_000,
                max_fee_per_gas: 100_000_000_000,
                to: TxKind::Call(ASSEMBLY),
                input: input.into(),
                ..TxEip1559::default()
            };
            let signature = sign(tx.signature_hash(), &secret("node-1"));
            let signature = Signature::from_bytes_and_parity(&signature[..64], signature[64] == 28);
            TxEnvelope::from(tx.into_signed(signature)).encoded_2718()
        })
        .collect()
}

/// The decision of a committee of one, whose key is made from `name`.
pub(super) fn certified(ledger: &Ledger, height: Height, hash: B256, name: &str) -> Certificate {
    let mut certificate = Certificate { height: height.0, round: 0, block_hash: hash, signatures: vec![] };
    let key = secret(name);
    let signature = Vote::from(sign(certificate.digest(ledger.charter().chain_id), &key));
    certificate.signatures = vec![CommitSignature { validator: address(&key), signature }];
    certificate
}

/// Height the story ends at: decided again, well after the terminal block.
const END: u64 = 40;
/// The second amendment is proposed here.
const BACK: u64 = 14;

pub(super) struct Story {
    pub(super) node: Miner,
    pub(super) app: LedgerApplication,
    acts: Vec<Vec<u8>>,
}

impl Story {
    pub(super) fn new(charter: &polity_charter::Charter, genesis: &Genesis, memory: Memory) -> Self {
        let node = Miner::on(charter, genesis, "node-1 node", memory);
        let app = node.ledger.application(proposer());
        Self { node, app, acts: acts(charter.chain_id) }
    }

    /// Sends the act that is next, if it can be made now.
    fn act(&self) {
        let head = self.node.ledger.head();
        let nonce = head.state.account(&address(&secret("node-1"))).unwrap_or_default().nonce;
        let Some(raw) = usize::try_from(nonce).ok().and_then(|nonce| self.acts.get(nonce)) else { return };
        if nonce == 2 && head.height().0 < BACK {
            return;
        }
        let _ = self.node.ledger.submit(raw, Condition::default());
    }

    /// The next block, however it comes about.
    pub(super) fn step(&mut self) -> Result<(), String> {
        self.act();
        let ledger = self.node.ledger.clone();
        let next = self.app.tip().next();
        let now = NOW + next.0 * 10_000;
        if !self.app.decides(next) {
            let block = self.node.solve(now);
            use polity_consensus::work::Chain as _;
            self.node.chain.insert(&block, now).map_err(|error| error.to_string())?;
            return Ok(());
        }
        let block = self.app.build(next, 0, now).map_err(|error| error.to_string())?;
        let verdict = self.app.receive(&block.encoded(), next, now).map_err(|error| error.to_string())?;
        assert_eq!(verdict, Verdict::Valid(block.hash));
        let certificate = certified(&ledger, next, block.hash, "node-1 node");
        let committee = self.app.committee(next).expect("a committee");
        committee.verify(ledger.charter().chain_id, &certificate).expect("the committee decides");
        self.app.finalize(certificate).map_err(|error| error.to_string())
    }

    fn run(&mut self) -> Result<(), String> {
        while self.node.ledger.head().height() < Height(END) {
            self.step()?;
        }
        Ok(())
    }

    /// Hash, whether it was worked, and whether there is a certificate, of every block.
    fn blocks(&self) -> Vec<(B256, bool, bool)> {
        let ledger = &self.node.ledger;
        let block = |height| {
            let block = ledger.block(Height(height)).expect("readable").expect("there");
            let certificate = ledger.certificate(Height(height)).expect("readable");
            (block.block.hash, !block.header().difficulty.is_zero(), certificate.is_some())
        };
        (1..=ledger.head().height().0).map(block).collect()
    }
}

pub(super) fn founded() -> (polity_charter::Charter, Genesis) {
    let charter = charter();
    let genesis = Genesis::of(&charter).expect("executes");
    (charter, genesis)
}

#[test]
fn membership_work_membership_by_vote() {
    let (charter, genesis) = founded();
    let mut story = Story::new(&charter, &genesis, Memory::new());
    story.run().expect("runs");
    assert_eq!(assembly::proposal_count(&story.node.ledger.latest()), 2);
    let blocks = story.blocks();
    let worked: Vec<u64> =
        (1u64..).zip(&blocks).filter(|(_, block)| block.1).map(|(height, _)| height).collect();
    let (first, last) = (worked[0], *worked.last().expect("some"));
    assert_eq!(worked, (first..=last).collect::<Vec<_>>(), "one stretch of work: {worked:?}");
    assert!(first > 1 && last < END && worked.len() > 4);
    let uncertain: Vec<u64> =
        (1u64..).zip(&blocks).filter(|(_, block)| !block.2).map(|(height, _)| height).collect();
    assert_eq!(uncertain, (first..last).collect::<Vec<_>>(), "the terminal block is the only one with both");
    let head = story.node.ledger.head();
    assert_eq!((head.engine(), head.finalized()), (EngineKind::Bft, Height(END)));
    // The committee of every height can be told afterwards, and its certificate verifies.
    for height in (1..=END).map(Height) {
        let committee = story.node.ledger.committee_at(height).expect("kept");
        if let Some(certificate) = story.node.ledger.certificate(height).expect("readable") {
            committee.verify(charter.chain_id, &certificate).expect("verifies");
        }
    }
    assert_eq!(story.app.oldest(), Height(last));
    assert_eq!(story.app.decided(Height(last)..=Height(END)).expect("readable").len() as u64, END - last + 1);
}

#[test]
fn the_power_fails_at_any_write_and_the_chain_is_the_same() {
    let (charter, genesis) = founded();
    let memory = Memory::new();
    let mut story = Story::new(&charter, &genesis, memory.clone());
    let opened = memory.batches();
    story.run().expect("runs");
    let (expected, batches) = (story.blocks(), memory.batches());
    for cut in 0..batches - opened {
        let memory = Memory::new();
        let mut story = Story::new(&charter, &genesis, memory.clone());
        memory.fail_after(Some(cut));
        story.run().expect_err("the power fails");
        let mut story = Story::new(&charter, &genesis, memory.fork());
        story.run().expect("goes on");
        assert_eq!(story.blocks(), expected, "after {cut} writes");
    }
}
