// ethers 6, unmodified, against Polity.

import assert from "node:assert/strict";
import {
  AbiCoder, Contract, ContractFactory, JsonRpcProvider, Transaction, Wallet, WebSocketProvider, ZeroAddress, accessListify, dataSlice,
  encodeRlp, getBytes, id as keccakText, isError, keccak256, parseEther, parseUnits, toBeHex, toQuantity, zeroPadValue,
} from "ethers";
import {
  AGREEMENT, ASSEMBLY, FREE, KEY, MEMBER_KEY, OTHER_KEY, RPC, SYSTEM, TREASURY, WS, eventually, freshName, name32, run, soon,
} from "./common.mjs";
import { artifact } from "./compile.mjs";
import { checkProof } from "./verify.mjs";

const provider = new JsonRpcProvider(RPC, undefined, { polling: true, pollingInterval: 100, cacheTimeout: -1 });
const [wallet, other, member] = [KEY, OTHER_KEY, MEMBER_KEY].map((key) => new Wallet(key, provider));
const { abi, bytecode } = artifact("Probe");
const assembly = new Contract(ASSEMBLY, artifact("IAssembly").abi, member);
const treasury = new Contract(TREASURY, artifact("ITreasury").abi, member);

let probe;
let written;

/** Sends and waits; the receipt. */
const done = async (sending) => (await sending).wait(1, 60_000);

