//! The library's messages as bytes: borsh.
//!
//! Where the library gives a type no borsh form, or one that would carry more than is signed, the form is ours.

use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use malachitebft_app_channel::app::{
    consensus::LivenessMsg,
    types::{
        ProposedValue, SignedConsensusMsg,
        codec::{Codec, HasEncodedLen},
        streaming::StreamMessage,
        sync::{RawDecidedValue, Request, Response, Status},
    },
};
use malachitebft_core_types::{
    ExtendedCommitCertificate, ExtendedCommitSignature, PolkaCertificate, Round, ValidatorProof,
};
use malachitebft_sync::{ValueRequest, ValueResponse};
use polity_consensus::bft::{BlockHash, BlockHeight, Context, Part, SignatureBytes, ValidatorAddress};

/// The one codec: for the wire, for the log, for sync.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire;

type Result<T> = std::result::Result<T, std::io::Error>;

macro_rules! plain {
    ($($t:ty),* $(,)?) => { $(
        impl Codec<$t> for Wire {
            type Error = std::io::Error;

            fn decode(&self, bytes: Bytes) -> Result<$t> {
                borsh::from_slice(&bytes)
            }

            fn encode(&self, message: &$t) -> Result<Bytes> {
                borsh::to_vec(message).map(Into::into)
            }
        }
    )* };
}
plain!(
    Part,
    SignedConsensusMsg<Context>,
    LivenessMsg<Context>,
    StreamMessage<Part>,
    ProposedValue<Context>,
    PolkaCertificate<Context>,
    Status<Context>,
);

macro_rules! by_form {
    ($t:ty, $form:ty) => {
        impl Codec<$t> for Wire {
            type Error = std::io::Error;

            fn decode(&self, bytes: Bytes) -> Result<$t> {
                borsh::from_slice::<$form>(&bytes).map(Into::into)
            }

            fn encode(&self, message: &$t) -> Result<Bytes> {
                borsh::to_vec(&<$form>::from(message)).map(Into::into)
            }
        }
    };
}

/// A validator's proof that a connection is its own.
#[derive(BorshSerialize, BorshDeserialize)]
struct ProofForm {
    public_key: Vec<u8>,
    peer_id: Vec<u8>,
    signature: SignatureBytes,
}

impl From<&ValidatorProof<Context>> for ProofForm {
    fn from(proof: &ValidatorProof<Context>) -> Self {
        let ValidatorProof { public_key, peer_id, signature } = proof;
        Self { public_key: public_key.clone(), peer_id: peer_id.clone(), signature: *signature }
    }
}

impl From<ProofForm> for ValidatorProof<Context> {
    fn from(form: ProofForm) -> Self {
        Self::new(form.public_key, form.peer_id, form.signature)
    }
}
by_form!(ValidatorProof<Context>, ProofForm);

/// A request for decided blocks of a range.
#[derive(BorshSerialize, BorshDeserialize)]
struct RequestForm(BlockHeight, BlockHeight);

impl From<&Request<Context>> for RequestForm {
    fn from(Request::ValueRequest(request): &Request<Context>) -> Self {
        Self(*request.range.start(), *request.range.end())
    }
}

impl From<RequestForm> for Request<Context> {
    fn from(RequestForm(start, end): RequestForm) -> Self {
        Self::ValueRequest(ValueRequest::new(start..=end))
    }
}
by_form!(Request<Context>, RequestForm);

/// A decided block and its certificate.
#[derive(BorshSerialize, BorshDeserialize)]
struct DecidedForm {
    height: BlockHeight,
    round: Round,
    block: BlockHash,
    signatures: Vec<(ValidatorAddress, SignatureBytes)>,
    body: Vec<u8>,
}

/// The answer to a request.
#[derive(BorshSerialize, BorshDeserialize)]
struct ResponseForm {
    start: BlockHeight,
    blocks: Vec<DecidedForm>,
}

