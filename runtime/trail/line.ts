/**
 * A line of a segment: one JSON object whose last field is the CRC32 of the bytes before it, in eight hex digits, so
 * that `jq` and DuckDB read the line as it stands and the check needs no parsing.
 */
import { isUtf8 } from "node:buffer";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { SETTINGS } from "../settings.ts";
import { Json } from "../types.ts";
import { type Draft, KINDS, RECORD_VERSION, type Record } from "./record.ts";

/** The version of the segment format that this code reads and writes. */
export const SEGMENT_VERSION = 1;

const name = z.string().max(200);

/** The first line of a segment: who writes it, for whom, and what it continues. */
export const Header = z.looseObject({
  kind: z.literal("segment.header"),
  format: z.literal("gang-trail"),
  version: z.int().positive(),
  process: name.min(1),
  /** Number of the segment in its process, from 1: the name of the file. */
  segment: z.int().positive(),
  machine: name,
  boot: name,
  namespace: name,
  pid: z.int().nonnegative(),
  start: name,
  time: name,
  /** The peers that this process may speak for. */
  peers: z.array(name).max(10_000),
  /** Sequence number of the first record, if there is one. */
  first: z.int().positive(),
  /** The segment before: how many of its bytes were acknowledged (its footer apart), and their SHA-256. */
  previous: z.looseObject({ segment: z.int().positive(), bytes: z.int().nonnegative(), hash: name }).optional(),
});
export type Header = z.infer<typeof Header>;

/** The last line of a segment that was closed in order. */
export const Footer = z.looseObject({
  kind: z.literal("segment.footer"),
  /** Records, and bytes before this line with their SHA-256. */
  count: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  hash: name,
  /** The process closed its trail: no segment follows. */
  last: z.boolean(),
});
export type Footer = z.infer<typeof Footer>;

/** A draft that cannot be written as a line. It is the caller's mistake; the trail goes on. */
export class RecordError extends Error {
  override readonly name = "RecordError";
}

const CRC = ',"crc":"';
const TRAILER = CRC.length + 8 + 2;
/** The deepest nesting of lists and objects in a record. */
const DEEPEST = 500;
/** Room for the stamp and the CRC beside a draft. */
const ENVELOPE = 512;

function seal(open: string): string {
  return `${open}${trailerOf(crc32(open))}\n`;
}

function trailerOf(crc: number): string {
  return `${CRC}${fourDigits(crc >>> 16)}${fourDigits(crc & 0xffff)}"}`;
}

/** In hex. A number of 32 bits at once would be written as a fraction is, which takes thrice as long. */
const fourDigits = (number: number): string => (0x10000 | number).toString(16).slice(1);

/** A header, a footer or a manifest as a line. */
export function encodeMark(mark: Header | Footer | { readonly kind: "manifest" }): string {
  return seal(JSON.stringify(mark).slice(0, -1));
}

const RESERVED = ["v", "process", "seq", "id", "time", "crc"] as const;

/**
 * The draft's own fields as JSON, without the braces. Our drafts are typed, so they are not parsed again (zod would cost
 * more than the rest of the write); only what JSON itself would drop, change or fail on is looked for.
 *
 * @throws RecordError
 */
export function encodeDraft(draft: Draft): string {
  for (const name of RESERVED) {
    if (Object.hasOwn(draft, name))
      throw new RecordError(`A record may not bring its own \`${name}\`: the trail writes it.`);
  }
  let json: string;
  try {
    json = JSON.stringify(draft);
    // JSON writes what it has no word for as null, and half a surrogate pair as \udxxx, which DuckDB refuses to read.
    // Short JSON cannot nest deeply.
    if (json.includes("null") || json.length > 2 * DEEPEST) findUnwritable(draft, draft.kind, 0);
    if (json.includes("\\ud")) json = JSON.stringify(wellFormed(JSON.parse(json)));
  } catch (error) {
    if (error instanceof RecordError) throw error;
    // A BigInt, a cycle, nesting beyond the stack, a string longer than the engine's longest.
    throw new RecordError(`A record of kind ${draft.kind} cannot be written as JSON: ${firstLine(error)}`);
  }
  const length = json.length * 3 < SETTINGS.trail.lineBytes ? 0 : Buffer.byteLength(json);
  if (length > SETTINGS.trail.lineBytes - ENVELOPE) {
    throw new RecordError(
      `A record of kind ${draft.kind} takes ${length} bytes, more than the ${SETTINGS.trail.lineBytes} of a line: keep its output as an artifact.`,
    );
  }
  return json.slice(1, -1);
}

