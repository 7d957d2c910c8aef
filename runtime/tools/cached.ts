/**
 * Results of earlier calls, by what was called and with which arguments: `.gang/cache/calls/<SHA-256>.json`. Disposable:
 * what is missing or damaged is called again. The tool counts as the same while its declaration and its files are.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Tool as ToolDeclaration } from "../plan.ts";
import { type Artifacts, outputFields } from "../trail/artifacts.ts";
import { referencesOf } from "../trail/references.ts";
import { uuidv7 } from "../trail/uuid.ts";
import type { Json } from "../types.ts";
import { canonicalJson, sha256 } from "../values/canonical.ts";

/** What a call is known by. `root`: the project's folder, in which the tool's files are read. */
export function callKey(declared: ToolDeclaration, input: { readonly [name: string]: Json }, root: string): string {
  const { from, parameters, result } = declared;
  const files = from.kind === "typescript" ? [from.file] : from.kind === "exec" ? from.command : [];
  const contents = files.map((file) => contentOf(resolve(root, file)));
  return sha256(canonicalJson([{ from, parameters, result } as unknown as Json, contents, input]));
}

/** A word of a command that names no file counts as itself. */
function contentOf(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return "";
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

export interface CallCache {
  get(key: string): Promise<Json | undefined>;
  put(key: string, value: Json): Promise<void>;
}

/** Of a store. `mayStay`: what must not be written down is not kept. */
export function callCacheOf(directory: string, artifacts: Artifacts, mayStay: (value: Json) => boolean): CallCache {
  const folder = join(directory, "cache", "calls");
  const pathOf = (key: string): string => join(folder, `${key}.json`);
  return {
    async get(key) {
      try {
        const text = readFileSync(pathOf(key), "utf8");
        // A result without its files is none.
        for (const hash of referencesOf(directory).of(text)) if (!(await artifacts.has(hash))) return undefined;
        const kept = JSON.parse(text) as { output?: Json; artifact?: string };
        if (kept.artifact === undefined) return kept.output;
        const bytes = await artifacts.get(kept.artifact);
        return bytes && (JSON.parse(bytes.toString("utf8")) as Json);
      } catch {
        return undefined;
      }
    },
    async put(key, value) {
      if (!mayStay(value)) return;
      try {
        const kept = JSON.stringify(await outputFields(artifacts, value));
        mkdirSync(folder, { recursive: true });
        const beside = join(folder, `.${uuidv7(Date.now())}`);
        writeFileSync(beside, kept);
        renameSync(beside, pathOf(key));
      } catch {
        // It is called again then.
      }
    },
  };
}
