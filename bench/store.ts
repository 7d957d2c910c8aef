/**
 * The store at 100 thousand, 1 million and 10 million observations: recall over a snapshot, and beside it DuckDB's bare
 * aggregate, the same ranking's minimum on `node:sqlite`, and what the original asked its SQLite for. `--scale 0.01` makes
 * all of it smaller. The evidence is made as lines of the trail, sealed by the compactor's own code in files of a quarter
 * of a million, and taken into a snapshot as the compactor does; only the segments are left out.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { RecallQuery } from "../runtime/knowledge/knowledge.ts";
import { openKnowledge } from "../runtime/knowledge/open.ts";
import { SETTINGS } from "../runtime/settings.ts";
import { openTrail } from "../runtime/trail/local.ts";
import { newestManifest, sealedFolder } from "../runtime/trail/manifest.ts";
import { readTrail } from "../runtime/trail/reader.ts";
import { parquet, withDuckDB } from "../runtime/trail/sealed.ts";
import { type Row, rowOf } from "./row.ts";
import { DAYS, grow, increment, type Made, made, NOW, PEERS, STAGES } from "./store/making.ts";
import { bench as trail } from "./trail.ts";

const SIZES = [100_000, 1_000_000, 10_000_000];
/** Stages that are asked for a first time, and rounds in which they are asked again. */
const ROUNDS = 60;
const AGAIN = 4;
/** Milliseconds between two questions: more than what is remembered is good for. */
const STEP = 120_000;
const WEEK = { seconds: 7 * 24 * 3600 };

