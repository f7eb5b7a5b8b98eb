//! A small world for tests: a charter with keys, a chain over the real trie, signed transactions, tiny contracts.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxEnvelope, TxLegacy};
use alloy_eips::{
    eip2930::AccessList,
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use polity_charter::{Charter, NodeKeys};
use polity_institutions::Slots;
use polity_primitives::{
    Account, Header, KECCAK_EMPTY, Receipt, RecoveredTransaction, SealedBlock, StateChanges, Transaction,
};
use polity_trie::State;
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};

use crate::{Attributes, Built, Error, Executor, Outcome, ReadError, StateReader, TransactionSource};

pub(crate) const CHAIN_ID: u64 = 4_242;
/// Where blocks of a test chain begin in time, and how far apart they are. Units: seconds.
pub(crate) const START_SECS: u64 = 1_700_000_000;
pub(crate) const STEP_SECS: u64 = 5;

/// A key pair.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    secret: SecretKey,
    pub(crate) address: Address,
}

impl Key {
    pub(crate) fn of(seed: &str) -> Self {
        let secret = SecretKey::from_byte_array(keccak256(seed).0).unwrap();
        let public = PublicKey::from_secret_key(SECP256K1, &secret).serialize_uncompressed();
        Self { secret, address: Address::from_raw_public_key(&public[1..]) }
    }

    fn compressed(&self) -> [u8; 33] {
        PublicKey::from_secret_key(SECP256K1, &self.secret).serialize()
    }

    pub(crate) fn signature(&self, digest: B256) -> Signature {
        let (id, bytes) = SECP256K1
            .sign_ecdsa_recoverable(Message::from_digest(digest.0), &self.secret)
            .serialize_compact();
        Signature::from_bytes_and_parity(&bytes, i32::from(id) & 1 == 1)
    }

    pub(crate) fn sign<T>(&self, tx: T) -> RecoveredTransaction
    where
        T: SignableTransaction<Signature>,
        TxEnvelope: From<alloy_consensus::Signed<T>>,
    {
        let signature = self.signature(tx.signature_hash());
        RecoveredTransaction::recover(Transaction::Signed(tx.into_signed(signature).into())).unwrap()
    }

    pub(crate) fn authorize(&self, to: Address, nonce: u64) -> SignedAuthorization {
        let authorization = Authorization { chain_id: U256::from(CHAIN_ID), address: to, nonce };
        let signature = self.signature(authorization.signature_hash());
        authorization.into_signed(signature)
    }
}

/// A transaction to be, of the usual kind.
pub(crate) fn tx(nonce: u64, to: impl Into<TxKind>) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 1_000_000,
        max_fee_per_gas: 100_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: to.into(),
        value: U256::ZERO,
        access_list: AccessList::default(),
        input: Bytes::new(),
    }
}

pub(crate) fn call(nonce: u64, to: Address, input: impl Into<Bytes>) -> TxEip1559 {
    TxEip1559 { input: input.into(), ..tx(nonce, to) }
}

pub(crate) fn pay(nonce: u64, to: Address, value: u64) -> TxEip1559 {
    TxEip1559 { value: U256::from(value), gas_limit: 21_000, ..tx(nonce, to) }
}

pub(crate) fn legacy(nonce: u64, to: Address, gas_price: u128) -> TxLegacy {
    TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce,
        gas_price,
        gas_limit: 21_000,
        to: to.into(),
        value: U256::from(1),
        input: Bytes::new(),
    }
}

pub(crate) fn listed(nonce: u64, to: Address, access_list: AccessList) -> TxEip2930 {
    TxEip2930 {
        chain_id: CHAIN_ID,
        nonce,
        gas_price: 100_000_000_000,
        gas_limit: 200_000,
        to: to.into(),
        value: U256::ZERO,
        access_list,
        input: Bytes::new(),
    }
}

pub(crate) fn delegating(nonce: u64, to: Address, list: Vec<SignedAuthorization>) -> TxEip7702 {
    TxEip7702 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 500_000,
        max_fee_per_gas: 100_000_000_000,
        max_priority_fee_per_gas: 0,
        to,
        value: U256::ZERO,
        access_list: AccessList::default(),
        authorization_list: list,
        input: Bytes::new(),
    }
}

