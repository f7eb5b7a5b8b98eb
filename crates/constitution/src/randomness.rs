//! The randomness of a block: what its writer cannot choose and everyone can check.
//!
//! The writer of height `h` evaluates a verifiable random function under its peer key on the chain, the height and the randomness of
//! the block before. There is one output, whatever the writer would like, and a proof that it is the one. The round is no part of
//! the input: failing a round changes who writes, never what a writer's output is. ADR 18 says what bias remains.
//!
//! Source: RFC 9381, ECVRF-EDWARDS25519-SHA512-TAI, by the crate `vrf-rfc9381`.
//!
//! A key that its holder registered a short while ago proves nothing: whoever writes a block knows its randomness, and could register in
//! it the one key of many whose output it likes best. Until [`KEY_REST`] blocks are over, a block of that writer has the randomness that
//! follows from the block before (ADR 23).
//!
//! Rule kept: a proof has one form. The crate reads numbers beyond the group's order as what remains of them; the RFC refuses such
//! a proof, and so does this.

use core::fmt;

use polity_primitives::{B256, Height, keccak256};
use vrf_rfc9381::{
    Proof as _, Prover as _, Verifier as _,
    ec::edwards25519::{
        EdVrfProof,
        tai::{EdVrfEdwards25519TaiPublicKey, EdVrfEdwards25519TaiSecretKey},
    },
};

/// Bytes of a proof. Source: RFC 9381 §5.5: a point of 32, a challenge of 16, a scalar of 32.
pub const PROOF_BYTES: usize = 80;

/// Blocks after the registration of a peer key before it proves randomness. Units: blocks.
///
/// Source: to choose a key for an output, all blocks between must be the chooser's; with a third of the weight and all that silence
/// gains, sixty-four are in one of 10^20 cases (ADR 23).
pub const KEY_REST: u64 = 64;

/// First bytes of every input. The peer key signs the handshakes of connections too; nothing it signs there is an input here, and
/// no input is ever signed.
const DOMAIN: &[u8] = b"polity.randomness";
/// First bytes of what stands for an output while a key rests.
const REST_DOMAIN: &[u8] = b"polity.randomness.rest";

/// Whether a peer key that block `since` registered proves nothing yet at `height`. Those of the founding prove from the first block on.
#[must_use]
pub const fn rests(since: Height, height: Height) -> bool {
    since.0 > 0 && height.0 <= since.0.saturating_add(KEY_REST)
}

/// Why randomness is not accepted, or cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RandomnessError {
    /// The secret or public key is none.
    #[error("the peer key is no ed25519 key")]
    Key,
    /// Not the bytes of a proof.
    #[error("the proof of randomness is not {PROOF_BYTES} bytes in canonical form")]
    Form,
    /// A proof by another key, or of another input.
    #[error("the proof of randomness does not verify with the writer's peer key")]
    Proof,
    /// No point was found for the input, which happens once in 2^256 inputs.
    #[error("no randomness can be made for this height")]
    Input,
}

/// What a height is asked: the input of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The height of the block to be written.
    pub height: Height,
    /// `mix_hash` of the block before.
    pub seed: B256,
}

impl Question {
    fn bytes(&self) -> Vec<u8> {
        self.after(DOMAIN)
    }

    fn after(&self, domain: &[u8]) -> Vec<u8> {
        [domain, &self.chain_id.to_be_bytes(), &self.height.0.to_be_bytes(), self.seed.as_slice()].concat()
    }

    /// The `mix_hash` of a block whose writer's key rests: it follows from the block before, and the seal is empty.
    #[must_use]
    pub fn at_rest(&self) -> B256 {
        keccak256(self.after(REST_DOMAIN))
    }
}

/// Randomness and its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The block's `mix_hash`: keccak-256 of the function's output.
    pub mix_hash: B256,
    /// What others check it with.
    pub proof: Vec<u8>,
}

/// A peer secret that answers questions. Not shown by `Debug`, wiped when dropped.
pub struct Prover {
    secret: EdVrfEdwards25519TaiSecretKey,
    public: [u8; 32],
}

impl fmt::Debug for Prover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prover(…)")
    }
}

impl Prover {
    /// The prover of an ed25519 secret (RFC 8032: the 32-byte seed).
    ///
    /// # Errors
    /// [`RandomnessError::Key`].
    pub fn new(secret: &[u8; 32]) -> Result<Self, RandomnessError> {
        let public = ed25519_dalek::SigningKey::from_bytes(secret).verifying_key().to_bytes();
        let secret = EdVrfEdwards25519TaiSecretKey::from_slice(secret).map_err(|_| RandomnessError::Key)?;
        Ok(Self { secret, public })
    }

    /// The peer key that answers verify with.
    #[must_use]
    pub const fn public_key(&self) -> [u8; 32] {
        self.public
    }

    /// The one answer to `question`. Cost: see ADR 18.
    ///
    /// # Errors
    /// [`RandomnessError::Input`].
    pub fn prove(&self, question: &Question) -> Result<Proven, RandomnessError> {
        let proof = self.secret.prove(&question.bytes()).map_err(|_| RandomnessError::Input)?;
        let output = proof.proof_to_hash(SUITE).map_err(|_| RandomnessError::Input)?;
        Ok(Proven { mix_hash: keccak256(output), proof: proof.encode_to_pi() })
    }
}

