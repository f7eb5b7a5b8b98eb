//! The host over a small real chain: blocks of one header, kept in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use malachitebft_core_types::CommitCertificate;
use polity_constitution::Seat;
use polity_primitives::{Block, Header, SealedBlock, VoteKind, vote_digest};

use super::*;

const CHAIN: u64 = 77;

#[derive(Default)]
struct Kept {
    blocks: Vec<(SealedBlock, Certificate)>,
    bodies: BTreeMap<B256, Vec<u8>>,
    evidence: Vec<Evidence>,
}

/// A chain of empty blocks. A gas limit of 13 makes one invalid.
struct Chain {
    kept: Arc<Mutex<Kept>>,
    committee: polity_constitution::Committee,
}

impl Chain {
    fn parent(&self) -> B256 {
        self.kept.lock().expect("unpoisoned").blocks.last().map_or(B256::ZERO, |(block, _)| block.hash)
    }
}

impl Application for Chain {
    fn chain_id(&self) -> u64 {
        CHAIN
    }

    fn tip(&self) -> Height {
        Height(self.kept.lock().expect("unpoisoned").blocks.len() as u64)
    }

    fn committee(&mut self, _: Height) -> Result<polity_constitution::Committee, Fatal> {
        Ok(self.committee.clone())
    }

    fn build(&mut self, height: Height, round: u32, now_ms: u64) -> Result<SealedBlock, Fatal> {
        let block = block(height.0, self.parent(), now_ms + u64::from(round));
        self.kept.lock().expect("unpoisoned").bodies.insert(block.hash, block.encoded());
        Ok(block)
    }

    fn receive(&mut self, bytes: &[u8], height: Height, _: u64) -> Result<Verdict, Fatal> {
        let Ok(block) = alloy_rlp::decode_exact::<Block>(bytes) else {
            return Ok(Verdict::Invalid(polity_primitives::keccak256(bytes), "garbage".to_owned()));
        };
        let block = block.seal();
        if block.block.header.gas_limit == 13 {
            return Ok(Verdict::Invalid(block.hash, "unlucky".to_owned()));
        }
        if block.height() != height || block.block.header.parent_hash != self.parent() {
            return Ok(Verdict::Invalid(block.hash, "not on the tip".to_owned()));
        }
        self.kept.lock().expect("unpoisoned").bodies.insert(block.hash, bytes.to_vec());
        Ok(Verdict::Valid(block.hash))
    }

    fn body(&mut self, hash: &B256) -> Result<Option<Vec<u8>>, Fatal> {
        Ok(self.kept.lock().expect("unpoisoned").bodies.get(hash).cloned())
    }

    fn finalize(&mut self, certificate: Certificate) -> Result<(), Fatal> {
        self.committee.verify(CHAIN, &certificate).map_err(|e| Fatal::because(&e))?;
        let mut kept = self.kept.lock().expect("unpoisoned");
        let body = kept.bodies.get(&certificate.block_hash).ok_or_else(|| Fatal("no body".to_owned()))?;
        let block: Block = alloy_rlp::decode_exact(body).map_err(|e| Fatal::because(&e))?;
        kept.blocks.push((block.seal(), certificate));
        Ok(())
    }

    fn enrich(&mut self, _: Certificate) -> Result<(), Fatal> {
        Ok(())
    }

    fn decided(&mut self, range: RangeInclusive<Height>) -> Result<Vec<(Vec<u8>, Certificate)>, Fatal> {
        let kept = self.kept.lock().expect("unpoisoned");
        let wanted = kept.blocks.iter().filter(|(block, _)| range.contains(&block.height()));
        Ok(wanted.map(|(block, certificate)| (block.encoded(), certificate.clone())).collect())
    }

    fn oldest(&self) -> Height {
        Height(2)
    }

    fn evidence(&mut self, evidence: Evidence) -> Result<(), Fatal> {
        self.kept.lock().expect("unpoisoned").evidence.push(evidence);
        Ok(())
    }

    fn ready(&self) -> bool {
        false
    }

    fn block_time_ms(&self) -> u64 {
        1
    }
}

fn block(number: u64, parent_hash: B256, timestamp: u64) -> SealedBlock {
    Block::unsealed(Header { number, parent_hash, timestamp, ..Default::default() }, vec![]).seal()
}

