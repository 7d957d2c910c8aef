/**
 * Results of earlier calls, by what was called and with which arguments: `.gang/cache/calls/<SHA-256>.json`. Disposable:
 * what is missing or damaged is called again. The tool counts as the same while its declaration is, and what `identity.ts` finds of it.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Tool as ToolDeclaration } from "../plan.ts";
import { type Artifacts, outputFields } from "../trail/artifacts.ts";
import { referencesOf } from "../trail/references.ts";
import { uuidv7 } from "../trail/uuid.ts";
import type { Json } from "../types.ts";
import { canonicalJson, sha256 } from "../values/canonical.ts";
import { identityOf } from "./identity.ts";

/**
 * What a call is known by, or nothing where a file of the tool cannot be read. `root`: the project's folder, in which they
 * are looked for.
 */
export async function callKey(
  declared: ToolDeclaration,
  input: { readonly [name: string]: Json },
  root: string,
): Promise<string | undefined> {
  const { from, parameters, result } = declared;
  const identity = await identityOf(declared, root).catch(() => undefined);
  if (identity === undefined) return undefined;
  return sha256(canonicalJson([{ from, parameters, result } as unknown as Json, identity, input]));
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
