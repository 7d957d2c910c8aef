/**
 * Compaction: what is finished of the trail becomes sealed files, generation by generation. Nothing of it is ever changed
 * in place, so it can be killed anywhere: what a manifest does not list never was, and the next compaction goes on from
 * what the newest one lists. Two at once cost work, never data.
 */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { SETTINGS } from "../settings.ts";
import { artifactPath } from "./artifacts.ts";
import { Batch } from "./batch.ts";
import { type Disk, isNetworked, disk as realDisk } from "./disk.ts";
import { entries } from "./folder.ts";
import { blankForgotten } from "./kept.ts";
import { thisProcess } from "./liveness.ts";
import {
  ASIDE,
  accountedBy,
  type Covered,
  generationsOf,
  holdsSome,
  MANIFEST_VERSION,
  type Manifest,
  manifestPath,
  newestManifest,
  publish,
  type SealedFile,
  sealedFolder,
} from "./manifest.ts";
import { NumbersByProcess } from "./numbers.ts";
import { missingOf, type Row, readSealed, writeSealed } from "./sealed.ts";
import { endedOf, readTail, type Tail, tailsOf } from "./tails.ts";
import { TrailError, type TrailProblem } from "./trail.ts";
import { uuidv7 } from "./uuid.ts";

export interface CompactionOptions {
  readonly directory: string;
  /** Bytes of unsealed segments from which on they are sealed; 0: always. */
  readonly from?: number;
  /** Sealed files are merged where there are so many of about one size. */
  readonly mergeFiles?: number;
  /** What is done with stays for so long. */
  readonly asideSeconds?: number;
  /** From so many sealed records on there is a snapshot. */
  readonly snapshotRecords?: number;
  /** … which is made anew once this share of them came after it. */
  readonly snapshotShare?: number;
  /** Reads all of the snapshot that there is, and makes one that is damaged anew. Takes as long as reading it. */
  readonly checksSnapshot?: boolean;
  /** Turns and tool output older than this go; not where it is absent. */
  readonly retentionDays?: number | undefined;
  /** Gives up at once where another compactor is at work. */
  readonly polite?: boolean;
  readonly disk?: Disk;
  readonly now?: () => number;
  /** A sentence on what is being done. */
  readonly onProgress?: (text: string) => void;
}

export interface Compacted {
  /** The newest generation; 0 where nothing was ever sealed. */
  readonly generation: number;
  readonly segments: number;
  readonly records: number;
  /** Lines that went, because they were old or forgotten. */
  readonly gone: number;
  /** Another compactor was at work, and nothing was done. */
  readonly busy: boolean;
}

/** Generations that others may publish first before this gives up. */
const LOST_ROUNDS = 20;

/** @throws TrailError where the store cannot be written, or its newest manifest not be read. */
export async function compact(options: CompactionOptions): Promise<Compacted> {
  const { directory, polite = false } = options;
  const nothing = { generation: 0, segments: 0, records: 0, gone: 0 };
  if (!existsSync(join(directory, "trail")) && !existsSync(sealedFolder(directory))) return { ...nothing, busy: false };
  try {
    return await withLock(directory, options.disk ?? realDisk, polite, async () => ({
      ...(await new Compaction(options).run()),
      busy: false,
    }));
  } catch (error) {
    if (error instanceof Busy) return { ...nothing, generation: generationsOf(directory)[0] ?? 0, busy: true };
    if (error instanceof TrailError) throw error;
    throw new TrailError(
      `The store cannot be compacted (${(error as Error).message}). Nothing of it is lost; \`gangc store verify\` says what is damaged.`,
      {
        cause: error,
      },
    );
  }
}

/** Bytes of segments that are not sealed, over all processes. */
export function openBytes(directory: string): number {
  return tailsOf(directory, newestManifest(directory)).reduce((sum, { size, covered }) => sum + size - covered, 0);
}

class Busy extends Error {}

/** Something that was listed has gone since: another compactor was faster. */
class Overtaken extends Error {}

/**
 * The database's own lock, on a file of no content: it dies with its holder. It saves work and nothing rests on it, so
 * where it cannot be had for another reason the work goes on without.
 */
