/** The few calls on the file system that durability rests on, behind a seam so that tests can make each one fail. */
import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  type Stats,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, resolve } from "node:path";

export interface Disk {
  /** Makes a new file for appending; fails with EEXIST where there is one. */
  create(path: string): number;
  /** Opens a file that is there, to sync it. */
  open(path: string): number;
  /** Returns how many bytes were taken. */
  write(file: number, bytes: Uint8Array): number;
  /** Once done, the bytes of the file are on the disk; where that is quick, the thread waits, and it is done at once. */
  sync(file: number): void | Promise<void>;
  close(file: number): void;
  /** What a path, or an open file, is: the same file has the same `dev` and `ino`. `undefined` where there is none. */
  identify(target: string | number): Pick<Stats, "dev" | "ino"> | undefined;
  /** Makes a folder with those above it, and syncs each new one's entry. */
  makeFolder(path: string): void;
  /** Syncs a folder's entries. */
  syncFolder(path: string): void;
  remove(path: string): void;
  /** Fails where the folder is not empty. */
  removeFolder(path: string): void;
  /** Gives a file a second name; fails with EEXIST where that is taken. */
  link(path: string, name: string): void;
  rename(path: string, name: string): void;
}

/**
 * Writing is synchronous: it only copies into the page cache, and the pool would cost more. Medians of a write with its
 * sync, 400 bytes on ext4 and Node 24: both in the thread 170 µs, the sync on the pool 199, both there 215, by promises
 * 232; a pre-written file would be 120 (but has no end to stop reading at).
 */
export const disk: Disk = {
  create: (path) =>
    openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND, 0o644),
  open: (path) => openSync(path, "r+"),
  write: (file, bytes) => writeSync(file, bytes),
  sync,
  close: closeSync,
  identify: (target) => (typeof target === "number" ? fstatSync(target) : statSync(target, { throwIfNoEntry: false })),
  makeFolder,
  syncFolder,
  remove: unlinkSync,
  removeFolder: rmdirSync,
  link: linkSync,
  rename: renameSync,
};

/** A new file that holds these bytes, which are on the disk once it resolves; its entry is not yet. */
export async function writeFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const file = disk.create(path);
  try {
    let taken = 0;
    while (taken < bytes.length) taken += disk.write(file, bytes.subarray(taken));
    await disk.sync(file);
  } finally {
    disk.close(file);
  }
}

/** A disk whose last sync took less, in milliseconds, is waited for in the thread: the way to the pool and back is longer. */
const QUICK = 1;
let took = Number.POSITIVE_INFINITY;

function sync(file: number): void | Promise<void> {
  const began = performance.now();
  const stop = (): void => {
    took = performance.now() - began;
  };
  if (took < QUICK) {
    fdatasyncSync(file);
    return stop();
  }
  return new Promise<void>((done, fail) => {
    fdatasync(file, (error) => (error ? fail(error) : done()));
  }).then(stop);
}

/** One by one: Node's own way ends up in a circle where a folder is there but takes none, as in `/proc`. */
function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.push(folder);
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    syncFolder(dirname(folder));
  }
}

function syncFolder(path: string): void {
  // Windows cannot open a folder; its file systems journal their entries.
  if (process.platform === "win32") return;
  const folder = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Magic numbers of statfs(2) on Linux: NFS, CIFS, SMB2, SMB, FUSE (sshfs among others), 9P, Ceph, AFS, Lustre, GlusterFS. */
const NETWORKED: ReadonlySet<number> = new Set([
  0x6969, 0xff534d42, 0xfe534d42, 0x517b, 0x65735546, 0x01021997, 0x00c36400, 0x5346414f, 0x0bd00bd0, 0x47504653,
]);

/** Whether another machine may be writing to this folder; also where the system does not tell. */
export function isNetworked(path: string): boolean {
  if (process.platform !== "linux") return true;
  try {
    return NETWORKED.has(statfsSync(path).type >>> 0);
  } catch {
    return true;
  }
}

/** Bytes free for this user on the file system of `path`, or of the nearest folder above it that exists. */
export function freeSpace(path: string): number {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || folder === dirname(folder)) throw error;
    }
  }
}

const CAUSES: { readonly [code: string]: string } = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EIO: "the disk reports an input/output error",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
  ENOTDIR: "a file stands where a folder is needed",
};

/** Why a call failed: a part of a sentence. */
export function reasonOf(error: unknown): string {
  const { code, path } = error as NodeJS.ErrnoException;
  const cause =
    (code !== undefined ? CAUSES[code] : undefined) ?? (error instanceof Error ? error.message : String(error));
  return path === undefined || cause.includes(path) ? cause : `${cause}: ${path}`;
}
