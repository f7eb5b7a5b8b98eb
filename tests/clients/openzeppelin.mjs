// OpenZeppelin's ERC20Votes, Governor and TimelockController, as published, through a whole proposal on Polity.

import assert from "node:assert/strict";
import { Contract, ContractFactory, JsonRpcProvider, Signature, Wallet, ZeroHash, id as keccakText, isError, parseEther } from "ethers";
import { AGREEMENT, ASSEMBLY, KEY, MEMBER_KEY, OTHER_KEY, RPC, TREASURY, eventually, freshName, name32, run } from "./common.mjs";
import { artifact } from "./compile.mjs";

const provider = new JsonRpcProvider(RPC, undefined, { polling: true, pollingInterval: 100, cacheTimeout: -1 });
const [chair, delegate, member] = [KEY, OTHER_KEY, MEMBER_KEY].map((key) => new Wallet(key, provider));

const DELAY_SECS = 6;
const VOTING_SECS = 15;
// IGovernor.ProposalState
const [Pending, Active, Defeated, Succeeded, Queued, Executed] = [0n, 1n, 3n, 4n, 5n, 7n];

let [share, timelock, council] = [];

async function deploy(name, ...args) {
  const { abi, bytecode } = artifact(name);
  const contract = await new ContractFactory(abi, bytecode, chair).deploy(...args);
  await contract.waitForDeployment();
  return contract;
}

const done = async (sending) => (await sending).wait(1, 60_000);

/** Proposes `calls`; its id. */
async function propose(calls, description) {
  const receipt = await done(council.propose(...columns(calls), description));
  const { proposalId } = council.interface.parseLog(receipt.logs[0]).args;
  assert([Pending, Active].includes(await council.state(proposalId)));
  return proposalId;
}

const columns = (calls) => [calls.map((c) => c.target), calls.map((c) => c.value), calls.map((c) => c.data)];