impl From<&Response<Context>> for ResponseForm {
    fn from(Response::ValueResponse(response): &Response<Context>) -> Self {
        let block = |value: &RawDecidedValue<Context>| {
            let ExtendedCommitCertificate { height, round, value_id, commit_signatures } = &value.certificate;
            DecidedForm {
                height: *height,
                round: *round,
                block: *value_id,
                signatures: commit_signatures
                    .iter()
                    .map(|commit| (commit.address, commit.signature))
                    .collect(),
                body: value.value_bytes.to_vec(),
            }
        };
        Self { start: response.start_height, blocks: response.values.iter().map(block).collect() }
    }
}

impl From<ResponseForm> for Response<Context> {
    fn from(form: ResponseForm) -> Self {
        let value = |block: DecidedForm| RawDecidedValue {
            value_bytes: block.body.into(),
            certificate: ExtendedCommitCertificate {
                height: block.height,
                round: block.round,
                value_id: block.block,
                commit_signatures: block
                    .signatures
                    .into_iter()
                    .map(|(address, signature)| ExtendedCommitSignature::new(address, signature, None))
                    .collect(),
            },
        };
        Self::ValueResponse(ValueResponse::new(form.start, form.blocks.into_iter().map(value).collect()))
    }
}
by_form!(Response<Context>, ResponseForm);

impl HasEncodedLen<Response<Context>> for Wire {
    fn encoded_len(&self, Response::ValueResponse(response): &Response<Context>) -> Result<usize> {
        // Lengths and fixed fields, generously; only the bodies and signatures matter for the limit.
        let block = |value: &RawDecidedValue<Context>| {
            128 + value.value_bytes.len() + 85 * value.certificate.commit_signatures.len()
        };
        Ok(64 + response.values.iter().map(block).sum::<usize>())
    }
}

#[cfg(test)]
mod tests {
    use malachitebft_core_types::NilOrVal;
    use polity_consensus::bft::Vote;
    use polity_primitives::{Address, B256, Height};

    use super::*;

    fn round_trip<T: PartialEq + std::fmt::Debug>(message: &T)
    where
        Wire: Codec<T, Error = std::io::Error>,
    {
        let bytes = Codec::<T>::encode(&Wire, message).expect("encodes");
        assert_eq!(&Codec::<T>::decode(&Wire, bytes.clone()).expect("decodes"), message);
        for cut in 0..bytes.len() {
            assert!(Codec::<T>::decode(&Wire, bytes.slice(..cut)).is_err(), "cut at {cut}");
        }
    }

    fn signature(byte: u8) -> SignatureBytes {
        SignatureBytes([byte; 65].into())
    }

    #[test]
    fn messages_survive_the_wire_and_truncation_is_an_error() {
        let who = ValidatorAddress(Address::repeat_byte(7));
        let vote = Vote {
            kind: malachitebft_core_types::VoteType::Precommit,
            height: BlockHeight(Height(9)),
            round: Round::new(2),
            block: NilOrVal::Val(BlockHash(B256::repeat_byte(3))),
            validator: who,
        };
        round_trip(&SignedConsensusMsg::Vote(malachitebft_core_types::SignedMessage::new(
            vote,
            signature(1),
        )));
        round_trip(&ValidatorProof::<Context>::new(vec![2; 33], vec![1; 38], signature(4)));
        round_trip(&Request::<Context>::ValueRequest(ValueRequest::new(
            BlockHeight(Height(3))..=BlockHeight(Height(8)),
        )));
        let certificate = ExtendedCommitCertificate {
            height: BlockHeight(Height(3)),
            round: Round::new(0),
            value_id: BlockHash(B256::repeat_byte(3)),
            commit_signatures: vec![ExtendedCommitSignature::new(who, signature(9), None)],
        };
        let response = Response::ValueResponse(ValueResponse::new(
            BlockHeight(Height(3)),
            vec![RawDecidedValue { value_bytes: vec![5; 1000].into(), certificate }],
        ));
        round_trip(&response);
        let bytes = Codec::<Response<Context>>::encode(&Wire, &response).expect("encodes");
        assert!(Wire.encoded_len(&response).expect("a length") >= bytes.len(), "the limit must hold");
    }
}
