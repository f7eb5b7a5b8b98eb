//! A network watched block by block, through RPC alone.

use std::{
    sync::mpsc::{Receiver, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use alloy_primitives::U64;
use alloy_sol_types::SolEvent;
use indicatif::ProgressBar;
use polity_charter::{Charter, Date};
use polity_primitives::ASSEMBLY;
use serde_json::{Value, json};

use super::checks::Checks;
use crate::{
    client::Client,
    output::{Failure, say},
};

/// Longest wait for the next block.
pub(super) const STALL_MAX: Duration = Duration::from_secs(90);

/// The network, how far it has been read, and what was checked.
pub(super) struct Story<'a> {
    pub(super) clients: Vec<Client>,
    pub(super) charter: &'a Charter,
    pub(super) checks: Checks,
    pub(super) json: bool,
    pub(super) stop: &'a Receiver<()>,
    /// Shown while there is something to wait for.
    pub(super) bar: ProgressBar,
    /// Height of the next block to be read.
    pub(super) next: u64,
}

/// A block, and its day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day {
    pub(super) height: u64,
    pub(super) date: Date,
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}  block {:<4}", self.date, self.height)
    }
}

impl Story<'_> {
    /// The node that is asked.
    pub(super) fn client(&self) -> &Client {
        &self.clients[0]
    }

    /// Prints a line above the progress bar; nothing where JSON is wanted.
    pub(super) fn say(&self, text: &str) {
        if !self.json {
            self.bar.suspend(|| say!("{text}"));
        }
    }

    /// Waits for the next block; `None` if interrupted.
    pub(super) fn next_day(&mut self) -> Result<Option<Day>, Failure> {
        let since = Instant::now();
        while self.client().block_number()? < self.next {
            if !matches!(self.stop.try_recv(), Err(TryRecvError::Empty)) {
                return Ok(None);
            }
            if since.elapsed() > STALL_MAX {
                let status: Value = self.client().call("polity_status", json!([]))?;
                return Err(Failure::failed(format!(
                    "no block for {} s: {}",
                    STALL_MAX.as_secs(),
                    status["consensus"]["words"]
                )));
            }
            thread::sleep(Duration::from_millis(10));
        }
        let height = self.next;
        self.next += 1;
        Ok(Some(Day { height, date: Date::of_timestamp(self.client().timestamp(height)?) }))
    }

    /// Logs of the assembly with this event in block `height`.
    pub(super) fn events<E: SolEvent>(&self, height: u64) -> Result<Vec<Value>, Failure> {
        let at = U64::from(height);
        let filter =
            json!([{ "address": ASSEMBLY, "fromBlock": at, "toBlock": at, "topics": [E::SIGNATURE_HASH] }]);
        Ok(self.client().call("eth_getLogs", filter)?)
    }
}

/// The name in topic `index` of a log.
pub(super) fn topic_name(log: &Value, index: usize) -> Option<String> {
    crate::abi::name_of(&log["topics"][index].as_str()?.parse().ok()?)
}

/// The number in topic `index` of a log.
pub(super) fn topic_number(log: &Value, index: usize) -> Option<u64> {
    let word: alloy_primitives::U256 = log["topics"][index].as_str()?.parse().ok()?;
    word.try_into().ok()
}
