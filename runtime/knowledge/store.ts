/** A store as it is on the disk: its records, and which of its processes can still write. */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { SETTINGS } from "../settings.ts";
import { decodeLine } from "../trail/line.ts";
import { livenessOf } from "../trail/liveness.ts";
import { readTrail } from "../trail/reader.ts";
import type { Record as TrailRecord } from "../trail/record.ts";
import type { TrailProblem } from "../trail/trail.ts";
import type { Alive } from "./rows.ts";

export interface StoreContent {
  readonly records: readonly TrailRecord[];
  readonly problems: readonly TrailProblem[];
  readonly alive: Alive;
}

/** Empty where there is no store. */
export async function readStore(directory: string): Promise<StoreContent> {
  // Asked before reading: a run that ends in between is then shown as it ended, not as interrupted.
  const known = new Map<string, boolean>();
  const alive: Alive = (process) => {
    let answer = known.get(process);
    if (answer === undefined) {
      answer = canWrite(join(directory, "trail", process));
      known.set(process, answer);
    }
    return answer;
  };
  for (const process of processes(join(directory, "trail"))) alive(process);
  const { records, problems } = await readTrail(directory).since({});
  return { records, problems, alive };
}

function processes(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Its segments' header names the process; where it cannot be read, nobody can say that the process is dead. */
function canWrite(folder: string): boolean {
  const segments = processes(folder).filter((name) => name.endsWith(".jsonl"));
  for (const name of segments) {
    const line = decodeLine(firstLine(join(folder, name)));
    if (line.type === "header") return livenessOf(line.header) !== "dead";
  }
  return segments.length > 0;
}

function firstLine(path: string): Buffer {
  const bytes = Buffer.alloc(Math.min(64 * 1024, SETTINGS.trail.lineBytes));
  try {
    const file = openSync(path, "r");
    try {
      const read = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
      const end = read.indexOf(10);
      return end < 0 ? read : read.subarray(0, end);
    } finally {
      closeSync(file);
    }
  } catch {
    return bytes.subarray(0, 0);
  }
}