/// What may differ between test charters.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    pub(crate) fees: &'static str,
    pub(crate) transact: &'static str,
    pub(crate) clock: &'static str,
    /// Chambers besides the one of all.
    pub(crate) chambers: &'static str,
    pub(crate) gas_limit: u64,
    /// The incentive of consensus, in braces; the first two members have bonded 100 units.
    pub(crate) incentive: &'static str,
}

pub(crate) const FREE: Options = Options {
    fees: r#"policy = "free""#,
    transact: "anyone",
    clock: WALL,
    chambers: "",
    gas_limit: 45_000_000,
    incentive: "{}",
};
pub(crate) const MARKET: Options =
    Options { fees: "policy = \"market\"\ninitial_base_fee = \"1 gwei\"", ..FREE };
pub(crate) const MEMBERS: Options = Options { transact: "members", ..FREE };
const WALL: &str = "mode = \"wall\"\nblock_time = \"1s\"";
pub(crate) const REPLAY: &str = "mode = \"replay\"\nstart = 2016-04-21\nstep = \"1d\"\nblock_time = \"50ms\"";

/// Members of the test charter; the first four validate.
pub(crate) const MEMBER_IDS: [&str; 4] = ["m1", "m2", "m3", "m4"];

pub(crate) fn charter(options: Options) -> Charter {
    let Options { fees, transact, clock, chambers, gas_limit, incentive } = options;
    let bond = if incentive == "{}" { "" } else { ", bond = \"100\"" };
    let text = format!(
        r#"
id = "test"
name = {{ en = "Test" }}
chain_id = {CHAIN_ID}
[clock]
{clock}
[ledger]
block_gas_limit = {gas_limit}
[access]
connect = "members"
transact = "{transact}"
[consensus]
write = {{ by = "membership", primary = "rotation" }}
incentive = {incentive}
verification = {{ by = "all" }}
[currency]
name = {{ en = "unit" }}
symbol = "UNIT"
[fees]
{fees}
[treasury]
common = "1000"
[rights]
enterprise = ["read", "write", "transact", "propose", "vote", "validate"]
ngo = ["read"]
[chambers.all]
name = {{ en = "All" }}
kinds = ["enterprise"]
rule = "two-thirds"
voting = "1m"
delay = "10s"
{chambers}
[rules.two-thirds]
name = {{ en = "Two thirds" }}
[[rules.two-thirds.limb]]
name = "two-thirds"
numerator = "yes"
denominator = "voting"
threshold = ">= 2/3"
[accounts]
alice = {{ balance = "10000" }}
bob = {{ balance = "10000" }}
[members]
m1 = {{ name = {{ en = "M1" }}, kind = "enterprise", balance = "100"{bond} }}
m2 = {{ name = {{ en = "M2" }}, kind = "enterprise", balance = "100"{bond} }}
m3 = {{ name = {{ en = "M3" }}, kind = "enterprise", balance = "100" }}
m4 = {{ name = {{ en = "M4" }}, kind = "enterprise", balance = "100" }}
watch = {{ name = {{ en = "Watchdog" }}, kind = "ngo", balance = "100" }}
"#
    );
    let checked =
        polity_charter::parse("test.toml", &text).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let mut charter = checked.charter;
    for member in &mut charter.members {
        member.address = Some(Key::of(&member.id).address);
        member.recovery = Some(Key::of(&format!("{}-recovery", member.id)).address);
        if MEMBER_IDS.contains(&member.id.as_str()) {
            let node = Key::of(&format!("{}-node", member.id));
            member.node = Some(NodeKeys { consensus: node.compressed(), peer: keccak256(&member.id).0 });
        }
    }
    for account in &mut charter.accounts {
        account.address = Some(Key::of(&account.id).address);
    }
    charter
}

/// The state of a test chain, as execution reads it.
#[derive(Clone, Default)]
pub(crate) struct View {
    pub(crate) state: State,
    pub(crate) codes: BTreeMap<B256, Bytes>,
    pub(crate) hashes: BTreeMap<u64, B256>,
}

