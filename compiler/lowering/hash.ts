/**
 * The plan's identity: SHA-256 over its canonical JSON (sorted keys, no blanks) without the hash itself, the root, the
 * sources and every position, so that moving a file, a comment or a blank line changes nothing.
 */
import type { Plan } from "../../runtime/plan.ts";
import { sha256 } from "../sha256.ts";

const APART = new Set(["hash", "source", "root"]);

/** Where users' own values lie: what they call `at` is no position. */
const VALUES = new Set(["default", "tasks", "options", "resources"]);

/** Characters that are hashed at once. */
const BATCH = 2 ** 16;

/** Depth of the tables in a plan: the keys of their records are names. */
const TABLE = 1;

export function planHash(plan: Omit<Plan, "hash">): string {
  const meant = Object.fromEntries(Object.entries(plan).filter(([key]) => !APART.has(key)));
  const hash = sha256();
  // A call for each token would take longer than all the hashing.
  let batch = "";
  write(meant, 0, (text) => {
    batch += text;
    if (batch.length < BATCH) return;
    hash.update(batch);
    batch = "";
  });
  return hash.update(batch).digest("hex");
}

export function textHash(text: string): string {
  return sha256().update(text).digest("hex");
}

/** `depth` counts records from the plan inwards; `undefined` inside a user's value. */
function write(value: unknown, depth: number | undefined, put: (text: string) => void): void {
  if (value === null || typeof value !== "object") put(JSON.stringify(value));
  else if (Array.isArray(value)) {
    put("[");
    value.forEach((item, index) => {
      if (index > 0) put(",");
      write(item, depth, put);
    });
    put("]");
  } else writeRecord(value as { readonly [key: string]: unknown }, depth, put);
}

function writeRecord(
  record: { readonly [key: string]: unknown },
  depth: number | undefined,
  put: (text: string) => void,
): void {
  put("{");
  let separator = "";
  for (const key of Object.keys(record).sort()) {
    const item = record[key];
    if (item === undefined || (key === "at" && depth !== undefined && depth !== TABLE)) continue;
    const isValue = (key === "value" && record.op === "literal") || (VALUES.has(key) && depth !== TABLE);
    put(`${separator}${JSON.stringify(key)}:`);
    write(item, depth === undefined || isValue ? undefined : depth + 1, put);
    separator = ",";
  }
  put("}");
}
