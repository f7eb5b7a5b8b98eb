// Foundry's programs as npm delivers them, run without their owner's configuration.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RPC } from "./common.mjs";

/** A folder for one run, gone when the process ends. */
export const home = mkdtempSync(join(tmpdir(), "polity-foundry-"));
process.on("exit", () => rmSync(home, { recursive: true, force: true }));

export const env = {
  PATH: process.env.PATH, HOME: home, ETH_RPC_URL: RPC, NO_COLOR: "1", FOUNDRY_DISABLE_NIGHTLY_WARNING: "1",
};

/** Path of `name`: the program itself, since npm's wrapper around it ends with status 0 whatever happened. */
export function program(name) {
  const machine = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  return fileURLToPath(new URL(`node_modules/@foundry-rs/${name}-${machine}/bin/${name}`, import.meta.url));
}

/** Status, standard output and standard error of `tool …`. */
export function attempt(tool, args, options = {}) {
  return new Promise((resolve) => {
    const all = { env, cwd: home, maxBuffer: 1 << 26, timeout: 90_000, ...options };
    execFile(tool, args.map(String), all, (error, stdout, stderr) => {
      resolve({ failed: error !== null, stdout: stdout.trim(), stderr: stderr.trim() });
    });
  });
}

/** What `tool …` prints; throws with what it says if it fails. */
export async function output(tool, args, options) {
  const { failed, stdout, stderr } = await attempt(tool, args, options);
  assert(!failed, `${tool} ${args.join(" ").slice(0, 300)}\n${stderr}\n${stdout}`);
  return stdout;
}