impl StateReader for View {
    fn account(&self, address: &Address) -> Result<Option<Account>, ReadError> {
        Ok(self.state.account(address))
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadError> {
        Ok(self.state.storage(address, slot))
    }

    fn code(&self, hash: &B256) -> Result<Bytes, ReadError> {
        self.codes.get(hash).cloned().ok_or_else(|| ReadError::Corrupt(format!("no code {hash}")))
    }

    fn block_hash(&self, number: u64) -> Result<Option<B256>, ReadError> {
        Ok(self.hashes.get(&number).copied())
    }
}

impl Slots for View {
    fn slot(&self, account: Address, slot: U256) -> U256 {
        self.state.storage(&account, &slot)
    }
}

impl View {
    pub(crate) fn balance(&self, address: Address) -> U256 {
        self.state.account(&address).unwrap_or_default().balance
    }

    pub(crate) fn after(&self, changes: &StateChanges) -> Self {
        let mut after = self.clone();
        after.state = self.state.apply(changes);
        after.codes.extend(changes.codes.clone());
        after
    }
}

/// Transactions in the order given.
pub(crate) struct Queue(VecDeque<Arc<RecoveredTransaction>>);

impl Queue {
    pub(crate) fn new(transactions: impl IntoIterator<Item = RecoveredTransaction>) -> Self {
        Self(transactions.into_iter().map(Arc::new).collect())
    }
}

impl TransactionSource for Queue {
    fn next(&mut self, _gas_left: u64) -> Option<Arc<RecoveredTransaction>> {
        self.0.pop_front()
    }

    fn skip_sender(&mut self, sender: &Address) {
        self.0.retain(|tx| tx.sender != *sender);
    }
}

/// A chain in memory.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) executor: Executor,
    pub(crate) view: View,
    pub(crate) head: SealedBlock,
    /// Whose turns come to nothing before every block.
    pub(crate) missed: Vec<Address>,
    /// Evidence that the writer of every block offers.
    pub(crate) evidence: Vec<Bytes>,
    /// Transactions, receipts and the state before, of the last block.
    pub(crate) last: (Vec<RecoveredTransaction>, Vec<Receipt>, View),
}

impl World {
    pub(crate) fn new(options: Options) -> Self {
        let charter = charter(options);
        let executor = Executor::from(&charter);
        let (mut header, changes) = executor.genesis(&charter).unwrap();
        let view = View::default().after(&changes);
        header.state_root = view.state.root();
        Self::at(executor, header, view)
    }

    pub(crate) fn at(executor: Executor, header: Header, mut view: View) -> Self {
        let head = polity_primitives::Block::unsealed(header, Vec::new()).seal();
        view.hashes.insert(head.block.header.number, head.hash);
        Self { executor, view, head, missed: Vec::new(), evidence: Vec::new(), last: Default::default() }
    }

    pub(crate) const fn header(&self) -> &Header {
        &self.head.block.header
    }

    pub(crate) fn attributes(&self) -> Attributes {
        let now = (self.header().timestamp + STEP_SECS).max(START_SECS);
        Attributes {
            timestamp_secs: self.executor.founding().next_timestamp(self.header(), now),
            beneficiary: Key::of("m1-node").address,
            mix_hash: crate::randao(self.head.hash),
            difficulty: U256::ZERO,
            missed: self.missed.clone(),
            evidence: self.evidence.clone(),
        }
    }

    pub(crate) fn try_build(&self, transactions: Vec<RecoveredTransaction>) -> Result<Built, Error> {
        self.executor.build(
            self.header(),
            self.head.hash,
            &self.view,
            &self.attributes(),
            &mut Queue::new(transactions),
            &|changes| self.view.state.apply(changes).root(),
        )
    }

    pub(crate) fn apply(
        &self,
        block: &SealedBlock,
        transactions: &[RecoveredTransaction],
    ) -> Result<Outcome, crate::BlockError> {
        let root = |changes: &StateChanges| self.view.state.apply(changes).root();
        self.executor.apply(self.header(), &self.view, block, transactions, &self.missed, &root)
    }

    /// Builds a block, checks that it applies with the same outcome, and makes it the head.
    pub(crate) fn offer(&mut self, transactions: Vec<RecoveredTransaction>) -> Built {
        let built = self.try_build(transactions).unwrap();
        let outcome = self.apply(&built.block, &built.transactions).unwrap();
        assert_eq!(outcome, built.outcome, "what was built applies with the same outcome");
        assert_eq!(
            self.view.state.apply(&outcome.changes).undo(&outcome.changes).root(),
            self.view.state.root()
        );
        let before = self.view.clone();
        self.view = self.view.after(&outcome.changes);
        self.head = built.block.clone();
        self.view.hashes.insert(self.header().number, self.head.hash);
        self.last = (built.transactions.clone(), outcome.receipts, before);
        built
    }

