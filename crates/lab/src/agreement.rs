//! The agreement that a simulated network runs: a charter with as many validators as wanted, keys made from names, and block 0.
//!
//! It is a real charter, read by the real reader, and its block 0 is executed by the real institutions; once, because every
//! node of every run would make the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Signature, TxKind, U256};
use alloy_sol_types::SolCall as _;
use polity_charter::{Charter, MemberKeys, NodeKeys};
use polity_consensus::{Fatal, bft::Key};
use polity_constitution::randomness::Prover;
use polity_institutions::constitution::IConstitution;
use polity_ledger::{Genesis, Ledger, Proposer};
use polity_primitives::{Address, B256, Bytes, CONSTITUTION, keccak256};

use crate::{
    disk::Store,
    spec::{Mechanism, Spec, Switching, Work},
};

/// The charter without its members.
const CHARTER: &str = include_str!("charter.toml");
/// Its right to write, which is exchanged where blocks are worked.
const VOTED: &str = r#"{ by = "membership", primary = "rotation" }"#;
/// Who verifies, which is exchanged where supervisors do.
const BY_ALL: &str = r#"{ by = "all" }"#;
/// Rewards and pledges, of which there are none where they are nothing to the run.
const INCENTIVE: &str = "incentive    = {}";
/// A score that only dishonesty lowers: who is merely away in a storm keeps its seat.
const PUNISHING: &str = "incentive    = { standing = { start = 0, write = 1, absent = 0, double_sign = -1000, \
                         invalid = -1000, suspend_below = -100 } }";
/// The time between blocks of an idle committee.
const PACE: &str = "block_time = \"1s\"";
/// How long votes last and what is adopted waits, which is long.
const PERIODS: &str = "voting = \"1m\"\ndelay  = \"10s\"";
/// What stands behind the chambers.
const RULES: &str = "[rules.two-thirds]";
/// The account that clients pay from.
const PAYER: &str = "alice";
/// What a client puts behind a candidate: more than the last candidate has more than the first, so that the first is chosen. Units:
/// the currency's.
const BEHIND: u64 = 30;
/// One unit of the currency. Units: wei.
const UNIT: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);
/// Gas of that.
const DELEGATE_GAS: u64 = 2_000_000;
/// Whom they pay.
pub const PAYEE: Address = Address::repeat_byte(0x77);

/// A charter, the secrets behind it, and its first block.
#[derive(Debug)]
pub struct Agreement {
    charter: Charter,
    keys: Vec<Key>,
    proposers: Vec<Proposer>,
    genesis: Genesis,
    payer: Key,
    /// The members' accounts, by seat.
    members: Vec<Key>,
    mechanism: Mechanism,
}

fn key(name: &str) -> Result<Key, Fatal> {
    Key::new(keccak256(name).0).map_err(|e| Fatal::because(&e))
}

/// What an agreement is made from: the part of a specification that its charter says.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Founding {
    /// Validators.
    pub seats: usize,
    /// How a committee decides.
    pub mechanism: Mechanism,
    /// What nodes have bonded, as in a specification.
    pub stakes: Vec<u64>,
    /// Blocks are worked.
    pub work: Option<Work>,
    /// Engines are exchanged.
    pub switching: Option<Switching>,
    /// Who is proved to have signed two things loses its seat.
    pub punishing: bool,
}

impl From<&Spec> for Founding {
    fn from(spec: &Spec) -> Self {
        let Spec { nodes, mechanism, stakes, work, switching, punishing, .. } = spec;
        Self {
            seats: *nodes,
            mechanism: *mechanism,
            stakes: stakes.clone(),
            work: work.clone(),
            switching: switching.clone(),
            punishing: *punishing,
        }
    }
}

/// How long seats that change are held. Units: seconds. Source: storms of the tests last 12.
const TERM_SECS: u64 = 3;
/// The chamber of those who lead, or verify, where a chamber does.
const OFFICE: &str = "office";
/// The chamber of those who may get that office.
const ELIGIBLE: &str = "eligible";

