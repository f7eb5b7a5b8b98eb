// Compiles every contract of this folder and writes artifacts/. With --check it compiles and compares instead, and
// exits 1 if a committed artifact is not what the sources give. The compiler is pinned in package.json, metadata is
// left out of the bytecode, and paths are given to the compiler relative to this folder: same sources, same bytes.
//
// Imports "polity/<institution>/I<Name>.sol" read crates/institutions/src/<institution>/I<Name>.sol, the single source
// of each ABI.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const here = dirname(fileURLToPath(import.meta.url));
const institutions = join(here, "..", "crates", "institutions", "src");
const folders = [".", "hostile", "examples"];
const check = process.argv.includes("--check");
// What hostile contracts do on purpose: 3628 no receive function, 5159 selfdestruct.
const intended = new Set(["3628", "5159"]);

function findImport(path) {
  const file = path.startsWith("polity/")
    ? join(institutions, path.slice("polity/".length))
    : join(here, path);
  return existsSync(file) ? { contents: readFileSync(file, "utf8") } : { error: `no such file: ${file}` };
}

function compile() {
  const sources = {};
  for (const folder of folders) {
    for (const name of readdirSync(join(here, folder)).sort()) {
      if (name.endsWith(".sol")) {
        const path = relative(here, join(here, folder, name));
        sources[path] = { content: readFileSync(join(here, path), "utf8") };
      }
    }
  }
  const input = {
    language: "Solidity",
    sources,
    settings: {
      evmVersion: "osaka",
      optimizer: { enabled: true, runs: 200 },
      metadata: { bytecodeHash: "none", appendCBOR: false },
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport }));
  const problems = (output.errors ?? []).filter(
    (p) => !(intended.has(p.errorCode) && p.sourceLocation?.file.startsWith("hostile/")),
  );
  for (const problem of problems) console.error(problem.formattedMessage);
  if (problems.some((p) => p.severity === "error")) process.exit(2);
  return output.contracts;
}

/** File name -> text of every artifact. */
function artifacts(contracts) {
  const files = new Map();
  for (const [source, byName] of Object.entries(contracts)) {
    if (source.startsWith("polity/")) continue;
    for (const [name, contract] of Object.entries(byName)) {
      const { bytecode, deployedBytecode } = contract.evm;
      if (bytecode.object === "") continue;
      const artifact = {
        contractName: name,
        sourceName: source,
        compiler: solc.version(),
        abi: contract.abi,
        bytecode: `0x${bytecode.object}`,
        deployedBytecode: `0x${deployedBytecode.object}`,
      };
      files.set(`${name}.json`, JSON.stringify(artifact, null, 1) + "\n");
      // The agreement is placed at genesis, not deployed: its runtime code is embedded in the binary.
      if (name === "Agreement") files.set("Agreement.hex", deployedBytecode.object);
    }
  }
  return files;
}

const directory = join(here, "artifacts");
const files = artifacts(compile());
if (check) {
  const committed = existsSync(directory) ? readdirSync(directory) : [];
  const stale = [...files].filter(([name, text]) => {
    const path = join(directory, name);
    return !existsSync(path) || readFileSync(path, "utf8") !== text;
  });
  const extra = committed.filter((name) => !files.has(name));
  for (const [name] of stale) console.error(`artifacts/${name} is not what the sources give: run npm run build`);
  for (const name of extra) console.error(`artifacts/${name} has no source`);
  if (stale.length + extra.length > 0) process.exit(1);
  console.log(`${files.size} artifacts match their sources (solc ${solc.version()})`);
} else {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(directory, name), text);
  console.log(`wrote ${files.size} artifacts (solc ${solc.version()})`);
}
