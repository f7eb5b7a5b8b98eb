//! Validators that break the protocol, by name.
//!
//! Each is an honest node whose words are changed on their way out, with its own key. So it says what an honest node could have
//! said at that moment, only not the same to all, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use malachitebft_core_consensus::SignedConsensusMsg;
use malachitebft_core_types::{NilOrVal, Round, SignedMessage, VoteType};
use polity_consensus::{
    Application as _, Fatal,
    bft::{
        BlockHash, BlockHeight, BlockProposal, Context, Key, Part, SignatureBytes, StreamHead,
        ValidatorAddress, Vote, signed_vote, split,
    },
};
use polity_ledger::{Ledger, LedgerApplication};
use polity_primitives::{B256, Height, SealedBlock, Signature, proposal_digest, vote_digest};

use super::{
    Node, Wire,
    grinder::{Plan, plan},
};
use crate::engine::{Act, Cx, Engine, Label};

/// How a validator breaks the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Villain {
    /// Says one thing to some and another to others: prevotes, precommits, proposals.
    Equivocator,
    /// Never proposes.
    Silent,
    /// Forgets what it voted whenever it starts, and votes anew.
    Amnesiac,
    /// Tells of blocks it does not have, and answers those who catch up with false ones.
    Liar,
    /// Tries contents and silence so that its next turn comes sooner (`grinder.rs`).
    Grinder,
    /// Proposes blocks whose headers no state makes valid.
    Nonsense,
    /// Where blocks are worked: keeps its blocks to itself and shows them when that costs others the most (Eyal and Sirer, 2014).
    Selfish,
    /// Where blocks are worked: tells of its blocks and never gives them.
    Withholder,
    /// Where blocks are worked: its blocks claim to be made as late as others accept, so that the difficulty after them is lower.
    TimeWarp,
}

impl Villain {
    /// As in a specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equivocator => "equivocator",
            Self::Silent => "silent",
            Self::Amnesiac => "amnesiac",
            Self::Liar => "liar",
            Self::Grinder => "grinder",
            Self::Nonsense => "nonsense",
            Self::Selfish => "selfish",
            Self::Withholder => "withholder",
            Self::TimeWarp => "time-warp",
        }
    }

    /// Whether it plays where a committee votes.
    #[must_use]
    pub const fn votes(self) -> bool {
        matches!(
            self,
            Self::Equivocator | Self::Silent | Self::Amnesiac | Self::Liar | Self::Grinder | Self::Nonsense
        )
    }

    /// Whether it plays where blocks are worked.
    #[must_use]
    pub const fn works(self) -> bool {
        matches!(self, Self::Liar | Self::Selfish | Self::Withholder | Self::TimeWarp)
    }
}

/// Number `me` of `peers`, a node whose words are changed.
pub(crate) fn masked(node: Node, villain: Villain, key: Key, me: usize, peers: usize) -> impl Engine {
    Masked::new(node, villain, key, me, peers)
}

/// A node and its villainy.
struct Masked {
    node: Node,
    villain: Villain,
    key: Key,
    app: LedgerApplication,
    /// Instances in the network.
    peers: usize,
    me: usize,
    streams: u64,
    /// Blocks proposed, by height and round: what else could be voted for.
    seen: BTreeMap<(u64, u32), BTreeSet<B256>>,
    /// A grinder's last turn and what it does with it.
    turn: Option<((u64, u32), Plan)>,
}

impl Masked {
    fn new(node: Node, villain: Villain, key: Key, me: usize, peers: usize) -> Self {
        let app = node.ledger().application(node.proposer.clone());
        Self { node, villain, key, app, peers, me, streams: 0, seen: BTreeMap::new(), turn: None }
    }

