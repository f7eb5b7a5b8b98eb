// viem, unmodified, against Polity.

import assert from "node:assert/strict";
import {
  BaseError, ContractFunctionRevertedError, InsufficientFundsError, NonceTooLowError, createPublicClient, createWalletClient,
  defineChain, encodeFunctionData, http, keccak256, pad, parseEther, parseEventLogs, parseGwei, toHex, webSocket, zeroAddress,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import {
  AGREEMENT, ASSEMBLY, FREE, KEY, MEMBER_KEY, OTHER_KEY, RPC, SYSTEM, SYSTEM_TYPE, TREASURY, WS, eventually, freshName, name32,
  rpc, run, soon,
} from "./common.mjs";
import { artifact } from "./compile.mjs";
import { bloom, checkProof, headerHash, receiptsRoot, transactionsRoot } from "./verify.mjs";

const { abi, bytecode } = artifact("Probe");
const batch = artifact("Batch");
const assembly = { address: ASSEMBLY, abi: artifact("IAssembly").abi };
const treasury = { address: TREASURY, abi: artifact("ITreasury").abi };

const chain = defineChain({
  id: Number(await rpc("eth_chainId")),
  name: "Polity",
  nativeCurrency: { name: "unit", symbol: "UNIT", decimals: 18 },
  rpcUrls: { default: { http: [RPC], webSocket: [WS] } },
});
const pollingInterval = 100;
const client = createPublicClient({ chain, transport: http(), pollingInterval });
const [account, other, member] = [KEY, OTHER_KEY, MEMBER_KEY].map((key) => privateKeyToAccount(key));
const wallet = createWalletClient({ account, chain, transport: http(), pollingInterval });
const otherWallet = createWalletClient({ account: other, chain, transport: http(), pollingInterval });
const memberWallet = createWalletClient({ account: member, chain, transport: http(), pollingInterval });
const nowhere = "0x00000000000000000000000000000000000fffff";

/** Waits for the receipt and that it succeeded. */
async function done(hash) {
  const receipt = await client.waitForTransactionReceipt({ hash, timeout: 60_000 });
  assert.equal(receipt.status, "success", `transaction ${hash}`);
  return receipt;
}

/** The error of the contract inside whatever viem threw. */
async function revertOf(promise) {
  const error = await promise.then(
    () => assert.fail("this should revert"),
    (thrown) => thrown,
  );
  assert(error instanceof BaseError, String(error));
  const revert = error.walk((inner) => inner instanceof ContractFunctionRevertedError);
  assert(revert instanceof ContractFunctionRevertedError, `no revert in ${error.message}`);
  return revert;
}

let probe;
let write;

await run("viem", [
  ["knows the chain", async () => {
    assert.equal(await client.getChainId(), chain.id);
    assert(await client.getBlockNumber() >= 0n);
    assert.deepEqual(await wallet.getAddresses(), [account.address]);
    assert.deepEqual(await rpc("eth_accounts"), []);
    assert.equal(await rpc("eth_syncing"), false);
    assert.match(await rpc("web3_clientVersion"), /^polity\/v/);
    for (const blockTag of ["earliest", "latest", "safe", "finalized", "pending"]) {
      const block = await client.getBlock({ blockTag });
      if (blockTag === "earliest") assert.equal(block.number, 0n);
      if (FREE) assert.equal(block.baseFeePerGas, 0n);
    }
    assert.equal(await client.getBalance({ address: account.address, blockNumber: 0n }), parseEther("10000"));
  }],

  ["!deploys", async () => {
    const hash = await wallet.deployContract({ abi, bytecode, args: [5n], value: 7n });
    const receipt = await done(hash);
    probe = { address: receipt.contractAddress, abi };
    assert.equal(receipt.to, null);
    assert.equal(await client.readContract({ ...probe, functionName: "value" }), 5n);
    assert.equal(await client.readContract({ ...probe, functionName: "owner" }), account.address);
    assert.equal(await client.getBalance({ address: probe.address }), 7n);
    const code = await client.getCode({ address: probe.address });
    assert(code.length > 2 && bytecode.length > code.length);
    assert.equal(BigInt(await client.getStorageAt({ address: probe.address, slot: "0x0" })), 5n);
  }],

  ["!writes with EIP-1559, EIP-2930 and legacy transactions", async () => {
    const gasPrice = FREE ? 0n : parseGwei("3");
    const { accessList } = await client.createAccessList({
      account, to: probe.address, data: encodeFunctionData({ abi, functionName: "write", args: [8n, "list"] }),
    });
    const mine = accessList.find((entry) => entry.address === probe.address.toLowerCase());
    assert(mine.storageKeys.includes(pad("0x")), "slot 0 is written");
    const kinds = [
      ["eip1559", {}],
      ["eip1559", FREE ? { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n } : { maxFeePerGas: parseGwei("9"), maxPriorityFeePerGas: 5n }],
      ["eip2930", { gasPrice, accessList }],
      ["legacy", { gasPrice }],
      ["legacy", { type: "legacy" }],
    ];
    for (const [index, [kind, fees]] of kinds.entries()) {
      const value = BigInt(100 + index);
      const { request, result } = await client.simulateContract({
        ...probe, account, functionName: "write", args: [value, kind], ...fees,
      });
      const before = index === 0 ? 5n : value - 1n;
      assert.equal(result, before);
      const hash = await wallet.writeContract(request);
      const receipt = await done(hash);
      assert.equal(receipt.type, kind);
      assert.equal(receipt.from, account.address.toLowerCase());
      const tx = await client.getTransaction({ hash });
      assert.equal(tx.type, kind);
      assert.equal(tx.blockHash, receipt.blockHash);
      assert.equal(tx.transactionIndex, receipt.transactionIndex);
      assert.equal(tx.chainId, chain.id);
      if (kind === "eip2930") assert.deepEqual(tx.accessList, accessList);
      const block = await client.getBlock({ blockHash: receipt.blockHash });
      const price = kind === "eip1559"
        ? [tx.maxFeePerGas, block.baseFeePerGas + tx.maxPriorityFeePerGas].reduce((a, b) => (a < b ? a : b))
        : tx.gasPrice;
      assert.equal(receipt.effectiveGasPrice, FREE ? 0n : price);
      const [log] = parseEventLogs({ abi, logs: receipt.logs, eventName: "Written" });
      assert.deepEqual(log.args, { by: account.address, value, note: kind });
      write = { hash, receipt, value };
    }
    assert.equal(await client.readContract({ ...probe, functionName: "value" }), write.value);
    assert.equal(await client.readContract({ ...probe, functionName: "writes", args: [account.address] }), 5n);
  }],

  ["pays exactly what the receipts say", async () => {
    const before = await client.getBalance({ address: account.address, blockNumber: write.receipt.blockNumber - 1n });
    const after = await client.getBalance({ address: account.address, blockNumber: write.receipt.blockNumber });
    const block = await client.getBlock({ blockNumber: write.receipt.blockNumber, includeTransactions: true });
    if (block.transactions.filter((tx) => tx.from === account.address.toLowerCase()).length === 1) {
      assert.equal(before - after, write.receipt.gasUsed * write.receipt.effectiveGasPrice);
    }
  }],

  ["waits for a receipt in one call (EIP-7966)", async () => {
    const receipt = await wallet.sendTransactionSync({ to: other.address, value: 3n });
    assert.equal(receipt.status, "success");
    assert.equal(receipt.gasUsed, 21000n);
  }],

  ["an account takes code and makes several calls at once (EIP-7702)", async () => {
    const { contractAddress } = await done(await wallet.deployContract({ abi: batch.abi, bytecode: batch.bytecode }));
    const eoa = privateKeyToAccount(generatePrivateKey());
    const eoaWallet = createWalletClient({ account: eoa, chain, transport: http(), pollingInterval });
    await done(await wallet.sendTransaction({ to: eoa.address, value: parseEther("1") }));
    const authorization = await eoaWallet.signAuthorization({ contractAddress, executor: "self" });
    const calls = [
      { to: probe.address, value: 11n, data: "0x" },
      { to: probe.address, value: 0n, data: encodeFunctionData({ abi, functionName: "write", args: [700n, "batch"] }) },
    ];
    const hash = await eoaWallet.writeContract({
      abi: batch.abi, address: eoa.address, functionName: "run", args: [calls], authorizationList: [authorization],
    });
    const receipt = await done(hash);
    assert.equal(receipt.type, "eip7702");
    assert.equal(parseEventLogs({ abi: batch.abi, logs: receipt.logs, eventName: "Done" })[0].address, eoa.address.toLowerCase());
    const [written] = parseEventLogs({ abi, logs: receipt.logs, eventName: "Written" });
    assert.equal(written.args.by, eoa.address);
    assert.equal(await client.getCode({ address: eoa.address }), `0xef0100${contractAddress.slice(2).toLowerCase()}`);
    assert.equal(await client.getDelegation({ address: eoa.address }).then((a) => a?.toLowerCase()), contractAddress.toLowerCase());
    const tx = await client.getTransaction({ hash });
    assert.equal(tx.type, "eip7702");
    assert.equal(tx.authorizationList.length, 1);
    assert.equal(tx.authorizationList[0].address, contractAddress.toLowerCase());
    // Somebody else pays for taking the code away again.
    const away = await eoaWallet.signAuthorization({ contractAddress: zeroAddress });
    await done(await wallet.sendTransaction({ to: zeroAddress, authorizationList: [away] }));
    assert.equal(await client.getCode({ address: eoa.address }), undefined);
  }],

  ["estimates gas that suffices", async () => {
    for (const slots of [1n, 40n, 400n]) {
      const fresh = BigInt(Date.now()) * 1000n + slots;
      const request = { ...probe, account, functionName: "fill", args: [fresh, slots] };
      const gas = await client.estimateContractGas(request);
      const receipt = await done(await wallet.writeContract({ ...request, gas }));
      assert(receipt.gasUsed <= gas && gas < (receipt.gasUsed * 13n) / 10n, `estimated ${gas}, used ${receipt.gasUsed}`);
    }
    assert.equal(await client.estimateGas({ account, to: other.address, value: 1n }), 21000n);
  }],

  ["decodes reverts", async () => {
    const call = (how) => client.readContract({ ...probe, functionName: "fail", args: [how] });
    assert.equal((await revertOf(call(0))).reason, "as asked");
    const custom = await revertOf(call(1));
    assert.equal(custom.data.errorName, "TooBig");
    assert.deepEqual(custom.data.args, [7n, 3n]);
    const panic = await revertOf(call(2));
    assert.deepEqual([panic.data.errorName, panic.data.args], ["Panic", [0x12n]]);
    assert.equal((await revertOf(call(3))).data, undefined);
    const simulated = await revertOf(
      client.simulateContract({ ...probe, account, functionName: "write", args: [2_000_000n, ""] }),
    );
    assert.deepEqual(simulated.data.args, [2_000_000n, 1_000_000n]);
    const estimated = await revertOf(
      client.estimateContractGas({ ...probe, account, functionName: "write", args: [2_000_000n, ""] }),
    );
    assert.equal(estimated.data.errorName, "TooBig");
    const institution = await revertOf(
      client.simulateContract({ ...assembly, account, functionName: "ballot", args: [0n, 1] }),
    );
    assert.deepEqual([institution.data.errorName, institution.data.args], ["UnknownProposal", [0n]]);
  }],

  ["sees a transaction fail", async () => {
    const hash = await wallet.writeContract({ ...probe, functionName: "write", args: [2_000_000n, ""], gas: 100_000n });
    const receipt = await client.waitForTransactionReceipt({ hash });
    assert.equal(receipt.status, "reverted");
    assert.deepEqual(receipt.logs, []);
    const trace = await rpc("debug_traceTransaction", hash, { tracer: "callTracer" });
    assert.equal(trace.error, "execution reverted");
    assert(trace.output.startsWith(keccak256(toHex("TooBig(uint256,uint256)")).slice(0, 10)));
    const frames = await rpc("debug_traceTransaction", hash);
    assert.equal(frames.failed, true);
    assert.equal(frames.structLogs.at(-1).op, "REVERT");
  }],

  ["understands why a transaction is refused", async () => {
    const nonce = await client.getTransactionCount({ address: account.address });
    const low = wallet.sendTransaction({ to: other.address, nonce: nonce - 1, gas: 21000n });
    await assert.rejects(low, (error) => error.walk((e) => e instanceof NonceTooLowError) instanceof NonceTooLowError);
    const poor = privateKeyToAccount(generatePrivateKey());
    const broke = createWalletClient({ account: poor, chain, transport: http() })
      .sendTransaction({ to: other.address, value: 1n, gas: 21000n, nonce: 0 });
    await assert.rejects(
      broke,
      (error) => error.walk((e) => e instanceof InsufficientFundsError) instanceof InsufficientFundsError,
    );
  }],

  ["calls with overrides of state and block", async () => {
    const read = (stateOverride) => client.readContract({ ...probe, functionName: "value", stateOverride });
    const slot = (value) => ({ slot: pad("0x"), value: pad(toHex(value)) });
    assert.equal(await read([{ address: probe.address, stateDiff: [slot(4242)] }]), 4242n);
    assert.equal(await read([{ address: probe.address, state: [slot(43)] }]), 43n);
    // viem leaves an empty `state` out; for the node it clears the account's storage.
    const call = { to: probe.address, data: encodeFunctionData({ abi, functionName: "value" }) };
    assert.equal(BigInt(await rpc("eth_call", call, "latest", { [probe.address]: { state: {} } })), 0n);
    const code = await client.getCode({ address: probe.address });
    const elsewhere = { ...probe, address: nowhere, functionName: "value" };
    assert.equal(
      await client.readContract({ ...elsewhere, stateOverride: [{ address: nowhere, code, stateDiff: [slot(9)] }] }), 9n,
    );
    const poor = privateKeyToAccount(generatePrivateKey()).address;
    const gift = { account: poor, to: other.address, value: parseEther("5") };
    await assert.rejects(client.estimateGas(gift));
    const stateOverride = [{ address: poor, balance: parseEther("6") }];
    assert.equal(await client.estimateGas({ ...gift, stateOverride }), 21000n);
    const { data } = await client.call({
      to: probe.address, data: encodeFunctionData({ abi, functionName: "environment" }),
      blockOverrides: { number: 77n, time: 1234n },
    });
    assert.deepEqual([BigInt(data.slice(0, 66)), BigInt(`0x${data.slice(66, 130)}`)], [77n, 1234n]);
    assert.equal(await read(), await client.readContract({ ...probe, functionName: "value" }), "nothing stays");
  }],

  ["a contract sees the block it is in", async () => {
    const block = await client.getBlock({ blockNumber: write.receipt.blockNumber });
    const seen = await client.readContract({ ...probe, functionName: "environment", blockNumber: block.number });
    assert.deepEqual(seen.slice(0, 4), [block.number, block.timestamp, BigInt(chain.id), block.gasLimit]);
    assert.equal(seen[5].toLowerCase(), block.miner);
  }],

  ["reads logs by range, topic, block and filter", async () => {
    const { blockNumber, blockHash } = write.receipt;
    const event = abi.find((item) => item.name === "Written");
    const from = { address: probe.address, fromBlock: 0n };
    const all = await client.getContractEvents({ ...probe, eventName: "Written", fromBlock: 0n });
    assert(all.length >= 5);
    assert(all.every((log, i) => i === 0 || log.blockNumber > all[i - 1].blockNumber || log.logIndex > all[i - 1].logIndex));
    const values = async (filter) => (await client.getLogs({ event, ...filter })).map((log) => log.args.value);
    assert.deepEqual(await values({ ...from, args: { value: write.value } }), [write.value]);
    assert.deepEqual(await values({ ...from, args: { value: [101n, 103n] } }), [101n, 103n]);
    assert.deepEqual(await values({ ...from, args: { by: other.address } }), []);
    assert.deepEqual(await values({ address: probe.address, blockHash }), [write.value]);
    assert.deepEqual(await values({ ...from, toBlock: blockNumber - 1n, args: { value: write.value } }), []);
    const [log] = await client.getLogs({ address: probe.address, blockHash });
    assert.equal(log.transactionHash, write.hash);
    assert.equal(log.removed, false);
    assert.equal(BigInt(log.blockTimestamp), (await client.getBlock({ blockHash })).timestamp);

    const filter = await client.createContractEventFilter({ ...probe, eventName: "Written", fromBlock: blockNumber });
    const blocks = await client.createBlockFilter();
    const pending = await client.createPendingTransactionFilter();
    const hash = await wallet.writeContract({ ...probe, functionName: "write", args: [900n, "filtered"] });
    const receipt = await done(hash);
    const [change] = await eventually("the log by filter", async () => {
      const changes = await client.getFilterChanges({ filter });
      return changes.length > 0 && changes;
    });
    assert.deepEqual([change.args.note, change.transactionHash], ["filtered", hash]);
    assert.deepEqual(await client.getFilterChanges({ filter }), [], "told once");
    assert((await client.getFilterChanges({ filter: blocks })).includes(receipt.blockHash));
    assert((await client.getFilterChanges({ filter: pending })).includes(hash));
    const whole = await client.getFilterLogs({ filter });
    assert([write.hash, hash].every((wanted) => whole.some((log) => log.transactionHash === wanted)), "all of its range");
    assert.equal(await client.uninstallFilter({ filter }), true);
    await assert.rejects(client.getFilterChanges({ filter }));
  }],

  ["is told of blocks, logs and pending transactions (WebSocket)", async () => {
    const socket = createPublicClient({ chain, transport: webSocket(WS) });
    assert.equal(await socket.getChainId(), chain.id);
    const heard = { blocks: [], logs: [], pending: [], errors: [] };
    const onError = (error) => heard.errors.push(error);
    const stops = [
      socket.watchBlocks({ onBlock: (block) => heard.blocks.push(block), onError }),
      socket.watchContractEvent({
        ...probe, eventName: "Written", args: { value: 901n }, onLogs: (logs) => heard.logs.push(...logs), onError,
      }),
      socket.watchPendingTransactions({ onTransactions: (hashes) => heard.pending.push(...hashes), onError }),
    ];
    await soon("a block", eventually("a block", () => heard.blocks.length > 0));
    await done(await wallet.writeContract({ ...probe, functionName: "write", args: [902n, "not this one"] }));
    const hash = await wallet.writeContract({ ...probe, functionName: "write", args: [901n, "subscribed"] });
    const receipt = await done(hash);
    await eventually("the log", () => heard.logs.length > 0);
    await eventually("the hash", () => heard.pending.includes(hash));
    await eventually("its block", () => heard.blocks.some((block) => block.number === receipt.blockNumber));
    assert.deepEqual(heard.errors, []);
    assert.deepEqual(heard.logs.map((log) => log.args.note), ["subscribed"]);
    const numbers = heard.blocks.map((block) => block.number);
    assert(numbers.every((number, i) => i === 0 || number === numbers[i - 1] + 1n), `a gap in ${numbers}`);
    const told = heard.blocks.find((block) => block.number === receipt.blockNumber);
    assert.equal(told.hash, receipt.blockHash);
    for (const stop of stops) stop();
  }],

  ["fee history agrees with the blocks and EIP-1559", async () => {
    const history = await client.getFeeHistory({ blockCount: 20, rewardPercentiles: [10, 50, 90], blockTag: "latest" });
    const { oldestBlock, baseFeePerGas, gasUsedRatio, reward } = history;
    assert.equal(baseFeePerGas.length, gasUsedRatio.length + 1);
    assert.equal(reward.length, gasUsedRatio.length);
    assert(reward.every((row) => row.length === 3 && row[0] <= row[1] && row[1] <= row[2]));
    let previous;
    for (let i = 0; i < gasUsedRatio.length; i++) {
      const block = await client.getBlock({ blockNumber: oldestBlock + BigInt(i) });
      assert.equal(baseFeePerGas[i], block.baseFeePerGas);
      assert(Math.abs(gasUsedRatio[i] - Number(block.gasUsed) / Number(block.gasLimit)) < 1e-9);
      if (previous) assert.equal(block.baseFeePerGas, FREE ? 0n : nextBaseFee(previous), `base fee of ${block.number}`);
      previous = block;
    }
    assert.equal(baseFeePerGas.at(-1), FREE ? 0n : nextBaseFee(previous));
    const fees = await client.estimateFeesPerGas();
    assert(fees.maxFeePerGas >= fees.maxPriorityFeePerGas);
    assert(await client.getGasPrice() >= 0n);
  }],

  ["sees what the chain does by itself (type 0x70)", async () => {
    const fund = name32(freshName("viem"));
    const open = encodeFunctionData({ abi: treasury.abi, functionName: "open", args: [fund] });
    const calls = [{ target: TREASURY, value: 0n, data: open }];
    const proposing = await done(await memberWallet.writeContract({
      ...assembly, functionName: "propose", args: [name32("members"), "A fund, by viem", calls],
    }));
    const { id } = parseEventLogs({ abi: assembly.abi, logs: proposing.logs, eventName: "Proposed" })[0].args;
    await done(await memberWallet.writeContract({ ...assembly, functionName: "ballot", args: [id, 1] }));
    const executed = await eventually("the execution", async () => {
      const [log] = await client.getContractEvents({ ...assembly, eventName: "Executed", args: { id }, fromBlock: proposing.blockNumber });
      return log;
    });
    const [concluded] = await client.getContractEvents({ ...assembly, eventName: "Concluded", args: { id }, fromBlock: proposing.blockNumber });
    assert.equal(concluded.args.adopted, true);
    assert.equal(await client.readContract({ ...treasury, functionName: "isOpen", args: [fund] }), true);

    for (const [log, to] of [[concluded, ASSEMBLY], [executed, AGREEMENT]]) {
      const hash = log.transactionHash;
      const block = await client.getBlock({ blockHash: log.blockHash, includeTransactions: true });
      const inBlock = block.transactions.find((tx) => tx.hash === hash);
      const tx = await client.getTransaction({ hash });
      const byIndex = await client.getTransaction({ blockHash: log.blockHash, index: log.transactionIndex });
      for (const seen of [inBlock, tx, byIndex]) {
        assert.equal(seen.typeHex, SYSTEM_TYPE);
        assert.equal(seen.from, SYSTEM);
        assert.equal(seen.to, to);
        assert.equal(seen.gasPrice, 0n);
        assert.equal(seen.value, 0n);
        assert.equal(seen.hash, hash);
      }
      const receipt = await client.waitForTransactionReceipt({ hash });
      assert.equal(receipt.status, "success");
      assert.equal(receipt.type, SYSTEM_TYPE);
      assert.equal(receipt.effectiveGasPrice, 0n);
      assert(receipt.logs.some((l) => l.logIndex === log.logIndex && l.address === ASSEMBLY));
      assert.equal(await client.getTransactionConfirmations({ hash }) > 0n, true);
      const calls = await rpc("debug_traceTransaction", hash, { tracer: "callTracer" });
      assert.deepEqual([calls.from, calls.to], [SYSTEM, to]);
      if (to === AGREEMENT) assert.deepEqual(calls.calls.map((call) => call.to).slice(-2), [TREASURY, ASSEMBLY]);
      const touched = await rpc("debug_traceTransaction", hash, { tracer: "prestateTracer" });
      assert(ASSEMBLY in touched);
      await checkBlock(log.blockHash);
    }
  }],

  ["recomputes what blocks commit to", async () => {
    for (const block of ["0x0", "latest", toHex(write.receipt.blockNumber)]) {
      await checkBlock((await rpc("eth_getBlockByNumber", block, false)).hash);
    }
  }],

  ["verifies proofs against the state root", async () => {
    const mapped = keccak256(`${pad(account.address)}${pad("0x1").slice(2)}`);
    const unset = keccak256(`${pad(nowhere)}${pad("0x1").slice(2)}`);
    for (const blockNumber of [write.receipt.blockNumber, await client.getBlockNumber(), 0n]) {
      const { stateRoot } = await client.getBlock({ blockNumber });
      for (const [address, slots] of [
        [probe.address, [pad("0x"), mapped, unset]], [account.address, []], [nowhere, [pad("0x")]], [ASSEMBLY, [pad("0x")]],
        [AGREEMENT, []], [TREASURY, []],
      ]) {
        const answer = await rpc("eth_getProof", address, slots, toHex(blockNumber));
        const exists = await checkProof(answer, stateRoot);
        assert.equal(exists, address !== nowhere && (address !== probe.address || blockNumber > 0n), `${address} at ${blockNumber}`);
        const viems = await client.getProof({ address, storageKeys: slots, blockNumber });
        assert.equal(viems.balance, BigInt(answer.balance));
        if (address === probe.address && blockNumber === write.receipt.blockNumber) {
          assert.deepEqual(viems.storageProof.map((slot) => slot.value), [write.value, 5n, 0n]);
          // A proof that says anything else is refused.
          const lie = structuredClone(answer);
          lie.storageProof[0].value = "0x1";
          await assert.rejects(checkProof(lie, stateRoot));
          await assert.rejects(checkProof({ ...answer, balance: "0x8" }, stateRoot));
          await assert.rejects(checkProof(answer, keccak256(stateRoot)));
        }
      }
    }
  }],

  ["counts nonces, also of what waits", async () => {
    const { address } = other;
    const nonce = await client.getTransactionCount({ address });
    // Out of order: the second can only be written after the first.
    const second = await otherWallet.sendTransaction({ to: account.address, value: 2n, nonce: nonce + 1, gas: 21000n });
    assert.equal(await client.getTransactionCount({ address, blockTag: "pending" }), nonce);
    assert((await client.getTransaction({ hash: second })).blockNumber === null);
    const content = await rpc("txpool_content");
    const key = Object.keys(content.queued).find((who) => who.toLowerCase() === address.toLowerCase());
    assert.equal(content.queued[key][nonce + 1].hash, second);
    const first = await otherWallet.sendTransaction({ to: account.address, value: 1n, nonce, gas: 21000n });
    await Promise.all([done(first), done(second)]);
    assert.equal(await client.getTransactionCount({ address }), nonce + 2);
  }],

  ["asks many things in one batch", async () => {
    const many = createPublicClient({ chain, transport: http(RPC, { batch: { wait: 5, batchSize: 100 } }) });
    const height = await many.getBlockNumber();
    const wanted = Array.from({ length: 50 }, (_, i) => (height > BigInt(i) ? height - BigInt(i) : 0n));
    const blocks = await Promise.all(wanted.map((blockNumber) => many.getBlock({ blockNumber })));
    assert.deepEqual(blocks.map((block) => block.number), wanted);
  }],
]);

/** Source: EIP-1559. */
function nextBaseFee({ baseFeePerGas: base, gasUsed, gasLimit }) {
  const target = gasLimit / 2n;
  if (gasUsed === target) return base;
  if (gasUsed > target) {
    const rise = (base * (gasUsed - target)) / target / 8n;
    return base + (rise > 1n ? rise : 1n);
  }
  return base - (base * (target - gasUsed)) / target / 8n;
}

async function checkBlock(blockHash) {
  const block = await rpc("eth_getBlockByHash", blockHash, true);
  assert.equal(headerHash(block), block.hash, "hash of the header");
  assert.equal(block.hash, blockHash);
  const raws = await Promise.all(block.transactions.map((tx) => rpc("eth_getRawTransactionByHash", tx.hash)));
  assert.equal(await transactionsRoot(raws), block.transactionsRoot, "transactions root");
  raws.forEach((raw, i) => assert.equal(keccak256(raw), block.transactions[i].hash, "hash of a transaction"));
  const receipts = await rpc("eth_getBlockReceipts", block.number);
  assert.equal(await receiptsRoot(receipts), block.receiptsRoot, "receipts root");
  receipts.forEach((receipt) => assert.equal(bloom(receipt.logs), receipt.logsBloom, "bloom of a receipt"));
  assert.equal(bloom(receipts.flatMap((receipt) => receipt.logs)), block.logsBloom, "bloom of the block");
  for (const [i, receipt] of receipts.entries()) {
    assert.deepEqual(await rpc("eth_getTransactionReceipt", receipt.transactionHash), receipt);
    assert.equal(Number(receipt.transactionIndex), i);
  }
}
