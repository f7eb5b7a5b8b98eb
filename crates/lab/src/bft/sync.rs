//! Catching up: peers tell their tip once a second; who is behind asks one of those ahead, and another if it does not answer.
//!
//! What a peer sends is believed only after the core has verified the certificate and the host the block.

use std::collections::{BTreeMap, VecDeque};

use malachitebft_core_consensus::{Input, PeerId};
use malachitebft_core_types::{
    ExtendedCommitCertificate, ExtendedCommitSignature, ValueOrigin, ValueResponse,
};
use polity_consensus::{
    Fatal,
    bft::{BlockHash, BlockHeight, Context, Synced},
};
use polity_primitives::{Address, Height};

use super::{
    Decided, Node, Wire,
    node::{Task, proposed_value},
};
use crate::engine::Cx;

/// How long an answer is waited for. Units: microseconds.
const PATIENCE_US: u64 = 2_000_000;
/// Blocks asked for at once, as in production.
const BLOCKS_MAX: u64 = 16;
/// For how many requests a peer that sent something bad is passed over.
const SHUNNED: u32 = 8;

#[derive(Clone, Copy, Debug)]
struct Request {
    number: u64,
    peer: usize,
    from: Height,
}

/// What is known of peers, and what was asked of whom.
#[derive(Debug, Default)]
pub(super) struct Sync {
    tips: BTreeMap<usize, Height>,
    /// Peers that sent something bad, and for how many requests they are passed over.
    shunned: BTreeMap<usize, u32>,
    asked: Option<Request>,
    requests: u64,
    /// Blocks that came and were not looked at yet, and who sent them.
    waiting: VecDeque<Decided>,
    sender: usize,
}

/// A name for peer `index` in the library's form; the library only hands it back.
fn peer_id(index: usize) -> Option<PeerId> {
    let mut bytes = vec![0x12, 0x20];
    bytes.extend_from_slice(&[0; 24]);
    bytes.extend_from_slice(&(index as u64).to_be_bytes());
    PeerId::from_bytes(&bytes).ok()
}

fn certificate(block: &Decided) -> ExtendedCommitCertificate<Context> {
    let commit_signatures = block
        .signatures
        .iter()
        .map(|(who, signature)| ExtendedCommitSignature::new(*who, *signature, None))
        .collect();
    ExtendedCommitCertificate {
        height: block.height,
        round: block.round,
        value_id: block.block,
        commit_signatures,
    }
}

impl Node {
    pub(super) fn on_status(&mut self, from: usize, tip: Height, cx: &mut Cx) -> Result<(), Fatal> {
        self.sync.tips.insert(from, tip);
        if tip >= self.host.height() {
            self.ask(cx);
        }
        Ok(())
    }

    /// Asks for what is missing, if something is and nothing is on its way.
    fn ask(&mut self, cx: &mut Cx) {
        let height = self.host.height();
        let sync = &mut self.sync;
        if sync.asked.is_some() || !sync.waiting.is_empty() {
            return;
        }
        let ahead: Vec<(usize, Height)> =
            sync.tips.iter().filter(|(_, tip)| **tip >= height).map(|(peer, tip)| (*peer, *tip)).collect();
        let trusted: Vec<_> =
            ahead.iter().filter(|(peer, _)| !sync.shunned.contains_key(peer)).copied().collect();
        let choice = if trusted.is_empty() { ahead } else { trusted };
        let Some((peer, tip)) = choice.get(cx.rng.index(choice.len())).copied() else { return };
        sync.shunned.retain(|_, left| {
            *left = left.saturating_sub(1);
            *left > 0
        });
        sync.requests = sync.requests.saturating_add(1);
        let number = sync.requests;
        sync.asked = Some(Request { number, peer, from: height });
        let to = Height(tip.0.min(height.0.saturating_add(BLOCKS_MAX - 1)));
        let message = Wire::Request { from: BlockHeight(height), to: BlockHeight(to) };
        cx.send(peer, message.label(), message.bytes());
        self.arm_sync(number, PATIENCE_US, cx);
    }

