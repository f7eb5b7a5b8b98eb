//! Filters that clients poll (`eth_newFilter` and kin): bounded in number, forgotten when nobody asks.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use alloy_primitives::U256;
use alloy_rpc_types_eth::Filter;
use parking_lot::Mutex;

use crate::error::Failure;

/// What a filter watches, and how far its client has read: heights, and reorganisations.
#[derive(Clone, Debug)]
pub(crate) enum Watch {
    /// Hashes of new blocks, from this height on.
    Blocks { next: u64, seen: u64 },
    /// Logs of new blocks, from this height on.
    Logs { filter: Box<Filter>, next: u64, seen: u64 },
    /// Pending transactions, from this sequence number on; whole, or hashes.
    Pending { cursor: u64, full: bool },
}

struct Installed {
    watch: Watch,
    polled: Instant,
}

/// The installed filters.
pub(crate) struct Filters {
    installed: Mutex<BTreeMap<U256, Installed>>,
    max: usize,
    ttl: Duration,
}

impl Filters {
    pub(crate) const fn new(max: usize, ttl: Duration) -> Self {
        Self { installed: Mutex::new(BTreeMap::new()), max, ttl }
    }

    /// Installs a filter under an id that cannot be guessed.
    pub(crate) fn install(&self, watch: Watch) -> Result<U256, Failure> {
        let mut installed = self.installed.lock();
        let now = Instant::now();
        if installed.len() >= self.max {
            installed.retain(|_, filter| now.duration_since(filter.polled) < self.ttl);
        }
        if installed.len() >= self.max {
            return Err(Failure::limit(format!(
                "{} filters are installed, at most {} may be",
                installed.len(),
                self.max
            )));
        }
        let id = U256::from(rand::random::<u128>());
        installed.insert(id, Installed { watch, polled: now });
        Ok(id)
    }

    /// Lets `read` look at the filter and move it on. The lock is not held while `read` runs.
    pub(crate) fn poll<T>(
        &self,
        id: &U256,
        read: impl FnOnce(&mut Watch) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut watch = self.touch(id)?;
        let value = read(&mut watch)?;
        if let Some(filter) = self.installed.lock().get_mut(id) {
            filter.watch = watch;
        }
        Ok(value)
    }

    fn touch(&self, id: &U256) -> Result<Watch, Failure> {
        let mut installed = self.installed.lock();
        let now = Instant::now();
        let filter = installed.get_mut(id).filter(|filter| now.duration_since(filter.polled) < self.ttl);
        let filter = filter.ok_or_else(|| Failure::server("filter not found"))?;
        filter.polled = now;
        Ok(filter.watch.clone())
    }

    /// Removes a filter; whether there was one.
    pub(crate) fn uninstall(&self, id: &U256) -> bool {
        self.installed.lock().remove(id).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCKS: Watch = Watch::Blocks { next: 0, seen: 0 };

    #[test]
    fn filters_are_bounded_and_expire() {
        let filters = Filters::new(2, Duration::from_secs(60));
        let first = filters.install(BLOCKS).expect("room");
        filters.install(BLOCKS).expect("room");
        assert_eq!(filters.install(BLOCKS).expect_err("full").code, crate::error::LIMIT);
        assert!(filters.uninstall(&first));
        assert!(!filters.uninstall(&first));
        filters.install(BLOCKS).expect("room again");

        let forgetful = Filters::new(1, Duration::ZERO);
        let id = forgetful.install(BLOCKS).expect("room");
        assert_eq!(forgetful.poll(&id, |_| Ok(())).expect_err("expired").message, "filter not found");
        forgetful.install(BLOCKS).expect("the expired one made room");
    }

    #[test]
    fn a_poll_that_fails_does_not_move_the_filter() {
        let filters = Filters::new(1, Duration::from_secs(60));
        let id = filters.install(BLOCKS).expect("room");
        let advance = |watch: &mut Watch| {
            let Watch::Blocks { next, .. } = watch else { return Err(Failure::server("kind")) };
            *next += 1;
            Ok(*next)
        };
        assert_eq!(filters.poll(&id, advance).expect("polled"), 1);
        filters
            .poll(&id, |watch| advance(watch).and(Err::<(), _>(Failure::server("no"))))
            .expect_err("fails");
        assert_eq!(filters.poll(&id, advance).expect("polled"), 2);
    }
}
