//! The members, who change by vote how their blocks are decided: work, then a committee, then work, as often as a run wants.
//!
//! What a member has signed for a nonce it never signs otherwise: it is sent again until a block has it, also after that block was
//! undone. So there is one transaction per nonce, whichever branch it ends up on.

use std::collections::{BTreeMap, BTreeSet};

use alloy_sol_types::SolCall as _;
use polity_charter::Change;
use polity_consensus::{Fatal, work::Chain as _};
use polity_constitution::EngineKind;
use polity_institutions::{
    assembly::{self, IAssembly, Status},
    constitution::{self, IConstitution},
};
use polity_ledger::Ledger;
use polity_primitives::{ASSEMBLY, B256, Bytes, CONSTITUTION, Height, U256};

use crate::{
    agreement::{Agreement, settings},
    spec::{Mechanism, Switching},
};

/// Gas of an act. Source: what `polity propose` asks for.
const ACT_GAS: u64 = 16_000_000;

/// What members want and have signed, and how often engines were exchanged.
#[derive(Debug)]
pub(crate) struct Amendments {
    switching: Switching,
    /// Transactions by member and nonce.
    signed: BTreeMap<(usize, u64), Vec<u8>>,
    /// Members that have signed a ballot, by proposal.
    voted: BTreeSet<(u64, usize)>,
    /// Blocks looked at, and whether the last of them was worked.
    counted: Height,
    worked: bool,
    switches: u64,
}

impl Amendments {
    pub(crate) fn new(switching: Switching) -> Self {
        Self {
            switching,
            signed: BTreeMap::new(),
            voted: BTreeSet::new(),
            counted: Height::GENESIS,
            worked: false,
            switches: 0,
        }
    }

    /// Blocks that are final and agreed on otherwise than the one before.
    pub(crate) const fn switches(&self) -> u64 {
        self.switches
    }

    /// Whether engines were exchanged as often as wanted.
    pub(crate) const fn done(&self) -> bool {
        self.switches >= self.switching.switches
    }

    /// Counts exchanges up to what is final for `ledger`.
    fn count(&mut self, ledger: &Ledger) -> Result<(), Fatal> {
        let floor = ledger.floor();
        let chain = ledger.work_chain(None);
        while self.counted < floor {
            let next = self.counted.next();
            let Some(hash) = chain.hash_at(next)? else { break };
            let Some(header) = chain.header(&hash)? else { break };
            let worked = !header.difficulty.is_zero();
            self.switches = self.switches.saturating_add(u64::from(worked != self.worked));
            (self.counted, self.worked) = (next, worked);
        }
        Ok(())
    }

    /// Members look at the chain of `ledger` and sign what is to be done next.
    pub(crate) fn look(&mut self, agreement: &Agreement, ledger: &Ledger) -> Result<(), Fatal> {
        self.count(ledger)?;
        let head = ledger.head();
        let state = ledger.latest();
        let id = assembly::proposal_count(&state);
        let status = assembly::proposal(&state, id).map(|proposal| proposal.status);
        match status {
            Some(Status::Open) => {
                for member in 0..agreement.keys().len() {
                    if self.voted.insert((id, member)) {
                        let choice = IAssembly::Choice::Yes;
                        let call = IAssembly::ballotCall { id: U256::from(id), choice };
                        self.sign(agreement, ledger, member, call.abi_encode())?;
                    }
                }
            }
            None
            | Some(
                Status::Executed | Status::Failed | Status::Rejected | Status::Cancelled | Status::Lapsed,
            ) => {
                // Not while a change is under way.
                if self.done() || constitution::turn(&state) > head.height().next().0 {
                    return Ok(());
                }
                let nodes = agreement.keys().len();
                let settings = match head.engine() {
                    // Work is verified by all, whoever verified before.
                    EngineKind::Bft => {
                        let [_, by_all] = settings(Mechanism::Rotation, nodes);
                        [self.switching.work.written(), by_all]
                    }
                    EngineKind::Work => {
                        let committees = &self.switching.committees;
                        let turn = usize::try_from(id / 2).unwrap_or(usize::MAX);
                        let mechanism =
                            committees.get(turn % committees.len().max(1)).copied().unwrap_or_default();
                        settings(mechanism, nodes)
                    }
                };
                let member = usize::try_from(id).unwrap_or(0) % agreement.keys().len().max(1);
                self.sign(agreement, ledger, member, proposal(&settings)?)?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Signs a call of the assembly, unless there is something for that nonce already.
    fn sign(
        &mut self,
        agreement: &Agreement,
        ledger: &Ledger,
        member: usize,
        input: Vec<u8>,
    ) -> Result<(), Fatal> {
        let nonce = agreement.acted(ledger, member)?;
        if let std::collections::btree_map::Entry::Vacant(free) = self.signed.entry((member, nonce)) {
            free.insert(agreement.act(member, nonce, ACT_GAS, ASSEMBLY, input.into())?);
        }
        Ok(())
    }

    /// What `ledger` has not executed of what was signed.
    pub(crate) fn waiting(&self, agreement: &Agreement, ledger: &Ledger) -> Result<Vec<Vec<u8>>, Fatal> {
        let mut waiting = Vec::new();
        for member in 0..agreement.keys().len() {
            let nonce = agreement.acted(ledger, member)?;
            waiting
                .extend(self.signed.range((member, nonce)..=(member, u64::MAX)).map(|(_, raw)| raw.clone()));
        }
        Ok(waiting)
    }
}

/// Proposes, in one amendment, that consensus is written and verified so: between the two nobody may be left to decide.
fn proposal([write, verification]: &[String; 2]) -> Result<Vec<u8>, Fatal> {
    let change = |(what, settings): (&str, &String)| {
        let text = format!("set consensus.{what} = {settings}");
        let change: Change = text.parse().map_err(|e| Fatal::because(&e))?;
        let op = IConstitution::Op::try_from(change.op as u8).map_err(|e| Fatal::because(&e))?;
        Ok(IConstitution::Change { op, path: change.path, value: change.value })
    };
    let both = [("write", write), ("verification", verification)];
    let changes = both.into_iter().map(change).collect::<Result<Vec<_>, Fatal>>()?;
    let data: Bytes = IConstitution::amendCall { changes }.abi_encode().into();
    let calls = vec![IAssembly::Call { target: CONSTITUTION, value: U256::ZERO, data }];
    let track = B256::right_padding_from(b"members");
    Ok(IAssembly::proposeCall { track, title: "Another engine".into(), calls }.abi_encode())
}
