import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { SETTINGS } from "../../runtime/settings.ts";
import { resolveStore } from "../../runtime/trail/store.ts";
import { command, usageError } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { IO } from "../io.ts";
import { shown } from "../paths.ts";
import { table } from "../results.ts";
import { printable } from "../ui/text.ts";

const ACTIONS = ["verify", "compact", "rebuild", "export", "forget"] as const;
type Action = (typeof ACTIONS)[number];

/** What each option belongs to: elsewhere it is a mistake. */
const ONLY: { readonly [option: string]: readonly Action[] } = {
  format: ["verify", "export"],
  out: ["export"],
  id: ["forget"],
  match: ["forget"],
  why: ["forget"],
  "dry-run": ["forget"],
};

const definition = command({
  name: "store",
  summary: "the trail's own tools: verify, compact, rebuild, export, forget",
  arguments: { usage: ACTIONS.join("|"), least: 1, most: 1 },
  options: {
    store: { value: "DIR", doc: "another store than the project's .gang" },
    format: {
      value: "FORMAT",
      choices: ["table", "json", "parquet"],
      doc: "verify: `table` or `json`; export: `json` (one record a line) or `parquet`",
    },
    out: { value: "FILE", doc: "export: where to; JSON goes to stdout without it" },
    id: { value: "ID", many: true, doc: "forget: the record with this id" },
    match: { value: "TEXT", doc: "forget: every record with this text in it, or in its artifact" },
    why: { value: "W", doc: "forget: what is written down as the reason" },
    "dry-run": { doc: "forget: only shows what would go" },
  },
  examples: [
    {
      command: "gangc store verify",
      doc: "checks every line, hash, number and artifact; exit 1 where something is amiss",
    },
    {
      command: "gangc store compact",
      doc: "seals what is finished, merges sealed files, drops what is older than 90 days, or what its gang.yaml says",
    },
    { command: "gangc store rebuild", doc: "after damage: the sealed part anew, from what can be read" },
    { command: "gangc store export > trail.jsonl", doc: "every record as it was written, one a line" },
    { command: "gangc store export --format parquet --out trail.parquet", doc: "for DuckDB, pandas and the like" },
    { command: 'gangc store forget --match "sk-live-123" --dry-run', doc: "what mentions a leaked key" },
    { command: "gangc store forget --id 01a2041c-7849-70ab-b87b-f57e76edc121 --why personal", doc: "one record goes" },
  ],
  notes:
    "Forgetting cannot be undone: lines, sealed files and artifacts are dropped here and on every replica; a record of ids and hashes stays. A leaked secret is to be changed all the same. A backup is a copy, at any moment, in this order: trail/, the newest sealed/MANIFEST, the files that it lists, artifacts/.",
  async run({ positionals: [action], options }, io) {
    if (!isAction(action!)) {
      throw usageError(`store does not know ${JSON.stringify(action)}.`, `It is one of ${ACTIONS.join(", ")}.`);
    }
    for (const [name, actions] of Object.entries(ONLY)) {
      const value = options[name as keyof typeof options];
      const isGiven = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
      if (isGiven && !actions.includes(action)) throw usageError(`store ${action} takes no --${name}.`);
    }
    const store = resolveStore(io.cwd, options.store);
    const given: Given = { store, options, io, progress: (text) => io.talk(`${text}\n`) };
    return RUN[action](given);
  },
});
export default definition;

interface Given {
  readonly store: string;
  readonly options: Parameters<(typeof definition)["run"]>[0]["options"];
  readonly io: IO;
  readonly progress: (text: string) => void;
}

const RUN: { readonly [action in Action]: (given: Given) => Promise<ExitCode> } = {
  verify,
  compact,
  rebuild,
  export: exportRecords,
  forget,
};

function isAction(word: string): word is Action {
  return (ACTIONS as readonly string[]).includes(word);
}

async function verify({ store, options, io, progress }: Given): Promise<ExitCode> {
  if (options.format === "parquet") throw usageError("store verify shows a table or json.");
  const { verifyStore } = await import("../../runtime/trail/verify.ts");
  const { problems, ...counts } = await verifyStore(store, progress);
  // What a killed process had begun to write was never acknowledged: it is said, and nothing is amiss.
  const amiss = problems.filter(({ problem }) => problem !== "torn-tail");
  const exit = amiss.length === 0 ? EXIT.fine : EXIT.problems;
  if (options.format === "json") {
    io.out(`${JSON.stringify({ version: 1, ...counts, problems }, null, 2)}\n`);
    return exit;
  }
  const rows = Object.entries(counts).map(([name, count]) => [name, count]);
  io.out(table([{ name: "of the store" }, { name: "there are", number: true }], rows, io.stdout.terminal));
  for (const { file, offset, problem, message } of problems) {
    io.out(`${shown(io.cwd, file)}${offset > 0 ? `:${offset}` : ""}: ${problem}: ${message}\n`);
  }
  io.talk(amiss.length === 0 ? "Everything is in order.\n" : `${countOf(amiss.length, "problem")}.\n`);
  return exit;
}

