/**
 * `npm run bench [-- NAME… --scale S --folder DIR --only TEXT]`: runs the benchmarks, prints each figure as a JSON line, and
 * writes the table of `bench/README.md`. Rows of benchmarks that were not run stay. `store` keeps what it made in the
 * folder; `runtime` measures the cases whose names hold the text.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Row } from "./row.ts";

interface Options {
  readonly scale: number;
  readonly folder?: string;
  readonly only?: string;
}

const BENCHES: {
  readonly [name: string]: (options: Options) => Promise<AsyncIterable<Row> | Iterable<Row>>;
} = {
  check: async () => (await import("./check.ts")).bench(),
  compile: async () => (await import("./compile.ts")).bench(),
  runtime: async ({ only }) => (await import("./runtime.ts")).bench(only),
  learn: async () => (await import("./learn.ts")).bench(),
  drift: async () => (await import("./drift.ts")).bench(),
  store: async ({ scale, folder }) => (await import("./store.ts")).bench(scale, folder),
};

const README = join(import.meta.dirname, "README.md");
const BEGIN = "<!-- figures -->";
const END = "<!-- /figures -->";
const COLUMNS = ["bench", "case", "value", "noise", "ratio"] as const;

async function main(args: readonly string[]): Promise<number> {
  const { positionals: names, values } = parseArgs({
    args: [...args],
    options: { scale: { type: "string", default: "1" }, folder: { type: "string" }, only: { type: "string" } },
    allowPositionals: true,
  });
  const scale = Number(values.scale);
  const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(", ")}; there are ${Object.keys(BENCHES).join(", ")}.`);
    return 2;
  }
  const chosen = names.length === 0 ? Object.keys(BENCHES) : names;
  const tables = new Map(readTables(readFileSync(README, "utf8")));
  for (const name of chosen) {
    const rows: Row[] = [];
    for await (const row of await BENCHES[name]!({ ...values, scale })) {
      console.log(JSON.stringify(row));
      rows.push(row);
    }
    tables.set(name, rows.map(line));
  }
  // Figures of a smaller store, or of some cases, are for looking at.
  if (scale === 1 && values.only === undefined) writeFileSync(README, withTables(readFileSync(README, "utf8"), tables));
  return 0;
}

function line({ bench, case: what, value, unit, noise, ratio, against }: Row): string {
  const cells = [
    bench,
    what,
    `${value.toLocaleString("en")} ${unit}`,
    `± ${(noise * 100).toFixed(0)} %`,
    ratio === undefined ? "" : `${ratio} × ${against}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

/** The lines of the table by benchmark. */
function readTables(readme: string): [string, string[]][] {
  const [, table = ""] = readme.split(BEGIN);
  const lines = table
    .split(END)[0]!
    .split("\n")
    .filter((row) => row.startsWith("| "));
  return [...Map.groupBy(lines.slice(2), (row) => row.split(" | ")[0]!.slice(2))];
}

function withTables(readme: string, tables: ReadonlyMap<string, readonly string[]>): string {
  const [before, rest] = readme.split(BEGIN) as [string, string];
  const after = rest.split(END)[1]!;
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`;
  const rows = Object.keys(BENCHES).flatMap((name) => tables.get(name) ?? []);
  const head = [`| ${COLUMNS.join(" | ")} |`, `|${COLUMNS.map(() => " --- ").join("|")}|`];
  return `${before}${BEGIN}\nMeasured on ${machine}.\n\n${[...head, ...rows].join("\n")}\n${END}${after}`;
}

process.exitCode = await main(process.argv.slice(2));
