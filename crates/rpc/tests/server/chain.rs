//! A chain of one validator whose blocks are made when a test says so, with a server in front of it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, hex};
use polity_charter::{MemberKeys, NodeKeys};
use polity_consensus::{
    Application,
    bft::Key,
    work::{Chain as _, Inserted, Search},
};
use polity_ledger::{Ledger, Proposer};
use polity_mempool::Condition;
use polity_primitives::{Certificate, CommitSignature, SealedBlock};
use polity_rpc::{NodeInfo, RpcConfig, RpcServer, Syncing, serve};
use secp256k1::{Message, PublicKey, SECP256K1, SecretKey};
use serde_json::{Value, json};

pub(crate) const CHAIN_ID: u64 = 1337;

/// A deterministic secret key.
pub(crate) fn key(n: u8) -> SecretKey {
    SecretKey::from_byte_array([n; 32]).expect("a key")
}

pub(crate) fn address(key: &SecretKey) -> Address {
    let public = PublicKey::from_secret_key(SECP256K1, key).serialize_uncompressed();
    Address::from_raw_public_key(&public[1..])
}

/// r, s and the parity of y.
pub(crate) fn sign(key: &SecretKey, digest: B256) -> ([u8; 64], bool) {
    let signature = SECP256K1.sign_ecdsa_recoverable(Message::from_digest(digest.0), key);
    let (id, bytes) = signature.serialize_compact();
    (bytes, i32::from(id) == 1)
}

/// The key of the funded account `alice`, `bob`, … of the development charter.
pub(crate) fn alice() -> SecretKey {
    key(0xa1)
}

pub(crate) fn bob() -> SecretKey {
    key(0xb0)
}

pub(crate) fn validator() -> SecretKey {
    key(0x11)
}

/// The secret of the validator's connections and randomness.
const PEER_SECRET: [u8; 32] = [9; 32];

fn peer_key() -> [u8; 32] {
    polity_constitution::randomness::Prover::new(&PEER_SECRET).expect("a key").public_key()
}

/// Says what a test wants it to say, and remembers what it was asked to send.
#[derive(Default)]
pub(crate) struct TestNode {
    pub(crate) sent: Mutex<Vec<(Bytes, Condition)>>,
    pub(crate) syncing: Mutex<Option<Syncing>>,
    pub(crate) panics: Mutex<bool>,
}

impl NodeInfo for TestNode {
    fn peer_count(&self) -> usize {
        if *self.panics.lock().expect("lock") {
            panic!("planted: peer_count")
        }
        3
    }
    fn consensus_status(&self) -> Value {
        json!({ "engine": "test", "quorum": true })
    }
    fn broadcast(&self, raw: Bytes, condition: Condition) {
        self.sent.lock().expect("lock").push((raw, condition));
    }
    fn version(&self) -> String {
        "polity/test".into()
    }
    fn syncing(&self) -> Option<Syncing> {
        *self.syncing.lock().expect("lock")
    }
}

/// The chain and its server. The directory lives as long.
pub(crate) struct Chain {
    pub(crate) ledger: Ledger,
    pub(crate) node: Arc<TestNode>,
    pub(crate) rpc: SocketAddr,
    server: Option<RpcServer>,
    _dir: tempfile::TempDir,
}

/// The development charter of one validator.
fn dev() -> String {
    polity_charter::dev(1).expect("dev charter")
}

/// The charter `text` with the keys of the tests.
fn charter(text: &str) -> polity_charter::Charter {
    let names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy"];
    let mut keys: BTreeMap<String, MemberKeys> = BTreeMap::new();
    for (n, name) in (0xc0u8..).zip(names) {
        let key = match name {
            "alice" => alice(),
            "bob" => bob(),
            _ => key(n),
        };
        let address = address(&key);
        keys.insert(name.into(), MemberKeys { address, recovery: address, node: None });
    }
    let consensus = PublicKey::from_secret_key(SECP256K1, &validator()).serialize();
    let node = NodeKeys { consensus, peer: peer_key() };
    let member = MemberKeys { address: address(&key(0x21)), recovery: address(&key(0x31)), node: Some(node) };
    keys.insert("node-1".into(), member);
    let text = polity_charter::with_keys(text, &keys).expect("keys");
    match polity_charter::parse("dev.toml", &text) {
        Ok(checked) => checked.charter,
        Err(diagnostics) => panic!("{diagnostics:?}"),
    }
}

