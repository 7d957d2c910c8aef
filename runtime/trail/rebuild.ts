/** The sealed part of a store made anew from the sealed files that are there: after damage to its manifest or to one of them. */
import { dirname, join } from "node:path";
import { compact } from "./compaction.ts";
import { disk } from "./disk.ts";
import { entries } from "./folder.ts";
import { decodeLine } from "./line.ts";
import { generationsOf, MANIFEST_VERSION, newestManifest, publish, type SealedFile, sealedFolder } from "./manifest.ts";
import { NumbersByProcess } from "./numbers.ts";
import {
  type Content,
  digest,
  type Gone,
  goneRow,
  isGone,
  missingOf,
  type ProvenRow,
  parquet,
  type Row,
  readProven,
  readSealed,
  rowOf,
  withDuckDB,
  writeSealed,
} from "./sealed.ts";
import { TrailError, type TrailProblem } from "./trail.ts";
import { uuidv7 } from "./uuid.ts";

export interface Rebuilt {
  readonly generation: number;
  readonly records: number;
  /** Files of which something could not be read; they stay, renamed. */
  readonly damaged: readonly string[];
  /** Files that are listed and not there. */
  readonly missing: readonly string[];
}

/** @throws TrailError where the store cannot be written. */
export async function rebuild(directory: string, onProgress?: (text: string) => void): Promise<Rebuilt> {
  const folder = sealedFolder(directory);
  const problems: TrailProblem[] = [];
  const manifest = newestManifest(directory, problems);
  const [newest = 0] = generationsOf(directory);
  // Where the newest manifest is whole, what it does not list was dropped.
  const names = problems.length === 0 ? (manifest?.files ?? []).map(({ name }) => name) : parquetIn(folder);
  const missing = new Set(missingOf(names.map((name) => join(folder, name))));
  const listed = new Map(manifest?.files.map((file) => [file.name, file]));
  const generation = newest + 1;
  const sources: Source[] = [];
  const damaged: string[] = [];
  for (const name of names) {
    const path = join(folder, name);
    if (missing.has(path)) continue;
    onProgress?.(`Reading ${name}.`);
    if ((await digest(path)).hash === listed.get(name)?.hash && (await isReadable(path))) {
      sources.push({ path, file: { ...EMPTY, name } });
      continue;
    }
    const mended = await mend(path, listed.get(name), generation);
    sources.push(...mended.sources);
    if (!mended.isWhole) damaged.push(name);
  }
  const accounted = new NumbersByProcess();
  const forgotten = new NumbersByProcess();
  const paths = sources.map(({ path }) => path);
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
  const files = [];
  if (sources.length > 0) {
    onProgress?.(`Writing what is in ${sources.length} sealed files anew.`);
    const content = { rows: [], files: sources, forgotten, distinct: true };
    const { gone: _, ...file } = await writeSealed(disk, folder, nameIn(generation), content, []);
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
    missing: [...missing],
  };
}

type Source = Content["files"][number];

const EMPTY = { bytes: 0, hash: "", records: 0, lines: 0, sum: 0, numbers: [] };

function parquetIn(folder: string): string[] {
  return entries(folder).filter((name) => /^\d+-.*\.parquet$/.test(name));
}

function nameIn(generation: number): string {
  return `${generation}-${uuidv7(Date.now())}.parquet`;
}

/** So many rows are held at once. */
const AT_ONCE = 50_000;

/**
 * Of a file that is not what was sealed, or of which nobody can say so, what its lines prove: they have a CRC each, the
 * columns have none, and are made anew from them. It goes to files of the new generation, which no manifest will list.
 */
async function mend(
  path: string,
  listed: SealedFile | undefined,
  generation: number,
): Promise<{ readonly sources: readonly Source[]; readonly isWhole: boolean }> {
  const mended = new Mended(dirname(path), generation);
  let isWhole = true;
  try {
    await readProven(path, async (rows) => {
      for (const row of rows) if (!mended.take(row)) isWhole = false;
      await mended.flush(AT_ONCE);
    });
  } catch {
    // What had been taken is written below; where that is what failed, it fails again.
    isWhole = false;
  }
  if (!(await mended.takeGone(listed))) isWhole = false;
  await mended.flush(1);
  return { sources: mended.sources, isWhole };
}

class Mended {
  readonly sources: Source[] = [];
  readonly #folder: string;
  readonly #generation: number;
  readonly #proven = new NumbersByProcess();
  readonly #gone = new Map<Gone, NumbersByProcess>();
  #rows: Row[] = [];

  constructor(folder: string, generation: number) {
    this.#folder = folder;
    this.#generation = generation;
  }

  /** Returns whether it is sound. */
  take({ process, seq, line: text, gone }: ProvenRow): boolean {
    if (text === undefined) {
      if (seq === undefined || !isGone(gone)) return false;
      const numbers = this.#gone.get(gone) ?? new NumbersByProcess();
      this.#gone.set(gone, numbers);
      numbers.of(process).add(seq);
      return true;
    }
    const line = decodeLine(Buffer.from(text));
    if (line.type === "bad") return false;
    if (line.type === "record") this.#proven.of(line.record.process).add(line.record.seq);
    this.#rows.push(rowOf(line, text, line.type === "header" ? line.header.process : process));
    return true;
  }

  /** What has gone has no CRC: it must not take the number of a line. Resolves with whether all of it fits. */
  async takeGone(listed: SealedFile | undefined): Promise<boolean> {
    const own = listed === undefined ? undefined : new NumbersByProcess().addAll(listed.numbers);
    let isSound = true;
    for (const [gone, numbers] of this.#gone) {
      for (const [process, from, to] of numbers.toRanges()) {
        for (let seq = from; seq <= to; seq += 1) {
          const isListed = own === undefined || own.get(process)?.has(seq) === true;
          if (isListed && this.#proven.get(process)?.has(seq) !== true) this.#rows.push(goneRow(process, seq, gone));
          else isSound = false;
          await this.flush(AT_ONCE);
        }
      }
    }
    return isSound;
  }

  async flush(least: number): Promise<void> {
    if (this.#rows.length < least) return;
    const content = { rows: this.#rows, files: [], forgotten: new NumbersByProcess() };
    const { gone: _, ...file } = await writeSealed(disk, this.#folder, nameIn(this.#generation), content, []);
    this.sources.push({ path: join(this.#folder, file.name), file });
    this.#rows = [];
  }
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await withDuckDB((connection) => connection.run(`select count(*), sum(length(line)) from ${parquet([path])}`));
    return true;
  } catch {
    return false;
  }
}
