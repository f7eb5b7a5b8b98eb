//! What the driver, the signer and the handle share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use polity_consensus::bft::Watch;
use polity_primitives::Height;
use tokio::sync::Notify;

use crate::Guard;

/// Locks `mutex`. A panic while it was held left plain data, which is still good for what it is used for here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the driver shares with the rest of the engine.
pub(crate) struct Shared {
    /// Votes heard.
    pub(crate) watch: Mutex<Watch>,
    /// What this key may sign; `None` for a node without one.
    pub(crate) guard: Option<Mutex<Guard>>,
    /// Why nothing may be signed any more.
    pub(crate) halted: Mutex<Option<String>>,
    /// Something may be ready to write.
    pub(crate) wake: Notify,
}

impl Shared {
    /// Closes the gate for good.
    pub(crate) fn halt(&self, reason: &str) {
        lock(&self.halted).get_or_insert_with(|| reason.to_owned());
    }

    /// The gate before every signature.
    pub(crate) fn may_sign(&self, height: Height) -> Result<(), String> {
        if let Some(reason) = &*lock(&self.halted) {
            return Err(format!("nothing is signed any more: {reason}"));
        }
        let guard = self.guard.as_ref().ok_or("this node has no consensus key")?;
        let allowed = lock(guard).before_signing(height).map_err(|e| e.to_string());
        // The library does not survive a refusal; say why, before it ends.
        allowed.inspect_err(|reason| self.halt(reason))
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("halted", &self.halted).finish_non_exhaustive()
    }
}
