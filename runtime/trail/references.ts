/** Which artifacts a record needs: those that it names, what a large value names, and the files of a folder. */
import { readFileSync, statSync } from "node:fs";
import { artifactPath } from "./artifacts.ts";

/** `"artifact":"…"` of a record, `"content":"…"` of a folder's list, and addresses, also in JSON within JSON. */
const NAMED = /"(?:(artifact|content)":"|(file|dir):)([0-9a-f]{64})(?:"|:\d{1,15}(?:\.\w{1,12})?\\*")/g;

/** More than a large value or a list has: what is longer is content, and names nothing. */
const LONGEST = 256 * 2 ** 20;

export interface References {
  /** Hashes, in the text of a record and in all that these lead to. */
  of(text: string): ReadonlySet<string>;
}

/** Of a store, as its artifacts are now. */
export function referencesOf(directory: string): References {
  const within = new Map<string, readonly string[]>();
  const collect = (text: string, into: Set<string>): void => {
    for (const [, field, kind, found = ""] of text.matchAll(NAMED)) {
      if (into.has(found)) continue;
      // A text of its own: a part would keep the whole in memory.
      const hash = Buffer.from(found, "latin1").toString("latin1");
      into.add(hash);
      // A file is content.
      if (field !== "artifact" && kind !== "dir") continue;
      let names = within.get(hash);
      if (names === undefined) {
        // What is damaged may name itself.
        within.set(hash, []);
        const own = new Set<string>();
        collect(textOf(directory, hash), own);
        names = [...own];
        within.set(hash, names);
      }
      for (const name of names) into.add(name);
    }
  };
  return {
    of(text) {
      const found = new Set<string>();
      collect(text, found);
      return found;
    },
  };
}

/** Whether it is worth while to look: most records name none. */
export const mayRefer = (text: string): boolean =>
  text.includes('"artifact":"') || text.includes('"file:') || text.includes('"dir:');

function textOf(directory: string, hash: string): string {
  const path = artifactPath(directory, hash)!;
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return size === 0 || size > LONGEST ? "" : readFileSync(path, "latin1");
}
