// Compiles contracts/ and the institutions' interfaces, once per change of sources or compiler: build/<Name>.json holds
// { abi, bytecode }. As a program it compiles and prints the folder; as a module it gives `artifact(name)`.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const institutions = join(here, "..", "..", "crates", "institutions", "src");
const require = createRequire(import.meta.url);

/** Source name -> text of everything compiled: our contracts, and IAssembly, IRegistry, ITreasury as shipped. */
function sources() {
  const found = {};
  for (const name of readdirSync(join(here, "contracts")).sort()) {
    found[`contracts/${name}`] = readFileSync(join(here, "contracts", name), "utf8");
  }
  for (const name of ["assembly/IAssembly.sol", "registry/IRegistry.sol", "treasury/ITreasury.sol"]) {
    found[`polity/${name}`] = readFileSync(join(institutions, name), "utf8");
  }
  return found;
}

function findImport(path) {
  const file = path.startsWith("polity/")
    ? join(institutions, path.slice("polity/".length))
    : join(here, "node_modules", path);
  return existsSync(file) ? { contents: readFileSync(file, "utf8") } : { error: `no such file: ${file}` };
}

function compile(texts) {
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(Object.entries(texts).map(([name, content]) => [name, { content }])),
    settings: {
      evmVersion: "osaka",
      optimizer: { enabled: true, runs: 200 },
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
    },
  };
  const output = JSON.parse(require("solc").compile(JSON.stringify(input), { import: findImport }));
  const errors = (output.errors ?? []).filter((problem) => problem.severity === "error");
  if (errors.length > 0) throw new Error(errors.map((problem) => problem.formattedMessage).join("\n"));
  return output.contracts;
}

/** Compiles unless build/ already holds what these sources give; returns the folder. */
export function build() {
  const texts = sources();
  const lock = readFileSync(join(here, "package-lock.json"));
  const hash = createHash("sha256").update(JSON.stringify(texts)).update(lock);
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  const folder = join(here, "build", hash.digest("hex").slice(0, 16));
  if (existsSync(folder)) return folder;
  // Written aside and renamed: several tests may compile at once.
  const aside = `${folder}.${process.pid}`;
  mkdirSync(aside, { recursive: true });
  const contracts = compile(texts);
  for (const source of Object.keys(texts)) {
    for (const [name, contract] of Object.entries(contracts[source])) {
      const text = JSON.stringify({ abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` });
      writeFileSync(join(aside, `${name}.json`), text);
    }
  }
  try {
    renameSync(aside, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(aside, { recursive: true });
  }
  return folder;
}

/** The compiled contract or interface `name`. */
export function artifact(name) {
  return JSON.parse(readFileSync(join(build(), `${name}.json`), "utf8"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(build());
