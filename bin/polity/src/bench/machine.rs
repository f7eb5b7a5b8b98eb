//! What else the machine did during a measurement: a figure is worth as much as its quiet.

use std::time::{Duration, Instant};

use serde::Serialize;

/// Clock ticks per second in `/proc`. Source: `USER_HZ`, 100 on every Linux we run on.
const TICKS_PER_SEC: u64 = 100;

/// The conditions of a measurement. Nothing is known where there is no `/proc`.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Conditions {
    /// Load average of the last minute, at the end.
    pub(crate) load_average: Option<f64>,
    /// Share of all processor time that programs took which are not part of the measurement.
    pub(crate) others_percent: Option<u64>,
    /// Processor time the measurement itself took, per transfer or whatever it counts, its load generator included. This
    /// compares across a disturbance. Units: microseconds.
    pub(crate) own_us_each: Option<u64>,
}

impl Conditions {
    pub(crate) fn text(&self) -> String {
        let own = self.own_us_each.map_or_else(String::new, |us| format!("{us} µs of processor each, "));
        match (self.load_average, self.others_percent) {
            (Some(load), Some(others)) => format!("{own}load average {load:.1}, other programs {others} %"),
            _ => "conditions unknown".to_owned(),
        }
    }
}

/// A measurement that has begun.
pub(crate) struct Meter {
    since: Instant,
    busy: Option<u64>,
    pids: Vec<u32>,
    ours: Option<u64>,
}

impl Meter {
    /// Begins; `pids` and this process are part of the measurement.
    pub(crate) fn start(pids: &[u32]) -> Self {
        let pids: Vec<u32> = pids.iter().copied().chain([std::process::id()]).collect();
        Self { since: Instant::now(), busy: busy(), ours: ours(&pids), pids }
    }

    /// Ends, while all of `pids` still run. `count` things were done meanwhile; 0 if that is not the point.
    pub(crate) fn stop(self, count: usize) -> Conditions {
        let own = || ours(&self.pids)?.checked_sub(self.ours?);
        let own = own();
        let others = || {
            let busy = busy()?.checked_sub(self.busy?)?;
            let cores = std::thread::available_parallelism().ok()?.get();
            let all = ticks(self.since.elapsed()) * cores as u64;
            Some((busy.saturating_sub(own?) * 100 / all.max(1)).min(100))
        };
        let each = |ticks: u64| (ticks * (1_000_000 / TICKS_PER_SEC)).checked_div(count as u64);
        let load = std::fs::read_to_string("/proc/loadavg").ok();
        Conditions {
            load_average: load.and_then(|text| text.split_whitespace().next()?.parse().ok()),
            others_percent: others(),
            own_us_each: own.and_then(each),
        }
    }
}

fn ticks(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).saturating_mul(TICKS_PER_SEC) / 1_000
}

/// Ticks in which any processor was not idle.
fn busy() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<u64> = text.lines().next()?.split_whitespace().skip(1).flat_map(str::parse).collect();
    // user nice system idle iowait irq softirq steal; guests are within user.
    let idle: u64 = fields.get(3..5)?.iter().sum();
    Some(fields.iter().take(8).sum::<u64>().saturating_sub(idle))
}

/// Ticks these processes used.
fn ours(pids: &[u32]) -> Option<u64> {
    pids.iter().map(|pid| used(*pid)).sum()
}

fn used(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold spaces.
    let (_, after) = text.rsplit_once(')')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

/// Processor time of this thread so far. Units: microseconds.
pub(crate) fn thread_us() -> u64 {
    use nix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default();
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Resident memory of a process. Units: MB of 1,000,000 bytes.
pub(crate) fn rss_mb(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024 / 1_000_000)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn our_own_work_is_not_that_of_others() {
        let before = used(std::process::id()).unwrap();
        let since = Instant::now();
        let mut x = 1u64;
        while since.elapsed() < Duration::from_millis(200) {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        let after = used(std::process::id()).unwrap();
        assert!(after > before, "{before} {after} {x}");
        let conditions = Meter::start(&[]).stop(0);
        assert!(conditions.load_average.is_some() && conditions.own_us_each.is_none());
        assert!(conditions.others_percent.is_some_and(|others| others <= 100));
        assert!(rss_mb(std::process::id()).is_some_and(|mb| mb > 0));
    }
}
