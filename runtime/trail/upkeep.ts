/** What a store needs from time to time: its finished segments sealed, its sealed files merged, and what is old dropped. */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { SETTINGS } from "../settings.ts";
import { artifactPath } from "./artifacts.ts";
import { type Compacted, type CompactionOptions, compact } from "./compaction.ts";
import { disk as realDisk } from "./disk.ts";
import { entries } from "./folder.ts";
import { openTrail } from "./local.ts";
import { mayRefer, referencesOf } from "./references.ts";
import { eachLine, openScan } from "./scan.ts";

export interface Kept extends Compacted {
  /** Artifacts that went: old, and no record refers to them. */
  readonly artifacts: number;
  /** Runs whose checkpoints went: old, and the run has come to an end, or there is no such run. */
  readonly checkpoints: number;
}

/** Who signs the record of what went. */
const PEER = "store";

/** Compaction, with what is older than `retentionDays` (90 unless said) dropped and a record of that. */
export async function keepUp(options: CompactionOptions): Promise<Kept> {
  const { directory, now = Date.now, retentionDays = SETTINGS.retention.days } = options;
  const compacted = await compact({ ...options, retentionDays });
  if (compacted.busy) return { ...compacted, artifacts: 0, checkpoints: 0 };
  const before = now() - retentionDays * 24 * 3600 * 1000;
  const artifacts = await dropArtifacts(options, before);
  const checkpoints = await dropCheckpoints(directory, before);
  if (compacted.gone + artifacts + checkpoints > 0) {
    const trail = await openTrail({ directory, peers: [PEER], sealing: false });
    const message = `${compacted.gone} lines (turns, tool output), ${artifacts} artifacts and the checkpoints of ${checkpoints} runs went, being older than ${retentionDays} days or forgotten.`;
    await trail.append([
      {
        kind: "event",
        peer: PEER,
        name: "retention",
        message,
        lines: compacted.gone,
        artifacts,
        checkpoints,
        days: retentionDays,
      },
    ]);
    await trail.close();
  }
  return { ...compacted, artifacts, checkpoints };
}

/** Old artifacts that no record refers to. Returns how many went. */
async function dropArtifacts({ directory, disk = realDisk }: CompactionOptions, before: number): Promise<number> {
  const root = join(directory, "artifacts");
  const old = new Set<string>();
  for (const folder of entries(root)) {
    for (const hash of folder.startsWith(".") ? [] : entries(join(root, folder))) {
      const path = artifactPath(directory, hash);
      // The age of its last use: whoever puts it again makes it young.
      const age = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.mtimeMs;
      if (age !== undefined && age < before) old.add(hash);
    }
  }
  if (old.size === 0) return 0;
  const references = referencesOf(directory);
  await eachLine(openScan(directory), ({ text }) => {
    // Wherever in a record it stands, and whatever that leads to.
    for (const [hash] of text.matchAll(/[0-9a-f]{64}/g)) old.delete(hash);
    if (mayRefer(text)) for (const hash of references.of(text)) old.delete(hash);
  });
  for (const hash of old) disk.remove(artifactPath(directory, hash)!);
  return old.size;
}

/**
 * What calls saved for later (`tools/checkpoint.ts`) and nobody will go on with. A run that waits, or was cut off, may go
 * on at any time: its checkpoints stay. Returns of how many runs they went.
 */
async function dropCheckpoints(directory: string, before: number): Promise<number> {
  const root = join(directory, "checkpoints");
  const old = new Set(entries(root).filter((run) => lastSaved(join(root, run)) < before));
  if (old.size === 0) return 0;
  const newest = new Map<string, { readonly time: string; readonly isOver: boolean }>();
  await eachLine(openScan(directory), ({ text }) => {
    if (!text.includes('"run.started"') && !text.includes('"run.ended"')) return;
    const { kind, run, time, status } = JSON.parse(text) as { readonly [field: string]: string };
    if ((kind !== "run.started" && kind !== "run.ended") || run === undefined || time === undefined) return;
    const isOver = kind === "run.ended" && status !== "parked";
    const known = newest.get(run);
    if (old.has(run) && (known === undefined || time > known.time || (time === known.time && isOver)))
      newest.set(run, { time, isOver });
  });
  for (const [run, { isOver }] of newest) if (!isOver) old.delete(run);
  for (const run of old) rmSync(join(root, run), { recursive: true, force: true });
  return old.size;
}

/** Milliseconds since 1970; infinite where it changes as it is looked at. */
function lastSaved(folder: string): number {
  try {
    const paths = [
      folder,
      ...readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
    ];
    return paths.reduce((newest, path) => Math.max(newest, statSync(path).mtimeMs), 0);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