async function withLock<T>(directory: string, disk: Disk, polite: boolean, work: () => Promise<T>): Promise<T> {
  disk.makeFolder(sealedFolder(directory));
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const path = join(sealedFolder(directory), "lock.duckdb");
  let lock: InstanceType<typeof DuckDBInstance> | undefined;
  try {
    lock = await DuckDBInstance.create(path, { threads: "1" });
  } catch (error) {
    if (polite && /could not set lock/i.test(String(error))) throw new Busy();
  }
  try {
    return await work();
  } finally {
    lock?.closeSync();
  }
}

interface Work {
  readonly rows: readonly Row[];
  readonly covered: readonly Covered[];
  /** Groups of sealed files that are each written anew as one. */
  readonly rewrites: readonly (readonly SealedFile[])[];
  /** What of the lines that are written goes, and what has not come yet. */
  readonly forgotten: NumbersByProcess;
  readonly pending: NumbersByProcess;
  readonly artifacts: readonly string[];
}

class Compaction {
  readonly #options: CompactionOptions;
  readonly #directory: string;
  readonly #folder: string;
  readonly #disk: Disk;
  readonly #now: () => number;
  readonly #before: number | undefined;
  /** A snapshot could not be made: it is not tried again at once. */
  #failed = false;
  /** What was found of snapshots that were read through. */
  readonly #damaged = new Map<string, boolean>();
  #segments = 0;
  #records = 0;
  #gone = 0;

  constructor(options: CompactionOptions) {
    this.#options = options;
    this.#directory = options.directory;
    this.#folder = sealedFolder(options.directory);
    this.#disk = options.disk ?? realDisk;
    this.#now = options.now ?? Date.now;
    const { retentionDays } = options;
    this.#before = retentionDays === undefined ? undefined : this.#now() - retentionDays * 24 * 3600 * 1000;
  }

