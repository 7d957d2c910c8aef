/** The trail on this machine's disk: one queue, one flusher, segments of this process alone. */
import { dirname, join, resolve } from "node:path";
import { SETTINGS } from "../settings.ts";
import { type Disk, disk as realDisk, reasonOf } from "./disk.ts";
import { encodeDraft, encodeRecord, type Header, openingOf, SEGMENT_VERSION } from "./line.ts";
import { thisProcess } from "./liveness.ts";
import { readTrail, type TrailReader } from "./reader.ts";
import type { Draft } from "./record.ts";
import { Sealing } from "./sealing.ts";
import { type Ended, Segment } from "./segment.ts";
import { showLife } from "./sign-of-life.ts";
import { type Trail, TrailError } from "./trail.ts";
import { uuidv7 } from "./uuid.ts";

export interface TrailOptions {
  /** The store: `.gang`, which is made where it is missing. */
  readonly directory: string;
  /** The peers for which this process writes, as far as they are known. */
  readonly peers: readonly string[];
  readonly clock?: { now(): number };
  readonly disk?: Disk;
  readonly segmentBytes?: number;
  /** Whether finished segments are sealed, once there is enough of them and on closing: yes, unless said. */
  readonly sealing?: boolean;
}

/**
 * Opens the trail of a store for writing, as a new process of it.
 *
 * @throws TrailError where the store cannot be written.
 */
export async function openTrail(options: TrailOptions): Promise<Trail> {
  const trail = new LocalTrail(options);
  await trail.open();
  return trail;
}

/** Bytes that a batch is encoded in, which most fit into. */
const SCRATCH = 65_536;

/** Milliseconds after which the flusher lets the loop have its turn. */
const TURN = 10;

/** Records of one call, numbered and written together. */
interface Batch {
  /** Each draft's own fields, as JSON. */
  readonly fields: readonly string[];
  readonly time: string;
  readonly size: number;
  readonly resolve: ((first: number) => void) | undefined;
  readonly reject: ((error: Error) => void) | undefined;
}

class LocalTrail implements Trail {
  readonly process: string;
  readonly failed: Promise<TrailError>;
  readonly #directory: string;
  /** For whom this process speaks: a segment's header names them, so who joins later begins a new one. */
  readonly #peers: Set<string>;
  #joined = false;
  readonly #now: () => number;
  readonly #disk: Disk;
  readonly #segmentBytes: number;
  readonly #opening: string;
  readonly #reader: TrailReader;
  readonly #sealing: Sealing | undefined;

  #segment: Segment | undefined;
  /** Number of the newest segment, and what the newest that held something ended as. */
  #segments = 0;
  #previous: Ended | undefined;
  /** The number that the next record gets. */
  #next = 1;
  #milliseconds = Number.NEGATIVE_INFINITY;
  #time = "";

  #queue: Batch[] = [];
  readonly #scratch = Buffer.allocUnsafe(SCRATCH);
  #flushing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** A batch was full before the queue was empty. */
  #isMore = false;
  /** Callers in the queue that wait. */
  #asking = 0;
  /** Callers that waited for the last sync. */
  #waited = 0;
  /** When the flusher last let the loop go on. */
  #turned = 0;
  #closing: Promise<void> | undefined;
  #failure: TrailError | undefined;
  #fail!: (error: TrailError) => void;

