//! What must hold, whatever the weather and whoever is a villain.
//!
//! Finality: honest nodes never finalize two blocks at one height, and a node never loses one. Proof: every finalized block has
//! a certificate that the committee of its height signed. Life: once the network heals every honest node finalizes further and
//! no payment is lost. Justice: nobody honest is accused.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use polity_consensus::{Fatal, work::Chain as _};
use polity_constitution::{Committee, offence};
use polity_ledger::Ledger;
use polity_primitives::{Accusation, Address, B256, Certificate, Evidence, Height};

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Violation {
    /// Two blocks at one height.
    Disagreement {
        /// The height.
        height: u64,
        /// The blocks and who finalized each.
        blocks: BTreeMap<B256, BTreeSet<usize>>,
    },
    /// A finalized block that is not there after a restart.
    Lost {
        /// The node.
        node: usize,
        /// What it had finalized.
        finalized: u64,
        /// What it has.
        found: u64,
    },
    /// A block that a node had finalized and has another one for.
    Undone {
        /// The node.
        node: usize,
        /// The height.
        height: u64,
    },
    /// A certificate that proves nothing.
    Certificate {
        /// The node that holds it.
        node: usize,
        /// Of which height.
        height: u64,
        /// Why.
        reason: String,
    },
    /// A node that did not go on.
    Stuck {
        /// The node.
        node: usize,
        /// Where it is.
        tip: u64,
        /// Where it should be.
        goal: u64,
    },
    /// A node that stopped by itself.
    Stopped {
        /// The node.
        node: usize,
        /// Why.
        reason: String,
    },
    /// An honest validator of whom a double vote is recorded.
    Accused {
        /// Its consensus address.
        who: Address,
    },
    /// A culprit of whom somebody honest has proof, and whom a chain did not punish.
    Unpunished {
        /// Whose chain.
        node: usize,
        /// Its consensus address.
        who: Address,
    },
    /// An honest node that another held for a breaker of the protocol.
    Blamed {
        /// Who held it so.
        by: usize,
        /// Whom.
        who: usize,
        /// For what.
        why: String,
    },
    /// Nodes whose heaviest chains part deeper than clients are told.
    Diverged {
        /// One.
        first: usize,
        /// The other.
        second: usize,
        /// Where they should agree.
        height: u64,
    },
    /// Evidence that proves nothing.
    Evidence {
        /// The node that holds it.
        node: usize,
    },
    /// Payments that are not executed.
    Unpaid {
        /// The node.
        node: usize,
        /// How many it executed.
        paid: u64,
        /// How many were made.
        made: u64,
    },
    /// Engines that are not exchanged any more.
    Unswitched {
        /// How often they were.
        switches: u64,
        /// How often they should be.
        wanted: u64,
    },
    /// Too little power among the culprits of a disagreement.
    Unnamed {
        /// The power of those who are named.
        power: u64,
        /// What it must be.
        least: u64,
    },
    /// The program failed.
    Panic {
        /// How.
        message: String,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disagreement { height, blocks } => {
                write!(f, "height {height} is finalized as {blocks:?}")
            }
            Self::Lost { node, finalized, found } => {
                write!(f, "node {node} had finalized height {finalized} and restarts at {found}")
            }
            Self::Undone { node, height } => {
                write!(f, "node {node} undid block {height}, which it had finalized")
            }
            Self::Certificate { node, height, reason } => {
                write!(f, "the certificate of height {height} at node {node}: {reason}")
            }
            Self::Stuck { node, tip, goal } => {
                write!(f, "node {node} is at height {tip} after the network healed, not at {goal}")
            }
            Self::Stopped { node, reason } => write!(f, "node {node} stopped: {reason}"),
            Self::Accused { who } => write!(f, "{who} is honest and accused of double signing"),
            Self::Unpunished { node, who } => {
                write!(
                    f,
                    "{who} is proved to have signed two things, and not punished on the chain of node {node}"
                )
            }
            Self::Blamed { by, who, why } => write!(f, "node {by} blames node {who}, which is honest: {why}"),
            Self::Diverged { first, second, height } => {
                write!(f, "the chains of nodes {first} and {second} differ at height {height}")
            }
            Self::Evidence { node } => write!(f, "node {node} holds evidence that proves nothing"),
            Self::Unpaid { node, paid, made } => {
                write!(f, "node {node} executed {paid} of {made} payments")
            }
            Self::Unswitched { switches, wanted } => {
                write!(
                    f,
                    "engines were exchanged {switches} times, {wanted} are wanted, and nothing more happens"
                )
            }
            Self::Unnamed { power, least } => {
                write!(f, "culprits of a disagreement with a power of {power} are named; it must be {least}")
            }
            Self::Panic { message } => write!(f, "panic: {message}"),
        }
    }
}

/// Watches what honest nodes finalize.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    decided: BTreeMap<u64, BTreeMap<B256, BTreeSet<usize>>>,
    tips: BTreeMap<usize, u64>,
    violations: Vec<Violation>,
}

