/** What can be said of a declaration or a node of a plan: a text for each of its parts, by a name that users know. */
import type { Call, Expr, Json, Limit, Node, Plan, Position } from "../../runtime/plan.ts";
import type { Field, Type } from "../../runtime/types.ts";
import { limitText } from "../bounds/limits.ts";
import { display, displayDefinition, displayNumber, displayValue } from "../semantics/types/display.ts";
import { callText, expressionText, jsonText } from "./expression-text.ts";

export interface Subject {
  /** `agent forecaster`, `stage research.plan`: what it is compared by. */
  readonly what: string;
  readonly facets: ReadonlyMap<string, string>;
  readonly at: Position | undefined;
  /** All of it but its place: what has the same is the same, whatever the facets can say. */
  readonly whole: string;
}

const TABLES = {
  subnets: "subnet",
  models: "model",
  agents: "agent",
  tools: "tool",
  retries: "retry",
  recalls: "recall",
  backends: "backend",
  peers: "peer",
} as const;

export function subjectsOf(plan: Plan): readonly Subject[] {
  const subjects: Subject[] = Object.entries(plan.types).map(([name, type]) =>
    subject(`type ${name}`, typeFacets(type), undefined, type),
  );
  for (const [table, word] of Object.entries(TABLES) as [keyof typeof TABLES, string][])
    for (const [name, row] of Object.entries(plan[table]))
      subjects.push(subject(`${word} ${name}`, rowFacets(row), "at" in row ? row.at : undefined, row));
  for (const name of plan.secrets) subjects.push(subject(`secret ${name}`, [], undefined, name));
  for (const [name, { body, ...pipeline }] of Object.entries(plan.pipelines)) {
    subjects.push(subject(`pipeline ${name}`, rowFacets(pipeline), pipeline.at, pipeline));
    subjects.push(...nodeSubjects(withoutInherited(plan, body), name));
  }
  for (const test of plan.tests)
    subjects.push(subject(`test ${JSON.stringify(test.title)}`, rowFacets(test), test.at, test));
  return subjects;
}

type Facet = readonly [name: string, text: string];

function subject(what: string, facets: readonly Facet[], at: Position | undefined, of: unknown): Subject {
  return { what, facets: new Map(facets), at, whole: withoutPlaces(of) };
}

function withoutPlaces(of: unknown): string {
  return JSON.stringify(of, (key, value: unknown) => (key === "at" && isPosition(value) ? undefined : value));
}

function isPosition(value: unknown): boolean {
  return Array.isArray(value) && value.length === 4 && value.every((part) => typeof part === "number");
}

// Nodes -----------------------------------------------------------------------------------------------------------------

/** Without the timeouts that calls have from their tools: a tool's own is said of the tool alone. */
function withoutInherited(plan: Plan, body: readonly Node[]): readonly Node[] {
  const text = JSON.stringify(body, (_, value: unknown) => {
    if (typeof value !== "object" || value === null || !("callee" in value)) return value;
    const { timeout, ...call } = value as Call;
    return timeout !== undefined && timeout === plan.tools[call.callee.name]?.timeout ? call : value;
  });
  return JSON.parse(text) as readonly Node[];
}

/** Each node under the names of what it stands in; of several alike, in their order. */
function nodeSubjects(body: readonly Node[], around: string): Subject[] {
  const counts = new Map<string, number>();
  return body.flatMap((node): Subject[] => {
    const plain = `${node.kind} ${around}.${nameOf(node)}`;
    const count = (counts.get(plain) ?? 0) + 1;
    counts.set(plain, count);
    const what = count === 1 ? plain : `${plain} (${count})`;
    if (!("body" in node)) return [subject(what, rowFacets(node), node.at, node)];
    const { body: inside, needs: _, ...own } = node;
    return [subject(what, rowFacets(own), node.at, own), ...nodeSubjects(inside, what.slice(node.kind.length + 1))];
  });
}

