/** From JSON, and from what a peer or `--set` changes of it, to a plan that is valid as a whole. */
import type { Override } from "../plan.ts";
import { PLAN_VERSION, Plan } from "../plan.ts";
import type { Json } from "../types.ts";
import { sha256 } from "../values/canonical.ts";
import { link } from "../values/link.ts";
import { nearest } from "../values/nearest.ts";

/** A run, or a plan, was refused before anything happened. Each problem is a sentence for the user. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly problems: readonly string[];
  /** `program`: what is to be run is at fault (exit code 1); `usage`: how it was asked for (2); `environment`: this machine (3). */
  readonly fault: "program" | "usage" | "environment";

  constructor(fault: RefusedError["fault"], problems: readonly string[]) {
    super(problems.join("\n"));
    this.fault = fault;
    this.problems = problems;
  }
}

/** Throws `RefusedError`. */
export function planFrom(json: unknown): Plan {
  const { format, version } =
    typeof json === "object" && json !== null ? (json as { format?: unknown; version?: unknown }) : {};
  if (format !== "gang-plan")
    throw new RefusedError("program", ["This is not a plan: it does not say that its format is gang-plan."]);
  if (version !== PLAN_VERSION) {
    const advice =
      typeof version === "number" && version > PLAN_VERSION
        ? "a newer gangc is needed to run it"
        : "build it again with this gangc";
    throw new RefusedError("program", [
      `The plan has version ${String(version)}, and this version of Ganglion runs version ${PLAN_VERSION}: ${advice}.`,
    ]);
  }
  const parsed = Plan.safeParse(json);
  if (!parsed.success) {
    throw new RefusedError(
      "program",
      parsed.error.issues
        .slice(0, 10)
        .map(({ path, message }) => `The plan is not valid at ${path.join(".") || "its top"}: ${message}.`),
    );
  }
  try {
    link(parsed.data);
  } catch (error) {
    throw new RefusedError("program", [`The plan is not valid: ${(error as Error).message}.`]);
  }
  return parsed.data;
}

/**
 * The plan with the values at these paths replaced, validated like any other, with the hash of what it is now. A path
 * leads to what is there already, or to a setting that its declaration may have.
 *
 * @throws RefusedError
 */
export function applyOverrides(plan: Plan, overrides: readonly Override[]): Plan {
  if (overrides.length === 0) return plan;
  let changed: Json = plan as unknown as Json;
  for (const { path, value } of overrides) changed = replace(changed, path, value, path);
  const parsed = planFrom(changed);
  return { ...parsed, hash: hashOf(parsed) };
}

function replace(of: Json, path: readonly string[], value: Json, whole: readonly string[]): Json {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  const nowhere = (known: readonly string[]): RefusedError => {
    const close = nearest(head, known);
    return new RefusedError("usage", [
      `Nothing can be set at ${whole.join(".")}: there is no ${head}${close === undefined ? "" : `; did you mean ${close}?`}`,
    ]);
  };
  if (Array.isArray(of)) {
    const index = /^\d+$/.test(head)
      ? Number(head)
      : of.findIndex((item: Json) => typeof item === "object" && item !== null && "name" in item && item.name === head);
    if (index < 0 || index >= of.length) throw nowhere([]);
    return of.map((item: Json, i) => (i === index ? replace(item, rest, value, whole) : item));
  }
  if (typeof of !== "object" || of === null) throw nowhere([]);
  const object = of as { readonly [key: string]: Json };
  const known = Object.hasOwn(object, head);
  // The last step may name an optional setting that was not written; validation knows which there are.
  if (!known && rest.length > 0) throw nowhere(Object.keys(object));
  return { ...object, [head]: known ? replace(object[head] ?? null, rest, value, whole) : value };
}

const APART = new Set(["hash", "source", "root"]);

/** Where users' own values lie: what they call `at` is no position. */
const VALUES = new Set(["default", "tasks", "options", "resources"]);

/** Depth of the tables in a plan: the keys of their records are names. */
const TABLE = 1;

/** SHA-256, hex, of the canonical JSON of all but positions, sources, the root and the hash itself: as the compiler computes it. */
export function hashOf(plan: Plan): string {
  return sha256(hashed(Object.fromEntries(Object.entries(plan).filter(([key]) => !APART.has(key))) as Json, 0));
}

/** `depth` counts records from the plan inwards; `undefined` inside a user's value. */
function hashed(value: Json, depth: number | undefined): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => hashed(item, depth)).join(",")}]`;
  const record = value as { readonly [key: string]: Json | undefined };
  const fields: string[] = [];
  for (const key of Object.keys(record).sort()) {
    const item = record[key];
    if (item === undefined || (key === "at" && depth !== undefined && depth !== TABLE)) continue;
    const isValue = (key === "value" && record.op === "literal") || (VALUES.has(key) && depth !== TABLE);
    fields.push(`${JSON.stringify(key)}:${hashed(item, depth === undefined || isValue ? undefined : depth + 1)}`);
  }
  return `{${fields.join(",")}}`;
}
