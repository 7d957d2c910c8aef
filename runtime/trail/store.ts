import { existsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { TrailError } from "./trail.ts";

/** A folder with one of these is a project. */
const PROJECT_FILES = ["gang.yaml", "package.json"] as const;

/** The project of a folder: the nearest at or above it, else the folder itself. */
export function projectOf(folder: string): string {
  const start = resolve(folder);
  for (let at = start; ; at = dirname(at)) {
    if (PROJECT_FILES.some((name) => existsSync(join(at, name)))) return at;
    if (at === dirname(at)) return start;
  }
}

/**
 * Where the store is: `explicit` (as given to `--store`, relative to `start`), else `.gang` in the project of `start`.
 * Nothing is made: a store that does not exist yet reads as empty.
 *
 * @throws TrailError where something else than a folder is in its place.
 */
export function resolveStore(start: string, explicit?: string): string {
  const store = explicit === undefined ? join(projectOf(start), ".gang") : resolve(start, explicit);
  if (!isFree(store)) throw new TrailError(`The store ${store} is not a folder that can be read.`);
  return store;
}

/** Whether a folder is there, or can be made: the nearest entry at or above the path is a folder. */
function isFree(path: string): boolean {
  try {
    for (let at = path; ; at = dirname(at)) {
      const stats = statSync(at, { throwIfNoEntry: false });
      if (stats !== undefined || at === dirname(at)) return stats?.isDirectory() ?? true;
    }
  } catch {
    return false; // below a folder that is not ours
  }
}
