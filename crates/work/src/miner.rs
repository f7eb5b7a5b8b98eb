//! Threads that look for a nonce, within the share of the processor they were given.
//!
//! Each thread hashes for a moment and then rests as long as its share demands; between two moments it looks whether the job is
//! still the same. So a new job is begun within milliseconds, and a node with one core still does everything else.

use std::{
    str::FromStr,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use polity_consensus::work::{Job, Search};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Hashes tried before a thread looks up: about a millisecond.
const BATCH: u64 = 512;
/// Longest rest in one go.
const REST_MAX: Duration = Duration::from_millis(50);
/// Most threads.
const THREADS_MAX: usize = 256;

/// A part of one core, written `1/4`; `2` is two whole ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuShare {
    num: u32,
    den: u32,
}

impl CpuShare {
    /// Nothing: this node does not mine.
    pub const NONE: Self = Self { num: 0, den: 1 };

    /// `num / den` of a core.
    ///
    /// Bounds: `den` of 0 counts as 1.
    #[must_use]
    pub const fn new(num: u32, den: u32) -> Self {
        Self { num, den: if den == 0 { 1 } else { den } }
    }

    /// How long to rest after `worked`, if this share is spread over `threads`.
    fn rest(self, worked: Duration, threads: usize) -> Duration {
        let share = f64::from(self.num) / f64::from(self.den) / threads.max(1) as f64;
        if share >= 1.0 || share <= 0.0 { Duration::ZERO } else { worked.mul_f64(1.0 / share - 1.0) }
    }
}

impl Default for CpuShare {
    fn default() -> Self {
        Self::new(1, 4)
    }
}

impl FromStr for CpuShare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no part of a core: write \"1/4\", or \"2\" for two");
        let (num, den) = text.split_once('/').unwrap_or((text, "1"));
        let (num, den): (u32, u32) =
            (num.trim().parse().map_err(|_| bad())?, den.trim().parse().map_err(|_| bad())?);
        if den == 0 { Err(bad()) } else { Ok(Self { num, den }) }
    }
}

impl std::fmt::Display for CpuShare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.den == 1 { write!(f, "{}", self.num) } else { write!(f, "{}/{}", self.num, self.den) }
    }
}

impl Serialize for CpuShare {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CpuShare {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How much of this machine mining may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinerConfig {
    /// Of the processor, all threads together.
    pub cpu: CpuShare,
    /// Threads the share is spread over. Bounds: `1..=256`.
    pub threads: usize,
}

impl Default for MinerConfig {
    fn default() -> Self {
        Self { cpu: CpuShare::default(), threads: 1 }
    }
}

impl MinerConfig {
    /// Whether this node mines at all.
    #[must_use]
    pub fn mines(&self) -> bool {
        self.cpu.num > 0
    }
}

#[derive(Default)]
struct Held {
    job: Option<Arc<Job>>,
    closed: bool,
    /// Threads that have nothing to do.
    waiting: usize,
}

/// What the threads share.
#[derive(Default)]
struct Slot {
    held: Mutex<Held>,
    changed: Condvar,
    /// Counts jobs: a thread whose count is old drops what it does.
    generation: AtomicU64,
    hashes: AtomicU64,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Held> {
        // A panic while it was held left plain data.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, change: impl FnOnce(&mut Held)) {
        let mut held = self.lock();
        change(&mut held);
        self.generation.fetch_add(1, Ordering::Release);
        self.changed.notify_all();
    }

    /// Waits for a job that is not the one of generation `done`; `None` at the end.
    fn next(&self, done: u64) -> Option<(u64, Arc<Job>)> {
        let mut held = self.lock();
        loop {
            let generation = self.generation.load(Ordering::Acquire);
            match &held.job {
                _ if held.closed => return None,
                Some(job) if generation != done => return Some((generation, job.clone())),
                _ => {
                    held.waiting = held.waiting.saturating_add(1);
                    held = self.changed.wait(held).unwrap_or_else(PoisonError::into_inner);
                    held.waiting = held.waiting.saturating_sub(1);
                }
            }
        }
    }

    fn is_current(&self, generation: u64) -> bool {
        self.generation.load(Ordering::Acquire) == generation
    }

    /// Rests, but not beyond the end of the job.
    fn rest(&self, mut left: Duration, generation: u64) {
        while !left.is_zero() && self.is_current(generation) {
            let now = left.min(REST_MAX);
            std::thread::sleep(now);
            left = left.saturating_sub(now);
        }
    }
}

/// The threads. They end when this is dropped.
pub(crate) struct Miner {
    slot: Arc<Slot>,
    threads: Vec<JoinHandle<()>>,
}

impl Miner {
    /// Starts the threads; `found` is told of each nonce, with the number of its job.
    pub(crate) fn start(
        config: MinerConfig,
        found: impl Fn(u64, u64) + Clone + Send + 'static,
    ) -> std::io::Result<Self> {
        let slot = Arc::new(Slot::default());
        let count = if config.mines() { config.threads.clamp(1, THREADS_MAX) } else { 0 };
        let mut miner = Self { slot: slot.clone(), threads: Vec::with_capacity(count) };
        for index in 0..count {
            let (slot, found) = (slot.clone(), found.clone());
            let first = u64::MAX / count as u64 * index as u64;
            let thread = std::thread::Builder::new().name(format!("polity-mine-{index}"));
            miner.threads.push(
                thread.spawn(move || mine(&slot, first, |worked| config.cpu.rest(worked, count), found))?,
            );
        }
        Ok(miner)
    }

