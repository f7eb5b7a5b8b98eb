//! The assembly on a host in memory: laws, the life of proposals, what is frozen, and the Paris Agreement day by day.
//!
//! The host has no EVM, so `Chain` below makes the calls of an enactment as the agreement does: in order, all or none,
//! then `markEnacted`. The contract itself is tried over revm, in `execution` and in the end-to-end tests.

mod delegation;
mod depositary;
mod force;
mod frozen;
mod gas;
mod hostile;
mod laws;
mod life;
mod mandate;
mod paris;
mod seated;
mod seats;
mod secret;
mod texts;
mod tracks;
mod words;

use alloy_primitives::{Address, B256, Bytes, keccak256};
use alloy_sol_types::SolCall;
use polity_charter::{Charter, NodeKeys};
use polity_decision::Rule;
use polity_primitives::{AGREEMENT, ASSEMBLY, SYSTEM};

use super::*;
use crate::{
    agenda::next_due,
    assembly::IAssembly as sol,
    directory,
    host::Failure,
    memory::{Memory, Outcome, Request},
    names,
};

/// A day. Units: seconds.
pub(crate) const DAY: u64 = 86_400;

/// Most system calls of a block, as `execution` has it.
const SYSTEM_CALLS_MAX: usize = 64;

/// Five states, one organisation, one expert; a chamber, a council by name, a weighted chamber, a treaty.
pub(crate) const CHARTER: &str = r#"
id        = "pact"
name      = { en = "A pact", zh = "约定" }
languages = ["en"]
chain_id  = 77
[clock]
mode       = "replay"
start      = 2020-01-01
step       = "1d"
block_time = "50ms"
[ledger]
block_gas_limit = 60_000_000
history         = "all"
[access]
connect  = "members"
transact = "members"
[consensus]
write        = { by = "membership", primary = "rotation" }
incentive    = {}
verification = { by = "all" }
[currency]
name   = "unit"
symbol = "UNIT"
[fees]
policy = "free"
[treasury]
common = "100"
[rights]
state  = ["read", "write", "transact", "propose", "vote", "validate"]
igo    = ["read", "write", "transact"]
expert = ["read", "transact", "propose"]
[chambers.plenary]
name   = "Plenary"
kinds  = ["state"]
rule   = "majority"
voting = "7d"
delay  = "3d"
[chambers.council]
name    = "Council"
members = ["AAA", "BBB", "CCC"]
rule    = "unanimous"
voting  = "1d"
delay   = "1d"
[chambers.shares]
name   = "Shareholders"
kinds  = ["state"]
rule   = "by-weight"
voting = "7d"
delay  = "1d"
[treaties.accord]
name       = "The accord"
rule       = "accession"
depositors = ["state", "igo"]
[treaties.covenant]
name         = "The covenant"
rule         = "first"
depositors   = ["state"]
later        = "10d"
withdrawal   = { notice = "60d" }
objections   = { by = "members", within = "90d" }
[treaties.code]
name       = "The code"
rule       = "tacit"
depositors = ["state"]
[rules.tacit.silence]
objection = "60d"
effective = "90d"
[[rules.tacit.limb]]
name      = "silent"
numerator = "not-objected"
threshold = ">= 1"
[rules.first]
[[rules.first.limb]]
name      = "parties"
numerator = "instruments"
threshold = ">= 1"
[authorities.court]
name    = "The Court"
account = "clerk"
issuer  = "The Court"
opens   = ["emergency"]
[authorities.office]
member = "SAM"
[accounts.clerk]
balance = "1"
[rules.majority]
name = { en = "More than half of all members" }
[[rules.majority.limb]]
name      = "members"
numerator = "yes"
threshold = "> 1/2"
[rules.unanimous]
name = { en = "Nobody against" }
[[rules.unanimous.limb]]
name      = "members"
numerator = "yes"
threshold = "> 1/2"
[[rules.unanimous.veto]]
by = ["no", "veto"]
[rules.by-weight]
name = { en = "More than half of the weight" }
[[rules.by-weight.limb]]
name        = "weight"
weight      = "share"
numerator   = "yes"
denominator = "cast"
threshold   = "> 1/2"
[rules.accession]
name           = { en = "Three states with half the weight" }
not_additional = ["igo"]
effective      = "30d"
[[rules.accession.limb]]
name      = "parties"
kinds     = ["state"]
numerator = "instruments"
threshold = ">= 3"
[[rules.accession.limb]]
name      = "weight"
kinds     = ["state"]
weight    = "share"
numerator = "instruments"
threshold = ">= 1/2"
[members]
AAA = { name = "Aland", kind = "state", weights = { share = "1/2" } }
BBB = { name = "Beland", kind = "state", weights = { share = "3/2" } }
CCC = { name = "Celand", kind = "state", weights = { share = "2" } }
DDD = { name = "Deland", kind = "state", weights = { share = "3" } }
EEE = { name = "Eland", kind = "state", weights = { share = "4" } }
ORG = { name = "The Organisation", kind = "igo", weights = { share = "100" } }
SAM = { name = "Sam", kind = "expert", weights = { share = "0" } }
"#;

