/**
 * Files on their way through a run. A tool gives a path, or bytes; the store takes the content, and from there on the value
 * is its address, the same wherever and whenever the run goes on. A tool gets a path again: of a copy of its own, which it
 * may change, and which goes with the call.
 */
import { createReadStream } from "node:fs";
import { chmod, realpath, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { AttemptError, NotStarted } from "../execution/attempt-error.ts";
import type { Redactor } from "../secrets.ts";
import type { Artifacts } from "../trail/artifacts.ts";
import { layOut, TreeError, treeFrom, treeOf } from "../trail/tree.ts";
import type { Field, Json, Type } from "../types.ts";
import { type Address, addressIn, addressText, extensionOf } from "../values/address.ts";
import { holdsFiles, mapFiles } from "../values/files.ts";
import type { CallFolder } from "./call-folder.ts";

type Input = { readonly [name: string]: Json };

export interface Files {
  /** The arguments, which fit, with paths in the call's folder for files. Rejects with `NotStarted`. */
  given(input: Input, parameters: readonly Field[], folder: CallFolder): Promise<Input>;
  /**
   * The value, in which files may be places, with addresses for them. `anywhere`: a person has said them, and they may lie
   * outside of the project. Rejects with `AttemptError`.
   */
  kept(value: Json, type: Type, path: string, anywhere?: boolean): Promise<Json>;
}

/** `store` and `root`: the store's folder and the project's, from which places are meant. */
export function filesOf(store: string, root: string, artifacts: Artifacts, redactor: Redactor): Files {
  return {
    async given(input, parameters, folder) {
      const withFiles = parameters.filter(({ name, type }) => holdsFiles(type) && input[name] !== undefined);
      if (withFiles.length === 0) return input;
      const own = { ...input };
      let count = 0;
      for (const { name, type } of withFiles) {
        own[name] = await mapFiles(input[name]!, type, name, async (value, _, path) => {
          const address = addressIn(value);
          if (address === undefined) throw new NotStarted("invalid", `${path} is no file of the store`);
          const to = join(folder.path(), `${++count}${address.extension}`);
          await lay(address, to, path);
          return to;
        });
      }
      return own;
    },

    kept: (value, type, path, anywhere = false) =>
      mapFiles(value, type, path, async (given, kind, at) => {
        if (typeof given !== "string") return keepBytes(given as unknown as Uint8Array, at);
        const address = addressIn(given);
        if (address?.kind === kind && (await artifacts.has(address.hash))) return given;
        const place = await placeOf(given, kind, at, anywhere);
        return kind === "file" ? keepFile(place, at) : keepFolder(place, at);
      }),
  };

  async function lay(address: Address, to: string, at: string): Promise<void> {
    const { kind, hash } = address;
    const gone = new NotStarted("error", `${at} cannot be had: ${addressText(address)} is no longer in the store`);
    const copy = async (of: string, path: string): Promise<void> => {
      if ((await artifacts.copy(of, path)) === undefined) throw gone;
    };
    try {
      if (kind === "file") {
        await copy(hash, to);
        // Whether it is a program is not known; as a copy of data it may be one.
        return await chmod(to, 0o755);
      }
      const list = await artifacts.get(hash);
      if (list === undefined) throw gone;
      await layOut(treeFrom(list), to, copy);
    } catch (error) {
      if (error instanceof NotStarted) throw error;
      throw new NotStarted("error", `${at} cannot be had: ${(error as Error).message}`);
    }
  }

  async function placeOf(given: string, kind: "file" | "dir", at: string, anywhere: boolean): Promise<string> {
    const refused = (why: string): AttemptError => new AttemptError("invalid", `${at} ${why}: ${given.slice(0, 500)}`);
    let place: string;
    try {
      place = await realpath(resolve(root, given));
    } catch {
      throw refused("does not exist");
    }
    const allowed = [root, store, tmpdir()];
    const isWithin = async (folder: string): Promise<boolean> => {
      const way = relative(await realpath(folder).catch(() => resolve(folder)), place);
      return !way.startsWith("..") && !isAbsolute(way);
    };
    if (!anywhere && !(await Promise.all(allowed.map(isWithin))).includes(true))
      throw refused("lies outside the project, and is not in the folder for temporary files either");
    const found = await stat(place);
    if (kind === "file" ? !found.isFile() : !found.isDirectory()) throw refused(`is no ${NOUN[kind]}`);
    return place;
  }

  async function keepBytes(bytes: Uint8Array, at: string): Promise<string> {
    if (redactor.scanner()(bytes)) throw holdsSecret(at);
    const hash = await artifacts.put(bytes);
    return addressText({ kind: "file", hash, bytes: bytes.length, extension: "" });
  }

  async function keepFile(path: string, at: string): Promise<string> {
    const extension = extensionOf(path);
    const kept = await content(path, at);
    return addressText({ kind: "file", ...kept, extension: redactor.text(extension) === extension ? extension : "" });
  }

  async function keepFolder(path: string, at: string): Promise<string> {
    let bytes = 0;
    try {
      const keep = async (file: string): Promise<{ readonly content: string; readonly bytes: number }> => {
        const { hash, ...kept } = await content(file, `${at} (${basename(file)})`);
        bytes += kept.bytes;
        return { content: hash, ...kept };
      };
      const tree = await treeOf(path, keep, await realpath(store).catch(() => store));
      const list = JSON.stringify(tree);
      if (redactor.text(list) !== list) throw holdsSecret(at);
      const hash = await artifacts.put(Buffer.from(list));
      return addressText({ kind: "dir", hash, bytes, extension: "" });
    } catch (error) {
      throw error instanceof TreeError ? new AttemptError("invalid", `${at} ${error.message}`) : error;
    }
  }

  /** What is wrong with the file fails the attempt; what is wrong with the store ends the run. */
  async function content(path: string, at: string): Promise<{ readonly hash: string; readonly bytes: number }> {
    const hasSecret = redactor.scanner();
    let bytes = 0;
    let failure: unknown;
    const parts = async function* (): AsyncGenerator<Buffer> {
      try {
        for await (const part of createReadStream(path) as AsyncIterable<Buffer>) {
          if (hasSecret(part)) throw holdsSecret(at);
          bytes += part.length;
          yield part;
        }
      } catch (error) {
        failure =
          error instanceof AttemptError
            ? error
            : new AttemptError("error", `${at} cannot be read: ${(error as Error).message}`);
        throw failure;
      }
    };
    try {
      return { hash: await artifacts.put(parts()), bytes };
    } catch (error) {
      throw failure ?? error;
    }
  }
}

const NOUN = { file: "file", dir: "folder" } as const;

const holdsSecret = (at: string): AttemptError => new AttemptError("invalid", `${at} holds a secret, and is not kept`);