  constructor({ directory, peers, clock, disk, segmentBytes, sealing = true }: TrailOptions) {
    this.#directory = resolve(directory, "trail");
    this.#peers = new Set(peers);
    this.#now = clock === undefined ? Date.now : () => clock.now();
    this.#disk = disk ?? realDisk;
    this.#segmentBytes = segmentBytes ?? SETTINGS.trail.segmentBytes;
    this.process = uuidv7(this.#now());
    this.#opening = openingOf(this.process);
    this.#reader = readTrail(directory);
    this.#sealing = sealing ? new Sealing(directory) : undefined;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  async open(): Promise<void> {
    try {
      showLife(dirname(this.#directory), thisProcess());
      this.#segment = await this.#openSegment();
      // Also where another process made them: it may not have come to this.
      const store = dirname(this.#directory);
      for (const folder of [this.#directory, store, dirname(store)]) this.#disk.syncFolder(folder);
    } catch (error) {
      this.#leaveSegment()?.abandon();
      throw new TrailError(`The store cannot be written: ${reasonOf(error)}.`, { cause: error });
    }
  }

  append(drafts: readonly Draft[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#enqueue(drafts, resolve, reject);
      this.#flush();
    });
  }

  note(drafts: readonly Draft[]): void {
    if (this.#failure !== undefined) return;
    this.#enqueue(drafts);
    // It is left to run out even if what it is for is written before: making one costs as much as encoding a record.
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, SETTINGS.trail.noteMilliseconds);
  }

  since: Trail["since"] = (cursor, take) => this.#reader.since(cursor, take);

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    // Twice: the flusher that is under way leaves what is only noted.
    for (let round = 0; round < 2; round++) {
      this.#flush();
      await this.#flushing;
    }
    const segment = this.#segment;
    this.#segment = undefined;
    if (segment === undefined || this.#failure !== undefined) return;
    try {
      await segment.close(true);
    } catch {
      // The footer is a convenience: every record before it was synced, and the file is readable without.
    }
    await this.#sealing?.end();
  }

  /** Drafts become bytes here, so that a mistake is its caller's, and changing a draft afterwards changes nothing. */
  #enqueue(drafts: readonly Draft[], resolve?: Batch["resolve"], reject?: Batch["reject"]): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) throw new TrailError("The trail is closed.");
    const fields = drafts.map(encodeDraft);
    for (const { peer } of drafts) {
      if (this.#peers.has(peer)) continue;
      this.#peers.add(peer);
      this.#joined = true;
    }
    const size = fields.reduce((sum, { length }) => sum + length, 0);
    this.#queue.push({ fields, time: this.#stamp(), size, resolve, reject });
    if (resolve !== undefined) this.#asking += 1;
  }

  /** The clock's time, or the last one where that went back. */
  #stamp(): string {
    const now = Math.floor(this.#now());
    if (now > this.#milliseconds) {
      this.#milliseconds = now;
      this.#time = new Date(now).toISOString();
    }
    return this.#time;
  }

  /** Starts the flusher once this turn's callers have all handed over: they share its sync. */
  #flush(): void {
    if (this.#flushing !== undefined || this.#queue.length === 0) return;
    this.#flushing = this.#drain();
  }

  async #drain(): Promise<void> {
    do {
      // Whoever hands over in this turn, or was woken by the last sync, shares the next one. Who was alone the last time is
      // not kept waiting for others: a tick costs a twentieth of a sync.
      if (this.#isTurnDue()) await new Promise<void>((done) => setImmediate(done));
      else if (this.#waited === 1) await undefined;
      else await new Promise<void>((done) => process.nextTick(done));
      await this.#writeNext();
      // What is only noted rides with the next sync: whoever noted it may be about to append.
    } while (this.#asking > 0 || this.#isMore);
    // In the same turn as that look: whoever appends from here on starts the flusher again.
    this.#flushing = undefined;
  }

  /** A disk may be so quick that nothing else waits: signals, deadlines and what tools say have their turn all the same. */
  #isTurnDue(): boolean {
    const now = performance.now();
    if (now - this.#turned < TURN) return false;
    this.#turned = now;
    return true;
  }

  async #writeNext(): Promise<void> {
    const batches = this.#take();
    this.#isMore = this.#queue.length > 0;
    this.#waited = batches.filter(({ resolve }) => resolve !== undefined).length;
    this.#asking -= this.#waited;
    let lines = "";
    let next = this.#next;
    for (const { fields, time } of batches) {
      for (const own of fields) lines += encodeRecord(this.#opening, next++, uuidv7(this.#milliseconds), time, own);
    }
    try {
      await this.#persist(this.#bytesOf(lines), next - this.#next);
    } catch (error) {
      this.#abort(error, batches);
      return;
    }
    for (const { fields, resolve } of batches) {
      resolve?.(this.#next);
      this.#next += fields.length;
    }
  }

  /** In a buffer that is used again, as long as it has room for the worst: who writes next has waited for this. */
  #bytesOf(lines: string): Buffer {
    if (lines.length * 3 > this.#scratch.length) return Buffer.from(lines);
    return this.#scratch.subarray(0, this.#scratch.write(lines));
  }

  #take(): readonly Batch[] {
    let size = 0;
    let end = 0;
    while (end < this.#queue.length && size < SETTINGS.trail.batchBytes) size += this.#queue[end++]!.size;
    return this.#queue.splice(0, end);
  }

  /** An error ends the segment, for a file whose sync failed once is never believed again. The lines get a second one. */
  async #persist(lines: Buffer, count: number): Promise<void> {
    if (this.#segment !== undefined && (this.#joined || this.#segment.bytes >= this.#segmentBytes)) {
      const full = this.#leaveSegment();
      // Without its footer it reads the same.
      await full?.close(false).catch(() => undefined);
      this.#sealing?.finished(full?.bytes ?? 0);
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#segment ??= await this.#openSegment();
        const written = this.#segment.append(lines, count);
        return written instanceof Promise ? await written : written;
      } catch (error) {
        this.#leaveSegment()?.abandon();
        if (attempt === 2) throw error;
      }
    }
  }

  #leaveSegment(): Segment | undefined {
    const segment = this.#segment;
    this.#segment = undefined;
    if (segment !== undefined) this.#previous = segment.ended();
    return segment;
  }

  #openSegment(): Promise<Segment> {
    const number = ++this.#segments;
    this.#joined = false;
    const header: Header = {
      kind: "segment.header",
      format: "gang-trail",
      version: SEGMENT_VERSION,
      process: this.process,
      segment: number,
      ...thisProcess(),
      time: this.#stamp(),
      peers: [...this.#peers],
      first: this.#next,
      ...(this.#previous && { previous: this.#previous }),
    };
    return Segment.open(this.#disk, join(this.#directory, this.process, `${number}.jsonl`), header);
  }

  #abort(cause: unknown, batches: readonly Batch[]): void {
    const failure = new TrailError(
      `The trail can no longer be written (${reasonOf(cause)}). Everything acknowledged so far is on disk.`,
      { cause },
    );
    this.#failure = failure;
    const waiting = [...batches, ...this.#queue];
    this.#queue = [];
    for (const { reject } of waiting) reject?.(failure);
    this.#fail(failure);
  }
}
