//! The engines that run now, as the rest of the node sees them: one [`Engine`], whichever it is.

use std::sync::Arc;

use parking_lot::RwLock;
use polity_bft::BftHandle;
use polity_consensus::{Engine, Status};
use polity_work::WorkHandle;
use tokio::sync::watch;

/// The engines. At the terminal height of a worked chain there are two: the committee's decides, the other carries blocks.
pub(crate) struct Engines {
    running: RwLock<Running>,
    failure: watch::Sender<Option<String>>,
}

#[derive(Clone, Default)]
pub(crate) struct Running {
    pub(crate) committee: Option<Arc<BftHandle>>,
    pub(crate) work: Option<Arc<WorkHandle>>,
    /// Neither runs while blocks are taken that others have decided: from which on.
    pub(crate) following: Option<u64>,
    /// Why the blocks of others were refused, where they are further.
    pub(crate) refused: Option<String>,
    /// The highest block that peers have told of.
    pub(crate) peers_tip: u64,
}

impl Engines {
    pub(crate) fn new() -> Self {
        Self { running: RwLock::default(), failure: watch::Sender::new(None) }
    }

    pub(crate) fn now(&self) -> Running {
        self.running.read().clone()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Running)) {
        change(&mut self.running.write());
    }

    /// Why an engine stopped by itself, once one did.
    pub(crate) fn watch_failure(&self) -> watch::Receiver<Option<String>> {
        self.failure.subscribe()
    }

    pub(crate) fn fail(&self, reason: String) {
        self.failure.send_if_modified(|failure| {
            let first = failure.is_none();
            failure.get_or_insert(reason);
            first
        });
    }
}

impl std::fmt::Debug for Engines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engines").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl Engine for Engines {
    fn name(&self) -> &'static str {
        let running = self.running.read();
        match (&running.committee, &running.work) {
            (Some(_), _) => "bft",
            (None, Some(_)) => "work",
            (None, None) => "following",
        }
    }

    fn status(&self) -> Status {
        let running = self.now();
        let mut status = match (&running.committee, &running.work) {
            (Some(committee), _) => committee.status(),
            (None, Some(work)) => Engine::status(&**work),
            (None, None) => Status::default(),
        };
        status.peers_tip = status.peers_tip.max(polity_primitives::Height(running.peers_tip));
        status.failure = status.failure.or_else(|| self.failure.borrow().clone());
        status.trouble = status.trouble.or(running.refused);
        if let Some(from) = running.following {
            status.trouble = Some(format!(
                "following the blocks that others have decided, from {from} on; no engine runs until then"
            ));
        }
        status
    }

    fn wake(&self) {
        let running = self.running.read();
        if let Some(committee) = &running.committee {
            committee.wake();
        }
        if let Some(work) = &running.work {
            work.wake();
        }
    }

    fn stop(&self) {
        let running = self.now();
        if let Some(committee) = &running.committee {
            Engine::stop(&**committee);
        }
        if let Some(work) = &running.work {
            Engine::stop(&**work);
        }
    }
}
