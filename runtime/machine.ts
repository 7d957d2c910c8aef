/**
 * `gang.yaml`: what holds on this machine alone (names, addresses, keys, limits), never needed to check a program.
 * Parsing gives all that could be read and every problem, each at its place. No value that may be a key pasted where
 * its source belongs is ever echoed: `shown` is the text without them.
 */
import { type Document, isMap, isNode, isPair, isScalar, parseDocument, visit } from "yaml";
import { z } from "zod";
import { limitIn } from "./values/limits.ts";
import { quantityIn } from "./values/units.ts";

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, "a name is letters, digits, - and _");

/** Where a secret comes from; it is read at the last moment, by what needs it. */
export const SecretSource = z.union([
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ command: z.array(z.string()).min(1) }),
]);
export type SecretSource = z.infer<typeof SecretSource>;

/** `90d`, as in Gang; in seconds. */
const Duration = z
  .string()
  .regex(/^\d+(\.\d+)?[smhdw]$/, "a duration is a number and one of s, m, h, d, w: 30m, 90d")
  .transform((text) => quantityIn(text, "duration")!);

const PORT = "must be a whole number from 1 to 65535";

/** `$20 per 1d`, as in Gang. */
const Limit = z
  .string()
  .refine((text) => limitIn(text) !== undefined, "must be a limit, such as $20 per 1d or 60 calls per 1m")
  .transform((text) => limitIn(text)!);

/** The descriptions are what an editor shows that knows the schema. */
export const Machine = z.strictObject({
  peer: name
    .optional()
    .describe("The name under which this machine's runs are recorded, unless --peer says otherwise."),
  secrets: z.record(name, SecretSource).optional().describe("Where each secret of a program comes from."),
  models: z
    .record(
      name,
      z.strictObject({
        base_url: z
          .url("must be a URL, such as http://127.0.0.1:8000/v1")
          .optional()
          .describe("Where the model answers."),
        key: SecretSource.optional().describe("Where its key comes from."),
        limit: Limit.optional().describe("The most that this machine asks of it: 60 calls per 1m."),
      }),
    )
    .optional()
    .describe("Models by their names in Gang: addresses and keys."),
  backends: z
    .record(
      name,
      // What each provider needs beyond these is its own.
      z.looseObject({
        host: z.string().min(1).optional().describe("The machine that takes the work, by name or address."),
        port: z.int().min(1, PORT).max(65_535, PORT).optional().describe("The port that it listens on."),
        user: z.string().min(1).optional().describe("As whom to go there."),
        partition: z.string().min(1).optional().describe("The queue of its scheduler."),
        key: SecretSource.optional().describe("Where its key comes from."),
      }),
    )
    .optional()
    .describe("Backends by their names in Gang."),
  servers: z
    .record(
      name,
      z.strictObject({
        headers: z
          .record(
            z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, "a header is named by letters, digits and -"),
            z.string().regex(/^[\t\x20-\x7e]*$/, "must be a text without line breaks"),
          )
          .optional()
          .describe(`What it is sent with each request; a secret by its name: Bearer \${marketKey}.`),
      }),
    )
    .optional()
    .describe("MCP servers at an address, by the names of their tools in Gang."),
  limits: z.array(Limit).optional().describe("What this machine may spend in all: $20 per 1d."),
  share: z.enum(["evidence", "all"]).optional().describe("What may leave the machine."),
  operators: z.record(z.string(), name).optional().describe("Public keys, and the operator each belongs to."),
  retention: Duration.optional().describe("How long turns, tool output and unreferenced artifacts are kept: 90d."),
});
export type Machine = z.infer<typeof Machine>;

export interface MachineProblem {
  readonly message: string;
  /** Offsets into the text. */
  readonly start: number;
  readonly end: number;
  /** The text is no YAML at all. */
  readonly syntax?: true;
  /** An unknown key, and those that are known there. */
  readonly unknown?: { readonly key: string; readonly known: readonly string[] };
}

export interface ParsedMachine {
  readonly machine: Machine;
  readonly problems: readonly MachineProblem[];
  /** The text, letter for letter as long, with stars where a secret may stand: for excerpts. */
  readonly shown: string;
}

