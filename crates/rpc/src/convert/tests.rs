//! Known Ethereum JSON must come out as it went in.

use alloy_consensus::Header;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Log, address, keccak256};
use polity_ledger::ExecutedBlock;
use polity_primitives::{
    Block, EthereumTransaction, Receipt, RecoveredTransaction, SYSTEM, SystemTransaction, Transaction,
};
use serde_json::{Value, json};

use super::*;

/// Of anvil's chain: EIP-1559. Its block's base fee is 877,000,000 wei or so; see `gasPrice`.
const EIP1559: &str = r#"{"hash":"0x018b2331d461a4aeedf6a1f9cc37463377578244e6a35216057a8370714e798f","nonce":"0x1","blockHash":"0x6e4e53d1de650d5a5ebed19b38321db369ef1dc357904284ecf4d89b8834969c","blockNumber":"0x2","transactionIndex":"0x0","from":"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266","to":"0x5fbdb2315678afecb367f032d93f642f64180aa3","value":"0x0","gasPrice":"0x3a29f0f8","gas":"0x1c9c380","maxFeePerGas":"0xba43b7400","maxPriorityFeePerGas":"0x5f5e100","input":"0xd09de08a","r":"0xd309309a59a49021281cb6bb41d164c96eab4e50f0c1bd24c03ca336e7bc2bb7","s":"0x28a7f089143d0a1355ebeb2a1b9f0e5ad9eca4303021c1400d61bc23c9ac5319","v":"0x0","yParity":"0x0","chainId":"0x7a69","accessList":[],"type":"0x2"}"#;
/// Of the hive test chain: legacy with replay protection.
const LEGACY: &str = r#"{"blockHash":"0x7e5d03caac4eb2b613ae9c919ef3afcc8ed0e384f31ee746381d3c8739475d2a","blockNumber":"0x4","from":"0x7435ed30a8b4aeb0877cef0c6e8cffe834eb865f","gas":"0x5208","gasPrice":"0x23237dee","hash":"0x3f38cdc805c02e152bfed34471a3a13a786fed436b3aec0c3eca35d23e2cdd2c","input":"0x","nonce":"0xc","to":"0x4dde844b71bcdf95512fb4dc94e84fb67b512ed8","transactionIndex":"0x0","value":"0x1","type":"0x0","chainId":"0xc72dd9d5e883e","v":"0x18e5bb3abd10a0","r":"0x3d61f5d7e93eecd0669a31eb640ab3349e9e5868a44c2be1337c90a893b51990","s":"0xc55f44ba123af37d0e73ed75e578647c3f473805349936f64ea902ea9e03bc7"}"#;
/// Of a Pectra devnet: EIP-7702.
const EIP7702: &str = r#"{"blockHash":"0xb14eac260f0cb7c3bbf4c9ff56034defa4f566780ed3e44b7a79b6365d02887c","blockNumber":"0xb022","from":"0x6d2d4e1c2326a069f36f5d6337470dc26adb7156","gas":"0xf8ac","gasPrice":"0xe07899f","maxFeePerGas":"0xe0789a0","maxPriorityFeePerGas":"0xe078998","hash":"0xadc3f24d05f05f1065debccb1c4b033eaa35917b69b343d88d9062cdf8ecad83","input":"0x","nonce":"0x1a","to":"0x6d2d4e1c2326a069f36f5d6337470dc26adb7156","transactionIndex":"0x0","value":"0x0","type":"0x4","accessList":[],"chainId":"0x1a5ee289c","authorizationList":[{"chainId":"0x1a5ee289c","address":"0x529f773125642b12a44bd543005650989eceaa2a","nonce":"0x1a","yParity":"0x0","r":"0x9b3de20cf8bd07f3c5c55c38c920c146f081bc5ab4580d0c87786b256cdab3c2","s":"0x74841956f4832bace3c02aed34b8f0a2812450da3728752edbb5b5e1da04497"}],"v":"0x1","r":"0xb3bf7d6877864913bba04d6f93d98009a5af16ee9c12295cd634962a2346b67c","s":"0x31ca4a874afa964ec7643e58c6b56b35b1bcc7698eb1b5e15e61e78b353bd42d","yParity":"0x1"}"#;
/// Mainnet block 19,449,567, header only.
const HEADER: &str = r#"{"baseFeePerGas":"0x886b221ad","blobGasUsed":"0x0","difficulty":"0x0","excessBlobGas":"0x0","extraData":"0x6265617665726275696c642e6f7267","gasLimit":"0x1c9c380","gasUsed":"0xb0033c","hash":"0x85cdcbe36217fd57bf2c33731d8460657a7ce512401f49c9f6392c82a7ccf7ac","logsBloom":"0xc36919406572730518285284f2293101104140c0d42c4a786c892467868a8806f40159d29988002870403902413a1d04321320308da2e845438429e0012a00b419d8ccc8584a1c28f82a415d04eab8a5ae75c00d07761acf233414c08b6d9b571c06156086c70ea5186e9b989b0c2d55c0213c936805cd2ab331589c90194d070c00867549b1e1be14cb24500b0386cd901197c1ef5a00da453234fa48f3003dcaa894e3111c22b80e17f7d4388385a10720cda1140c0400f9e084ca34fc4870fb16b472340a2a6a63115a82522f506c06c2675080508834828c63defd06bc2331b4aa708906a06a560457b114248041e40179ebc05c6846c1e922125982f427","miner":"0x95222290dd7278aa3ddd389cc1e1d165cc4bafe5","mixHash":"0x4c068e902990f21f92a2456fc75c59bec8be03b7f13682b6ebd27da56269beb5","nonce":"0x0000000000000000","number":"0x128c6df","parentBeaconBlockRoot":"0x2843cb9f7d001bd58816a915e685ed96a555c9aeec1217736bd83a96ebd409cc","parentHash":"0x90926e0298d418181bd20c23b332451e35fd7d696b5dcdc5a3a0a6b715f4c717","receiptsRoot":"0xd43aa19ecb03571d1b86d89d9bb980139d32f2f2ba59646cd5c1de9e80c68c90","sha3Uncles":"0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347","stateRoot":"0x707875120a7103621fb4131df59904cda39de948dfda9084a1e3da44594d5404","timestamp":"0x65f5f4c3","transactionsRoot":"0x889a1c26dc42ba829dab552b779620feac231cde8a6c79af022bdc605c23a780","withdrawalsRoot":"0x360c33f20eeed5efbc7d08be46e58f8440af5db503e40908ef3d1eb314856ef7"}"#;