impl Checker {
    /// An honest node finalized a block.
    pub fn finalized(&mut self, node: usize, height: Height, hash: B256) {
        let blocks = self.decided.entry(height.0).or_default();
        blocks.entry(hash).or_default().insert(node);
        let tip = self.tips.entry(node).or_default();
        *tip = height.0.max(*tip);
    }

    /// An honest node starts again with this tip.
    pub fn restarted(&mut self, node: usize, tip: Height) {
        let finalized = self.tips.get(&node).copied().unwrap_or(0);
        if tip.0 < finalized {
            self.violation(Violation::Lost { node, finalized, found: tip.0 });
        }
    }

    /// Notes something that must not be.
    pub fn violation(&mut self, violation: Violation) {
        self.violations.push(violation);
    }

    /// The highest block that any honest node has finalized.
    #[must_use]
    pub fn highest(&self) -> u64 {
        self.tips.values().copied().max().unwrap_or(0)
    }

    /// What `node` has finalized.
    #[must_use]
    pub fn tip(&self, node: usize) -> u64 {
        self.tips.get(&node).copied().unwrap_or(0)
    }

    /// What `node` has finalized, by height; where it said two things, all of them.
    pub fn told(&self, node: usize) -> impl Iterator<Item = (u64, B256)> + '_ {
        let blocks =
            self.decided.iter().flat_map(|(height, blocks)| blocks.iter().map(move |of| (*height, of)));
        blocks.filter(move |(_, (_, who))| who.contains(&node)).map(|(height, (hash, _))| (height, *hash))
    }

    /// Heights with two blocks.
    pub fn disagreements(&self) -> impl Iterator<Item = Violation> + '_ {
        self.decided
            .iter()
            .filter(|(_, blocks)| blocks.len() > 1)
            .map(|(height, blocks)| Violation::Disagreement { height: *height, blocks: blocks.clone() })
    }

    /// Everything that must not be, so far.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.disagreements().chain(self.violations.iter().cloned()).collect()
    }
}

/// The committees that decided blocks, by height and block. Reading that of a past height costs much, and all nodes of a run have the
/// same.
#[derive(Debug, Default)]
pub struct Committees {
    /// Whether they change; else one is read, that of the next block.
    pub change: bool,
    known: BTreeMap<(u64, B256), Arc<Committee>>,
}

impl Committees {
    fn of(&mut self, ledger: &Ledger, certificate: &Certificate) -> Result<Arc<Committee>, Fatal> {
        let name =
            if self.change { (certificate.height, certificate.block_hash) } else { Default::default() };
        if let Some(known) = self.known.get(&name) {
            return Ok(known.clone());
        }
        let height = if self.change { Height(certificate.height) } else { ledger.head().height().next() };
        let committee = ledger.committee_at(height).map_err(|e| Fatal::because(&e))?;
        self.known.insert(name, committee.clone());
        Ok(committee)
    }

    /// How many blocks others voted on than on the one before.
    #[must_use]
    pub fn reseated(&self) -> u64 {
        let voters = |committee: &Committee| -> BTreeSet<Address> {
            let seats = committee.seats().iter().filter(|seat| seat.power > 0);
            seats.map(|seat| seat.address).collect()
        };
        let pairs = self.known.values().zip(self.known.values().skip(1));
        pairs.filter(|(before, after)| voters(before) != voters(after)).count() as u64
    }
}

/// Checks the certificates of `ledger`: power, and all signatures of them if `thorough`.
///
/// # Errors
/// What the ledger says.
pub fn certificates(
    node: usize,
    ledger: &Ledger,
    committees: &mut Committees,
    thorough: bool,
) -> Result<Vec<Violation>, Fatal> {
    let chain_id = ledger.charter().chain_id;
    let failed = |e: polity_ledger::Error| Fatal::because(&e);
    let mut violations = Vec::new();
    let tip = ledger.head().height();
    for height in 1..=tip.0 {
        let mut wrong = |reason: String| violations.push(Violation::Certificate { node, height, reason });
        let Some(certificate) = ledger.certificate(Height(height)).map_err(failed)? else {
            wrong("it is missing".to_owned());
            continue;
        };
        let committee = committees.of(ledger, &certificate)?;
        let signers: BTreeSet<_> = certificate.signatures.iter().map(|commit| commit.validator).collect();
        let power: u64 = signers.iter().filter_map(|who| committee.seat(who)).map(|seat| seat.power).sum();
        if power < committee.quorum() {
            wrong(format!("power {power} of {}", committee.total_power()));
        } else if thorough && let Err(error) = committee.verify(chain_id, &certificate) {
            wrong(error.to_string());
        }
    }
    Ok(violations)
}

/// The first block that `node` had finalized and for which `ledger`, its ledger, has another or none.
#[must_use]
pub fn undone(node: usize, ledger: &Ledger, checker: &Checker) -> Option<Violation> {
    let chain = ledger.work_chain(None);
    let kept = |height, hash| chain.hash_at(Height(height)).ok().flatten() == Some(hash);
    let (height, _) = checker.told(node).find(|(height, hash)| !kept(*height, *hash))?;
    Some(Violation::Undone { node, height })
}

