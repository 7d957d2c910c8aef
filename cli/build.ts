/**
 * Builds the package: `dist/gangc.js` with its lazily loaded chunks, the modules behind `ganglion/runtime` and
 * `ganglion/compiler`, and their declarations.
 *
 * Chevrotain and zod are bundled, since loading them file by file costs several times more. What is large and seldom
 * needed stays a package of its own and is imported where it is used.
 */
import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const ROOT = dirname(import.meta.dirname);
const OUT = join(ROOT, "dist");

/** Module under `dist/` → source. */
const ENTRIES = {
  gangc: "cli/start.ts",
  compiler: "compiler/index.ts",
  runtime: "runtime/index.ts",
  "sql-child": "runtime/knowledge/sql/child.ts",
};

const BUNDLED = new Set(["chevrotain", "@chevrotain", "zod"]);

rmSync(OUT, { recursive: true, force: true });
await build({
  absWorkingDir: ROOT,
  entryPoints: Object.fromEntries(Object.entries(ENTRIES).filter(([, source]) => existsSync(join(ROOT, source)))),
  outdir: OUT,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22.18",
  jsx: "automatic",
  chunkNames: "chunks/[name]-[hash]",
  minifyWhitespace: true,
  minifySyntax: true,
  keepNames: false,
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
  plugins: [
    {
      name: "packages",
      setup({ onResolve }) {
        onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
          if (kind === "entry-point") return undefined;
          return BUNDLED.has(path.split("/")[0]!) ? undefined : { path, external: true };
        });
      },
    },
  ],
});
execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "cli/tsconfig.types.json"], {
  cwd: ROOT,
  stdio: "inherit",
});
