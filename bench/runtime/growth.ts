/**
 * What our memory grows by while a run goes on and on over a store, in a process of its own:
 * `node --expose-gc growth.ts cycles|items COUNT FOLDER`. Prints a line of JSON: what so many cycles of one stage, or items
 * of a source, added after half as many, in bytes, to the heap (what is in use after a collection) and to
 * the resident memory.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../runtime/clock.ts";
import { runPlan } from "../../runtime/execution/execute.ts";
import { openKnowledge } from "../../runtime/knowledge/open.ts";
import type { ForNode, Node } from "../../runtime/plan.ts";
import { openTrail } from "../../runtime/trail/local.ts";
import { AT, ORDER, planOf, stageOf } from "./plan.ts";

const [of, count, folder] = process.argv.slice(2) as [string, string, string];
const first = Math.ceil(Number(count) / 2);
const last = first + Number(count);

const asked = { callee: { kind: "tool", name: "orders" }, arguments: [], backends: ["local"], at: AT } as const;
const items: ForNode = {
  ...{ kind: "for", variable: "order", type: ORDER, over: { kind: "source", call: asked, every: 0.01 } },
  ...{ by: { op: "field", of: { op: "name", name: "order" }, name: "id" }, needs: [], body: [stageOf("s")], at: AT },
};
const body: Node[] = of === "items" ? [items] : [stageOf("s")];

const store = mkdtempSync(join(folder, "growth-"));
const trail = await openTrail({ directory: store, peers: ["main"] });
const knowledge = await openKnowledge({ source: trail, clock: systemClock });
const enough = new AbortController();
let ended = 0;
let before: NodeJS.MemoryUsage | undefined;
await runPlan(planOf({ body }), {
  ...{ trail, knowledge, clock: systemClock, store, cycles: "forever", peer: "main", seed: 1, signal: enough.signal },
  onRecord({ kind }) {
    if (kind !== "run.ended") return;
    ended += 1;
    if (ended !== first && ended !== last) return;
    gc!();
    const now = process.memoryUsage();
    before ??= now;
    if (ended === first) return;
    console.log(JSON.stringify({ heap: now.heapUsed - before.heapUsed, resident: now.rss - before.rss }));
    enough.abort();
  },
});
await knowledge.close();
await trail.close();
rmSync(store, { recursive: true });