/// The ids of the last `seats - from` nodes, as a list of a charter.
fn ids(from: usize, seats: usize) -> String {
    let ids: Vec<_> = (from.saturating_add(1)..=seats).map(|i| format!("\"node-{i}\"")).collect();
    format!("[{}]", ids.join(", "))
}

/// The right to write of `mechanism` and who verifies, as a charter of `seats` nodes has them.
pub(crate) fn settings(mechanism: Mechanism, seats: usize) -> [String; 2] {
    let membership = |primary: &str| format!("{{ by = \"membership\", primary = {primary} }}");
    let write = match mechanism {
        Mechanism::Rotation | Mechanism::Supervisors | Mechanism::Delegates => VOTED.to_owned(),
        Mechanism::Random => membership("\"random\""),
        Mechanism::Elected => membership(&format!("\"elected\", chamber = \"{OFFICE}\"")),
        Mechanism::Appointed => membership("\"appointed\", order = [\"node-2\", \"node-1\"]"),
        Mechanism::Stake => "{ by = \"stake\", min = \"1\" }".to_owned(),
        Mechanism::Delegation => {
            let seats = mechanism.seats(seats).unwrap_or(seats);
            format!("{{ by = \"delegation\", seats = {seats}, term = \"{TERM_SECS}s\" }}")
        }
    };
    let verification = match mechanism {
        Mechanism::Supervisors => {
            let members = ids(mechanism.outsiders(seats), seats);
            format!("{{ by = \"supervisors\", members = {members} }}")
        }
        Mechanism::Delegates => format!("{{ by = \"delegates\", chamber = \"{OFFICE}\" }}"),
        _ => BY_ALL.to_owned(),
    };
    [write, verification]
}

/// The chambers that `mechanism` needs: those that may get an office, and those drawn for it, who change all the time. Nobody has to
/// vote for that, so it happens in storms too; for the committee a chamber is a chamber, however its seats are filled.
fn chambers(mechanism: Mechanism, nodes: usize) -> String {
    let seats = match mechanism {
        Mechanism::Elected => 1,
        Mechanism::Delegates => mechanism.seats(nodes).unwrap_or(nodes),
        _ => return String::new(),
    };
    let rule = "rule = \"two-thirds\"\nvoting = \"1m\"\n";
    let members = ids(mechanism.outsiders(nodes), nodes);
    format!(
        "[chambers.{ELIGIBLE}]\nname = {{ en = \"Who may hold office\", zh = \"有资格者\" }}\nmembers = {members}\n{rule}\n\
         [chambers.{OFFICE}]\nname = {{ en = \"Who holds office\", zh = \"在任者\" }}\nby = \"sortition\"\n\
         from = \"{ELIGIBLE}\"\nseats = {seats}\nterm = \"{TERM_SECS}s\"\n{rule}\n"
    )
}

/// The charter whose blocks nodes decide by a mechanism.
fn constituted(founding: &Founding) -> String {
    let Founding { seats, mechanism, punishing, .. } = founding;
    let [write, verification] = settings(*mechanism, *seats);
    let incentive = if *punishing { PUNISHING } else { INCENTIVE };
    let chambers = chambers(*mechanism, *seats) + RULES;
    CHARTER
        .replace(VOTED, &write)
        .replace(BY_ALL, &verification)
        .replace(INCENTIVE, incentive)
        .replacen(RULES, &chambers, 1)
}

/// The charter of members in turn who may be something else soon: they vote within seconds, have bonded what stake asks for, are paid
/// for blocks, and leave as much time between those of a committee as between worked ones.
fn amendable(switching: &Switching) -> String {
    let incentive =
        "incentive    = { reward = \"1\", fees = \"writer\", pledge = \"10\", unbonding = \"1m\" }";
    let periods = format!("voting = \"{}s\"\ndelay  = \"0s\"", switching.voting);
    let pace = format!("block_time = \"{}s\"", switching.work.interval);
    CHARTER.replace(INCENTIVE, incentive).replace(PERIODS, &periods).replace(PACE, &pace)
}

