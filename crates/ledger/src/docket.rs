//! Evidence that this node recorded: what its engines found and what peers told, until it is punished and after.
//!
//! Whoever builds a block takes from here what the chain would punish now, so punishment waits for nobody's transaction. Whether
//! something was punished is asked of the state a block is built on; so a reorganisation that undoes a punishment brings the
//! evidence back by itself.
//!
//! Rule kept: only what is proved against a member's key is recorded, each offence once, so much of one member and no more, however
//! many keys it has had: its signatures cost it nothing, and it must not crowd out others.
//!
//! Deliberately absent: what evidence proves (`polity_constitution::offence`), and what it costs (the constitution).

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};
use polity_constitution::{Offence, offence};
use polity_execution::CARRIED_MAX;
use polity_institutions::constitution::{self, Obstacle};
use polity_primitives::{
    Accusation, Address, B256, Bytes, Evidence, Header, Height, SealedHeader, Signature,
};

use crate::{Error, Head, Ledger, view::StateSlots};

/// Most offences of one member on record, under all its keys.
pub const OFFENCES_PER_MEMBER_MAX: usize = 16;
/// Most offences on record. As many as the database keeps.
pub const OFFENCES_MAX: usize = polity_db::EVIDENCE_MAX;
/// For how many blocks evidence is not offered again that the chain refused though it was expected to take it.
const REFUSED_BLOCKS: u64 = 8;

/// One offence on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Docketed {
    /// The signatures.
    pub evidence: Evidence,
    /// The same as `CONSTITUTION.accuse` takes it.
    pub accusation: Bytes,
    /// What it proves.
    pub offence: Offence,
}

/// Where evidence comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An engine here found it.
    Found,
    /// A peer told it.
    Told,
}

/// What became of evidence that a peer told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// New and recorded: others should hear of it.
    New,
    /// Known, or nothing is left to punish, or it is of a height that this node does not know yet.
    Idle,
    /// Signed with a key that is no member's here: of one that joined just now, or of nobody. Anyone makes any number of these.
    Stranger,
    /// It proves nothing: no honest node tells it.
    False,
}

type Listener = Box<dyn Fn(&Bytes, Source) + Send + Sync>;

/// What is due on a head, as of a version of the record.
type Due = Option<((B256, u64), Arc<Vec<Docketed>>)>;

#[derive(Default)]
pub(crate) struct Docket {
    record: Mutex<Record>,
    due: Mutex<Due>,
    listeners: RwLock<Vec<Listener>>,
}

#[derive(Default)]
struct Record {
    by_key: BTreeMap<B256, Docketed>,
    /// Whose the keys are that culprits signed with. Nothing for what was loaded until it is asked for.
    members: BTreeMap<Address, String>,
    /// Grows with every change.
    version: u64,
    /// Refused by the chain: not offered before this height.
    refused: BTreeMap<B256, Height>,
}

impl Record {
    /// The entries of `member`, under all its keys.
    fn of<'a>(&'a self, member: &'a str) -> impl Iterator<Item = &'a Docketed> {
        let is = move |at: &&Docketed| self.members.get(&at.offence.culprit).is_some_and(|of| of == member);
        self.by_key.values().filter(is)
    }

    /// Asks `slots` whose the keys are that are not known yet. Cost: a slot for each of those.
    fn name(&mut self, slots: &StateSlots<'_>) {
        for culprit in self.by_key.values().map(|at| at.offence.culprit) {
            if let Entry::Vacant(vacant) = self.members.entry(culprit)
                && let Some(member) = constitution::member_of_signer(slots, culprit)
            {
                vacant.insert(member);
            }
        }
    }

    fn remove(&mut self, key: &B256) {
        let culprit = self.by_key.remove(key).map(|at| at.offence.culprit);
        self.refused.remove(key);
        if let Some(culprit) =
            culprit.filter(|gone| self.by_key.values().all(|at| at.offence.culprit != *gone))
        {
            self.members.remove(&culprit);
        }
    }
}

impl Docket {
    /// What was on record when the node stopped.
    pub(crate) fn load(chain_id: u64, kept: Vec<Evidence>) -> Self {
        let docketed = kept.into_iter().filter_map(|evidence| {
            let docketed = proved(chain_id, evidence)?;
            Some((docketed.offence.key, docketed))
        });
        let record = Record { by_key: docketed.collect(), ..Record::default() };
        Self { record: Mutex::new(record), ..Self::default() }
    }

    /// Grows with every change of the record.
    pub(crate) fn version(&self) -> u64 {
        self.record.lock().version
    }
}

