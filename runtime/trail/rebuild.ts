/** The sealed part of a store made anew from the sealed files that are there: after damage to its manifest or to one of them. */
import { join } from "node:path";
import { compact } from "./compaction.ts";
import { disk } from "./disk.ts";
import { entries } from "./folder.ts";
import { generationsOf, MANIFEST_VERSION, newestManifest, publish, sealedFolder } from "./manifest.ts";
import { NumbersByProcess } from "./numbers.ts";
import { parquet, readSealed, withDuckDB, writeSealed } from "./sealed.ts";
import { TrailError, type TrailProblem } from "./trail.ts";
import { uuidv7 } from "./uuid.ts";

export interface Rebuilt {
  readonly generation: number;
  readonly records: number;
  /** Files that could not be read; they stay, renamed. */
  readonly damaged: readonly string[];
}

/** @throws TrailError where the store cannot be written. */
export async function rebuild(directory: string, onProgress?: (text: string) => void): Promise<Rebuilt> {
  const folder = sealedFolder(directory);
  const problems: TrailProblem[] = [];
  const manifest = newestManifest(directory, problems);
  const [newest = 0] = generationsOf(directory);
  // Where the newest manifest is whole, what it does not list was dropped.
  const names = problems.length === 0 ? (manifest?.files ?? []).map(({ name }) => name) : parquetIn(folder);
  const readable: string[] = [];
  const damaged: string[] = [];
  for (const name of names) {
    onProgress?.(`Reading ${name}.`);
    ((await isReadable(join(folder, name))) ? readable : damaged).push(name);
  }
  const accounted = new NumbersByProcess();
  const forgotten = new NumbersByProcess();
  const paths = readable.map((name) => join(folder, name));
  await readSealed(paths, {}, (rows) => {
    for (const { process, seq, line } of rows) {
      accounted.of(process).add(seq);
      if (line?.includes('"kind":"forgotten"') !== true) continue;
      const { kind, records } = JSON.parse(line);
      if (kind === "forgotten") for (const target of records) forgotten.of(target.process).add(target.seq);
    }
  });
  const pending = new NumbersByProcess();
  for (const [process, from, to] of forgotten.toRanges()) {
    for (let seq = from; seq <= to; seq += 1) if (!accounted.get(process)?.has(seq)) pending.of(process).add(seq);
  }
  const generation = newest + 1;
  const files = [];
  if (readable.length > 0) {
    onProgress?.(`Writing what is in ${readable.length} sealed files anew.`);
    const from = paths.map((path, index) => ({ path, file: { ...EMPTY, name: readable[index]! } }));
    const name = `${generation}-${uuidv7(Date.now())}.parquet`;
    const content = { rows: [], files: from, forgotten, distinct: true };
    const { gone: _, ...file } = await writeSealed(disk, folder, name, content, []);
    files.push(file);
  }
  // Out of the way of tidying up: a person may still get something out of them.
  for (const name of damaged) disk.rename(join(folder, name), join(folder, `damaged-${name}`));
  disk.makeFolder(folder);
  const isPublished = await publish(disk, directory, {
    ...{ kind: "manifest", format: "gang-manifest", version: MANIFEST_VERSION, generation },
    ...{ time: new Date().toISOString(), files, covered: [], forgotten: pending.toRanges() },
  });
  if (!isPublished) throw new TrailError("Another compaction was faster than the rebuilding. Start it again.");
  // Segments that are still there, renamed aside or not, give what the files lack.
  await compact({ directory, from: 0, ...(onProgress && { onProgress }) });
  const now = newestManifest(directory)!;
  return {
    generation: now.generation,
    records: now.files.reduce((sum, { records }) => sum + records, 0),
    damaged: damaged.map((name) => join(folder, `damaged-${name}`)),
  };
}

const EMPTY = { bytes: 0, hash: "", records: 0, lines: 0, sum: 0, numbers: [] };

function parquetIn(folder: string): string[] {
  return entries(folder).filter((name) => /^\d+-.*\.parquet$/.test(name));
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await withDuckDB((connection) => connection.run(`select count(*), sum(length(line)) from ${parquet([path])}`));
    return true;
  } catch {
    return false;
  }
}
