/** Reading the segments of all processes, while they write. Nothing here writes, and nothing that is damaged stops it. */
import { closeSync, openSync, readdirSync, readSync, type Stats, statSync } from "node:fs";
import { basename, join } from "node:path";
import { SETTINGS } from "../settings.ts";
import { decodeLine, type Header, type Line, SEGMENT_VERSION } from "./line.ts";
import { livenessOf } from "./liveness.ts";
import type { Record } from "./record.ts";
import type { Cursor, Trail, TrailProblem } from "./trail.ts";

export type TrailReader = Pick<Trail, "since">;
type Read = Awaited<ReturnType<Trail["since"]>>;

/** A reader of the store at `directory`; where there is none, of an empty one. Any number of consumers can share it. */
export function readTrail(directory: string): TrailReader {
  const readings = new WeakMap<Cursor, Reading>();
  return {
    async since(cursor) {
      const reading = readings.get(cursor) ?? new Reading(join(directory, "trail"), cursor);
      // Taken out while it reads: who asks twice from one cursor gets the same answer twice.
      readings.delete(cursor);
      const read = await reading.next();
      readings.set(read.cursor, reading);
      return read;
    },
  };
}

const CHUNK = 512 * 2 ** 10;
const NEWLINE = 10;
/** A writer's death is noticed at most this late; asking costs 20 µs. */
const VERDICT_MILLISECONDS = 1000;

interface SegmentFile {
  readonly path: string;
  readonly folder: string;
  /** `undefined` where it is damaged. */
  readonly header: Header | undefined;
  readonly process: string;
  readonly first: number;
  /** Bytes read: always at the beginning of a line. */
  offset: number;
  /** The size at which the file had nothing more for us. */
  size: number;
  /** Where a line began that is longer than any may be, while its end is sought. */
  overlong: number | undefined;
  /** Nothing will be appended. */
  done: boolean;
}

/** What was read of one process. */
interface Lane {
  last: number;
  /** CRC of each record read, by its number: the same number with other content must show. */
  readonly seen: Map<number, number>;
  /** Numbers up to this one are not asked for. */
  readonly known: number;
}

class Reading {
  readonly #directory: string;
  readonly #start: Cursor;
  #cursor: Cursor;
  readonly #files = new Map<string, SegmentFile>();
  readonly #lanes = new Map<string, Lane>();
  /** Folders to which nothing will be added, and entries that were said to be foreign. */
  readonly #finished = new Set<string>();
  readonly #verdicts = new Map<string, { readonly dead: boolean; readonly at: number }>();
  #records: Record[] = [];
  #problems: TrailProblem[] = [];

  constructor(directory: string, start: Cursor) {
    this.#directory = directory;
    this.#start = start;
    this.#cursor = start;
  }

