//! The randomness of blocks: proven by the writer, judged, kept.

use polity_primitives::{Block, SealedBlock};

use super::*;

/// A block that the only validator proposes next, and what the ledger of another says of `bytes`.
fn proposed() -> (SealedBlock, World) {
    let mut writer = World::new();
    let block = writer.app.build(Height(1), 0, NOW).expect("builds");
    (block, World::new())
}

fn judged(world: &mut World, block: Block) -> Verdict {
    world.app.receive(&alloy_rlp::encode(&block), Height(1), NOW).expect("judged")
}

fn invalid(world: &mut World, block: Block, words: &str) {
    let name = block.clone().seal().hash;
    match judged(world, block) {
        Verdict::Invalid(hash, reason) => {
            assert!(reason.contains(words), "{reason}");
            assert_ne!(hash, name, "the block of that hash may be valid with its own seal");
        }
        valid => panic!("{words}: {valid:?}"),
    }
}

#[test]
fn a_block_without_the_proof_of_its_randomness_is_refused() {
    let (block, mut world) = proposed();
    let SealedBlock { hash, block } = block;
    assert_eq!(block.seal.len(), polity_constitution::randomness::PROOF_BYTES);
    invalid(&mut world, Block { seal: Bytes::new(), ..block.clone() }, "not 80 bytes");
    let mut bent = block.seal.to_vec();
    bent[40] ^= 1;
    invalid(&mut world, Block { seal: bent.clone().into(), ..block.clone() }, "does not verify");
    let mut chosen = block.clone();
    chosen.header.mix_hash = B256::repeat_byte(7);
    invalid(&mut world, chosen, "mixHash is");
    assert_eq!(judged(&mut world, block.clone()), Verdict::Valid(hash), "what was refused stands in no way");
    invalid(&mut world, Block { seal: bent.into(), ..block.clone() }, "does not verify");
    assert_eq!(judged(&mut world, block), Verdict::Valid(hash));
}

#[test]
fn randomness_of_another_key_is_refused() {
    let (_, mut world) = proposed();
    let me = address(&secret("node-1 node"));
    let other = Proposer::new(me, &keccak256("stolen")).expect("a key");
    let block = World::new().ledger.application(other).build(Height(1), 0, NOW).expect("builds").block;
    invalid(&mut world, block, "does not verify");
}

#[test]
fn randomness_follows_from_the_block_before_and_not_from_round_or_content() {
    let mut world = World::new();
    let first = world.app.build(Height(1), 0, NOW).expect("builds").block;
    world.transfer("alice", 0, 5).expect("taken");
    let second = world.app.build(Height(1), 3, NOW + 5_000).expect("builds").block;
    assert_ne!(first.header.transactions_root, second.header.transactions_root);
    assert_eq!(first.header.mix_hash, second.header.mix_hash);
    let hashes: std::collections::BTreeSet<_> = (0..5)
        .map(|_| {
            world.decide();
            world.ledger.head().header().mix_hash
        })
        .collect();
    assert_eq!(hashes.len(), 5);
}

#[test]
fn the_seal_is_kept_and_seeds_the_next_committee() {
    let mut world = World::new();
    world.decide();
    let head = world.ledger.head();
    let mut world = world.reopen();
    let block = world.ledger.block(Height(1)).expect("readable").expect("there");
    assert_eq!(block.block.block.seal, head.block.block.block.seal);
    assert!(!block.block.block.seal.is_empty());
    let (bytes, _) = world.app.decided(Height(1)..=Height(1)).expect("kept").remove(0);
    assert_eq!(bytes, head.block.block.encoded());
    // A node that only syncs judges the same bytes.
    assert_eq!(World::new().app.receive(&bytes, Height(1), NOW), Ok(Verdict::Valid(head.hash())));
    let committee = world.ledger.committee_at(Height(2)).expect("a committee");
    assert_eq!(committee, head.committee, "after a restart it has the same seed");
    let other = committee.reseeded(B256::ZERO);
    assert_ne!(*committee, other, "which is not nothing");
    world.decide();
    assert_eq!(world.ledger.committee_at(Height(2)).expect("kept"), head.committee);
}

/// A key that the writer chose when it knew the output is good for nothing until nobody can have known that far.
#[test]
fn a_new_peer_key_proves_nothing_for_a_while() {
    use polity_constitution::randomness::KEY_REST;
    use polity_institutions::registry::IRegistry;
    let (mut world, mut other) = (World::new(), World::new());
    let renewed = Proposer::new(address(&secret("node-1 node")), &keccak256("renewed")).expect("a key");
    let call = IRegistry::setNodeCall {
        id: B256::right_padding_from(b"node-1"),
        consensusKey: secret("node-1 node").public_key(SECP256K1).serialize().to_vec().into(),
        peerKey: renewed.prover.public_key().into(),
    };
    let tx = TxEip1559 {
        chain_id: 1337,
        gas_limit: 1_000_000,
        max_fee_per_gas: 100_000_000_000,
        to: TxKind::Call(polity_primitives::REGISTRY),
        input: alloy_sol_types::SolCall::abi_encode(&call).into(),
        ..TxEip1559::default()
    };
    let signature = sign(tx.signature_hash(), &secret("node-1"));
    let signature = Signature::from_bytes_and_parity(&signature[..64], signature[64] == 28);
    let raw = alloy_eips::eip2718::Encodable2718::encoded_2718(&TxEnvelope::from(tx.into_signed(signature)));
    world.ledger.submit(&raw, Condition::default()).expect("taken");
    let registered = 1;
    for height in (1..=registered + KEY_REST + 1).map(Height) {
        let rests = height.0 > registered && height.0 <= registered + KEY_REST;
        let now = NOW + height.0 * 1000;
        let block = world.app.build(height, 0, now).expect("builds");
        assert_eq!(block.block.seal.is_empty(), rests, "height {height}");
        if rests && height.0 < 4 {
            let seal = Bytes::from(vec![7; 80]);
            for (wrong, words) in [
                (Block { seal, ..block.block.clone() }, "there is a seal"),
                (world.ledger.application(proposer()).build(height, 0, now).expect("builds").block, ""),
                (
                    {
                        let mut chosen = block.block.clone();
                        chosen.header.mix_hash = B256::repeat_byte(7);
                        chosen
                    },
                    "while the key",
                ),
            ] {
                let judged = other.app.receive(&alloy_rlp::encode(&wrong), height, now).expect("judged");
                match judged {
                    Verdict::Invalid(_, reason) => {
                        assert!(!words.is_empty() && reason.contains(words), "{reason}")
                    }
                    Verdict::Valid(hash) => {
                        assert_eq!((words, hash), ("", block.hash), "whichever key it has, it is one block")
                    }
                }
            }
        }
        assert_eq!(other.app.receive(&block.encoded(), height, now), Ok(Verdict::Valid(block.hash)));
        let certificate = world.certificate(block.hash);
        world.app.finalize(certificate.clone()).expect("commits");
        other.app.finalize(certificate).expect("commits");
        if height.0 == registered {
            assert!(world.ledger.head().block.receipts.iter().all(|receipt| receipt.success));
            world.app = world.ledger.application(renewed.clone());
        }
    }
}
