/** The edges of a pipeline's body, worked out once a plan: who provides a name, and who waits for it. */
import type { Expr, LearnNode, Node } from "../plan.ts";
import { asksTheWorld, namesIn, requiredBy } from "./expression.ts";
import { asksTheMemory } from "./questions.ts";

export interface Graph {
  readonly vertices: readonly Vertex[];
  /** Which vertex of this body provides a name. */
  readonly providers: ReadonlyMap<string, number>;
  /** Which vertices of this body wait for a name that this body provides. */
  readonly readers: ReadonlyMap<string, readonly number[]>;
  /** The `learn`s of this body and those inside it, by the name they credit. */
  readonly credits: ReadonlyMap<string, LearnNode>;
}

export interface Vertex {
  readonly node: Node;
  /** Names that must be settled before the node acts, and without which it cannot. */
  readonly needs: readonly string[];
  /** Of these, the ones that it can read where a fan-out lost all of its items. */
  readonly spared: ReadonlySet<string>;
  /** Names that must be settled, for better or worse. */
  readonly awaits: readonly string[];
  readonly provides: readonly string[];
  /** How many of the names that it waits for this very body provides, and those that bodies around it do. */
  readonly inner: number;
  readonly outer: readonly string[];
  /** Its expression asks the knowledge or a tool, so that its value comes later. */
  readonly asks: boolean;
  /** Of a `for` or a `when`. */
  readonly body: Graph | undefined;
}

/** The name under which an observed metric is known to `learn`; no name of the language has a space. */
export const metricName = (metric: string): string => `metric ${metric}`;

export function graphOf(body: readonly Node[]): Graph {
  const drafts = body.map((node) => ({ node, body: "body" in node ? graphOf(node.body) : undefined }));
  const provided = drafts.map(({ node, body: inside }) => providesOf(node, inside));
  const providers = new Map<string, number>();
  provided.forEach((names, index) => {
    for (const name of names) providers.set(name, index);
  });
  const readers = new Map<string, number[]>();
  const vertices = drafts.map(({ node, body: inside }, index): Vertex => {
    const needs = needsOf(node);
    const awaits = node.kind === "learn" ? [node.choice, ...node.metrics.map(metricName)] : [];
    const all = awaits.length === 0 ? needs : new Set([...needs, ...awaits]);
    const outer: string[] = [];
    let inner = 0;
    for (const name of all) {
      const provider = providers.get(name);
      if (provider === undefined || provider === index) {
        outer.push(name);
        continue;
      }
      inner += 1;
      const known = readers.get(name);
      if (known === undefined) readers.set(name, [index]);
      else known.push(index);
    }
    const expressions = expressionsOf(node);
    return {
      node,
      needs,
      spared: sparedBy(expressions),
      awaits,
      provides: provided[index]!,
      inner,
      outer,
      asks: asks(node, expressions),
      body: inside,
    };
  });
  const credits = new Map<string, LearnNode>();
  for (const { node, body: inside } of drafts) {
    if (node.kind === "learn") credits.set(node.choice, node);
    for (const [name, learn] of inside?.credits ?? []) credits.set(name, learn);
  }
  return { vertices, providers, readers, credits };
}

function providesOf(node: Node, inside: Graph | undefined): readonly string[] {
  switch (node.kind) {
    case "stage":
    case "let":
      return [node.name];
    case "observe":
      return [metricName(node.metric)];
    case "for":
    case "when":
      return [...inside!.providers.keys()];
    case "learn":
      return [];
  }
}

/** What stands inside a `for` or a `when` waits for itself; they wait for their own expressions only. */
function needsOf(node: Node): readonly string[] {
  switch (node.kind) {
    case "for": {
      const names = new Set(node.by === undefined ? [] : namesIn(node.by));
      names.delete(node.variable);
      if (node.over.kind === "list") namesIn(node.over.list, names);
      else return []; // a source's item is there before its cycle begins
      return [...names];
    }
    case "when":
      return [...namesIn(node.condition)];
    case "learn":
      return node.scope === undefined ? [] : [...namesIn(node.scope)];
    default:
      return node.needs;
  }
}

const NONE: ReadonlySet<string> = new Set();

function sparedBy(expressions: readonly Expr[]): ReadonlySet<string> {
  const read = new Set<string>();
  const required = new Set<string>();
  for (const expression of expressions) {
    namesIn(expression, read);
    requiredBy(expression, required);
  }
  for (const name of required) read.delete(name);
  return read.size === 0 ? NONE : read;
}

function expressionsOf(node: Node): readonly Expr[] {
  switch (node.kind) {
    case "stage": {
      const given = node.alternatives.flatMap((call) => call.arguments.map(({ value }) => value));
      return node.expect === undefined ? given : [...given, node.expect];
    }
    case "let":
    case "observe":
      return [node.value];
    case "when":
      return [node.condition];
    case "for": {
      const list = node.over.kind === "list" ? [node.over.list] : [];
      return node.by === undefined ? list : [...list, node.by];
    }
    case "learn":
      return [];
  }
}

function asks(node: Node, expressions: readonly Expr[]): boolean {
  switch (node.kind) {
    case "let":
      return asksTheWorld(node.value);
    case "observe":
      return node.late === undefined ? asksTheWorld(node.value) : asksTheMemory(node.value);
    case "stage":
      return expressions.some(asksTheMemory);
    case "when":
      return asksTheWorld(node.condition);
    case "for":
      return node.over.kind === "list" && asksTheWorld(node.over.list);
    default:
      return false;
  }
}
