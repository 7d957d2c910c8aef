/** What is in a folder of the store. */
import { readdirSync } from "node:fs";
import { TrailError } from "./trail.ts";

/** Names, in no order; none where there is no such folder. Where it cannot be read, a `TrailError`: what is unseen is not absent. */
export function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw new TrailError(`A folder of the store cannot be read: ${message}`);
  }
}
