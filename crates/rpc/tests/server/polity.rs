//! The agreement's own methods, on the development charter.

use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use polity_institutions::{
    assembly::{Choice, IAssembly},
    constitution::IConstitution,
    names,
    treasury::ITreasury,
};
use polity_primitives::{
    ASSEMBLY, Certificate, Evidence, Height, Signature, SignedVote, TREASURY, VoteKind, recover_signer,
    vote_digest,
};
use serde_json::{Value, json};

use crate::chain::{CHAIN_ID, Chain, address, alice, hex, key, sign, validator, with_gas};

/// Places in the assembly's storage: the mapping of proposals; in a proposal its stages; in a stage its report's hash.
/// Source: docs/book/verify.md.
const PROPOSALS: u64 = 16;
const STAGES: u64 = 53;
const REPORT_HASH: u64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn the_agreement() {
    let chain = Chain::start().await;
    chain.block();
    let charter = chain.call("polity_getCharter", json!([])).await;
    assert_eq!((&charter["id"], &charter["chainId"]), (&json!("dev"), &json!(CHAIN_ID)));
    assert_eq!(json!(keccak256(charter["text"].as_str().expect("text"))), charter["hash"]);
    let head = chain.call("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(head["extraData"], charter["hash"]);
    assert_ne!(
        chain.call("polity_showCharter", json!(["zh"])).await,
        chain.call("polity_showCharter", json!([])).await
    );

    let members = chain.call("polity_members", json!([])).await;
    assert_eq!(members.as_array().map(Vec::len), Some(1));
    assert_eq!((&members[0]["id"], &members[0]["status"]), (&json!("node-1"), &json!("active")));
    assert!(members[0]["rights"].as_array().expect("rights").contains(&json!("vote")));
    let account = address(&key(0x21));
    for name in [json!("node-1"), json!(account), members[0]["node"]["consensus"].clone()] {
        assert_eq!(chain.call("polity_member", json!([name])).await, members[0], "{name}");
    }
    assert_eq!(chain.call("polity_member", json!(["nobody"])).await, Value::Null);

    let chambers = chain.call("polity_chambers", json!([])).await;
    assert_eq!(
        (&chambers[0]["id"], &chambers[0]["rule"], &chambers[0]["votingSecs"]),
        (&json!("members"), &json!("two-thirds"), &json!(60))
    );
    let rules = chain.call("polity_rules", json!([])).await;
    assert_eq!((&rules[0]["id"], &rules[0]["rule"]["id"]), (&json!("two-thirds"), &json!("two-thirds")));
    let treasury = chain.call("polity_treasury", json!([])).await;
    assert!(
        treasury.as_array().expect("accounts").iter().any(|account| account["name"] == "common"),
        "{treasury}"
    );
    let directory = chain.call("polity_institutions", json!([])).await;
    let names: Vec<_> =
        directory["institutions"].as_array().expect("list").iter().map(|i| i["name"].clone()).collect();
    for name in ["registry", "assembly", "treasury"] {
        assert!(names.contains(&json!(name)), "{names:?}");
    }
    assert!(directory["institutions"][0]["abi"].as_array().is_some_and(|abi| !abi.is_empty()));

    assert_eq!(chain.call("polity_proposals", json!([])).await, json!({ "total": 0, "proposals": [] }));
    assert_eq!(chain.call("polity_treaties", json!([])).await, json!([]));
    assert_eq!(chain.call("polity_deposits", json!([])).await, json!([]));
    assert_eq!(chain.call("polity_seats", json!([])).await, json!([]));
    assert_eq!(chain.call("polity_seats", json!(["members"])).await, json!([]), "it sits by description");
    assert_eq!(chain.call("polity_getDelegations", json!(["members", "node-1"])).await, json!([]));
    for method in ["polity_proposal", "polity_whyReport"] {
        assert_eq!(chain.call(method, json!([1])).await, Value::Null, "{method}");
    }
    assert_eq!(chain.call("polity_evidence", json!([])).await, json!([]));
    let status = chain.call("polity_status", json!([])).await;
    assert_eq!((&status["head"]["height"], &status["consensus"]["engine"]), (&json!(1), &json!("test")));
    assert_eq!(chain.call("polity_health", json!([])).await["ok"], true);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_can_be_checked_by_anyone() {
    let chain = Chain::start().await;
    let block = chain.block();
    chain.block();
    let proof = chain.call("polity_getCertificate", json!([1])).await;
    assert_eq!(chain.call("polity_getCertificate", json!([block.hash])).await, proof);
    assert_eq!(chain.call("polity_getCertificate", json!(["earliest"])).await, Value::Null);
    let certificate: Certificate =
        serde_json::from_value(proof["certificate"].clone()).expect("a certificate");
    assert_eq!(certificate.block_hash, block.hash);
    let digest: B256 = serde_json::from_value(proof["digest"].clone()).expect("a hash");
    let signer = recover_signer(digest, &certificate.signatures[0].signature).expect("a signer");
    assert_eq!(proof["committee"]["seats"][0]["address"], json!(signer));
    assert_eq!(proof["committee"]["seats"][0]["member"], "node-1");
    assert_eq!((&proof["committee"]["quorum"], &proof["committee"]["totalPower"]), (&json!(1), &json!(1)));

    for whole in [&proof, &proof["certificate"]] {
        let verdict = chain.call("polity_verifyCertificate", json!([whole])).await;
        assert_eq!((&verdict["valid"], &verdict["power"]), (&json!(true), &json!(1)), "{verdict}");
    }
    let spoil = |change: fn(&mut Certificate)| {
        let mut spoilt = certificate.clone();
        change(&mut spoilt);
        spoilt
    };
    for (spoilt, reason) in [
        (spoil(|c| c.signatures.clear()), "signatures carry voting power 0 of 1"),
        (spoil(|c| c.block_hash = B256::repeat_byte(7)), "does not verify"),
        (spoil(|c| c.signatures[0].signature = Signature::repeat_byte(1)), "does not verify"),
        (spoil(|c| c.signatures.push(c.signatures[0].clone())), "each once"),
    ] {
        let verdict = chain.call("polity_verifyCertificate", json!([spoilt])).await;
        assert_eq!(verdict["valid"], false, "{verdict}");
        assert!(verdict["reason"].as_str().expect("why").contains(reason), "{reason}: {verdict}");
    }
    let next = chain.call("polity_committee", json!([])).await;
    assert_eq!((&next["height"], &next["proposer"]), (&json!(3), &json!(signer)));
    assert_eq!(chain.call("polity_committee", json!(["0x2"])).await["height"], 2);
    assert_eq!(chain.fail("polity_committee", json!([0])).await["code"], -32602);
    chain.fail("polity_committee", json!([9])).await;
    chain.stop().await;
}

/// From the proposal to the report: opened by a member, decided by its ballot, concluded and enacted by the chain itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_and_why_it_passed() {
    let chain = Chain::start().await;
    let member = key(0x21);
    let payment = ITreasury::openCall { name: names::word("relief").expect("a name") };
    let call = IAssembly::Call { target: TREASURY, value: U256::ZERO, data: payment.abi_encode().into() };
    let propose = IAssembly::proposeCall {
        track: names::word("members").expect("a name"),
        title: "Open an account for relief".into(),
        calls: vec![call],
    };
    let vote = IAssembly::ballotCall { id: U256::from(1), choice: Choice::Yes };
    for (nonce, input) in [(0, propose.abi_encode()), (1, vote.abi_encode())] {
        let raw = with_gas(&member, nonce, ASSEMBLY, &input, 5_000_000);
        let hash = chain.call("eth_sendRawTransaction", json!([hex(&raw)])).await;
        chain.block();
        let receipt = chain.call("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["status"], "0x1", "{receipt}");
    }
    let block = chain.block();
    let full = chain.call("eth_getBlockByHash", json!([block.hash, true])).await;
    let last = chain.call("eth_getBlockByNumber", json!(["0x2", true])).await;
    let systems: Vec<_> = [&full, &last]
        .into_iter()
        .flat_map(|block| block["transactions"].as_array().expect("list"))
        .filter(|tx| tx["type"] == "0x70")
        .collect();
    assert_eq!(systems.len(), 1, "the chain concluded by itself, once");
    let receipt = chain.call("eth_getTransactionReceipt", json!([systems[0]["hash"]])).await;
    assert_eq!((&receipt["type"], &receipt["status"]), (&json!("0x70"), &json!("0x1")));
    assert_eq!(receipt["to"], json!(ASSEMBLY));
    let tracer = json!({ "tracer": "callTracer" });
    let trace = chain.call("debug_traceTransaction", json!([systems[0]["hash"], tracer])).await;
    assert_eq!(trace["to"], json!(ASSEMBLY).to_string().to_lowercase().trim_matches('"'));

    let proposal = chain.call("polity_proposal", json!([1])).await;
    assert_eq!(
        (&proposal["status"], &proposal["proposer"]),
        (&json!("adopted"), &json!("node-1")),
        "{proposal}"
    );
    assert_eq!(proposal["ballots"], json!([{ "member": "node-1", "choice": "yes" }]));
    let call = &proposal["calls"][0];
    assert_eq!((&call["institution"], &call["function"]), (&json!("treasury"), &json!("open")));
    assert_eq!(call["text"], "treasury.open(name: relief)");
    assert_eq!(chain.call("polity_proposals", json!([])).await["total"], 1);
    assert_eq!(chain.call("polity_proposal", json!([1, 1])).await["status"], "open", "as it was at block 1");

    let why = chain.call("polity_whyReport", json!(["0x1"])).await;
    assert_eq!(
        (&why["report"]["outcome"], &why["report"]["limbs"][0]["met"]),
        (&json!("adopted"), &json!(true))
    );
    assert_eq!(why["hash"], proposal["reportHash"]);
    a_why_report_is_proven(&chain, &why).await;
    let open = chain.call("polity_whyReport", json!(["0x1", "0x1"])).await;
    assert!(open["recorded"].is_null(), "there was no outcome to keep: {open}");
    assert!(why["text"]["en"].as_str().is_some_and(|text| text.contains("two-thirds")), "{why}");
    assert_ne!(why["text"]["en"], why["text"]["zh"]);
    chain.stop().await;
}

/// The reasons of proposal 1, from the report as printed to the state root of the last block, as docs/book/verify.md has it: nothing that
/// the node says is believed but the block's header, and a report with another number in it does not pass.
async fn a_why_report_is_proven(chain: &Chain, why: &Value) {
    use alloy_trie::{Nibbles, TrieAccount, proof::verify_proof};
    fn as_typed<T: serde::de::DeserializeOwned>(value: &Value) -> T {
        serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"))
    }
    // `stages[0].reportHash` of proposal 1.
    let hashed = |key: U256, slot: U256| keccak256([key.to_be_bytes::<32>(), slot.to_be_bytes()].concat());
    let proposal: U256 = hashed(U256::from(1), U256::from(PROPOSALS)).into();
    let stages = proposal + U256::from(STAGES);
    let first: U256 = keccak256(stages.to_be_bytes::<32>()).into();
    let slot = B256::from(first + U256::from(REPORT_HASH));
    assert_eq!(why["recorded"], json!({ "account": ASSEMBLY, "slot": slot }));

    let header = chain.call("eth_getBlockByNumber", json!(["latest", false])).await;
    let proof = chain.call("eth_getProof", json!([ASSEMBLY, [slot], header["number"]])).await;
    let account = TrieAccount {
        nonce: as_typed::<alloy_primitives::U64>(&proof["nonce"]).to(),
        balance: as_typed(&proof["balance"]),
        storage_root: as_typed(&proof["storageHash"]),
        code_hash: as_typed(&proof["codeHash"]),
    };
    let nodes: Vec<Bytes> = as_typed(&proof["accountProof"]);
    let leaf = Some(alloy_rlp::encode(account));
    verify_proof(as_typed(&header["stateRoot"]), Nibbles::unpack(keccak256(ASSEMBLY)), leaf, &nodes)
        .expect("the account is proven");

    let nodes: Vec<Bytes> = as_typed(&proof["storageProof"][0]["proof"]);
    let kept = |report: &Value| {
        let hash: U256 = keccak256(report.to_string()).into();
        verify_proof(
            account.storage_root,
            Nibbles::unpack(keccak256(slot)),
            Some(alloy_rlp::encode(hash)),
            &nodes,
        )
    };
    kept(&why["report"]).expect("the report is the one that was kept");
    let mut other = why["report"].clone();
    other["limbs"][0]["numerator"] = json!("2");
    assert!(kept(&other).is_err(), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_a_member_signed_can_be_found_and_what_it_should_not_have_is_punished() {
    let chain = Chain::start().await;
    for _ in 0..3 {
        chain.block();
    }
    let all = chain.call("polity_signatures", json!(["node-1"])).await;
    let signatures = all["signatures"].as_array().expect("a list");
    let heights: Vec<_> = signatures.iter().map(|s| (s["height"].clone(), s["wrote"].clone())).collect();
    assert_eq!(heights, [1, 2, 3].map(|height| (json!(height), json!(true))));
    assert_eq!((&all["from"], &all["to"], &all["next"]), (&json!(1), &json!(3), &Value::Null));
    let one = chain.call("polity_signatures", json!([null, 2, 2])).await;
    assert_eq!(one["signatures"].as_array().map(Vec::len), Some(1));
    assert_eq!(one["signatures"][0]["said"], "precommit");
    chain.fail("polity_signatures", json!(["nobody"])).await;

    let vote = |byte: u8| {
        let block_hash = Some(B256::repeat_byte(byte));
        let digest = vote_digest(CHAIN_ID, VoteKind::Precommit, Height(2), 0, block_hash);
        let (rs, odd) = sign(&validator(), digest);
        let mut signature = [0u8; 65];
        signature[..64].copy_from_slice(&rs);
        signature[64] = 27 + u8::from(odd);
        SignedVote {
            kind: VoteKind::Precommit,
            height: 2,
            round: 0,
            block_hash,
            validator: address(&validator()),
            signature: signature.into(),
        }
    };
    chain.evidence(Evidence::DoubleVote { first: vote(1), second: vote(2) });
    let found = chain.call("polity_evidence", json!([])).await;
    assert_eq!((&found[0]["member"], &found[0]["punished"]), (&json!("node-1"), &json!(false)));
    let accusation: Bytes = found[0]["accusation"].as_str().expect("bytes").parse().expect("hexadecimal");
    let with_evidence = chain.call("polity_signatures", json!(["node-1", 2, 2])).await;
    assert_eq!(with_evidence["signatures"].as_array().map(Vec::len), Some(3), "the two votes are found too");

    let call = IConstitution::accuseCall { evidence: accusation }.abi_encode();
    let raw = with_gas(&alice(), 0, polity_primitives::CONSTITUTION, &call, 3_000_000);
    chain.call("eth_sendRawTransaction", json!([hex(&raw)])).await;
    chain.block();
    assert_eq!(chain.call("polity_evidence", json!([])).await[0]["punished"], true);
    let offences = chain.call("polity_offences", json!([])).await;
    assert_eq!((&offences[0]["offence"], &offences[0]["member"]), (&json!("double vote"), &json!("node-1")));
    let standing = chain.call("polity_standing", json!(["node-1"])).await;
    assert_eq!(standing[0]["status"], "active", "the last validator is spared");
    assert_eq!(chain.call("polity_stakes", json!([])).await["heldWei"], "0");
    assert_eq!(chain.call("polity_rewards", json!(["node-1"])).await, json!([]));
    chain.stop().await;
}
