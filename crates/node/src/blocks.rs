//! Questions about blocks between nodes, and their answers: how a node follows that was away while engines changed.

use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use polity_ledger::Ledger;
use polity_network::{NetworkHandle, PeerId, Question};
use polity_primitives::{Certificate, Height};
use tokio::sync::mpsc;

/// Bytes of blocks in one answer, after the first block.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(BorshSerialize, BorshDeserialize)]
enum Ask {
    /// Where are you?
    Status,
    /// Your blocks from this height on.
    Blocks(u64),
}

/// Where a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct PeerStatus {
    /// Its head.
    pub(crate) height: u64,
    /// The last block of its chain that a committee decided.
    pub(crate) certified: u64,
}

/// A block as RLP, and the certificate that decided it, as RLP.
#[derive(BorshSerialize, BorshDeserialize)]
struct Item {
    block: Vec<u8>,
    certificate: Option<Vec<u8>>,
}

fn encoded(message: &impl BorshSerialize) -> Vec<u8> {
    borsh::to_vec(message).expect("writing to memory does not fail")
}

/// A block of another node, with its certificate if a committee decided it.
pub(crate) type Fetched = (Vec<u8>, Option<Certificate>);

/// Asks `peer` where it is.
pub(crate) async fn status(network: &NetworkHandle, peer: PeerId) -> Option<PeerStatus> {
    let answer = network.ask(peer, encoded(&Ask::Status)).await?;
    borsh::from_slice(&answer).ok()
}

/// Asks `peer` for its blocks from `from` on. An answer that is none is remembered against it.
pub(crate) async fn fetch(network: &NetworkHandle, peer: PeerId, from: Height) -> Option<Vec<Fetched>> {
    let answer = network.ask(peer, encoded(&Ask::Blocks(from.0))).await?;
    let blocks = decoded(&answer);
    if blocks.is_none() {
        network.blame(peer);
    }
    blocks
}

fn decoded(answer: &[u8]) -> Option<Vec<Fetched>> {
    use alloy_rlp::Decodable as _;
    let items: Vec<Item> = borsh::from_slice(answer).ok()?;
    items
        .into_iter()
        .map(|item| {
            let certificate = item.certificate.map(|bytes| Certificate::decode(&mut &*bytes)).transpose();
            Some((item.block, certificate.ok()?))
        })
        .collect()
}

/// Answers what peers ask.
pub(crate) async fn serve(
    mut questions: mpsc::Receiver<Question>,
    network: Arc<NetworkHandle>,
    ledger: Ledger,
) {
    while let Some(Question { from, bytes, reply }) = questions.recv().await {
        let Ok(ask) = borsh::from_slice::<Ask>(&bytes) else {
            network.blame(from);
            continue;
        };
        let ledger = ledger.clone();
        // Reading takes the disk, not the tasks.
        let answer = tokio::task::spawn_blocking(move || answer(&ledger, &ask)).await;
        if let Ok(Some(answer)) = answer {
            network.answer(reply, answer);
        }
    }
}

fn answer(ledger: &Ledger, ask: &Ask) -> Option<Vec<u8>> {
    match ask {
        Ask::Status => {
            let status = PeerStatus { height: ledger.head().height().0, certified: ledger.certified().0 };
            Some(encoded(&status))
        }
        Ask::Blocks(from) => {
            let blocks = ledger.blocks_from(Height(*from), ANSWER_BYTES_MAX);
            let blocks = blocks.inspect_err(|error| tracing::error!(%error, "node.blocks")).ok()?;
            let item = |(block, certificate): Fetched| Item {
                block,
                certificate: certificate.map(alloy_rlp::encode),
            };
            Some(encoded(&blocks.into_iter().map(item).collect::<Vec<_>>()))
        }
    }
}
