//! What a proposer gains by grinding: the real ledger, real blocks and real randomness, height by height, without a network.
//!
//! Members write by lot with equal weights, some of them grind together, and each height is written by the first whose turn comes and
//! who does not stay silent. The grinders' lever is one of:
//!
//! - *content*: the writer builds blocks with other timestamps and transactions and takes one that draws a grinder for the next height;
//! - *silence*: it knows its own output and, of heights that grinders would write in a row, all that follow; it stays silent where another
//!   output, or one that nobody knows yet, leads to more turns;
//! - *keys*: in the block it writes it registers other keys for its node, chosen with the output it already knows;
//! - *content on a weak chain*: turns are drawn with the hash of the block before instead of proven randomness. This is the planted
//!   weakness that shows the experiment able to find one; only who writes is changed, by the experiment.
//!
//! What silence can gain at most is [`Silence::most`]. Shares are taken over a hundred heights each, so that heights which depend on each
//! other lie within one measurement.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use polity_consensus::{Application as _, Fatal};
use polity_constitution::{
    Committee,
    randomness::{Question, rests},
};
use polity_ledger::{Head, Ledger, LedgerApplication, Proposer};
use polity_mempool::Condition;
use polity_primitives::{Address, B256, Certificate, Height, SealedBlock};

use super::{Interval, Z_95, keys::Keys, mean, silence::Silence};
use crate::{
    agreement::{Agreement, Founding},
    disk::Store,
    engine::EPOCH_MS,
    spec::Mechanism,
};

/// Timestamps that a content-grinding writer tries, a second apart: clocks of others allow five.
const TIMES: u64 = 3;
/// Heights of one measurement.
const BATCH: u64 = 100;
/// Heights that a silent grinder looks ahead. Source: grinders with a third of the weight write so many in a row once in 10^5 times.
const AHEAD_MAX: u32 = 10;

/// What grinders do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lever {
    /// Other contents of the block.
    Content,
    /// No block.
    Silence,
    /// Other keys of the writer's node.
    Keys,
    /// Other contents, where the hash of a block is the randomness of the next.
    WeakContent,
}

impl Lever {
    const fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Silence => "silence",
            Self::Keys => "keys",
            Self::WeakContent => "content, planted",
        }
    }
}

/// What theory says of the share of turns.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theory {
    /// It is this.
    Is(f64),
    /// It is at most this, and more than the fair share.
    AtMost(f64),
}

/// One lever, measured.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Row {
    /// What grinders do.
    pub lever: Lever,
    /// Members.
    pub members: usize,
    /// Of them grind.
    pub grinders: usize,
    /// Share of the weight.
    pub fair: f64,
    /// Share of turns, by theory.
    pub theory: Theory,
    /// Share of heights whose first turn is a grinder's.
    pub turns: Interval,
    /// Share of blocks that grinders write.
    pub written: Interval,
    /// Turns that grinders are held to have missed, in a height.
    pub missed: Interval,
}

impl Row {
    /// Whether what was measured is what theory says, by intervals wide enough for every row of a table.
    #[must_use]
    pub fn holds(&self) -> bool {
        let (turns, silent) = (self.turns.widened(), self.lever == Lever::Silence);
        let gain = match self.theory {
            Theory::Is(share) => turns.holds(share),
            Theory::AtMost(share) => turns.low > self.fair && turns.low < share,
        };
        // Whoever is silent writes less than its share and misses turns; nobody else misses any.
        let (written, missed) = (self.written.widened(), self.missed.widened());
        gain && silent == (written.high < self.fair) && silent == (missed.low > 0.0)
    }

    /// Whether the share of turns is more than fair beyond chance.
    #[must_use]
    pub fn gains(&self) -> bool {
        self.turns.widened().low > self.fair
    }
}

/// The table.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Grinding {
    /// Heights of each row.
    pub heights: u64,
    /// By lever.
    pub rows: Vec<Row>,
}

/// A member's node, as the ledger knows it.
struct Writer {
    member: usize,
    proposer: Proposer,
    app: LedgerApplication,
}

