//! Signatures: recoverable secp256k1, the form the EVM's `ecrecover` takes.
//!
//! Rule kept: a vote is accepted exactly when [`recover_signer`] of its digest names its author, the test that a contract
//! makes. So no certificate is decided here that fails there.

use core::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use borsh::{BorshDeserialize, BorshSerialize, io};
use malachitebft_core_types::{
    NilOrVal, SignedMessage, SigningScheme, ValidatorProof, VoteExtensionScope, VoteType,
};
use malachitebft_signing::{Error, VerificationResult};
use polity_primitives::{
    Address, B256, Height, SIGNATURE_LEN, Signature, VoteKind, keccak256, proposal_digest, recover_signer,
    vote_digest,
};
use secp256k1::{Message, SECP256K1, SecretKey};

use super::{BlockProposal, Context, ValidatorAddress, Vote};

/// A signature in the library's hands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignatureBytes(pub Signature);

impl fmt::Debug for SignatureBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl BorshSerialize for SignatureBytes {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(self.0.as_slice())
    }
}

impl BorshDeserialize for SignatureBytes {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let mut bytes = [0u8; SIGNATURE_LEN];
        reader.read_exact(&mut bytes)?;
        Ok(Self(bytes.into()))
    }
}

/// A compressed public key in the library's hands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub polity_constitution::PublicKey);

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl PublicKey {
    /// The consensus address of this key, or `None` if it is not a point of the curve.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        let key = secp256k1::PublicKey::from_byte_array_compressed(self.0).ok()?;
        Some(Address::from_raw_public_key(key.serialize_uncompressed().get(1..)?))
    }
}

/// Why bytes are not a key or a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Wrong length.
    #[error("expected {expected} bytes, found {found}")]
    Length {
        /// Bytes expected.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// Zero, or not below the order of the group.
    #[error("not a secp256k1 secret key")]
    Secret,
}

/// Names signature and key types to the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme;

fn exact<const N: usize>(bytes: &[u8]) -> Result<[u8; N], KeyError> {
    bytes.try_into().map_err(|_| KeyError::Length { expected: N, found: bytes.len() })
}

impl SigningScheme for Scheme {
    type DecodingError = KeyError;
    type Signature = SignatureBytes;
    type PublicKey = PublicKey;
    type PrivateKey = Key;

    fn decode_signature(bytes: &[u8]) -> Result<SignatureBytes, KeyError> {
        exact::<SIGNATURE_LEN>(bytes).map(|bytes| SignatureBytes(bytes.into()))
    }

    fn encode_signature(signature: &SignatureBytes) -> Vec<u8> {
        signature.0.to_vec()
    }

    fn decode_public_key(bytes: &[u8]) -> Result<PublicKey, KeyError> {
        exact(bytes).map(PublicKey)
    }

    fn encode_public_key(public_key: &PublicKey) -> Vec<u8> {
        public_key.0.to_vec()
    }
}

/// A validator's secret key, with what follows from it.
#[derive(Clone)]
pub struct Key {
    secret: SecretKey,
    public: PublicKey,
    address: Address,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.address)
    }
}

impl Key {
    /// The key of 32 secret bytes.
    ///
    /// # Errors
    /// [`KeyError::Secret`].
    pub fn new(secret: [u8; 32]) -> Result<Self, KeyError> {
        let secret = SecretKey::from_byte_array(secret).map_err(|_| KeyError::Secret)?;
        let public = PublicKey(secret.public_key(SECP256K1).serialize());
        let address = public.address().ok_or(KeyError::Secret)?;
        Ok(Self { secret, public, address })
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// The consensus address.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Signs `digest`: `r || s || v`, low `s`, `v` 27 or 28. Deterministic (RFC 6979).
    #[must_use]
    pub fn sign(&self, digest: B256) -> Signature {
        let signature = SECP256K1.sign_ecdsa_recoverable(Message::from_digest(digest.0), &self.secret);
        let (id, rs) = signature.serialize_compact();
        let mut bytes = [0u8; SIGNATURE_LEN];
        let (to, v) = bytes.split_at_mut(SIGNATURE_LEN - 1);
        to.copy_from_slice(&rs);
        // Libsecp256k1 grinds no nonce: ids 2 and 3 mean r overflowed the order, which has probability 2^-127.
        v.fill(27 + u8::from(i32::from(id) & 1 == 1));
        bytes.into()
    }
}

const fn kind(vote: &Vote) -> VoteKind {
    match vote.kind {
        VoteType::Prevote => VoteKind::Prevote,
        VoteType::Precommit => VoteKind::Precommit,
    }
}

/// The digest of `vote`, or `None` if its round is nil, which no vote's is.
pub(super) fn digest_of_vote(chain_id: u64, vote: &Vote) -> Option<B256> {
    let block = match &vote.block {
        NilOrVal::Nil => None,
        NilOrVal::Val(hash) => Some(hash.0),
    };
    Some(vote_digest(chain_id, kind(vote), vote.height.0, vote.round.as_u32()?, block))
}

fn digest_of_proposal(chain_id: u64, proposal: &BlockProposal) -> Option<B256> {
    let BlockProposal { height, round, block, valid_round, .. } = proposal;
    Some(proposal_digest(chain_id, height.0, round.as_u32()?, valid_round.as_u32(), block.0))
}

/// The digest by which a validator proves to a peer that the connection is its own. Bound to the chain.
#[must_use]
pub fn validator_proof_digest(chain_id: u64, public_key: &[u8], peer_id: &[u8]) -> B256 {
    let mut bytes = keccak256("polity.peer").to_vec();
    bytes.extend_from_slice(&chain_id.to_be_bytes());
    bytes.extend_from_slice(&ValidatorProof::<Context>::signing_bytes(public_key, peer_id));
    keccak256(bytes)
}

fn signed_by(who: Address, digest: Option<B256>, signature: &SignatureBytes) -> bool {
    digest.and_then(|digest| recover_signer(digest, &signature.0)) == Some(who)
}

/// What is done with every vote whose signature was found good.
pub type Heard = Arc<dyn Fn(&Vote, &SignatureBytes) + Send + Sync>;

/// Verifies what peers sign.
#[derive(Clone)]
pub struct Verifier {
    chain_id: u64,
    heard: Heard,
}

impl Verifier {
    /// Verifies for chain `chain_id`, and tells `heard` of every good vote.
    #[must_use]
    pub fn new(chain_id: u64, heard: Heard) -> Self {
        Self { chain_id, heard }
    }
}

#[async_trait]
impl malachitebft_signing::Verifier<Context> for Verifier {
    // The library looks the public key up by the author's address, and a seat's address is that of its key: the recovered
    // address being the author's is the whole check.
    async fn verify_signed_vote(
        &self,
        vote: &Vote,
        signature: &SignatureBytes,
        _: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        let good = signed_by(vote.validator.0, digest_of_vote(self.chain_id, vote), signature);
        if good {
            (self.heard)(vote, signature);
        }
        Ok(VerificationResult::from_bool(good))
    }

