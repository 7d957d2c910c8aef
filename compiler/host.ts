/**
 * The compiler's only way to the world. All of it is synchronous: a check is a pure function of what the host shows.
 * Implementations: the real file system (`cli/`), files in memory (tests), open editor buffers over the file system (`lsp/`).
 */
export interface Host {
  /** The text of a file at an absolute path, or why there is none. Never throws. */
  read(path: string): FileRead;
  /** The nearest folder at or above `path` that holds a `gang.yaml` or a `package.json`; else the folder of `path`. */
  projectOf(path: string): string;
  /** The path with symbolic links resolved; the path itself where nothing stands there. */
  realPath(path: string): string;
  /** A place to keep what is slow to compute, by content hash; absent where nothing may be written. */
  readonly cache?: HostCache;
}

export type FileRead =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: "missing" | "directory" | "binary" | "too-large" | "unreadable" };

export interface HostCache {
  get(key: string): string | undefined;
  set(key: string, text: string): void;
}

/** A Gang file larger than this is refused unread: 4 MB is about 100,000 lines. */
export const LARGEST_FILE = 4 * 1024 * 1024;