struct Game {
    agreement: Arc<Agreement>,
    ledger: Ledger,
    /// By consensus address.
    writers: BTreeMap<Address, Writer>,
    grinders: BTreeSet<Address>,
    lever: Lever,
    now_ms: u64,
    paid: u64,
    keys: Keys,
}

impl Game {
    fn new(agreement: Arc<Agreement>, grinders: usize, first: usize, lever: Lever) -> Result<Self, Fatal> {
        let ledger = agreement.open(&Store::Memory(polity_db::Memory::default()))?;
        let members = agreement.keys().len();
        let mut writers = BTreeMap::new();
        for member in 0..members {
            let proposer = agreement.proposer(member)?;
            let app = ledger.application(proposer.clone());
            writers.insert(proposer.address, Writer { member, proposer, app });
        }
        let grinds = |writer: &Writer| (writer.member + members - first) % members < grinders;
        let grinders = writers.iter().filter(|(_, writer)| grinds(writer)).map(|(who, _)| *who).collect();
        let keys = Keys::default();
        Ok(Self { agreement, ledger, writers, grinders, lever, now_ms: EPOCH_MS, paid: 0, keys })
    }

    /// Who has turns after a block of this hash and randomness.
    fn committee_after(&self, committee: &Committee, hash: B256, mix_hash: B256) -> Committee {
        committee.reseeded(if self.lever == Lever::WeakContent { hash } else { mix_hash })
    }

    fn app(&mut self, who: Address) -> Result<&mut Writer, Fatal> {
        self.writers.get_mut(&who).ok_or_else(|| Fatal(format!("{who} is no node")))
    }

    fn build(&mut self, who: Address, height: Height, round: u32, ahead: u64) -> Result<SealedBlock, Fatal> {
        let now_ms = self.now_ms.saturating_add(ahead.saturating_mul(1_000));
        self.app(who)?.app.build(height, round, now_ms)
    }

    /// A block of `who` that draws a grinder for the next height, or the first it thought of.
    fn by_content(
        &mut self,
        committee: &Committee,
        who: Address,
        height: Height,
        round: u32,
    ) -> Result<SealedBlock, Fatal> {
        let mut first = None;
        for ahead in (0..TIMES).chain(0..TIMES) {
            if ahead == 0 && first.is_some() {
                let payment = self.agreement.payment(self.paid);
                self.paid = self.paid.saturating_add(1);
                self.ledger.submit(&payment, Condition::default()).map_err(|e| Fatal::because(&e))?;
            }
            let block = self.build(who, height, round, ahead)?;
            let next = self.committee_after(committee, block.hash, block.block.header.mix_hash);
            if self.grinders.contains(&next.proposer(height.next(), 0).address) {
                return Ok(block);
            }
            first.get_or_insert(block);
        }
        first.ok_or_else(|| Fatal("no content was tried".to_owned()))
    }

    /// Grinders whose turns come before anybody else's, each once.
    fn lead(&self, committee: &Committee, height: Height) -> Vec<Address> {
        let mut lead = Vec::new();
        let turns = (0..committee.rounds_for_all()).map(|round| committee.proposer(height, round).address);
        for who in turns.take_while(|who| self.grinders.contains(who)) {
            if !lead.contains(&who) {
                lead.push(who);
            }
        }
        lead
    }

    /// The randomness of block `height` if `who` writes it.
    fn output(&self, committee: &Committee, who: Address, height: Height, seed: B256) -> Result<B256, Fatal> {
        let writer = self.writers.get(&who).ok_or_else(|| Fatal(format!("{who} is no node")))?;
        let question = Question { chain_id: self.agreement.charter().chain_id, height, seed };
        if committee.seat(&who).is_some_and(|seat| rests(seat.peer_key_since, height)) {
            return Ok(question.at_rest());
        }
        Ok(writer.proposer.prover.prove(&question).map_err(|e| Fatal::because(&e))?.mix_hash)
    }