export function parseMachine(text: string): ParsedMachine {
  const document = parseDocument(text, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    // One slip makes several errors; the later ones are echoes.
    const problem = { message: plain(error.message), start: error.pos[0], end: error.pos[1], syntax: true as const };
    return { machine: {}, problems: [problem], shown: starredLines(text) };
  }
  const unfolded = plainValue(document);
  if (unfolded === undefined) {
    const message = "An alias is not known, or unfolds without bound";
    return { machine: {}, problems: [{ message, start: 0, end: 0, syntax: true }], shown: starredLines(text) };
  }
  const { value } = unfolded;
  const parsed = Machine.safeParse(value);
  if (parsed.success) return { machine: parsed.data, problems: [], shown: masked(text, document, []) };
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(document, issue));
  return {
    machine: withoutTroubled(value, parsed.error.issues),
    problems,
    shown: masked(text, document, parsed.error.issues),
  };
}

function plainValue(document: Document): { readonly value: unknown } | undefined {
  try {
    return { value: document.toJS({ maxAliasCount: 10 }) ?? {} };
  } catch {
    return undefined;
  }
}

/** The message of the YAML parser in one line, without what it may quote of the text. */
function plain(message: string): string {
  return message.split("\n")[0]!.replace(/: .*$/, "").replace(/\.$/, "");
}

const starredLines = (text: string): string => text.replace(/(?<=[:\-?][ \t]+)\S.*/g, starred);
const starred = (part: string): string => part.replace(/\S/g, "*");

/** Values under `secrets`, of every `key` and header, and of settings that are not known are nobody's to see. */
function masked(text: string, document: Document, issues: readonly z.core.$ZodIssue[]): string {
  const hidden: PropertyKey[][] = [["secrets"]];
  for (const [table, setting] of [
    ["models", "key"],
    ["backends", "key"],
    ["servers", "headers"],
  ] as const) {
    const entries = document.get(table);
    if (isMap(entries))
      for (const { key } of entries.items) if (isScalar(key)) hidden.push([table, String(key.value), setting]);
  }
  for (const issue of issues) {
    if (issue.code === "unrecognized_keys") hidden.push(...issue.keys.map((key) => [...issue.path, key]));
  }
  let result = text;
  for (const path of hidden) {
    const node = document.getIn(path, true);
    if (!isNode(node)) continue;
    visit(node, {
      Scalar(place, { range }) {
        // Keys stay, so that a reader sees where he is.
        if (place === "key" || !range) return;
        result = result.slice(0, range[0]) + starred(result.slice(range[0], range[1])) + result.slice(range[1]);
      },
    });
  }
  return result;
}

function problemsOf(document: Document, issue: z.core.$ZodIssue): MachineProblem[] {
  if (issue.code !== "unrecognized_keys")
    return [{ message: wording(issue), ...placeOf(document, issue.path, "value") }];
  const known = knownAt(issue.path);
  return issue.keys.map((key) => ({
    message: `\`${key}\` is not known here`,
    ...placeOf(document, [...issue.path, key], "key"),
    unknown: { key, known },
  }));
}

/** The settings that there are at a path. */
function knownAt(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = Machine;
  for (const key of path) {
    schema = unwrapped(schema);
    if (schema instanceof z.ZodObject) schema = schema.shape[key as string];
    else if (schema instanceof z.ZodRecord) schema = schema.valueType;
  }
  schema = unwrapped(schema);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

const unwrapped = (schema: unknown): unknown => (schema instanceof z.ZodOptional ? schema.unwrap() : schema);

/** What the schema calls a type, as a reader of YAML does. */
const NOUNS: { readonly [type: string]: string } = { object: "a map of settings", record: "a map", array: "a list" };

function wording(issue: z.core.$ZodIssue): string {
  const where = issue.path.length === 0 ? "the file" : `\`${issue.path.join(".")}\``;
  if (issue.code === "invalid_type") return `${where} must be ${NOUNS[issue.expected] ?? `a ${issue.expected}`}`;
  if (issue.code === "invalid_value") return `${where} must be one of ${issue.values.join(", ")}`;
  if (issue.code === "invalid_union")
    return `${where} must be one of \`{ env: NAME }\`, \`{ file: PATH }\`, \`{ command: [PROGRAM, …] }\``;
  return issue.message.startsWith("must be") ? `${where} ${issue.message}` : `${where}: ${issue.message}`;
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
