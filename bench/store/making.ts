/**
 * A store to measure: evidence by a fixed sequence of numbers, sealed by the compactor's own code in files of a quarter of a
 * million, and taken into a snapshot as the compactor does; only the segments are left out. By itself,
 * `node bench/store/making.ts FOLDER SIZE` makes one, or has one grow.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeSnapshot } from "../../runtime/knowledge/snapshot/write.ts";
import { disk } from "../../runtime/trail/disk.ts";
import { encodeRecord, openingOf } from "../../runtime/trail/line.ts";
import {
  MANIFEST_VERSION,
  type Manifest,
  newestManifest,
  publish,
  type SealedFile,
  sealedFolder,
} from "../../runtime/trail/manifest.ts";
import { NumbersByProcess } from "../../runtime/trail/numbers.ts";
import type { Draft } from "../../runtime/trail/record.ts";
import { type Row as SealedRow, writeSealed } from "../../runtime/trail/sealed.ts";
import { sha256 } from "../../runtime/values/canonical.ts";

export const STAGES = 200;
const CLAIMS = 50_000;
export const PEERS = 64;
export const NOW = Date.UTC(2026, 0, 31);
/** The evidence is of the days before. */
export const DAYS = 30;
const FILE = 250_000;
const PROCESS = "01a203d8-d11f-75e2-a63e-83a3717ee0e7";

/** Evidence by a fixed sequence of numbers: drafts by number, the same whoever asks. */
export function made() {
  const chosen = Array.from({ length: CLAIMS }, (_, claim) => `{"family":"f${claim % 3}","x":${claim}}`);
  const hashes = chosen.map(sha256);
  const uuid = (seq: number, kind: string) => `01a203d8-d127-7${kind}-9ae5-${seq.toString(16).padStart(12, "0")}`;
  return {
    hashes,
    of(seq: number) {
      let state = Math.imul(seq, 2654435761) >>> 0;
      const random = (below: number): number => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
      };
      random(2);
      const stage = random(STAGES);
      const claim = stage + STAGES * random(CLAIMS / STAGES);
      const ok = random(10) > 0;
      const measured = ok
        ? ({ metric: "m", value: (claim % 97) + random(1000) / 100, direction: -1 } as const)
        : ({ class: "error" } as const);
      const draft: Draft = {
        kind: "evidence",
        peer: `peer-${random(PEERS)}`,
        run: uuid(Math.floor(seq / 20), "a"),
        stage: `p.s${stage}`,
        attempt: uuid(seq, "b"),
        subnet: "n",
        claim: hashes[claim]!,
        chosen: chosen[claim]!,
        niche: `family = "f${claim % 3}"`,
        regime: 0,
        ok,
        verified: true,
        echo: random(3) === 0,
        ...measured,
      };
      const time = NOW - random(DAYS * 24 * 3600) * 1000;
      return { id: uuid(seq, "c"), time, draft, stage, claim };
    },
  };
}

export type Made = ReturnType<typeof made>;

/** Records that came, and the milliseconds that it took to make and seal them, and to make the snapshot. */
export interface Grown {
  readonly fresh: number;
  readonly sealing: number;
  readonly snapshot: number;
}

/** Seals up to `size` observations, and makes the snapshot. One that is so large already stays as it is. */
export async function grow(directory: string, evidence: Made, size: number): Promise<Grown> {
  const folder = sealedFolder(directory);
  mkdirSync(folder, { recursive: true });
  const before = newestManifest(directory);
  const files = [...(before?.files ?? [])];
  const from = files.reduce((sum, { records }) => sum + records, 0);
  if (from >= size) return { fresh: 0, sealing: 0, snapshot: 0 };
  const generation = (before?.generation ?? 0) + 1;
  const began = performance.now();
  for (let start = from + 1; start <= size; start += FILE) {
    files.push(await seal(folder, `${generation}-${start}.parquet`, evidence, start, Math.min(size, start + FILE - 1)));
    say(`sealed ${Math.min(size, start + FILE - 1).toLocaleString("en")} of ${size.toLocaleString("en")}`);
  }
  const sealing = performance.now() - began;
  const name = `snapshot-${generation}-bench.duckdb`;
  const options = { directory, disk, name, files, before: before?.snapshot?.name, now: () => NOW };
  const snapshot = await writeSnapshot(options);
  say(`snapshot after ${((performance.now() - began - sealing) / 1000).toFixed(1)} s`);
  const manifest: Manifest = {
    ...{ kind: "manifest", format: "gang-manifest", version: MANIFEST_VERSION, generation },
    ...{ time: new Date(NOW).toISOString(), files, covered: [], forgotten: [], snapshot },
  };
  await publish(disk, directory, manifest);
  if (before?.snapshot !== undefined) rmSync(join(folder, before.snapshot.name));
  const elapsed = performance.now() - began;
  return { fresh: size - from, sealing, snapshot: elapsed - sealing };
}

async function seal(folder: string, name: string, evidence: Made, from: number, to: number): Promise<SealedFile> {
  const opening = openingOf(PROCESS);
  const rows: SealedRow[] = [];
  for (let seq = from; seq <= to; seq += 1) {
    const { id, time, draft } = evidence.of(seq);
    const line = encodeRecord(opening, seq, id, new Date(time).toISOString(), JSON.stringify(draft).slice(1, -1));
    const { peer, run, stage, attempt } = draft;
    const base = [PROCESS, seq, id, time, 1, "evidence", run!, peer, null, stage!, null, attempt!];
    rows.push([...base, line.slice(0, -1), null]);
  }
  const content = { rows, files: [], forgotten: new NumbersByProcess() };
  const { gone: _, ...file } = await writeSealed(disk, folder, name, content, []);
  return file;
}

/** Milliseconds that a new snapshot takes where so many observations were sealed since the last one. The store stays as it is. */
export async function increment(directory: string, evidence: Made, fresh: number): Promise<number> {
  const folder = sealedFolder(directory);
  const { files, generation, snapshot } = newestManifest(directory)!;
  const from = files.reduce((sum, { records }) => sum + records, 0);
  const more = await seal(folder, `${generation + 1}-more.parquet`, evidence, from + 1, from + fresh);
  const name = `snapshot-${generation + 1}-more.duckdb`;
  const began = performance.now();
  await writeSnapshot({ directory, disk, name, files: [...files, more], before: snapshot!.name, now: () => NOW });
  const took = performance.now() - began;
  for (const one of [more.name, name]) rmSync(join(folder, one));
  return took;
}

const say = (text: string) => process.stderr.write(`${text}\n`);

if (import.meta.main) {
  const [directory, size] = process.argv.slice(2) as [string, string];
  const began = process.cpuUsage();
  const { fresh, sealing, snapshot } = await grow(directory, made(), Number(size));
  const { user, system } = process.cpuUsage(began);
  const parts = { sealing: sealing * 1000, snapshot: snapshot * 1000, CPU: user + system };
  for (const [part, time] of Object.entries(parts)) say(`${part}: ${(time / fresh).toFixed(1)} µs a new record`);
  say(`${Math.round(process.resourceUsage().maxRSS / 1024)} MB at most.`);
}
