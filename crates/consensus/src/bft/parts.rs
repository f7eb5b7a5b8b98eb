//! Blocks as streams of parts.
//!
//! A stream is a head (sequence 0), the RLP of the block in pieces of at most [`PART_BYTES`] (1, 2, …), and an end. The head
//! names height, round, block hash and size, and is signed by the seat that streams it, so that only the committee can make a
//! node keep or execute a block. Parts may arrive in any order and any number of times.
//!
//! Rule kept: whatever the order, a stream ends as exactly the bytes that were split, or as a refusal, and never holds more
//! than the bounds below. A stream that was finished or refused is remembered as such until its publisher's next ones push it
//! out.
//!
//! Deliberately absent: whether the block is valid (the application).

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use malachitebft_core_types::{self as library, Round};
use polity_primitives::{Address, B256, Height, U256, keccak256, recover_signer};

use super::{BlockHash, BlockHeight, Context, Key, SignatureBytes, ValidatorAddress};

/// Most bytes of a block. Source: EIP-7934, `MAX_RLP_BLOCK_SIZE`.
pub const BLOCK_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of a data part, except the last of a stream.
pub const PART_BYTES: usize = 128 * 1024;
/// Most data parts of a stream.
pub const PARTS_MAX: usize = BLOCK_BYTES_MAX / PART_BYTES;
/// Most bytes of a stream whose head has not come.
pub const EARLY_BYTES_MAX: usize = BLOCK_BYTES_MAX / 2;
/// Streams kept per publisher, finished and refused ones included.
pub const STREAMS_PER_PUBLISHER_MAX: usize = 6;
/// Most bytes kept per publisher.
pub const PUBLISHER_BYTES_MAX: usize = 3 * BLOCK_BYTES_MAX;
/// Most bytes kept in all. Beyond it the publisher that holds most loses all its streams.
pub const BYTES_MAX: usize = 16 * BLOCK_BYTES_MAX;
/// Most publishers remembered; beyond it the one that was heard least recently is forgotten.
pub const PUBLISHERS_MAX: usize = 1024;
/// Most bytes of a stream's name, and of a publisher's.
pub const STREAM_ID_BYTES_MAX: usize = 64;

/// What a stream is about.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StreamHead {
    /// Height of the block.
    pub height: BlockHeight,
    /// Round in which it is proposed.
    pub round: Round,
    /// Round in which it had a quorum of prevotes, or nil.
    pub valid_round: Round,
    /// Its proposer in this round.
    pub proposer: ValidatorAddress,
    /// Its hash.
    pub block: BlockHash,
    /// Bytes of its RLP.
    pub size: u32,
    /// Who streams it: a seat of the committee, not always the proposer.
    pub streamer: ValidatorAddress,
    /// The streamer's signature over [`Self::digest`].
    pub signature: SignatureBytes,
}

impl StreamHead {
    /// keccak-256 of eight words: tag, chain id, height, round, valid round, proposer, hash, size.
    #[must_use]
    pub fn digest(&self, chain_id: u64) -> B256 {
        let word = |value: u64| U256::from(value).to_be_bytes::<32>();
        let round = |round: Round| word(round.as_u32().map_or(u64::MAX, u64::from));
        let words = [
            keccak256("polity.stream").0,
            word(chain_id),
            word(self.height.0.0),
            round(self.round),
            round(self.valid_round),
            self.proposer.0.into_word().0,
            self.block.0.0,
            word(u64::from(self.size)),
        ];
        keccak256(words.concat())
    }

    /// Signs it as `key`'s.
    #[must_use]
    pub fn signed(mut self, chain_id: u64, key: &Key) -> Self {
        self.streamer = ValidatorAddress(key.address());
        self.signature = SignatureBytes(key.sign(self.digest(chain_id)));
        self
    }

    /// Whether the streamer signed it.
    #[must_use]
    pub fn is_signed(&self, chain_id: u64) -> bool {
        recover_signer(self.digest(chain_id), &self.signature.0) == Some(self.streamer.0)
    }
}

/// One part of a stream.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Part {
    /// What the stream is about.
    Head(StreamHead),
    /// A piece of the block.
    Data(Vec<u8>),
}

impl library::ProposalPart<Context> for Part {
    fn is_first(&self) -> bool {
        matches!(self, Self::Head(_))
    }

    fn is_last(&self) -> bool {
        false
    }
}

/// A part, or the end of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A part.
    Part(Part),
    /// The end. Its sequence number is the number of parts before it.
    End,
}