impl Chain {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut RpcConfig)) -> Self {
        Self::of("", change).await
    }

    /// A chain whose charter has `extra` at its end.
    pub(crate) async fn of(extra: &str, change: impl FnOnce(&mut RpcConfig)) -> Self {
        Self::under(charter(&(dev() + extra)), change).await
    }

    /// The same where a day passes with every block, and members have a score.
    pub(crate) async fn of_days(extra: &str) -> Self {
        let text = dev().replace(WALL, DAYS).replace("incentive    = {}", SCORES);
        assert!(text.contains(DAYS) && text.contains(SCORES));
        Self::under(charter(&(text + extra)), |_| {}).await
    }

    /// A chain whose blocks are worked, final under two more; and the ledger of another node of it.
    pub(crate) async fn worked() -> (Self, Other) {
        let text = dev().replace(ROTATION, WORK);
        assert!(text.contains(WORK));
        let dir = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::open(&dir.path().join("db"), charter(&text)).expect("a ledger");
        (Self::under(charter(&text), |_| {}).await, Other { ledger, _dir: dir })
    }

    async fn under(charter: polity_charter::Charter, change: impl FnOnce(&mut RpcConfig)) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let ledger = Ledger::open(&dir.path().join("db"), charter).expect("a ledger");
        let node = Arc::new(TestNode::default());
        let mut config =
            RpcConfig { listen: "127.0.0.1:0".parse().expect("address"), ..RpcConfig::default() };
        change(&mut config);
        let server = serve(config, ledger.clone(), node.clone()).await.expect("a server");
        Self { ledger, node, rpc: server.local_addr, server: Some(server), _dir: dir }
    }

    /// Decides one block of whatever waits.
    pub(crate) fn block(&self) -> SealedBlock {
        let mut app =
            self.ledger.application(Proposer::new(address(&validator()), &PEER_SECRET).expect("a key"));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("now").as_millis();
        let height = app.tip().next();
        let block = app.build(height, 0, u64::try_from(now).expect("ms")).expect("a block");
        let mut certificate =
            Certificate { height: height.0, round: 0, block_hash: block.hash, signatures: Vec::new() };
        let (rs, odd) = sign(&validator(), certificate.digest(CHAIN_ID));
        let mut signature = [0u8; 65];
        signature[..64].copy_from_slice(&rs);
        signature[64] = 27 + u8::from(odd);
        certificate
            .signatures
            .push(CommitSignature { validator: address(&validator()), signature: signature.into() });
        app.finalize(certificate).expect("committed");
        block
    }

    /// The engine found this.
    pub(crate) fn evidence(&self, evidence: polity_primitives::Evidence) {
        let proposer = Proposer::new(address(&validator()), &PEER_SECRET).expect("a key");
        self.ledger.application(proposer).evidence(evidence).expect("recorded");
    }

    pub(crate) async fn stop(mut self) {
        self.server.take().expect("running").stop().await;
    }

    /// Calls a method and expects a result.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let response = self.ask(method, params.clone()).await;
        assert!(response.get("error").is_none(), "{method} {params}: {response}");
        response["result"].clone()
    }

    /// Calls a method and expects an error.
    pub(crate) async fn fail(&self, method: &str, params: Value) -> Value {
        let response = self.ask(method, params.clone()).await;
        assert!(response.get("result").is_none(), "{method} {params}: {response}");
        response["error"].clone()
    }

    pub(crate) async fn ask(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        crate::wire::post(self.rpc, &body.to_string()).await.json()
    }
}

/// A ledger without a server. The directory lives as long.
pub(crate) struct Other {
    pub(crate) ledger: Ledger,
    _dir: tempfile::TempDir,
}