  async next(): Promise<Read> {
    this.#records = [];
    this.#problems = [];
    for (const folder of this.#list(this.#directory)) {
      if (this.#finished.has(folder)) continue;
      this.#open(folder);
    }
    for (const files of this.#unread()) {
      for (const file of files) await this.#read(file);
    }
    if (this.#records.length > 0 || this.#cursor === this.#start) this.#cursor = this.#position();
    return { records: this.#records, cursor: this.#cursor, problems: this.#problems };
  }

  #position(): Cursor {
    const cursor: { [process: string]: number } = { ...this.#start };
    for (const [process, { last, known }] of this.#lanes) cursor[process] = Math.max(last, known);
    return cursor;
  }

  #list(folder: string): readonly string[] {
    try {
      return readdirSync(folder).map((name) => join(folder, name));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ENOTDIR" && folder !== this.#directory) this.#foreign(folder);
      else if (code !== "ENOENT") this.#say(folder, 0, "unreadable", `The folder cannot be read (${message}).`);
      return [];
    }
  }

  /** Takes note of a folder's new files. */
  #open(folder: string): void {
    for (const path of this.#list(folder)) {
      if (this.#files.has(path) || this.#finished.has(path)) continue;
      if (!path.endsWith(".jsonl")) {
        this.#foreign(path);
        continue;
      }
      const file = this.#identify(path, folder);
      if (file !== undefined) this.#files.set(path, file);
    }
  }

  #foreign(path: string): void {
    this.#finished.add(path);
    this.#say(path, 0, "foreign-file", "This is no segment of a trail; it is left alone.");
  }

  /** Reads whose file it is from its first intact line; `undefined` while it has no whole line. */
  #identify(path: string, folder: string): SegmentFile | undefined {
    const size = this.#stat(path)?.size ?? 0;
    const chunk = this.#chunk(path, 0, Math.min(size, SETTINGS.trail.lineBytes));
    const rest = { path, folder, offset: 0, size: -1, overlong: undefined, done: false };
    for (const [start, end] of linesOf(chunk)) {
      const line = decodeLine(chunk.subarray(start, end));
      if (line.type === "header") {
        const { header } = line;
        if (header.version > SEGMENT_VERSION) {
          this.#finished.add(path);
          this.#say(
            path,
            0,
            "newer-version",
            `The segment has format ${header.version}; this program reads ${SEGMENT_VERSION}.`,
          );
          return;
        }
        return { ...rest, header, process: header.process, first: header.first };
      }
      if (line.type === "record")
        return { ...rest, header: undefined, process: line.record.process, first: line.record.seq };
    }
    if (size === 0) return;
    return { ...rest, header: undefined, process: basename(folder), first: Number.POSITIVE_INFINITY };
  }