/// The account of a member.
pub(crate) fn account(id: &str) -> Address {
    Address::from_word(keccak256(id))
}

/// The word of a name.
pub(crate) fn word(id: &str) -> B256 {
    names::word(id).expect(id)
}

/// `text` as a charter, with keys that are nobody's.
pub(crate) fn charter(text: &str) -> Charter {
    let mut charter = polity_charter::parse("pact.toml", text).unwrap_or_else(|e| panic!("{e}")).charter;
    let validators: Vec<String> = charter.validators().map(|member| member.id.clone()).collect();
    for known in &mut charter.accounts {
        known.address = Some(account(&known.id));
    }
    for member in &mut charter.members {
        member.address = Some(account(&member.id));
        member.recovery = Some(account(&format!("recovery of {}", member.id)));
        if validators.contains(&member.id) {
            let secret = secp256k1::SecretKey::from_byte_array(keccak256(&member.id).0).expect("a key");
            let consensus = secret.public_key(secp256k1::SECP256K1).serialize();
            member.node = Some(NodeKeys { consensus, peer: keccak256(member.name.get("en")).0 });
        }
    }
    charter
}

/// A chain of blocks in memory.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) memory: Memory,
}

impl Chain {
    pub(crate) fn new(text: &str) -> Self {
        let memory = crate::genesis::memory(&charter(text)).unwrap_or_else(|e| panic!("{e}"));
        let mut chain = Self { memory };
        chain.next(DAY);
        chain
    }

    pub(crate) fn now(&self) -> u64 {
        self.memory.block.timestamp_secs
    }

    /// Begins the next block, `secs` later.
    pub(crate) fn next(&mut self, secs: u64) {
        self.memory.block.height += 1;
        self.memory.block.timestamp_secs += secs;
        self.memory.block.randao = keccak256(self.memory.block.height.to_be_bytes());
    }

    pub(crate) fn call<C: SolCall>(&mut self, who: Address, to: Address, call: &C) -> Outcome {
        self.memory.call(&Request::new(who, to, call.abi_encode()))
    }

    /// Calls the assembly: the answer, or the name of the error.
    pub(crate) fn try_send<C: SolCall>(&mut self, who: Address, call: &C) -> Result<C::Return, String> {
        match self.call(who, ASSEMBLY, call).result {
            Ok(output) => Ok(C::abi_decode_returns(&output).expect("an answer of the ABI")),
            Err(Failure::Revert(output)) => Err(directory::error_name(&output).expect("an error of the ABI")),
            Err(Failure::Halt(halt)) => panic!("{halt}"),
        }
    }

    pub(super) fn send<C: SolCall>(&mut self, who: &str, call: &C) -> C::Return {
        self.try_send(account(who), call).unwrap_or_else(|error| panic!("{who} {}: {error}", C::SIGNATURE))
    }

    /// By decision of the members.
    pub(crate) fn decide<C: SolCall>(&mut self, to: Address, call: &C) {
        let outcome = self.call(AGREEMENT, to, call);
        if let Err(failure) = outcome.result {
            panic!("{}: {failure}", C::SIGNATURE);
        }
    }

    /// Writes a rule as an amendment does, without the charter around it.
    pub(super) fn write_rule(&mut self, json: &str) {
        let rule = Rule::from_json(json).unwrap_or_else(|error| panic!("{error}"));
        crate::genesis::inside(&mut self.memory, ASSEMBLY, |cx| rules::store(cx, &rule)).expect("a rule");
    }

    /// Writes a chamber as an amendment does, without the charter around it.
    pub(super) fn write_chamber(&mut self, id: &str, chamber: &sol::Chamber) -> Result<(), String> {
        let written = crate::genesis::inside(&mut self.memory, ASSEMBLY, |cx| {
            rules::store_chamber(cx, word(id), chamber)
        });
        written.map_err(|failure| match failure {
            Failure::Revert(output) => directory::error_name(&output).expect("an error of the ABI"),
            Failure::Halt(halt) => panic!("{halt}"),
        })
    }

