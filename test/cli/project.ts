/** A project of a user's own, in a folder of its own: files of this repository, and `ganglion` as a package beside them. */
import { cpSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const REPOSITORY = resolve(import.meta.dirname, "../..");

const CONFIG = {
  compilerOptions: {
    ...{ target: "es2024", lib: ["es2024", "esnext.array", "esnext.iterator"], module: "nodenext", types: ["node"] },
    ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noEmit: true },
    ...{ allowImportingTsExtensions: true, verbatimModuleSyntax: true, skipLibCheck: true },
  },
  include: ["out"],
};

/** `files`: the folder to start from, relative to the repository. The package's `runtime` is the source. */
export function projectFrom(files: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "gang-project-")));
  cpSync(join(REPOSITORY, files), folder, { recursive: true });
  const packages = join(folder, "node_modules");
  mkdirSync(join(packages, "ganglion"), { recursive: true });
  mkdirSync(join(packages, "@types"));
  const link = (from: string, to: string): void => symlinkSync(join(REPOSITORY, from), join(packages, to));
  link("runtime", "ganglion/runtime");
  for (const name of ["@types/node", "undici-types", "vega-datasets"]) link(`node_modules/${name}`, name);
  const self = { name: "ganglion", type: "module", exports: { "./runtime": "./runtime/index.ts" } };
  writeFileSync(join(packages, "ganglion/package.json"), JSON.stringify(self));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "mine", type: "module" }));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(CONFIG));
  return folder;
}
