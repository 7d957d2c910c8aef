/** What all stages of one run (a cycle of one pipeline by one peer) have in common. */
import type { Clock } from "../clock.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import type { Model } from "../models/model.ts";
import type { ForNode, Plan, Subnet } from "../plan.ts";
import type { CallCache } from "../tools/cached.ts";
import type { CallFolder } from "../tools/call-folder.ts";
import type { Checkpoints } from "../tools/checkpoint.ts";
import type { Files } from "../tools/files.ts";
import type { Tool } from "../tools/tool.ts";
import type { OutputFields } from "../trail/artifacts.ts";
import type { Claims } from "../trail/claims.ts";
import type { Draft, Origin } from "../trail/record.ts";
import type { Json, Type } from "../types.ts";
import type { Budget } from "./budget/budget.ts";
import type { Cancellation } from "./cancellation.ts";
import type { RestoredEffect } from "./known-effect.ts";
import type { RestoredRun } from "./restored.ts";

export interface RunContext {
  readonly plan: Plan;
  readonly knowledge: Knowledge;
  readonly clock: Clock;
  readonly origin: { readonly peer: string; readonly run: string; readonly plan: string };
  /** The pipeline's name. */
  readonly pipeline: string;
  readonly subnetName: string;
  readonly subnet: Subnet | undefined;
  /** The subnet's version, as of this cycle. */
  readonly version: string | undefined;
  /** A rehearsal: effects are not called, and nothing is learned. */
  readonly dry: boolean;
  /** The key of the source's item that the run answers. */
  readonly item: string | undefined;
  /** That item, and the `for` that it is for; with what was done for it in earlier runs of it, by `stageKey`. */
  readonly given:
    | {
        readonly node: ForNode;
        readonly value: Json;
        readonly effects?: ReadonlyMap<string, RestoredEffect> | undefined;
      }
    | undefined;
  readonly claims: Claims;
  readonly cache: CallCache;
  readonly checkpoints: Checkpoints;
  /** For a call, while it lasts. */
  folder(): CallFolder;
  readonly files: Files;
  /** What limits calls. */
  readonly budget: Budget;
  /** What the run knows already, where it goes on. */
  readonly restored: RestoredRun | undefined;
  /** When the cycle began, in milliseconds since 1970: what was learned later is for the next one. */
  readonly began: number;
  /** This cycle's. */
  readonly seed: number;
  /** Items of a fan-out that run side by side, where the `for` does not say. */
  readonly parallel: number;
  readonly cancellation: Cancellation;
  /** Written and synced when it resolves. */
  append(drafts: readonly Draft[]): Promise<unknown>;
  /** Rides along with the next sync. */
  note(...drafts: readonly Draft[]): void;
  /** The fields of a record for a value of any size. */
  outputOf(value: Json): OutputFields | Promise<OutputFields>;
  /** Throws a `TrailError` where the disk is all but full. */
  assertSpace(): void;
  /** At once where it is open already. */
  tool(name: string): Tool | Promise<Tool>;
  model(name: string): Promise<Model>;
  /** Of these models those that this machine can use. */
  usable(models: readonly string[]): readonly string[];
  /** What a stage of any pipeline of the plan chooses: an agent's result. */
  stageType(id: string): Type | undefined;
  /** An id, unique in the store. */
  nextId(): string;
}

/** A stage of the run and the item it stands in: what its records say of their origin. */
export interface StageOrigin extends Origin {
  readonly stage: string;
}