    /// A block in which every one of `transactions` must be; their receipts, then those of system transactions.
    pub(crate) fn step(&mut self, transactions: Vec<RecoveredTransaction>) -> Vec<Receipt> {
        let count = transactions.len();
        let built = self.offer(transactions);
        assert_eq!(built.rejected, vec![]);
        assert_eq!(built.transactions.iter().filter(|tx| tx.signed().is_some()).count(), count);
        built.outcome.receipts
    }

    /// One transaction that must succeed.
    pub(crate) fn succeed(&mut self, transaction: RecoveredTransaction) -> Receipt {
        let receipt = self.step(vec![transaction]).remove(0);
        assert!(receipt.success);
        receipt
    }

    pub(crate) fn nonce(&self, key: &Key) -> u64 {
        self.view.state.account(&key.address).unwrap_or_default().nonce
    }

    /// Deploys `runtime`.
    pub(crate) fn deploy(&mut self, by: &Key, runtime: &[u8]) -> Address {
        let nonce = self.nonce(by);
        self.succeed(by.sign(TxEip1559 { input: initcode(runtime), ..tx(nonce, TxKind::Create) }));
        let address = by.address.create(nonce);
        assert_ne!(self.view.state.account(&address).unwrap().code_hash, KECCAK_EMPTY);
        address
    }
}

/// Creation code that returns `runtime`.
pub(crate) fn initcode(runtime: &[u8]) -> Bytes {
    let len = u16::try_from(runtime.len()).unwrap().to_be_bytes();
    // PUSH2 len DUP1 PUSH1 10 PUSH0 CODECOPY PUSH0 RETURN
    let head = [0x61, len[0], len[1], 0x80, 0x60, 10, 0x5f, 0x39, 0x5f, 0xf3];
    [&head[..], runtime].concat().into()
}

pub(crate) const CALL: u8 = 0xf1;
pub(crate) const CALLCODE: u8 = 0xf2;
pub(crate) const DELEGATECALL: u8 = 0xf4;
pub(crate) const STATICCALL: u8 = 0xfa;

/// A contract that passes its call data (and value) to `target` by `op`, with all its gas, and answers with the answer: it
/// reverts if the callee fails, unless `swallow`, and then with nothing.
pub(crate) fn forwarder(op: u8, target: Address, swallow: bool) -> Vec<u8> {
    let mut code = vec![0x36, 0x5f, 0x5f, 0x37]; // CALLDATACOPY(0, 0, CALLDATASIZE)
    code.extend([0x5f, 0x5f, 0x36, 0x5f]); // out 0, 0; in CALLDATASIZE, 0
    if matches!(op, CALL | CALLCODE) {
        code.push(0x34); // CALLVALUE
    }
    code.push(0x73);
    code.extend(target);
    code.extend([0x5a, op]); // GAS op
    if swallow {
        code.push(0x00); // STOP
        return code;
    }
    code.extend([0x3d, 0x5f, 0x5f, 0x3e]); // RETURNDATACOPY(0, 0, RETURNDATASIZE)
    let ok = u8::try_from(code.len() + 6).unwrap();
    code.extend([0x60, ok, 0x57]); // PUSH1 ok JUMPI
    code.extend([0x3d, 0x5f, 0xfd]); // REVERT
    code.extend([0x5b, 0x3d, 0x5f, 0xf3]); // ok: RETURN
    code
}

/// A contract that uses all its gas.
pub(crate) const BURNER: &[u8] = &[0x5b, 0x5f, 0x56];
/// A contract that reverts with nothing.
pub(crate) const REFUSER: &[u8] = &[0x5f, 0x5f, 0xfd];
/// A contract that reverts with 100,000 zero bytes.
pub(crate) const BOMB: &[u8] = &[0x62, 0x01, 0x86, 0xa0, 0x5f, 0xfd];
/// A contract that adds one to its slot 0 and stops.
pub(crate) const COUNTER: &[u8] = &[0x5f, 0x54, 0x60, 1, 0x01, 0x5f, 0x55, 0x00];
