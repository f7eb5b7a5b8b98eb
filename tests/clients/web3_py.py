"""web3.py, unmodified, against Polity."""

import asyncio
import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

import web3 as library
from eth_account import Account
from web3 import AsyncWeb3, Web3
from web3.exceptions import BlockNotFound, ContractCustomError, ContractLogicError, TransactionNotFound, Web3RPCError

# Names as in common.mjs.
RPC, WS = os.environ["POLITY_RPC"], os.environ["POLITY_WS"]
ME, OTHER, MEMBER = (
    Account.from_key(os.environ[name]) for name in ("POLITY_KEY", "POLITY_OTHER_KEY", "POLITY_MEMBER_KEY")
)
FREE = os.environ.get("POLITY_FEES") == "free"
SYSTEM = "0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE"
AGREEMENT = "0x0000000000000000000000000000000000001000"
ASSEMBLY = "0x0000000000000000000000000000000000001002"
TREASURY = "0x0000000000000000000000000000000000001004"
WAIT_SECS_MAX = 90

here = Path(__file__).parent
build = Path(subprocess.run(["node", "compile.mjs"], cwd=here, check=True, text=True, stdout=subprocess.PIPE).stdout.strip())
w3 = Web3(Web3.HTTPProvider(RPC))


def artifact(name):
    return json.loads((build / f"{name}.json").read_text())


probe = w3.eth.contract(abi=artifact("Probe")["abi"], bytecode=artifact("Probe")["bytecode"])
assembly = w3.eth.contract(address=ASSEMBLY, abi=artifact("IAssembly")["abi"])
treasury = w3.eth.contract(address=TREASURY, abi=artifact("ITreasury")["abi"])
written = None


def name32(text):
    return text.encode().ljust(32, b"\0")


def send(account, transaction):
    """Fills in, signs and sends; the receipt."""
    transaction = {"from": account.address, "nonce": w3.eth.get_transaction_count(account.address, "pending"), **transaction}
    transaction.setdefault("chainId", w3.eth.chain_id)
    if "gasPrice" not in transaction and "maxFeePerGas" not in transaction:
        base, tip = w3.eth.get_block("latest")["baseFeePerGas"], w3.eth.max_priority_fee
        transaction |= {"maxFeePerGas": 2 * base + tip, "maxPriorityFeePerGas": tip}
    if "gas" not in transaction:
        transaction["gas"] = w3.eth.estimate_gas(transaction)
    signed = account.sign_transaction(transaction)
    return w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signed.raw_transaction), poll_latency=0.05)


def transact(account, function, **fields):
    """Sends a call of a contract's function, as web3.py builds it; the receipt of its success."""
    nonce = w3.eth.get_transaction_count(account.address)
    transaction = function.build_transaction({"from": account.address, "nonce": nonce, **fields})
    signed = account.sign_transaction(transaction)
    receipt = w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signed.raw_transaction), poll_latency=0.05)
    assert receipt["status"] == 1, receipt
    return receipt


def fails(kind, function, *args):
    """The exception of type `kind` that `function` raises."""
    try:
        result = function(*args)
    except kind as error:
        return error
    raise AssertionError(f"this should raise {kind.__name__}, but gives {result!r}")


def eventually(what, probe_it):
    since = time.monotonic()
    while time.monotonic() - since < WAIT_SECS_MAX:
        if found := probe_it():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {WAIT_SECS_MAX} s")


def knows_the_chain():
    assert w3.is_connected()
    assert w3.client_version.startswith("polity/v")
    assert w3.eth.chain_id == int(w3.net.version)
    assert w3.eth.syncing is False
    assert w3.eth.accounts == []
    assert w3.eth.block_number > 0
    assert w3.eth.get_balance(ME.address, 0) == Web3.to_wei(10000, "ether")
    for tag in ("earliest", "latest", "safe", "finalized", "pending"):
        block = w3.eth.get_block(tag, full_transactions=True)
        # web3.py's middleware for other networks is not needed: extraData has Ethereum's 32 bytes.
        assert len(block["extraData"]) == 32
    fails(BlockNotFound, w3.eth.get_block, 99_999_999)
    fails(TransactionNotFound, w3.eth.get_transaction, "0x" + "11" * 32)


