// forge (Foundry, by npm), unmodified, against Polity: it compiles with npm's solc, deploys, broadcasts a script, and tests
// on a fork.

import assert from "node:assert/strict";
import { appendFileSync, chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Contract, JsonRpcProvider } from "ethers";
import { KEY, RPC, run } from "./common.mjs";
import { artifact } from "./compile.mjs";
import { attempt, env, home, output, program } from "./foundry.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const project = join(home, "project");
const compiler = join(home, "solc");
const provider = new JsonRpcProvider(RPC);
const chain = Number((await provider.getNetwork()).chainId);

const options = { cwd: project };
const send = ["--rpc-url", RPC, "--private-key", KEY, "--broadcast"];
const forge = (...args) => output(program("forge"), ["--color", "never", ...args], options);
const probeAt = (address) => new Contract(address, artifact("Probe").abi, provider);
let probe;

await run("@foundry-rs/forge", [
  ["!builds with npm's compiler", async () => {
    cpSync(join(here, "forge"), project, { recursive: true });
    mkdirSync(join(project, "src"));
    cpSync(join(here, "contracts", "Probe.sol"), join(project, "src", "Probe.sol"));
    writeFileSync(compiler, `#!/bin/sh\nexec node "${join(here, "solc.mjs")}" "$@"\n`);
    chmodSync(compiler, 0o755);
    appendFileSync(join(project, "foundry.toml"), `solc = ${JSON.stringify(compiler)}\n`);
    assert.match(await forge("build"), /Compiler run successful/);
  }],

  ["creates a contract", async () => {
    const said = await forge("create", "src/Probe.sol:Probe", ...send, "--constructor-args", 5);
    const created = probeAt(/Deployed to: (0x\w{40})/.exec(said)[1]);
    assert.equal(await created.value(), 5n);
  }],

  ["!broadcasts a script", async () => {
    assert.match(await forge("script", "script/Deploy.s.sol", ...send), /ONCHAIN EXECUTION COMPLETE & SUCCESSFUL/);
    const file = join(project, "broadcast", "Deploy.s.sol", String(chain), "run-latest.json");
    const { transactions, receipts } = JSON.parse(readFileSync(file, "utf8"));
    assert.deepEqual(transactions.map((tx) => tx.transactionType), ["CREATE", "CALL"]);
    assert(receipts.every((receipt) => receipt.status === "0x1"));
    probe = transactions[0].contractAddress;
    assert.equal(await probeAt(probe).value(), 6n);
    assert.equal(await provider.getBalance(probe), 3n);
  }],

  ["tests on a fork", async () => {
    options.env = { ...env, PROBE: probe, CHAIN: String(chain) };
    assert.match(await forge("test", "--fork-url", RPC), /2 passed; 0 failed/);
    assert.equal(await probeAt(probe).value(), 6n, "what the fork wrote stayed there");
    // A test that should fail does.
    options.env.CHAIN = String(chain + 1);
    const { failed, stdout } = await attempt(program("forge"), ["test", "--fork-url", RPC], options);
    assert(failed);
    assert.match(stdout, /FAIL.*chain id/);
  }],
]);