fn known(json: &str) -> (RecoveredTransaction, Value) {
    let expected: Value = serde_json::from_str(json).expect("json");
    let tx: EthereumTransaction = serde_json::from_str(json).expect("a transaction");
    (RecoveredTransaction::recover(Transaction::Signed(tx)).expect("a signature"), expected)
}

fn quantity(value: &Value) -> u64 {
    value
        .as_str()
        .and_then(|hex| u64::from_str_radix(hex.trim_start_matches("0x"), 16).ok())
        .expect("a quantity")
}

/// Ours must have every field of theirs, and no others but these.
fn same(ours: &Value, theirs: &Value, more: &[&str]) {
    let (ours, theirs) = (ours.as_object().expect("object"), theirs.as_object().expect("object"));
    for (key, value) in theirs {
        assert_eq!(ours.get(key), Some(value), "{key}");
    }
    for key in ours.keys() {
        assert!(theirs.contains_key(key) || more.contains(&key.as_str()), "unexpected {key}");
    }
}

#[test]
fn transactions_are_those_of_ethereum() {
    for json in [EIP1559, LEGACY, EIP7702] {
        let (tx, expected) = known(json);
        // Not `tx.hash`, which was read from the JSON.
        assert_eq!(json!(keccak256(tx.transaction.encoded_2718())), expected["hash"]);
        assert_eq!(json!(tx.sender), expected["from"]);
        // The base fee that makes the effective price what it is.
        let tip = expected.get("maxPriorityFeePerGas").map_or(0, quantity);
        let base_fee = quantity(&expected["gasPrice"]).saturating_sub(tip);
        let place = Place {
            block_hash: serde_json::from_value(expected["blockHash"].clone()).expect("hash"),
            block_number: quantity(&expected["blockNumber"]),
            timestamp: 1,
            base_fee,
            index: 0,
        };
        let ours = serde_json::to_value(transaction(&tx, Some(place), 0, false)).expect("json");
        same(&ours, &expected, &["blockTimestamp"]);
        let free = serde_json::to_value(transaction(&tx, Some(place), 0, true)).expect("json");
        let paid = if expected["type"] == "0x0" { &expected["gasPrice"] } else { &json!("0x0") };
        assert_eq!(&free["gasPrice"], paid, "{}", expected["type"]);
    }
}

#[test]
fn a_waiting_transaction_has_no_place() {
    let (tx, expected) = known(EIP1559);
    let ours = serde_json::to_value(transaction(&tx, None, 0, false)).expect("json");
    for key in ["blockHash", "blockNumber", "transactionIndex"] {
        assert_eq!(ours[key], Value::Null, "{key}");
    }
    assert_eq!(ours["gasPrice"], expected["maxFeePerGas"]);
}

#[test]
fn headers_are_those_of_ethereum() {
    let expected: Value = serde_json::from_str(HEADER).expect("json");
    let inner: Header = serde_json::from_str(HEADER).expect("a header");
    let block = executed(inner, Vec::new(), Vec::new());
    assert_eq!(json!(block.block.hash), expected["hash"]);
    same(&serde_json::to_value(header(&block)).expect("json"), &expected, &["size", "totalDifficulty"]);
}

fn executed(
    header: Header,
    transactions: Vec<RecoveredTransaction>,
    receipts: Vec<Receipt>,
) -> ExecutedBlock {
    let block = Block::unsealed(header, transactions.iter().map(|tx| tx.transaction.clone()).collect());
    ExecutedBlock { block: block.seal(), transactions, receipts }
}

fn system() -> RecoveredTransaction {
    RecoveredTransaction::system(SystemTransaction {
        height: 3,
        index: 0,
        to: Address::repeat_byte(0x10),
        gas_limit: 7_000_000,
        input: vec![1, 2].into(),
    })
}

