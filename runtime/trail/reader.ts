/**
 * Reading all there is of a trail, sealed or not, while processes write it and seal it. Segments are listed first, then the
 * newest manifest is taken, then what that does not cover is read; where a file has gone meanwhile, it starts over. Nothing
 * here writes, and nothing that is damaged stops it.
 */
import { closeSync, existsSync, openSync, readdirSync, readSync, type Stats, statSync } from "node:fs";
import { basename, join } from "node:path";
import { SETTINGS } from "../settings.ts";
import { gapsOf, isComplete, type Lane, laneFrom, type SegmentFile, skip, VERDICT_MILLISECONDS } from "./lane.ts";
import { decodeLine, linesOf, maySpeak, type RecordLine, SEGMENT_VERSION, salvage } from "./line.ts";
import { livenessOf } from "./liveness.ts";
import {
  ASIDE,
  accountedBy,
  generationsOf,
  holdsSome,
  type Manifest,
  newestManifest,
  type SealedFile,
  sealedFolder,
} from "./manifest.ts";
import { NumbersByProcess, type Range } from "./numbers.ts";
import { type Kind, RECORD_VERSION, type Record } from "./record.ts";
import { inOrder, missingOf, quoted, readSealed, type SealedRow } from "./sealed.ts";
import type { Cursor, Take, Trail, TrailProblem } from "./trail.ts";

export type TrailReader = Pick<Trail, "since">;
type Read = Awaited<ReturnType<Trail["since"]>>;

/** Which records are handed over: all, or those of these kinds, or of this run. Of sealed files no others are read. */
export interface Only {
  readonly kinds?: readonly Kind[];
  readonly run?: string;
}

/** A reader of the store at `directory`; where there is none, of an empty one. Any number of consumers can share it. */
export function readTrail(directory: string, only: Only = {}): TrailReader {
  const readings = new WeakMap<Cursor, Reading>();
  return {
    async since(cursor, take) {
      const reading = readings.get(cursor) ?? new Reading(directory, cursor, only);
      // Taken out while it reads: who asks twice from one cursor gets the same answer twice.
      readings.delete(cursor);
      const read = await reading.next(take);
      readings.set(read.cursor, reading);
      return read;
    },
  };
}

const CHUNK = 512 * 2 ** 10;
/** So many records are handed over at once. */
const BATCH = 16_384;
const NEWLINE = 10;
/** A header is written at once: a file without one for this long never gets it. */
const HEADER_MILLISECONDS = 10_000;

/** So often a reading starts over before it says that files come and go. */
const STARTS = 100;

class Reading {
  readonly #directory: string;
  readonly #only: Only;
  readonly #trail: string;
  readonly #start: Cursor;
  #cursor: Cursor;
  readonly #lanes = new Map<string, Lane>();
  /** The lanes that may still have something for us. */
  readonly #active = new Set<Lane>();
  /** Files that are in a lane, and entries that need no second look. */
  readonly #known = new Set<string>();
  #generation = 0;
  /** Bytes that the manifest covers, by path; and the numbers that the sealed files account for. */
  #covered = new Map<string, number>();
  #sealed = new NumbersByProcess();
  readonly #forgotten = new NumbersByProcess();
  /** Numbers that came with different content. */
  readonly #disputed = new NumbersByProcess();
  #records: Record[] = [];
  #taken: Take | undefined;
  #problems: TrailProblem[] = [];
  /** A file has gone since it was listed. */
  #moved = false;

  constructor(directory: string, start: Cursor, only: Only) {
    this.#directory = directory;
    this.#only = only;
    this.#trail = join(directory, "trail");
    this.#start = start;
    this.#cursor = start;
  }

