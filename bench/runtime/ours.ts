/**
 * Ours, in a process of its own: `node ours.ts memory|store SHAPE STAGES ROUNDS FOLDER`; see `rounds.ts`. In memory every
 * record is kept, on no disk, and nothing is known. In a store, the end of each round tells what the bare write and
 * `fdatasync` of the same bytes, in as many pieces, takes.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../runtime/clock.ts";
import { runPlan } from "../../runtime/execution/execute.ts";
import { prepared } from "../../runtime/execution/prepared.ts";
import type { Knowledge } from "../../runtime/knowledge/knowledge.ts";
import { NOTHING_KNOWN } from "../../runtime/knowledge/nothing.ts";
import { openKnowledge } from "../../runtime/knowledge/open.ts";
import type { Plan } from "../../runtime/plan.ts";
import { openTrail } from "../../runtime/trail/local.ts";
import { memoryTrail } from "../../runtime/trail/memory.ts";
import type { Trail } from "../../runtime/trail/trail.ts";
import { planOf, stageOf } from "./plan.ts";
import { type Made, measure } from "./rounds.ts";

/** A memory's file system, where there is one: "in memory" nothing waits for a disk, plans and artifacts included. */
const MEMORY = "/dev/shm";

const [where, shape, stages, rounds, folder] = process.argv.slice(2) as [string, string, string, string, string];

async function inMemory(count: number): Promise<Made> {
  const plan = work(count);
  const store = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : folder, "ganglion-"));
  return {
    run: () => run(plan, memoryTrail(), NOTHING_KNOWN, store),
    async end() {
      rmSync(store, { recursive: true });
      return {};
    },
  };
}

async function inStore(count: number): Promise<Made> {
  const plan = work(count);
  const store = mkdtempSync(join(folder, "store-"));
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
  return {
    run: () => run(plan, counting, knowledge, store),
    async end() {
      await knowledge.close();
      await trail.close();
      const bytes = sizeOf(join(store, "trail"));
      rmSync(store, { recursive: true });
      const began = performance.now();
      bare(join(folder, "bare"), bytes, syncs);
      return { bare: performance.now() - began };
    },
  };
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

function work(count: number): Plan {
  const plan = planOf({
    body: Array.from({ length: count }, (_, i) =>
      shape === "chain" && i > 0
        ? stageOf(`s${i}`, { op: "name", name: `s${i - 1}` }, [`s${i - 1}`])
        : stageOf(`s${i}`),
    ),
  });
  // The graph is made before, as that of the others.
  prepared(plan).graph("work");
  return plan;
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}

await measure(where === "memory" ? inMemory : inStore, Number(stages), Number(rounds));
