//! A client of a node: JSON-RPC over HTTP, and transactions signed here.

use std::{
    net::TcpStream,
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U64, U256, hex};
use clap::Args;
use polity_node::Secret;
use secp256k1::{Message, SECP256K1, SecretKey};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{output::Failure, words::Words};

/// Where to reach a node.
#[derive(Args, Clone, Debug)]
pub(crate) struct RpcArgs {
    /// JSON-RPC address of a node; without it the first node of --dir that answers, else of the only network under .polity, else
    /// http://127.0.0.1:8545.
    #[arg(long, env = "POLITY_RPC", value_name = "URL")]
    rpc: Option<String>,
    /// Directory of a local network: where its nodes listen, and for --as its keys. Without --rpc, the only one under .polity.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl RpcArgs {
    /// A client of the node that is meant.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let url = match (&self.rpc, self.dir()) {
            (Some(url), _) => url.clone(),
            (None, Some(dir)) => answering(dir)?,
            (None, None) => "http://127.0.0.1:8545".to_owned(),
        };
        Ok(Client::new(&url))
    }

    /// The options that lead to the same network again, as they are typed; those of the environment are there anyway.
    pub(crate) fn again(&self) -> String {
        let dir = self.dir.as_ref().map(|dir| format!(" --dir {}", dir.display()));
        let rpc = self.rpc.as_ref().filter(|url| std::env::var("POLITY_RPC").ok().as_ref() != Some(url));
        dir.unwrap_or_default() + &rpc.map(|url| format!(" --rpc {url}")).unwrap_or_default()
    }

    /// The directory of the local network: the one given or, where no address is either, the only one under `.polity`.
    pub(crate) fn dir(&self) -> Option<&Path> {
        match (&self.dir, &self.rpc) {
            (Some(dir), _) => Some(dir),
            (None, Some(_)) => None,
            (None, None) => ONLY_NETWORK.as_deref(),
        }
    }
}

/// Longest wait for a node of a local network to take a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_millis(500);

/// The address of the first node of the network in `dir` that takes a connection: one that is down is no reason to ask nobody.
fn answering(dir: &Path) -> Result<String, Failure> {
    let nodes = polity_node::rpc_urls(dir).map_err(Failure::input)?;
    let takes = |url: &str| {
        let address = url.strip_prefix("http://").and_then(|address| address.parse().ok());
        address.is_some_and(|address| TcpStream::connect_timeout(&address, CONNECT_TIME_MAX).is_ok())
    };
    if let Some((_, url)) = nodes.iter().find(|(_, url)| takes(url)) {
        return Ok(url.clone());
    }
    let asked: Vec<_> = nodes.iter().map(|(name, url)| format!("{name} at {url}")).collect();
    let dir = dir.display();
    Err(Failure::failed(format!(
        "no node of the network in {dir} answers: asked {}. `polity up {dir}/charter.toml --dir {dir}` starts all of them here, \
         `polity node --home {dir}/NAME` one",
        asked.join(", ")
    )))
}

/// Where `polity up` puts networks, below the working directory.
const LOCAL: &str = ".polity";

/// The network under [`LOCAL`], if there is exactly one.
static ONLY_NETWORK: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let folders = std::fs::read_dir(LOCAL).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut networks = folders.filter(|folder| folder.join("secrets.toml").exists());
    networks.next().filter(|_| networks.next().is_none())
});

/// Longest wait for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);
/// Longest wait for a receipt.
const RECEIPT_TIME_MAX: Duration = Duration::from_secs(60);

/// Most gas of a transaction. Source: EIP-7825.
const TX_GAS_MAX: u64 = 16_777_216;

/// What a transaction is given whose estimate is `gas`: in a later block, at a later time, it may write slots that the estimate
/// found written.
const fn with_headroom(gas: u64) -> u64 {
    let wanted = gas + gas / 2 + 60_000;
    if wanted < TX_GAS_MAX || gas > TX_GAS_MAX { wanted } else { TX_GAS_MAX }
}

/// After so long without a receipt, the user is told what is waited for.
const RECEIPT_TIME_USUAL: Duration = Duration::from_secs(5);

/// On which terms a transaction is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    gas_limit: u64,
    /// Units: wei for each unit of gas.
    max_fee: u128,
    /// Units: wei for each unit of gas.
    tip: u128,
}

