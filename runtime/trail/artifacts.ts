/** Large values by content: `.gang/artifacts/<first two digits>/<SHA-256 in hex>`. What is there is whole and never changes. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream, createWriteStream, statSync, utimesSync } from "node:fs";
import { open, readFile, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { SETTINGS } from "../settings.ts";
import type { Json } from "../types.ts";
import { sha256 } from "../values/canonical.ts";
import { disk, reasonOf } from "./disk.ts";
import { TrailError } from "./trail.ts";
import { uuidv7 } from "./uuid.ts";

export interface Artifacts {
  /**
   * Resolves with the content's hash once it is on the disk. The same content is kept once; a text whose hash is known
   * already costs a look where it is there.
   */
  put(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<string>;
  put(content: string, hash: string): Promise<string>;
  /** `undefined` where there is none. Rejects with `TrailError` where its content no longer fits its hash. */
  get(hash: string): Promise<Buffer | undefined>;
  has(hash: string): Promise<boolean>;
  /** Brings the content to a path that is not there yet. `undefined` and rejection as of `get`. */
  copy(hash: string, path: string): Promise<true | undefined>;
  /** Reads it through, and rejects as `get` does. */
  check(hash: string): Promise<void>;
}

const HASH = /^[0-9a-f]{64}$/;

/** Hashes come from records, which anybody may have written: they must not lead out of the store. */
export function artifactPath(directory: string, hash: string): string | undefined {
  return HASH.test(hash) ? join(directory, "artifacts", hash.slice(0, 2), hash) : undefined;
}

export function artifactsOf(directory: string): Artifacts {
  const root = join(directory, "artifacts");
  const pathOf = (hash: string) => artifactPath(directory, hash);

  return {
    async put(content: Uint8Array | AsyncIterable<Uint8Array> | string, hash?: string) {
      try {
        if (typeof content !== "string" && !(content instanceof Uint8Array)) return await write(root, content);
        const bytes = typeof content === "string" ? Buffer.from(content) : content;
        const name = hash ?? createHash("sha256").update(bytes).digest("hex");
        return renew(root, name, bytes.length) ?? (await writeWhole(root, name, bytes));
      } catch (error) {
        throw new TrailError(`An artifact cannot be written to the store: ${reasonOf(error)}.`, { cause: error });
      }
    },

    async get(hash) {
      const path = pathOf(hash);
      if (path === undefined) return;
      let bytes: Buffer;
      try {
        bytes = await readFile(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
        throw new TrailError(`The artifact ${path} cannot be read (${(error as Error).message}).`, { cause: error });
      }
      if (createHash("sha256").update(bytes).digest("hex") === hash) return bytes;
      throw damaged(path);
    },

    async has(hash) {
      const path = pathOf(hash);
      return path !== undefined && (await sizeOf(path)) !== undefined;
    },

    async copy(hash, to) {
      const path = pathOf(hash);
      if (path === undefined || (await sizeOf(path)) === undefined) return;
      const seen = createHash("sha256");
      await pipeline(createReadStream(path), hashing(seen), createWriteStream(to, { flags: "wx" }));
      if (seen.digest("hex") === hash) return true;
      await unlink(to);
      throw damaged(path);
    },

    async check(hash) {
      const path = pathOf(hash);
      if (path === undefined) return;
      const seen = createHash("sha256");
      await pipeline(createReadStream(path), seen);
      if (seen.digest("hex") !== hash) throw damaged(path);
    },
  };
}

const damaged = (path: string): TrailError =>
  new TrailError(`The artifact ${path} is damaged: its content does not fit its name.`);

/** Passes on what it hashes. */
const hashing = (hash: Hash) =>
  async function* (parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const part of parts) {
      hash.update(part);
      yield part;
    }
  };

/** A value of any size in a record: itself, or an artifact; the hash is that of its JSON. */
export interface OutputFields {
  readonly output?: Json;
  readonly artifact?: string;
  readonly hash: string;
}

/**
 * The fields of a record for a value: itself up to 64 KB of JSON, else an artifact. Only this is waited for, and rejects with
 * `TrailError` where it cannot be written.
 */
export function outputFields(artifacts: Artifacts, output: Json): OutputFields | Promise<OutputFields> {
  const json = JSON.stringify(output);
  if (Buffer.byteLength(json) <= SETTINGS.artifacts.inlineBytes) return { output, hash: sha256(json) };
  return artifacts.put(Buffer.from(json)).then((hash) => ({ artifact: hash, hash }));
}

/**
 * The name of content that is there already, at the cost of a look: a plan is put at the start of every run. In the thread:
 * the way to the pool and back takes ten times as long as the look.
 */
function renew(root: string, name: string, size: number): string | undefined {
  const folder = join(root, name.slice(0, 2));
  if (statSync(join(folder, name), { throwIfNoEntry: false })?.size !== size) return undefined;
  try {
    keep(folder, name);
    return name;
  } catch {
    // Where it goes meanwhile, or cannot be touched, it is written as if it had not been there.
    return undefined;
  }
}

/** What is there is wanted again: retention goes by its time. Whoever put it may not have come to syncing the folder. */
function keep(folder: string, name: string): void {
  utimesSync(join(folder, name), new Date(), new Date());
  disk.syncFolder(folder);
}

/** As the trail writes: in the thread, but for the sync of a disk that is not quick. */
async function writeWhole(root: string, name: string, bytes: Uint8Array): Promise<string> {
  disk.makeFolder(root);
  const beside = join(root, `.${uuidv7(Date.now())}`);
  const file = disk.create(beside);
  try {
    try {
      for (let at = 0; at < bytes.length; ) at += disk.write(file, bytes.subarray(at));
      await disk.sync(file);
    } finally {
      disk.close(file);
    }
    const folder = join(root, name.slice(0, 2));
    disk.makeFolder(folder);
    disk.rename(beside, join(folder, name));
    disk.syncFolder(folder);
    return name;
  } catch (error) {
    await unlink(beside).catch(() => undefined);
    throw error;
  }
}

async function write(root: string, content: AsyncIterable<Uint8Array>): Promise<string> {
  disk.makeFolder(root);
  const beside = join(root, `.${uuidv7(Date.now())}`);
  const hash = createHash("sha256");
  const file = await open(beside, "wx", 0o644);
  let size = 0;
  try {
    try {
      for await (const part of content) {
        hash.update(part);
        size += part.length;
        await file.writeFile(part);
      }
      await file.datasync();
    } finally {
      await file.close();
    }
    const name = hash.digest("hex");
    const folder = join(root, name.slice(0, 2));
    disk.makeFolder(folder);
    const path = join(folder, name);
    if ((await sizeOf(path)) === size) {
      await unlink(beside);
      keep(folder, name);
    } else {
      await rename(beside, path);
      disk.syncFolder(folder);
    }
    return name;
  } catch (error) {
    await unlink(beside).catch(() => undefined);
    throw error;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
