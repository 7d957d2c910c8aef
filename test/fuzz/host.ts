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

/** One host a path, so that what it imports is read once. */
const hosts = new Map<string, { readonly host: Host; main: string }>();

export function hostOf({ path, text, files }: Pick<Subject, "path" | "text" | "files">): Host {
  const made = hosts.get(path) ?? make(path, files);
  hosts.set(path, made);
  made.main = text;
  return made.host;
}

function make(path: string, files: ReadonlyMap<string, string>): { readonly host: Host; main: string } {
  const real = !path.startsWith("/samples/");
  const host: Host = {
    read(file) {
      if (file === path) return { ok: true, text: made.main };
      const beside = files.get(file);
      if (beside !== undefined) return { ok: true, text: beside };
      return real ? read(file) : { ok: false, reason: "missing" };
    },
    projectOf: (file) => (real ? projectOf(file) : dirname(path)),
    realPath: (file) => (real ? realPath(file) : file),
    cache: { get: (key) => kept.get(key), set: (key, value) => void kept.set(key, value) },
  };
  const made = { host, main: "" };
  return made;
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