/// Whether the chains of all agree below `confirmations` blocks, on the lowest common height.
#[must_use]
pub fn convergence(ledgers: &[(usize, &Ledger)], confirmations: u64) -> Vec<Violation> {
    let lowest = ledgers.iter().map(|(_, ledger)| ledger.head().height().0).min().unwrap_or(0);
    let height = lowest.saturating_sub(confirmations);
    let at = |ledger: &Ledger| ledger.block(Height(height)).ok().flatten().map(|block| block.block.hash);
    let pairs = ledgers.iter().zip(ledgers.iter().skip(1));
    let differ = pairs.filter(|((_, a), (_, b))| at(a).is_none() || at(a) != at(b));
    differ
        .map(|((first, _), (second, _))| Violation::Diverged { first: *first, second: *second, height })
        .collect()
}

/// Checks of a chain whose engines are exchanged that each block has what its engine gives it: a certificate of the committee of its
/// height, or work; the last block of a stretch of work has both. All signatures are verified if `thorough`.
///
/// # Errors
/// What the ledger says.
pub fn switched(node: usize, ledger: &Ledger, thorough: bool) -> Result<Vec<Violation>, Fatal> {
    let chain_id = ledger.charter().chain_id;
    let failed = |e: polity_ledger::Error| Fatal::because(&e);
    let mut violations = Vec::new();
    let is_worked = |height| -> Result<Option<bool>, Fatal> {
        let block = ledger.block(Height(height)).map_err(failed)?;
        Ok(block.map(|block| !block.header().difficulty.is_zero()))
    };
    let floor = ledger.floor().0;
    for height in 1..=floor {
        let mut wrong = |reason: &str| {
            violations.push(Violation::Certificate { node, height, reason: reason.to_owned() });
        };
        let Some(worked) = is_worked(height)? else {
            wrong("the block is missing");
            continue;
        };
        let decided = !worked || is_worked(height.saturating_add(1))? == Some(false);
        match ledger.certificate(Height(height)).map_err(failed)? {
            None if decided && height < floor => wrong("it is missing"),
            Some(_) if !decided && height < floor => wrong("the block is worked, and none is asked for"),
            Some(certificate) if thorough => {
                let committee = ledger.committee_at(Height(height)).map_err(failed)?;
                if let Err(error) = committee.verify(chain_id, &certificate) {
                    wrong(&error.to_string());
                }
            }
            _ => {}
        }
    }
    Ok(violations)
}

/// Whether all have the same blocks, up to the highest that is final for each.
#[must_use]
pub fn one_chain(ledgers: &[(usize, &Ledger)]) -> Vec<Violation> {
    let lowest = ledgers.iter().map(|(_, ledger)| ledger.floor().0).min().unwrap_or(0);
    let at =
        |ledger: &Ledger, height| ledger.block(Height(height)).ok().flatten().map(|block| block.block.hash);
    let mut violations = Vec::new();
    for ((first, a), (second, b)) in ledgers.iter().zip(ledgers.iter().skip(1)) {
        let differs = |height: &u64| at(a, *height).is_none() || at(a, *height) != at(b, *height);
        if let Some(height) = (0..=lowest).find(differs) {
            violations.push(Violation::Diverged { first: *first, second: *second, height });
        }
    }
    violations
}

/// Whom `evidence` convicts, or nobody if it proves nothing.
#[must_use]
pub fn convicted(chain_id: u64, evidence: &Evidence) -> Option<Address> {
    // The check that the chain itself makes of an accusation, and that the author is the one it names.
    let proved = offence(chain_id, &Accusation::from(evidence).to_bytes()).ok()?;
    let named = match evidence {
        Evidence::DoubleVote { first, second } => {
            if first.validator != second.validator {
                return None;
            }
            first.validator
        }
        Evidence::DoubleProposal { validator, .. }
        | Evidence::InvalidProposal { validator, .. }
        | Evidence::InvalidWork { validator, .. } => *validator,
    };
    (proved.culprit == named).then_some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_blocks_at_a_height_and_a_lost_one_are_seen() {
        let mut checker = Checker::default();
        for (node, height, byte) in [(0, 1, 1), (1, 1, 1), (0, 2, 2)] {
            checker.finalized(node, Height(height), B256::repeat_byte(byte));
        }
        checker.restarted(0, Height(2));
        assert_eq!(checker.violations(), []);
        checker.restarted(0, Height(1));
        checker.finalized(1, Height(2), B256::repeat_byte(3));
        let kinds: Vec<_> = checker.violations().iter().map(ToString::to_string).collect();
        assert!(
            kinds[0].starts_with("height 2 is finalized as") && kinds[1].contains("restarts at 1"),
            "{kinds:?}"
        );
    }
}