async function compact({ store, io, progress }: Given): Promise<ExitCode> {
  const { keepUp } = await import("../../runtime/trail/upkeep.ts");
  const { compact: seal } = await import("../../runtime/trail/compaction.ts");
  const { days, kept } = await retention(store, io);
  const options = { directory: store, from: 0, mergeFiles: 2, checksSnapshot: true, onProgress: progress };
  const { segments, records, gone, artifacts, checkpoints, generation } =
    days === undefined
      ? { ...(await seal(options)), artifacts: 0, checkpoints: 0 }
      : await keepUp({ ...options, retentionDays: days });
  io.talk(
    `Sealed ${countOf(records, "record")} of ${countOf(segments, "segment")}; ${countOf(gone, "line")}, ${countOf(artifacts, "artifact")} and the checkpoints of ${countOf(checkpoints, "run")} went. Generation ${generation}.\n`,
  );
  return kept ? EXIT.problems : EXIT.fine;
}

/** What is dropped does not come back: where the owner's word cannot be read, nothing goes by its age, and that is said. */
async function retention(
  store: string,
  io: IO,
): Promise<{ readonly days: number | undefined; readonly kept: boolean }> {
  const { retentionOf } = await import("../../runtime/trail/retention.ts");
  const { path, days, problem } = retentionOf(store);
  if (problem !== undefined) {
    io.talk(
      `${shown(io.cwd, path)} cannot be relied on (${printable(problem)}): nothing goes by its age until it is mended.\n`,
    );
    return { days, kept: true };
  }
  if (days !== undefined) return { days, kept: false };
  // The project's own store needs no gang.yaml; how long another one's owner keeps things, only one beside it says.
  if (store === resolveStore(io.cwd)) return { days: SETTINGS.retention.days, kept: false };
  io.talk(`There is no ${shown(io.cwd, path)} to say how long this store is kept: nothing goes by its age.\n`);
  return { days, kept: false };
}

async function rebuild({ store, io, progress }: Given): Promise<ExitCode> {
  const module = await import("../../runtime/trail/rebuild.ts");
  if (!existsSync(store)) {
    io.talk("There is no store yet.\n");
    return EXIT.fine;
  }
  const { generation, records, damaged, missing } = await module.rebuild(store, progress);
  for (const file of damaged)
    io.talk(`${shown(io.cwd, file)} cannot be read as a whole; it is kept under this name.\n`);
  for (const file of missing) io.talk(`${shown(io.cwd, file)} is not there.\n`);
  io.talk(`${countOf(records, "record")} in generation ${generation}.\n`);
  return damaged.length + missing.length === 0 ? EXIT.fine : EXIT.problems;
}

async function exportRecords({ store, options, io, progress }: Given): Promise<ExitCode> {
  const { exportJson, exportParquet } = await import("../../runtime/trail/export.ts");
  const out = options.out === undefined ? undefined : resolve(io.cwd, options.out);
  if (out !== undefined && !existsSync(dirname(out))) throw usageError(`--out: there is no folder ${dirname(out)}.`);
  if (options.format === "table") throw usageError("store export writes json or parquet.");
  if (options.format === "parquet" && out === undefined) throw usageError("--format parquet needs --out FILE.");
  const { records, damaged } =
    options.format === "parquet"
      ? await exportParquet(store, out!)
      : await exportJson(store, out ?? ((text) => io.out(text)), progress);
  if (out !== undefined) progress(`Wrote ${countOf(records, "record")} to ${shown(io.cwd, out)}.`);
  for (const file of damaged) io.talk(`${shown(io.cwd, file)}: something in it cannot be read, and is left out.\n`);
  return damaged.length === 0 ? EXIT.fine : EXIT.problems;
}

async function forget({ store, options, io, progress }: Given): Promise<ExitCode> {
  if (options.id.length === 0 && !options.match) throw usageError("store forget needs --id ID or --match TEXT.");
  const { findRecords, forget: drop } = await import("../../runtime/trail/forget.ts");
  const found = await findRecords(store, { ids: options.id, match: options.match });
  const { unreadWith } = await import("../../runtime/trail/kept.ts");
  const unread = (ids: readonly string[]) => unreadWith(store, ids, options.match);
  if (found.records.length + found.artifacts.length === 0) {
    io.talk("No record fits.\n");
    sayUnread(unread(options.id), io);
    return EXIT.problems;
  }
  const rows = found.records.map(({ id, time, kind, process }) => [id, time, kind, process]);
  io.out(
    table(
      ["record", "time", "kind", "process"].map((name) => ({ name })),
      rows,
      io.stdout.terminal,
    ),
  );
  const what = `${countOf(found.records.length, "record")} and ${countOf(found.artifacts.length, "artifact")}`;
  if (options["dry-run"]) {
    io.talk(`${what} would go.\n`);
    return EXIT.fine;
  }
  const left = await drop(store, found, { peer: "store", why: options.why, onProgress: progress });
  io.talk(`${what} forgotten. A leaked secret is to be changed all the same.\n`);
  if (left > 0) {
    io.talk(
      `${countOf(left, "record")} of them stand in segments that a process still writes; nobody reads them, and the next compaction after its end drops them.\n`,
    );
  }
  const still = unread(found.records.map(({ id }) => id));
  sayUnread(still, io);
  return still.length === 0 ? EXIT.fine : EXIT.problems;
}

function sayUnread(files: readonly string[], io: IO): void {
  for (const file of files) {
    io.talk(
      `${shown(io.cwd, file)} is damaged, and may hold some of it where no record can be told; it stays until you delete it.\n`,
    );
  }
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
