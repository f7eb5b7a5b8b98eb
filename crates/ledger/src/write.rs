//! From a block to the head.

use std::{cell::RefCell, sync::Arc};

use alloy_rlp::Decodable;
use polity_charter::Clock;
use polity_constitution::EngineKind;
use polity_db::BlockCommit;
use polity_execution::{Attributes, BlockError, TransactionSource, recover_all};
use polity_institutions::constitution;
use polity_mempool::Best;
use polity_primitives::{
    ASSEMBLY, Address, B256, Block, Certificate, Height, REGISTRY, RecoveredTransaction, SealedBlock,
    StateChanges, keccak256,
};
use polity_trie::State;

use crate::{
    Agreement, Error, ExecutedBlock, Head, Ledger, Proposer, candidates::Candidate, kept, read::committee_of,
    view::StateSlots,
};

/// How far a proposer's clock may run ahead of ours. Units: milliseconds. Source: geth allows 15 s, Tendermint's PBTS
/// half a second plus the message delay; members' machines keep time by NTP.
pub const CLOCK_DRIFT_MS_MAX: u64 = 5_000;

/// A built block and what was found unusable on the way.
pub(crate) struct Clocked {
    pub(crate) candidate: Candidate,
    pub(crate) rejected: Vec<B256>,
}

/// The verdict on a block that came from outside.
pub(crate) enum Judged {
    Valid(B256),
    Invalid(B256, String),
}

/// Rounds after which a proposal has no less in it than one transaction of any size.
const HALVINGS_MAX: u32 = 5;

/// The pool, as execution draws from it. In a round that follows failed ones it gives half as much as in the one before: a block
/// that takes longer to execute than others wait for it would else be proposed again for ever.
struct Source<'a> {
    best: Best<'a>,
    /// Gas limits it may still give out.
    budget: u64,
}

impl TransactionSource for Source<'_> {
    fn next(&mut self, _gas_left: u64) -> Option<Arc<RecoveredTransaction>> {
        let entry = self.best.next()?;
        self.budget = self.budget.checked_sub(entry.transaction.transaction.gas_limit())?;
        Some(entry.transaction.clone())
    }

    fn skip_sender(&mut self, _sender: &Address) {
        self.best.skip_sender();
    }
}

/// Applies changes to a state when execution asks for the root, and keeps the result.
struct Rooter<'a> {
    state: &'a State,
    applied: RefCell<Option<State>>,
}

impl<'a> Rooter<'a> {
    const fn new(state: &'a State) -> Self {
        Self { state, applied: RefCell::new(None) }
    }

    fn root(&self, changes: &StateChanges) -> B256 {
        let state = self.state.apply(changes);
        let root = state.root();
        self.applied.replace(Some(state));
        root
    }

    fn into_state(self, changes: &StateChanges) -> State {
        self.applied.into_inner().unwrap_or_else(|| self.state.apply(changes))
    }
}

impl Ledger {
    /// Time of the block after `head`. Units: seconds since 1970.
    pub(crate) fn timestamp(&self, head: &Head, now_ms: Option<u64>) -> u64 {
        let parent = head.header().timestamp;
        match self.0.charter.clock.timestamp_secs(head.height().next().0) {
            Some(replayed) => replayed,
            None => now_ms.map_or(parent, |now| (now / 1_000).max(parent)),
        }
    }

    /// Builds a block on `head` of what waits.
    pub(crate) fn assemble(
        &self,
        head: &Head,
        beneficiary: Address,
        mix_hash: B256,
        now_ms: Option<u64>,
        round: u32,
    ) -> Result<Clocked, Error> {
        let rooter = Rooter::new(&head.state);
        let rules = &head.agreement.rules;
        let budget = match round.min(HALVINGS_MAX) {
            0 => u64::MAX,
            halvings => (rules.signed_gas_max() >> halvings).max(rules.tx_gas_max()),
        };
        let mut source = Source { best: self.0.mempool.best(self.next_block(head, now_ms)), budget };
        let attributes = Attributes {
            timestamp_secs: self.timestamp(head, now_ms),
            beneficiary,
            mix_hash,
            missed: missed(head, beneficiary),
        };
        let built = self.0.executor.build(
            head.header(),
            head.hash(),
            &self.latest_of(head),
            &attributes,
            &mut source,
            &|changes| rooter.root(changes),
        )?;
        for (hash, reason) in &built.rejected {
            tracing::debug!(%hash, reason, "ledger.build.rejected");
        }
        let state = rooter.into_state(&built.outcome.changes);
        let block = ExecutedBlock {
            block: built.block,
            transactions: built.transactions,
            receipts: built.outcome.receipts,
        };
        Ok(Clocked {
            candidate: Candidate { block: Arc::new(block), state, changes: Arc::new(built.outcome.changes) },
            rejected: built.rejected.into_iter().map(|(hash, _)| hash).collect(),
        })
    }