    /// Heights in a row, from `height` on, that begin with a grinder's turn if grinders choose whose output each has.
    fn row(&self, committee: &Committee, height: Height, seed: B256, ahead: u32) -> Result<u32, Fatal> {
        let committee = committee.reseeded(seed);
        let lead = self.lead(&committee, height);
        if lead.is_empty() || ahead == 0 {
            return Ok(0);
        }
        let mut best = 0;
        for who in lead {
            let next = self.output(&committee, who, height, seed)?;
            best = best.max(self.row(&committee, height.next(), next, ahead - 1)?);
        }
        Ok(best.saturating_add(1))
    }

    /// Which grinder writes `height`, of those whose turns come first; nobody, if an output that nobody knows is better.
    fn speaker(&self, committee: &Committee, height: Height, seed: B256) -> Result<Option<Address>, Fatal> {
        let mut best = (0, None);
        for who in self.lead(committee, height) {
            let next = self.output(committee, who, height, seed)?;
            let row = self.row(committee, height.next(), next, AHEAD_MAX)?;
            if row > best.0 {
                best = (row, Some(who));
            }
        }
        Ok(best.1)
    }

    /// What the grinder `who` does with its turn.
    fn grind(
        &mut self,
        (head, committee): (&Head, &Committee),
        who: Address,
        height: Height,
        round: u32,
    ) -> Result<Option<SealedBlock>, Fatal> {
        match self.lever {
            Lever::Content | Lever::WeakContent => self.by_content(committee, who, height, round).map(Some),
            Lever::Silence => {
                let speaks = self.speaker(committee, height, head.header().mix_hash)? == Some(who);
                speaks.then(|| self.build(who, height, round, 0)).transpose()
            }
            Lever::Keys => {
                let Some(Writer { member, proposer, .. }) = self.writers.get(&who) else { return Ok(None) };
                let output = self.output(committee, who, height, head.header().mix_hash)?;
                let call =
                    self.keys.change(&self.agreement, &self.ledger, (*member, proposer), height, output)?;
                if let Some(raw) = call {
                    self.ledger.submit(&raw, Condition::default()).map_err(|e| Fatal::because(&e))?;
                }
                self.build(who, height, round, 0).map(Some)
            }
        }
    }

    /// Writes one height. Returns whether its first turn was a grinder's, whether a grinder wrote it, and the turns they missed.
    fn height(&mut self) -> Result<[f64; 3], Fatal> {
        let head = self.ledger.head();
        let height = head.height().next();
        let committee = self.committee_after(&head.committee, head.hash(), head.header().mix_hash);
        let turn = self.grinders.contains(&committee.proposer(height, 0).address);
        for round in 0..committee.rounds_for_all() {
            let who = committee.proposer(height, round).address;
            let grinds = self.grinders.contains(&who);
            let block = match grinds {
                true => self.grind((&head, &committee), who, height, round)?,
                false => Some(self.build(who, height, round, 0)?),
            };
            let Some(block) = block else { continue };
            let decided =
                Certificate { height: height.0, round, block_hash: block.hash, signatures: Vec::new() };
            self.app(who)?.app.finalize(decided)?;
            // So far that every timestamp which a writer tries is above its parent's.
            self.now_ms = self.now_ms.saturating_add(TIMES.saturating_mul(1_000));
            let missed = committee.participation(height, who).missed;
            let missed = missed.iter().filter(|who| self.grinders.contains(*who)).count();
            if let Some(proposer) = self.keys.changed() {
                self.rename(who, proposer);
            }
            #[allow(clippy::cast_precision_loss, reason = "a few members")]
            return Ok([f64::from(u8::from(turn)), f64::from(u8::from(grinds)), missed as f64]);
        }
        Err(Fatal(format!("nobody writes height {height}")))
    }

    /// The grinder that was `before` has other keys now.
    fn rename(&mut self, before: Address, proposer: Proposer) {
        if let Some(Writer { member, .. }) = self.writers.remove(&before) {
            let app = self.ledger.application(proposer.clone());
            self.grinders.remove(&before);
            self.grinders.insert(proposer.address);
            self.writers.insert(proposer.address, Writer { member, proposer, app });
        }
    }
}

