/**
 * Generations of the sealed part of a trail. `.gang/sealed/MANIFEST-<g>.json` lists its files, which numbers of which
 * processes they account for, and which bytes of which segments are thereby done with. It is one line with a CRC, like a
 * record, and is published by `link`, which fails where <g> is there already: of two compactors one wins, and the other's
 * work is dropped.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Disk, writeFile } from "./disk.ts";
import { entries } from "./folder.ts";
import { decodeSealed, encodeMark } from "./line.ts";
import { NumbersByProcess } from "./numbers.ts";
import type { TrailProblem } from "./trail.ts";
import { uuidv7 } from "./uuid.ts";

/** The version of manifests and sealed files that this code reads and writes. */
export const MANIFEST_VERSION = 1;

const count = z.int().nonnegative();
const name = z.string().regex(/^[\w.-]+$/);
const numbers = z.array(z.tuple([z.string(), z.int().positive(), z.int().positive()]));

export const SealedFile = z.looseObject({
  /** In the folder of the manifest. */
  name,
  bytes: count,
  /** SHA-256 of the file. */
  hash: z.string(),
  /** Records it accounts for, and lines that it holds: those of marks too, and not those of what has gone. */
  records: count,
  lines: count,
  /** Sum of the lines' CRCs modulo 2^48: so that what is read back is what was handed over. */
  sum: count,
  numbers,
  /** Time of the oldest line in it that may go once it is old enough. */
  expires: z.string().optional(),
});
export type SealedFile = z.infer<typeof SealedFile>;

const Covered = z.looseObject({
  /** The segment, as `<folder>/<file>` in the trail. */
  path: z.string(),
  /** From its beginning on: all that is in there is accounted for. */
  bytes: count,
  /** When that was so; it may go some time after. */
  time: z.string(),
  /** Something in it could not be read: it is kept for a person. */
  damaged: z.boolean().optional(),
});
export type Covered = z.infer<typeof Covered>;

export const Manifest = z.looseObject({
  kind: z.literal("manifest"),
  format: z.literal("gang-manifest"),
  version: z.int().positive(),
  generation: z.int().positive(),
  time: z.string(),
  files: z.array(SealedFile),
  covered: z.array(Covered),
  /** Numbers that were forgotten before they were sealed, or came. */
  forgotten: numbers,
  /**
   * The newest snapshot, in the folder of the manifest, and how many records it is of: of sealed files of this generation, or
   * of an earlier one that differs by nothing but what has come since. `engine` and `version` say who can read it.
   */
  snapshot: z.looseObject({ name, engine: z.string(), version: count, records: count }).optional(),
});
export type Manifest = z.infer<typeof Manifest>;

export function sealedFolder(directory: string): string {
  return join(directory, "sealed");
}

/** What a sealed segment is called until it is deleted. */
export const ASIDE = ".sealed";

/** The generations there are, newest first. */
export function generationsOf(directory: string): number[] {
  return entries(sealedFolder(directory))
    .map((entry) => Number(/^MANIFEST-([1-9]\d{0,14})\.json$/.exec(entry)?.[1] ?? 0))
    .filter((generation) => generation > 0)
    .sort((a, b) => b - a);
}

export function manifestPath(directory: string, generation: number): string {
  return join(sealedFolder(directory), `MANIFEST-${generation}.json`);
}

/** The newest manifest that can be read; `undefined` where nothing was ever sealed. What is in its way is said. */
export function newestManifest(directory: string, problems: TrailProblem[] = []): Manifest | undefined {
  for (const generation of generationsOf(directory)) {
    const path = manifestPath(directory, generation);
    const read = readManifest(path);
    // Others have published newer ones and taken this one away since it was listed.
    if (read === undefined) return newestManifest(directory, problems);
    if (typeof read !== "string" && read.generation === generation) return read;
    const why = typeof read === "string" ? read : "it is another generation's";
    problems.push({ file: path, offset: 0, problem: "damaged-manifest", message: `It cannot be used: ${why}.` });
  }
  return;
}

/** A clause that says what is wrong, where something is; `undefined` where it is not there. */
function readManifest(path: string): Manifest | string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : (error as Error).message;
  }
  const value = decodeSealed(bytes.at(-1) === 10 ? bytes.subarray(0, -1) : bytes);
  if (typeof value === "string") return value;
  const { success, data } = Manifest.safeParse(value);
  if (!success) return "it is no manifest";
  return data.version <= MANIFEST_VERSION ? data : `it has format ${data.version}, and this program reads 1`;
}

/** Everything that the sealed files account for: what is there, and what has gone. */
export function accountedBy(manifest: { readonly files: readonly SealedFile[] } | undefined): NumbersByProcess {
  const numbers = new NumbersByProcess();
  for (const file of manifest?.files ?? []) numbers.addAll(file.numbers);
  return numbers;
}

/** Whether any of the numbers is accounted for by the file. */
export function holdsSome(file: SealedFile, numbers: NumbersByProcess): boolean {
  if (numbers.size === 0) return false;
  return file.numbers.some(([process, from, to]) =>
    numbers.get(process)?.ranges.some(([low, high]) => low <= to && from <= high),
  );
}

/** Resolves with whether it is published: not where another one of this generation is. */
export async function publish(disk: Disk, directory: string, manifest: Manifest): Promise<boolean> {
  const folder = sealedFolder(directory);
  const beside = join(folder, `.MANIFEST-${manifest.generation}-${uuidv7(Date.now())}`);
  await writeFile(disk, beside, Buffer.from(encodeMark(manifest)));
  try {
    disk.link(beside, manifestPath(directory, manifest.generation));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    disk.remove(beside);
  }
  disk.syncFolder(folder);
  return true;
}
