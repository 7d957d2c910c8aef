/**
 * The one exception to append-only: lines that a person wants gone. A `forgotten` record names them by id and hash, and
 * travels with the trail; whoever seals it drops what it names, and nothing of that number is let in again.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compact } from "./compaction.ts";
import { entries } from "./folder.ts";
import { openTrail } from "./local.ts";
import { newestManifest } from "./manifest.ts";
import { mayRefer, referencesOf } from "./references.ts";
import { eachLine, openScan } from "./scan.ts";

export interface Wanted {
  readonly ids: readonly string[];
  /** Records with this text in them, or in an artifact that they need: a large value, a file, a folder. */
  readonly match?: string | undefined;
}

export interface Found {
  readonly records: readonly {
    readonly process: string;
    readonly seq: number;
    readonly id: string;
    readonly hash: string;
    readonly kind: string;
    readonly time: string;
  }[];
  /** Artifacts that no other record refers to. */
  readonly artifacts: readonly string[];
}

const NONE: ReadonlySet<string> = new Set();

export async function findRecords(directory: string, { ids, match }: Wanted): Promise<Found> {
  const asked = new Set(ids);
  // As it stands in a line of JSON, and as it was typed.
  const needles = match === undefined ? [] : [match, JSON.stringify(match).slice(1, -1)];
  const artifacts = new Set(match === undefined ? [] : artifactsWith(directory, match));
  const records: Found["records"][number][] = [];
  const going = new Set<string>();
  const staying = new Set<string>();
  const references = referencesOf(directory);
  await eachLine(openScan(directory), ({ process, seq, text }) => {
    const matches = needles.some((needle) => text.includes(needle));
    const refers = mayRefer(text);
    if (asked.size === 0 && !matches && !refers) return;
    const { id, kind, time } = JSON.parse(text) as { [name: string]: string };
    const needs = refers && kind !== "forgotten" ? references.of(text) : NONE;
    const isWanted =
      kind !== "forgotten" && (matches || asked.has(id!) || [...needs].some((hash) => artifacts.has(hash)));
    for (const artifact of needs) (isWanted ? going : staying).add(artifact);
    if (!isWanted) return;
    const hash = createHash("sha256").update(text).digest("hex");
    records.push({ process, seq, id: id!, hash, kind: kind!, time: time! });
  });
  for (const artifact of artifacts) going.add(artifact);
  return { records, artifacts: [...going].filter((hash) => !staying.has(hash)) };
}

const AT_ONCE = 500;

/** Resolves with how many of the records are in segments that a process still writes: they go when those are sealed. */
export async function forget(
  directory: string,
  { records, artifacts }: Found,
  {
    peer,
    why,
    onProgress,
  }: { readonly peer: string; readonly why?: string | undefined; onProgress?(text: string): void },
): Promise<number> {
  const trail = await openTrail({ directory, peers: [peer], sealing: false });
  for (let start = 0; start === 0 || start < Math.max(records.length, artifacts.length); start += AT_ONCE) {
    await trail.append([
      {
        kind: "forgotten",
        peer,
        records: records
          .slice(start, start + AT_ONCE)
          .map(({ process, seq, id, hash }) => ({ process, seq, id, hash })),
        artifacts: artifacts.slice(start, start + AT_ONCE),
        ...(why !== undefined && { why }),
      },
    ]);
  }
  await trail.close();
  // Nothing of it may wait until the next compaction, and readers start over where a file has gone.
  await compact({ directory, from: 0, asideSeconds: 0, ...(onProgress && { onProgress }) });
  return (newestManifest(directory)?.forgotten ?? []).reduce((sum, [, from, to]) => sum + to - from + 1, 0);
}

function artifactsWith(directory: string, text: string): string[] {
  const root = join(directory, "artifacts");
  return entries(root)
    .filter((folder) => !folder.startsWith("."))
    .flatMap((folder) => entries(join(root, folder)).filter((hash) => holds(join(root, folder, hash), text)));
}

function holds(path: string, text: string): boolean {
  const bytes = readFileSync(path);
  return bytes.includes(text) || bytes.includes(JSON.stringify(text).slice(1, -1));
}
