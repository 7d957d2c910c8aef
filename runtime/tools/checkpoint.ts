/**
 * Where a long call saves what it has: a folder of its own for a run, a stage and an item, which the attempts of that
 * stage share, and the calls after a kill. It goes when the stage has a value.
 */
import { mkdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { sha256 } from "../values/canonical.ts";

export interface Checkpoint {
  /** Absolute. What is in it is the tool's alone. */
  readonly folder: string;
  /** Seconds: so often it should be saved to. */
  readonly every: number;
}

export interface Checkpoints {
  open(run: string, stage: string, scope: string): string;
  drop(run: string, stage: string, scope: string): void;
}

/** Of a store. */
export function checkpointsOf(directory: string): Checkpoints {
  const folderOf = (run: string, stage: string, scope: string): string =>
    resolve(directory, "checkpoints", run, sha256(JSON.stringify([stage, scope])).slice(0, 32));
  return {
    open(run, stage, scope) {
      const folder = folderOf(run, stage, scope);
      mkdirSync(folder, { recursive: true });
      return folder;
    },
    drop(run, stage, scope) {
      rmSync(folderOf(run, stage, scope), { recursive: true, force: true });
    },
  };
}