    async fn verify_signed_proposal(
        &self,
        proposal: &BlockProposal,
        signature: &SignatureBytes,
        _: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        let digest = digest_of_proposal(self.chain_id, proposal);
        Ok(VerificationResult::from_bool(signed_by(proposal.proposer.0, digest, signature)))
    }

    async fn verify_signed_vote_extension(
        &self,
        _: &VoteExtensionScope<Context>,
        (): &(),
        _: &SignatureBytes,
        _: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Invalid)
    }

    async fn verify_validator_proof(
        &self,
        proof: &ValidatorProof<Context>,
    ) -> Result<VerificationResult, Error> {
        let good =
            exact(&proof.public_key).ok().and_then(|key| PublicKey(key).address()).is_some_and(|who| {
                let digest = validator_proof_digest(self.chain_id, &proof.public_key, &proof.peer_id);
                signed_by(who, Some(digest), &proof.signature)
            });
        Ok(VerificationResult::from_bool(good))
    }
}

/// The last gate before anything is signed: called with the height, it may refuse, with the reason.
pub type Gate = Arc<dyn Fn(Height) -> Result<(), String> + Send + Sync>;

/// Signs what this node says, if the gate lets it.
#[derive(Clone)]
pub struct Signer {
    chain_id: u64,
    key: Key,
    gate: Gate,
    heard: Heard,
}

impl Signer {
    /// Signs for chain `chain_id` with `key` while `gate` allows it; tells `heard` of its own votes.
    #[must_use]
    pub fn new(chain_id: u64, key: Key, gate: Gate, heard: Heard) -> Self {
        Self { chain_id, key, gate, heard }
    }

    fn sign(
        &self,
        who: ValidatorAddress,
        height: Height,
        digest: Option<B256>,
    ) -> Result<SignatureBytes, Error> {
        (self.gate)(height).map_err(Error::from_source)?;
        let digest = digest.ok_or_else(|| Error::from_source("nothing is signed at a nil round"))?;
        if who.0 != self.key.address() {
            return Err(Error::from_source("asked to sign for another validator"));
        }
        Ok(SignatureBytes(self.key.sign(digest)))
    }
}

#[async_trait]
impl malachitebft_signing::Signer<Context> for Signer {
    async fn sign_vote(&self, vote: Vote) -> Result<SignedMessage<Context, Vote>, Error> {
        let signature = self.sign(vote.validator, vote.height.0, digest_of_vote(self.chain_id, &vote))?;
        (self.heard)(&vote, &signature);
        Ok(SignedMessage::new(vote, signature))
    }

    async fn sign_proposal(
        &self,
        proposal: BlockProposal,
    ) -> Result<SignedMessage<Context, BlockProposal>, Error> {
        let digest = digest_of_proposal(self.chain_id, &proposal);
        let signature = self.sign(proposal.proposer, proposal.height.0, digest)?;
        Ok(SignedMessage::new(proposal, signature))
    }

    async fn sign_vote_extension(
        &self,
        _: VoteExtensionScope<Context>,
        (): (),
    ) -> Result<SignedMessage<Context, ()>, Error> {
        Err(Error::from_source("votes have no extensions"))
    }

    async fn sign_validator_proof(
        &self,
        public_key: Vec<u8>,
        peer_id: Vec<u8>,
    ) -> Result<ValidatorProof<Context>, Error> {
        let signature = self.key.sign(validator_proof_digest(self.chain_id, &public_key, &peer_id));
        Ok(ValidatorProof::new(public_key, peer_id, SignatureBytes(signature)))
    }
}