/** A numbered record as a line. `open` is the line's beginning, the same for all records of a process. */
export function encodeRecord(open: string, seq: number, id: string, time: string, fields: string): string {
  return seal(`${open}${seq},"id":"${id}","time":"${time}",${fields}`);
}

export function openingOf(process: string): string {
  return `{"v":${RECORD_VERSION},"process":${JSON.stringify(process)},"seq":`;
}

function findUnwritable(value: unknown, path: string, depth: number): void {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new RecordError(`\`${path}\` is ${value}, which JSON cannot hold.`);
  }
  if (typeof value !== "object" || value === null) return;
  if (depth > DEEPEST) throw new RecordError(`\`${path.slice(0, 100)}…\` is nested more than ${DEEPEST} deep.`);
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      if (item === undefined || typeof item === "function" || typeof item === "symbol") {
        throw new RecordError(`\`${path}[${index}]\` is ${typeof item}, which JSON cannot hold.`);
      }
      findUnwritable(item, `${path}[${index}]`, depth + 1);
    });
    return;
  }
  for (const [key, item] of Object.entries(value)) findUnwritable(item, `${path}.${key}`, depth + 1);
}

function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), wellFormed(item)]));
}

export type Line =
  | { readonly type: "record"; readonly record: Record; readonly crc: number; readonly newer: boolean }
  | { readonly type: "header"; readonly header: Header }
  | { readonly type: "footer"; readonly footer: Footer }
  /** What is wrong with it, as a clause. */
  | { readonly type: "bad"; readonly why: string };

/** Each field of the envelope, and what it must be. By hand: zod takes 1.5 µs for these twelve, this 0.2. */
const ENVELOPE_FIELDS: readonly (readonly [name: string, fits: (value: unknown) => boolean])[] = [
  ["v", isCount],
  ["process", (value) => isText(value, 200) && value !== ""],
  ["seq", isCount],
  ["id", (value) => isText(value, 200) && value !== ""],
  ["time", (value) => typeof value === "string" && TIME.test(value)],
  ["kind", (value) => isText(value, 100) && value !== ""],
  ["peer", (value) => isText(value, 200)],
  ["run", (value) => value === undefined || isText(value, 200)],
  ["plan", (value) => value === undefined || isText(value, 200)],
  ["stage", (value) => value === undefined || isText(value, 1000)],
  ["scope", (value) => value === undefined || isText(value, 10_000)],
  ["attempt", (value) => value === undefined || isText(value, 200)],
];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function isText(value: unknown, longest: number): boolean {
  return typeof value === "string" && value.length <= longest;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/**
 * The record of each kind, for checking only. zod compiles a plain object to a function (0.2 µs a record) but walks a
 * loose one (1.5 µs), and its `json()` (2 µs) asks again what JSON.parse has just made sure of.
 */
const RECORDS: ReadonlyMap<string, z.ZodType> = new Map(
  Object.entries(KINDS).map(([kind, schema]) => {
    const fields = Object.entries(schema.shape).map(([name, field]: [string, z.ZodType]) => {
      return [
        name,
        field instanceof z.ZodOptional && field.unwrap() === Json ? z.any().optional().optional() : field,
      ] as const;
    });
    return [kind, z.object(Object.fromEntries(fields))];
  }),
);

/** The text of a line less its CRC, its value and the CRC; a clause that says what is wrong where something is. */
function unseal(
  bytes: Buffer,
): { readonly json: string; readonly value: { [key: string]: unknown }; readonly crc: number } | string {
  const text = bytes.toString("utf8");
  const trailer = text.slice(-TRAILER);
  if (!trailer.startsWith(CRC)) return "it does not end in a CRC";
  const crc = crc32(bytes.subarray(0, bytes.length - TRAILER));
  if (trailer !== trailerOf(crc)) return "its CRC does not fit its bytes";
  // What is kept as text must come back byte for byte.
  if (!isUtf8(bytes)) return "it is not UTF-8";
  try {
    const json = `${text.slice(0, -TRAILER)}}`;
    return { json, value: JSON.parse(json), crc };
  } catch {
    return "it is not JSON";
  }
}

/** The value of a line of any length that is no record; a clause where something is wrong with it. */
export function decodeSealed(bytes: Buffer): object | string {
  const opened = unseal(bytes);
  return typeof opened === "string" ? opened : opened.value;
}

/** The CRC that a line ends in; `undefined` where it does not fit. Parses nothing. */
export function crcOf(bytes: Buffer): number | undefined {
  const crc = crc32(bytes.subarray(0, Math.max(0, bytes.length - TRAILER)));
  return bytes.subarray(-TRAILER).toString("latin1") === trailerOf(crc) ? crc : undefined;
}

/** Whether a process may write this: its header says for whom it speaks. Where that is damaged nobody can tell. */
export function maySpeak(header: Header | undefined, { peer }: Record): boolean {
  return header === undefined || header.peers.includes(peer);
}

/** Reads one line, without its newline. Never throws. */
export function decodeLine(bytes: Buffer): Line {
  if (bytes.length > SETTINGS.trail.lineBytes)
    return { type: "bad", why: `it is longer than ${SETTINGS.trail.lineBytes} bytes` };
  const opened = unseal(bytes);
  if (typeof opened === "string") return { type: "bad", why: opened };
  const { json, value, crc } = opened;
  const { kind } = value;
  if (kind === "segment.header") return checked(Header.safeParse(value), (header) => ({ type: "header", header, crc }));
  if (kind === "segment.footer") return checked(Footer.safeParse(value), (footer) => ({ type: "footer", footer, crc }));
  for (const [name, fits] of ENVELOPE_FIELDS) {
    if (!fits(value[name])) return { type: "bad", why: `its \`${name}\` does not fit` };
  }
  const newer = (value.v as number) > RECORD_VERSION;
  const fields = newer ? undefined : RECORDS.get(kind as string)?.safeParse(value);
  if (fields?.success === false) return { type: "bad", why: complaint(fields.error) };
  if (!isSound(value, 0)) return { type: "bad", why: "a number in it is not finite, or it is nested too deeply" };
  // Some take the first of them and some the last. What we wrote comes back as it was: others' is looked at.
  if (JSON.stringify(value) !== json && keysIn(json) !== keysOf(value))
    return { type: "bad", why: "one of its objects has a key twice" };
  // The value as it was parsed, not as zod copied it: unknown fields survive, `__proto__` as a key too.
  return { type: "record", record: value as unknown as Record, crc, newer };
}

/** JSON.parse makes Infinity of 1e999, which no JSON can hold again; and whoever walks a value must be able to. */
function isSound(value: unknown, depth: number): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  if (depth > DEEPEST) return false;
  if (Array.isArray(value)) return value.every((item) => isSound(item, depth + 1));
  // By far the fastest way over an object; none that JSON.parse made inherits anything enumerable.
  for (const key in value) {
    if (!isSound((value as { readonly [key: string]: unknown })[key], depth + 1)) return false;
  }
  return true;
}