fn key(i: u8) -> Key {
    Key::new([i; 32]).expect("a key")
}

fn committee() -> polity_constitution::Committee {
    let seat = |i| Seat {
        address: key(i).address(),
        public_key: key(i).public().0,
        peer_key: [0; 32],
        peer_key_since: polity_primitives::Height::GENESIS,
        power: 1,
        weight: 1,
    };
    polity_constitution::Committee::new((1..=4).map(seat).collect()).expect("four seats")
}

fn host(i: u8) -> Host {
    recording(i).0
}

/// A host, and what its chain keeps.
fn recording(i: u8) -> (Host, Arc<Mutex<Kept>>) {
    let kept = Arc::<Mutex<Kept>>::default();
    let chain = Chain { kept: kept.clone(), committee: committee() };
    (Host::new(Box::new(chain), Some(key(i))).expect("a committee"), kept)
}

/// The key whose turn it is.
fn turn(height: u64, round: u32) -> u8 {
    let proposer = committee().proposer(Height(height), round).address;
    (1..=4).find(|i| key(*i).address() == proposer).expect("one of four")
}

fn messages(by: u8, stream: Vec<Content>) -> Vec<StreamPart> {
    (0..)
        .zip(stream)
        .map(|(sequence, content)| StreamPart { publisher: vec![by], stream: vec![0], sequence, content })
        .collect()
}

fn feed(host: &mut Host, messages: Vec<StreamPart>) -> Vec<Result<Option<ProposedBlock>, Refusal>> {
    messages.into_iter().map(|message| host.part(message, 0).expect("not fatal")).collect()
}

fn certificate(height: u64, hash: B256) -> CommitCertificate<Context> {
    // Unsorted and with one twice: the conversion must mend that.
    let commit = |i: u8| {
        let digest = vote_digest(CHAIN, VoteKind::Precommit, Height(height), 0, Some(hash));
        library::CommitSignature::new(ValidatorAddress(key(i).address()), SignatureBytes(key(i).sign(digest)))
    };
    CommitCertificate {
        height: BlockHeight(Height(height)),
        round: Round::new(0),
        value_id: BlockHash(hash),
        commit_signatures: [3, 1, 4, 1].map(commit).to_vec(),
    }
}

#[test]
fn a_proposal_travels_is_judged_decided_and_served() {
    let proposer = turn(1, 0);
    let (mut a, mut b) = (host(proposer), host(proposer % 4 + 1));
    let (hash, stream) = a.propose(Height(1), Round::new(0), 1000).expect("not fatal").expect("its turn");
    assert!(
        a.propose(Height(2), Round::new(0), 1000).expect("not fatal").is_none(),
        "the height after is not asked for"
    );
    let judged =
        feed(&mut b, messages(proposer, stream)).pop().expect("some").expect("good").expect("complete");
    assert_eq!((judged.hash, judged.invalid, judged.proposer), (hash, None, key(proposer).address()));

    for host in [&mut a, &mut b] {
        let (certificate, late) = host.decided(&certificate(1, hash), 0).expect("not fatal");
        assert_eq!(certificate.signatures.len(), 3, "each once");
        assert_eq!(late, []);
        assert_eq!(host.height(), Height(2));
    }
    assert!(a.decided(&certificate(1, hash), 0).is_err(), "no height twice");
    let range = BlockHeight(Height(1))..=BlockHeight(Height(9));
    assert!(b.history(&range).expect("not fatal").is_empty(), "height 1 is pruned");
    let hash = b.propose(Height(2), Round::new(0), 1000).expect("not fatal").expect("a block").0;
    b.decided(&certificate(2, hash), 0).expect("not fatal");
    let range = BlockHeight(Height(2))..=BlockHeight(Height(u64::MAX));
    let served = b.history(&range).expect("not fatal");
    assert_eq!(served.len(), 1);
    let mut c = host(1);
    assert_eq!(c.synced(Height(2), Round::new(0), Address::ZERO, &served[0].0), Ok(Synced::NotNow));
}

