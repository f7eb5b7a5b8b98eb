// What the scripts have in common: where the network is, and steps that fail with their name.

import { readFileSync } from "node:fs";

function environment(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set; see README.md`);
    process.exit(2);
  }
  return value;
}

export const RPC = environment("POLITY_RPC");
export const WS = environment("POLITY_WS");
/** A funded account, used by one script at a time. */
export const KEY = environment("POLITY_KEY");
/** Another one. */
export const OTHER_KEY = environment("POLITY_OTHER_KEY");
/** The account of a member that may propose and vote. */
export const MEMBER_KEY = environment("POLITY_MEMBER_KEY");
/** Whether gas costs anything. */
export const FREE = process.env.POLITY_FEES === "free";

export const SYSTEM = "0xfffffffffffffffffffffffffffffffffffffffe";
export const AGREEMENT = "0x0000000000000000000000000000000000001000";
export const ASSEMBLY = "0x0000000000000000000000000000000000001002";
export const TREASURY = "0x0000000000000000000000000000000000001004";
/** EIP-2718 type of what the chain does by itself. */
export const SYSTEM_TYPE = "0x70";

/** A name as the institutions write it: ASCII in a bytes32, left-aligned. */
export const name32 = (text) => `0x${Buffer.from(text).toString("hex").padEnd(64, "0")}`;

/** A name of a treasury account that no other script takes. */
export const freshName = (tool) => `${tool}-${Date.now().toString(36)}`;

const WAIT_MS_MAX = 90_000;

/** Polls `probe` until it gives something. */
export async function eventually(what, probe) {
  for (const since = Date.now(); Date.now() - since < WAIT_MS_MAX; ) {
    const found = await probe();
    if (found !== undefined && found !== null && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within ${WAIT_MS_MAX / 1000} s`);
}

/** The promise, or an error after a while: a subscription that never speaks must fail the test, not hang it. */
export function soon(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing came within ${WAIT_MS_MAX / 1000} s`)), WAIT_MS_MAX);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Posts one JSON-RPC request without any library; the whole answer. */
export async function post(body) {
  const response = await fetch(RPC, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.json();
}

/** The raw result of one method, exactly as the node gave it. */
export async function rpc(method, ...params) {
  const answer = await post({ jsonrpc: "2.0", id: 1, method, params });
  if (answer.error) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
  return answer.result;
}

/** Runs `steps` ([name, async function] in order); prints one line for each; ends the process. */
export async function run(tool, steps) {
  const only = process.argv[2];
  const { version } = JSON.parse(readFileSync(new URL(`node_modules/${tool}/package.json`, import.meta.url), "utf8"));
  console.log(`${tool} ${version} at ${RPC}`);
  for (const [name, step] of steps) {
    // Steps marked "!" prepare what later ones use.
    if (only && !name.startsWith("!") && !name.includes(only)) continue;
    const since = Date.now();
    try {
      await step();
    } catch (error) {
      console.error(`FAILED ${tool}: ${name.replace("!", "")}\n${error.stack ?? error}`);
      if (error.cause) console.error("cause:", error.cause);
      process.exit(1);
    }
    console.log(`  ok ${name.replace("!", "")} (${Date.now() - since} ms)`);
  }
  process.exit(0);
}