/** `kept`: a folder in which the stores stay, and are found again. */
export async function* bench(scale: number, kept?: string): AsyncIterable<Row> {
  yield* trail();
  // Beside the code, not in the system's temporary folder, which may be memory.
  const cache = kept ?? join(import.meta.dirname, "..", "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = kept ?? mkdtempSync(join(cache, "store-"));
  try {
    const evidence = made();
    for (const size of SIZES.map((all) => Math.round(all * scale))) {
      const directory = join(folder, String(size));
      const { fresh, sealing, snapshot } = await grow(directory, evidence, size);
      const each = (text: string) => ({ ...named(text, size), unit: "µs a record" });
      if (fresh > 0) {
        yield rowOf(each("made and sealed"), [(sealing * 1000) / fresh]);
        yield rowOf(each("taken into the first snapshot"), [(snapshot * 1000) / fresh]);
        const most = process.resourceUsage().maxRSS / 1024;
        yield rowOf({ ...named("resident at most until then", size), unit: "MB" }, [most]);
      }
      const more = Math.round(size * SETTINGS.knowledge.snapshotShare);
      const next = `the next snapshot, of ${more.toLocaleString("en")} more`;
      yield rowOf(named(next, size), [await increment(directory, evidence, more)]);
      yield* recall(directory, size);
      yield* await sql(directory, size);
      yield* await rivals(evidence, size);
      yield* await news(directory, evidence, size);
    }
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

const named = (text: string, size: number) => ({
  bench: "store",
  case: `${text}, ${size.toLocaleString("en")} observations`,
  unit: "ms",
});

const question = (round: number, more: Partial<RecallQuery> = {}): RecallQuery => ({
  subnet: "n",
  stage: `p.s${stageOf(round)}`,
  scope: "",
  from: ["patterns", "antipatterns"],
  top: 10,
  halflife: WEEK,
  // A time that was not asked for yet: what was asked before is not asked again.
  now: NOW + (round + 1) * STEP,
  ...more,
});

const stageOf = (round: number): number => ((round % ROUNDS) * 37) % STAGES;

/** The same statement each time, as a program's own. */
const younger = (days: number) =>
  ({
    op: "binary",
    operator: "<",
    left: { op: "name", name: "age" },
    right: { op: "literal", value: days * 24 * 3600 },
  }) as const;

/** A filter of which it is not known what passes. */
const ANYBODY = {
  op: "binary",
  operator: "!=",
  left: { op: "name", name: "peer" },
  right: { op: "literal", value: "nobody" },
} as const;

async function* recall(directory: string, size: number): AsyncIterable<Row> {
  const first: number[] = [];
  const resident: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const child = spawnSync(process.execPath, [import.meta.filename, "--first", directory, String(stageOf(round))], {
      encoding: "utf8",
    });
    const [milliseconds, bytes] = child.stdout.split(" ").map(Number);
    if (child.status !== 0) throw new Error(child.stderr);
    first.push(milliseconds!);
    resident.push(bytes! / 2 ** 20);
  }
  const aggregate = await bareAggregate(directory);
  const knowledge = await openKnowledge({ source: readTrail(directory), store: directory, clock: { now: () => NOW } });
  const bare: number[] = [];
  const once: number[] = [];
  const kept: number[] = [];
  const half: number[] = [];
  const all: number[] = [];
  const each: number[] = [];
  try {
    await knowledge.refresh();
    for (let round = 0; round < ROUNDS; round += 1) once.push(await timed(() => knowledge.recall(question(round))));
    for (let round = ROUNDS; round < ROUNDS * (1 + AGAIN); round += 1) {
      bare.push(await timed(() => aggregate.ask(stageOf(round))));
      kept.push(await timed(() => knowledge.recall(question(round))));
      half.push(await timed(() => knowledge.recall(question(round, { where: younger(DAYS / 2) }))));
      all.push(await timed(() => knowledge.recall(question(round, { where: younger(DAYS + 1) }))));
      each.push(await timed(() => knowledge.recall(question(round, { where: ANYBODY }))));
    }
  } finally {
    await knowledge.close();
    aggregate.close();
  }
  const base = { against: "DuckDB's bare aggregate of the stage", values: bare };
  yield rowOf(named("DuckDB's bare aggregate of a stage's evidence", size), bare);
  yield* withTail(named("top 10", size), kept, base);
  yield rowOf(named("top 10, the first time that a stage is asked for", size), once);
  yield* withTail(named("top 10 with a filter on age that half of the evidence passes", size), half, base);
  yield* withTail(named("top 10 with a filter on age that all of it passes", size), all, base);
  yield* withTail(named("top 10 with a filter on the peer that all of it passes", size), each, base);
  yield rowOf(named("from imports to the first ranking", size), first);
  yield rowOf({ ...named("resident after the first ranking", size), unit: "MB" }, resident);
}

function withTail(
  name: Parameters<typeof rowOf>[0],
  values: readonly number[],
  base: Parameters<typeof rowOf>[2],
): Row[] {
  return [rowOf(name, values, base), rowOf({ ...name, case: `${name.case}, p99` }, [quantile(values, 0.99)])];
}

/** What a ranking cannot do without: one pass over the evidence of the stage, in the snapshot's own table. */
async function bareAggregate(directory: string) {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  const path = join(sealedFolder(directory), newestManifest(directory)!.snapshot!.name);
  await connection.run(`attach '${path}' as sealed (read_only)`);
  const sql = `select claim, count(*), avg(value) as mean from sealed.told.facts where place = $1 group by claim order by mean desc limit 10`;
  const statement = await connection.prepare(sql);
  return {
    async ask(stage: number) {
      statement.bindInteger(1, stage);
      await statement.runAndReadAll();
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** What is asked of the table of records, which DuckDB can ask of the Parquet files as well. */
const GROUPED: { readonly [by: string]: (from: string) => string } = {
  stage: (from) => `select stage, count(*), max(time) from ${from} group by stage order by 2 desc`,
  "peer and kind": (from) => `select peer, kind, count(*), min(time) from ${from} group by all order by all`,
  day: (from) => `select date_trunc('day', time), count(distinct stage) from ${from} group by 1 order by 1`,
};

/** The same statement over the snapshot's table, and by DuckDB over the Parquet files themselves. */
async function sql(directory: string, size: number): Promise<readonly Row[]> {
  const { snapshot, files } = newestManifest(directory)!;
  const folder = sealedFolder(directory);
  return withDuckDB(async (connection) => {
    await connection.run(`attach '${join(folder, snapshot!.name)}' as sealed (read_only)`);
    const from = parquet(files.map(({ name }) => join(folder, name)));
    const rows: Row[] = [];
    for (const [by, asked] of Object.entries(GROUPED)) {
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let round = 0; round < 7; round += 1) {
        theirs.push(await timed(() => connection.runAndReadAll(asked(from))));
        ours.push(await timed(() => connection.runAndReadAll(asked("sealed.main.records"))));
      }
      const name = named(`sql: records grouped by ${by}`, size);
      rows.push(rowOf(name, ours, { against: "DuckDB on the Parquet", values: theirs }));
    }
    return rows;
  });
}

/** `node:sqlite`, with an index on the stage: the sums that the score is made of; and the original's question. */
async function rivals(evidence: Made, size: number): Promise<readonly Row[]> {
  // The original's question needs no more to be judged, and SQLite takes a minute for each ten million.
  const count = Math.min(size, 1_000_000);
  const database = new DatabaseSync(":memory:");
  database.exec(
    "create table patterns (stage integer, claim integer, peer text, ok integer, value real, timestamp real)",
  );
  const insert = database.prepare("insert into patterns values (?, ?, ?, ?, ?, ?)");
  database.exec("begin");
  for (let seq = 1; seq <= count; seq += 1) {
    const { draft, stage, claim, time } = evidence.of(seq);
    const { ok, value } = draft as { ok: boolean; value?: number };
    insert.run(stage, claim, draft.peer, ok ? 1 : 0, value ?? null, time);
  }
  database.exec("commit; create index by_stage on patterns (stage)");
  const ranking = database.prepare(`with w as (
    select claim, peer, ok, value, pow(2, -(? - timestamp) / 604800000.0) as w from patterns where stage = ?
  ), p as (
    select claim, 1 - exp(-sum(w * ok)) as s, 1 - exp(-sum(w * (1 - ok))) as f, sum(w * value) / sum(w) as x from w group by claim, peer
  ) select claim, (sum(s) + 1) / (sum(s) + 1.5 * sum(f) + 3) as r, avg(x) as x from p group by claim order by r * x limit 10`);
  const original = database.prepare("select * from patterns where ok = 1 order by timestamp desc limit 10");
  const ranked: number[] = [];
  const newest: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    ranked.push(await timed(async () => ranking.all(NOW, stageOf(round))));
    newest.push(await timed(async () => original.all()));
  }
  database.close();
  return [
    rowOf(named("node:sqlite, sums and reliability alone", count), ranked),
    rowOf(named("the original's ORDER BY timestamp LIMIT on SQLite, no ranking", count), newest),
  ];
}

/** Records that come after the snapshot, 1, 100 and 1,000 before a recall of one of their stages. */
async function news(directory: string, evidence: Made, size: number): Promise<readonly Row[]> {
  const writer = await openTrail({
    directory,
    peers: Array.from({ length: PEERS }, (_, i) => `peer-${i}`),
    sealing: false,
    clock: { now: () => NOW },
  });
  const knowledge = await openKnowledge({ source: readTrail(directory), store: directory, clock: { now: () => NOW } });
  const rows: Row[] = [];
  let seq = 2 ** 31;
  const next = () => {
    seq += 1;
    return evidence.of(seq).draft;
  };
  try {
    await knowledge.refresh();
    let asked = 0;
    await knowledge.recall(question(asked++));
    for (const [count, rounds] of [
      [1, 30],
      [100, 15],
      [1000, 7],
    ] as const) {
      const values: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const stage = `p.s${stageOf(round)}`;
        const drafts = Array.from({ length: count }, next);
        await writer.append(drafts.map((draft, i) => (i === 0 ? { ...draft, stage } : draft)));
        values.push(
          await timed(async () => {
            await knowledge.refresh();
            await knowledge.recall(question(asked++, { stage }));
          }),
        );
      }
      const text = `top 10 after ${count.toLocaleString("en")} new record${count === 1 ? "" : "s"}`;
      rows.push(...withTail(named(text, size), values, undefined));
    }
    const first: number[] = [];
    const beside: number[] = [];
    for (let round = 0; round < ROUNDS * (1 + AGAIN); round += 1) {
      const took = await timed(() => knowledge.recall(question(asked++, { stage: `p.s${stageOf(round)}` })));
      (round < ROUNDS ? first : beside).push(took);
    }
    rows.push(...withTail(named("top 10, snapshot and a tail of 8,530 records", size), beside, undefined));
    rows.push(rowOf(named("top 10 after some 40 new records of the stage, of a tail of 8,530", size), first));
  } finally {
    await knowledge.close();
    await writer.close();
    rmSync(join(directory, "trail"), { recursive: true });
  }
  return rows;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

if (import.meta.main && process.argv[2] === "--first") {
  const [directory, stage] = process.argv.slice(3) as [string, string];
  const began = performance.now();
  const knowledge = await openKnowledge({ source: readTrail(directory), store: directory, clock: { now: () => NOW } });
  await knowledge.refresh();
  const { patterns, antipatterns } = await knowledge.recall(question(0, { stage: `p.s${stage}` }));
  if (patterns.length + antipatterns.length === 0) throw new Error("Nothing was ranked.");
  console.log(performance.now() - began, process.memoryUsage.rss());
  await knowledge.close();
}