await run("ethers", [
  ["knows the chain", async () => {
    const { chainId } = await provider.getNetwork();
    assert(chainId > 0n);
    assert(await provider.getBlockNumber() > 0);
    assert.equal(await provider.getBalance(wallet.address, 0), parseEther("10000"));
    for (const tag of ["earliest", "latest", "safe", "finalized", "pending"]) {
      const block = await provider.getBlock(tag, true);
      assert.equal(typeof block.timestamp, "number");
    }
    assert.equal(await provider.getBlock(99_999_999), null);
    const fees = await provider.getFeeData();
    assert(fees.maxFeePerGas >= fees.maxPriorityFeePerGas);
    assert.notEqual(fees.gasPrice, null);
  }],

  ["!deploys", async () => {
    const factory = new ContractFactory(abi, bytecode, wallet);
    probe = await factory.deploy(5n, { value: 7n });
    await probe.waitForDeployment();
    assert.equal(await probe.value(), 5n);
    assert.equal(await probe.owner(), wallet.address);
    assert.equal(await provider.getBalance(probe), 7n);
    assert.equal(BigInt(await provider.getStorage(probe, 0)), 5n);
    const receipt = await probe.deploymentTransaction().wait();
    assert.equal(receipt.contractAddress, await probe.getAddress());
  }],

  ["!writes with every type of transaction", async () => {
    const gasPrice = FREE ? 0n : parseUnits("3", "gwei");
    const address = await probe.getAddress();
    const kinds = [
      // Where the base fee is 0, ethers takes the chain for one older than EIP-1559.
      [FREE ? 0 : 2, {}],
      [2, FREE ? { type: 2, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n } : { maxFeePerGas: gasPrice, maxPriorityFeePerGas: 5n }],
      [1, { type: 1, gasPrice, accessList: accessListify({ [address]: [zeroPadValue("0x", 32)] }) }],
      [0, { gasPrice, type: 0 }],
      [0, { type: 0 }],
    ];
    for (const [index, [type, overrides]] of kinds.entries()) {
      const value = 100n + BigInt(index);
      assert.equal(await probe.write.staticCall(value, `type ${type}`), index === 0 ? 5n : value - 1n);
      const receipt = await done(probe.write(value, `type ${type}`, overrides));
      assert.equal(receipt.status, 1);
      assert.equal(receipt.type, type);
      const tx = await provider.getTransaction(receipt.hash);
      assert.equal(tx.type, type);
      assert.equal(tx.from, wallet.address);
      assert.equal(tx.blockHash, receipt.blockHash);
      // The hash from the fields: what the node shows is what was signed.
      assert.equal(Transaction.from(tx).hash, receipt.hash);
      if (FREE) assert.equal(receipt.gasPrice, 0n);
      const [log] = receipt.logs;
      assert.equal(log.fragment.name, "Written");
      assert.deepEqual([...log.args], [wallet.address, value, `type ${type}`]);
      written = { receipt, value };
    }
    assert.equal(await probe.writes(wallet.address), 5n);
    const plain = await done(wallet.sendTransaction({ to: other.address, value: parseEther("0.5") }));
    assert.equal(plain.gasUsed, 21000n);
  }],

  ["an account takes code (EIP-7702)", async () => {
    const eoa = Wallet.createRandom().connect(provider);
    await done(wallet.sendTransaction({ to: eoa.address, value: parseEther("1") }));
    const auth = await eoa.authorize({ address: await probe.getAddress(), nonce: 0, chainId: (await provider.getNetwork()).chainId });
    // Signed by one, sent and paid for by another.
    const receipt = await done(wallet.sendTransaction({
      type: 4, to: eoa.address, data: probe.interface.encodeFunctionData("write", [77n, "delegated"]), authorizationList: [auth],
    }));
    assert.equal(receipt.type, 4);
    assert.equal(await provider.getCode(eoa.address), `0xef0100${(await probe.getAddress()).slice(2).toLowerCase()}`);
    const delegated = probe.attach(eoa.address);
    assert.equal(await delegated.value(), 77n);
    assert.equal(await probe.value(), written.value, "the contract itself is untouched");
    const tx = await provider.getTransaction(receipt.hash);
    assert.equal(tx.authorizationList.length, 1);
    assert.equal(Transaction.from(tx).hash, receipt.hash);
    assert.notEqual(eoa.address, ZeroAddress);
  }],

  ["decodes reverts", async () => {
    const reverted = async (promise) => {
      const error = await promise.then(() => assert.fail("this should revert"), (thrown) => thrown);
      assert(isError(error, "CALL_EXCEPTION"), String(error));
      return error;
    };
    assert.equal((await reverted(probe.fail(0))).reason, "as asked");
    const custom = await reverted(probe.fail(1));
    assert.deepEqual([custom.revert.name, [...custom.revert.args]], ["TooBig", [7n, 3n]]);
    assert.match((await reverted(probe.fail(2))).reason, /DIVIDE_BY_ZERO/);
    assert.equal((await reverted(probe.fail(3))).data, "0x");
    const estimated = await reverted(probe.write.estimateGas(2_000_000n, ""));
    assert.equal(estimated.revert?.name ?? probe.interface.parseError(estimated.data).name, "TooBig");
    const mined = await reverted(done(probe.write(2_000_000n, "", { gasLimit: 100_000n })));
    assert.equal(mined.receipt.status, 0);
    const institution = await reverted(assembly.ballot.staticCall(0n, 1));
    assert.deepEqual([institution.revert.name, institution.revert.args[0]], ["UnknownProposal", 0n]);
  }],

  ["understands why a transaction is refused", async () => {
    const nonce = await wallet.getNonce();
    await assert.rejects(
      wallet.sendTransaction({ to: other.address, nonce: nonce - 1, gasLimit: 21000n }),
      (error) => isError(error, "NONCE_EXPIRED"),
    );
    const poor = Wallet.createRandom().connect(provider);
    await assert.rejects(
      poor.sendTransaction({ to: other.address, value: 1n, gasLimit: 21000n }),
      (error) => isError(error, "INSUFFICIENT_FUNDS"),
    );
    if (!FREE) {
      const fees = { maxFeePerGas: parseUnits("20", "gwei"), maxPriorityFeePerGas: 1n };
      const waiting = await wallet.sendTransaction({ to: other.address, nonce: nonce + 1, gasLimit: 21000n, ...fees });
      await assert.rejects(
        wallet.sendTransaction({ to: other.address, value: 1n, nonce: nonce + 1, gasLimit: 21000n, ...fees }),
        (error) => isError(error, "REPLACEMENT_UNDERPRICED"),
      );
      // A better offer takes its place.
      const better = await wallet.sendTransaction({
        to: other.address, value: 2n, nonce: nonce + 1, gasLimit: 21000n,
        maxFeePerGas: parseUnits("30", "gwei"), maxPriorityFeePerGas: parseUnits("10", "gwei"),
      });
      await done(wallet.sendTransaction({ to: other.address, nonce, gasLimit: 21000n }));
      assert.equal((await better.wait(1, 60_000)).status, 1);
      assert.equal(await provider.getTransactionReceipt(waiting.hash), null);
    }
  }],

  ["reads logs, and is told of them (polling)", async () => {
    const all = await probe.queryFilter("Written", 0);
    assert(all.length >= 5);
    const one = await probe.queryFilter(probe.filters.Written(null, [101n, 103n]), 0);
    assert.deepEqual(one.map((log) => log.args.value), [101n, 103n]);
    assert.deepEqual(await probe.queryFilter(probe.filters.Written(other.address), 0), []);
    const byHash = await provider.getLogs({ address: await probe.getAddress(), blockHash: written.receipt.blockHash });
    assert.equal(byHash.length, 1);
    const polled = new Promise((resolve) => probe.once(probe.filters.Written(null, 800n), resolve));
    // ethers begins to listen in the background: its first poll decides where it starts.
    await new Promise((resolve) => provider.once("block", resolve));
    const receipt = await done(probe.write(800n, "polled"));
    const { log } = await soon("the log by polling", polled);
    assert.equal(log.transactionHash, receipt.hash);
    await probe.removeAllListeners();
  }],

  ["is told of blocks, logs and pending transactions (WebSocket)", async () => {
    const socket = new WebSocketProvider(WS);
    try {
      const there = probe.connect(socket);
      const heard = { blocks: [], logs: [], pending: [] };
      await socket.on("block", (number) => heard.blocks.push(number));
      await socket.on("pending", (hash) => heard.pending.push(hash));
      await there.on(probe.filters.Written(null, 901n), ({ args, log }) => heard.logs.push({ args, log }));
      await eventually("a block", () => heard.blocks.length > 0);
      await done(probe.write(902n, "not this one"));
      const receipt = await done(probe.write(901n, "subscribed"));
      await eventually("the log", () => heard.logs.length > 0);
      await eventually("the hash", () => heard.pending.includes(receipt.hash));
      await eventually("its block", () => heard.blocks.includes(receipt.blockNumber));
      assert.deepEqual(heard.logs.map(({ args }) => [...args]), [[wallet.address, 901n, "subscribed"]]);
      assert.equal(heard.logs[0].log.transactionHash, receipt.hash);
      assert(heard.blocks.every((number, i) => i === 0 || number === heard.blocks[i - 1] + 1), `a gap in ${heard.blocks}`);
      await there.removeAllListeners();
    } finally {
      await socket.destroy();
    }
  }],

  ["sees what the chain does by itself (type 0x70)", async () => {
    const fund = name32(freshName("ethers"));
    const open = treasury.interface.encodeFunctionData("open", [fund]);
    const calls = [{ target: TREASURY, value: 0n, data: open }];
    const proposing = await done(assembly.propose(name32("members"), "A fund, by ethers", calls));
    const { id } = assembly.interface.parseLog(proposing.logs[0]).args;
    await done(assembly.ballot(id, 1));
    const find = async (name) => (await assembly.queryFilter(assembly.filters[name](id), proposing.blockNumber))[0];
    const executed = await eventually("the execution", () => find("Executed"));
    const concluded = await find("Concluded");
    assert.equal(concluded.args.adopted, true);
    assert.equal(await treasury.isOpen(fund), true);
    for (const [log, to] of [[concluded, ASSEMBLY], [executed, AGREEMENT]]) {
      const block = await provider.getBlock(log.blockNumber, true);
      assert.equal(block.hash, log.blockHash);
      const tx = await provider.getTransaction(log.transactionHash);
      for (const seen of [tx, block.getPrefetchedTransaction(log.transactionHash)]) {
        assert.deepEqual([seen.type, seen.from.toLowerCase(), seen.to, seen.gasPrice, seen.nonce], [0x70, SYSTEM, to, 0n, 0]);
        assert.equal(seen.hash, log.transactionHash);
      }
      assert.equal(await tx.confirmations() > 0, true);
      const receipt = await tx.wait();
      assert.deepEqual([receipt.status, receipt.type, receipt.from.toLowerCase(), receipt.fee], [1, 0x70, SYSTEM, 0n]);
      // The hash from the fields, by the rule the node documents: 0x70 || rlp([height, index, to, gas, input]).
      const fields = [block.number, systemIndex(block, tx), to, tx.gasLimit, tx.data];
      const encoded = encodeRlp(fields.map((field) => (typeof field === "string" ? field : integer(field))));
      assert.equal(keccak256(new Uint8Array([0x70, ...getBytes(encoded)])), log.transactionHash);
    }
  }],

  ["verifies proofs against the state root", async () => {
    const { blockNumber } = written.receipt;
    const { stateRoot } = await provider.getBlock(blockNumber);
    const key = keccak256(AbiCoder.defaultAbiCoder().encode(["address", "uint256"], [wallet.address, 1n]));
    const params = [await probe.getAddress(), [toBeHex(0, 32), key], toQuantity(blockNumber)];
    const proof = await provider.send("eth_getProof", params);
    assert.equal(await checkProof(proof, stateRoot), true);
    assert.deepEqual(proof.storageProof.map((slot) => BigInt(slot.value)), [written.value, 5n]);
    assert.equal(dataSlice(keccakText("Written(address,uint256,string)"), 0, 4).length, 10);
  }],
]);

function integer(value) {
  return BigInt(value) === 0n ? "0x" : toBeHex(value);
}

/** Place of a system transaction among those of its block. */
function systemIndex(block, tx) {
  return block.prefetchedTransactions.filter((other) => other.type === 0x70).findIndex((other) => other.hash === tx.hash);
}