def deploys():
    global probe
    receipt = transact(ME, probe.constructor(5), value=7)
    probe = w3.eth.contract(address=receipt["contractAddress"], abi=probe.abi)
    assert probe.functions.value().call() == 5
    assert probe.functions.owner().call() == ME.address
    assert w3.eth.get_balance(probe.address) == 7
    assert int.from_bytes(w3.eth.get_storage_at(probe.address, 0), "big") == 5
    assert len(w3.eth.get_code(probe.address)) > 100


def writes_with_every_type_of_transaction():
    global written
    price = 0 if FREE else Web3.to_wei(3, "gwei")
    entries = w3.eth.create_access_list(probe.functions.write(1, "list").build_transaction({"from": ME.address, "gas": 10**6}))
    access = [dict(entry) for entry in entries["accessList"] if entry["address"] == probe.address]
    assert access, entries
    kinds = [
        (2, {}),
        (2, {"maxFeePerGas": price, "maxPriorityFeePerGas": 0 if FREE else 5}),
        (1, {"gasPrice": price, "accessList": access}),
        (0, {"gasPrice": price}),
        (0, {"gasPrice": w3.eth.gas_price * 2}),
    ]
    for index, (kind, fields) in enumerate(kinds):
        value = 100 + index
        receipt = transact(ME, probe.functions.write(value, f"type {kind}"), **fields)
        assert receipt["type"] == kind, receipt
        assert receipt["from"] == ME.address
        transaction = w3.eth.get_transaction(receipt["transactionHash"])
        assert transaction["type"] == kind
        assert transaction["blockHash"] == receipt["blockHash"]
        (log,) = probe.events.Written().process_receipt(receipt)
        assert (log["args"]["by"], log["args"]["value"], log["args"]["note"]) == (ME.address, value, f"type {kind}")
        if FREE:
            assert receipt["effectiveGasPrice"] == 0
        written = receipt, value
    assert probe.functions.value().call() == 104
    assert probe.functions.value().call(block_identifier=written[0]["blockNumber"] - 1) == 103
    assert send(ME, {"to": OTHER.address, "value": 1})["gasUsed"] == 21000


def an_account_takes_code():
    eoa = Account.create()
    assert send(ME, {"to": eoa.address, "value": Web3.to_wei(1, "ether")})["status"] == 1
    authorization = eoa.sign_authorization({"chainId": w3.eth.chain_id, "address": probe.address, "nonce": 0})
    data = probe.encode_abi("write", [77, "delegated"])
    receipt = send(ME, {"to": eoa.address, "data": data, "authorizationList": [authorization], "gas": 200_000})
    assert (receipt["type"], receipt["status"]) == (4, 1), receipt
    assert w3.eth.get_code(eoa.address).hex() == "ef0100" + probe.address[2:].lower()
    (entry,) = w3.eth.get_transaction(receipt["transactionHash"])["authorizationList"]
    assert entry["address"].lower() == probe.address.lower()


def decodes_reverts():
    assert "as asked" in fails(ContractLogicError, probe.functions.fail(0).call).message
    custom = fails(ContractCustomError, probe.functions.fail(1).call)
    assert custom.data == Web3.keccak(text="TooBig(uint256,uint256)")[:4].to_0x_hex() + f"{7:064x}{3:064x}", custom.data
    fails(ContractLogicError, probe.functions.fail(2).call)
    fails(ContractLogicError, probe.functions.fail(3).call)
    fails(ContractCustomError, lambda: probe.functions.write(2_000_000, "").estimate_gas({"from": ME.address}))
    unknown = fails(ContractCustomError, assembly.functions.ballot(0, 1).call)
    assert unknown.data.startswith(Web3.keccak(text="UnknownProposal(uint256)")[:4].to_0x_hex())
    receipt = send(ME, {"to": probe.address, "data": probe.encode_abi("write", [2_000_000, ""]), "gas": 100_000})
    assert receipt["status"] == 0
    low = fails(Web3RPCError, send, ME, {"to": OTHER.address, "nonce": 0, "gas": 21000})
    assert "nonce too low" in str(low), low
    poor = fails(Web3RPCError, send, Account.create(), {"to": OTHER.address, "value": 1, "gas": 21000})
    assert "insufficient funds" in str(poor), poor