const WALL: &str = r#"mode       = "wall""#;
const DAYS: &str = "mode       = \"replay\"\nstart      = 2026-01-01\nstep       = \"1d\"";
const SCORES: &str = "incentive    = { standing = { start = 10 } }";
const ROTATION: &str = r#"write        = { by = "membership", primary = "rotation" }"#;
const WORK: &str =
    r#"write        = { by = "work", interval = "10s", confirmations = 2, checkpoint = 5, difficulty = 1 }"#;

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("now");
    u64::try_from(now.as_millis()).expect("ms")
}

/// Works the next block of whatever waits in `ledger`, ten seconds after the one before and `later` seconds; its RLP.
pub(crate) fn mine(ledger: &Ledger, later: u64) -> Vec<u8> {
    let mut chain = ledger.work_chain(Some(Key::new(validator().secret_bytes()).expect("a key")));
    let head = ledger.head();
    let at = match head.height().0 {
        0 => now_ms() - 1_000_000,
        _ => (head.header().timestamp + 10 + later) * 1_000,
    };
    let mut block = chain.template(at).expect("built").expect("may write");
    let nonce = Search::new(&block.header).find(0, u64::MAX).expect("solved");
    block.header.nonce = nonce.to_be_bytes().into();
    let bytes = chain.seal(block).expect("sealed");
    assert_eq!(chain.insert(&bytes, now_ms()).expect("judged"), Inserted::Extended);
    bytes
}

/// Gives `ledger` a worked block of another node.
pub(crate) fn hear(ledger: &Ledger, block: &[u8]) -> Inserted {
    ledger.work_chain(None).insert(block, now_ms()).expect("judged")
}

/// A signed transfer or call.
pub(crate) fn transaction(from: &SecretKey, nonce: u64, to: TxKind, value: u64, input: &[u8]) -> Vec<u8> {
    signed(from, dynamic(nonce, to, value, input))
}

/// A signed call that may use much gas.
pub(crate) fn with_gas(from: &SecretKey, nonce: u64, to: Address, input: &[u8], gas_limit: u64) -> Vec<u8> {
    signed(from, TxEip1559 { gas_limit, ..dynamic(nonce, TxKind::Call(to), 0, input) })
}

fn dynamic(nonce: u64, to: TxKind, value: u64, input: &[u8]) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 200_000,
        max_fee_per_gas: 3_000_000_000,
        max_priority_fee_per_gas: 1_000_000,
        to,
        value: U256::from(value),
        input: input.to_vec().into(),
        ..TxEip1559::default()
    }
}

pub(crate) fn transfer(from: &SecretKey, nonce: u64) -> Vec<u8> {
    transaction(from, nonce, TxKind::Call(address(&bob())), 1_000, &[])
}

pub(crate) fn legacy(from: &SecretKey, nonce: u64, gas_price: u128) -> Vec<u8> {
    signed(
        from,
        TxLegacy {
            chain_id: Some(CHAIN_ID),
            nonce,
            gas_price,
            gas_limit: 21_000,
            to: TxKind::Call(address(&bob())),
            value: U256::from(1),
            input: Bytes::new(),
        },
    )
}

fn signed<T: SignableTransaction<Signature>>(from: &SecretKey, tx: T) -> Vec<u8>
where
    TxEnvelope: From<alloy_consensus::Signed<T>>,
{
    let (rs, odd) = sign(from, tx.signature_hash());
    let signature = Signature::from_bytes_and_parity(&rs, odd);
    TxEnvelope::from(tx.into_signed(signature)).encoded_2718()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    hex::encode_prefixed(bytes)
}

/// A contract. Called with nothing it returns slot 0; with a word, it stores the word there and logs it as a topic; with
/// the word zero it reverts.
pub(crate) const CONTRACT: [u8; 52] = hex!(
    "602980600b6000396000f3"
    "361560175760003580156023578060005560006000a1005b60005460005260206000f35b60006000fd"
);