    /// Notes a proposed block. Where it is the second of its round, votes at once for one to even peers and for the other to odd
    /// ones: villains of this kind need no words to agree.
    fn see(&mut self, height: Height, round: u32, block: B256, cx: &mut Cx) {
        self.seen = self.seen.split_off(&(self.app.tip().0, 0));
        let seen = self.seen.entry((height.0, round)).or_default();
        if !seen.insert(block) || seen.len() != 2 {
            return;
        }
        let pair: Vec<B256> = seen.iter().copied().collect();
        for kind in [VoteType::Prevote, VoteType::Precommit] {
            for peer in (0..self.peers).filter(|peer| *peer != self.me) {
                let Some(block) = pair.get(peer % 2) else { continue };
                let vote = Vote {
                    kind,
                    height: BlockHeight(height),
                    round: Round::new(round),
                    block: NilOrVal::Val(BlockHash(*block)),
                    validator: ValidatorAddress(self.key.address()),
                };
                if let Some(vote) = self.signed(vote) {
                    let message = Wire::Consensus(SignedConsensusMsg::Vote(vote));
                    cx.send(peer, message.label(), message.bytes());
                }
            }
        }
    }

    fn signed(&self, vote: Vote) -> Option<SignedMessage<Context, Vote>> {
        let said = signed_vote(&vote, &SignatureBytes(Signature::ZERO))?;
        let digest =
            vote_digest(self.chain_id(), said.kind, Height(said.height), said.round, said.block_hash);
        Some(SignedMessage::new(vote, SignatureBytes(self.key.sign(digest))))
    }

    fn chain_id(&self) -> u64 {
        self.app.chain_id()
    }

    /// Changes what was said since act number `from`.
    fn mask(&mut self, from: usize, cx: &mut Cx) {
        for act in cx.acts.split_off(from) {
            match (self.villain, act) {
                (Villain::Silent, Act::Send { label, .. }) if ["proposal", "part"].contains(&label.kind) => {}
                (Villain::Equivocator, Act::Send { to: None, bytes, label }) => {
                    match borsh::from_slice::<Wire>(&bytes) {
                        Ok(Wire::Consensus(said)) => self.say_two_things(said, cx),
                        _ => cx.acts.push(Act::Send { to: None, bytes, label }),
                    }
                }
                (Villain::Liar, Act::Send { to, bytes, label }) => match borsh::from_slice::<Wire>(&bytes) {
                    Ok(message) => self.lie(to, message, cx),
                    Err(_) => cx.acts.push(Act::Send { to, bytes, label }),
                },
                (Villain::Grinder, Act::Send { to, bytes, label })
                    if ["proposal", "part"].contains(&label.kind) =>
                {
                    match self.planned(label, cx) {
                        Plan::Propose => cx.acts.push(Act::Send { to, bytes, label }),
                        Plan::Withhold => {}
                        Plan::Instead(block) => self.propose_instead(&bytes, &block, cx),
                    }
                }
                (Villain::Nonsense, Act::Send { bytes, label, .. })
                    if ["proposal", "part"].contains(&label.kind) =>
                {
                    if let Some(block) = self.nonsense(label, cx) {
                        self.propose_instead(&bytes, &block, cx);
                    }
                }
                (_, act) => cx.acts.push(act),
            }
        }
    }

    /// A block for the turn of a proposal whose header breaks a rule in every state.
    fn nonsense(&mut self, label: Label, cx: &mut Cx) -> Option<SealedBlock> {
        if label.kind != "proposal" {
            return None;
        }
        let mut block = self.app.build(Height(label.height), label.round, cx.wall_ms()).ok()?.block;
        match cx.rng.below(3) {
            0 => block.header.extra_data = vec![0].into(),
            1 => block.header.gas_used = block.header.gas_limit.saturating_add(1),
            _ => block.header.number = block.header.number.saturating_add(1),
        }
        Some(block.seal())
    }

    /// What a grinder does with the turn that a proposal or part of it is of.
    fn planned(&mut self, label: Label, cx: &mut Cx) -> Plan {
        let at = (label.height, label.round);
        if let Some((turn, plan)) = &self.turn
            && *turn == at
        {
            return plan.clone();
        }
        let plan = plan(&mut self.app, self.key.address(), Height(at.0), at.1, cx.wall_ms());
        match plan {
            Plan::Propose => {}
            Plan::Withhold => cx.note(format!("withholds round {} of height {}", at.1, at.0)),
            Plan::Instead(_) => cx.note(format!("content moved the turn after height {}", at.0)),
        }
        self.turn = Some((at, plan.clone()));
        plan
    }

