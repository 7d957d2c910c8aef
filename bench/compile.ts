/**
 * The whole check beside other compilers, in one run on comparable sources: `langium`, `@typespec/compiler` and
 * TypeScript's native compiler, which live in a package of their own in `compile/`. All take turns, so that a busy
 * machine burdens all alike; each round is a process of its own, in which a tiny file is checked first.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, GANGC, measured, measuredGang, VERSION } from "./compile/gang.ts";
import { EXTENSION, generate, LANGIUM_GRAMMAR, LANGUAGES, type Language } from "./compile/sources.ts";
import { install } from "./install.ts";
import { type Row, rowOf } from "./row.ts";

const PACKAGE = join(import.meta.dirname, "compile");
const RIVALS = join(PACKAGE, "rivals.mjs");
const TSC = join(PACKAGE, "node_modules/typescript/lib/tsc.js");
const TSC_OPTIONS = ["--ignoreConfig", "--noEmit", "--strict", "--target", "es2024", "--types", ""];
const ROUNDS = 5;
const COLD_ROUNDS = 9;
const SIZES = [1_000, 10_000];
const CHAINED = [5_000, 10_000, 20_000];

export async function* bench(): AsyncIterable<Row> {
  install(PACKAGE, "the other compilers");
  build();
  const folder = mkdtempSync(join(tmpdir(), "gang-bench-"));
  try {
    const tiny = Object.fromEntries(LANGUAGES.map((language) => [language, write(folder, language, 1, 16)])) as Tiny;
    yield* cold(tiny);
    yield* throughput(folder, tiny);
    yield* depth(folder, tiny);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Tiny = { readonly [L in Language]: string };

/** What a row calls a compiler: its name and version. */
const NAMES: { readonly [L in Language]: string } = (() => {
  const { dependencies } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as {
    readonly dependencies: { readonly [name: string]: string };
  };
  return {
    gang: `gang ${VERSION}`,
    typespec: `typespec ${dependencies["@typespec/compiler"]}`,
    langium: `langium ${dependencies.langium}`,
    typescript: `typescript ${dependencies.typescript}`,
  };
})();

function write(folder: string, language: Language, declarations: number, depth: number): string {
  const file = join(folder, `${declarations}-${depth}.${EXTENSION[language]}`);
  writeFileSync(file, generate(language, declarations, depth));
  return file;
}

/** A whole process each, on one record of six lines; and a Node that does nothing. */
function* cold(tiny: Tiny): Iterable<Row> {
  const commands: { readonly [what: string]: readonly string[] } = {
    "node -e 0": ["-e", "0"],
    [NAMES.gang]: [GANGC, "check", tiny.gang],
    [NAMES.typespec]: [RIVALS, "typespec", tiny.typespec],
    [NAMES.langium]: [RIVALS, "langium", tiny.langium],
    [NAMES.typescript]: [TSC, ...TSC_OPTIONS, tiny.typescript],
  };
  const times = new Map<string, number[]>(Object.keys(commands).map((what) => [what, []]));
  // The first round fills the caches: Node's compile cache, the system's file cache.
  for (let round = 0; round <= COLD_ROUNDS; round++) {
    for (const [what, args] of Object.entries(commands)) {
      const start = performance.now();
      execFileSync(process.execPath, args, { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
      if (round > 0) times.get(what)!.push(performance.now() - start);
    }
  }
  const base = { against: "node -e 0", values: times.get("node -e 0")! };
  for (const [what, values] of times) {
    const name = { bench: "compile", case: `tiny file, cold, ${what}`, unit: "ms" };
    yield what === base.against ? rowOf(name, values) : rowOf(name, values, base);
  }
}

function isRival(language: Language): language is Exclude<Language, "gang"> {
  return language !== "gang";
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, LANGIUM_GRAMMAR };
}

function* throughput(folder: string, tiny: Tiny): Iterable<Row> {
  for (const declarations of SIZES) {
    const files = LANGUAGES.map((language) => write(folder, language, declarations, 16));
    const lines = LANGUAGES.map((language) => generate(language, declarations).split("\n").length);
    const rates: number[][] = LANGUAGES.map(() => []);
    for (let round = 0; round < ROUNDS; round++)
      for (const [i, language] of LANGUAGES.entries()) {
        rates[i]!.push((lines[i]! / timeOf(language, tiny[language], files[i]!)) * 1000);
      }
    for (const [i, language] of LANGUAGES.entries()) {
      const name = { bench: "compile", case: `${declarations} declarations, ${NAMES[language]}`, unit: "lines/s" };
      yield isRival(language)
        ? rowOf(name, rates[i]!, { against: NAMES.gang, values: rates[0]! })
        : rowOf(name, rates[i]!);
    }
  }
}

/** One chain through all records, beside chains of sixteen. */
function* depth(folder: string, tiny: Tiny): Iterable<Row> {
  for (const declarations of CHAINED) {
    const shallow: number[] = [];
    const deep: number[] = [];
    const files = [16, Number.POSITIVE_INFINITY].map((each) => write(folder, "gang", declarations, each));
    for (let round = 0; round < ROUNDS; round++) {
      shallow.push(timeOf("gang", tiny.gang, files[0]!));
      deep.push(timeOf("gang", tiny.gang, files[1]!));
    }
    yield rowOf({ bench: "compile", case: `${declarations} declarations in chains of 16`, unit: "ms" }, shallow);
    const name = { bench: "compile", case: `${declarations} declarations in one chain`, unit: "ms" };
    yield rowOf(name, deep, { against: "chains of 16", values: shallow });
  }
}

/** The ms that a file takes in a process of its own that has checked `tiny` before. */
function timeOf(language: Language, tiny: string, file: string): number {
  const [time] = isRival(language)
    ? measured([RIVALS, language], tiny, [file], environment())
    : measuredGang(tiny, [file]);
  return time!;
}
