/** A store that lasts for one test: its trail is in memory, and nothing is known. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Knowledge } from "../knowledge/knowledge.ts";
import { NOTHING_KNOWN } from "../knowledge/nothing.ts";
import { memoryTrail } from "../trail/memory.ts";
import type { Trail } from "../trail/trail.ts";

export interface ThrowAwayStore {
  readonly trail: Trail;
  readonly knowledge: Knowledge;
  /** For artifacts. */
  readonly folder: string;
  remove(): void;
}

export function throwAwayStore(): ThrowAwayStore {
  const folder = mkdtempSync(join(tmpdir(), "gang-test-"));
  return {
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
    trail: memoryTrail(),
    knowledge: NOTHING_KNOWN,
  };
}