    /// Says `block` instead of a proposal of its own; parts of that are not said.
    fn propose_instead(&mut self, bytes: &[u8], block: &SealedBlock, cx: &mut Cx) {
        if let Ok(Wire::Consensus(SignedConsensusMsg::Proposal(proposal))) = borsh::from_slice(bytes)
            && let Some(other) = self.proposal_of(&proposal.message, block, cx)
        {
            let message = Wire::Consensus(SignedConsensusMsg::Proposal(other));
            cx.broadcast(message.label(), message.bytes());
        }
    }

    /// Of two blocks the one of the lower hash is for even peers, the other for odd ones. What is no block goes to anybody.
    fn say_two_things(&mut self, said: SignedConsensusMsg<Context>, cx: &mut Cx) {
        let other = match &said {
            SignedConsensusMsg::Vote(vote) => {
                self.other_vote(&vote.message, cx).map(SignedConsensusMsg::Vote)
            }
            SignedConsensusMsg::Proposal(proposal) => {
                let BlockProposal { height, round, block, .. } = proposal.message;
                self.see(height.0, round.as_u32().unwrap_or(0), block.0, cx);
                self.other_proposal(&proposal.message, cx).map(SignedConsensusMsg::Proposal)
            }
        };
        let block = |said: &SignedConsensusMsg<Context>| match said {
            SignedConsensusMsg::Vote(vote) => match &vote.message.block {
                NilOrVal::Val(block) => Some(block.0),
                NilOrVal::Nil => None,
            },
            SignedConsensusMsg::Proposal(proposal) => Some(proposal.message.block.0),
        };
        let blocks = other.as_ref().and_then(|other| Some((block(&said)?, block(other)?)));
        let plotted = blocks.map(|(said, other)| usize::from(said > other));
        let (first, second) = (Wire::Consensus(said), other.map(Wire::Consensus));
        for peer in (0..self.peers).filter(|peer| *peer != self.me) {
            let both = [Some(&first), second.as_ref()];
            let chosen = match (plotted, cx.rng.below(3)) {
                (Some(even), _) => &both[(peer + even) % 2..][..1],
                (None, 0) => &both[..1],
                (None, 1) => &both[1..],
                (None, _) => &both[..],
            };
            for message in chosen.iter().copied().flatten() {
                cx.send(peer, message.label(), message.bytes());
            }
        }
    }

    fn other_vote(&self, vote: &Vote, cx: &mut Cx) -> Option<SignedMessage<Context, Vote>> {
        let mut other = vote.clone();
        let seen = vote.round.as_u32().and_then(|round| self.seen.get(&(vote.height.0.0, round)));
        let rival =
            seen.and_then(|seen| seen.iter().find(|block| vote.block != NilOrVal::Val(BlockHash(**block))));
        other.block = match (&vote.block, rival) {
            (_, Some(rival)) => NilOrVal::Val(BlockHash(*rival)),
            (NilOrVal::Val(_), None) if cx.rng.chance(500) => NilOrVal::Nil,
            _ => {
                NilOrVal::Val(BlockHash(B256::from(std::array::from_fn(|_| cx.rng.draw().to_be_bytes()[0]))))
            }
        };
        self.signed(other)
    }

    /// Another block for the same round, streamed to all; only the proposals differ.
    fn other_proposal(
        &mut self,
        proposal: &BlockProposal,
        cx: &mut Cx,
    ) -> Option<SignedMessage<Context, BlockProposal>> {
        let (height, round) = (proposal.height.0, proposal.round.as_u32()?);
        let block = self.app.build(height, round, cx.wall_ms().saturating_add(1_000)).ok()?;
        if block.hash == proposal.block.0 {
            return None;
        }
        let other = self.proposal_of(proposal, &block, cx);
        self.see(height, round, block.hash, cx);
        other
    }