    pub(super) fn on_late(&mut self, request: u64, cx: &mut Cx) {
        if let Some(asked) = self.sync.asked.take_if(|asked| asked.number == request) {
            self.sync.shunned.insert(asked.peer, SHUNNED);
            self.ask(cx);
        }
    }

    pub(super) fn on_request(
        &mut self,
        from: usize,
        first: BlockHeight,
        last: BlockHeight,
        cx: &mut Cx,
    ) -> Result<(), Fatal> {
        let last = BlockHeight(Height(last.0.0.min(first.0.0.saturating_add(BLOCKS_MAX - 1))));
        let blocks: Vec<Decided> = self
            .host
            .history(&(first..=last))?
            .into_iter()
            .map(|(body, certificate)| Decided {
                height: certificate.height,
                round: certificate.round,
                block: certificate.value_id,
                signatures: certificate
                    .commit_signatures
                    .into_iter()
                    .map(|commit| (commit.address, commit.signature))
                    .collect(),
                body,
            })
            .collect();
        let message = Wire::Blocks { from: first, blocks };
        cx.send(from, message.label(), message.bytes());
        Ok(())
    }

    pub(super) fn on_blocks(
        &mut self,
        from: usize,
        first: Height,
        blocks: Vec<Decided>,
        cx: &mut Cx,
    ) -> Result<(), Fatal> {
        let answers = |asked: &mut Request| asked.peer == from && asked.from == first;
        if self.sync.asked.take_if(answers).is_none() {
            return Ok(());
        }
        if blocks.is_empty() {
            // It told of a tip that it does not have, or its word is older than the answer.
            self.sync.tips.remove(&from);
            self.ask(cx);
            return Ok(());
        }
        self.sync.sender = from;
        self.sync.waiting = blocks.into();
        self.tasks.push_back(Task::Synced);
        Ok(())
    }

    /// Hands the next waiting block to the core, if it is for the height that is being decided.
    pub(super) fn feed_synced(&mut self, cx: &mut Cx) -> Result<(), Fatal> {
        let Some(height) = self.core_height() else { return Ok(()) };
        while let Some(block) = self.sync.waiting.front() {
            if block.height.0 > height {
                // A gap: the peer did not send what was asked for, or what it sent before was bad.
                self.sync.waiting.clear();
                break;
            }
            let Some(block) = self.sync.waiting.pop_front() else { break };
            if block.height.0 < height {
                continue;
            }
            if let Some(peer) = peer_id(self.sync.sender) {
                let response = ValueResponse::new(peer, block.body.clone().into(), certificate(&block));
                self.tasks.push_back(Task::Input(Input::SyncValueResponse(response)));
            }
            return Ok(());
        }
        self.ask(cx);
        Ok(())
    }

    /// The core found the certificate good: the host judges the block.
    pub(super) fn on_certified(
        &mut self,
        value: ValueResponse<Context>,
        proposer: Address,
        cx: &mut Cx,
    ) -> Result<(), Fatal> {
        let certificate = &value.certificate;
        let (height, round) = (certificate.height.0, certificate.round);
        match self.host.synced(height, round, proposer, &value.value_bytes)? {
            Synced::Judged(block) if BlockHash(block.hash) == certificate.value_id => {
                if let Some(reason) = &block.invalid {
                    cx.note(format!("a decided block {} is invalid here: {reason}", block.hash));
                }
                let input = Input::ProposedValue(proposed_value(&block), ValueOrigin::Sync);
                self.tasks.push_back(Task::Input(input));
            }
            Synced::Judged(_) => self.on_rejected(height, "the block is not the certificate's", cx),
            Synced::NotNow => {}
        }
        Ok(())
    }

    /// The peer sent something bad.
    pub(super) fn on_rejected(&mut self, height: Height, reason: &str, cx: &mut Cx) {
        cx.note(format!("sync of height {height} from {} refused: {reason}", self.sync.sender));
        self.sync.shunned.insert(self.sync.sender, SHUNNED);
        self.sync.waiting.clear();
        self.ask(cx);
    }
}
