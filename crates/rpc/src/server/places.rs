//! The places of a server: as many as connections it may have.
//!
//! When all are taken, the connection that has waited longest for its next request, or for the rest of its first, gives up
//! its place; so half-open connections, however many, keep nobody out. Those that are being answered, and WebSockets, stay.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::AbortHandle,
};

use super::connection::{Connection, YIELD_AFTER};

/// Longest time a connection that was told to end may take.
const END_TIME_MAX: Duration = Duration::from_secs(1);

/// The places.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    taken: Mutex<Vec<(Arc<Connection>, AbortHandle)>>,
}

impl Places {
    pub(super) fn new(max: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(max)), taken: Mutex::default() }
    }

    /// A place, if there is one or someone gives one up.
    pub(super) async fn take(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = self.free.clone().try_acquire_owned() {
            return Some(place);
        }
        self.idlest()?.abort();
        tokio::time::timeout(END_TIME_MAX, self.free.clone().acquire_owned()).await.ok()?.ok()
    }

    /// `connection`, served by `task`, has taken a place. Cost: those that have ended are forgotten here, once in as many calls
    /// as there are places.
    pub(super) fn sits(&self, connection: Arc<Connection>, task: AbortHandle) {
        let mut taken = self.taken.lock();
        if taken.len() == taken.capacity() {
            taken.retain(|(_, task)| !task.is_finished());
        }
        taken.push((connection, task));
    }

    fn idlest(&self) -> Option<AbortHandle> {
        let mut taken = self.taken.lock();
        taken.retain(|(_, task)| !task.is_finished());
        let waiting = taken.iter().filter_map(|(connection, task)| Some((connection.waiting_since()?, task)));
        let (since, task) = waiting.min_by_key(|(since, _)| *since)?;
        (since.elapsed() >= YIELD_AFTER).then(|| task.clone())
    }
}
