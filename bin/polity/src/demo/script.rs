//! What the members of 2016 did: transactions signed beforehand, each with the day before which it may not be written.

use std::collections::BTreeMap;

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::SolCall;
use polity_charter::{Charter, Date, Member};
use polity_institutions::{assembly::IAssembly, treasury::ITreasury};
use polity_node::{Secret, Secrets};
use polity_primitives::{ASSEMBLY, TREASURY};
use serde_json::{Value, json};

use crate::{abi::name_word, client::sign, output::Failure};

/// Gas of a member's act. The real cost is far below; what is not used costs nothing.
const ACT_GAS: u64 = 2_000_000;
/// Gas of opening a proposal: the electorate of 196 is read and frozen.
const PROPOSE_GAS: u64 = 16_000_000;

/// A signed transaction and its day.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) raw: String,
    pub(crate) not_before: u64,
}

impl Act {
    /// As `eth_sendRawTransactionConditional` takes it.
    pub(crate) fn request(&self) -> (&'static str, Value) {
        ("eth_sendRawTransactionConditional", json!([self.raw, { "timestampMin": self.not_before }]))
    }
}

/// Signs in order of nonce, member by member.
pub(crate) struct Script<'a> {
    charter: &'a Charter,
    secrets: &'a Secrets,
    nonces: BTreeMap<String, u64>,
    pub(crate) acts: Vec<Act>,
}

impl<'a> Script<'a> {
    pub(crate) const fn new(charter: &'a Charter, secrets: &'a Secrets) -> Self {
        Self { charter, secrets, nonces: BTreeMap::new(), acts: Vec::new() }
    }

    fn secret(&self, member: &str) -> Result<Secret, Failure> {
        self.secrets.account(member).ok_or_else(|| Failure::failed(format!("no key of {member}")))
    }

    fn act(&mut self, member: &str, day: Date, gas_limit: u64, call: &impl SolCall) -> Result<(), Failure> {
        let secret = self.secret(member)?;
        let nonce = self.nonces.entry(member.to_owned()).or_default();
        let tx = TxEip1559 {
            chain_id: self.charter.chain_id,
            nonce: *nonce,
            gas_limit,
            to: TxKind::Call(ASSEMBLY),
            input: Bytes::from(call.abi_encode()),
            ..TxEip1559::default()
        };
        *nonce += 1;
        self.acts.push(Act { raw: sign(tx, &secret), not_before: day.secs() });
        Ok(())
    }

    /// Every deposit of the treaty that the charter knows, on its day.
    pub(crate) fn deposits(&mut self, treaty: &str) -> Result<usize, Failure> {
        let word = name_word(treaty).ok_or_else(|| Failure::failed("the treaty's id"))?;
        let mut deposits: Vec<(Date, &str)> = self
            .charter
            .members
            .iter()
            .filter_map(|member| Some((*member.deposits.get(treaty)?, member.id.as_str())))
            .collect();
        deposits.sort();
        for (day, member) in &deposits {
            self.act(member, *day, ACT_GAS, &IAssembly::depositCall { treaty: word })?;
        }
        Ok(deposits.len())
    }

    /// A proposal of `proposer` on `track`.
    pub(crate) fn propose(
        &mut self,
        proposer: &str,
        day: Date,
        track: &str,
        title: &str,
        calls: Vec<IAssembly::Call>,
    ) -> Result<(), Failure> {
        let call = IAssembly::proposeCall { track: word(track)?, title: title.to_owned(), calls };
        self.act(proposer, day, PROPOSE_GAS, &call)
    }

    /// A ballot of `member`.
    pub(crate) fn ballot(
        &mut self,
        member: &str,
        day: Date,
        id: u64,
        choice: IAssembly::Choice,
    ) -> Result<(), Failure> {
        self.act(member, day, ACT_GAS, &IAssembly::ballotCall { id: U256::from(id), choice })
    }

    /// The account of `member`.
    pub(crate) fn account(&self, member: &str) -> Result<Address, Failure> {
        Ok(self.secret(member)?.address())
    }

    /// Members of `chamber`, in the order of the charter, whose acts so far may all be written by `day`: a later act waits
    /// for them.
    pub(crate) fn members_acting_by(&self, chamber: &str, day: Date) -> Result<Vec<String>, Failure> {
        let found = self.charter.chamber(chamber);
        let chamber = found.ok_or_else(|| Failure::failed(format!("no chamber {chamber}")))?;
        let sits = |member: &&Member| {
            let of_class = chamber.classes.iter().any(|class| member.classes.contains(class));
            chamber.kinds.contains(&member.kind) && (chamber.classes.is_empty() || of_class)
        };
        let free = |member: &&Member| member.deposits.values().all(|deposit| *deposit <= day);
        let members = self.charter.members.iter().filter(sits).filter(free);
        Ok(members.map(|member| member.id.clone()).collect())
    }
}

pub(super) fn word(name: &str) -> Result<alloy_primitives::B256, Failure> {
    name_word(name).ok_or_else(|| Failure::failed(format!("`{name}` is no name")))
}

/// A call that pays from the treasury.
pub(crate) fn pay(account: &str, to: Address, amount_wei: U256) -> Result<IAssembly::Call, Failure> {
    let call = ITreasury::payCall { name: word(account)?, to, amount: amount_wei };
    Ok(IAssembly::Call { target: TREASURY, value: U256::ZERO, data: call.abi_encode().into() })
}

/// A call that changes the charter.
pub(crate) fn amend(changes: &[&str]) -> Result<IAssembly::Call, Failure> {
    let changes: Vec<_> = changes.iter().map(|change| (*change).to_owned()).collect();
    let call = crate::command::amendment(&changes)?.ok_or_else(|| Failure::failed("nothing to amend"))?;
    Ok(IAssembly::Call { target: call.target, value: call.value, data: call.data })
}
