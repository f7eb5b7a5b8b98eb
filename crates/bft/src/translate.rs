//! Between the library's words and the host's.

use std::time::{SystemTime, UNIX_EPOCH};

use malachitebft_app_channel::app::{
    streaming::{StreamContent, StreamMessage},
    types::{PeerId, ProposedValue},
};
use malachitebft_core_types::{CommitCertificate, ExtendedCommitCertificate, Validity};
use malachitebft_sync::RawDecidedValue;
use polity_consensus::bft::{
    BlockHash, BlockHeight, Content, Context, Part, ProposedBlock, StreamPart, ValidatorAddress,
};
use tracing::warn;

/// The wall clock. Units: milliseconds since the Unix epoch.
pub(crate) fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn stream_part(publisher: PeerId, message: StreamMessage<Part>) -> StreamPart {
    let content = match message.content {
        StreamContent::Data(part) => Content::Part(part),
        StreamContent::Fin => Content::End,
    };
    StreamPart {
        publisher: publisher.to_bytes(),
        stream: message.stream_id.to_bytes().to_vec(),
        sequence: message.sequence,
        content,
    }
}

pub(crate) fn proposed_value(block: ProposedBlock) -> ProposedValue<Context> {
    if let Some(reason) = &block.invalid {
        warn!(height = %block.height, round = %block.round, hash = %block.hash, reason, "a proposed block is invalid");
    }
    ProposedValue {
        height: BlockHeight(block.height),
        round: block.round,
        valid_round: block.valid_round,
        proposer: ValidatorAddress(block.proposer),
        value: BlockHash(block.hash),
        validity: Validity::from_bool(block.invalid.is_none()),
    }
}

pub(crate) fn raw_decided(
    body: Vec<u8>,
    certificate: CommitCertificate<Context>,
) -> RawDecidedValue<Context> {
    let certificate =
        ExtendedCommitCertificate::from_commit_certificate_and_extensions(certificate, Default::default());
    RawDecidedValue::new(body.into(), certificate)
}
