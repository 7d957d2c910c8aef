/**
 * Recall of the top 10 over a store of 10 thousand, 100 thousand and 1 million observations (200 stages, 50,000 claims in all, 64
 * peers), through the same intake as in a run, against DuckDB's bare aggregate over the same rows of the same stage.
 */
import type { RecallQuery } from "../runtime/knowledge/knowledge.ts";
import { openKnowledge } from "../runtime/knowledge/open.ts";
import type { Record as TrailRecord } from "../runtime/trail/record.ts";
import type { Cursor } from "../runtime/trail/trail.ts";
import { sha256 } from "../runtime/values/canonical.ts";
import { type Row, rowOf } from "./row.ts";

const SIZES = [10_000, 100_000, 1_000_000];
const STAGES = 200;
const CLAIMS = 50_000;
const PEERS = 64;
const ROUNDS = 60;
const BATCH = 20_000;
const DAY = 24 * 3600 * 1000;
const NOW = Date.UTC(2026, 0, 31);

export async function* bench(): AsyncIterable<Row> {
  for (const size of SIZES) yield* recall(size);
}

async function* recall(size: number): AsyncIterable<Row> {
  const source = synthetic(size);
  const aggregate = await bareAggregate(size);
  const knowledge = await openKnowledge({ source, clock: { now: () => NOW } });
  try {
    const loading = await timed(async () => {
      while (source.left() > 0) await knowledge.refresh();
    });
    const began = performance.now();
    await knowledge.recall(question(0, 0));
    const first = performance.now() - began;

    const bare: number[] = [];
    const fresh: number[] = [];
    const again: number[] = [];
    const after: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const stage = (round * 37) % STAGES;
      bare.push(await timed(() => aggregate.ask(stage)));
      // Each a stage and a time that were not asked for yet.
      fresh.push(await timed(() => knowledge.recall(question(stage, (round + 1) * DAY))));
      again.push(
        await timed(async () => {
          await knowledge.refresh();
          await knowledge.recall(question(stage, (round + 1) * DAY));
        }),
      );
      source.push(stage);
      after.push(
        await timed(async () => {
          await knowledge.refresh();
          await knowledge.recall(question(stage, (round + 1) * DAY));
        }),
      );
    }
    const base = { against: "DuckDB's bare aggregate of the stage", values: bare };
    const name = (text: string) => ({
      bench: "recall",
      case: `${text}, ${size.toLocaleString("en")} observations`,
      unit: "ms",
    });
    yield rowOf(name("top 10"), fresh, base);
    yield rowOf(name("top 10, p99"), [quantile(fresh, 0.99)]);
    yield rowOf(name("top 10 after one new observation"), after, base);
    yield rowOf(name("top 10 after one new observation, p99"), [quantile(after, 0.99)]);
    yield rowOf(name("refresh and top 10, nothing new"), again, base);
    yield rowOf({ ...name("taking in"), unit: "µs an observation" }, [(loading * 1000) / size]);
    yield rowOf(name("the first, with trust"), [first]);
  } finally {
    await knowledge.close();
    aggregate.close();
  }
}

/** What the ranking cannot do without: one pass over the stage's rows, as narrow as the store's, clustered alike. */
async function bareAggregate(size: number) {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  await connection.run(`create table facts as
    select (hash(i) % ${STAGES})::INTEGER as place, (hash(i * 7 + 1) % ${CLAIMS / STAGES})::INTEGER as claim, random() as value
    from range(${size}) r(i) order by place`);
  const statement = await connection.prepare(
    "select claim, count(*), avg(value) as mean from facts where place = $1 group by claim order by mean desc limit 10",
  );
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

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

const question = (stage: number, later: number): RecallQuery => ({
  subnet: "n",
  stage: `p.s${stage}`,
  scope: "",
  from: ["patterns", "antipatterns"],
  top: 10,
  halflife: { seconds: 7 * 24 * 3600 },
  now: NOW + later,
});

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Evidence by a fixed sequence of numbers, in batches, so that it is never all in memory as records. */
function synthetic(size: number) {
  let made = 0;
  let extra: TrailRecord[] = [];
  const chosen = Array.from({ length: CLAIMS }, (_, claim) => `{"x":${claim}}`);
  const hashes = chosen.map(sha256);
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const one = (stage: number): TrailRecord => {
    const claim = stage + STAGES * random(CLAIMS / STAGES);
    const seq = ++made;
    const ok = random(10) > 0;
    const measured = ok
      ? ({ metric: "m", value: (claim % 97) + random(1000) / 100, direction: -1 } as const)
      : { class: "error" as const };
    return {
      v: 1,
      process: "p",
      seq,
      id: String(seq),
      time: new Date(NOW - random(30 * 24 * 3600) * 1000).toISOString(),
      kind: "evidence",
      peer: `peer-${random(PEERS)}`,
      run: "r",
      attempt: String(seq),
      stage: `p.s${stage}`,
      subnet: "n",
      claim: hashes[claim]!,
      chosen: chosen[claim]!,
      niche: `family = "${claim % 3}"`,
      regime: 0,
      ok,
      verified: true,
      echo: random(3) === 0,
      ...measured,
    };
  };
  return {
    left: () => size - made,
    push: (stage: number) => extra.push(one(stage)),
    async since(_: Cursor) {
      const records = extra;
      extra = [];
      while (made < size && records.length < BATCH) records.push(one(random(STAGES)));
      return { records, cursor: { p: made }, problems: [] };
    },
  };
}
