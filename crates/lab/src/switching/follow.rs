//! Following others block by block, with the production's patience: who stays behind what committees have decided elsewhere takes
//! the blocks of the one that is furthest; its engines rest when [`Pursuit::plan`] says so.

use std::collections::BTreeMap;

use alloy_rlp::Decodable as _;
use borsh::{BorshDeserialize, BorshSerialize};
use polity_consensus::Fatal;
use polity_ledger::{Followed, Ledger, Plan, Pursuit, Told};
use polity_primitives::{Certificate, Height};

use super::BLOCKS;
use crate::engine::{Cx, Label};

/// How often peers are asked where they are. Units: microseconds.
const ASK_US: u64 = 1_000_000;
/// How long to stay behind before others' blocks are followed. Units: milliseconds.
const PATIENCE_MS: u64 = 3_000;
/// How long a peer is not followed after it led nowhere. Units: milliseconds.
const IGNORED_MS: u64 = 30_000;
/// How long an answer is waited for. Units: microseconds.
const ANSWER_US: u64 = 6_000_000;
/// Bytes of blocks in one answer, after the first block.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The timer of questions; others are those of answers.
const ASK: u64 = 0;

#[derive(BorshSerialize, BorshDeserialize)]
enum Word {
    /// Where are you?
    Where,
    /// The last block of our chain that a committee decided.
    Here(u64),
    /// Your blocks from this height on.
    Ask(u64),
    /// Ours from this height on.
    Answer(u64, Vec<Item>),
}

/// A block as RLP, and the certificate that decided it, as RLP.
#[derive(BorshSerialize, BorshDeserialize)]
struct Item {
    block: Vec<u8>,
    certificate: Option<Vec<u8>>,
}

impl Word {
    fn said(&self) -> (Label, Vec<u8>) {
        let (kind, height) = match self {
            Self::Where => ("where", 0),
            Self::Here(height) => ("here", *height),
            Self::Ask(height) => ("ask", *height),
            Self::Answer(height, _) => ("answer", *height),
        };
        let mut bytes = vec![BLOCKS];
        self.serialize(&mut bytes).expect("writing to memory does not fail");
        (Label { kind, height, round: 0 }, bytes)
    }
}

fn send(to: usize, word: &Word, cx: &mut Cx) {
    let (label, bytes) = word.said();
    cx.send(to, label, bytes);
}

/// What is being taken of whom.
struct Taking {
    pursuit: Pursuit<usize>,
    peer: usize,
    from: Height,
    /// The timer of the answer.
    timer: u64,
    /// When it was asked.
    asked_ms: u64,
    /// Whether its answer is here and waits for engines to rest.
    waits: bool,
}

/// Where peers are, and whom this node follows.
#[derive(Default)]
pub(super) struct Follower {
    certified: BTreeMap<usize, u64>,
    /// Until when a peer is not followed.
    ignored_ms: BTreeMap<usize, u64>,
    /// Since when the head stands still though others are further.
    behind: Option<(Height, u64)>,
    taking: Option<Taking>,
    timers: u64,
}

impl Follower {
    /// What has to run.
    pub(super) fn plan(&self, ledger: &Ledger) -> Result<Plan, Fatal> {
        let plan = self.taking.as_ref().map_or_else(|| ledger.plan(), |taking| taking.pursuit.plan(ledger));
        plan.map_err(|e| Fatal::because(&e))
    }

    /// Whether blocks are here that are taken once what runs is what [`Self::plan`] says.
    pub(super) fn waits(&self) -> bool {
        self.taking.as_ref().is_some_and(|taking| taking.waits)
    }

    pub(super) fn start(&self, cx: &mut Cx) {
        let first = cx.rng.below(ASK_US);
        cx.timer(ASK, first);
    }

    pub(super) fn timer(&mut self, ledger: &Ledger, id: u64, cx: &mut Cx) {
        if id == ASK {
            self.look_around(ledger, cx);
            self.certified.clear();
            let (label, bytes) = Word::Where.said();
            cx.broadcast(label, bytes);
            cx.timer(ASK, ASK_US);
        } else if let Some(mut late) = self.taking.take_if(|taking| taking.timer == id && !taking.waits) {
            late.pursuit.leave();
            self.go_on(ledger, late.pursuit, cx);
        }
    }

    fn ignore(&mut self, peer: usize, cx: &mut Cx) {
        self.ignored_ms.insert(peer, cx.now_ms().saturating_add(IGNORED_MS));
    }

