/** The files of a sample: its own in memory, those of the checkout from the disk. */
import { dirname } from "node:path";
import { fileSystemHost } from "../../cli/host.ts";
import type { Host } from "../../compiler/host.ts";
import type { Subject } from "./examine.ts";

const disk = fileSystemHost();
const read = remembered(disk.read);
const projectOf = remembered(disk.projectOf);
const realPath = remembered(disk.realPath);
/** What is slow to read of TypeScript files is kept over all inputs. */
const kept = new Map<string, string>();

export function hostOf({ path, text, files }: Pick<Subject, "path" | "text" | "files">): Host {
  const made = path.startsWith("/samples/");
  return {
    read(file) {
      if (file === path) return { ok: true, text };
      const beside = files.get(file);
      if (beside !== undefined) return { ok: true, text: beside };
      return made ? { ok: false, reason: "missing" } : read(file);
    },
    projectOf: (file) => (made ? dirname(path) : projectOf(file)),
    realPath: (file) => (made ? file : realPath(file)),
    cache: { get: (key) => kept.get(key), set: (key, value) => void kept.set(key, value) },
  };
}

/** The disk is asked once for each path. */
function remembered<T>(ask: (path: string) => T): (path: string) => T {
  const known = new Map<string, T>();
  return (path) => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const answer = ask(path);
    if (known.size < 10_000) known.set(path, answer);
    return answer;
  };
}
