/**
 * What a call needs of the disk while it lasts: `.gang/calls/<process>/<n>`, made when it is first asked for, and gone
 * with the call. What a killed process left there goes when another one makes its first.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { mayWrite } from "../trail/writers.ts";

export interface CallFolder {
  /** Absolute. Makes it, where it is not there yet. */
  path(): string;
  remove(): void;
}

/** `process`: as the trail knows it. */
export function callFolder(directory: string, process: string): CallFolder {
  let made: string | undefined;
  return {
    path() {
      if (made !== undefined) return made;
      const all = resolve(directory, "calls");
      sweep(directory, all, process);
      made = join(all, process, String(++count));
      mkdirSync(made, { recursive: true });
      return made;
    },
    remove() {
      if (made !== undefined) remove(made);
    },
  };
}

let count = 0;
const swept = new Set<string>();

function sweep(directory: string, all: string, own: string): void {
  if (swept.has(all)) return;
  swept.add(all);
  let processes: readonly string[];
  try {
    processes = readdirSync(all);
  } catch {
    return;
  }
  const isAlive = mayWrite(directory);
  for (const process of processes) if (process !== own && !isAlive(process)) remove(join(all, process));
}

/** A call that is out of time may still be writing there: what is left of it goes with the process's. */
function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // The next process takes it away.
  }
}
