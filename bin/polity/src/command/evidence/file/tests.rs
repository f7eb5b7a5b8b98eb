//! Files that are taken, and files that are refused with the place of what is wrong.

use alloy_primitives::{hex, keccak256};
use polity_consensus::bft::Key;
use polity_primitives::{Height, vote_digest};
use serde_json::json;

use super::*;

const CHAIN: u64 = 7;

fn signed(byte: u8, height: u64) -> Value {
    let key = Key::new(keccak256("de").0).expect("a key");
    let block = B256::repeat_byte(byte);
    let digest = vote_digest(CHAIN, VoteKind::Precommit, Height(height), 0, Some(block));
    json!({
        "kind": "precommit", "height": height, "round": 0, "blockHash": block, "validator": key.address(),
        "signature": key.sign(digest),
    })
}

fn pair() -> Value {
    json!({ "type": "doubleVote", "first": signed(1, 5), "second": signed(2, 5) })
}

fn taken(value: &Value) -> Vec<Entry> {
    read("f", &value.to_string(), CHAIN).unwrap_or_else(|failure| panic!("{value}: {}", failure.text()))
}

#[test]
fn every_form_that_list_prints_is_taken() {
    let entries = taken(&pair());
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.offence.height, entry.place.as_str()), (5, "f"));
    let hex = hex::encode_prefixed(&entry.accusation);
    let mut annotated = pair();
    for (key, value) in [("accusation", json!(hex)), ("punished", json!(false)), ("why", json!(null))] {
        annotated[key] = value;
    }
    let mut punished = annotated.clone();
    punished["punished"] = json!(true);
    let forms = [
        annotated.clone(),
        json!([annotated]),
        json!({ "punished": [{ "anything": 1 }], "recorded": [annotated, punished.clone()] }),
        json!([hex]),
        json!({ "accusation": hex }),
    ];
    for form in forms {
        let found = taken(&form);
        assert!(found.len() == 1 && found.iter().all(|at| at.accusation == entry.accusation), "{form}");
    }
    assert_eq!(read("f", &hex, CHAIN).expect("taken").len(), 1);
    assert!(taken(&punished).is_empty(), "it is punished");
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    type Break = fn(&mut Value);
    let cases: [(&str, Break); 16] = [
        ("f: extra: there is no such field here", |e| e["extra"] = json!(1)),
        ("f: first: extra: there is no such field here", |e| e["first"]["extra"] = json!(1)),
        ("f: first: height: invalid type: string", |e| e["first"]["height"] = json!("5")),
        ("f: first: height: invalid type: floating point", |e| e["first"]["height"] = json!(5.5)),
        ("f: first: round: missing", |e| _ = e["first"].as_object_mut().unwrap().remove("round")),
        ("f: first: blockHash: missing", |e| _ = e["first"].as_object_mut().unwrap().remove("blockHash")),
        ("f: first: signature: ", |e| e["first"]["signature"] = json!("0x12")),
        ("f: first: kind: unknown variant", |e| e["first"]["kind"] = json!("shout")),
        ("f: first: validator: `null`", |e| e["first"]["validator"] = Value::Null),
        ("f: second: missing, or not a vote", |e| _ = e.as_object_mut().unwrap().remove("second")),
        ("f: second.height: not that of the first vote", |e| e["second"] = signed(2, 6)),
        ("f: type: there is no evidence of type `gossip`", |e| e["type"] = json!("gossip")),
        ("f: it proves nothing on chain 7: both signatures", |e| e["second"] = e["first"].clone()),
        ("f: accusation: not hexadecimal", |e| e["accusation"] = json!("0xzz")),
        ("f: accusation: not the one of the signatures beside it", |e| e["accusation"] = json!("0x01")),
        ("f: validator: the signatures are of", |e| {
            for vote in ["first", "second"] {
                e[vote]["validator"] = json!(Address::ZERO);
            }
        }),
    ];
    for (words, break_it) in cases {
        let mut entry = pair();
        break_it(&mut entry);
        let said = read("f", &entry.to_string(), CHAIN).expect_err(words).text();
        assert!(said.starts_with(words), "{said}\n  not {words}");
    }
    let entry = pair().to_string();
    for (file, words) in [
        (format!("{entry} {entry}"), "f: trailing characters"),
        (format!("{entry}]"), "f: trailing characters"),
        ("7".to_owned(), "f: neither evidence"),
        ("[7]".to_owned(), "f: not an object"),
        (format!("[{entry}, {{}}]"), "f: entry 2: it has neither"),
        ("{\"recorded\": 7}".to_owned(), "f: recorded: not a list"),
        ("{\"recorded\": [], \"more\": 1}".to_owned(), "f: more: there is no such field"),
        ("0x01ff and more".to_owned(), "f: not hexadecimal"),
    ] {
        let said = read("f", &file, CHAIN).expect_err(words).text();
        assert!(said.starts_with(words), "{said}\n  not {words}");
    }
    // Good signatures, for another chain.
    let said = read("f", &entry, CHAIN + 1).expect_err("another chain").text();
    assert!(said.contains("on chain 8"), "{said}");
}
