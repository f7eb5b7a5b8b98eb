//! What to simulate: a file that people write.
//!
//! ```toml
//! nodes = 4
//! heights = 3                # blocks each honest node must finalize after the network healed
//! payments = 4
//! mechanism = "stake"       # or rotation (the default), random, elected, appointed, delegation, delegates, supervisors
//! stakes = [40, 30, 20, 10]
//!
//! [network]
//! latency_ms = [[2, 40], [40, 2]]   # between regions; nodes take turns in them
//! jitter_permille = 200
//! loss_permille = 50
//!
//! [storm]
//! seconds = 10
//! crashes = 3
//! partitions = 2
//!
//! [[villain]]
//! node = 3
//! is = "equivocator"
//! ```
//!
//! With `punishing = true` the chain punishes whoever is proved to have signed two things; with `[work]` blocks are worked instead of
//! voted on; with `[switching]` members exchange the engines by vote.
//!
//! Every field has a default; `nodes` alone is a specification.

use crate::bft::{Plant, Villain};

/// Most nodes.
pub const NODES_MAX: usize = 1_024;
/// Most that a node may have bonded: half of what it begins with. Units: the currency's.
pub const STAKE_MAX: u64 = 5_000;

/// A specification.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// Validators, of one vote each unless the mechanism says otherwise. Bounds: `1..=`[`NODES_MAX`].
    pub nodes: usize,
    /// Blocks that each honest node must finalize after the network healed.
    pub heights: u64,
    /// How long it may take. Units: virtual seconds.
    pub patience: u64,
    /// Payments that clients make during the storm.
    pub payments: u64,
    /// Where databases are.
    pub store: Keep,
    /// The network.
    pub network: Network,
    /// What goes wrong until it heals.
    pub storm: Trouble,
    /// Validators that break the protocol.
    #[serde(rename = "villain")]
    pub villains: Vec<Casting>,
    /// A mistake built into the honest ones.
    pub plant: Option<Plant>,
    /// Which constitution the committee follows, where blocks are voted on.
    pub mechanism: Mechanism,
    /// What the nodes have bonded, where stake decides. Units: the currency's; 20, 21, 22, … where the list ends.
    pub stakes: Vec<u64>,
    /// Blocks are worked, by these rules; without it a committee decides them.
    pub work: Option<Work>,
    /// Members amend how blocks are decided: a committee, work, a committee, …
    pub switching: Option<Switching>,
    /// The charter has an incentive: who is proved to have signed two things is out, by the chain itself. Where a committee decides.
    pub punishing: bool,
}

/// Constitutions of consensus by votes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// Everyone writes in turn and votes.
    #[default]
    Rotation,
    /// As in rotation, by lot.
    Random,
    /// Who sits in a chamber of one that changes every few seconds leads; the others follow on.
    Elected,
    /// The second node leads and then the first.
    Appointed,
    /// By lot and with power in proportion to stake.
    Stake,
    /// The few with most stake write and vote for a term of seconds; what clients pay goes behind one candidate after the other, so
    /// that the few change.
    Delegation,
    /// Everyone writes; a few vote, who are drawn anew every few seconds among those that are not [outsiders](Mechanism::outsiders).
    Delegates,
    /// Everyone writes; only those vote that are not [outsiders](Mechanism::outsiders).
    Supervisors,
}

impl Mechanism {
    /// All.
    pub const ALL: [Self; 8] = [
        Self::Rotation,
        Self::Random,
        Self::Elected,
        Self::Appointed,
        Self::Stake,
        Self::Delegation,
        Self::Delegates,
        Self::Supervisors,
    ];