    fn look_around(&mut self, ledger: &Ledger, cx: &mut Cx) {
        if self.taking.is_some() {
            return;
        }
        let (now, head) = (cx.now_ms(), ledger.head().height());
        self.ignored_ms.retain(|_, until| *until > now);
        let peers = self.certified.iter().filter(|(peer, _)| !self.ignored_ms.contains_key(peer));
        let leaders: BTreeMap<_, _> = peers.map(|(peer, at)| (*peer, *at)).collect();
        if leaders.values().all(|certified| *certified <= head.0) {
            self.behind = None;
            return;
        }
        match self.behind {
            Some((at, since)) if at == head => {
                if now.saturating_sub(since) >= PATIENCE_MS {
                    self.behind = None;
                    cx.note(format!("follows {leaders:?} from block {head}"));
                    self.go_on(ledger, Pursuit::new(leaders), cx);
                }
            }
            _ => self.behind = Some((head, now)),
        }
    }

    /// Asks whom the pursuit names next, or ends it.
    fn go_on(&mut self, ledger: &Ledger, mut pursuit: Pursuit<usize>, cx: &mut Cx) {
        let Some((peer, from)) = pursuit.next(ledger) else {
            pursuit.left().iter().for_each(|peer| self.ignore(*peer, cx));
            return;
        };
        self.timers = self.timers.saturating_add(1);
        let (timer, asked_ms) = (self.timers, cx.now_ms());
        self.taking = Some(Taking { pursuit, peer, from, timer, asked_ms, waits: false });
        send(peer, &Word::Ask(from.0), cx);
        cx.timer(self.timers, ANSWER_US);
    }

    pub(super) fn receive(
        &mut self,
        ledger: &Ledger,
        from: usize,
        bytes: &[u8],
        cx: &mut Cx,
    ) -> Result<(), Fatal> {
        match borsh::from_slice(bytes) {
            Ok(Word::Where) => send(from, &Word::Here(ledger.certified().0), cx),
            Ok(Word::Here(certified)) => _ = self.certified.insert(from, certified),
            Ok(Word::Ask(height)) => {
                let blocks = ledger.blocks_from(Height(height), ANSWER_BYTES_MAX);
                let item = |(block, certificate): (_, Option<Certificate>)| Item {
                    block,
                    certificate: certificate.map(alloy_rlp::encode),
                };
                let items = blocks.map_err(|e| Fatal::because(&e))?.into_iter().map(item).collect();
                send(from, &Word::Answer(height, items), cx);
            }
            Ok(Word::Answer(height, items)) => {
                let answers =
                    |taking: &mut Taking| taking.peer == from && taking.from.0 == height && !taking.waits;
                if let Some(taking) = self.taking.take_if(answers) {
                    self.give(ledger, taking, items, cx)?;
                }
            }
            Err(error) => cx.blame(from, error.to_string()),
        }
        Ok(())
    }

    /// Takes what was given as far as engines allow it now.
    fn give(
        &mut self,
        ledger: &Ledger,
        mut taking: Taking,
        items: Vec<Item>,
        cx: &mut Cx,
    ) -> Result<(), Fatal> {
        let told = |Item { block, certificate }| -> alloy_rlp::Result<Told> {
            let certificate = certificate.map(|bytes: Vec<u8>| Certificate::decode(&mut &*bytes)).transpose();
            Ok((block, certificate?))
        };
        let blocks = items.into_iter().map(told).collect::<alloy_rlp::Result<Vec<_>>>();
        if blocks.is_err() {
            cx.blame(taking.peer, "not a certificate".to_owned());
        }
        let waited_ms = cx.now_ms().saturating_sub(taking.asked_ms);
        taking.pursuit.give(blocks.unwrap_or_default(), waited_ms);
        self.taking = Some(taking);
        self.take(ledger, cx)
    }

    /// Takes blocks in order, and asks for more if they do not lead far enough.
    pub(super) fn take(&mut self, ledger: &Ledger, cx: &mut Cx) -> Result<(), Fatal> {
        let Some(mut taking) = self.taking.take() else { return Ok(()) };
        let peer = taking.peer;
        match taking.pursuit.take(ledger, cx.wall_ms()).map_err(|e| Fatal::because(&e))? {
            Followed::Waits => {
                taking.waits = true;
                self.taking = Some(taking);
                return Ok(());
            }
            Followed::Taken | Followed::Known => {}
            Followed::Apart(reason) => cx.note(format!("the chain of {peer} is another: {reason}")),
            Followed::Refused(reason) => cx.blame(peer, reason),
        }
        self.go_on(ledger, taking.pursuit, cx);
        Ok(())
    }
}