/// Measures `batches` of a hundred heights with `lever` in the hands of `grinders` of `members`, the first of which is number `first`.
///
/// # Errors
/// [`Fatal`] if the ledger fails.
pub fn grind(
    lever: Lever,
    (members, grinders): (usize, usize),
    first: usize,
    batches: u64,
) -> Result<Row, Fatal> {
    let founding = Founding { seats: members, mechanism: Mechanism::Random, ..Founding::default() };
    let agreement = crate::run::agreement_of(&founding)?;
    let mut game = Game::new(agreement, grinders, first, lever)?;
    let mut measured: [Vec<f64>; 3] = Default::default();
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let [batch, all, some] = [BATCH as f64, members as f64, grinders as f64];
    for _ in 0..batches {
        let mut sums = [0.0; 3];
        for _ in 0..BATCH {
            sums.iter_mut().zip(game.height()?).for_each(|(sum, one)| *sum += one);
        }
        measured.iter_mut().zip(sums).for_each(|(shares, sum)| shares.push(sum / batch));
    }
    let fair = some / all;
    let silence = Silence::of(fair, grinders);
    let theory = match lever {
        Lever::Content | Lever::Keys => Theory::Is(fair),
        Lever::Silence if grinders == 1 => Theory::Is(silence.most),
        Lever::Silence => Theory::AtMost(silence.most),
        Lever::WeakContent => {
            // The next turn is missed only if every content misses it.
            let missed = (1.0 - fair).powi(i32::try_from(2 * TIMES).unwrap_or(0));
            Theory::Is(fair / (fair + missed))
        }
    };
    let [turns, written, missed] = measured.map(|shares| mean(&shares, Z_95));
    Ok(Row { lever, members, grinders, fair, theory, turns, written, missed })
}

/// Every lever, with `batches` of a hundred heights each; `seed` says who grinds.
///
/// # Errors
/// As [`grind()`].
pub fn grinding(seed: u64, batches: u64) -> Result<Grinding, Fatal> {
    let rows = [
        (Lever::Content, (4, 1)),
        (Lever::Keys, (4, 1)),
        (Lever::Silence, (4, 1)),
        (Lever::Silence, (7, 2)),
        (Lever::Silence, (10, 3)),
        (Lever::WeakContent, (4, 1)),
    ];
    let first = |members: usize| usize::try_from(seed % members as u64).unwrap_or(0);
    let row = |(lever, of): (Lever, (usize, usize))| grind(lever, of, first(of.0), batches);
    Ok(Grinding {
        heights: batches.saturating_mul(BATCH),
        rows: rows.map(row).into_iter().collect::<Result<_, _>>()?,
    })
}

impl Grinding {
    /// Whether all of it is as theory says: no gain by content or keys, no more than the bound and fewer blocks by silence, and the planted
    /// weakness found.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rows
            .iter()
            .all(|row| row.holds() && row.gains() != matches!(row.lever, Lever::Content | Lever::Keys))
    }
}

impl core::fmt::Display for Grinding {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "Grinding: {} heights of each row, members by lot with equal weights", self.heights)?;
        writeln!(
            f,
            "lever             grinders  fair    turns by theory  turns [95 % interval]         blocks written [95 % interval]      missed in a height"
        )?;
        for row in &self.rows {
            let theory = match row.theory {
                Theory::Is(share) => format!("{share:.4}"),
                Theory::AtMost(share) => format!("at most {share:.4}"),
            };
            writeln!(
                f,
                "{:<16}  {:>2} of {:<2}  {:.4}  {theory:<15}  {:<28}  {:<28}  {}",
                row.lever.name(),
                row.grinders,
                row.members,
                row.fair,
                row.turns,
                row.written,
                row.missed
            )?;
        }
        let a = 0.25;
        let Silence { most, written, missed } = Silence::of(a, 1);
        writeln!(
            f,
            "Silence, one grinder of weight a: turns a/(1-a+a^2), blocks a^2/(1-a+a^2), missed a(1-a)/(1-a+a^2) in a height; \
             for a = 1/4 {most:.4}, {written:.4}, {missed:.4}. \
             It never pays in blocks: each costs one to gain a chance of one."
        )?;
        f.write_str(if self.holds() { "As theory says." } else { "NOT as theory says." })
    }
}