/// A message of a stream, as it came from the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPart {
    /// Who published it: an opaque name that the transport vouches for.
    pub publisher: Vec<u8>,
    /// The stream, unique per publisher.
    pub stream: Vec<u8>,
    /// Position in the stream, from 0.
    pub sequence: u64,
    /// What it says.
    pub content: Content,
}

/// Splits a block's RLP into the messages of a stream, in order.
#[must_use]
pub fn split(head: StreamHead, body: &[u8]) -> Vec<Content> {
    let mut messages = vec![Content::Part(Part::Head(head))];
    messages.extend(body.chunks(PART_BYTES).map(|piece| Content::Part(Part::Data(piece.to_vec()))));
    messages.push(Content::End);
    messages
}

/// Why a stream, or a message of one, is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A name longer than [`STREAM_ID_BYTES_MAX`].
    #[error("a stream's or publisher's name of {0} bytes; at most {STREAM_ID_BYTES_MAX}")]
    Name(usize),
    /// A part too long, or too many.
    #[error("a part beyond the bounds of a stream")]
    Bounds,
    /// Parts that contradict each other or the head.
    #[error("parts that contradict each other or the head")]
    Inconsistent,
    /// The head is not signed by its streamer.
    #[error("the head is not signed by its streamer")]
    Unsigned,
    /// The head is of a height that is not wanted now.
    #[error("height {0} is not wanted now")]
    Height(Height),
    /// It is not this validator's turn to propose.
    #[error("it is not the turn of {0} to propose")]
    Proposer(Address),
    /// The streamer or proposer has no seat.
    #[error("{0} has no seat in the committee")]
    Stranger(Address),
}

/// What a message led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More is needed, or it was known.
    Waiting,
    /// The whole block.
    Complete(Box<StreamHead>, Vec<u8>),
    /// The stream is refused; later messages of it are ignored.
    Refused(Refusal),
}

#[derive(Debug, Default)]
struct Open {
    head: Option<StreamHead>,
    pieces: BTreeMap<u64, Vec<u8>>,
    bytes: usize,
    end: Option<u64>,
}

#[derive(Debug)]
enum Stream {
    Open(Box<Open>),
    /// Finished or refused.
    Closed,
}

#[derive(Debug, Default)]
struct Publisher {
    /// By name; the number orders them by age.
    streams: BTreeMap<Vec<u8>, (u64, Stream)>,
    bytes: usize,
    heard: u64,
}

/// Puts streams together again.
#[derive(Debug, Default)]
pub struct Assembler {
    publishers: BTreeMap<Vec<u8>, Publisher>,
    bytes: usize,
    clock: u64,
}

impl Assembler {
    /// An assembler with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes of block data kept.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a message. `admit` judges a head: its height, its streamer, its signature.
    pub fn add(
        &mut self,
        message: StreamPart,
        admit: impl FnOnce(&StreamHead) -> Result<(), Refusal>,
    ) -> Progress {
        let StreamPart { publisher: from, stream: name, sequence, content } = message;
        if let Some(long) = [from.len(), name.len()].into_iter().find(|len| *len > STREAM_ID_BYTES_MAX) {
            return Progress::Refused(Refusal::Name(long));
        }
        self.clock = self.clock.saturating_add(1);
        let clock = self.clock;
        self.make_room(&from, &name);
        let publisher = self.publishers.entry(from.clone()).or_default();
        publisher.heard = clock;
        let (_, stream) =
            publisher.streams.entry(name.clone()).or_insert_with(|| (clock, Stream::Open(Box::default())));
        let Stream::Open(open) = stream else { return Progress::Waiting };
        let before = open.bytes;
        let result = open.add(sequence, content, admit);
        let added = open.bytes.saturating_sub(before);
        publisher.bytes = publisher.bytes.saturating_add(added);
        self.bytes = self.bytes.saturating_add(added);
        let progress = match result {
            Ok(None) if publisher.bytes > PUBLISHER_BYTES_MAX => Progress::Refused(Refusal::Bounds),
            Ok(None) => Progress::Waiting,
            Ok(Some((head, body))) => Progress::Complete(Box::new(head), body),
            Err(refusal) => Progress::Refused(refusal),
        };
        if progress != Progress::Waiting {
            self.close(&from, &name);
        } else if self.bytes > BYTES_MAX {
            self.evict_greediest();
        }
        progress
    }

    /// Forgets open streams of heights up to `height`, which is decided.
    pub fn decided(&mut self, height: Height) {
        let mut stale = Vec::new();
        for (from, publisher) in &self.publishers {
            for (name, (_, stream)) in &publisher.streams {
                let old = |head: &StreamHead| head.height.0 <= height;
                if matches!(stream, Stream::Open(open) if open.head.as_ref().is_some_and(old)) {
                    stale.push((from.clone(), name.clone()));
                }
            }
        }
        for (from, name) in stale {
            self.close(&from, &name);
        }
    }