    /// Works on `job` from now on.
    pub(crate) fn work(&self, job: Job) {
        self.slot.set(|held| held.job = Some(Arc::new(job)));
    }

    /// Works on nothing.
    pub(crate) fn idle(&self) {
        self.slot.set(|held| held.job = None);
    }

    /// Hashes tried so far.
    pub(crate) fn hashes(&self) -> u64 {
        self.slot.hashes.load(Ordering::Relaxed)
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.slot.set(|held| (held.job, held.closed) = (None, true));
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn mine(slot: &Slot, first: u64, rest: impl Fn(Duration) -> Duration, found: impl Fn(u64, u64)) {
    let mut done = 0;
    while let Some((generation, job)) = slot.next(done) {
        let search = Search::new(&job.header);
        let mut from = first;
        while slot.is_current(generation) {
            let since = Instant::now();
            let nonce = search.find(from, BATCH);
            slot.hashes.fetch_add(BATCH, Ordering::Relaxed);
            if let Some(nonce) = nonce {
                found(job.id, nonce);
                break;
            }
            from = from.wrapping_add(BATCH);
            slot.rest(rest(since.elapsed()), generation);
        }
        done = generation;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use polity_consensus::work::{is_solved, target};
    use polity_primitives::{Header, U256};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn until(done: impl Fn() -> bool) {
        let since = Instant::now();
        while !done() {
            assert!(since.elapsed() < PATIENCE, "not within {} s", PATIENCE.as_secs());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn job(id: u64, difficulty: u64) -> Job {
        let difficulty = U256::from(difficulty);
        let header = Header { difficulty, number: id, ..Header::default() };
        Job { id, target: target(difficulty), header }
    }

    #[test]
    fn shares_are_read_and_written() {
        for (text, share) in [("1/4", CpuShare::new(1, 4)), ("2", CpuShare::new(2, 1)), ("0", CpuShare::NONE)]
        {
            assert_eq!(text.parse(), Ok(share));
            assert_eq!(share.to_string(), text);
        }
        for text in ["", "1/0", "a/b", "-1", "1/2/3", "0.25"] {
            assert!(text.parse::<CpuShare>().is_err(), "{text}");
        }
        let ms = Duration::from_millis;
        assert_eq!(CpuShare::new(1, 4).rest(ms(10), 1), ms(30));
        assert_eq!(CpuShare::new(1, 4).rest(ms(10), 2), ms(70), "two threads rest twice as much, and more");
        assert_eq!(CpuShare::new(1, 1).rest(ms(10), 1), ms(0));
        assert_eq!(CpuShare::new(2, 1).rest(ms(10), 4), ms(10));
    }

    #[test]
    fn it_finds_lets_go_of_a_hopeless_job_at_once_and_ends() {
        let (tell, told) = mpsc::channel();
        let config = MinerConfig { cpu: CpuShare::new(1, 2), threads: 2 };
        let miner = Miner::start(config, move |job, nonce| {
            let _ = tell.send((job, nonce));
        })
        .expect("starts");
        miner.work(job(1, u64::MAX));
        until(|| miner.hashes() >= 20 * BATCH);
        assert!(told.try_recv().is_err(), "nobody solves that");
        let before = miner.hashes();
        miner.work(job(2, 50));
        let (id, nonce) = told.recv_timeout(PATIENCE).expect("found");
        assert_eq!(id, 2);
        let tried = miner.hashes() - before;
        assert!(tried <= 40 * BATCH, "{tried} hashes, though a solution is among 50");
        let header = Header { nonce: nonce.to_be_bytes().into(), ..job(2, 50).header };
        assert!(is_solved(&header));
        miner.work(job(3, u64::MAX));
        until(|| miner.slot.lock().waiting == 0);
        miner.idle();
        until(|| miner.slot.lock().waiting == 2);
        drop(miner);
    }

    #[test]
    fn it_takes_no_more_than_its_share() {
        let config = MinerConfig { cpu: CpuShare::new(1, 10), threads: 1 };
        // How long the same number of hashes takes.
        let time = |config: MinerConfig| {
            let miner = Miner::start(config, |_, _| {}).expect("starts");
            let since = Instant::now();
            miner.work(job(1, u64::MAX));
            until(|| miner.hashes() >= 20 * BATCH);
            since.elapsed()
        };
        let tenth = time(config);
        // Others may take the processor meanwhile: the best of some.
        let whole = MinerConfig { cpu: CpuShare::new(1, 1), threads: 1 };
        let whole = (0..5).map(|_| time(whole)).min().expect("some");
        assert!(tenth > whole * 3, "{tenth:?} and {whole:?}");
        let none = Miner::start(MinerConfig { cpu: CpuShare::NONE, threads: 1 }, |_, _| {}).expect("starts");
        assert!(none.threads.is_empty(), "no thread, no hash");
    }
}