    /// Streams `block` to all, and returns `proposal` with it in its place.
    fn proposal_of(
        &mut self,
        proposal: &BlockProposal,
        block: &SealedBlock,
        cx: &mut Cx,
    ) -> Option<SignedMessage<Context, BlockProposal>> {
        let (height, round) = (proposal.height.0, proposal.round.as_u32()?);
        let body = block.encoded();
        let head = StreamHead {
            height: proposal.height,
            round: proposal.round,
            valid_round: Round::Nil,
            proposer: proposal.proposer,
            block: BlockHash(block.hash),
            size: u32::try_from(body.len()).ok()?,
            streamer: proposal.proposer,
            signature: SignatureBytes(Signature::ZERO),
        };
        self.streams = self.streams.saturating_add(1);
        // Far from the names of the node's own streams.
        let name = (1u64 << 63) | (cx.now_ms() << 16) | self.streams;
        let label = Label { kind: "part", height: height.0, round };
        for (sequence, content) in (0u64..).zip(split(head.signed(self.chain_id(), &self.key), &body)) {
            cx.broadcast(label, Wire::part(name, sequence, content).bytes());
        }
        let other =
            BlockProposal { block: BlockHash(block.hash), valid_round: Round::Nil, ..proposal.clone() };
        let digest = proposal_digest(self.chain_id(), height, round, None, block.hash);
        Some(SignedMessage::new(other, SignatureBytes(self.key.sign(digest))))
    }

    fn lie(&self, to: Option<usize>, mut message: Wire, cx: &mut Cx) {
        match &mut message {
            Wire::Status(tip) => tip.0 = Height(tip.0.0.saturating_add(cx.rng.below(40))),
            Wire::Blocks { blocks, .. } => {
                let which = cx.rng.index(blocks.len());
                match (cx.rng.below(6), blocks.get_mut(which)) {
                    (0, Some(block)) => {
                        let at = cx.rng.index(block.body.len());
                        block.body.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1);
                    }
                    (1, Some(block)) => block.signatures.truncate(1),
                    (2, Some(block)) => {
                        if let Some((_, signature)) = block.signatures.first_mut() {
                            signature.0 = Signature::repeat_byte(7);
                        }
                    }
                    (3, Some(block)) => block.height.0 = block.height.0.next(),
                    (4, _) => return,
                    _ => blocks.clear(),
                }
            }
            _ => {}
        }
        let (label, bytes) = (message.label(), message.bytes());
        match to {
            Some(to) => cx.send(to, label, bytes),
            None => cx.broadcast(label, bytes),
        }
    }
}

impl Engine for Masked {
    fn start(&mut self, cx: &mut Cx) -> Result<(), Fatal> {
        let from = cx.acts.len();
        let result = self.node.start(cx);
        self.mask(from, cx);
        result
    }

    fn receive(&mut self, from: usize, bytes: &[u8], cx: &mut Cx) -> Result<(), Fatal> {
        if self.villain == Villain::Equivocator
            && let Ok(Wire::Part { part: Some(Part::Head(head)), .. }) = borsh::from_slice(bytes)
        {
            self.see(head.height.0, head.round.as_u32().unwrap_or(0), head.block.0, cx);
        }
        let acts = cx.acts.len();
        let result = self.node.receive(from, bytes, cx);
        self.mask(acts, cx);
        result
    }

    fn timer(&mut self, id: u64, cx: &mut Cx) -> Result<(), Fatal> {
        let from = cx.acts.len();
        let result = self.node.timer(id, cx);
        self.mask(from, cx);
        result
    }

    fn transaction(&mut self, raw: &[u8], cx: &mut Cx) -> Result<(), Fatal> {
        let from = cx.acts.len();
        let result = self.node.transaction(raw, cx);
        self.mask(from, cx);
        result
    }

    fn link(&mut self, peer: usize, up: bool, cx: &mut Cx) -> Result<(), Fatal> {
        let from = cx.acts.len();
        let result = self.node.link(peer, up, cx);
        self.mask(from, cx);
        result
    }

    fn ledger(&self) -> &Ledger {
        self.node.ledger()
    }
}