function nameOf(node: Node): string {
  switch (node.kind) {
    case "stage":
    case "let":
      return node.name;
    case "for":
      return node.variable;
    case "when":
      return expressionText(node.condition);
    case "observe":
      return node.metric;
    case "learn":
      return node.choice;
  }
}

// Rows ------------------------------------------------------------------------------------------------------------------

/** Said by the subject's name, or following from something else that is said. */
const UNSAID = new Set([
  "at",
  "kind",
  "name",
  "id",
  "needs",
  "variable",
  "metric",
  "choice",
  "title",
  "nulls",
  "forms",
  "measured",
]);

/** What goes without saying. */
const STANDARD: { readonly [key: string]: unknown } = { orNone: false, recall: "standard", effect: false };

const WORDS: { readonly [key: string]: string } = { alternatives: "calls", orNone: "or none", limits: "limit" };

const DURATIONS = new Set(["timeout", "checkpoint", "every", "within", "seconds", "low", "high"]);

function rowFacets(row: object): Facet[] {
  return Object.entries(row).flatMap(([key, value]): Facet[] => {
    if (value === undefined || UNSAID.has(key)) return [];
    if (key === "parameters") return fieldFacets(value as readonly Field[], "parameter ");
    if (key === "metrics" && !Array.isArray(value))
      return Object.entries(value as { readonly [name: string]: object }).flatMap(([name, metric]) =>
        rowFacets(metric).map(([part, text]): Facet => [`metric ${name}, ${part}`, text]),
      );
    if (key === "tasks")
      return (value as readonly { readonly name: string }[]).map(
        (task): Facet => [`task ${task.name}`, jsonText(task)],
      );
    if (value === STANDARD[key]) return [];
    return [[WORDS[key] ?? key, textOf(key, value)]];
  });
}

function textOf(key: string, value: unknown): string {
  if (typeof value === "number") {
    if (DURATIONS.has(key)) return displayNumber(value, "duration");
    return key === "cost" ? displayNumber(value, "money") : String(value);
  }
  if (typeof value === "string") return value;
  if (key === "limits") return (value as readonly Limit[]).map(limitText).join(", ") || "none";
  if (key === "alternatives") return (value as readonly Call[]).map(callText).join(" or ");
  if (key === "ladder") return (value as readonly string[]).join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  if ("op" in value) return expressionText(value as Expr);
  if ("callee" in value) return callText(value as Call);
  if (key === "type" || key === "result") return display(value as Type);
  return Array.isArray(value) ? value.map((item) => partText(key, item)).join(", ") || "none" : partText(key, value);
}

/** What has parts, by their names. */
function partText(key: string, value: unknown): string {
  if (typeof value !== "object" || value === null || "op" in value || "callee" in value) return textOf(key, value);
  if ("path" in value && "value" in value)
    return `${(value.path as readonly string[]).join(".")} = ${jsonText(value.value as Json)}`;
  const parts = Object.entries(value).filter(([name, part]) => part !== undefined && name !== "at");
  return parts.map(([name, part]) => `${name}: ${textOf(key === "temperature" ? key : name, part)}`).join(", ");
}

function fieldFacets(fields: readonly Field[], prefix: string): Facet[] {
  return fields.map(({ name, type, default: preset }): Facet => {
    const standard = preset === undefined ? "" : ` = ${displayValue(preset, type)}`;
    return [`${prefix}${name}`, `${display(type, 200)}${standard}`];
  });
}

/** Of a record each field, and of a choice each arm: what changes in a type is seldom all of it. */
function typeFacets(type: Type): Facet[] {
  const doc: Facet[] = "doc" in type && type.doc !== undefined ? [["doc", type.doc]] : [];
  if (type.kind === "record") return [...fieldFacets(type.fields, "field "), ...doc];
  if (type.kind === "choice")
    return type.arms.map(
      ({ value, fields }): Facet => [
        `arm ${JSON.stringify(value)}`,
        fields.length === 0 ? "without fields" : display({ kind: "record", fields }, 200),
      ],
    );
  return [["is", displayDefinition(type)], ...doc];
}
