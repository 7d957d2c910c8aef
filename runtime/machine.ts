/**
 * `gang.yaml`: what holds on this machine alone (names, addresses, keys, limits), never needed to check a program.
 * Parsing gives all that could be read and every problem, each at its place; nothing of a value is ever echoed, since
 * it may be a key pasted where its source belongs.
 */
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from "yaml";
import { z } from "zod";

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, "a name is letters, digits, - and _");

/** Where a secret comes from; it is read at the last moment, by what needs it. */
export const SecretSource = z.union([
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ command: z.array(z.string()).min(1) }),
]);
export type SecretSource = z.infer<typeof SecretSource>;

const DURATION_UNITS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** `90d`, as in Gang; in seconds. */
const Duration = z
  .string()
  .regex(/^\d+(\.\d+)?[smhdw]$/, "a duration is a number and one of s, m, h, d, w: 30m, 90d")
  .transform((text) => Number(text.slice(0, -1)) * DURATION_UNITS[text.at(-1) as keyof typeof DURATION_UNITS]);

export const Machine = z.strictObject({
  /** The name under which this machine's runs are recorded, unless `--peer` says otherwise. */
  peer: name.optional(),
  secrets: z.record(name, SecretSource).optional(),
  models: z
    .record(
      name,
      z.strictObject({ base_url: z.url().optional(), key: SecretSource.optional(), limit: z.string().optional() }),
    )
    .optional(),
  backends: z.record(name, z.looseObject({ key: SecretSource.optional() })).optional(),
  limits: z.array(z.string()).optional(),
  /** What may leave the machine. */
  share: z.enum(["evidence", "all"]).optional(),
  /** Public keys, and the operator each belongs to. */
  operators: z.record(z.string(), name).optional(),
  /** How long turns, tool output and unreferenced artifacts are kept. */
  retention: Duration.optional(),
});
export type Machine = z.infer<typeof Machine>;

export interface MachineProblem {
  readonly message: string;
  /** Offsets into the text. */
  readonly start: number;
  readonly end: number;
  /** An unknown key, and those that are known there. */
  readonly unknown?: { readonly key: string; readonly known: readonly string[] };
}

export function parseMachine(text: string): {
  readonly machine: Machine;
  readonly problems: readonly MachineProblem[];
} {
  const document = parseDocument(text, { lineCounter: new LineCounter(), prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => ({
      message: `not YAML: ${message}`,
      start: pos[0],
      end: pos[1],
    }));
    return { machine: {}, problems };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 10 }) ?? {};
  } catch {
    return {
      machine: {},
      problems: [{ message: "too many aliases: the file would unfold without bound", start: 0, end: 0 }],
    };
  }
  const parsed = Machine.safeParse(value);
  if (parsed.success) return { machine: parsed.data, problems: [] };
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(document, issue));
  return { machine: withoutTroubled(value, parsed.error.issues), problems };
}

function problemsOf(document: Document, issue: z.core.$ZodIssue): MachineProblem[] {
  if (issue.code !== "unrecognized_keys")
    return [{ message: wording(issue), ...placeOf(document, issue.path, "value") }];
  const known = issue.path.length === 0 ? Object.keys(Machine.shape) : [];
  return issue.keys.map((key) => ({
    message: `\`${key}\` is not known here`,
    ...placeOf(document, [...issue.path, key], "key"),
    unknown: { key, known },
  }));
}

function wording(issue: z.core.$ZodIssue): string {
  const where = issue.path.length === 0 ? "the file" : `\`${issue.path.join(".")}\``;
  if (issue.code === "invalid_type")
    return `${where} must be ${issue.expected === "object" ? "a map of settings" : `a ${issue.expected}`}`;
  if (issue.code === "invalid_value") return `${where} must be one of ${issue.values.join(", ")}`;
  if (issue.code === "invalid_union")
    return `${where} must be one of \`{ env: NAME }\`, \`{ file: PATH }\`, \`{ command: [PROGRAM, …] }\``;
  return `${where}: ${issue.message}`;
}

function placeOf(
  document: Document,
  path: readonly PropertyKey[],
  part: "key" | "value",
): { start: number; end: number } {
  for (let length = path.length; length >= 0; length--) {
    const parent = length === 0 ? undefined : document.getIn(path.slice(0, length - 1), true);
    const top = length <= 1 ? document.contents : parent;
    if (length > 0 && isMap(top)) {
      const pair = top.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === path[length - 1]);
      const node = part === "key" && length === path.length ? pair?.key : (pair?.value ?? pair?.key);
      if (isNode(node) && node.range) return { start: node.range[0], end: node.range[1] };
    }
  }
  return { start: 0, end: 0 };
}

/** The top-level settings that have no problem: one mistyped line does not take the rest away. */
function withoutTroubled(value: unknown, issues: readonly z.core.$ZodIssue[]): Machine {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const troubled = new Set(
    issues.flatMap((issue) =>
      issue.path.length > 0 ? [issue.path[0]] : issue.code === "unrecognized_keys" ? issue.keys : [],
    ),
  );
  const sound = Machine.safeParse(Object.fromEntries(Object.entries(value).filter(([key]) => !troubled.has(key))));
  return sound.success ? sound.data : {};
}
