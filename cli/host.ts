/** The compiler's host over the real file system. */
import { isUtf8 } from "node:buffer";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type FileRead, type Host, type HostCache, LARGEST_FILE } from "../compiler/host.ts";

/** `project`: the folder whose `.gang` keeps what is slow to compute, where there is one. */
export function fileSystemHost(project?: string): Host {
  return { read, projectOf, realPath, cache: cacheIn(() => cacheFolder(project)) };
}

function read(path: string): FileRead {
  try {
    const found = statSync(path);
    if (found.isDirectory()) return { ok: false, reason: "directory" };
    // A pipe or a device may never end.
    if (!found.isFile()) return { ok: false, reason: "unreadable" };
    if (found.size > LARGEST_FILE) return { ok: false, reason: "too-large" };
    return textOf(readFileSync(path));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return { ok: false, reason: code === "ENOENT" || code === "ENOTDIR" ? "missing" : "unreadable" };
  }
}

/** Bytes as text: UTF-8 without NUL, a byte order mark dropped; anything else is binary. */
export function textOf(bytes: Buffer): FileRead {
  if (bytes.length > LARGEST_FILE) return { ok: false, reason: "too-large" };
  if (bytes.includes(0) || !isUtf8(bytes)) return { ok: false, reason: "binary" };
  const text = bytes.toString("utf8");
  return { ok: true, text: text.startsWith("\uFEFF") ? text.slice(1) : text };
}

/** The nearest folder at or above `path` that holds a `gang.yaml` or a `package.json`; else the folder of `path`. */
export function projectOf(path: string): string {
  const start = isFolder(path) ? path : dirname(path);
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "gang.yaml")) || existsSync(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) return start;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

export function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // A link that leads in a circle, a folder that may not be entered.
    return false;
  }
}

/** A cache that fails silently: without it all is the same, but slower. */
function cacheIn(folder: () => string | undefined): HostCache {
  let opened: { readonly path: string | undefined } | undefined;
  const entry = (key: string): string | undefined => {
    opened ??= { path: folder() };
    // Loaded where a cache is asked for: most checks need none, and it costs milliseconds.
    const { createHash } = process.getBuiltinModule("node:crypto");
    return opened.path && join(opened.path, createHash("sha256").update(key).digest("hex"));
  };
  return {
    get(key) {
      const path = entry(key);
      try {
        return path && readFileSync(path, "utf8");
      } catch {
        return undefined;
      }
    },
    set(key, text) {
      const path = entry(key);
      if (path === undefined) return;
      const draft = `${path}.${process.pid}`;
      try {
        writeFileSync(draft, text, { mode: 0o600 });
        renameSync(draft, path);
      } catch {
        // A full or read-only disk.
      }
    },
  };
}

/** In the project's own store, where it has one; else a folder of this user alone. */
function cacheFolder(project: string | undefined): string | undefined {
  const store = project === undefined ? undefined : join(project, ".gang");
  const user = process.getuid?.() ?? "user";
  const folder = store !== undefined && isFolder(store) ? join(store, "cache") : join(tmpdir(), `ganglion-${user}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    // A folder that another user put there is not trusted.
    return found.isDirectory() && (process.getuid === undefined || found.uid === user) ? folder : undefined;
  } catch {
    return undefined;
  }
}