#[test]
fn a_block_that_comes_before_its_parent_is_judged_after_it() {
    let mut a = host(turn(1, 0));
    let mut b = host(turn(2, 0));
    let mut late = host(turn(3, 0));
    let (first, stream) = a.propose(Height(1), Round::new(0), 5).expect("not fatal").expect("its turn");
    let stream_one = messages(turn(1, 0), stream);
    feed(&mut b, stream_one.clone());
    b.decided(&certificate(1, first), 0).expect("not fatal");
    let (second, stream) = b.propose(Height(2), Round::new(0), 9).expect("not fatal").expect("its turn");
    let outcomes = feed(&mut late, messages(turn(2, 0), stream));
    assert!(outcomes.iter().all(|outcome| *outcome == Ok(None)), "too early to say: {outcomes:?}");
    feed(&mut late, stream_one);
    let (_, judged) = late.decided(&certificate(1, first), 0).expect("not fatal");
    assert_eq!(
        judged.iter().map(|block| (block.hash, block.invalid.clone())).collect::<Vec<_>>(),
        [(second, None)]
    );
}

/// A stream of `body` under `hash`, at height 1, round 0, by key `by`.
fn stream(by: u8, proposer: u8, hash: B256, body: &[u8], height: u64) -> Vec<StreamPart> {
    let head = StreamHead {
        height: BlockHeight(Height(height)),
        round: Round::new(0),
        valid_round: Round::Nil,
        proposer: ValidatorAddress(key(proposer).address()),
        block: BlockHash(hash),
        size: u32::try_from(body.len()).expect("small"),
        streamer: ValidatorAddress(Address::ZERO),
        signature: SignatureBytes(Signature::ZERO),
    };
    messages(by, split(head.signed(CHAIN, &key(by)), body))
}

#[test]
fn bad_streams_are_refused_or_held_against_the_proposer_only() {
    let (proposer, other) = (turn(1, 0), turn(1, 1));
    let good = block(1, B256::ZERO, 3);
    let mut bad = good.block.clone();
    bad.header.gas_limit = 13;
    let bad = bad.seal();
    let last = |messages| feed(&mut host(turn(1, 2)), messages).pop().expect("some");
    let refused = |messages: Vec<StreamPart>| {
        feed(&mut host(turn(1, 2)), messages).into_iter().find_map(Result::err).expect("a refusal")
    };

    let judged =
        last(stream(proposer, proposer, bad.hash, &bad.encoded(), 1)).expect("judged").expect("complete");
    assert_eq!(judged.invalid.as_deref(), Some("unlucky"));
    let relayed =
        last(stream(other, proposer, good.hash, &good.encoded(), 1)).expect("judged").expect("complete");
    assert_eq!(relayed.invalid, None, "any seat may stream a good block");

    let cases = [
        (
            "invalid, by another seat",
            stream(other, proposer, bad.hash, &bad.encoded(), 1),
            Refusal::Inconsistent,
        ),
        ("another block", stream(proposer, proposer, bad.hash, &good.encoded(), 1), Refusal::Inconsistent),
        ("garbage", stream(proposer, proposer, good.hash, &[7; 9], 1), Refusal::Inconsistent),
        (
            "not its turn",
            stream(other, other, good.hash, &good.encoded(), 1),
            Refusal::Proposer(key(other).address()),
        ),
        (
            "a stranger",
            stream(9, proposer, good.hash, &good.encoded(), 1),
            Refusal::Stranger(key(9).address()),
        ),
        ("far ahead", stream(proposer, proposer, good.hash, &good.encoded(), 3), Refusal::Height(Height(3))),
        ("over", stream(proposer, proposer, good.hash, &good.encoded(), 0), Refusal::Height(Height(0))),
    ];
    for (what, messages, refusal) in cases {
        assert_eq!(refused(messages), refusal, "{what}");
    }
}

#[test]
fn a_known_block_is_streamed_again_under_its_new_round() {
    let mut a = host(turn(1, 0));
    let (hash, _) = a.propose(Height(1), Round::new(0), 5).expect("not fatal").expect("its turn");
    let next = key(turn(1, 1)).address();
    let again =
        a.restream(Height(1), Round::new(1), Round::new(0), next, hash).expect("not fatal").expect("kept");
    let judged = feed(&mut host(turn(1, 2)), messages(turn(1, 0), again)).pop().expect("some").expect("good");
    let judged = judged.expect("complete");
    assert_eq!((judged.hash, judged.round, judged.valid_round), (hash, Round::new(1), Round::new(0)));
    let unknown = a.restream(Height(1), Round::new(1), Round::new(0), next, B256::ZERO).expect("not fatal");
    assert_eq!(unknown, None);
}