await run("@openzeppelin/contracts", [
  ["!deploys a token, a timelock and a governor", async () => {
    share = await deploy("Share", chair.address);
    timelock = await deploy("Timelock", DELAY_SECS, chair.address);
    council = await deploy("Council", share, timelock, VOTING_SECS);
    const code = (await provider.getCode(council)).length / 2 - 1;
    assert(code > 15_000 && code <= 24_576, `${code} bytes (EIP-170)`);
    for (const role of ["PROPOSER_ROLE", "CANCELLER_ROLE"]) await done(timelock.grantRole(await timelock[role](), council));
    await done(timelock.renounceRole(ZeroHash, chair.address));
    assert.equal(await timelock.hasRole(ZeroHash, chair.address), false);
  }],

  ["!moves and delegates votes", async () => {
    await done(share.transfer(delegate.address, parseEther("300")));
    assert.equal(await share.balanceOf(delegate.address), parseEther("300"));
    await done(share.delegate(chair.address));
    const mined = await done(share.connect(delegate).delegate(delegate.address));
    const { timestamp } = await mined.getBlock();
    await eventually("a later second", async () => (await provider.getBlock("latest")).timestamp > timestamp);
    assert.equal(await share.getPastVotes(chair.address, timestamp), parseEther("700"));
    assert.equal(await share.getPastVotes(delegate.address, timestamp - 60), 0n);
    // EIP-2612: an allowance by signature, which binds the chain id and the contract.
    const { chainId } = await provider.getNetwork();
    const domain = { name: "Share", version: "1", chainId, verifyingContract: await share.getAddress() };
    const fields = ["address owner", "address spender", "uint256 value", "uint256 nonce", "uint256 deadline"];
    const types = { Permit: fields.map((field) => field.split(" ")).map(([type, name]) => ({ name, type })) };
    const nonce = await share.nonces(delegate.address);
    const permit = { owner: delegate.address, spender: chair.address, value: 5n, nonce, deadline: 1n << 40n };
    const { r, s, v } = Signature.from(await delegate.signTypedData(domain, types, permit));
    await done(share.permit(permit.owner, permit.spender, permit.value, permit.deadline, v, r, s));
    assert.equal(await share.allowance(delegate.address, chair.address), 5n);
    await assert.rejects(
      share.transfer.staticCall(delegate.address, parseEther("10000")),
      (error) => isError(error, "CALL_EXCEPTION") && error.revert.name === "ERC20InsufficientBalance",
    );
  }],

  ["one proposal is voted, queued and executed; another is defeated", async () => {
    await done(chair.sendTransaction({ to: await timelock.getAddress(), value: parseEther("3") }));
    const fund = name32("common");
    const treasury = new Contract(TREASURY, artifact("ITreasury").abi, provider);
    const before = await treasury.balanceOf(fund);
    // The timelock pays a person, changes the governor itself, and pays into Polity's own treasury.
    const recipient = Wallet.createRandom().address;
    const calls = [
      { target: recipient, value: parseEther("1"), data: "0x" },
      { target: await council.getAddress(), value: 0n, data: council.interface.encodeFunctionData("setVotingDelay", [2n]) },
      { target: TREASURY, value: parseEther("2"), data: treasury.interface.encodeFunctionData("deposit", [fund]) },
    ];
    const description = "Pay, amend, contribute";
    const proposalId = await propose(calls, description);
    const gift = [{ target: delegate.address, value: 1n, data: "0x" }];
    const refused = await propose(gift, "A gift");
    await eventually("the votes to open", async () => (await council.state(refused)) === Active);
    await done(council.castVoteWithReason(proposalId, 1n, "because"));
    await done(council.castVote(refused, 0n));
    await done(council.connect(delegate).castVote(proposalId, 0n));
    assert.equal(await council.hasVoted(proposalId, delegate.address), true);
    assert.equal(await council.state(proposalId), Active);
    await eventually("the votes to end", async () => (await council.state(refused)) !== Active);
    assert.equal(await council.state(refused), Defeated);
    await assert.rejects(council.queue.staticCall(...columns(gift), keccakText("A gift")));
    assert.equal(await council.state(proposalId), Succeeded);
    const { againstVotes, forVotes, abstainVotes } = await council.proposalVotes(proposalId);
    assert.deepEqual([againstVotes, forVotes, abstainVotes], [parseEther("300"), parseEther("700"), 0n]);
    const sealed = [...columns(calls), keccakText(description)];
    await assert.rejects(council.execute.staticCall(...sealed), "not before it is queued");
    await done(council.queue(...sealed));
    assert.equal(await council.state(proposalId), Queued);
    await assert.rejects(council.execute.staticCall(...sealed), "not before the delay is over");
    const eta = await council.proposalEta(proposalId);
    await eventually("the delay", async () => BigInt((await provider.getBlock("latest")).timestamp) >= eta);
    const receipt = await done(council.execute(...sealed));
    assert(BigInt((await receipt.getBlock()).timestamp) >= eta);
    assert.equal(await council.state(proposalId), Executed);
    assert.equal(await provider.getBalance(recipient), parseEther("1"));
    assert.equal(await provider.getBalance(timelock), 0n);
    assert.equal(await council.votingDelay(), 2n);
    assert.equal((await treasury.balanceOf(fund)) - before, parseEther("2"));
    const deposited = receipt.logs.find((log) => log.address === TREASURY);
    assert.equal(treasury.interface.parseLog(deposited).args.from, await timelock.getAddress());
  }],

  ["a contract owned by the agreement obeys the members' decision", async () => {
    const owned = await deploy("Timelock", 0, AGREEMENT);
    const grant = owned.interface.encodeFunctionData("grantRole", [await owned.PROPOSER_ROLE(), chair.address]);
    await assert.rejects(owned.grantRole.staticCall(await owned.PROPOSER_ROLE(), chair.address));
    const assembly = new Contract(ASSEMBLY, artifact("IAssembly").abi, member);
    const calls = [{ target: await owned.getAddress(), value: 0n, data: grant }];
    const proposing = await done(assembly.propose(name32("members"), `Grant ${freshName("oz")}`, calls));
    const { id } = assembly.interface.parseLog(proposing.logs[0]).args;
    await done(assembly.ballot(id, 1));
    await eventually("the execution", async () => (await assembly.proposal(id)).status === 7n);
    assert.equal(await owned.hasRole(await owned.PROPOSER_ROLE(), chair.address), true);
  }],
]);