function keysIn(json: string): number {
  let count = 0;
  for (const [, colon] of json.matchAll(/"(?:[^"\\]+|\\.)*"\s*(:)?/g)) if (colon !== undefined) count += 1;
  return count;
}

function keysOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inside = Object.values(value);
  return (Array.isArray(value) ? 0 : inside.length) + inside.reduce((sum: number, one) => sum + keysOf(one), 0);
}

function checked<T>(result: z.ZodSafeParseResult<T>, make: (value: T) => Line): Line {
  return result.success ? make(result.data) : { type: "bad", why: complaint(result.error) };
}

function complaint(error: z.ZodError): string {
  const issue = error.issues[0]!;
  return `its \`${issue.path.join(".")}\` does not fit (${issue.message})`;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]!;
}

export type RecordLine = Extract<Line, { type: "record" }>;

/** Where the whole lines of a chunk are, without their newlines. */
export function* linesOf(chunk: Buffer): Generator<readonly [start: number, end: number]> {
  let start = 0;
  for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
    yield [start, end];
    start = end + 1;
  }
}

/** Where damage took a newline, the records around it are still whole: they are found by their beginning and their CRC. */
export function salvage(bytes: Buffer): { readonly line: RecordLine; readonly bytes: Buffer }[] {
  const found: { line: RecordLine; bytes: Buffer }[] = [];
  let start = bytes.indexOf('{"v":');
  while (start !== -1) {
    let tries = 0;
    let end: number | undefined;
    for (let crc = bytes.indexOf(CRC, start); crc !== -1 && tries < 8; crc = bytes.indexOf(CRC, crc + 1)) {
      tries += 1;
      const whole = bytes.subarray(start, crc + TRAILER);
      const line = decodeLine(whole);
      if (line.type !== "record") continue;
      found.push({ line, bytes: whole });
      end = crc + TRAILER;
      break;
    }
    start = bytes.indexOf('{"v":', end ?? start + 1);
  }
  return found;
}
