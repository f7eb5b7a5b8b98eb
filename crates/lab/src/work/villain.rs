//! Members that break the rules of work, by name.
//!
//! Each is an honest node whose words are kept back or changed on their way out: its blocks have real work in them. The selfish
//! miner plays the strategy of Eyal and Sirer ("Majority is not enough", 2014, algorithm 1): it works on a chain of its own and
//! shows as much of it as makes others throw away theirs.

use alloy_rlp::Decodable as _;
use polity_consensus::{Fatal, work::Message};
use polity_ledger::Ledger;
use polity_primitives::{Header, Height};

use super::{Node, node::label};
use crate::{
    bft::Villain,
    engine::{Act, Cx, Engine},
};

/// A node and its villainy.
#[derive(Debug)]
pub(super) struct Masked {
    node: Node,
    villain: Villain,
    /// The highest block that others have shown, or were shown.
    public: Height,
    /// Our chain is shown up to here.
    shown: Height,
    /// A block of ours and one of theirs compete at the same height.
    racing: bool,
}

impl Masked {
    pub(super) fn new(node: Node, villain: Villain) -> Self {
        let height = node.worker.chain().best().height;
        Self { node, villain, public: height, shown: height, racing: false }
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
            (Villain::Selfish, Message::Tip { height, .. }) if Height(height) > self.shown => None,
            (Villain::Selfish, Message::Headers { headers }) => {
                let open = |bytes: &Vec<u8>| number(bytes).is_some_and(|number| Height(number) <= self.shown);
                let headers: Vec<_> = headers.into_iter().filter(open).collect();
                (!headers.is_empty()).then_some(Message::Headers { headers })
            }
            (_, message) => Some(message),
        }
    }

    /// The selfish miner's move, after it found a block or others did.
    fn play(&mut self, found: bool, cx: &mut Cx) -> Result<(), Fatal> {
        let best = self.node.worker.chain().best().height;
        if best <= self.shown {
            return Ok(());
        }
        let shown = match (found, best.0.saturating_sub(self.public.0)) {
            (true, _) if self.racing => best,
            (true, _) => return Ok(()),
            // Theirs has come so near that one more would be too late.
            (false, 0 | 1) => best,
            (false, _) => self.public,
        };
        self.racing = !found && best == self.public;
        self.show(shown, cx)
    }

    /// Shows our chain up to `height`.
    fn show(&mut self, height: Height, cx: &mut Cx) -> Result<(), Fatal> {
        let chain = self.node.worker.chain();
        let mut headers = Vec::new();
        let mut at = self.shown;
        while at < height {
            at = at.next();
            let Some(hash) = chain.hash_at(at)? else { break };
            let Some(header) = chain.header(&hash)? else { break };
            headers.push(alloy_rlp::encode(&header));
        }
        self.shown = self.shown.max(height);
        self.public = self.public.max(height);
        if !headers.is_empty() {
            let bytes = Message::Headers { headers }.encoded();
            cx.broadcast(label(&bytes), bytes);
        }
        Ok(())
    }

    /// Lets the node act, which `heard` of a block at that height, and changes what it says.
    fn acted(
        &mut self,
        heard: Option<Height>,
        cx: &mut Cx,
        act: impl FnOnce(&mut Node, &mut Cx) -> Result<(), Fatal>,
    ) -> Result<(), Fatal> {
        let (from, public) = (cx.acts.len(), self.public);
        if let Some(height) = heard {
            self.public = self.public.max(height);
        }
        let before = self.node.worker.chain().best();
        let result = act(&mut self.node, cx);
        let chain = self.node.worker.chain();
        let best = chain.best();
        let ours = chain.header(&best.hash)?.is_some_and(|header| header.beneficiary == self.node.writer);
        if !ours {
            // Everything below a block of others is public.
            self.shown = self.shown.max(best.height);
            self.public = self.public.max(best.height);
            self.racing = false;
        }
        self.mask(from, cx);
        let found = ours && best != before;
        if self.villain == Villain::Selfish && (found || self.public > public) {
            self.play(found, cx)?;
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
        self.acted(heard.map(Height), cx, |node, cx| node.receive(from, bytes, cx))
    }

    fn timer(&mut self, id: u64, cx: &mut Cx) -> Result<(), Fatal> {
        self.acted(None, cx, |node, cx| node.timer(id, cx))
    }

    fn transaction(&mut self, raw: &[u8], cx: &mut Cx) -> Result<(), Fatal> {
        self.acted(None, cx, |node, cx| node.transaction(raw, cx))
    }

    fn ledger(&self) -> &Ledger {
        self.node.ledger()
    }
}