/// The ed25519 secret of a node's connections and randomness.
fn peer_secret(id: &str) -> [u8; 32] {
    keccak256(format!("lab {id} peer")).0
}

impl Agreement {
    /// The agreement of `founding`.
    ///
    /// # Errors
    /// [`Fatal`] if the charter does not check: rules of work that it refuses, or our bug.
    pub fn new(founding: &Founding) -> Result<Self, Fatal> {
        let Founding { seats, mechanism, stakes, work, switching, .. } = founding;
        let (seats, mechanism) = (*seats, *mechanism);
        let mut text = match (switching, work) {
            (Some(switching), _) => amendable(switching),
            (None, None) => constituted(founding),
            (None, Some(work)) => CHARTER.replace(VOTED, &work.written()),
        };
        let bonded = switching.is_some() || matches!(mechanism, Mechanism::Stake | Mechanism::Delegation);
        for i in 1..=seats {
            let _ = writeln!(
                text,
                "node-{i} = {{ name = \"Node {i}\", kind = \"enterprise\", balance = \"10000\"{} }}",
                match i.checked_sub(1).filter(|_| bonded) {
                    Some(node) => format!(", bond = \"{}\"", Spec::stake_of(stakes, node)),
                    None => String::new(),
                }
            );
        }
        let parse = |text: &str| {
            polity_charter::parse("lab", text)
                .map(|checked| checked.charter)
                .map_err(|e| Fatal(format!("{e:?}")))
        };
        let mut public = BTreeMap::new();
        for id in parse(&text)?.missing_keys() {
            let node = match id.strip_prefix("node-") {
                Some(_) => {
                    let consensus = key(&format!("lab {id} consensus"))?.public().0;
                    let peer = Prover::new(&peer_secret(id)).map_err(|e| Fatal::because(&e))?.public_key();
                    Some(NodeKeys { consensus, peer })
                }
                None => None,
            };
            let address = key(&format!("lab {id}"))?.address();
            let recovery = key(&format!("lab {id} recovery"))?.address();
            public.insert(id.to_owned(), MemberKeys { address, recovery, node });
        }
        let text = polity_charter::with_keys(&text, &public).map_err(|e| Fatal::because(&e))?;
        let charter = parse(&text)?;
        let genesis = Genesis::of(&charter).map_err(|e| Fatal::because(&e))?;
        let keys: Vec<Key> =
            (1..=seats).map(|i| key(&format!("lab node-{i} consensus"))).collect::<Result<_, _>>()?;
        let proposer = |(i, key): (usize, &Key)| {
            Proposer::new(key.address(), &peer_secret(&format!("node-{i}"))).map_err(|e| Fatal::because(&e))
        };
        let proposers = (1..=seats).zip(&keys).map(proposer).collect::<Result<_, _>>()?;
        let members = (1..=seats).map(|i| key(&format!("lab node-{i}"))).collect::<Result<_, _>>()?;
        let payer = key(&format!("lab {PAYER}"))?;
        Ok(Self { charter, keys, proposers, genesis, payer, members, mechanism })
    }

    /// The charter.
    #[must_use]
    pub const fn charter(&self) -> &Charter {
        &self.charter
    }

    /// The consensus addresses of those whom the chain of `ledger` punished for what they signed.
    #[must_use]
    pub fn punished(&self, ledger: &Ledger) -> BTreeSet<Address> {
        use polity_constitution::OffenceKind;
        let offences = polity_institutions::constitution::offences(&ledger.latest(), 0, u64::MAX);
        let proved = offences.into_iter().filter(|offence| OffenceKind::from_number(offence.kind).is_some());
        let seats = proved.filter_map(|offence| offence.member.strip_prefix("node-")?.parse::<usize>().ok());
        seats.filter_map(|seat| Some(self.keys.get(seat.checked_sub(1)?)?.address())).collect()
    }

