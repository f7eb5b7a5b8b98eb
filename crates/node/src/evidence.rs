//! Evidence between nodes: what one found, all should have, so that whoever writes next can carry it.
//!
//! A node that never writes may be the only one that saw it. So what is new here goes to the peers, each of which proves it for itself
//! before it passes it on; what is still due is told again now and then, and to whoever joins.

use std::{sync::Arc, time::Duration};

use polity_ledger::{Heard, Ledger};
use polity_network::{Accused, Judgement, NetworkHandle};
use tokio::sync::mpsc;

/// New evidence that waits to be told; more is told when it is told again.
pub(crate) const FOUND_MAX: usize = 64;
/// Most accusations told at a time.
const TOLD_MAX: usize = 64;
/// Between two pieces that peers told. A hundred in a second are 1 % of a core.
const PAUSE: Duration = Duration::from_millis(10);
/// How often what is still due is told again.
const AGAIN: Duration = Duration::from_secs(10);

/// Tells the peers what was found here. What a peer told goes on as its own message.
pub(crate) async fn tell(mut found: mpsc::Receiver<Vec<u8>>, network: Arc<NetworkHandle>) {
    while let Some(accusation) = found.recv().await {
        network.accuse(vec![accusation]);
    }
}

/// Takes what peers tell, so much in a second and no more.
pub(crate) async fn hear(mut accused: mpsc::Receiver<Accused>, network: Arc<NetworkHandle>, ledger: Ledger) {
    while let Some(Accused { bytes, ticket }) = accused.recv().await {
        let ledger = ledger.clone();
        // Proving takes two recoveries and a write to the disk.
        let heard = tokio::task::spawn_blocking(move || ledger.hear_evidence(&bytes)).await;
        network.judge(ticket, judgement(heard.ok().and_then(Result::ok)));
        // What comes faster than this waits, and beyond the queue is dropped: anybody can sign two things with keys of nobody.
        tokio::time::sleep(PAUSE).await;
    }
}

/// What is passed on: what is new. What proves nothing no honest node tells; what is merely not known here may be known elsewhere.
const fn judgement(heard: Option<Heard>) -> Judgement {
    match heard {
        Some(Heard::New) => Judgement::Pass,
        Some(Heard::False) => Judgement::Blame,
        Some(Heard::Idle) | None => Judgement::Ignore,
    }
}

/// What the next block should carry.
pub(crate) fn due(ledger: &Ledger) -> Vec<Vec<u8>> {
    ledger.due_evidence().iter().take(TOLD_MAX).map(|accusation| accusation.to_vec()).collect()
}

/// Tells again, now and then, what is still due.
pub(crate) async fn tell_again(network: Arc<NetworkHandle>, ledger: Ledger) {
    let mut interval = tokio::time::interval(AGAIN);
    loop {
        interval.tick().await;
        let due = due(&ledger);
        if !due.is_empty() {
            network.accuse(due);
        }
    }
}
