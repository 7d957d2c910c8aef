/** One file of a process's trail, open for appending. It does not retry: whoever writes decides what an error means. */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { after } from "../after.ts";
import type { Disk } from "./disk.ts";
import { encodeMark, type Footer, type Header } from "./line.ts";

/** What a segment held when it ended: the next one's header names it. */
export type Ended = NonNullable<Header["previous"]>;

export class Segment {
  readonly number: number;
  /** Bytes that are written and synced. */
  bytes = 0;
  #count = 0;
  readonly #disk: Disk;
  readonly #path: string;
  readonly #file: number;
  readonly #is: ReturnType<Disk["identify"]>;
  readonly #hash = createHash("sha256");

  private constructor(disk: Disk, path: string, file: number, number: number) {
    this.number = number;
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
    this.#is = disk.identify(file);
  }

  /** Makes the file, and its folders where they are missing; resolves once header and entry are on the disk. */
  static async open(disk: Disk, path: string, header: Header): Promise<Segment> {
    disk.makeFolder(dirname(path));
    const segment = new Segment(disk, path, disk.create(path), header.segment);
    try {
      await segment.#append(Buffer.from(encodeMark(header)));
      disk.syncFolder(dirname(path));
    } catch (error) {
      segment.abandon();
      throw error;
    }
    return segment;
  }

  /** Once done, the lines are on the disk, in a file that readers will find. The bytes are the caller's again then. */
  append(lines: Buffer, count: number): void | Promise<void> {
    return after(this.#append(lines), () => {
      // Asked after each sync: some 8 µs beside 125. Whoever took this process for dead may have moved the file aside.
      const there = this.#disk.identify(this.#path);
      if (there?.ino !== this.#is?.ino || there?.dev !== this.#is?.dev)
        throw new Error("the segment was moved or deleted");
      this.#count += count;
    });
  }

  #append(bytes: Buffer): void | Promise<void> {
    const taken = this.#disk.write(this.#file, bytes);
    if (taken !== bytes.length) throw new Error(`only ${taken} of ${bytes.length} bytes were written`);
    return after(this.#disk.sync(this.#file), () => {
      this.#hash.update(bytes);
      this.bytes += bytes.length;
    });
  }

  ended(): Ended {
    return { segment: this.number, bytes: this.bytes, hash: this.#hash.copy().digest("hex") };
  }

  /** Writes the footer and closes the file. */
  async close(last: boolean): Promise<void> {
    const { bytes, hash } = this.ended();
    const footer: Footer = { kind: "segment.footer", count: this.#count, bytes, hash, last };
    try {
      await this.#append(Buffer.from(encodeMark(footer)));
    } finally {
      this.abandon();
    }
  }

  /** Closes the file as it is. */
  abandon(): void {
    try {
      this.#disk.close(this.#file);
    } catch {
      // A failed close says nothing new: what was acknowledged had been synced before.
    }
  }
}