    /// How a specification names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::Random => "random",
            Self::Elected => "elected",
            Self::Appointed => "appointed",
            Self::Stake => "stake",
            Self::Delegation => "delegation",
            Self::Delegates => "delegates",
            Self::Supervisors => "supervisors",
        }
    }

    /// How many nodes, the first ones, never vote: the third that may be faulty, where only some of all vote and who that is is not moved
    /// by stake.
    #[must_use]
    pub const fn outsiders(self, nodes: usize) -> usize {
        match self {
            Self::Delegates | Self::Supervisors => nodes.saturating_sub(1) / 3,
            _ => 0,
        }
    }

    /// Seats, where they are fewer than those who could sit: one fewer than the nodes that are honest if as many are not as may be, at
    /// least one.
    #[must_use]
    pub const fn seats(self, nodes: usize) -> Option<usize> {
        let seats = nodes.saturating_sub(nodes.saturating_sub(1) / 3).saturating_sub(1);
        match self {
            Self::Delegation | Self::Delegates if seats == 0 => Some(1),
            Self::Delegation | Self::Delegates => Some(seats),
            _ => None,
        }
    }

    /// Whether it needs a chamber, or a term, that only its own charter has.
    #[must_use]
    pub const fn needs_chamber(self) -> bool {
        matches!(self, Self::Elected | Self::Delegation | Self::Delegates)
    }

    /// Whether some decide blocks that did not decide the one before, while nobody amends anything.
    #[must_use]
    pub const fn changes(self) -> bool {
        matches!(self, Self::Delegation | Self::Delegates)
    }
}

/// How blocks are worked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Work {
    /// Aimed at between blocks. Units: seconds.
    pub interval: u64,
    /// Blocks on top that make one final for clients.
    pub confirmations: u64,
    /// Blocks on top that make one final for ever.
    pub checkpoint: u64,
    /// Hashes that a block costs at the start. They are really computed, so it is small.
    pub difficulty: u64,
    /// Hash power of the nodes, in proportion to each other; 1 where the list ends.
    pub power: Vec<u64>,
}

impl Default for Work {
    fn default() -> Self {
        Self { interval: 2, confirmations: 4, checkpoint: 12, difficulty: 256, power: Vec::new() }
    }
}

impl Work {
    /// The right to write by work, as a charter has it.
    #[must_use]
    pub fn written(&self) -> String {
        let Self { interval, confirmations, checkpoint, difficulty, .. } = self;
        format!(
            "{{ by = \"work\", interval = \"{interval}s\", confirmations = {confirmations}, \
             checkpoint = {checkpoint}, difficulty = {difficulty} }}"
        )
    }

    fn is_possible(&self) -> bool {
        self.interval > 0 && self.difficulty > 0 && self.checkpoint >= self.confirmations.max(1)
    }

    /// Hash power of a node, in proportion to others.
    #[must_use]
    pub fn power_of(&self, node: usize) -> u64 {
        self.power.get(node).copied().unwrap_or(1)
    }
}

/// How often engines are exchanged, and which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Switching {
    /// Exchanges of engines until members are content: blocks that are agreed on otherwise than the one before.
    pub switches: u64,
    /// How long members vote. Units: seconds.
    pub voting: u64,
    /// The constitutions of the committees after each stretch of work, in turn; before the first it is rotation.
    pub committees: Vec<Mechanism>,
    /// The rules of the stretches of work.
    pub work: Work,
}

impl Default for Switching {
    fn default() -> Self {
        let work = Work { interval: 4, confirmations: 3, checkpoint: 12, difficulty: 16, ..Work::default() };
        let committees = vec![
            Mechanism::Rotation,
            Mechanism::Supervisors,
            Mechanism::Random,
            Mechanism::Stake,
            Mechanism::Appointed,
        ];
        Self { switches: 4, voting: 12, committees, work }
    }
}

/// Where databases are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// In memory.
    #[default]
    Memory,
    /// On the real disk, in a temporary folder.
    Disk,
}

/// The network.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// One way, between regions. Units: milliseconds.
    pub latency_ms: Vec<Vec<u64>>,
    /// More or less by so much of it. Units: thousandths.
    pub jitter_permille: u64,
    /// What a node sends and receives at. Units: megabytes per second.
    pub megabytes_per_second: u64,
    /// Lost during the storm. Units: thousandths.
    pub loss_permille: u64,
    /// Sent twice.
    pub duplicate_permille: u64,
    /// Held back and so overtaken by others.
    pub reorder_permille: u64,
    /// For at most so long. Units: milliseconds.
    pub reorder_ms: u64,
    /// Wall clocks are off by at most so much. Units: milliseconds.
    pub skew_ms: u64,
}