    pub(crate) fn propose(&mut self, who: &str, chamber: &str, calls: Vec<sol::Call>) -> u64 {
        let call = sol::proposeCall { track: word(chamber), title: "A proposal".into(), calls };
        u64::try_from(self.send(who, &call)).expect("an id")
    }

    /// Calls the assembly and sends `value` wei with it, which `who` gets for that.
    pub(super) fn pay<C: SolCall>(&mut self, who: &str, value: u64, call: &C) -> Result<C::Return, String> {
        let value = U256::from(value);
        self.memory.mint(account(who), value);
        let request = Request { value, ..Request::new(account(who), ASSEMBLY, call.abi_encode()) };
        match self.memory.call(&request).result {
            Ok(output) => Ok(C::abi_decode_returns(&output).expect("an answer of the ABI")),
            Err(Failure::Revert(output)) => Err(directory::error_name(&output).expect("an error of the ABI")),
            Err(Failure::Halt(halt)) => panic!("{halt}"),
        }
    }

    /// Writes in the assembly what an amendment would.
    pub(super) fn amend(&mut self, write: impl FnOnce(&mut crate::Context<'_>) -> crate::Result<()>) {
        let block = self.memory.block;
        let call = crate::Call {
            caller: AGREEMENT,
            value: U256::ZERO,
            input: &[],
            is_static: false,
            is_direct: true,
            block,
        };
        let mut cx = crate::Context::new(&mut self.memory, ASSEMBLY, &call, true);
        let result = write(&mut cx);
        cx.finish(result).unwrap_or_else(|failure| panic!("{failure}"));
    }

    pub(crate) fn ballot(&mut self, who: &str, id: u64, choice: Choice) {
        self.send(who, &sol::ballotCall { id: U256::from(id), choice });
    }

    /// Does what the chain does by itself at the end of a block; returns how many calls that were.
    pub(crate) fn end(&mut self) -> usize {
        let mut count = 0;
        while count < SYSTEM_CALLS_MAX
            && let Some(due) = next_due(&self.memory, &self.memory.block)
        {
            count += 1;
            let checkpoint = self.memory.checkpoint();
            if let Err(output) = self.carry_out(due.to, &due.input) {
                self.memory.roll_back(checkpoint);
                let failure = due.on_failure(&output);
                self.carry_out(failure.to, &failure.input).expect("the record of a failure cannot fail");
            }
        }
        count
    }

    fn carry_out(&mut self, to: Address, input: &Bytes) -> Result<(), Bytes> {
        if to != AGREEMENT {
            return self.system(to, input.to_vec(), SYSTEM);
        }
        let (id, calls) = enact_arguments(input);
        for call in calls {
            if directory::entry(call.target).is_some() {
                self.system(call.target, call.data.to_vec(), AGREEMENT)?;
            }
        }
        self.system(ASSEMBLY, sol::markEnactedCall { id }.abi_encode(), AGREEMENT)
    }

    fn system(&mut self, to: Address, input: Vec<u8>, caller: Address) -> Result<(), Bytes> {
        match self.memory.call(&Request::new(caller, to, input)).result {
            Ok(_) => Ok(()),
            Err(Failure::Revert(output)) => Err(output),
            Err(Failure::Halt(halt)) => panic!("{halt}"),
        }
    }

    /// Blocks of a day each, with their system work, until `secs` have passed.
    pub(crate) fn run(&mut self, secs: u64) {
        let until = self.now() + secs;
        while self.now() < until {
            self.next(DAY);
            self.end();
        }
    }

    pub(super) fn status(&self, id: u64) -> &'static str {
        proposal(&self.memory, id).expect("a proposal").status.as_str()
    }
}

/// What `enact` was called with.
pub(super) fn enact_arguments(input: &[u8]) -> (U256, Vec<sol::Call>) {
    use alloy_sol_types::SolValue;
    <(U256, Vec<sol::Call>)>::abi_decode_params(&input[4..]).expect("arguments of enact")
}

/// A call of an institution, in a payload.
pub(super) fn payload_of<C: SolCall>(target: Address, call: &C) -> sol::Call {
    sol::Call { target, value: U256::ZERO, data: call.abi_encode().into() }
}
