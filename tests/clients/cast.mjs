// cast (Foundry, by npm), unmodified, against Polity.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  AGREEMENT, ASSEMBLY, FREE, KEY, MEMBER_KEY, OTHER_KEY, SYSTEM, SYSTEM_TYPE, TREASURY, WS, eventually, freshName, name32, run,
  soon,
} from "./common.mjs";
import { artifact } from "./compile.mjs";
import { attempt, env, home, output, program } from "./foundry.mjs";
import { checkProof } from "./verify.mjs";

const tool = program("cast");

/** What `cast …` prints. */
const cast = (...args) => output(tool, args);

const json = async (...args) => JSON.parse(await cast("--json", ...args));

/** What `cast …` complains of. */
async function refused(...args) {
  const { failed, stdout, stderr } = await attempt(tool, args);
  assert(failed, `cast ${args.join(" ").slice(0, 300)} should fail, but: ${stdout}`);
  return stderr;
}

async function send(key, ...args) {
  const receipt = await json("send", "--private-key", key, ...args);
  assert.equal(receipt.status, "0x1", JSON.stringify(receipt));
  return receipt;
}

/**
 * The receipt of what `sending` sends, in a block without system transactions, such as others cause at any time: `cast run`
 * (1.7.1) reads the whole block, and knows Ethereum's own types only.
 */
async function amongOrdinary(sending) {
  for (let attempts = 0; attempts < 10; attempts++) {
    const receipt = await sending();
    const { transactions } = await json("block", BigInt(receipt.blockNumber), "--full");
    if (transactions.every((tx) => tx.type !== SYSTEM_TYPE)) return receipt;
  }
  throw new Error("every block holds a system transaction");
}

const VALUE = "value()(uint256)";
const WRITE = "write(uint256,string)";
const WRITTEN = "Written(address indexed,uint256 indexed,string)";
let [me, other, probe, written] = [];

