/** The segments that are not sealed as a whole, and what is in them. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { footerOf, headerOf } from "./ends.ts";
import { entries } from "./folder.ts";
import {
  decodeLine,
  type Header,
  type Line,
  linesOf,
  maySpeak,
  type RecordLine,
  SEGMENT_VERSION,
  salvage,
} from "./line.ts";
import { livenessOf } from "./liveness.ts";
import { ASIDE, type Manifest } from "./manifest.ts";

export interface Tail {
  /** The segment as a manifest names it: `<folder>/<file>`, also where it was renamed aside. */
  readonly path: string;
  /** The file as it is. */
  readonly file: string;
  readonly aside: boolean;
  readonly size: number;
  /** Bytes from the beginning that are accounted for. */
  readonly covered: number;
}

/** Segments with bytes that are not covered, by folder. */
export function tailsOf(directory: string, manifest: Manifest | undefined): Tail[] {
  const covered = new Map(manifest?.covered.map(({ path, bytes }) => [path, bytes]));
  const trail = join(directory, "trail");
  const tails: Tail[] = [];
  for (const folder of entries(trail)) {
    for (const name of entries(join(trail, folder))) {
      const aside = name.endsWith(ASIDE);
      const plain = aside ? name.slice(0, -ASIDE.length) : name;
      if (!plain.endsWith(".jsonl")) continue;
      const path = `${folder}/${plain}`;
      const file = join(trail, folder, name);
      const size = sizeOf(file);
      const done = covered.get(path) ?? 0;
      if (size !== undefined && size > done) tails.push({ path, file, aside, size, covered: done });
    }
  }
  return tails;
}

/** Of them, those that nothing is appended to any more: closed, followed by another, aside, or of a dead process. */
export function endedOf(directory: string, tails: readonly Tail[]): (Tail & { readonly header: Header })[] {
  const known = new Map<string, readonly { readonly file: string; readonly header: Header }[]>();
  const headersOf = (folder: string) => {
    let headers = known.get(folder);
    if (headers === undefined) {
      headers = entries(join(directory, "trail", folder)).flatMap((name) => {
        const file = join(directory, "trail", folder, name);
        const header = /\.jsonl(\.sealed)?$/.test(name) ? headerOf(file) : undefined;
        return header === undefined ? [] : [{ file, header }];
      });
      known.set(folder, headers);
    }
    return headers;
  };
  const dead = new Map<string, boolean>();
  const isDead = (header: Header): boolean => {
    let verdict = dead.get(header.process);
    if (verdict === undefined) {
      verdict = livenessOf(header, directory) === "dead";
      dead.set(header.process, verdict);
    }
    return verdict;
  };
  return tails.flatMap((tail) => {
    const headers = headersOf(tail.path.split("/")[0]!);
    const own = headers.find(({ file }) => file === tail.file)?.header;
    // Where its own is damaged, any other of the same process tells as much.
    const header = own ?? headers[0]?.header;
    if (header === undefined || header.version > SEGMENT_VERSION) return [];
    const followed =
      own !== undefined &&
      headers.some(({ header: other }) => other.process === own.process && other.segment > own.segment);
    return tail.aside || followed || isDead(header) || footerOf(tail.file) !== undefined ? [{ ...tail, header }] : [];
  });
}

/** What a tail holds, whole lines only. */
export interface TailContent {
  readonly lines: readonly { readonly line: Exclude<Line, { type: "bad" }>; readonly text: string }[];
  /** Bytes from the beginning of the file to the end of the last whole line. */
  readonly end: number;
  /** Something in it could not be read, or is not as it was closed. */
  readonly damaged: boolean;
}

export function readTail(bytes: Buffer, covered: number, process: string): TailContent {
  const end = Math.max(bytes.lastIndexOf(10) + 1, covered);
  const lines: { line: Exclude<Line, { type: "bad" }>; text: string }[] = [];
  let damaged = false;
  let closed = false;
  const first = decodeLine(bytes.subarray(0, Math.max(bytes.indexOf(10), 0)));
  const header = first.type === "header" ? first.header : undefined;
  const isOwn = ({ record }: RecordLine): boolean => record.process === process && maySpeak(header, record);
  const open = bytes.subarray(covered, end);
  for (const [from, to] of linesOf(open)) {
    const text = open.subarray(from, to);
    const line = decodeLine(text);
    const offset = covered + from;
    if (closed) damaged = true;
    if (line.type === "bad") {
      damaged = true;
      for (const found of salvage(text)) {
        if (isOwn(found.line)) lines.push({ line: found.line, text: found.bytes.toString() });
      }
      continue;
    }
    if (line.type === "record" && !isOwn(line)) {
      damaged = true;
      continue;
    }
    if (line.type === "header" && offset !== 0) damaged = true;
    if (line.type === "footer") {
      closed = true;
      const { footer } = line;
      const hash = createHash("sha256").update(bytes.subarray(0, offset)).digest("hex");
      if (footer.bytes !== offset || footer.hash !== hash) damaged = true;
    }
    lines.push({ line, text: text.toString() });
  }
  return { lines, end, damaged };
}

function sizeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size;
  } catch {
    return;
  }
}
