/** A store as it is on the disk: its records, and which of its processes can still write. */
import { type Only, readTrail } from "../trail/reader.ts";
import type { Record as TrailRecord } from "../trail/record.ts";
import type { TrailProblem } from "../trail/trail.ts";
import { mayWrite } from "../trail/writers.ts";
import type { Alive } from "./rows.ts";

export interface StoreContent {
  readonly records: readonly TrailRecord[];
  readonly problems: readonly TrailProblem[];
  readonly alive: Alive;
}

/** All records, or some. Empty where there is no store. */
export async function readStore(directory: string, only: Only = {}): Promise<StoreContent> {
  // Asked before reading: a run that ends in between is then shown as it ended, not as interrupted.
  const alive = mayWrite(directory);
  const { records, problems } = await readTrail(directory, only).since({});
  return { records, problems, alive };
}