    /// Builds the block to propose after the head, and makes its body durable.
    pub(crate) fn propose(&self, proposer: &Proposer, round: u32, now_ms: u64) -> Result<SealedBlock, Error> {
        let head = self.head();
        let proven = self.prove(&head, proposer)?;
        let Clocked { mut candidate, rejected } =
            self.assemble(&head, proposer.address, proven.mix_hash, Some(now_ms), round)?;
        Arc::make_mut(&mut candidate.block).block.block.seal = proven.proof.into();
        self.0.mempool.remove(&rejected);
        let block = candidate.block.block.clone();
        self.0.db.put_candidate(block.height(), &block.hash, &block.encoded())?;
        self.0.candidates.lock().insert(candidate);
        Ok(block)
    }

    /// Judges a block proposed or synced for the height after the head; makes a valid one's body durable.
    pub(crate) fn judge(&self, bytes: &[u8], height: Height, now_ms: u64) -> Result<Judged, Error> {
        let head = self.head();
        let block = match decode(bytes) {
            Ok(block) => block,
            Err(reason) => return Ok(Judged::Invalid(keccak256(bytes), reason)),
        };
        let hash = block.hash;
        let known = self.0.candidates.lock().get(&hash).map(|candidate| candidate.block.block.block.clone());
        if known.is_some_and(|known| known == block.block) {
            return Ok(Judged::Valid(hash));
        }
        let header = &block.block.header;
        let ahead = header.timestamp.saturating_mul(1_000) > now_ms.saturating_add(CLOCK_DRIFT_MS_MAX);
        let reason = if block.height() != height || height != head.height().next() {
            Some(format!("block {} where {} is being decided", block.height(), head.height().next()))
        } else if header.parent_hash != head.hash() {
            Some(format!("parent {}, but the last finalized block is {}", header.parent_hash, head.hash()))
        } else if self.0.charter.clock == Clock::Wall && ahead {
            Some(format!(
                "timestamp {} is more than {CLOCK_DRIFT_MS_MAX} ms ahead of our clock",
                header.timestamp
            ))
        } else if head.committee.seat(&header.beneficiary).is_none() {
            Some(format!("written by {}, who has no seat in the committee", header.beneficiary))
        } else {
            None
        };
        if let Some(reason) = reason {
            return Ok(Judged::Invalid(hash, reason));
        }
        if let Err(reason) = self.check_randomness(&head, &block.block) {
            // The seal is no part of the hash: these bytes are not the block of that name, which may be valid.
            return Ok(Judged::Invalid(keccak256(bytes), reason));
        }
        match self.execute(&head, block)? {
            Ok(candidate) => {
                self.0.db.put_candidate(height, &hash, bytes)?;
                self.0.candidates.lock().insert(candidate);
                Ok(Judged::Valid(hash))
            }
            Err(reason) => Ok(Judged::Invalid(hash, reason)),
        }
    }

    /// Executes `block` on `head`. The inner error is the block's fault.
    fn execute(&self, head: &Head, block: SealedBlock) -> Result<Result<Candidate, String>, Error> {
        let transactions = match self.recover(&block) {
            Ok(transactions) => transactions,
            Err(reason) => return Ok(Err(reason)),
        };
        let rooter = Rooter::new(&head.state);
        let outcome = match self.0.executor.apply(
            head.header(),
            &self.latest_of(head),
            &block,
            &transactions,
            &missed(head, block.block.header.beneficiary),
            &|changes| rooter.root(changes),
        ) {
            Ok(outcome) => outcome,
            Err(BlockError::Invalid(reason)) => return Ok(Err(reason.to_string())),
            Err(BlockError::Failed(error)) => return Err(error.into()),
            Err(error) => return Err(Error::InvalidDecided { hash: block.hash, reason: error.to_string() }),
        };
        let state = rooter.into_state(&outcome.changes);
        let block = ExecutedBlock { block, transactions, receipts: outcome.receipts };
        Ok(Ok(Candidate { block: Arc::new(block), state, changes: Arc::new(outcome.changes) }))
    }

    /// Senders of the transactions of `block`: those that waited here are known already, the rest are recovered on all cores.
    fn recover(&self, block: &SealedBlock) -> Result<Vec<RecoveredTransaction>, String> {
        let mut known = Vec::with_capacity(block.block.transactions.len());
        let mut strangers = Vec::new();
        for transaction in &block.block.transactions {
            let waiting = self.0.mempool.get(&transaction.hash());
            if waiting.is_none() {
                strangers.push(transaction.clone());
            }
            known.push(waiting);
        }
        let mut recovered = recover_all(&strangers).map_err(|error| error.to_string())?.into_iter();
        known
            .into_iter()
            .map(|waiting| match waiting {
                Some(entry) => Ok((*entry.transaction).clone()),
                None => recovered.next().ok_or_else(|| "a transaction without a sender".to_owned()),
            })
            .collect()
    }