  async run(): Promise<Omit<Compacted, "busy">> {
    let lost = 0;
    let from = this.#options.from ?? SETTINGS.trail.sealBytes;
    for (;;) {
      const manifest = this.#newest();
      this.#setAside(manifest);
      try {
        const work = await this.#gather(manifest, from);
        if (work === undefined) break;
        // Once begun, all of it; the rest of what was renamed in between too.
        from = 0;
        if (await this.#write(manifest, work)) lost = 0;
        else lost += 1;
      } catch (error) {
        // Whatever went wrong while another published: with its files, this one's were taken away.
        const isOvertaken = error instanceof Overtaken || generationsOf(this.#directory)[0] !== manifest?.generation;
        if (!isOvertaken) throw error;
        lost += 1;
      }
      if (lost === LOST_ROUNDS) break;
    }
    await this.#tidy();
    const generation = generationsOf(this.#directory)[0] ?? 0;
    return { generation, segments: this.#segments, records: this.#records, gone: this.#gone };
  }

  #newest(): Manifest | undefined {
    const problems: TrailProblem[] = [];
    const manifest = newestManifest(this.#directory, problems);
    const [problem] = problems;
    if (problem === undefined) return manifest;
    throw new TrailError(`${problem.file}: ${problem.message} \`gangc store rebuild\` makes it anew.`);
  }

  #path({ name }: SealedFile): string {
    return join(this.#folder, name);
  }

  /** `undefined` where there is nothing to do. */
  async #gather(manifest: Manifest | undefined, from: number): Promise<Work | undefined> {
    const files = manifest?.files ?? [];
    const accounted = accountedBy(manifest);
    const batch = new Batch(accounted, new NumbersByProcess().addAll(manifest?.forgotten ?? []));
    const tails = tailsOf(this.#directory, manifest);
    const open = tails.reduce((sum, { size, covered }) => sum + size - covered, 0);
    const time = new Date(this.#now()).toISOString();
    const taken: { readonly covered: Covered; readonly process: string }[] = [];
    if (open >= from) {
      let bytes = 0;
      for (const { path, file, covered, header } of this.#sealable(tails)) {
        const content = readTail(read(file), covered, header.process);
        const known = manifest?.covered.find((one) => one.path === path);
        // Only a torn line is left of it.
        if (known !== undefined && content.end === covered) continue;
        batch.take(content.lines, header.process);
        const damaged = content.damaged || known?.damaged === true;
        taken.push({
          covered: { path, bytes: content.end, time, ...(damaged && { damaged }) },
          process: header.process,
        });
        bytes += content.end - covered;
        if (bytes >= SETTINGS.trail.sealAtOnceBytes) break;
      }
    }
    const conflicts = await batch.conflicts((wanted, take) =>
      readSealed(this.#present(files.filter((file) => holdsSome(file, wanted))), { numbers: wanted.toRanges() }, take),
    );
    const rewrites = this.#rewrites(files, batch.forgets);
    if (taken.length === 0 && rewrites.length === 0 && !(await this.#lacksSnapshot(manifest))) return;
    const { rows, pending } = batch.finish();
    return {
      rows,
      covered: taken.map(({ covered, process }) => (conflicts.has(process) ? { ...covered, damaged: true } : covered)),
      rewrites,
      forgotten: batch.forgets,
      pending,
      artifacts: batch.artifacts,
    };
  }

  #sealable(tails: readonly Tail[]): ReturnType<typeof endedOf> {
    const ended = endedOf(this.#directory, tails);
    if (ended.length === 0 || !isNetworked(join(this.#directory, "trail"))) return ended;
    // What another machine has written may not all be here yet.
    return ended.filter(({ header }) => header.machine === thisProcess().machine);
  }

  #rewrites(files: readonly SealedFile[], forgets: NumbersByProcess): (readonly SealedFile[])[] {
    const least = this.#options.mergeFiles ?? SETTINGS.trail.mergeFiles;
    const tiers = Map.groupBy(files, ({ bytes }) => Math.max(0, Math.floor(Math.log(bytes / 2 ** 20) / Math.log(8))));
    const groups: (readonly SealedFile[])[] = [];
    const taken = new Set<SealedFile>();
    for (const group of tiers.values()) {
      const total = group.reduce((sum, { bytes }) => sum + bytes, 0);
      if (group.length < least || total > SETTINGS.trail.mergedBytes) continue;
      groups.push(group);
      for (const file of group) taken.add(file);
    }
    for (const file of files) {
      const old = this.#before !== undefined && file.expires !== undefined && Date.parse(file.expires) < this.#before;
      if (!taken.has(file) && (old || holdsSome(file, forgets))) groups.push([file]);
    }
    return groups;
  }

  #present(files: readonly SealedFile[]): string[] {
    const paths = files.map((file) => this.#path(file));
    const [missing] = missingOf(paths);
    if (missing === undefined) return paths;
    if (newestManifest(this.#directory)?.files.some((file) => this.#path(file) === missing) !== true) {
      throw new Overtaken();
    }
    throw new TrailError(`The sealed file ${missing} is not there. \`gangc store verify\` says what was in it.`);
  }

  /** Resolves with whether the generation is this compactor's. */
  async #write(manifest: Manifest | undefined, work: Work): Promise<boolean> {
    const generation = (manifest?.generation ?? 0) + 1;
    const old = manifest?.files ?? [];
    const expired = this.#before === undefined ? undefined : { before: this.#before };
    const effectsIn = expired === undefined || work.rewrites.length === 0 ? [] : this.#present(old);
    const written: SealedFile[] = [];
    let gone = 0;
    const names: string[] = [];
    const write = async (rows: readonly Row[], from: readonly SealedFile[]): Promise<void> => {
      this.#present(from);
      const files = from.map((file) => ({ path: this.#path(file), file }));
      const content = { rows, files, forgotten: work.forgotten, expired };
      const name = `${generation}-${uuidv7(Date.now())}.parquet`;
      names.push(name);
      const { gone: went, ...file } = await writeSealed(this.#disk, this.#folder, name, content, effectsIn);
      written.push(file);
      gone += went;
    };
    try {
      if (work.rows.length > 0) {
        this.#options.onProgress?.(`Sealing ${work.rows.length} lines of ${work.covered.length} segments.`);
        await write(work.rows, []);
      }
      for (const group of work.rewrites) {
        const records = group.reduce((sum, file) => sum + file.records, 0);
        this.#options.onProgress?.(`Writing ${records} records of ${group.length} sealed files anew.`);
        await write([], group);
      }
    } catch (error) {
      // A full disk must not be filled further by each attempt.
      this.#discard(names);
      throw error;
    }
    const rewritten = new Set(work.rewrites.flat());
    const files = [...old.filter((file) => !rewritten.has(file)), ...written];
    const snapshot = await this.#snapshot(manifest, generation, files, gone > 0 || work.forgotten.size > 0);
    if (snapshot !== undefined && snapshot.name !== manifest?.snapshot?.name) names.push(snapshot.name);
    this.#disk.syncFolder(this.#folder);
    // Before it is published that the record which asks for it is dealt with.
    for (const hash of work.artifacts) {
      const path = artifactPath(this.#directory, hash);
      if (path !== undefined && existsSync(path)) this.#disk.remove(path);
    }

    const covering = new Map(manifest?.covered.map((one) => [one.path, one]));
    for (const one of work.covered) covering.set(one.path, one);
    const trail = join(this.#directory, "trail");
    const next: Manifest = {
      kind: "manifest",
      format: "gang-manifest",
      version: MANIFEST_VERSION,
      generation,
      time: new Date(this.#now()).toISOString(),
      files,
      covered: [...covering.values()].filter(({ path }) =>
        [path, `${path}${ASIDE}`].some((name) => existsSync(join(trail, name))),
      ),
      forgotten: work.pending.toRanges(),
      ...(snapshot !== undefined && { snapshot }),
    };
    if (!(await publish(this.#disk, this.#directory, next))) {
      this.#discard(names);
      return false;
    }
    this.#segments += work.covered.length;
    this.#records += work.rows.filter(([, seq]) => seq !== null).length;
    this.#gone += gone;
    return true;
  }

  /** Whether there should be a snapshot, and is none that this program can read. */
  async #lacksSnapshot(manifest: Manifest | undefined): Promise<boolean> {
    const records = (manifest?.files ?? []).reduce((sum, file) => sum + file.records, 0);
    if (records === 0 || records < this.#least || this.#failed) return false;
    return (await this.#usable(manifest)) === undefined;
  }

  get #least(): number {
    return this.#options.snapshotRecords ?? SETTINGS.knowledge.snapshotRecords;
  }

  async #usable(manifest: Manifest | undefined): Promise<Manifest["snapshot"]> {
    const { snapshotOf } = await import("../knowledge/snapshot/read.ts");
    const path = await snapshotOf(this.#directory, manifest);
    if (path === undefined || !existsSync(path) || (await this.#isDamaged(path))) return;
    return manifest?.snapshot;
  }

  async #isDamaged(path: string): Promise<boolean> {
    if (this.#options.checksSnapshot !== true) return false;
    let isDamaged = this.#damaged.get(path);
    if (isDamaged === undefined) {
      const { damageOf } = await import("../knowledge/snapshot/read.ts");
      this.#options.onProgress?.(`Checking ${basename(path)}.`);
      isDamaged = (await damageOf(path)) !== undefined;
      this.#damaged.set(path, isDamaged);
    }
    return isDamaged;
  }

  /**
   * The snapshot of a generation: the one before while few records came since, else a new one. What has gone must be in
   * none, nor in a copy of one. None where it cannot be made: it is only for speed.
   */
  async #snapshot(
    manifest: Manifest | undefined,
    generation: number,
    files: readonly SealedFile[],
    isLess: boolean,
  ): Promise<Manifest["snapshot"]> {
    const records = files.reduce((sum, file) => sum + file.records, 0);
    if (records === 0 || records < this.#least) return;
    const before = isLess ? undefined : await this.#usable(manifest);
    const { snapshotShare = SETTINGS.knowledge.snapshotShare } = this.#options;
    if (before !== undefined && records - before.records < records * snapshotShare) return before;
    const name = `snapshot-${generation}-${uuidv7(Date.now())}.duckdb`;
    const options = { directory: this.#directory, disk: this.#disk, name, files, now: this.#now };
    const { writeSnapshot } = await import("../knowledge/snapshot/write.ts");
    this.#options.onProgress?.(`Writing a snapshot of ${records} records.`);
    // One that is damaged cannot be gone on with.
    for (const from of before === undefined ? [undefined] : [before.name, undefined]) {
      try {
        return await writeSnapshot({ ...options, before: from });
      } catch (error) {
        this.#failed = from === undefined;
        this.#options.onProgress?.(`No snapshot could be made (${(error as Error).message.split("\n", 1)[0]}).`);
      }
    }
    return;
  }

  /** Removes files that no manifest will list. */
  #discard(names: readonly string[]): void {
    for (const name of names) attempt(() => this.#disk.remove(join(this.#folder, name)));
  }

  /** Renames what the manifest covers; what was appended until then is seen as the rest of it. */
  #setAside(manifest: Manifest | undefined): void {
    const touched = new Set<string>();
    for (const { path, bytes } of manifest?.covered ?? []) {
      const file = join(this.#directory, "trail", path);
      if (!existsSync(file)) continue;
      // A copy of it came back: the one that is aside stays, if there is more in it.
      if ((sizeOf(`${file}${ASIDE}`) ?? 0) > bytes) continue;
      attempt(() => this.#disk.rename(file, `${file}${ASIDE}`));
      touched.add(dirname(file));
    }
    for (const folder of touched) attempt(() => this.#disk.syncFolder(folder));
  }

  /** Removes what no reader needs any more. Only by the newest manifest, and only what can never be published again. */
  async #tidy(): Promise<void> {
    const manifest = this.#newest();
    if (manifest === undefined) return;
    // What is in its way now is tried again by the next one; `store forget` names the files that still hold it.
    await blankForgotten(this.#directory, this.#disk, manifest).catch(() => undefined);
    const age = (this.#options.asideSeconds ?? SETTINGS.trail.asideSeconds) * 1000;
    const trail = join(this.#directory, "trail");
    for (const { path, bytes, time, damaged } of manifest.covered) {
      const aside = join(trail, `${path}${ASIDE}`);
      const size = sizeOf(aside);
      if (size === undefined || damaged === true || this.#now() - Date.parse(time) < age) continue;
      // A torn line was never acknowledged; whole ones would be sealed first.
      if (size > bytes && read(aside).indexOf(10, bytes) !== -1) continue;
      attempt(() => this.#disk.remove(aside));
    }
    const lived = accountedBy(manifest);
    for (const folder of entries(trail)) {
      if (lived.has(folder) && entries(join(trail, folder)).length === 0)
        attempt(() => this.#disk.removeFolder(join(trail, folder)));
    }

    const kept = new Set<string>();
    const keep = ({ files, snapshot }: Manifest) => {
      for (const { name } of files) kept.add(name);
      if (snapshot !== undefined) kept.add(snapshot.name);
    };
    keep(manifest);
    let successor = manifestPath(this.#directory, manifest.generation);
    for (const generation of generationsOf(this.#directory).slice(1)) {
      const path = manifestPath(this.#directory, generation);
      if (Date.now() - (statSync(successor, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= age) {
        attempt(() => this.#disk.remove(path));
      } else {
        attempt(() => keep(JSON.parse(readFileSync(path, "utf8"))));
      }
      successor = path;
    }
    for (const name of entries(this.#folder)) {
      const generation = /^(?:\.MANIFEST-|snapshot-)?(\d+)[-.]/.exec(name)?.[1];
      if (generation === undefined || Number(generation) > manifest.generation || kept.has(name)) continue;
      const path = join(this.#folder, name);
      // What a snapshot that was never finished had no memory for is a folder.
      attempt(() => (name.endsWith(".tmp") ? rmSync(path, { recursive: true }) : this.#disk.remove(path)));
    }
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new Overtaken();
    throw error;
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

/** Where another compactor was faster, or the file system refuses, the next compaction tries again. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // Nothing rests on it.
  }
}