fn proved(chain_id: u64, evidence: Evidence) -> Option<Docketed> {
    let accusation = Accusation::from(&evidence).to_bytes();
    let offence = offence(chain_id, &accusation).ok()?;
    Some(Docketed { evidence, accusation, offence })
}

impl Ledger {
    /// Calls `listener` with every accusation that is new on record.
    pub fn on_evidence(&self, listener: impl Fn(&Bytes, Source) + Send + Sync + 'static) {
        self.0.docket.listeners.write().push(Box::new(listener));
    }

    /// Everything on record, by height, with why the next block would not punish it; `None` where it would, in a chain that does so
    /// by itself.
    #[must_use]
    pub fn docket(&self) -> Vec<(Docketed, Option<Obstacle>)> {
        let head = self.head();
        let at = (head.height().next().0, self.timestamp(&head, None));
        let mut all: Vec<_> = self.0.docket.record.lock().by_key.values().cloned().collect();
        all.sort_by_key(|at| (at.offence.height, at.offence.round, at.offence.key));
        let obstacle =
            |entry: &Docketed| constitution::obstacle(&StateSlots(&head.state), &entry.offence, at, true);
        all.into_iter()
            .map(|entry| {
                let found = obstacle(&entry);
                (entry, found)
            })
            .collect()
    }

    /// Whether the chain punishes by itself in its next block.
    #[must_use]
    pub fn convicts(&self) -> bool {
        carries(&self.head())
    }

    /// What the block after `head` would punish, at most one offence of each member: the gravest first, for a member answers once, and
    /// of those the oldest.
    pub(crate) fn due_on(&self, head: &Head, timestamp_secs: u64) -> Vec<Docketed> {
        if !carries(head) {
            return Vec::new();
        }
        let (slots, next) = (StateSlots(&head.state), head.height().next());
        let record = self.0.docket.record.lock();
        let offered = |key: &B256| record.refused.get(key).is_none_or(|until| *until <= next);
        let mut entries: Vec<_> = record.by_key.values().filter(|at| offered(&at.offence.key)).collect();
        entries.sort_by_key(|at| {
            let Offence { kind, height, round, key, .. } = at.offence;
            (!kind.is_double(), height, round, key)
        });
        let (mut due, mut members) = (Vec::new(), BTreeSet::new());
        for entry in entries {
            let member = constitution::member_of_signer(&slots, entry.offence.culprit);
            let Some(member) = member.filter(|member| !members.contains(member)) else { continue };
            if constitution::obstacle(&slots, &entry.offence, (next.0, timestamp_secs), true).is_none() {
                due.push(entry.clone());
                members.insert(member);
            }
        }
        due
    }

    /// What a block built on `head` carries.
    pub(crate) fn carried_on(&self, head: &Head, timestamp_secs: u64) -> Vec<Bytes> {
        let due = self.due_on(head, timestamp_secs);
        due.into_iter().take(CARRIED_MAX).map(|entry| entry.accusation).collect()
    }

    /// Notes that a block that was built could not carry these.
    pub(crate) fn not_carried(&self, head: &Head, unproved: &[(Bytes, String)]) {
        let mut record = self.0.docket.record.lock();
        for (bytes, reason) in unproved {
            let Ok(proved) = offence(self.0.charter.chain_id, bytes) else { continue };
            tracing::debug!(key = %proved.key, reason, "ledger.evidence.not_carried");
            let until = Height(head.height().0.saturating_add(REFUSED_BLOCKS));
            if record.by_key.contains_key(&proved.key) {
                record.refused.insert(proved.key, until);
                record.version = record.version.saturating_add(1);
            }
        }
    }

    /// Accusations that the next block would punish: what peers should hear of. Cached while head and record stay.
    #[must_use]
    pub fn due_evidence(&self) -> Vec<Bytes> {
        self.due_now().iter().map(|entry| entry.accusation.clone()).collect()
    }

    pub(crate) fn due_now(&self) -> Arc<Vec<Docketed>> {
        let head = self.head();
        let key = (head.hash(), self.0.docket.version());
        if let Some((cached, due)) = self.0.docket.due.lock().as_ref()
            && *cached == key
        {
            return due.clone();
        }
        let due = Arc::new(self.due_on(&head, self.timestamp(&head, None)));
        *self.0.docket.due.lock() = Some((key, due.clone()));
        due
    }

