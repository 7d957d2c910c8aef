/** How a caller (the terminal, a test, a built plan) runs a plan. */
import type { Clock } from "../clock.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import type { Machine } from "../machine.ts";
import type { Model } from "../models/model.ts";
import type { Secrets } from "../secrets.ts";
import type { Tool } from "../tools/tool.ts";
import type { Draft } from "../trail/record.ts";
import type { Trail } from "../trail/trail.ts";
import type { Json } from "../types.ts";
import type { Latch } from "./latch.ts";
import type { RestoredRun } from "./restored.ts";
import type { BodyResult } from "./scheduler.ts";

export interface RunOptions {
  readonly trail: Trail;
  readonly knowledge: Knowledge;
  readonly clock: Clock;
  /** Folder of the store (`.gang`), for artifacts. */
  readonly store: string;
  /** Absent: every pipeline of the plan. */
  readonly pipeline?: string;
  readonly cycles: number | "forever";
  readonly peer: string;
  readonly seed: number;
  readonly input?: { readonly [name: string]: Json };
  /** A rehearsal: effects are not called, what reads what they give is skipped, and nothing is learned. */
  readonly dry?: boolean;
  /** A run that goes on, taken with `takeRun`: it alone is run, to its end, by the plan that it was begun with. */
  readonly resume?: RestoredRun;
  /** Hash of the program's plan, where a peer or `--set` has changed it. */
  readonly program?: string;
  /** What `gang.yaml` says: addresses, keys, limits. */
  readonly machine?: Machine;
  /** Shared by runs that belong together; absent: the machine's, with this process's environment. */
  readonly secrets?: Secrets;
  /** Models and tools in place of those that the plan declares by these names: for tests. */
  readonly models?: ReadonlyMap<string, Model>;
  readonly tools?: ReadonlyMap<string, Tool>;
  /** Aborting it ends the run cleanly: stages are cancelled, and recorded as such. */
  readonly signal: AbortSignal;
  /** Of all that run side by side: sources are asked as long as another pipeline is under way. Absent: of this call alone. */
  readonly others?: Latch;
  /** Every record as it is handed to the trail, for screens. Must not throw. */
  onRecord?(draft: Draft): void;
  /** What the names of a cycle's body came to, and what failed, as it ends. */
  onSettled?(result: BodyResult): void;
}

export interface RunSummary {
  /** Ids, in the order in which the runs began. */
  readonly runs: readonly {
    readonly run: string;
    readonly pipeline: string;
    readonly cycle: number;
    readonly status: "ok" | "failed" | "cancelled" | "parked";
    readonly error?: string;
  }[];
}