  /** The files with something left to read, by process, in the order of their numbers. */
  #unread(): readonly (readonly SegmentFile[])[] {
    const byProcess = Map.groupBy(this.#files.values(), ({ process }) => process);
    return [...byProcess].map(([process, files]) => {
      if (files.every(({ done }) => done)) return [];
      if (files.length > 1) files.sort((a, b) => a.first - b.first || compare(a.path, b.path));
      if (!this.#lanes.has(process)) this.#begin(process, files);
      return files.filter(({ done }) => !done);
    });
  }

  /** Segments that lie before the cursor as a whole are not opened. */
  #begin(process: string, files: readonly SegmentFile[]): void {
    const known = Object.hasOwn(this.#start, process) ? this.#start[process]! : 0;
    let begin = 0;
    while (begin + 1 < files.length && files[begin + 1]!.first <= known + 1) begin += 1;
    for (const file of files.slice(0, begin)) file.done = true;
    this.#lanes.set(process, { last: begin === 0 ? 0 : files[begin]!.first - 1, seen: new Map(), known });
  }

  async #read(file: SegmentFile): Promise<void> {
    // Asked before reading: what a process wrote before its end is then found below.
    const ended = this.#hasEnded(file);
    const size = this.#stat(file.path)?.size;
    if (size === undefined) {
      this.#files.delete(file.path);
      return;
    }
    if (size < file.offset) {
      this.#say(file.path, size, "unreadable", `The segment had ${file.offset} bytes and now has ${size}.`);
      file.done = true;
    } else if (size !== file.size) {
      file.size = size;
      let newer = 0;
      while (!file.done && file.offset < size) {
        const chunk = this.#chunk(file.path, file.offset, Math.min(CHUNK, size - file.offset));
        const before = file.offset;
        newer += this.#take(file, chunk);
        if (file.offset === before) break;
        if (file.offset < size) await new Promise<void>((done) => setImmediate(done));
      }
      if (newer > 0) {
        this.#say(
          file.path,
          0,
          "newer-version",
          `${newer} records were written by a newer version; they are kept, not read.`,
        );
      }
    }
    if (ended && !file.done) {
      file.done = true;
      const from = file.overlong ?? file.offset;
      if (from < size)
        this.#say(
          file.path,
          from,
          "torn-tail",
          `The last line was not written whole; its ${size - from} bytes are dropped.`,
        );
    }
  }

  /** Whether nothing more will be appended: a segment of its process follows, or its writer is dead. */
  #hasEnded({ header, process, folder }: SegmentFile): boolean {
    for (const other of this.#files.values()) {
      if (header !== undefined && other.process === process && (other.header?.segment ?? 0) > header.segment)
        return true;
    }
    const now = performance.now();
    const verdict = this.#verdicts.get(process);
    if (verdict !== undefined && (verdict.dead || now - verdict.at < VERDICT_MILLISECONDS)) return verdict.dead;
    // With its own header damaged, any other of the same process tells as much.
    const known = header ?? this.#files.values().find((other) => other.process === process && other.header)?.header;
    const dead = known !== undefined && livenessOf(known) === "dead";
    this.#verdicts.set(process, { dead, at: now });
    if (dead && basename(folder) === process) this.#finished.add(folder);
    return dead;
  }

  /** Takes the whole lines of a chunk; returns how many records a newer version wrote. */
  #take(file: SegmentFile, chunk: Buffer): number {
    const begin = file.offset;
    let newer = 0;
    for (const [start, end] of linesOf(chunk)) {
      const offset = begin + start;
      file.offset = begin + end + 1;
      if (file.overlong !== undefined) {
        this.#bad(file, file.overlong, `it is longer than ${SETTINGS.trail.lineBytes} bytes`);
        file.overlong = undefined;
        continue;
      }
      const bytes = chunk.subarray(start, end);
      const line = decodeLine(bytes);
      if (line.type === "record") {
        if (line.newer) newer += 1;
        this.#keep(file, offset, line);
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
        if (line.footer.last && basename(file.folder) === file.process) this.#finished.add(file.folder);
        return newer;
      }
      this.#bad(file, offset, line.type === "bad" ? line.why : "a header stands only at the beginning");
      for (const record of salvage(bytes)) this.#keep(file, offset, record);
    }
    if (file.offset === begin && chunk.length === CHUNK) {
      file.overlong ??= begin;
      file.offset += chunk.length;
    }
    return newer;
  }

  #keep(file: SegmentFile, offset: number, { record, crc }: Line & { type: "record" }): void {
    const { seq, process } = record;
    if (process !== file.process) return this.#bad(file, offset, "another process wrote it");
    const lane = this.#lanes.get(process)!;
    const seen = lane.seen.get(seq);
    if (seen !== undefined) {
      if (seen === crc) return;
      return this.#say(
        file.path,
        offset,
        "conflicting-record",
        `Record ${seq} of this process is there twice, with different content; this one is set aside.`,
      );
    }
    lane.seen.set(seq, crc);
    if (seq > lane.last + 1) {
      const range = seq === lane.last + 2 ? `Record ${seq - 1} is` : `Records ${lane.last + 1} to ${seq - 1} are`;
      this.#say(file.path, offset, "missing-records", `${range} missing before this one.`);
    }
    lane.last = Math.max(lane.last, seq);
    if (seq > lane.known) this.#records.push(record);
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
      this.#unreadable(path, error);
      return;
    }
  }

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
      this.#unreadable(path, error);
      return bytes.subarray(0, 0);
    }
  }

  #unreadable(path: string, error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || this.#finished.has(path)) return;
    this.#finished.add(path);
    this.#say(path, 0, "unreadable", `The file cannot be read (${message}).`);
  }
}

function* linesOf(chunk: Buffer): Generator<readonly [start: number, end: number]> {
  let start = 0;
  for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
    yield [start, end];
    start = end + 1;
  }
}

/** Where damage took a newline, the records around it are still whole: they are found by their beginning and their CRC. */
function salvage(bytes: Buffer): (Line & { type: "record" })[] {
  const found: (Line & { type: "record" })[] = [];
  let start = bytes.indexOf('{"v":');
  while (start !== -1) {
    let tries = 0;
    let end: number | undefined;
    for (
      let crc = bytes.indexOf(',"crc":"', start);
      crc !== -1 && tries < 8;
      crc = bytes.indexOf(',"crc":"', crc + 1)
    ) {
      tries += 1;
      const line = decodeLine(bytes.subarray(start, crc + 18));
      if (line.type !== "record") continue;
      found.push(line);
      end = crc + 18;
      break;
    }
    start = bytes.indexOf('{"v":', end ?? start + 1);
  }
  return found;
}

function compare(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
