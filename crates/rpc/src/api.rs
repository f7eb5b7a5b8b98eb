//! What every handler has: the ledger, the node, the limits, and the small questions all of them ask.

use std::sync::{Arc, atomic::AtomicUsize};

use alloy_rpc_types_eth::{BlockId, BlockNumberOrTag};
use polity_ledger::{ExecutedBlock, Head, Ledger, StateView};
use polity_primitives::Height;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::{
    config::{READS_MAX, RpcConfig},
    error::{Error, Failure, RESPONSE_TOO_BIG},
    feed::Feed,
    filters::Filters,
    method::{Answer, Methods},
    node_info::NodeInfo,
};

/// The context of every request.
pub(crate) struct Api {
    pub(crate) ledger: Ledger,
    pub(crate) node: Arc<dyn NodeInfo>,
    pub(crate) config: RpcConfig,
    pub(crate) methods: Methods,
    pub(crate) feed: Arc<Feed>,
    pub(crate) filters: Filters,
    /// Threads that recover signatures. Their own pool: work on the global one may wait for locks that senders hold.
    pub(crate) senders: rayon::ThreadPool,
    pub(crate) sends_waiting: Arc<AtomicUsize>,
    pub(crate) heavy: Arc<Semaphore>,
    pub(crate) heavy_waiting: Arc<AtomicUsize>,
    pub(crate) reads: Arc<Semaphore>,
}

impl Api {
    /// Builds the context and starts listening to the ledger.
    pub(crate) fn new(
        config: RpcConfig,
        ledger: Ledger,
        node: Arc<dyn NodeInfo>,
    ) -> Result<Arc<Self>, Error> {
        let feed = Arc::new(Feed::new(ledger.head().height().0));
        // Weak: the ledger outlives a server that is stopped, and keeps the listeners.
        let (blocks, arrivals) = (Arc::downgrade(&feed), Arc::downgrade(&feed));
        ledger.on_commit(move |block| {
            if let Some(feed) = blocks.upgrade() {
                feed.committed(block.height().0);
            }
        });
        let undone = Arc::downgrade(&feed);
        ledger.on_undo(move |blocks| {
            if let Some(feed) = undone.upgrade() {
                feed.undone(blocks);
            }
        });
        ledger.mempool().on_insert(move |entry| {
            if let Some(feed) = arrivals.upgrade() {
                feed.admitted(entry.transaction.hash);
            }
        });
        feed.committed(ledger.head().height().0);
        let senders = rayon::ThreadPoolBuilder::new()
            .thread_name(|index| format!("rpc-send-{index}"))
            .build()
            .map_err(|error| Error::Workers(error.to_string()))?;
        Ok(Arc::new(Self {
            methods: Methods::all(config.debug),
            feed,
            filters: Filters::new(config.max_filters, config.filter_ttl),
            senders,
            sends_waiting: Arc::default(),
            heavy: Arc::new(Semaphore::new(config.max_heavy.max(1))),
            heavy_waiting: Arc::default(),
            reads: Arc::new(Semaphore::new(READS_MAX)),
            ledger,
            node,
            config,
        }))
    }

    /// Serializes a result, unless it is larger than a response may be.
    pub(crate) fn answer(&self, value: &impl Serialize) -> Result<Answer, Failure> {
        let mut out = Bounded { bytes: Vec::new(), max: self.config.max_response as usize };
        if let Err(error) = serde_json::to_writer(&mut out, value) {
            if error.is_io() {
                let max = self.config.max_response;
                return Err(Failure::new(
                    RESPONSE_TOO_BIG,
                    format!("the response is larger than {max} bytes: ask for less"),
                ));
            }
            return Err(Failure::internal(error));
        }
        let text = String::from_utf8(out.bytes).map_err(Failure::internal)?;
        serde_json::value::RawValue::from_string(text).map_err(Failure::internal)
    }

    pub(crate) fn head(&self) -> Arc<Head> {
        self.ledger.head()
    }

    pub(crate) fn chain_id(&self) -> u64 {
        self.ledger.charter().chain_id
    }

    /// Symbol of the currency.
    pub(crate) fn symbol(&self) -> String {
        self.head().agreement.charter.currency.symbol.clone()
    }

    /// Whether transactions are free in the next block.
    pub(crate) fn is_free(&self) -> bool {
        self.head().agreement.rules.is_free()
    }

    /// The height that `id` names, or `None` if there is no such block. Pending counts as the head.
    pub(crate) fn height(&self, id: BlockId) -> Result<Option<Height>, Failure> {
        let now = self.head();
        let head = now.height();
        let height = match id {
            BlockId::Hash(hash) => return Ok(self.ledger.height_of(&hash.block_hash)?),
            BlockId::Number(BlockNumberOrTag::Earliest) => Height::GENESIS,
            BlockId::Number(BlockNumberOrTag::Number(number)) => Height(number),
            BlockId::Number(BlockNumberOrTag::Safe | BlockNumberOrTag::Finalized) => now.finalized(),
            BlockId::Number(_) => head,
        };
        Ok((height <= head).then_some(height))
    }

    /// The block that `id` names; pending is a preview of the next.
    pub(crate) fn block(&self, id: BlockId) -> Result<Option<Arc<ExecutedBlock>>, Failure> {
        if id == BlockId::Number(BlockNumberOrTag::Pending) {
            return Ok(Some(self.ledger.preview()?));
        }
        match self.height(id)? {
            Some(height) => Ok(self.ledger.block(height)?),
            None => Ok(None),
        }
    }

    /// The state after the block that `id` names; pending is the head's.
    pub(crate) fn state(&self, id: Option<BlockId>) -> Result<StateView, Failure> {
        let id = id.unwrap_or_default();
        let height = self.height(id)?.ok_or_else(Failure::header_not_found)?;
        Ok(self.ledger.state_at(height)?)
    }
}

/// A buffer that refuses to grow beyond `max`.
struct Bounded {
    bytes: Vec<u8>,
    max: usize,
}

impl std::io::Write for Bounded {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len().saturating_add(buf.len()) > self.max {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl From<polity_ledger::Error> for Failure {
    fn from(error: polity_ledger::Error) -> Self {
        match error {
            polity_ledger::Error::Pruned { height, oldest } => Self::pruned(height.0, oldest.0),
            polity_ledger::Error::Unknown(_) => Self::header_not_found(),
            other => Self::internal(other),
        }
    }
}

/// Whether transactions were free in `block`: a market for gas never comes down to zero.
pub(crate) fn was_free(block: &ExecutedBlock) -> bool {
    block.header().base_fee_per_gas == Some(0)
}