    /// Before a new stream or publisher: forgets the oldest of its kind if there are too many.
    fn make_room(&mut self, from: &[u8], name: &[u8]) {
        match self.publishers.get(from) {
            Some(publisher) => {
                if publisher.streams.contains_key(name) || publisher.streams.len() < STREAMS_PER_PUBLISHER_MAX
                {
                    return;
                }
                let oldest =
                    publisher.streams.iter().min_by_key(|(_, (age, _))| *age).map(|(name, _)| name.clone());
                if let Some(oldest) = oldest {
                    self.close(from, &oldest);
                    if let Some(publisher) = self.publishers.get_mut(from) {
                        publisher.streams.remove(&oldest);
                    }
                }
            }
            None if self.publishers.len() >= PUBLISHERS_MAX => {
                let quiet = self.publishers.iter().min_by_key(|(_, p)| p.heard).map(|(from, _)| from.clone());
                if let Some(publisher) = quiet.and_then(|quiet| self.publishers.remove(&quiet)) {
                    self.bytes = self.bytes.saturating_sub(publisher.bytes);
                }
            }
            None => {}
        }
    }

    fn close(&mut self, from: &[u8], name: &[u8]) {
        let Some(publisher) = self.publishers.get_mut(from) else { return };
        let Some((_, stream)) = publisher.streams.get_mut(name) else { return };
        if let Stream::Open(open) = std::mem::replace(stream, Stream::Closed) {
            publisher.bytes = publisher.bytes.saturating_sub(open.bytes);
            self.bytes = self.bytes.saturating_sub(open.bytes);
        }
    }

    fn evict_greediest(&mut self) {
        let greediest = self.publishers.iter().max_by_key(|(_, p)| p.bytes).map(|(from, _)| from.clone());
        if let Some(publisher) = greediest.and_then(|from| self.publishers.remove(&from)) {
            self.bytes = self.bytes.saturating_sub(publisher.bytes);
        }
    }
}

impl Open {
    /// Takes one message; the whole block if it was the last missing.
    fn add(
        &mut self,
        sequence: u64,
        content: Content,
        admit: impl FnOnce(&StreamHead) -> Result<(), Refusal>,
    ) -> Result<Option<(StreamHead, Vec<u8>)>, Refusal> {
        let end_max = PARTS_MAX as u64 + 1;
        match (content, sequence) {
            (Content::Part(Part::Head(head)), 0) => match &self.head {
                Some(known) if *known == head => {}
                Some(_) => return Err(Refusal::Inconsistent),
                None => {
                    admit(&head)?;
                    self.head = Some(head);
                }
            },
            (Content::Part(Part::Data(piece)), 1..) => {
                if sequence > PARTS_MAX as u64 || piece.len() > PART_BYTES || piece.is_empty() {
                    return Err(Refusal::Bounds);
                }
                match self.pieces.get(&sequence) {
                    Some(known) if *known == piece => {}
                    Some(_) => return Err(Refusal::Inconsistent),
                    None => {
                        self.bytes = self.bytes.saturating_add(piece.len());
                        self.pieces.insert(sequence, piece);
                    }
                }
            }
            (Content::End, 2..) if sequence <= end_max => {
                if self.end.is_some_and(|end| end != sequence) {
                    return Err(Refusal::Inconsistent);
                }
                self.end = Some(sequence);
            }
            _ => return Err(Refusal::Bounds),
        }
        self.check()?;
        let (Some(head), Some(end)) = (&self.head, self.end) else { return Ok(None) };
        if self.pieces.len() as u64 + 1 < end {
            return Ok(None);
        }
        if self.bytes as u64 != u64::from(head.size) {
            return Err(Refusal::Inconsistent);
        }
        let body = self.pieces.values().flatten().copied().collect();
        Ok(Some((head.clone(), body)))
    }

    /// Whether what is here can still become the block of the head.
    fn check(&self) -> Result<(), Refusal> {
        let bytes_max = match &self.head {
            Some(head) => usize::try_from(head.size).unwrap_or(usize::MAX),
            None => EARLY_BYTES_MAX,
        };
        if self.bytes > bytes_max || bytes_max > BLOCK_BYTES_MAX {
            return Err(Refusal::Bounds);
        }
        match (self.end, self.pieces.last_key_value()) {
            (Some(end), Some((last, _))) if *last >= end => Err(Refusal::Inconsistent),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