  async next(take?: Take): Promise<Read> {
    this.#records = [];
    this.#taken = take;
    let count = 0;
    if (take !== undefined) {
      this.#taken = (records) => {
        count += records.length;
        return take(records);
      };
    }
    this.#problems = [];
    // What was read is not read again: starting over costs nothing but the listing.
    for (let starts = 1; ; starts += 1) {
      this.#moved = false;
      await this.#pass();
      if (!this.#moved) break;
      if (starts === STARTS) {
        this.#unreadable(this.#trail, "its files are renamed faster than they can be read");
        break;
      }
    }
    if (count + this.#records.length > 0 || this.#cursor === this.#start) this.#cursor = this.#position();
    return { records: this.#allowed(), cursor: this.#cursor, problems: this.#problems };
  }

  /** What was read and is neither forgotten nor disputed. */
  #allowed(): readonly Record[] {
    const dropped = [this.#forgotten, this.#disputed].filter(({ size }) => size > 0);
    if (dropped.length === 0) return this.#records;
    return this.#records.filter(({ process, seq }) => !dropped.some((numbers) => numbers.get(process)?.has(seq)));
  }

  /** Hands over what was read, once it is enough and there is someone to take it. */
  async #handOver(): Promise<void> {
    if (this.#taken === undefined || this.#records.length < BATCH) return;
    const records = this.#allowed();
    this.#records = [];
    await this.#taken(records);
  }

  async #pass(): Promise<void> {
    const found = this.#list(this.#trail)
      .filter((folder) => !this.#known.has(folder))
      .map((folder) => ({ folder, paths: this.#listSegments(folder) }));
    await this.#takeSealed();
    for (const { folder, paths } of found) this.#open(folder, paths);
    for (const lane of this.#active) {
      for (const file of lane.files) if (!file.done) await this.#read(file, lane);
      if (lane.files.every(({ done }) => done)) this.#active.delete(lane);
    }
  }

  #position(): Cursor {
    const cursor: { [process: string]: number | readonly Range[] } = { ...this.#start };
    for (const [process, { last, known, got }] of this.#lanes) {
      const isWhole = typeof (this.#start[process] ?? 0) === "number" || got.covers(1, got.last);
      cursor[process] = isWhole ? Math.max(last, known) : got.ranges.map(([from, to]): Range => [from, to]);
    }
    return cursor;
  }

  #list(folder: string): readonly string[] {
    try {
      return readdirSync(folder).map((name) => join(folder, name));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return [];
      if (code === "ENOTDIR" && folder !== this.#trail) this.#foreign(folder);
      else this.#unreadable(folder, message);
      return [];
    }
  }

  #listSegments(folder: string): readonly string[] {
    const own = this.#lanes.get(basename(folder));
    // Known before the listing: what its writer left behind is all in it.
    if (own !== undefined && isComplete(own)) this.#known.add(folder);
    return this.#list(folder);
  }

  /** Takes in what the newest manifest accounts for and was not read before. */
  async #takeSealed(): Promise<void> {
    const [generation] = generationsOf(this.#directory);
    if (generation === undefined || generation === this.#generation) return;
    const manifest = newestManifest(this.#directory, this.#problems);
    if (manifest === undefined) {
      this.#generation = generation;
      return;
    }
    const sealed = accountedBy(manifest);
    const wanted: (readonly [process: string, from: number, to: number])[] = [];
    for (const [process, numbers] of sealed) {
      const { got, known } = this.#lane(process);
      for (const [from, to] of numbers.ranges) {
        for (const [low, high] of got.lacking(Math.max(from, known + 1), to)) wanted.push([process, low, high]);
      }
    }
    if (wanted.length > 0 && !(await this.#readSealed(manifest, wanted))) {
      this.#moved = true;
      return;
    }
    for (const [process, numbers] of sealed) {
      const lane = this.#lane(process);
      for (const [from, to] of numbers.ranges) lane.got.add(from, to);
      lane.last = Math.max(lane.last, numbers.last);
      for (const seq of lane.crcs.keys()) if (numbers.has(seq)) lane.crcs.delete(seq);
      if (this.#generation > 0) continue;
      for (const [from, to] of gapsOf(numbers.ranges, lane.known))
        this.#missing(sealedFolder(this.#directory), 0, from, to);
    }
    this.#sealed = sealed;
    this.#forgotten.addAll(manifest.forgotten);
    this.#covered = new Map(manifest.covered.map(({ path, bytes }) => [join(this.#trail, path), bytes]));
    this.#generation = generation;
  }

  /** Resolves with false where a newer generation has taken files away. */
  async #readSealed(
    manifest: Manifest,
    wanted: readonly (readonly [process: string, from: number, to: number])[],
  ): Promise<boolean> {
    const asked = new NumbersByProcess().addAll(wanted);
    const files = manifest.files.filter((file) => holdsSome(file, asked));
    const isWhole = files.every(({ numbers }) =>
      numbers.every(([process, from, to]) => asked.get(process)?.covers(from, to)),
    );
    const read = (group: readonly SealedFile[]) => {
      const paths = group.map(({ name }) => join(sealedFolder(this.#directory), name));
      return readSealed(
        paths,
        { where: sealedWhere(this.#only), ...(!isWhole && { numbers: wanted }) },
        async (rows) => {
          for (const row of rows) this.#keepSealed(paths[0]!, row);
          await this.#handOver();
        },
      );
    };
    const damaged: SealedFile[] = [];
    for (const group of inOrder(files)) {
      try {
        await read(group);
      } catch {
        if (generationsOf(this.#directory)[0] !== manifest.generation) return false;
        damaged.push(...group);
      }
    }
    // One of a group is damaged: what of it was read is not read again, and the others are read by themselves.
    const missing = new Set(missingOf(damaged.map(({ name }) => join(sealedFolder(this.#directory), name))));
    for (const file of damaged) {
      const path = join(sealedFolder(this.#directory), file.name);
      if (missing.has(path)) {
        this.#unreadable(path, "it is not there");
        continue;
      }
      try {
        await read([file]);
      } catch (error) {
        this.#unreadable(path, (error as Error).message.split("\n", 1)[0]!);
      }
    }
    return true;
  }

  #keepSealed(path: string, { process, seq, line }: SealedRow): void {
    if (line === undefined) return;
    const { got } = this.#lane(process);
    if (got.has(seq)) return;
    const decoded = decodeLine(Buffer.from(line));
    if (decoded.type !== "record") {
      this.#say(path, 0, "bad-line", `The line of record ${seq} of process ${process} is damaged.`);
      return;
    }
    got.add(seq);
    this.#heed(decoded.record);
    if (this.#wants(decoded.record)) this.#records.push(decoded.record);
  }

  #lane(process: string): Lane {
    let lane = this.#lanes.get(process);
    if (lane === undefined) {
      lane = laneFrom(Object.hasOwn(this.#start, process) ? this.#start[process]! : 0);
      this.#lanes.set(process, lane);
    }
    return lane;
  }

  #wants({ kind, run }: Record): boolean {
    const { kinds, run: wanted } = this.#only;
    return (kinds === undefined || kinds.includes(kind)) && (wanted === undefined || run === wanted);
  }

  /** What a record says about reading others. */
  #heed(record: Record): void {
    if (record.kind !== "forgotten" || record.v > RECORD_VERSION) return;
    for (const { process, seq } of record.records) this.#forgotten.of(process).add(seq);
  }

  /** Takes note of a folder's new files. */
  #open(folder: string, paths: readonly string[]): void {
    const touched = new Set<Lane>();
    for (const path of paths) {
      if (this.#known.has(path)) continue;
      const plain = path.endsWith(ASIDE) ? path.slice(0, -ASIDE.length) : path;
      if (!plain.endsWith(".jsonl")) {
        this.#foreign(path);
        continue;
      }
      const covered = this.#covered.get(plain) ?? 0;
      if (covered > 0 && this.#stat(path)?.size === covered) {
        this.#known.add(path);
        continue;
      }
      const file = this.#identify(path, basename(folder));
      if (file === undefined) continue;
      this.#known.add(path);
      file.offset = covered;
      const lane = this.#lane(file.process);
      lane.files.push(file);
      touched.add(lane);
      this.#active.add(lane);
    }
    for (const lane of touched) {
      lane.files.sort((a, b) => a.first - b.first || compare(a.path, b.path));
      if (lane.crcs.size === 0) skip(lane);
    }
  }

  #foreign(path: string): void {
    this.#known.add(path);
    this.#say(path, 0, "foreign-file", "This is no segment of a trail; it is left alone.");
  }

  /** Reads whose file it is from its first intact line; `undefined` where there is nothing to read, or not yet. */
  #identify(path: string, folder: string): SegmentFile | undefined {
    const stat = this.#stat(path);
    if (stat === undefined) this.#moved = true;
    if (stat === undefined || stat.size === 0) return;
    const chunk = this.#chunk(path, 0, Math.min(stat.size, SETTINGS.trail.lineBytes));
    const rest = { path, offset: 0, size: -1, overlong: undefined, done: false };
    if (this.#moved) return;
    // Tried once: what cannot be read now is damage, to be mended by a person.
    if (chunk.length === 0) this.#known.add(path);
    for (const [start, end] of linesOf(chunk)) {
      const line = decodeLine(chunk.subarray(start, end));
      if (line.type === "record")
        return { ...rest, header: undefined, process: line.record.process, first: line.record.seq };
      if (line.type !== "header") continue;
      const { header } = line;
      if (header.version <= SEGMENT_VERSION) return { ...rest, header, process: header.process, first: header.first };
      this.#known.add(path);
      this.#say(
        path,
        0,
        "newer-version",
        `The segment has format ${header.version}; this program reads ${SEGMENT_VERSION}.`,
      );
      return;
    }
    if (chunk.includes(NEWLINE) || chunk.length === SETTINGS.trail.lineBytes) {
      return { ...rest, header: undefined, process: folder, first: Number.POSITIVE_INFINITY };
    }
    if (chunk.length > 0 && Date.now() - stat.mtimeMs > HEADER_MILLISECONDS) {
      this.#known.add(path);
      this.#say(path, 0, "torn-tail", "Not even the first line of the segment was written whole.");
    }
    return;
  }

  async #read(file: SegmentFile, lane: Lane): Promise<void> {
    // Asked before reading: what a process wrote before its end is then found below.
    const ended = this.#hasEnded(file, lane);
    const size = this.#stat(file.path)?.size;
    if (size === undefined && this.#hasMoved(file)) return;
    if (size === undefined || size < file.offset) {
      const now = size === undefined ? "is gone" : `has ${size} bytes`;
      this.#say(file.path, size ?? 0, "unreadable", `The segment had ${file.offset} bytes and now ${now}.`);
      file.done = true;
      return;
    }
    if (size !== file.size) {
      file.size = size;
      await this.#advance(file, lane, size);
    }
    if (file.done && file.offset < size) this.#bad(file, file.offset, "it stands after the end of the segment");
    if (file.done || !ended) return;
    file.done = true;
    const from = file.overlong ?? file.offset;
    if (from === size) return;
    this.#say(
      file.path,
      from,
      "torn-tail",
      `The last line was not written whole; its ${size - from} bytes are dropped.`,
    );
  }

  /** Whether a file that is no longer at its path was sealed: what was not read of it then comes another way. */
  #hasMoved(file: SegmentFile): boolean {
    const isNewer = (generationsOf(this.#directory)[0] ?? 0) !== this.#generation;
    const isAside = !file.path.endsWith(ASIDE) && existsSync(`${file.path}${ASIDE}`);
    if (isNewer || isAside) this.#moved = true;
    else if (file.offset > 0 && this.#sealed.get(file.process)?.has(file.first) !== true) return false;
    file.done = !isNewer;
    return true;
  }

  async #advance(file: SegmentFile, lane: Lane, size: number): Promise<void> {
    let newer = 0;
    while (!file.done && file.offset < size) {
      const before = file.offset;
      newer += this.#take(file, lane, this.#chunk(file.path, before, Math.min(CHUNK, size - before)));
      if (file.offset === before) break;
      await this.#handOver();
      if (file.offset < size) await new Promise<void>((done) => setImmediate(done));
    }
    if (newer === 0) return;
    this.#say(
      file.path,
      0,
      "newer-version",
      `${newer} records were written by a newer version; they are kept, not read.`,
    );
  }

  /** Whether nothing more will be appended: a segment of its process follows, or its writer is dead. */
  #hasEnded({ header }: SegmentFile, lane: Lane): boolean {
    if (header !== undefined && lane.files.some((other) => (other.header?.segment ?? 0) > header.segment)) return true;
    const now = performance.now();
    if (lane.dead || now - lane.asked < VERDICT_MILLISECONDS) return lane.dead;
    // Where its own header is damaged, any other of the same process tells as much.
    const known = header ?? lane.files.find((other) => other.header !== undefined)?.header;
    lane.dead = known !== undefined && livenessOf(known, this.#directory) === "dead";
    lane.asked = now;
    return lane.dead;
  }

  /** Takes the whole lines of a chunk; returns how many records a newer version wrote. */
  #take(file: SegmentFile, lane: Lane, chunk: Buffer): number {
    const begin = file.offset;
    let newer = 0;
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const bytes = chunk.subarray(start, end);
      const offset = begin + start;
      start = end + 1;
      file.offset = begin + start;
      if (file.overlong !== undefined) {
        this.#bad(file, file.overlong, `it is longer than ${SETTINGS.trail.lineBytes} bytes`);
        file.overlong = undefined;
        continue;
      }
      const line = decodeLine(bytes);
      if (line.type === "record") {
        if (line.newer) newer += 1;
        this.#keep(file, lane, offset, line);
        continue;
      }
      if (line.type === "header" && offset === 0) continue;
      if (line.type === "footer") {
        if (line.footer.bytes !== offset) {
          this.#say(
            file.path,
            offset,
            "missing-records",
            `The segment was closed after ${line.footer.bytes} bytes, and here are ${offset}.`,
          );
        }
        file.done = true;
        if (line.footer.last) lane.closed = true;
        return newer;
      }
      this.#bad(file, offset, line.type === "bad" ? line.why : "a header stands only at the beginning");
      for (const { line } of salvage(bytes)) this.#keep(file, lane, offset, line);
    }
    if (file.offset === begin && chunk.length === CHUNK) {
      file.overlong ??= begin;
      file.offset += chunk.length;
    }
    return newer;
  }

  #keep(file: SegmentFile, lane: Lane, offset: number, { record, crc }: RecordLine): void {
    const { seq, process } = record;
    if (process !== file.process) {
      this.#bad(file, offset, "another process wrote it");
    } else if (!lane.got.has(seq)) {
      lane.got.add(seq);
      lane.crcs.set(seq, crc);
      if (seq > lane.last + 1) this.#missing(file.path, offset, lane.last + 1, seq - 1);
      lane.last = Math.max(lane.last, seq);
      if (!maySpeak(file.header, record)) {
        const message = `Record ${seq} is refused: its segment's header does not speak for the peer ${shownPeer(record)}.`;
        this.#say(file.path, offset, "foreign-peer", message);
        return;
      }
      this.#heed(record);
      if (seq > lane.known && this.#wants(record)) this.#records.push(record);
    } else if (lane.crcs.has(seq) && lane.crcs.get(seq) !== crc) {
      this.#disputed.of(process).add(seq);
      const message = `Record ${seq} is there twice, with different content; neither counts.`;
      this.#say(file.path, offset, "conflicting-record", message);
    }
  }

  #missing(path: string, offset: number, from: number, to: number): void {
    const range = from === to ? `Record ${from} is` : `Records ${from} to ${to} are`;
    this.#say(path, offset, "missing-records", `${range} missing before this one.`);
  }

  #bad(file: SegmentFile, offset: number, why: string): void {
    this.#say(file.path, offset, "bad-line", `A line is skipped: ${why}.`);
  }

  #say(file: string, offset: number, problem: TrailProblem["problem"], message: string): void {
    this.#problems.push({ file, offset, problem, message });
  }

  #stat(path: string): Stats | undefined {
    try {
      return statSync(path, { throwIfNoEntry: false });
    } catch (error) {
      this.#unreadable(path, (error as Error).message);
      return;
    }
  }

  /** Fewer bytes than asked for where the file has no more, or cannot be read, which is said. */
  #chunk(path: string, offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    try {
      const file = openSync(path, "r");
      try {
        return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
      } finally {
        closeSync(file);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") this.#moved = true;
      else this.#unreadable(path, (error as Error).message);
      return bytes.subarray(0, 0);
    }
  }

  #unreadable(path: string, why: string): void {
    this.#say(path, 0, "unreadable", `It cannot be read (${why}).`);
  }
}

/** What is forgotten is always heeded. */
function sealedWhere({ kinds, run }: Only): string {
  const conditions = [
    ...(kinds === undefined ? [] : [`kind in (${kinds.map(quoted).join(", ")})`]),
    ...(run === undefined ? [] : [`run_id = ${quoted(run)}`]),
  ];
  return conditions.length === 0 ? "true" : `kind = 'forgotten' or (${conditions.join(" and ")})`;
}

function shownPeer({ peer }: Record): string {
  return JSON.stringify(peer.slice(0, 80));
}

function compare(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
