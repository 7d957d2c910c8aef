/**
 * Builds the package: `dist/gangc.js` with its lazily loaded chunks, the modules behind `ganglion/runtime` and
 * `ganglion/compiler`, and their declarations.
 *
 * Chevrotain and zod are bundled, since loading them file by file costs several times more. What is large and seldom
 * needed stays a package of its own and is imported where it is used.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { GangParser } from "../compiler/syntax/parser.ts";

const ROOT = dirname(import.meta.dirname);
const OUT = join(ROOT, "dist");
/** Built aside and put in place whole: whoever runs `gangc` meanwhile has the one before, and a failed build changes nothing. */
const NEXT = join(ROOT, `.dist-${process.pid}`);

/** Module under `dist/` → source. */
const ENTRIES = {
  gangc: "cli/start.ts",
  compiler: "compiler/index.ts",
  runtime: "runtime/index.ts",
  machine: "cli/machine.ts",
  "sql-child": "runtime/knowledge/sql/child.ts",
  "sealing-child": "runtime/trail/sealing-child.ts",
};

const BUNDLED = new Set(["chevrotain", "@chevrotain", "zod"]);

const packages: Plugin = {
  name: "packages",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      if (kind === "entry-point") return undefined;
      return BUNDLED.has(path.split("/")[0]!) ? undefined : { path, external: true };
    });
  },
};

/**
 * The bin sends `check` and `fmt` to a bundle without the others: the imports of those stay as they are, and are never
 * reached. What reads `gang.yaml` is taken from the other bundle, with zod, where there is one.
 */
const quickCommands: Plugin = {
  name: "quick commands",
  setup({ onResolve }) {
    onResolve({ filter: /\/machine\.ts$/ }, () => ({ path: "./machine.js", external: true }));
    onResolve({ filter: /^\.\/commands\// }, ({ path }) =>
      /\/(check|fmt)\.ts$/.test(path) ? undefined : { path, external: true },
    );
  },
};

/** The parser of the package finds the analysis of its grammar in the place of an empty module. */
const analysis: Plugin = {
  name: "analysis",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]syntax[\\/]shipped\.ts$/ }, () => ({
      contents: `export const shipped = ${JSON.stringify(new GangParser().analysis)};`,
    }));
  },
};

const COMMON = {
  absWorkingDir: ROOT,
  outdir: NEXT,
  bundle: true,
  platform: "node",
  target: "node22.18",
  jsx: "automatic",
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  logLevel: "warning",
} satisfies BuildOptions;

try {
  await bundle();
  process.exitCode = declare();
  if (process.exitCode === 0) replace();
} finally {
  rmSync(NEXT, { recursive: true, force: true });
}

async function bundle(): Promise<void> {
  await build({
    ...COMMON,
    entryPoints: ENTRIES,
    splitting: true,
    format: "esm",
    chunkNames: "chunks/[name]-[hash]",
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [packages, analysis],
  });
  // One file of CommonJS starts sooner than a dozen modules: nothing to resolve, and no facades of Node's own modules.
  await build({
    ...COMMON,
    entryPoints: { quick: ENTRIES.gangc },
    outExtension: { ".js": ".cjs" },
    format: "cjs",
    charset: "ascii",
    // The bin runs it as a script of its own, where Node would warn of `import()`: `require` loads modules as well.
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "__filename", "import.meta.dirname": "__dirname" },
    plugins: [packages, quickCommands, analysis],
  });
  const quick = join(NEXT, "quick.cjs");
  const text = readFileSync(quick);
  // The bin keeps the compiled code by this digest.
  writeFileSync(quick, `//${createHash("sha256").update(text).digest("hex")}\n${text}`);
}

/** Writes the declarations. What is wrong with the types has been said by the compiler itself. */
function declare(): number {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const args = [tsc, "-p", "cli/tsconfig.types.json", "--outDir", join(NEXT, "types")];
  return spawnSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" }).status ?? 1;
}

function replace(): void {
  const before = `${NEXT}-before`;
  try {
    renameSync(OUT, before);
  } catch {
    // The first build.
  }
  renameSync(NEXT, OUT);
  rmSync(before, { recursive: true, force: true });
}
