//! The report of `polity bench`, for people.

use serde::Serialize;

use super::{anvil, block, flood, lab, limits, network, target::Target};

/// Everything measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) cores: usize,
    pub(crate) limits: Option<limits::Limits>,
    pub(crate) one: Option<network::Measured>,
    pub(crate) four: Option<network::Measured>,
    pub(crate) anvil: Option<anvil::Measured>,
    pub(crate) block: Option<block::Measured>,
    pub(crate) flood: Option<flood::Measured>,
    pub(crate) lab: Option<lab::Measured>,
    pub(crate) targets: Vec<Target>,
}

#[allow(clippy::cast_precision_loss)] // figures for people
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

pub(crate) fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * ratio(part, whole))
}

impl Report {
    /// Whether no target is missed.
    pub(crate) fn holds(&self) -> bool {
        self.targets.iter().all(|target| target.holds != Some(false))
    }

    pub(crate) fn text(&self) -> String {
        let mut out = format!("{} cores\n", self.cores);
        if let Some(limits) = &self.limits {
            out += &limits.text();
        }
        for measured in [&self.one, &self.four].into_iter().flatten() {
            out += &measured.text(self.limits.as_ref());
        }
        if let Some(anvil) = &self.anvil {
            out += &anvil.text(self.one.as_ref().map(|one| one.transfers_per_sec));
        }
        if let Some(block) = &self.block {
            out += &block.text();
        }
        if let Some(flood) = &self.flood {
            out += &flood.text();
        }
        if let Some(lab) = &self.lab {
            out += &lab.text();
        }
        out += "targets\n";
        self.targets.iter().for_each(|target| out += &target.text());
        out
    }
}

impl limits::Limits {
    fn text(&self) -> String {
        format!(
            "limits of this machine                            ({})\n  recovery alone                {:>8} tx/s\n  recovery + in-memory EVM      {:>8} tx/s\n",
            self.conditions.text(),
            self.recovery_per_sec,
            self.recovery_and_execution_per_sec
        )
    }
}

impl network::Measured {
    fn text(&self, limits: Option<&limits::Limits>) -> String {
        let plural = if self.validators == 1 { "" } else { "s" };
        let of = limits.map_or_else(String::new, |limits| {
            format!(
                "   {} of recovery + EVM, {} of recovery",
                percent(self.transfers_per_sec, limits.recovery_and_execution_per_sec),
                percent(self.transfers_per_sec, limits.recovery_per_sec)
            )
        });
        let each = limits.and_then(|limits| limits.conditions.own_us_each).zip(self.conditions.own_us_each);
        let by_processor = each.map_or_else(String::new, |(limit, own)| {
            format!(
                "\n  by processor time             {:>8} of recovery + EVM, load generator included",
                percent(limit, own)
            )
        });
        format!(
            "{} validator{plural}\n  transfers through RPC         {:>8} tx/s{of}   ({}){by_processor}\n  finality, idle                {:>8} ms p50, {} ms p99   ({})\n  memory                        {:>8} MB per node at most, after {} transfers\n",
            self.validators,
            self.transfers_per_sec,
            self.conditions.text(),
            self.finality_p50_ms,
            self.finality_p99_ms,
            self.finality_conditions.text(),
            self.rss_mb_max,
            self.transfers
        )
    }
}

impl anvil::Measured {
    fn text(&self, ours: Option<u64>) -> String {
        let mut out = format!("{}, the same load ({})\n", self.version, self.options);
        for way in &self.ways {
            let stopped = way.stopped.as_ref().map(|why| format!(", then {why}")).unwrap_or_default();
            out += &format!(
                "  {:>8} tx/s   {}: {} written{stopped}   ({})\n",
                way.transfers_per_sec,
                way.blocks,
                way.transfers,
                way.conditions.text()
            );
        }
        if let Some(ours) = ours {
            out += &format!(
                "  one validator here is {:.2} times as fast as the best of them\n",
                ratio(ours, self.transfers_per_sec)
            );
        }
        out
    }
}

impl block::Measured {
    fn text(&self) -> String {
        let block = &self.block;
        let part = |us: u64| format!("{} ms ({})", us / 1000, percent(us, block.total_us));
        format!(
            "a block of {} transfers that touches {} of {} accounts: {} ms   ({})\n  recovery {}, execution {}, trie {}, commit {}\n",
            block.transfers,
            block.touched,
            self.accounts,
            block.total_us / 1000,
            self.conditions.text(),
            part(block.recovery_us),
            part(block.execution_us),
            part(block.trie_us),
            part(block.commit_us),
        )
    }
}

impl flood::Measured {
    fn text(&self) -> String {
        let mut out = format!(
            "a flood: {} open proposals, {} ballots by {} of {} members on one more   ({})\n  an idle block holds nothing; it is built, hashed and committed durably, and so are the others\n",
            self.proposals,
            self.ballots,
            self.voters,
            self.members,
            self.conditions.text()
        );
        for (what, blocks) in [
            ("idle, nothing open", &self.idle),
            ("electorates counted", &self.preparations),
            ("idle, all open", &self.idle_open),
            ("all votes close", &self.conclusions),
            ("all delays end", &self.enactments),
        ] {
            out += &format!(
                "  {what:<19}  {:>6} blocks, {:>6} calls of the chain ({} failed), at most {:>2} and {:>8} gas a block; {:>6} µs p50 (execution {}, trie {}, commit {}), {} p99, {} max; of its own {} p50, {} p99, {} max\n",
                blocks.blocks,
                blocks.calls,
                blocks.failed,
                blocks.calls_max,
                blocks.gas_max,
                blocks.p50_us,
                blocks.execution_p50_us,
                blocks.trie_p50_us,
                blocks.commit_p50_us,
                blocks.p99_us,
                blocks.max_us,
                blocks.own_p50_us,
                blocks.own_p99_us,
                blocks.own_max_us,
            );
        }
        out += &format!("  bookkeeping adds at most {} µs of processor time to any block\n", self.added_us);
        out
    }
}

impl lab::Measured {
    fn text(&self) -> String {
        format!(
            "{} validators, simulated: {} heights, {} ms of machine time each   ({})\n  {:>8} messages and {} bytes a height\n",
            self.validators,
            self.heights,
            self.ms_per_height,
            self.conditions.text(),
            self.messages_per_height,
            self.bytes_per_height,
        )
    }
}
