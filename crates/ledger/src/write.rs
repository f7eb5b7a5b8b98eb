//! From transactions to a block, and from a block to a candidate.

use std::{cell::RefCell, sync::Arc};

use alloy_rlp::Decodable;
use polity_charter::Clock;
use polity_consensus::work::earliest;
use polity_execution::{Attributes, BlockError, TransactionSource, recover_all};
use polity_mempool::Best;
use polity_primitives::{
    Address, B256, Block, Height, RecoveredTransaction, SealedBlock, StateChanges, U256, keccak256,
};
use polity_trie::State;

use crate::{Error, ExecutedBlock, Head, Ledger, Proposer, candidates::Candidate};

/// How far a proposer's clock may run ahead of ours. Units: milliseconds. Source: geth allows 15 s, Tendermint's PBTS
/// half a second plus the message delay; members' machines keep time by NTP.
pub const CLOCK_DRIFT_MS_MAX: u64 = 5_000;

/// A block and what execution made of it.
pub(crate) struct Executed {
    pub(crate) block: Arc<ExecutedBlock>,
    pub(crate) state: State,
    pub(crate) changes: StateChanges,
}

/// A built block and what was found unusable on the way.
pub(crate) struct Assembled {
    pub(crate) executed: Executed,
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
        if let Some(replayed) = self.0.charter.clock.timestamp_secs(head.height().next().0) {
            return replayed;
        }
        // A worked block is also younger than the median of those before it.
        let least = match &head.course.next {
            Some(rules) => self.past(head, rules).map_or(parent, |past| earliest(&past)),
            None => parent,
        };
        now_ms.map_or(least, |now| (now / 1_000).max(least))
    }

    /// Builds a block on `head` of what waits.
    pub(crate) fn assemble(
        &self,
        head: &Head,
        beneficiary: Address,
        mix_hash: B256,
        now_ms: Option<u64>,
        round: u32,
    ) -> Result<Assembled, Error> {
        let rooter = Rooter::new(&head.state);
        let rules = &head.agreement.rules;
        let budget = match round.min(HALVINGS_MAX) {
            0 => u64::MAX,
            halvings => (rules.signed_gas_max() >> halvings).max(rules.tx_gas_max()),
        };
        let mut source = Source { best: self.0.mempool.best(self.next_block(head, now_ms)), budget };
        let difficulty = head.course.next.map_or(U256::ZERO, |rules| rules.difficulty(head.header()));
        let timestamp_secs = self.timestamp(head, now_ms);
        let attributes = Attributes {
            timestamp_secs,
            beneficiary,
            difficulty,
            mix_hash,
            missed: missed(head, beneficiary),
            evidence: self.carried_on(head, timestamp_secs),
        };
        let built = self.0.executor.build(
            head.header(),
            head.hash(),
            &self.latest_of(head),
            &attributes,
            &mut source,
            &|changes| rooter.root(changes),
        )?;
        self.not_carried(head, &built.unproved);
        for (hash, reason) in &built.rejected {
            tracing::debug!(%hash, reason, "ledger.build.rejected");
        }
        let state = rooter.into_state(&built.outcome.changes);
        let block = ExecutedBlock {
            block: built.block,
            transactions: built.transactions,
            receipts: built.outcome.receipts,
        };
        Ok(Assembled {
            executed: Executed { block: Arc::new(block), state, changes: built.outcome.changes },
            rejected: built.rejected.into_iter().map(|(hash, _)| hash).collect(),
        })
    }

    /// `executed`, on top of `parent`, as a candidate.
    pub(crate) fn candidate(&self, parent: &Head, executed: Executed) -> Result<Arc<Candidate>, Error> {
        let Executed { block, state, changes } = executed;
        let of = (&parent.state, &state, &changes);
        let after = parent.after().next(&self.0.charter, &self.0.executor, block.header(), of)?;
        Ok(Arc::new(Candidate::new(block, state, changes, after)))
    }

    /// Makes the body of `candidate` durable and adds it to the tree.
    pub(crate) fn keep(&self, candidate: &Arc<Candidate>) -> Result<(), Error> {
        let sealed = &candidate.block.block;
        self.0.db.put_candidate(sealed.height(), &sealed.hash, &sealed.encoded())?;
        // One that does not fit into the tree is executed again from its body if it is decided after all.
        match self.0.candidates.lock().insert(candidate.clone()) {
            Ok(Some(forgotten)) => {
                tracing::debug!(%forgotten, "ledger.candidate.forgotten");
                // What is worked can be fetched again; what is proposed may be decided after all.
                if candidate.after.course.own.is_some() {
                    self.0.db.drop_candidate(&forgotten)?;
                }
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, hash = %sealed.hash, "ledger.candidate.dropped"),
        }
        Ok(())
    }

    /// Builds the block to propose after the head, and makes its body durable.
    pub(crate) fn propose(&self, proposer: &Proposer, round: u32, now_ms: u64) -> Result<SealedBlock, Error> {
        let _writing = self.0.writing.lock();
        if let Some(height) = self.terminal() {
            return self.propose_terminal(height);
        }
        let head = self.head();
        let proven = self.prove(&head, proposer)?;
        let Assembled { mut executed, rejected } =
            self.assemble(&head, proposer.address, proven.mix_hash, Some(now_ms), round)?;
        Arc::make_mut(&mut executed.block).block.block.seal = proven.proof.into();
        self.0.mempool.remove(&rejected);
        let candidate = self.candidate(&head, executed)?;
        self.keep(&candidate)?;
        Ok(candidate.block.block.clone())
    }

    /// Judges a block proposed or synced for the height after the head; makes a valid one's body durable.
    pub(crate) fn judge(&self, bytes: &[u8], height: Height, now_ms: u64) -> Result<Judged, Error> {
        let _writing = self.0.writing.lock();
        if self.terminal() == Some(height) {
            return self.judge_terminal(bytes, height, now_ms);
        }
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
        } else if head.course.next.is_some() {
            Some(format!("block {} is worked, not decided by a committee", header.number))
        } else if !header.difficulty.is_zero() || !header.nonce.is_zero() {
            Some("a decided block has neither difficulty nor nonce".to_owned())
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
                self.keep(&candidate)?;
                Ok(Judged::Valid(hash))
            }
            Err(reason) => Ok(Judged::Invalid(hash, reason)),
        }
    }

    /// Executes `block` on `parent`. The inner error is the block's fault.
    pub(crate) fn execute(
        &self,
        parent: &Head,
        block: SealedBlock,
    ) -> Result<Result<Arc<Candidate>, String>, Error> {
        let transactions = match self.recover(&block) {
            Ok(transactions) => transactions,
            Err(reason) => return Ok(Err(reason)),
        };
        let rooter = Rooter::new(&parent.state);
        let outcome = match self.0.executor.apply(
            parent.header(),
            &self.latest_of(parent),
            &block,
            &transactions,
            &missed(parent, block.block.header.beneficiary),
            &|changes| rooter.root(changes),
        ) {
            Ok(outcome) => outcome,
            Err(BlockError::Invalid(reason)) => return Ok(Err(reason.to_string())),
            Err(BlockError::Failed(error)) => return Err(error.into()),
            Err(error) => return Err(Error::InvalidDecided { hash: block.hash, reason: error.to_string() }),
        };
        let state = rooter.into_state(&outcome.changes);
        let block = Arc::new(ExecutedBlock { block, transactions, receipts: outcome.receipts });
        match self.candidate(parent, Executed { block, state, changes: outcome.changes }) {
            // Nobody could decide what comes after it.
            Err(error @ Error::Committee { .. }) => Ok(Err(error.to_string())),
            candidate => candidate.map(Ok),
        }
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
}

/// Whose turns came to nothing before `writer` wrote the block after `head`: what the accounts of that block say, where it has any.
/// Under work nobody has a turn.
fn missed(head: &Head, writer: Address) -> Vec<Address> {
    let height = head.height().next();
    let by_turns = head.course.next.is_none();
    if head.agreement.rules.closing.at(height.0) && by_turns {
        head.committee.participation(height, writer).missed
    } else {
        Vec::new()
    }
}

/// What `bytes` are called: the hash of the block they are, else their own, so that bytes that are no block never pass for one.
pub(crate) fn name(bytes: &[u8]) -> B256 {
    decode(bytes).map_or_else(|_| keccak256(bytes), |block| block.hash)
}

/// Decodes the RLP of a block, all of it.
pub(crate) fn decode(mut bytes: &[u8]) -> Result<SealedBlock, String> {
    let block = Block::decode(&mut bytes).map_err(|error| format!("the bytes are not a block: {error}"))?;
    if bytes.is_empty() { Ok(block.seal()) } else { Err(format!("{} bytes follow the block", bytes.len())) }
}
