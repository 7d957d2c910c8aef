/** Gang as it is shipped: the start of `gangc`, and the compiler of `ganglion/compiler`. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type * as compiler from "../../compiler/index.ts";

const ROOT = dirname(dirname(import.meta.dirname));

export const GANGC = join(ROOT, "cli/gangc.cjs");

export const VERSION = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string }).version;

/** Builds what is measured: an old build would give old figures. */
export function build(): void {
  execFileSync(process.execPath, [join(ROOT, "cli/build.ts")], { stdio: ["ignore", 2, 2] });
}

/** One compiler's answer: what each file took, after `tiny` was checked in the same process. */
export interface Measured {
  readonly runs: readonly { readonly milliseconds: number; readonly problems: number }[];
}

/** Runs `script` in a process of its own; gives the milliseconds of each file. */
export function measured(
  script: readonly string[],
  tiny: string,
  files: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): number[] {
  const printed = execFileSync(process.execPath, [...script, tiny, ...files], { env, encoding: "utf8" });
  const { runs } = JSON.parse(printed) as Measured;
  if (runs.some(({ problems }) => problems > 0)) throw new Error(`${script.join(" ")} has problems with its source`);
  return runs.map(({ milliseconds }) => milliseconds);
}

/** The milliseconds that Gang takes for each file. */
export function measuredGang(tiny: string, files: readonly string[]): number[] {
  return measured([import.meta.filename], tiny, files);
}

/** Gang's share, as `rivals.mjs` does it for the others. */
async function measure(tiny: string, files: readonly string[]): Promise<Measured> {
  const { compile } = (await import(join(ROOT, "dist/compiler.js"))) as typeof compiler;
  const { fileSystemHost } = await import("../../cli/host.ts");
  const host = fileSystemHost();
  compile(tiny, host);
  const runs = files.map((file) => {
    const start = performance.now();
    const { diagnostics } = compile(file, host);
    const milliseconds = performance.now() - start;
    return { milliseconds, problems: diagnostics.filter(({ severity }) => severity === "error").length };
  });
  return { runs };
}

if (import.meta.main) console.log(JSON.stringify(await measure(process.argv[2]!, process.argv.slice(3))));