def calls_with_overrides():
    override = {probe.address: {"stateDiff": {"0x" + "00" * 32: "0x" + f"{42:064x}"}}}
    assert probe.functions.value().call(state_override=override) == 42
    assert probe.functions.value().call({"to": OTHER.address}, state_override={
        OTHER.address: {"code": w3.eth.get_code(probe.address).to_0x_hex()},
    }) == 0
    poor = Account.create().address
    transfer = {"from": poor, "to": OTHER.address, "value": 5}
    fails(Web3RPCError, w3.eth.estimate_gas, transfer)
    assert w3.eth.estimate_gas(transfer, "latest", {poor: {"balance": hex(10**18)}}) == 21000


def reads_logs_and_filters():
    logs = probe.events.Written().get_logs(from_block=0)
    assert len(logs) >= 5
    some = probe.events.Written().get_logs(from_block=0, argument_filters={"value": [101, 103]})
    assert [log["args"]["value"] for log in some] == [101, 103]
    assert probe.events.Written().get_logs(from_block=0, argument_filters={"by": OTHER.address}) == []
    by_hash = w3.eth.get_logs({"address": probe.address, "blockHash": written[0]["blockHash"]})
    assert [log["transactionHash"] for log in by_hash] == [written[0]["transactionHash"]]
    new, blocks, pending = probe.events.Written().create_filter(from_block="latest"), w3.eth.filter("latest"), w3.eth.filter("pending")
    receipt = transact(ME, probe.functions.write(900, "filtered"))
    log = eventually("the log by filter", new.get_new_entries)[-1]
    assert (log["args"]["note"], log["transactionHash"]) == ("filtered", receipt["transactionHash"])
    assert receipt["blockHash"] in blocks.get_new_entries()
    assert receipt["transactionHash"] in pending.get_new_entries()
    assert w3.eth.uninstall_filter(new.filter_id)
    fails(Web3RPCError, new.get_new_entries)


def is_told_by_subscription():
    asyncio.run(listens())


async def listens():
    async with AsyncWeb3(library.WebSocketProvider(WS)) as socket:
        assert await socket.eth.chain_id == w3.eth.chain_id
        heads = await socket.eth.subscribe("newHeads")
        topics = [Web3.keccak(text="Written(address,uint256,string)"), None, "0x" + f"{901:064x}"]
        logs = await socket.eth.subscribe("logs", {"address": probe.address, "topics": topics})
        pending = await socket.eth.subscribe("newPendingTransactions")
        receipt = await asyncio.to_thread(transact, ME, probe.functions.write(901, "subscribed"))
        heard = {heads: [], logs: [], pending: []}

        async def listen():
            async for message in socket.socket.process_subscriptions():
                heard[message["subscription"]].append(message["result"])
                told = any(head["number"] >= receipt["blockNumber"] for head in heard[heads])
                if told and heard[logs] and receipt["transactionHash"] in heard[pending]:
                    return

        await asyncio.wait_for(listen(), WAIT_SECS_MAX)
        (log,) = heard[logs]
        assert probe.events.Written().process_log(log)["args"]["note"] == "subscribed"
        head = next(head for head in heard[heads] if head["number"] == receipt["blockNumber"])
        assert head["hash"] == receipt["blockHash"]
        numbers = [head["number"] for head in heard[heads]]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers
        assert await socket.eth.unsubscribe(heads)


