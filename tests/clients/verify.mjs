// What a block commits to, computed again from what the node shows: header hash, transactions root, receipts root,
// bloom, account and storage proofs. Nothing here asks the node.

import assert from "node:assert/strict";
import { MerklePatriciaTrie, verifyMerkleProof } from "@ethereumjs/mpt";
import { RLP } from "@ethereumjs/rlp";
import { bytesToHex, hexToBytes } from "@ethereumjs/util";
import { keccak256 } from "viem";

const EMPTY_CODE = keccak256("0x");
const EMPTY_ROOT = keccak256("0x80");

/** RLP of an integer: no leading zeros, zero is empty. */
const integer = (hex) => (BigInt(hex) === 0n ? new Uint8Array() : hexToBytes(even(BigInt(hex).toString(16))));
const even = (digits) => `0x${digits.length % 2 ? "0" : ""}${digits}`;
const hash = (bytes) => keccak256(bytes);

/** Hash of the header, from the fields of `eth_getBlockBy…` as JSON. Source: EIPs 1559, 4895, 4844, 4788, 7685. */
export function headerHash(block) {
  const bytes = (field) => hexToBytes(block[field]);
  const number = (field) => integer(block[field]);
  return hash(
    RLP.encode([
      bytes("parentHash"), bytes("sha3Uncles"), bytes("miner"), bytes("stateRoot"), bytes("transactionsRoot"),
      bytes("receiptsRoot"), bytes("logsBloom"), number("difficulty"), number("number"), number("gasLimit"),
      number("gasUsed"), number("timestamp"), bytes("extraData"), bytes("mixHash"), bytes("nonce"),
      number("baseFeePerGas"), bytes("withdrawalsRoot"), number("blobGasUsed"), number("excessBlobGas"),
      bytes("parentBeaconBlockRoot"), bytes("requestsHash"),
    ]),
  );
}

/** Root of the trie of `values` by index. */
async function orderedRoot(values) {
  const trie = new MerklePatriciaTrie();
  for (const [index, value] of values.entries()) await trie.put(RLP.encode(index), value);
  return bytesToHex(trie.root());
}

/** Root of raw transactions, of every type. */
export const transactionsRoot = (raws) => orderedRoot(raws.map((raw) => hexToBytes(raw)));

/** Root of receipts given as JSON, of every type. Source: EIP-2718. */
export const receiptsRoot = (receipts) => orderedRoot(receipts.map(encodeReceipt));

function encodeReceipt(receipt) {
  const logs = receipt.logs.map((log) => [hexToBytes(log.address), log.topics.map((t) => hexToBytes(t)), hexToBytes(log.data)]);
  const body = RLP.encode([
    integer(receipt.status), integer(receipt.cumulativeGasUsed), hexToBytes(receipt.logsBloom), logs,
  ]);
  const type = Number(receipt.type);
  return type === 0 ? body : new Uint8Array([type, ...body]);
}

/** Bloom of logs given as JSON. Source: Yellow Paper 4.3.1. */
export function bloom(logs) {
  const bits = new Uint8Array(256);
  for (const log of logs) {
    for (const item of [log.address, ...log.topics]) {
      const digest = hexToBytes(keccak256(item));
      for (const i of [0, 2, 4]) {
        const bit = ((digest[i] << 8) | digest[i + 1]) & 2047;
        bits[255 - (bit >> 3)] |= 1 << (bit & 7);
      }
    }
  }
  return bytesToHex(bits);
}

/** Value under keccak256(`key`) below `root`; null if the proof shows that there is none; throws if it shows nothing. */
async function proven(root, key, proof) {
  if (proof.length === 0) {
    assert.equal(root, EMPTY_ROOT, "an empty proof says something of the empty trie only");
    return null;
  }
  const nodes = proof.map((node) => hexToBytes(node));
  assert.equal(keccak256(nodes[0]), root, "the proof begins at another root");
  // verifyMerkleProof takes the first node as the root: checked above.
  return verifyMerkleProof(hexToBytes(keccak256(key)), nodes);
}

/** Checks an answer of `eth_getProof` (JSON) against `stateRoot`; whether the account exists. */
export async function checkProof(answer, stateRoot) {
  const found = await proven(stateRoot, answer.address, answer.accountProof);
  if (found === null) {
    assert.equal(BigInt(answer.nonce), 0n);
    assert.equal(BigInt(answer.balance), 0n);
    assert.equal(answer.codeHash, EMPTY_CODE, "geth's answer for an account that is not there");
    assert.equal(answer.storageHash, EMPTY_ROOT);
  } else {
    const account = [integer(answer.nonce), integer(answer.balance), hexToBytes(answer.storageHash), hexToBytes(answer.codeHash)];
    assert.equal(bytesToHex(found), bytesToHex(RLP.encode(account)), "the proof shows another account");
  }
  for (const slot of answer.storageProof) {
    const key = even(BigInt(slot.key).toString(16).padStart(64, "0"));
    const value = await proven(answer.storageHash, key, slot.proof);
    const shown = value === null ? 0n : BigInt(bytesToHex(RLP.decode(value)));
    assert.equal(shown, BigInt(slot.value), `the proof shows another value of slot ${slot.key}`);
  }
  return found !== null;
}