    /// Records what an engine found. What proves nothing against a member is not kept.
    pub(crate) fn record_evidence(&self, evidence: Evidence) -> Result<(), Error> {
        match proved(self.0.charter.chain_id, evidence.clone()) {
            Some(docketed) => self.put(docketed, Source::Found).map(drop),
            None => {
                tracing::warn!(?evidence, "ledger.evidence.unproved");
                Ok(())
            }
        }
    }

    /// Takes evidence that a peer told, in the form of `CONSTITUTION.accuse`.
    ///
    /// Cost: two recoveries of a signer.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn hear_evidence(&self, bytes: &[u8]) -> Result<Heard, Error> {
        let Ok(offence) = offence(self.0.charter.chain_id, bytes) else { return Ok(Heard::False) };
        let Ok(accusation) = Accusation::from_bytes(bytes) else { return Ok(Heard::False) };
        let Some(evidence) = accusation.into_evidence(offence.culprit) else { return Ok(Heard::False) };
        let head = self.head();
        match constitution::obstacle(&StateSlots(&head.state), &offence, self.soon(&head), true) {
            Some(Obstacle::Unattributed(_)) => return Ok(Heard::Stranger),
            Some(_) => return Ok(Heard::Idle),
            None => {}
        }
        let Some(docketed) = proved(self.0.charter.chain_id, evidence) else { return Ok(Heard::False) };
        Ok(if self.put(docketed, Source::Told)? { Heard::New } else { Heard::Idle })
    }

    /// When what is heard and what is on record is judged: as of the block after next, for whoever told it may be a block ahead.
    fn soon(&self, head: &Head) -> (u64, u64) {
        (head.height().next().next().0, self.timestamp(head, None))
    }

    /// Records that the writer of an invalid worked block sealed what no state makes valid; if it did.
    pub(crate) fn record_work(&self, header: &Header, seal: &[u8]) -> Result<(), Error> {
        let Ok(signature) = Signature::try_from(seal) else { return Ok(()) };
        let header = Bytes::from(alloy_rlp::encode(header));
        let accusation = Accusation::InvalidWork(SealedHeader { header, signature });
        let Ok(offence) = offence(self.0.charter.chain_id, &accusation.to_bytes()) else { return Ok(()) };
        match accusation.into_evidence(offence.culprit) {
            Some(evidence) => self.record_evidence(evidence),
            None => Ok(()),
        }
    }

    /// Puts `docketed` on record; whether it is new and there is room.
    fn put(&self, docketed: Docketed, source: Source) -> Result<bool, Error> {
        let head = self.head();
        let slots = StateSlots(&head.state);
        let (key, culprit) = (docketed.offence.key, docketed.offence.culprit);
        let Some(member) = constitution::member_of_signer(&slots, culprit) else { return Ok(false) };
        let accusation = docketed.accusation.clone();
        {
            let mut record = self.0.docket.record.lock();
            if record.by_key.contains_key(&key) {
                return Ok(false);
            }
            record.name(&slots);
            let of_member = record.of(&member).count() >= OFFENCES_PER_MEMBER_MAX;
            if of_member || record.by_key.len() >= OFFENCES_MAX {
                // What is settled makes room for what is not: of the same member, or of all. What is merely to come is not settled.
                let at = self.soon(&head);
                let settled = |entry: &&Docketed| {
                    let obstacle = constitution::obstacle(&slots, &entry.offence, at, true);
                    obstacle.is_some_and(|obstacle| !matches!(obstacle, Obstacle::Future(_)))
                };
                let by_height = |at: &&Docketed| at.offence.height;
                let oldest = if of_member {
                    record.of(&member).filter(settled).min_by_key(by_height)
                } else {
                    record.by_key.values().filter(settled).min_by_key(by_height)
                };
                let Some(oldest) = oldest.map(|entry| entry.offence.key) else { return Ok(false) };
                self.0.db.drop_evidence(oldest.as_slice())?;
                record.remove(&oldest);
            }
            self.0.db.put_evidence(key.as_slice(), &docketed.evidence)?;
            tracing::warn!(kind = docketed.offence.kind.as_str(), %culprit, height = docketed.offence.height,
                rule = docketed.offence.rule, "ledger.evidence");
            record.by_key.insert(key, docketed);
            record.members.insert(culprit, member);
            record.version = record.version.saturating_add(1);
        }
        for listener in self.0.docket.listeners.read().iter() {
            listener(&accusation, source);
        }
        Ok(true)
    }
}

/// Whether the block after `head` carries evidence.
fn carries(head: &Head) -> bool {
    head.agreement.rules.closing.at(head.height().next().0)
}