await run("@foundry-rs/cast", [
  ["!knows the chain", async () => {
    me = await cast("wallet", "address", "--private-key", KEY);
    other = await cast("wallet", "address", "--private-key", OTHER_KEY);
    assert(Number(await cast("chain-id")) > 0);
    assert.match(await cast("client"), /^polity\/v/);
    const height = Number(await cast("block-number"));
    assert(height > 0);
    assert.equal(Number(await cast("block", height, "-f", "number")), height);
    for (const tag of ["earliest", "latest", "safe", "finalized", "pending"]) await cast("block", tag);
    assert(await cast("block", "latest", "--rpc-url", WS));
    assert(BigInt(await cast("gas-price")) >= 0n);
    assert.equal(await cast("base-fee"), await cast("base-fee", "latest").then((fee) => (FREE ? "0" : fee)));
    assert(BigInt(await cast("balance", me)) > 10n ** 18n);
    assert.equal(await cast("balance", me, "--block", 0), String(10n ** 22n));
    assert(Number(await cast("find-block", Math.floor(Date.now() / 1000) - 1)) <= Number(await cast("block-number")));
    assert.match(await cast("age"), /UTC$/);
  }],

  ["!deploys", async () => {
    const { bytecode } = artifact("Probe");
    const receipt = await send(KEY, "--value", 7, "--create", bytecode, "constructor(uint256)", 5);
    probe = receipt.contractAddress;
    assert.equal(await cast("call", probe, VALUE), "5");
    assert.equal(await cast("balance", probe), "7");
    const address = await cast("compute-address", me, "--nonce", Number(await cast("nonce", me)) - 1);
    assert.equal(address.split(": ")[1].toLowerCase(), probe.toLowerCase());
    assert((await cast("code", probe)).length > 100);
    assert(Number(await cast("codesize", probe)) > 100);
    assert.equal(await cast("codehash", probe), await cast("keccak", await cast("code", probe)));
    assert.equal(BigInt(await cast("storage", probe, 0)), 5n);
  }],

  ["!sends every type of transaction", async () => {
    const fees = FREE ? ["--gas-price", 0, "--priority-gas-price", 0] : ["--gas-price", "9gwei", "--priority-gas-price", 5];
    const access = (await json("access-list", probe, WRITE, 1, "list", "--from", me)).accessList;
    assert(access.some((entry) => entry.address === probe.toLowerCase() && entry.storageKeys.length > 0));
    const kinds = [
      ["0x2", []],
      ["0x2", fees],
      ["0x0", ["--legacy"]],
      ["0x1", ["--legacy", "--access-list", JSON.stringify(access)]],
      ["0x2", ["--access-list"]],
    ];
    for (const [index, [type, flags]] of kinds.entries()) {
      written = await send(KEY, probe, WRITE, 100 + index, "by cast", ...flags);
      assert.equal(written.type, type, `${flags}`);
      assert.equal(await cast("call", probe, VALUE), String(100 + index));
      if (FREE) assert.equal(BigInt(written.effectiveGasPrice), 0n);
    }
    const plain = await send(KEY, other, "--value", "0.5ether");
    assert.equal(BigInt(plain.gasUsed), 21000n);
    const sync = await send(KEY, other, "--value", 1, "--sync");
    assert.equal(sync.status, "0x1");
    const hash = await cast("publish", "--async", await cast("mktx", "--private-key", KEY, other, "--value", 2));
    assert.equal((await json("receipt", hash)).transactionHash, hash);
  }],

  ["an account takes code (EIP-7702)", async () => {
    const [, address, key] = /Address:\s+(0x\w+)\s+Private key:\s+(0x\w+)/.exec(await cast("wallet", "new"));
    await send(KEY, address, "--value", "1ether");
    const auth = await cast("wallet", "sign-auth", probe, "--private-key", key, "--self-broadcast");
    const receipt = await send(key, address, "--value", 3, "--auth", auth);
    assert.equal(receipt.type, "0x4");
    assert.equal(await cast("code", address), `0xef0100${probe.slice(2).toLowerCase()}`);
    assert.equal(receipt.logs.length, 1, "the account's own receive() spoke");
  }],

  ["refuses blobs, saying so", async () => {
    const blob = join(home, "blob");
    writeFileSync(blob, "no place for this");
    const flags = ["--blob", "--path", blob, "--blob-gas-price", 1, "--gas-limit", 21000];
    assert.match(await refused("send", "--private-key", KEY, other, ...flags), /blob transactions .* are not supported/);
  }],

  ["estimates and explains", async () => {
    const gas = BigInt(await cast("estimate", probe, WRITE, 5, "estimated", "--from", me));
    const used = BigInt((await send(KEY, probe, WRITE, 5, "estimated", "--gas-limit", gas)).gasUsed);
    assert(used <= gas);
    const max = "1000000";
    const revert = await refused("call", probe, WRITE, 2_000_000, "", "--from", me);
    assert.match(revert, /execution reverted/);
    const data = /data: "?(0x[0-9a-f]+)/.exec(revert)[1];
    assert.match(await cast("decode-error", "--sig", "TooBig(uint256,uint256)", data), new RegExp(max));
    assert.match(await refused("estimate", probe, WRITE, 2_000_000, "", "--from", me), /execution reverted/);
    assert.match(await refused("call", probe, "fail(uint8)", 0), /as asked/);
    const failed = await amongOrdinary(() => {
      return json("send", "--private-key", KEY, probe, WRITE, 2_000_000, "", "--gas-limit", 100_000);
    });
    assert.equal(failed.status, "0x0");
    assert.match(await cast("run", failed.transactionHash), /TooBig|custom error|Revert/);
  }],

  ["calls with overrides", async () => {
    const slot = `${probe}:0:0x2a`;
    assert.equal(await cast("call", probe, VALUE, "--override-state-diff", slot), "42");
    assert.equal(await cast("call", other, VALUE, "--override-code", `${other}:${await cast("code", probe)}`), "0");
    const environment = "environment()(uint256,uint256,uint256,uint256,uint256,address)";
    const seen = (await cast("call", probe, environment, "--block.number", 77, "--block.time", 1234)).split("\n");
    assert.deepEqual([seen[0], seen[1].split(" ")[0]], ["77", "1234"]);
  }],

  ["reads logs, and is told of them (WebSocket)", async () => {
    const topic = await cast("to-uint256", 102);
    const filter = ["--from-block", 0, "--address", probe];
    const logs = await json("logs", ...filter, WRITTEN);
    assert(logs.length >= 5);
    const one = await json("logs", ...filter, WRITTEN, "", topic);
    assert.deepEqual(one.map((log) => log.topics[2]), [topic]);
    assert.deepEqual(await json("logs", ...filter, "--to-block", 0), []);

    const child = spawn(tool, ["logs", "--subscribe", "--rpc-url", WS, "--address", probe, WRITTEN], { env, cwd: home });
    try {
      const first = new Promise((resolve) => createInterface(child.stdout).on("line", resolve));
      const complaint = new Promise((_, reject) => {
        child.stderr.on("data", (text) => reject(new Error(`cast logs --subscribe: ${text}`)));
      });
      // It does not say when it is subscribed: keep writing until it hears.
      let heard = false;
      const writing = eventually("the log by subscription", async () => {
        if (!heard) await send(KEY, probe, WRITE, 103, "subscribed");
        return heard;
      });
      const line = await soon("a log by subscription", Promise.race([first, complaint]));
      heard = true;
      await writing;
      assert.match(line.toLowerCase(), new RegExp(`^- address: ${probe}`, "i"));
    } finally {
      child.kill();
    }
  }],

  ["shows receipts, transactions and traces", async () => {
    const { transactionHash, blockNumber } = written;
    assert.equal((await json("receipt", transactionHash)).transactionHash, transactionHash);
    assert.equal(await cast("receipt", transactionHash, "status"), "true");
    const tx = await json("tx", transactionHash);
    assert.equal(tx.blockNumber, blockNumber);
    assert.equal(tx.to, probe.toLowerCase());
    const raw = await cast("tx", transactionHash, "--raw");
    assert.equal(raw, JSON.parse(await cast("rpc", "eth_getRawTransactionByHash", transactionHash)));
    assert.equal(await cast("keccak", raw), transactionHash);
    const block = await json("block", BigInt(blockNumber), "--full");
    assert(block.transactions.some((inBlock) => inBlock.hash === transactionHash));
    const trace = JSON.parse(await cast("rpc", "debug_traceTransaction", transactionHash, '{"tracer":"callTracer"}'));
    assert.equal(trace.to, probe.toLowerCase());
    // cast's own EVM does it again on state fetched from the node, and comes to the same gas.
    const again = await amongOrdinary(() => send(KEY, probe, WRITE, 105, "to be run again"));
    assert.match(await cast("run", again.transactionHash), new RegExp(`Gas used: ${BigInt(again.gasUsed)}$`, "m"));
    assert.deepEqual(Object.keys(await json("tx-pool", "status")), ["pending", "queued"]);
  }],

  ["proves accounts and slots", async () => {
    const height = BigInt(written.blockNumber);
    const stateRoot = await cast("block", height, "-f", "stateRoot");
    const proof = JSON.parse(await cast("proof", probe, 0, "--block", height));
    assert.equal(await checkProof(proof, stateRoot), true);
    assert.equal(BigInt(proof.storageProof[0].value), 104n);
    assert.equal(await cast("storage-root", probe, "--block", height), proof.storageHash);
    await assert.rejects(checkProof(proof, await cast("block", height - 1n, "-f", "stateRoot")));
  }],

  ["sees what the chain does by itself (type 0x70)", async () => {
    const fund = name32(freshName("cast"));
    const open = await cast("calldata", "open(bytes32)", fund);
    const propose = "propose(bytes32,string,(address,uint256,bytes)[])";
    const proposed = await send(MEMBER_KEY, ASSEMBLY, propose, name32("members"), "A fund, by cast", `[(${TREASURY},0,${open})]`);
    const id = proposed.logs[0].topics[1];
    await send(MEMBER_KEY, ASSEMBLY, "ballot(uint256,uint8)", id, 1);
    const find = async (event) => {
      const logs = await json("logs", "--from-block", BigInt(proposed.blockNumber), "--address", ASSEMBLY, event, id);
      return logs[0];
    };
    const executed = await eventually("the execution", () => find("Executed(uint256 indexed)"));
    const concluded = await find("Concluded(uint256 indexed,bool,uint64,bytes32)");
    assert.equal(await cast("call", TREASURY, "isOpen(bytes32)(bool)", fund), "true");
    for (const [log, to] of [[concluded, ASSEMBLY], [executed, AGREEMENT]]) {
      const hash = log.transactionHash;
      const tx = await json("tx", hash);
      assert.deepEqual([tx.type, tx.from, tx.to, BigInt(tx.gasPrice)], [SYSTEM_TYPE, SYSTEM, to, 0n]);
      assert.match(await cast("tx", hash), /type\s+0x70/);
      assert.equal((await cast("tx", hash, "from")).toLowerCase(), SYSTEM);
      const receipt = await json("receipt", hash);
      assert.deepEqual([receipt.type, receipt.status, receipt.from], [SYSTEM_TYPE, "0x1", SYSTEM]);
      assert.match(await cast("receipt", hash), /status\s+1 \(success\)/);
      const height = BigInt(log.blockNumber);
      const block = await json("block", height, "--full");
      assert(block.transactions.some((inBlock) => inBlock.hash === hash && inBlock.type === SYSTEM_TYPE));
      assert.match(await cast("block", height, "--full"), /type\s+0x70/);
      assert((await json("block", height)).transactions.includes(hash));
      const raw = JSON.parse(await cast("rpc", "eth_getRawTransactionByHash", hash));
      assert(raw.startsWith(SYSTEM_TYPE));
      assert.equal(await cast("keccak", raw), hash);
      const trace = JSON.parse(await cast("rpc", "debug_traceTransaction", hash, '{"tracer":"callTracer"}'));
      assert.deepEqual([trace.from, trace.to], [SYSTEM, to]);
      // A limit of cast 1.7.1, not of the node: `cast run` knows Ethereum's own types only.
      assert.match(await refused("run", hash), /unknown variant `0x70`/);
    }
  }],

  ["hears clear words for what is not there", async () => {
    assert.match(await refused("rpc", "eth_foo"), /-32601.*eth_foo/);
    assert.match(await refused("rpc", "eth_getBalance"), /-32602/);
    assert.match(await refused("tx", `0x${"11".repeat(32)}`), /not found/);
    assert.match(await refused("block", 99999999), /not found/);
    const low = ["send", "--private-key", KEY, other, "--value", 1, "--nonce", 0, "--gas-limit", 21000];
    assert.match(await refused(...low), /nonce too low/);
    assert.match(await refused("publish", "0x70c0"), /0x70/);
  }],
]);