    /// The consensus keys, by seat.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// How the validator of `seat` proposes.
    ///
    /// # Errors
    /// [`Fatal`] if there is no such seat.
    pub fn proposer(&self, seat: usize) -> Result<Proposer, Fatal> {
        self.proposers.get(seat).cloned().ok_or_else(|| Fatal(format!("there is no seat {seat}")))
    }

    /// Opens the ledger of a disk.
    ///
    /// # Errors
    /// What the ledger says.
    pub fn open(&self, store: &Store) -> Result<Ledger, Fatal> {
        let ledger = match store {
            Store::Memory(memory) => Ledger::in_memory(memory, self.charter.clone(), &self.genesis),
            Store::Folder(folder) => Ledger::open(folder, self.charter.clone()),
        };
        ledger.map_err(|e| Fatal::because(&e))
    }

    /// The `nonce`-th payment of a client, as it would be sent. It pays `nonce + 1` wei to [`PAYEE`]; where delegates are chosen by
    /// stake it puts [`BEHIND`] behind one node after the other, so that others are chosen.
    #[must_use]
    pub fn payment(&self, nonce: u64) -> Vec<u8> {
        let (to, value, gas_limit, input) = match self.mechanism {
            Mechanism::Delegation => {
                let node = nonce.checked_rem(self.keys.len() as u64).unwrap_or(0).saturating_add(1);
                let candidate = B256::right_padding_from(format!("node-{node}").as_bytes());
                let input = IConstitution::delegateCall { candidate }.abi_encode();
                (CONSTITUTION, U256::from(BEHIND).saturating_mul(UNIT), DELEGATE_GAS, input.into())
            }
            _ => (PAYEE, U256::from(nonce.saturating_add(1)), 21_000, Bytes::new()),
        };
        let to = TxKind::Call(to);
        self.signed(&self.payer, TxEip1559 { nonce, gas_limit, to, value, input, ..TxEip1559::default() })
    }

    fn signed(&self, by: &Key, tx: TxEip1559) -> Vec<u8> {
        let chain_id = self.charter.chain_id;
        let tx = TxEip1559 { chain_id, max_fee_per_gas: 1_000_000_000_000, ..tx };
        let signed = by.sign(tx.signature_hash()).0;
        let (rs, v) = signed.split_at(64);
        let signature = Signature::from_bytes_and_parity(rs, v == [28]);
        TxEnvelope::from(tx.into_signed(signature)).encoded_2718()
    }

    fn member(&self, member: usize) -> Result<&Key, Fatal> {
        self.members.get(member).ok_or_else(|| Fatal(format!("there is no member {member}")))
    }

    /// A call by the member of seat `member`, as it would be sent.
    ///
    /// # Errors
    /// [`Fatal`] if there is no such seat.
    pub fn act(
        &self,
        member: usize,
        nonce: u64,
        gas_limit: u64,
        to: Address,
        input: Bytes,
    ) -> Result<Vec<u8>, Fatal> {
        let tx = TxEip1559 { nonce, gas_limit, to: TxKind::Call(to), input, ..TxEip1559::default() };
        Ok(self.signed(self.member(member)?, tx))
    }

    /// How many calls of the member of seat `member` the chain of `ledger` has.
    ///
    /// # Errors
    /// [`Fatal`] if there is no such seat.
    pub fn acted(&self, ledger: &Ledger, member: usize) -> Result<u64, Fatal> {
        let address = self.member(member)?.address();
        Ok(ledger.head().state.account(&address).map_or(0, |account| account.nonce))
    }

    /// How many payments `ledger` has executed.
    #[must_use]
    pub fn paid(&self, ledger: &Ledger) -> u64 {
        ledger.head().state.account(&self.payer.address()).map_or(0, |account| account.nonce)
    }
}
