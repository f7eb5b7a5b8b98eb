//! Payments that go on while a network changes: one account pays through each node in turn.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, TxKind, U256};
use polity_node::LocalNetwork;
use serde_json::json;

use crate::{
    client::{Client, sign},
    output::Failure,
};

/// Who pays.
const PAYER: &str = "alice";
/// From one payment to the next.
const PAUSE: Duration = Duration::from_millis(60);

/// Payments under way.
pub(super) struct Payments {
    over: Arc<AtomicBool>,
    paying: JoinHandle<Vec<B256>>,
}

impl Payments {
    /// Begins to pay.
    pub(super) fn start(network: &LocalNetwork, urls: &[String]) -> Result<Self, Failure> {
        let key =
            network.secrets.account(PAYER).ok_or_else(|| Failure::failed(format!("no key of {PAYER}")))?;
        let chain_id = network.charter.chain_id;
        let clients: Vec<Client> = urls.iter().map(|url| Client::new(url)).collect();
        let over = Arc::new(AtomicBool::new(false));
        let stop = over.clone();
        let paying = thread::spawn(move || {
            let mut acknowledged = Vec::new();
            let mut nonce = 0;
            for client in clients.iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let tx = TxEip1559 {
                    chain_id,
                    nonce,
                    gas_limit: 21_000,
                    max_fee_per_gas: 100_000_000_000,
                    max_priority_fee_per_gas: 1,
                    to: TxKind::Call(Address::repeat_byte(0x77)),
                    value: U256::ONE,
                    ..TxEip1559::default()
                };
                // What no node took is sent again through the next, with the same nonce.
                if let Ok(hash) = client.call("eth_sendRawTransaction", json!([sign(tx, &key)])) {
                    acknowledged.push(hash);
                    nonce += 1;
                }
                thread::sleep(PAUSE);
            }
            acknowledged
        });
        Ok(Self { over, paying })
    }

    /// Pays no more; hashes of all that a node acknowledged, in order.
    pub(super) fn stop(self) -> Result<Vec<B256>, Failure> {
        self.over.store(true, Ordering::Relaxed);
        self.paying.join().map_err(|_| Failure::failed("a thread of ours panicked"))
    }
}
