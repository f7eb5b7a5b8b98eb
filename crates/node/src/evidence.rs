//! Evidence between nodes: what one found, all should have, so that whoever writes next can carry it.
//!
//! A node that never writes may be the only one that saw it. So what is new here goes to the peers, each of which proves it for itself
//! before it passes it on; what is still due is told again now and then, and to whoever joins.
//!
//! Rule kept: proving costs more than making up, so each peer has its own places in the queue (`polity_network::limits`), and who goes
//! on telling of keys of nobody is blamed: an honest node passes on what it proved against a member.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use polity_ledger::{Heard, Ledger};
use polity_network::{Accused, Judgement, NetworkHandle, PeerId};
use tokio::sync::mpsc;

/// New evidence that waits to be told; more is told when it is told again.
pub(crate) const FOUND_MAX: usize = 64;
/// Most accusations told at a time.
const TOLD_MAX: usize = 64;
/// Between two pieces that peers told. A hundred in a second are 1 % of a core.
const PAUSE: Duration = Duration::from_millis(10);
/// How often what is still due is told again.
const AGAIN: Duration = Duration::from_secs(10);

/// How often a peer may tell of keys that are no member's here before it is blamed for each: it may know members that joined just now.
const STRANGERS_MAX: u32 = 8;
/// After which time it may again.
const STRANGERS_TIME: Duration = Duration::from_secs(60);

/// Who told of keys of nobody, and how often, lately. As many peers as the network lets in.
#[derive(Debug)]
struct Strangers {
    told: BTreeMap<PeerId, u32>,
    since: Instant,
}

impl Strangers {
    const fn new(now: Instant) -> Self {
        Self { told: BTreeMap::new(), since: now }
    }

    /// Notes that `peer` told of one more; whether that is within bounds.
    fn within(&mut self, peer: PeerId, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= STRANGERS_TIME {
            *self = Self::new(now);
        }
        let told = self.told.entry(peer).or_default();
        *told = told.saturating_add(1);
        *told <= STRANGERS_MAX
    }
}

/// Tells the peers what was found here. What a peer told goes on as its own message.
pub(crate) async fn tell(mut found: mpsc::Receiver<Vec<u8>>, network: Arc<NetworkHandle>) {
    while let Some(accusation) = found.recv().await {
        network.accuse(vec![accusation]);
    }
}

/// Takes what peers tell, so much in a second and no more.
pub(crate) async fn hear(mut accused: mpsc::Receiver<Accused>, network: Arc<NetworkHandle>, ledger: Ledger) {
    let mut strangers = Strangers::new(Instant::now());
    while let Some(Accused { bytes, ticket, .. }) = accused.recv().await {
        let ledger = ledger.clone();
        // Proving takes two recoveries and a write to the disk.
        let heard = tokio::task::spawn_blocking(move || ledger.hear_evidence(&bytes)).await;
        let heard = heard.ok().and_then(Result::ok);
        let judgement = match heard {
            Some(Heard::Stranger) if !strangers.within(ticket.peer(), Instant::now()) => Judgement::Blame,
            heard => judgement(heard),
        };
        network.judge(ticket, judgement);
        // What comes faster than this waits, and beyond its peer's places is dropped: anybody can sign two things with keys of nobody.
        tokio::time::sleep(PAUSE).await;
    }
}

/// What is passed on: what is new. What proves nothing no honest node tells; what is merely not known here may be known elsewhere.
const fn judgement(heard: Option<Heard>) -> Judgement {
    match heard {
        Some(Heard::New) => Judgement::Pass,
        Some(Heard::False) => Judgement::Blame,
        Some(Heard::Idle | Heard::Stranger) | None => Judgement::Ignore,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_goes_on_telling_of_nobody_is_out_of_bounds_for_a_while() {
        let (peer, other, start) = (PeerId::random(), PeerId::random(), Instant::now());
        let mut strangers = Strangers::new(start);
        assert!((0..STRANGERS_MAX).all(|_| strangers.within(peer, start)));
        assert!(!strangers.within(peer, start) && strangers.within(other, start));
        assert!(strangers.within(peer, start + STRANGERS_TIME));
    }
}
