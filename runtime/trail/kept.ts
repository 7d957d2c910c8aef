/**
 * What stays for a person to look at: sealed segments of which something is damaged or said otherwise elsewhere, and sealed
 * files that could not be made anew as a whole. What is forgotten must not stay in them.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Disk, writeFile } from "./disk.ts";
import { entries } from "./folder.ts";
import { decodeLine, linesOf, salvage } from "./line.ts";
import { ASIDE, type Manifest, sealedFolder } from "./manifest.ts";
import { NumbersByProcess } from "./numbers.ts";
import { readSealed } from "./sealed.ts";
import { uuidv7 } from "./uuid.ts";

/**
 * Puts spaces where a forgotten record stands in a segment that is kept: all else stays where it was. Rejects where the
 * sealed files, which know what is forgotten, cannot be read, or the disk refuses.
 */
export async function blankForgotten(directory: string, disk: Disk, manifest: Manifest): Promise<void> {
  const trail = join(directory, "trail");
  const paths = manifest.covered.flatMap(({ path, damaged }) => (damaged === true ? [join(trail, path + ASIDE)] : []));
  const kept = paths.flatMap((path) => {
    const bytes = bytesOf(path);
    return bytes === undefined ? [] : [{ path, bytes }];
  });
  if (kept.length === 0) return;
  const forgotten = new NumbersByProcess().addAll(manifest.forgotten);
  const files = manifest.files.map(({ name }) => join(sealedFolder(directory), name));
  await readSealed(files, { where: "gone = 'forgotten'" }, (rows) => {
    for (const { process, seq } of rows) forgotten.of(process).add(seq);
  });
  if (forgotten.size === 0) return;
  for (const { path, bytes } of kept) {
    if (!blank(bytes, forgotten)) continue;
    // A name that tidying up takes away, should this be killed here.
    const name = `${manifest.generation}-${uuidv7(Date.now())}.${basename(path)}`;
    await replace(disk, path, bytes, join(sealedFolder(directory), name));
  }
}

/** Returns whether there was anything to blank. */
function blank(bytes: Buffer, forgotten: NumbersByProcess): boolean {
  let found = false;
  for (const text of piecesOf(bytes)) {
    const line = decodeLine(text);
    const records = line.type === "bad" ? salvage(text) : line.type === "record" ? [{ line, bytes: text }] : [];
    for (const { line, bytes: own } of records) {
      const { process, seq } = line.record;
      if (forgotten.get(process)?.has(seq) !== true) continue;
      own.fill(" ");
      found = true;
    }
  }
  return found;
}

async function replace(disk: Disk, path: string, bytes: Buffer, beside: string): Promise<void> {
  await writeFile(disk, beside, bytes);
  disk.rename(beside, path);
  disk.syncFolder(dirname(path));
}

/**
 * Files that hold a text, or one of the ids, where no record can be told from it, and those of which nobody can say: damaged
 * lines, whatever else is kept, and sealed files that could not be made anew.
 */
export function unreadWith(directory: string, ids: readonly string[], match: string | undefined): string[] {
  // As it stands in a line of JSON, and as it was typed.
  const texts = match === undefined ? [] : [match, JSON.stringify(match).slice(1, -1)];
  const trail = join(directory, "trail");
  const segments = entries(trail).flatMap((folder) =>
    entries(join(trail, folder)).map((name) => join(trail, folder, name)),
  );
  const holding = segments.filter((path) => mayHold(path, texts, ids));
  const folder = sealedFolder(directory);
  const damaged = entries(folder).filter((name) => name.startsWith("damaged-"));
  return [...holding, ...damaged.map((name) => join(folder, name))];
}

function mayHold(path: string, texts: readonly string[], ids: readonly string[]): boolean {
  let bytes: Buffer | undefined;
  try {
    bytes = bytesOf(path);
  } catch {
    return true;
  }
  if (bytes === undefined) return false;
  if (path.endsWith(ASIDE) && texts.some((text) => bytes.includes(text))) return true;
  const all = [...texts, ...ids];
  return all.some((text) => bytes.includes(text)) && isInDamage(bytes, all);
}

function isInDamage(bytes: Buffer, texts: readonly string[]): boolean {
  for (const piece of piecesOf(bytes)) {
    if (texts.some((text) => piece.includes(text)) && decodeLine(piece).type === "bad") return true;
  }
  return false;
}

/** The lines, and what comes after the last newline. */
function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (const [start, end] of linesOf(bytes)) yield bytes.subarray(start, end);
  yield bytes.subarray(bytes.lastIndexOf(10) + 1);
}

/** `undefined` where it is gone. */
function bytesOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
}