def fee_history_agrees_with_the_blocks():
    history = w3.eth.fee_history(10, "latest", [10, 90])
    assert len(history["baseFeePerGas"]) == len(history["gasUsedRatio"]) + 1
    for index, ratio in enumerate(history["gasUsedRatio"]):
        block = w3.eth.get_block(history["oldestBlock"] + index)
        assert block["baseFeePerGas"] == history["baseFeePerGas"][index]
        assert abs(ratio - block["gasUsed"] / block["gasLimit"]) < 1e-9
    assert all(len(row) == 2 and row[0] <= row[1] for row in history["reward"])


def sees_what_the_chain_does_by_itself():
    fund = name32(f"web3-{time.time_ns():x}")
    calls = [(TREASURY, 0, treasury.encode_abi("open", [fund]))]
    proposing = transact(MEMBER, assembly.functions.propose(name32("members"), "A fund, by web3.py", calls))
    proposal = assembly.events.Proposed().process_receipt(proposing)[0]["args"]["id"]
    transact(MEMBER, assembly.functions.ballot(proposal, 1))

    def find(event):
        return event().get_logs(from_block=proposing["blockNumber"], argument_filters={"id": proposal})

    (executed,) = eventually("the execution", lambda: find(assembly.events.Executed))
    (concluded,) = find(assembly.events.Concluded)
    assert concluded["args"]["adopted"]
    assert treasury.functions.isOpen(fund).call()
    for log, to in ((concluded, ASSEMBLY), (executed, AGREEMENT)):
        block = w3.eth.get_block(log["blockNumber"], full_transactions=True)
        in_block = next(tx for tx in block["transactions"] if tx["hash"] == log["transactionHash"])
        alone = w3.eth.get_transaction(log["transactionHash"])
        indexed = w3.eth.get_transaction_by_block(log["blockNumber"], log["transactionIndex"])
        for seen in (in_block, alone, indexed):
            assert (seen["type"], seen["from"], seen["to"], seen["gasPrice"]) == (0x70, SYSTEM, to, 0), seen
        raw = w3.eth.get_raw_transaction(log["transactionHash"])
        assert raw[0] == 0x70 and Web3.keccak(raw) == log["transactionHash"]
        receipt = w3.eth.wait_for_transaction_receipt(log["transactionHash"])
        assert (receipt["type"], receipt["status"], receipt["from"], receipt["effectiveGasPrice"]) == (0x70, 1, SYSTEM, 0)
        receipts = w3.eth.get_block_receipts(log["blockNumber"])
        assert receipts[log["transactionIndex"]] == receipt


def proofs_have_the_shape_of_eip_1186():
    receipt, value = written
    proof = w3.eth.get_proof(probe.address, [0], receipt["blockNumber"])
    assert Web3.keccak(proof["accountProof"][0]) == w3.eth.get_block(receipt["blockNumber"])["stateRoot"]
    assert Web3.keccak(proof["storageProof"][0]["proof"][0]) == proof["storageHash"]
    assert int.from_bytes(proof["storageProof"][0]["value"], "big") == value
    assert proof["codeHash"] == Web3.keccak(w3.eth.get_code(probe.address))


STEPS = [
    knows_the_chain,
    deploys,
    writes_with_every_type_of_transaction,
    an_account_takes_code,
    decodes_reverts,
    calls_with_overrides,
    reads_logs_and_filters,
    is_told_by_subscription,
    fee_history_agrees_with_the_blocks,
    sees_what_the_chain_does_by_itself,
    proofs_have_the_shape_of_eip_1186,
]


def main():
    print(f"web3.py {library.__version__} at {RPC}")
    for step in STEPS:
        since = time.monotonic()
        try:
            step()
        except Exception:
            print(f"FAILED web3.py: {step.__name__}\n{traceback.format_exc()}", file=sys.stderr)
            sys.exit(1)
        print(f"  ok {step.__name__} ({int((time.monotonic() - since) * 1000)} ms)", flush=True)


main()