fn log(n: u8) -> Log {
    Log::new_unchecked(Address::repeat_byte(n), vec![B256::repeat_byte(n)], vec![n].into())
}

fn receipt_with(tx_type: u8, gas: u64, logs: Vec<Log>) -> Receipt {
    Receipt { tx_type, success: true, cumulative_gas_used: gas, logs }
}

fn mixed() -> ExecutedBlock {
    let header = Header { number: 3, timestamp: 9, base_fee_per_gas: Some(7), ..Header::default() };
    let transactions = vec![known(EIP1559).0, known(LEGACY).0, system()];
    let receipts = vec![
        receipt_with(2, 30_000, vec![log(1), log(2)]),
        receipt_with(0, 51_000, vec![]),
        receipt_with(0x70, 90_000, vec![log(3)]),
    ];
    executed(header, transactions, receipts)
}

/// The fields that viem, ethers and web3.py read of every transaction, whatever its type.
#[test]
fn a_system_transaction_reads_like_a_legacy_one() {
    let block = serde_json::to_value(block(&mixed(), true, 5, true)).expect("json");
    let tx = &block["transactions"][2];
    let expected = json!({
        "type": "0x70", "from": SYSTEM, "to": Address::repeat_byte(0x10), "nonce": "0x0", "value": "0x0", "gas": "0x6acfc0",
        "gasPrice": "0x0", "input": "0x0102", "r": "0x0", "s": "0x0", "v": "0x0", "chainId": "0x5", "hash": system().hash,
        "blockHash": block["hash"], "blockNumber": "0x3", "transactionIndex": "0x2", "blockTimestamp": "0x9",
    });
    assert_eq!(*tx, expected);
    assert_eq!(block["transactions"][0]["type"], "0x2");
    assert_eq!(block["uncles"], json!([]));
    assert_eq!(block["withdrawals"], json!([]));
}

#[test]
fn a_block_lists_hashes_unless_asked_for_more() {
    let mixed = mixed();
    let hashes: Vec<B256> = mixed.transactions.iter().map(|tx| tx.hash).collect();
    let json = serde_json::to_value(block(&mixed, false, 5, true)).expect("json");
    assert_eq!(json["transactions"], json!(hashes));
    assert_eq!(quantity(&json["size"]), mixed.block.encoded().len() as u64);
}

#[test]
fn receipts_count_gas_and_logs_through_the_block() {
    let mixed = mixed();
    let all = serde_json::to_value(receipts(&mixed, false)).expect("json");
    let expected = [
        ("0x2", "0x7530", "0x7530", vec!["0x0", "0x1"], "0x5f5e107"),
        ("0x0", "0x5208", "0xc738", vec![], "0x23237dee"),
        ("0x70", "0x9858", "0x15f90", vec!["0x2"], "0x0"),
    ];
    for (index, (kind, gas, total, logs, price)) in expected.into_iter().enumerate() {
        let one = &all[index];
        assert_eq!(one["type"], kind);
        assert_eq!(one["status"], "0x1");
        assert_eq!(one["gasUsed"], gas);
        assert_eq!(one["cumulativeGasUsed"], total);
        assert_eq!(one["effectiveGasPrice"], price);
        assert_eq!(one["contractAddress"], Value::Null);
        let indices: Vec<_> =
            one["logs"].as_array().expect("logs").iter().map(|log| log["logIndex"].clone()).collect();
        assert_eq!(json!(indices), json!(logs));
        assert_eq!(serde_json::to_value(receipt(&mixed, index, false)).expect("json"), *one);
    }
    assert_eq!(receipts(&mixed, true)[0].effective_gas_price, 0);
    assert!(receipt(&mixed, 3, false).is_none());
}

/// Known answer: the CREATE address of this sender at nonce 0, as in go-ethereum's and many other test suites.
#[test]
fn a_creation_names_its_contract() {
    let create = EthereumTransaction::Legacy(alloy_consensus::Signed::new_unchecked(
        alloy_consensus::TxLegacy { nonce: 0, to: alloy_primitives::TxKind::Create, ..Default::default() },
        alloy_primitives::Signature::test_signature(),
        B256::repeat_byte(9),
    ));
    let tx = RecoveredTransaction {
        hash: B256::repeat_byte(9),
        sender: address!("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"),
        transaction: Transaction::Signed(create),
    };
    let block = executed(Header::default(), vec![tx], vec![receipt_with(0, 60_000, vec![])]);
    let receipt = receipt(&block, 0, false).expect("a receipt");
    assert_eq!(receipt.contract_address, Some(address!("0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d")));
    assert_eq!(receipt.to, None);
}

#[test]
fn wanted_logs_keep_their_numbers() {
    let mixed = mixed();
    let wanted = |log: &Log| log.address != Address::repeat_byte(1);
    let found: Vec<_> = logs_of(&mixed, wanted).map(|log| (log.log_index, log.transaction_index)).collect();
    assert_eq!(found, [(Some(1), Some(0)), (Some(2), Some(2))]);
}
