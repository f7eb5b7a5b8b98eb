// npm's solc (WebAssembly) with as much of the native compiler's command line as forge uses: no compiler is downloaded.

import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const solc = createRequire(import.meta.url)("solc");

/** Standard output may be a pipe that takes less than is given. */
function print(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

if (process.argv.includes("--version")) {
  const version = solc.version().replace("Emscripten.clang", "Linux.g++");
  print(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else if (process.argv.includes("--standard-json")) {
  print(solc.compile(readFileSync(0, "utf8")));
} else {
  console.error(`solc.mjs: neither --version nor --standard-json in ${process.argv.slice(2).join(" ")}`);
  process.exit(2);
}
