/** What a store needs from time to time: its finished segments sealed, its sealed files merged, and what is old dropped. */
import { statSync } from "node:fs";
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
}

/** Who signs the record of what went. */
const PEER = "store";

/** Compaction, with what is older than `retentionDays` (90 unless said) dropped and a record of that. */
export async function keepUp(options: CompactionOptions): Promise<Kept> {
  const { directory, now = Date.now, retentionDays = SETTINGS.retention.days } = options;
  const compacted = await compact({ ...options, retentionDays });
  if (compacted.busy) return { ...compacted, artifacts: 0 };
  const artifacts = await dropArtifacts(options, now() - retentionDays * 24 * 3600 * 1000);
  if (compacted.gone + artifacts > 0) {
    const trail = await openTrail({ directory, peers: [PEER], sealing: false });
    const message = `${compacted.gone} lines (turns, tool output) and ${artifacts} artifacts went, being older than ${retentionDays} days or forgotten.`;
    await trail.append([
      { kind: "event", peer: PEER, name: "retention", message, lines: compacted.gone, artifacts, days: retentionDays },
    ]);
    await trail.close();
  }
  return { ...compacted, artifacts };
}

/** Old artifacts that no record refers to, checkpoints included. Returns how many went. */
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