/// A proposal of block `hash` for round 0 that `by` signs as `proposer`'s.
fn proposal(
    by: u8,
    proposer: u8,
    hash: B256,
    height: u64,
    valid: Option<u32>,
) -> library::SignedProposal<Context> {
    let message = super::super::BlockProposal {
        height: BlockHeight(Height(height)),
        round: Round::new(0),
        block: BlockHash(hash),
        valid_round: valid.map_or(Round::Nil, Round::new),
        proposer: ValidatorAddress(key(proposer).address()),
    };
    let digest = polity_primitives::proposal_digest(CHAIN, Height(height), 0, valid, hash);
    library::SignedMessage::new(message, SignatureBytes(key(by).sign(digest)))
}

#[test]
fn a_signed_proposal_of_a_block_that_no_state_makes_valid_is_recorded() {
    let (proposer, other) = (turn(1, 0), turn(1, 1));
    // Its header names no charter: that breaks a rule in every state.
    let mut bad = block(1, B256::ZERO, 3).block;
    bad.header.gas_limit = 13;
    let bad = bad.seal();
    let garbage = vec![7; 99];
    let no_block = polity_primitives::keccak256(&garbage);
    for (hash, body) in [(bad.hash, bad.encoded()), (no_block, garbage)] {
        for block_first in [true, false] {
            let (mut host, kept) = recording(turn(1, 2));
            let say = |host: &mut Host| {
                // Neither is who signs for another, nor what comes again as a block that was wanted once.
                for (by, valid) in [(other, None), (proposer, Some(0))] {
                    host.proposal(&proposal(by, proposer, hash, 1, valid)).expect("not fatal");
                }
                host.proposal(&proposal(other, other, hash, 1, None)).expect("not fatal");
                host.proposal(&proposal(proposer, proposer, hash, 1, None)).expect("not fatal");
            };
            if block_first {
                feed(&mut host, stream(proposer, proposer, hash, &body, 1));
                assert_eq!(kept.lock().expect("unpoisoned").evidence, [], "nobody signed it yet");
                say(&mut host);
            } else {
                say(&mut host);
                assert_eq!(kept.lock().expect("unpoisoned").evidence, [], "nobody has seen it yet");
                feed(&mut host, stream(proposer, proposer, hash, &body, 1));
            }
            say(&mut host);
            let evidence = kept.lock().expect("unpoisoned").evidence.clone();
            let [Evidence::InvalidProposal { height: 1, round: 0, validator, .. }] = &evidence[..] else {
                panic!("{evidence:?}")
            };
            assert_eq!(*validator, key(proposer).address());
            let accusation = polity_primitives::Accusation::from(&evidence[0]).to_bytes();
            let offence = polity_constitution::offence(CHAIN, &accusation).expect("proved");
            assert_eq!(offence.culprit, key(proposer).address());
        }
    }
}

#[test]
fn a_block_that_only_the_state_makes_invalid_accuses_nobody() {
    let proposer = turn(1, 0);
    let no_requests =
        alloy_primitives::b256!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let header = Header {
        number: 1,
        gas_limit: 13,
        beneficiary: key(proposer).address(),
        withdrawals_root: Some(polity_primitives::keccak256([0x80])),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(no_requests),
        extra_data: vec![7; 32].into(),
        base_fee_per_gas: Some(0),
        ..Default::default()
    };
    // The chain of these tests refuses both for their gas limit; only the second shows by itself what is wrong.
    for (gas_used, accused) in [(13, 0), (14, 1)] {
        let (mut host, kept) = recording(turn(1, 2));
        let bad = Block::unsealed(Header { gas_used, ..header.clone() }, vec![]).seal();
        feed(&mut host, stream(proposer, proposer, bad.hash, &bad.encoded(), 1));
        host.proposal(&proposal(proposer, proposer, bad.hash, 1, None)).expect("not fatal");
        assert_eq!(kept.lock().expect("unpoisoned").evidence.len(), accused, "{gas_used} gas of 13");
    }
}
