/** PATH arguments: a file, or a folder that stands for the Gang files in it. All paths returned are absolute. */
import { type Dirent, existsSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { LARGEST_FILE } from "../compiler/host.ts";
import { environmentError, usageError } from "./command.ts";
import { fileSystemHost, isFolder } from "./host.ts";

const EXTENSION = ".gang";
const HAS_PIPELINE = /^pipeline\b/m;

/** What a command that takes one program works on: the file, or the folder's `main.gang`, or its only file with a pipeline. */
export function programFile(cwd: string, path = "."): string {
  const full = resolve(cwd, path);
  if (!existsSync(full)) throw usageError(`there is no ${shown(cwd, full)}.`);
  if (!isFolder(full)) return full;
  const candidates = programsIn(cwd, full);
  if (candidates.length === 1) return candidates[0]!;
  if (candidates.length === 0) {
    throw usageError(
      `${folder(cwd, full)} holds neither main${EXTENSION} nor a ${EXTENSION} file with a pipeline.`,
      "Name a file.",
    );
  }
  const names = candidates.map((file) => relative(full, file)).join(", ");
  throw usageError(
    `${folder(cwd, full)} has several ${EXTENSION} files with a pipeline: ${names}.`,
    `Name one of them, or call one main${EXTENSION}.`,
  );
}

/** The program of a folder, if it has one. */
export function programIn(path: string): string | undefined {
  const candidates = programsIn(path, path);
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** `main.gang` alone, or each file with a pipeline. */
function programsIn(cwd: string, full: string): readonly string[] {
  const main = join(full, `main${EXTENSION}`);
  if (existsSync(main)) return [main];
  const host = fileSystemHost();
  return entriesOf(cwd, full)
    .filter(({ name }) => name.endsWith(EXTENSION) && !isFolder(join(full, name)))
    .map(({ name }) => join(full, name))
    .filter((file) => {
      const read = host.read(file);
      return read.ok && HAS_PIPELINE.test(read.text);
    });
}

/** In order of their names. */
function entriesOf(cwd: string, full: string): readonly Dirent[] {
  try {
    return readdirSync(full, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    throw environmentError(`${folder(cwd, full)} cannot be read.`);
  }
}

/** What `check` and `fmt` work on: each file, and every Gang file under each folder; each once, in order. */
export function gangFiles(cwd: string, paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths.length === 0 ? ["."] : paths) {
    const full = resolve(cwd, path);
    if (!existsSync(full)) throw usageError(`there is no ${shown(cwd, full)}.`);
    if (!isFolder(full)) {
      found.add(full);
      continue;
    }
    const before = found.size;
    for (const file of filesUnder(cwd, full)) found.add(file);
    if (found.size === before) throw usageError(`there is no ${EXTENSION} file under ${folder(cwd, full)}.`);
  }
  return [...found];
}

function* filesUnder(cwd: string, full: string): Iterable<string> {
  for (const entry of entriesOf(cwd, full)) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const path = join(full, entry.name);
    // Links to folders are not followed: they may lead in a circle.
    if (entry.isDirectory()) yield* filesUnder(cwd, path);
    else if (entry.name.endsWith(EXTENSION) && !isFolder(path)) yield path;
  }
}

/** A path as a user would write it: relative where that is shorter. */
export function shown(cwd: string, path: string): string {
  const short = relative(cwd, path);
  return short === "" ? "." : short.length < path.length ? short : path;
}

const folder = (cwd: string, path: string): string => (path === cwd ? "this folder" : shown(cwd, path));

/** Why there is no text, as the end of a sentence about the file. */
export const UNREADABLE = {
  missing: "is not there",
  directory: "is a folder",
  binary: "is no text: Gang files are UTF-8",
  "too-large": `is larger than ${LARGEST_FILE / 2 ** 20} MB, the most that a Gang file may be`,
  unreadable: "cannot be read",
} as const;