const SUITE: vrf_rfc9381::Ciphersuite = vrf_rfc9381::Ciphersuite::ECVRF_EDWARDS25519_SHA512_TAI;

/// The `mix_hash` that `proof` proves to be the answer of `peer_key` to `question`.
///
/// # Errors
/// [`RandomnessError`].
pub fn verify(peer_key: &[u8; 32], question: &Question, proof: &[u8]) -> Result<B256, RandomnessError> {
    let key = EdVrfEdwards25519TaiPublicKey::from_slice(peer_key).map_err(|_| RandomnessError::Key)?;
    let read = EdVrfProof::decode_pi(proof).map_err(|_| RandomnessError::Form)?;
    if read.encode_to_pi() != proof {
        return Err(RandomnessError::Form);
    }
    let output = key.verify(&question.bytes(), read).map_err(|_| RandomnessError::Proof)?;
    Ok(keccak256(output))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;

    use super::*;

    /// Secret, public key, input, proof, output. Source: RFC 9381, appendix B.3, examples 16 to 18.
    const KNOWN: [[&str; 5]; 3] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d97\
             27d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
            "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af02679\
             8e8f81cd2e333de5cdf4f3e140fdd8ae",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465\
             301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
            "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848\
             a0bef4553a41befc57663b56373a5031",
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0\
             e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
            "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241\
             578be7217ba85a2687f7a0310b2df19f",
        ],
    ];

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        hex::decode_to_array(text).expect("hex")
    }

    const QUESTION: Question = Question { chain_id: 1337, height: Height(7), seed: B256::ZERO };

    #[test]
    fn the_examples_of_rfc_9381_are_met() {
        for [secret, public, input, proof, output] in KNOWN {
            let prover = EdVrfEdwards25519TaiSecretKey::from_slice(&bytes::<32>(secret)).expect("a key");
            let input = hex::decode(input).expect("hex");
            let made = prover.prove(&input).expect("a proof");
            assert_eq!(hex::encode(made.encode_to_pi()), proof);
            assert_eq!(Prover::new(&bytes(secret)).expect("a key").public_key(), bytes::<32>(public));
            let public = EdVrfEdwards25519TaiPublicKey::from_slice(&bytes::<32>(public)).expect("a key");
            assert_eq!(hex::encode(public.verify(&input, made).expect("valid")), output);
        }
    }

    #[test]
    fn an_answer_verifies_with_its_key_and_question_only() {
        let [secret, public, ..] = KNOWN[0];
        let (prover, public) = (Prover::new(&bytes(secret)).expect("a key"), bytes(public));
        let proven = prover.prove(&QUESTION).expect("an answer");
        assert_eq!(proven.proof.len(), PROOF_BYTES);
        assert_eq!(verify(&public, &QUESTION, &proven.proof), Ok(proven.mix_hash));
        assert_eq!(prover.prove(&QUESTION).expect("an answer"), proven, "there is one answer");
        for other in [
            Question { chain_id: 1, ..QUESTION },
            Question { height: Height(8), ..QUESTION },
            Question { seed: B256::with_last_byte(1), ..QUESTION },
        ] {
            assert_eq!(verify(&public, &other, &proven.proof), Err(RandomnessError::Proof));
            assert_ne!(prover.prove(&other).expect("an answer").mix_hash, proven.mix_hash);
        }
        assert_eq!(verify(&bytes(KNOWN[1][1]), &QUESTION, &proven.proof), Err(RandomnessError::Proof));
        assert_eq!(verify(&[0; 32], &QUESTION, &proven.proof), Err(RandomnessError::Key));
        assert!(verify(&[9; 32], &QUESTION, &proven.proof).is_err());
    }

    #[test]
    fn a_key_rests_after_its_registration_and_not_after_the_founding() {
        let resting = |since| (0..200).filter(|height| rests(Height(since), Height(*height))).max();
        assert_eq!((resting(0), resting(5)), (None, Some(5 + KEY_REST)));
        let others = [
            Question { height: Height(8), ..QUESTION },
            Question { seed: B256::with_last_byte(1), ..QUESTION },
        ];
        assert!(others.iter().all(|other| other.at_rest() != QUESTION.at_rest()));
        assert_ne!(QUESTION.at_rest(), keccak256(QUESTION.bytes()));
    }

    #[test]
    fn a_proof_has_one_form() {
        let [secret, public, ..] = KNOWN[0];
        let public = bytes(public);
        let proof = Prover::new(&bytes(secret)).expect("a key").prove(&QUESTION).expect("an answer").proof;
        // The order of the group, little-endian: s + order says the same as s to who takes remainders.
        let order: [u8; 32] = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        let mut longer = proof.clone();
        let mut carry = 0u16;
        for (byte, add) in longer[48..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            [*byte, _] = sum.to_le_bytes();
            carry = sum >> 8;
        }
        assert_eq!(carry, 0);
        assert_eq!(verify(&public, &QUESTION, &longer), Err(RandomnessError::Form));
        for short in [&proof[..79], &[], &[0; 81]] {
            assert_eq!(verify(&public, &QUESTION, short), Err(RandomnessError::Form));
        }
        for at in 0..PROOF_BYTES {
            let mut bent = proof.clone();
            bent[at] ^= 1;
            assert!(verify(&public, &QUESTION, &bent).is_err(), "byte {at}");
        }
    }
}