/// What goes wrong until the network heals.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trouble {
    /// How long it lasts. Units: virtual seconds.
    pub seconds: u64,
    /// Processes that die.
    pub crashes: u64,
    /// Of those, how many die in the middle of a write. Units: thousandths.
    pub torn_permille: u64,
    /// How long they are down at most. Units: milliseconds.
    pub down_ms: u64,
    /// Cuts of the network.
    pub partitions: u64,
    /// How long each lasts at most.
    pub partition_ms: u64,
}

/// Who breaks the protocol, and how.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Casting {
    /// Which node, from 0.
    pub node: usize,
    /// How.
    pub is: Villain,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            nodes: 4,
            heights: 3,
            patience: 120,
            payments: 2,
            store: Keep::Memory,
            network: Network::default(),
            storm: Trouble::default(),
            villains: Vec::new(),
            plant: None,
            mechanism: Mechanism::Rotation,
            stakes: Vec::new(),
            work: None,
            switching: None,
            punishing: false,
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            latency_ms: vec![vec![2, 40, 90], vec![40, 2, 60], vec![90, 60, 2]],
            jitter_permille: 200,
            megabytes_per_second: 20,
            loss_permille: 0,
            duplicate_permille: 0,
            reorder_permille: 0,
            reorder_ms: 1_500,
            skew_ms: 0,
        }
    }
}

impl Default for Trouble {
    fn default() -> Self {
        Self {
            seconds: 0,
            crashes: 0,
            torn_permille: 500,
            down_ms: 4_000,
            partitions: 0,
            partition_ms: 4_000,
        }
    }
}

/// Why a text is no specification.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// Not TOML, or with fields that do not exist.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// Too few or too many nodes.
    #[error("{0} nodes; a simulation has 1 to {NODES_MAX}")]
    Nodes(usize),
    /// A villain on a seat that does not exist, or two on one.
    #[error("villain on node {0}, which does not exist or is cast already")]
    Villain(usize),
    /// A villain of another engine.
    #[error("{1} villains do not exist where blocks are {0}")]
    Cast(&'static str, &'static str),
    /// Rules of work that cannot be.
    #[error("work needs an interval, a difficulty, and a checkpoint of at least `confirmations` and 1")]
    Work,
    /// What engines that are exchanged cannot have.
    #[error(
        "switching needs committees whose chambers do not change by themselves and a time to vote, has rules of work of its own, and \
         has no villains"
    )]
    Switching,
    /// Stakes of nodes that do not exist, or of nothing.
    #[error("stakes are of nodes, at most one each, at least 1 and at most 5000, where stake decides")]
    Stakes,
    /// A latency matrix with holes.
    #[error("latency_ms must be square and not empty")]
    Latency,
}

