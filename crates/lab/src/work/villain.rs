//! Members that break the rules of work, by name.
//!
//! Each is an honest node whose words are kept back or changed on their way out: its blocks have real work in them. The selfish
//! miner plays the strategy of Eyal and Sirer ("Majority is not enough", 2014, algorithm 1): it works on a chain of its own and
//! shows as much of it as makes others throw away theirs.

use alloy_rlp::Decodable as _;
use polity_consensus::{
    Fatal,
    work::{AHEAD_SECS_MAX, Message},
};
use polity_ledger::Ledger;
use polity_primitives::{Header, Height};

use super::{Node, Strategy, node::label};
use crate::{
    bft::Villain,
    engine::{Act, Cx, Engine},
};

/// A node and its villainy. The time-warper needs no mask: its clock is as far ahead as others accept.
#[derive(Debug)]
pub(super) struct Masked {
    node: Node,
    villain: Villain,
    strategy: Strategy,
}

impl Masked {
    pub(super) fn new(mut node: Node, villain: Villain) -> Self {
        if villain == Villain::TimeWarp {
            node.ahead_ms = AHEAD_SECS_MAX * 1_000;
        }
        let strategy = Strategy::new(node.worker.chain().best().height.0);
        Self { node, villain, strategy }
    }

    /// Changes what was said since act number `from`.
    fn mask(&mut self, from: usize, cx: &mut Cx) {
        for act in cx.acts.split_off(from) {
            let Act::Send { to, label: about, bytes } = act else {
                cx.acts.push(act);
                continue;
            };
            let said = Message::decode(&bytes).ok().and_then(|message| self.instead(message, cx));
            if let Some(message) = said {
                let bytes = message.encoded();
                debug_assert_eq!(label(&bytes), about, "what it is about stays");
                cx.acts.push(Act::Send { to, label: about, bytes: bytes.into() });
            }
        }
    }

    /// What is said instead of `message`, if anything.
    fn instead(&self, message: Message, cx: &mut Cx) -> Option<Message> {
        match (self.villain, message) {
            (Villain::Withholder, Message::Body { .. }) => None,
            (Villain::Liar, Message::Body { mut block }) => {
                let at = cx.rng.index(block.len());
                block.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1);
                Some(Message::Body { block })
            }
            (Villain::Liar, Message::Tip { hash, height, mut work }) => {
                work.iter_mut().skip(16).take(1).for_each(|byte| *byte = 1);
                Some(Message::Tip { hash, height: height.saturating_add(cx.rng.below(40)), work })
            }
            (Villain::Selfish, Message::Tip { height, .. }) if height > self.strategy.shown() => None,
            (Villain::Selfish, Message::Headers { headers }) => {
                let open =
                    |bytes: &Vec<u8>| number(bytes).is_some_and(|number| number <= self.strategy.shown());
                let headers: Vec<_> = headers.into_iter().filter(open).collect();
                (!headers.is_empty()).then_some(Message::Headers { headers })
            }
            (_, message) => Some(message),
        }
    }

    /// Shows our chain above `from` up to `to`.
    fn show(&self, from: u64, to: u64, cx: &mut Cx) -> Result<(), Fatal> {
        let chain = self.node.worker.chain();
        let mut headers = Vec::new();
        for height in from.saturating_add(1)..=to {
            let Some(hash) = chain.hash_at(Height(height))? else { break };
            let Some(header) = chain.header(&hash)? else { break };
            headers.push(alloy_rlp::encode(&header));
        }
        if !headers.is_empty() {
            let bytes = Message::Headers { headers }.encoded();
            cx.broadcast(label(&bytes), bytes);
        }
        Ok(())
    }

    /// Lets the node act, which `heard` of a block at that height, and changes what it says.
    fn acted(
        &mut self,
        heard: Option<u64>,
        cx: &mut Cx,
        act: impl FnOnce(&mut Node, &mut Cx) -> Result<(), Fatal>,
    ) -> Result<(), Fatal> {
        let from = cx.acts.len();
        let before = self.node.worker.chain().best();
        let result = act(&mut self.node, cx);
        let chain = self.node.worker.chain();
        let best = chain.best();
        let ours = chain.header(&best.hash)?.is_some_and(|header| header.beneficiary == self.node.writer);
        let shown = self.strategy.shown();
        if !ours {
            // Everything below a block of others is public.
            self.strategy.adopted(best.height.0);
        }
        self.mask(from, cx);
        if self.villain == Villain::Selfish && ours {
            let found = if best == before { None } else { self.strategy.found(best.height.0) };
            let heard = heard.and_then(|height| self.strategy.heard(height, best.height.0));
            if let Some(to) = found.or(heard) {
                self.show(shown, to, cx)?;
            }
        }
        result
    }
}

fn number(bytes: &[u8]) -> Option<u64> {
    Header::decode(&mut &*bytes).ok().map(|header| header.number)
}

impl Engine for Masked {
    fn start(&mut self, cx: &mut Cx) -> Result<(), Fatal> {
        self.acted(None, cx, Node::start)
    }

    fn receive(&mut self, from: usize, bytes: &[u8], cx: &mut Cx) -> Result<(), Fatal> {
        let heard = match Message::decode(bytes) {
            Ok(Message::Headers { headers }) => headers.iter().filter_map(|bytes| number(bytes)).max(),
            _ => None,
        };
        self.acted(heard, cx, |node, cx| node.receive(from, bytes, cx))
    }

    fn timer(&mut self, id: u64, cx: &mut Cx) -> Result<(), Fatal> {
        self.acted(None, cx, |node, cx| node.timer(id, cx))
    }

    fn transaction(&mut self, raw: &[u8], cx: &mut Cx) -> Result<(), Fatal> {
        self.acted(None, cx, |node, cx| node.transaction(raw, cx))
    }

    fn link(&mut self, peer: usize, up: bool, cx: &mut Cx) -> Result<(), Fatal> {
        self.acted(None, cx, |node, cx| node.link(peer, up, cx))
    }

    fn ledger(&self) -> &Ledger {
        self.node.ledger()
    }
}
