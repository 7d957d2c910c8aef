/** Hosts for tests: files in memory, by absolute path, and the fixtures on the disk. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { FileRead, Host, HostCache } from "../../../compiler/host.ts";

export interface MemoryHost extends Host {
  readonly files: Map<string, string>;
  readonly cache: HostCache & { readonly entries: Map<string, string> };
}

/** `/p` is the project. */
export function memoryHost(files: { readonly [path: string]: string }): MemoryHost {
  const all = new Map(Object.entries(files));
  const entries = new Map<string, string>();
  return {
    files: all,
    read: (path): FileRead => {
      const text = all.get(path);
      if (text !== undefined) return { ok: true, text };
      const isFolder = [...all.keys()].some((file) => file.startsWith(`${path}/`));
      return { ok: false, reason: isFolder ? "directory" : "missing" };
    },
    projectOf: (path) => (path.startsWith("/p/") ? "/p" : dirname(path)),
    realPath: (path) => path,
    cache: { entries, get: (key) => entries.get(key), set: (key, text) => void entries.set(key, text) },
  };
}

export const diskHost: Host = {
  read: (path) => {
    try {
      return { ok: true, text: readFileSync(path, "utf8") };
    } catch {
      return { ok: false, reason: "missing" };
    }
  },
  projectOf: (path) => dirname(path),
  realPath: (path) => path,
};