impl Spec {
    /// Reads a specification.
    ///
    /// # Errors
    /// [`SpecError`].
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let spec: Self = toml::from_str(text)?;
        if !(1..=NODES_MAX).contains(&spec.nodes) {
            return Err(SpecError::Nodes(spec.nodes));
        }
        let regions = spec.network.latency_ms.len();
        if regions == 0 || spec.network.latency_ms.iter().any(|row| row.len() != regions) {
            return Err(SpecError::Latency);
        }
        let works = spec.work.iter().chain(spec.switching.as_ref().map(|switching| &switching.work));
        if !works.into_iter().all(Work::is_possible) {
            return Err(SpecError::Work);
        }
        if let Some(Switching { voting, committees, .. }) = &spec.switching
            && (*voting == 0
                || committees.is_empty()
                || committees.iter().any(|committee| committee.needs_chamber())
                || spec.work.is_some()
                || spec.mechanism != Mechanism::Rotation
                || !spec.villains.is_empty())
        {
            return Err(SpecError::Switching);
        }
        let staked = matches!(spec.mechanism, Mechanism::Stake | Mechanism::Delegation);
        if spec.stakes.len() > spec.nodes
            || !(staked || spec.stakes.is_empty())
            || !spec.stakes.iter().all(|stake| (1..=STAKE_MAX).contains(stake))
        {
            return Err(SpecError::Stakes);
        }
        let (how, misplaced): (_, fn(&Villain) -> bool) = match spec.work {
            Some(_) => ("worked", |villain| !villain.works()),
            None => ("voted on", |villain| !villain.votes()),
        };
        if let Some(villain) = spec.villains.iter().map(|casting| casting.is).find(misplaced) {
            return Err(SpecError::Cast(how, villain.name()));
        }
        let mut cast = std::collections::BTreeSet::new();
        match spec.villains.iter().find(|villain| villain.node >= spec.nodes || !cast.insert(villain.node)) {
            Some(villain) => Err(SpecError::Villain(villain.node)),
            None => Ok(spec),
        }
    }

    /// What node `node` has bonded where stake decides. Units: the currency's. Without [`Spec::stakes`] so near to equal that a third of
    /// the nodes has less than a third of the power.
    #[must_use]
    pub fn stake_of(stakes: &[u64], node: usize) -> u64 {
        stakes.get(node).copied().unwrap_or_else(|| u64::try_from(node).unwrap_or(0).saturating_add(20))
    }

    /// Voting power of a node, in proportion to others; where seats change, as if all had one.
    #[must_use]
    pub fn power_of(&self, node: usize) -> u64 {
        match self.mechanism {
            Mechanism::Stake => Self::stake_of(&self.stakes, node),
            _ => u64::from(node >= self.mechanism.outsiders(self.nodes)),
        }
    }

    /// Voting power of villains, and of all.
    #[must_use]
    pub fn powers(&self) -> (u64, u64) {
        let villains = self.villains.iter().map(|casting| self.power_of(casting.node)).sum();
        (villains, (0..self.nodes).map(|node| self.power_of(node)).sum())
    }

    /// Whether the villains do no harm by theory: they have less than a third of the power.
    ///
    /// Source: Tendermint (arXiv:1807.04938) §2: `n > 3f`, in voting power.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        let (villains, all) = self.powers();
        villains.saturating_mul(3) < all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_read_and_mistakes_are_named() {
        let spec = Spec::parse("nodes = 7\n[[villain]]\nnode = 6\nis = \"silent\"").expect("good");
        assert_eq!((spec.nodes, spec.is_safe(), spec.villains[0].is), (7, true, Villain::Silent));
        for (text, words) in [
            ("nodes = 0", "0 nodes"),
            ("nodes = 2000", "2000 nodes"),
            ("node = 4", "unknown field"),
            ("[[villain]]\nnode = 4\nis = \"silent\"", "node 4"),
            ("[[villain]]\nnode = 1\nis = \"silent\"\n[[villain]]\nnode = 1\nis = \"liar\"", "node 1"),
            ("[[villain]]\nnode = 1\nis = \"nice\"", "unknown variant"),
            (
                "[[villain]]\nnode = 1\nis = \"selfish\"",
                "selfish villains do not exist where blocks are voted on",
            ),
            (
                "[work]\n[[villain]]\nnode = 1\nis = \"silent\"",
                "silent villains do not exist where blocks are worked",
            ),
            ("[work]\ncheckpoint = 1", "checkpoint of at least"),
            ("[switching.work]\ninterval = 0", "an interval"),
            ("[switching]\n[work]", "rules of work of its own"),
            ("[switching]\ncommittees = [\"delegates\"]", "do not change by themselves"),
            ("stakes = [1]", "where stake decides"),
            ("mechanism = \"stake\"\nstakes = [1, 0]", "at least 1"),
            ("mechanism = \"stake\"\nstakes = [1, 1, 1, 1, 1]", "one each"),
            ("[switching]\n[[villain]]\nnode = 1\nis = \"silent\"", "no villains"),
            ("[network]\nlatency_ms = [[1, 2]]", "square"),
        ] {
            let error = Spec::parse(text).expect_err(text).to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn power_and_not_heads_say_what_is_safe() {
        let spec = |villains: &[usize]| {
            let cast = villains.iter().map(|node| format!("[[villain]]\nnode = {node}\nis = \"silent\"\n"));
            let text = "mechanism = \"stake\"\nstakes = [40, 20, 30, 10]\n".to_owned();
            Spec::parse(&(text + &cast.collect::<String>())).expect("good")
        };
        for (villains, powers, safe) in
            [(&[2][..], (30, 100), true), (&[0], (40, 100), false), (&[1, 3], (30, 100), true)]
        {
            let spec = spec(villains);
            assert_eq!((spec.powers(), spec.is_safe()), (powers, safe), "{villains:?}");
        }
    }
}
