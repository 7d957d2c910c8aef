/**
 * What a stage that does nothing costs: in a chain, where each end is on disk before the next start, and in a fan, where
 * they share writes. Without a trail it is the scheduler's own work; with the real one it is set against the bare write
 * and `fdatasync` of the same bytes in as many pieces, by rounds that alternate with it.
 */
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { systemClock } from "../runtime/clock.ts";
import { runPlan } from "../runtime/execution/execute.ts";
import type { Knowledge } from "../runtime/knowledge/knowledge.ts";
import { openKnowledge } from "../runtime/knowledge/open.ts";
import type { Plan, Position, StageNode } from "../runtime/plan.ts";
import { openTrail } from "../runtime/trail/local.ts";
import type { Trail } from "../runtime/trail/trail.ts";
import { type Row, rowOf } from "./row.ts";

const ROUNDS: { readonly [stages: number]: number } = { 100: 9, 1000: 5, 10000: 3 };

const SIZES = [100, 1_000, 10_000];

export async function* bench(): AsyncGenerator<Row> {
  // Beside the code, not in the system's temporary folder, which may be memory.
  const cache = join(import.meta.dirname, "..", "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "stages-"));
  try {
    for (const shape of ["chain", "fan"] as const) {
      // The first run compiles what all later ones use.
      await inMemory(planOf(shape, 1_000), folder);
      for (const stages of SIZES) yield* await measure(shape, stages, folder);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(shape: "chain" | "fan", stages: number, folder: string): Promise<readonly Row[]> {
  const plan = planOf(shape, stages);
  const [memory, store, sync]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < (ROUNDS[stages] ?? 3); round++) {
    memory.push(await timed(() => inMemory(plan, folder)));
    const { cost, bytes, syncs } = await inStore(plan, join(folder, `${shape}-${stages}-${round}`));
    store.push(cost);
    sync.push(await timed(async () => bare(join(folder, "bare"), bytes, syncs)));
  }
  const row = (where: string, costs: readonly number[], base?: readonly number[]): Row =>
    rowOf(
      { bench: "stages", case: `${shape} of ${stages.toLocaleString("en")}, ${where}, a stage`, unit: "µs" },
      perStage(costs, stages),
      base && { against: "the bare syncs of the same bytes", values: perStage(base, stages) },
    );
  return [row("without trail and knowledge", memory), row("with both", store, sync), row("the bare syncs", sync)];
}

/** Milliseconds of all stages as microseconds of one. */
function perStage(costs: readonly number[], stages: number): readonly number[] {
  return costs.map((cost) => (cost * 1000) / stages);
}

// One round each ------------------------------------------------------------------------------------------------------------

async function inMemory(plan: Plan, folder: string): Promise<void> {
  const trail: Trail = {
    process: "bench",
    append: async () => [],
    note: () => {},
    since: async () => ({ records: [], cursor: {}, problems: [] }),
    failed: new Promise(() => {}),
    close: async () => {},
  };
  const nothing = { patterns: [], antipatterns: [], known: 0, generation: 0 };
  const knowledge = { refresh: async () => {}, recall: async () => nothing, regime: () => 0 } as unknown as Knowledge;
  await run(plan, trail, knowledge, folder);
}

async function inStore(plan: Plan, store: string): Promise<{ cost: number; bytes: number; syncs: number }> {
  const trail = await openTrail({ directory: store, peers: ["main"] });
  const knowledge = await openKnowledge({ source: trail, clock: systemClock });
  let syncs = 0;
  // What was appended in one turn of the loop shares one write and one sync.
  let turn: Promise<unknown> | undefined;
  const counting: Trail = {
    process: trail.process,
    append(drafts) {
      if (turn === undefined) syncs += 1;
      const done = trail.append(drafts);
      turn = done.finally(() => {
        turn = undefined;
      });
      return done;
    },
    note: (drafts) => trail.note(drafts),
    since: (cursor, take) => trail.since(cursor, take),
    failed: trail.failed,
    close: () => trail.close(),
  };
  const cost = await timed(() => run(plan, counting, knowledge, store));
  await knowledge.close();
  await trail.close();
  return { cost, bytes: sizeOf(join(store, "trail")), syncs };
}

/** The same bytes, written and synced in as many equal pieces. */
function bare(path: string, bytes: number, syncs: number): void {
  const file = openSync(path, "w");
  const piece = Buffer.alloc(Math.ceil(bytes / syncs), 120);
  for (let i = 0; i < syncs; i++) {
    writeSync(file, piece);
    fdatasyncSync(file);
  }
  closeSync(file);
  rmSync(path);
}

async function run(plan: Plan, trail: Trail, knowledge: Knowledge, store: string): Promise<void> {
  const { runs } = await runPlan(plan, {
    trail,
    knowledge,
    clock: systemClock,
    store,
    cycles: 1,
    peer: "main",
    seed: 1,
    signal: new AbortController().signal,
  });
  if (runs[0]?.status !== "ok") throw new Error(`the benchmark's own run failed: ${runs[0]?.error}`);
}

// The plan ------------------------------------------------------------------------------------------------------------------

const AT: Position = [0, 1, 1, 1];

function planOf(shape: "chain" | "fan", stages: number): Plan {
  const body = Array.from({ length: stages }, (_, i): StageNode => {
    const needs = shape === "chain" && i > 0 ? [`s${i - 1}`] : [];
    return {
      kind: "stage",
      name: `s${i}`,
      id: `work.s${i}`,
      alternatives: [
        {
          callee: { kind: "tool", name: "nothing" },
          arguments: [
            {
              name: "value",
              value: needs[0] === undefined ? { op: "literal", value: i } : { op: "name", name: needs[0] },
            },
          ],
          backends: ["local"],
          at: AT,
        },
      ],
      orNone: false,
      type: { kind: "int" },
      needs,
      recall: "none",
      measured: [],
      at: AT,
    };
  });
  return {
    format: "gang-plan",
    version: 1,
    hash: "0".repeat(64),
    source: [{ path: "bench.gang", hash: "0".repeat(64) }],
    root: import.meta.dirname,
    types: {},
    subnets: {},
    models: {},
    agents: {},
    tools: {
      nothing: {
        from: { kind: "typescript", file: "nothing.ts", export: "nothing", nulls: [] },
        parameters: [{ name: "value", type: { kind: "int" } }],
        result: { kind: "int" },
        effect: false,
        limits: [],
        at: AT,
      },
    },
    retries: {},
    recalls: {},
    backends: {},
    secrets: [],
    pipelines: { work: { parameters: [], limits: [], parallel: 4, body, at: AT } },
    peers: {},
    tests: [],
    unbuilt: [],
  };
}

// Measuring -----------------------------------------------------------------------------------------------------------------

/** Milliseconds. */
async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}
