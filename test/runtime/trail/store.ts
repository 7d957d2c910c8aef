/** What the trail's tests share: throw-away stores, and records to put into them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { readTrail } from "../../../runtime/trail/reader.ts";
import type { Draft, Record } from "../../../runtime/trail/record.ts";
import type { TrailProblem } from "../../../runtime/trail/trail.ts";

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "gang-trail-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function event(name: string, more: object = {}): Draft {
  return { kind: "event", peer: "explorer", name, ...more };
}

/** Everything in a store, as a fresh reader finds it. */
export async function readAll(
  directory: string,
): Promise<{ records: readonly Record[]; problems: readonly TrailProblem[] }> {
  return readTrail(directory).since({});
}

export function namesOf(records: readonly Record[]): string[] {
  return records.map((record) => (record.kind === "event" ? record.name : record.kind));
}