    /// Makes the decided block the head: one durable commit, then everyone is told.
    pub(crate) fn settle(&self, certificate: &Certificate) -> Result<(), Error> {
        let head = self.head();
        let height = Height(certificate.height);
        if height <= head.height() {
            let ours = self.0.hash_of(height)?.ok_or(Error::Unknown(height))?;
            let theirs = certificate.block_hash;
            return if ours == theirs { Ok(()) } else { Err(Error::Conflict { height, ours, theirs }) };
        }
        let candidate = self.decided_candidate(&head, certificate)?;
        let block = candidate.block.clone();
        let senders: Vec<Address> = block.transactions.iter().map(|tx| tx.sender).collect();
        let tx_hashes: Vec<B256> = block.transactions.iter().map(|tx| tx.hash).collect();
        self.0.db.commit(&BlockCommit {
            block: &block.block,
            senders: &senders,
            tx_hashes: &tx_hashes,
            receipts: &block.receipts,
            changes: &candidate.changes,
            certificate: Some(certificate),
        })?;
        let touched = |institution| candidate.changes.accounts.contains_key(&institution);
        let slots = StateSlots(&candidate.state);
        let seed = block.header().mix_hash;
        let amended = constitution::version(&slots) != head.agreement.version;
        let agreement = if amended {
            let agreement = Arc::new(Agreement::after(&self.0.charter, &self.0.executor, &slots)?);
            self.0.db.set_history(kept(agreement.block_rules.history));
            tracing::info!(height = height.0, version = agreement.version, "ledger.charter.amended");
            agreement
        } else {
            head.agreement.clone()
        };
        let before = StateSlots(&head.state);
        let moved = constitution::revision(&slots) != constitution::revision(&before)
            || constitution::turn(&slots) == height.next().0;
        // Offices are seats in chambers.
        let seated = touched(ASSEMBLY)
            && constitution::consensus_at(&slots, height.next().0)
                .is_none_or(|settings| settings.chambers().next().is_some());
        let committee = if moved || seated || touched(REGISTRY) {
            committee_of(&slots, height.next(), seed)?
        } else {
            head.committee.reseeded(seed)
        };
        let committee = Arc::new(committee);
        let next = Head { block: block.clone(), state: candidate.state, committee, agreement };
        *self.0.head.write() = Arc::new(next);
        self.0.blocks.lock().insert(height, block.clone());
        self.0.candidates.lock().settle(block.block.hash, height);
        self.0.mempool.committed(
            block.transactions.iter().filter(|tx| tx.signed().is_some()).map(|tx| (tx.sender, tx.nonce())),
        );
        for listener in self.0.listeners.read().iter() {
            listener(&block);
        }
        Ok(())
    }

    /// The candidate that `certificate` decides, executed again from its stored body if memory does not have it.
    fn decided_candidate(&self, head: &Head, certificate: &Certificate) -> Result<Candidate, Error> {
        let hash = certificate.block_hash;
        if let Some(candidate) = self.0.candidates.lock().get(&hash) {
            return Ok(candidate.clone());
        }
        let (_, bytes) = self.0.db.candidate(&hash)?.ok_or(Error::MissingBody(hash))?;
        let block = decode(&bytes).map_err(|reason| Error::InvalidDecided { hash, reason })?;
        if block.hash != hash || block.block.header.parent_hash != head.hash() {
            return Err(Error::InvalidDecided {
                hash,
                reason: "it does not follow the last finalized block".into(),
            });
        }
        self.execute(head, block)?.map_err(|reason| Error::InvalidDecided { hash, reason })
    }
}

/// Whose turns came to nothing before `writer` wrote the block after `head`: what the accounts of that block say, where it has any.
/// Under work nobody has a turn.
fn missed(head: &Head, writer: Address) -> Vec<Address> {
    let height = head.height().next();
    let by_turns = || {
        let settings = constitution::consensus_at(&StateSlots(&head.state), height.0);
        settings.is_some_and(|settings| settings.engine() == EngineKind::Bft)
    };
    if head.agreement.rules.closing.at(height.0) && by_turns() {
        head.committee.participation(height, writer).missed
    } else {
        Vec::new()
    }
}

/// Decodes the RLP of a block, all of it.
fn decode(mut bytes: &[u8]) -> Result<SealedBlock, String> {
    let block = Block::decode(&mut bytes).map_err(|error| format!("the bytes are not a block: {error}"))?;
    if bytes.is_empty() { Ok(block.seal()) } else { Err(format!("{} bytes follow the block", bytes.len())) }
}