/// A connection to one node.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RpcError {
    /// Nobody there, or not speaking JSON-RPC.
    #[error(
        "no node answers at {url}: {reason}. `polity up` starts a network and prints its addresses: give one with --rpc, or --dir DIR"
    )]
    Unreachable {
        /// Asked.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The node said no.
    #[error("{message}")]
    Refused {
        /// JSON-RPC error code.
        code: i64,
        /// The node's words.
        message: String,
        /// Revert data, if any.
        data: Option<Bytes>,
    },
    /// The answer is not what was asked for.
    #[error("{method}: unexpected answer: {reason}")]
    Unexpected {
        /// The method.
        method: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl RpcError {
    fn unexpected(method: &str, reason: impl std::fmt::Display) -> Self {
        Self::Unexpected { method: method.to_owned(), reason: reason.to_string() }
    }
}

/// What a transaction came to.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TxReceipt {
    pub(crate) transaction_hash: B256,
    pub(crate) block_number: U64,
    pub(crate) status: U64,
    pub(crate) gas_used: U64,
    pub(crate) logs: Vec<Value>,
}

impl TxReceipt {
    pub(crate) fn succeeded(&self) -> bool {
        self.status == U64::from(1)
    }
}

impl Client {
    pub(crate) fn new(url: &str) -> Self {
        Self::with_timeout(url, ANSWER_TIME_MAX)
    }

    /// A client that waits at most `answer` for an answer.
    pub(crate) fn with_timeout(url: &str, answer: Duration) -> Self {
        let config =
            ureq::Agent::config_builder().timeout_global(Some(answer)).http_status_as_error(false).build();
        Self { agent: config.into(), url: url.to_owned() }
    }

    fn post(&self, body: &Value) -> Result<Value, RpcError> {
        let unreachable = |reason: String| RpcError::Unreachable { url: self.url.clone(), reason };
        let mut response =
            self.agent.post(&self.url).send_json(body).map_err(|error| unreachable(error.to_string()))?;
        let status = response.status();
        let text = response
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_string()
            .map_err(|error| unreachable(error.to_string()))?;
        serde_json::from_str(&text).map_err(|_| unreachable(format!("HTTP status {status}")))
    }

    /// Calls `method`.
    pub(crate) fn call<T: DeserializeOwned>(&self, method: &str, params: Value) -> Result<T, RpcError> {
        static ID: AtomicU64 = AtomicU64::new(1);
        let id = ID.fetch_add(1, Ordering::Relaxed);
        let answer = self.post(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        result(method, answer)
    }

    /// Calls several methods in one request; answers in the order of the calls.
    pub(crate) fn batch(&self, calls: &[(&str, Value)]) -> Result<Vec<Result<Value, RpcError>>, RpcError> {
        let requests: Vec<_> = calls
            .iter()
            .enumerate()
            .map(|(id, (method, params))| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .collect();
        let Value::Array(mut answers) = self.post(&Value::Array(requests))? else {
            return Err(RpcError::unexpected("batch", "not an array"));
        };
        answers.sort_by_key(|answer| answer["id"].as_u64());
        Ok(answers.into_iter().zip(calls).map(|(answer, (method, _))| result(method, answer)).collect())
    }

    pub(crate) fn block_number(&self) -> Result<u64, RpcError> {
        Ok(self.call::<U64>("eth_blockNumber", json!([]))?.to())
    }

    pub(crate) fn chain_id(&self) -> Result<u64, RpcError> {
        Ok(self.call::<U64>("eth_chainId", json!([]))?.to())
    }

    pub(crate) fn nonce(&self, address: Address) -> Result<u64, RpcError> {
        Ok(self.call::<U64>("eth_getTransactionCount", json!([address, "pending"]))?.to())
    }

    /// Timestamp of block `number`.
    pub(crate) fn timestamp(&self, number: u64) -> Result<u64, RpcError> {
        let block: Value = self.call("eth_getBlockByNumber", json!([U64::from(number), false]))?;
        let timestamp: U64 = serde_json::from_value(block["timestamp"].clone())
            .map_err(|_| RpcError::unexpected("eth_getBlockByNumber", format!("no block {number}")))?;
        Ok(timestamp.to())
    }

    /// The terms on which a transaction of `from` would be sent now.
    ///
    /// # Errors
    /// Why it would be refused: by the chain, or because `from` cannot pay what it sends and the fees.
    pub(crate) fn terms(
        &self,
        from: Address,
        (to, value, input): (Address, U256, &Bytes),
    ) -> Result<Terms, Failure> {
        let balance: U256 = self.call("eth_getBalance", json!([from, "pending"]))?;
        let short = |what: String| {
            let words = Words::of(self);
            Failure::failed(format!(
                "{} holds {}, less than {what}",
                words.address(from),
                words.money(balance)
            ))
        };
        if balance < value {
            return Err(short(format!("the {} that it would send", Words::of(self).money(value))));
        }
        let request = json!({ "from": from, "to": to, "value": value, "data": input });
        let gas: U64 = self
            .call("eth_estimateGas", json!([request, "pending"]))
            .map_err(|error| Words::of(self).failure(&error))?;
        let block: Value = self.call("eth_getBlockByNumber", json!(["latest", false]))?;
        let base_fee: U256 = serde_json::from_value(block["baseFeePerGas"].clone()).unwrap_or_default();
        let tip: U256 = self.call("eth_maxPriorityFeePerGas", json!([]))?;
        let max_fee = base_fee.saturating_mul(U256::from(2)).saturating_add(tip);
        let gas_limit = with_headroom(gas.to::<u64>());
        let fees = max_fee.saturating_mul(U256::from(gas_limit));
        if balance < value.saturating_add(fees) {
            let words = Words::of(self);
            let (fees, sent) = (words.money(fees), words.money(value));
            let and =
                if value.is_zero() { String::new() } else { format!(" and the {sent} that it would send") };
            return Err(short(format!("the {fees} that the fees may come to{and}")));
        }
        Ok(Terms { gas_limit, max_fee: max_fee.saturating_to(), tip: tip.saturating_to() })
    }

    /// Signs and sends a call; waits for its receipt; an unsuccessful one is an error with the reason.
    pub(crate) fn transact(
        &self,
        key: &Secret,
        to: Address,
        value: U256,
        input: Bytes,
    ) -> Result<TxReceipt, Failure> {
        let from = key.address();
        let request = json!({ "from": from, "to": to, "value": value, "data": input });
        let Terms { gas_limit, max_fee, tip } = self.terms(from, (to, value, &input))?;
        let tx = TxEip1559 {
            chain_id: self.chain_id()?,
            nonce: self.nonce(from)?,
            gas_limit,
            max_fee_per_gas: max_fee,
            max_priority_fee_per_gas: tip,
            to: TxKind::Call(to),
            value,
            input,
            ..TxEip1559::default()
        };
        let hash: B256 = self.call("eth_sendRawTransaction", json!([sign(tx, key)]))?;
        let receipt = self.wait(hash)?;
        if receipt.succeeded() {
            Ok(receipt)
        } else {
            let reason = self.call::<Value>("eth_call", json!([request, receipt.block_number])).err();
            let why = if receipt.gas_used.to::<u64>() >= gas_limit { ": it ran out of gas" } else { "" };
            let failed = || {
                Failure::failed(format!("transaction {hash} failed in block {}{why}", receipt.block_number))
            };
            Err(reason.map_or_else(failed, |error| Words::of(self).failure(&error)))
        }
    }

    /// The receipt of `hash`, if its block is finalized.
    pub(crate) fn receipt(&self, hash: B256) -> Result<Option<TxReceipt>, RpcError> {
        self.call("eth_getTransactionReceipt", json!([hash]))
    }

    /// Waits until the block of `hash` is finalized.
    pub(crate) fn wait(&self, hash: B256) -> Result<TxReceipt, Failure> {
        let start = Instant::now();
        let mut told = false;
        loop {
            if let Some(receipt) = self.receipt(hash)? {
                return Ok(receipt);
            }
            if !told && start.elapsed() > RECEIPT_TIME_USUAL {
                eprintln!(
                    "waiting for a block with transaction {hash}, which the node holds; `polity status` says whether the chain moves"
                );
                told = true;
            }
            if start.elapsed() > RECEIPT_TIME_MAX {
                return Err(Failure::failed(format!(
                    "transaction {hash} was accepted but not written within {} s; `polity status` says whether the chain moves",
                    RECEIPT_TIME_MAX.as_secs()
                )));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn result<T: DeserializeOwned>(method: &str, mut answer: Value) -> Result<T, RpcError> {
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        return Err(RpcError::Refused {
            code: error["code"].as_i64().unwrap_or_default(),
            message: error["message"].as_str().unwrap_or("unknown error").to_owned(),
            data: error["data"].as_str().and_then(|data| data.parse().ok()),
        });
    }
    serde_json::from_value(answer["result"].take()).map_err(|error| RpcError::unexpected(method, error))
}

/// Signs `tx`; returns its EIP-2718 bytes as the node takes them.
pub(crate) fn sign(tx: TxEip1559, key: &Secret) -> String {
    let secret = SecretKey::from_byte_array(key.bytes()).expect("a Secret is a key");
    let digest = tx.signature_hash();
    let (id, rs) =
        SECP256K1.sign_ecdsa_recoverable(Message::from_digest(digest.0), &secret).serialize_compact();
    let signature = Signature::from_bytes_and_parity(&rs, i32::from(id) & 1 == 1);
    hex::encode_prefixed(TxEnvelope::from(tx.into_signed(signature)).encoded_2718())
}
