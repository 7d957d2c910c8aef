/** What is drawn of a plan: a group for each pipeline, `for` and `when`, a box for what stands in it, and who reads whom. */
import type { Call, Expr, Node, Pipeline, Plan } from "../../runtime/plan.ts";
import { ladderOf } from "../bounds/bounds.ts";
import { displayNumber } from "../semantics/types/display.ts";

export interface Box {
  readonly id: string;
  readonly kind: "agent" | "tool" | "effect" | "let" | "observe";
  /** The first stands out. */
  readonly lines: readonly string[];
}

export interface Group {
  readonly id: string;
  readonly kind: "pipeline" | "for" | "when";
  readonly title: string;
  readonly items: readonly (Box | Group)[];
}

/** From a box to a box or a group. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** `read`: the edges of the plan. `learn` leads back to what is credited, `recall` to what reads what was learned. */
  readonly kind: "read" | "learn" | "recall";
  readonly label?: string;
}

export interface Drawing {
  readonly title: string;
  readonly groups: readonly Group[];
  readonly edges: readonly Edge[];
}

export const isGroup = (item: Box | Group): item is Group => "items" in item;

export function drawingOf(plan: Plan): Drawing {
  const edges: Edge[] = [];
  const stages = new Map<string, string>();
  const recalls: { readonly to: string; readonly which: string; readonly stage: string }[] = [];
  let ids = 0;

  const groups = Object.entries(plan.pipelines).map(([name, pipeline]): Group => {
    const title = [`pipeline ${name}`, ...facts(pipeline)].join(" · ");
    return { id: `g${++ids}`, kind: "pipeline", title, items: itemsOf(pipeline.body, new Map()) };
  });
  for (const { to, which, stage } of recalls) {
    const from = stages.get(stage);
    if (from !== undefined) edges.push({ from, to, kind: "recall", label: which });
  }
  return { title: plan.source[0]?.path ?? "", groups, edges: distinct(edges) };

  /** `outer`: the box that gives each name. What a body gives is added to it, since who comes after may read it. */
  function itemsOf(body: readonly Node[], givers: Map<string, string>): (Box | Group)[] {
    const observed = new Map<string, string>();
    const made = body.map((node): { readonly node: Node; readonly id: string } => {
      const id = node.kind === "for" || node.kind === "when" ? `g${++ids}` : `n${++ids}`;
      if (node.kind === "stage" || node.kind === "let") givers.set(node.name, id);
      if (node.kind === "stage") stages.set(node.id, id);
      if (node.kind === "observe") observed.set(node.metric, id);
      return { node, id };
    });
    // Groups first: what stands in them can be read from beside them.
    const inside = new Map(
      made.flatMap(({ node, id }) => ("body" in node ? [[id, itemsOf(node.body, givers)] as const] : [])),
    );
    return made.flatMap(({ node, id }): (Box | Group)[] => {
      if (node.kind === "learn") {
        const to = givers.get(node.choice);
        for (const metric of node.metrics) {
          const from = observed.get(metric);
          if (from !== undefined && to !== undefined) edges.push({ from, to, kind: "learn", label: "learn" });
        }
        return [];
      }
      for (const name of ownNeeds(node)) {
        const from = givers.get(name);
        if (from !== undefined && from !== id) edges.push({ from, to: id, kind: "read" });
      }
      if (node.kind === "let")
        for (const { which, stage } of recalledIn(node.value)) recalls.push({ to: id, which, stage });
      if (node.kind === "for") return [{ id, kind: "for", title: forTitle(node), items: inside.get(id)! }];
      if (node.kind === "when") return [{ id, kind: "when", title: whenTitle(node.condition), items: inside.get(id)! }];
      return [boxOf(id, node)];
    });
  }

  function boxOf(id: string, node: Exclude<Node, { kind: "for" | "when" | "learn" }>): Box {
    switch (node.kind) {
      case "stage": {
        const calls = [...node.alternatives.map(callText), ...(node.orNone ? ["none"] : [])];
        const isEffect = node.alternatives.some(({ callee }) => plan.tools[callee.name]?.effect === true);
        const isAgent = node.alternatives.some(({ callee }) => callee.kind === "agent");
        const wait = node.wait && `asked every ${duration(node.wait.every)} within ${duration(node.wait.within)}`;
        const notes = [isEffect ? "effect: at most once" : undefined, wait].filter((note) => note !== undefined);
        return {
          id,
          kind: isEffect ? "effect" : isAgent ? "agent" : "tool",
          lines: [node.name, ...stacked(calls), ...notes],
        };
      }
      case "let":
        return { id, kind: "let", lines: [`let ${node.name}`] };
      case "observe": {
        const late = node.late === undefined ? [] : [`within ${duration(node.late.within)}`];
        return { id, kind: "observe", lines: [`observe ${node.metric}`, ...late] };
      }
    }
  }

  function callText(call: Call): string {
    const { callee, backends } = call;
    if (callee.kind === "agent") return `${callee.name} (${[...new Set(ladderOf(plan, call))].join(", ")})`;
    return backends.join() === "local" ? callee.name : `${callee.name} on ${backends.join(" or ")}`;
  }
}

const duration = (seconds: number): string => displayNumber(seconds, "duration");

/** `a`, `or b`: each on its line. */
const stacked = (calls: readonly string[]): string[] => calls.map((call, i) => (i === 0 ? call : `or ${call}`));

function facts({ subnet, every }: Pipeline): string[] {
  return [
    ...(subnet === undefined ? [] : [`for ${subnet}`]),
    ...(every === undefined ? [] : [`every ${duration(every)}`]),
  ];
}

function forTitle({ variable, over }: Extract<Node, { kind: "for" }>): string {
  if (over.kind === "source") return `for ${variable} in ${over.call.callee.name} every ${duration(over.every)}`;
  const { list } = over;
  const count = list.op === "literal" && Array.isArray(list.value) ? `, ${list.value.length} items` : "";
  return `for ${variable}${count || (over.max === undefined ? "" : `, at most ${over.max} items`)}`;
}

function whenTitle(condition: Expr): string {
  return condition.op === "name" ? `when ${condition.name}` : "when";
}

/** What a node reads itself: of a group, not what stands in it. */
function ownNeeds(node: Node): readonly string[] {
  if (!("body" in node)) return node.needs;
  const inside = new Set(node.body.flatMap(({ needs }) => needs));
  const own =
    node.kind === "when"
      ? namesIn(node.condition)
      : node.over.kind === "list"
        ? namesIn(node.over.list)
        : new Set<string>();
  return node.needs.filter((name) => own.has(name) || !inside.has(name));
}

function namesIn(of: Expr): Set<string> {
  const names = new Set<string>();
  visit(of, (part) => {
    if (part.op === "name") names.add(part.name);
  });
  return names;
}

function recalledIn(of: Expr): { readonly which: string; readonly stage: string }[] {
  const found: { readonly which: string; readonly stage: string }[] = [];
  visit(of, (part) => {
    if (part.op === "recalled") found.push({ which: part.which, stage: part.stage });
  });
  return found;
}

/** Every part of an expression; the shape of the plan tells what is one. */
function visit(of: Expr, see: (part: Expr) => void): void {
  const open: unknown[] = [of];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== "object" || next === null) continue;
    if ("op" in next) see(next as Expr);
    if (!("op" in next && next.op === "literal")) open.push(...Object.values(next));
  }
}

function distinct(edges: readonly Edge[]): Edge[] {
  const seen = new Map(edges.map((edge) => [`${edge.from} ${edge.to} ${edge.kind}`, edge]));
  return [...seen.values()];
}
