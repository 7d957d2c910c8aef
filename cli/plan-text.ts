/** A plan for people: what it does to the world first, then stage by stage, then what it can come to. */
import { attemptsOf, boundsOf, itemsOf } from "../compiler/lowering/bounds.ts";
import { displayNumber } from "../compiler/semantics/types/display.ts";
import type { Call, Expr, Limit, Node, Pipeline, Plan, Position, Recall } from "../runtime/plan.ts";

export function planText(plan: Plan): string {
  const stages = Object.values(plan.pipelines).flatMap(({ body }) => stagesIn(body));
  return [
    `plan ${plan.hash.slice(0, 12)} of ${plan.source[0]?.path}`,
    ...section("effects: at most once, never tried again", effects(plan, stages)),
    ...section("secrets: which tool is given which", secrets(plan, stages)),
    ...section(
      "cannot run yet",
      plan.unbuilt.map(({ what, at }) => [placeText(plan, at), what]),
    ),
    ...Object.entries(plan.pipelines).flatMap(([name, pipeline]) => pipelineText(plan, name, pipeline)),
    ...section(
      "peers",
      Object.entries(plan.peers).map(([name, peer]) => [
        name,
        `${peer.pipeline}: ${peer.overrides.map(({ path }) => path.join(".")).join(", ")}`,
      ]),
    ),
    "",
  ].join("\n");
}

type Row = readonly string[];
type StageNode = Extract<Node, { kind: "stage" }>;

function stagesIn(body: readonly Node[]): StageNode[] {
  return body.flatMap((node) => (node.kind === "stage" ? [node] : "body" in node ? stagesIn(node.body) : []));
}

function section(title: string, rows: readonly Row[]): string[] {
  return rows.length === 0 ? [] : ["", title, ...aligned(rows, "  ")];
}

function aligned(rows: readonly Row[], indent: string): string[] {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, cell.length)), []);
  return rows.map((row) => (indent + row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ")).trimEnd());
}

function effects(plan: Plan, stages: readonly StageNode[]): Row[] {
  return stages.flatMap((stage) =>
    stage.alternatives
      .filter(({ callee }) => callee.kind === "tool" && plan.tools[callee.name]?.effect)
      .map(({ callee, at }) => {
        const confirm = plan.tools[callee.name]!.confirm;
        return [
          stage.id,
          callee.name,
          confirm === undefined ? "asks a person after a crash" : `confirmed by ${confirm}`,
          placeText(plan, at),
        ];
      }),
  );
}

function secrets(plan: Plan, stages: readonly StageNode[]): Row[] {
  const reached = new Map<string, Set<string>>();
  const note = (where: string, values: readonly { readonly name: string; readonly value: Expr }[]) => {
    for (const { name, value } of values) {
      if (value.op === "secret")
        reached.set(value.name, (reached.get(value.name) ?? new Set()).add(`${where} (${name})`));
    }
  };
  for (const stage of stages) for (const call of stage.alternatives) note(call.callee.name, call.arguments);
  for (const agent of Object.values(plan.agents)) for (const { tool, bound } of agent.tools) note(tool, bound);
  return plan.secrets.map((name) => [name, [...(reached.get(name) ?? ["nobody"])].join(", ")]);
}

function pipelineText(plan: Plan, name: string, pipeline: Pipeline): string[] {
  const { attempts, modelCalls } = boundsOf(plan, name);
  const facts = [
    pipeline.subnet === undefined ? undefined : `for ${pipeline.subnet}`,
    pipeline.every === undefined ? undefined : `every ${displayNumber(pipeline.every, "duration")}`,
    ...pipeline.limits.map(limitText),
  ].filter((fact) => fact !== undefined);
  const unit = pipeline.body.some((node) => node.kind === "for" && node.over.kind === "source") ? "an item" : "a cycle";
  return [
    "",
    `pipeline ${name}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}`,
    ...bodyText(plan, pipeline.body, "  "),
    `  worst case ${unit}: ${plural(attempts, "attempt")}, ${plural(modelCalls, "model call")}`,
  ];
}

/** In the order written, which the checker has found to be without cycles. */
function bodyText(plan: Plan, body: readonly Node[], indent: string): string[] {
  const lines: string[] = [];
  let rows: Row[] = [];
  const flush = () => {
    lines.push(...aligned(rows, indent));
    rows = [];
  };
  for (const node of body) {
    if (node.kind === "for" || node.kind === "when") {
      flush();
      lines.push(
        `${indent}${node.kind === "for" ? forText(node) : "when"} needs ${node.needs.join(", ") || "nothing"}`,
      );
      lines.push(...bodyText(plan, node.body, `${indent}  `));
    } else rows.push(row(plan, node));
  }
  flush();
  return lines;
}

function forText({ variable, over }: Extract<Node, { kind: "for" }>): string {
  if (over.kind === "source")
    return `for ${variable} from ${over.call.callee.name}, every ${displayNumber(over.every, "duration")},`;
  const items = itemsOf(over);
  return `for ${variable}, ${items === undefined ? "each item" : `at most ${plural(items, "item")}`},`;
}

function row(plan: Plan, node: Exclude<Node, { kind: "for" | "when" }>): Row {
  switch (node.kind) {
    case "stage": {
      const calls = node.alternatives.map((call) => callText(plan, call));
      if (node.orNone) calls.push("none");
      return [
        `stage ${node.name}`,
        calls.join(" or "),
        needsText(node.needs),
        recallText(node.recall, plan.recalls[node.recall]),
      ];
    }
    case "let":
      return [`let ${node.name}`, "", needsText(node.needs), ""];
    case "observe":
      return [
        `observe ${node.metric}`,
        node.late === undefined ? "" : `within ${displayNumber(node.late.within, "duration")}`,
        needsText(node.needs),
        "",
      ];
    case "learn":
      return [`learn ${node.choice}`, `credits ${node.stage} with ${node.metrics.join(", ")}`, "", ""];
  }
}

function needsText(needs: readonly string[]): string {
  return needs.length === 0 ? "" : `needs ${needs.join(", ")}`;
}

function callText(plan: Plan, call: Call): string {
  const { callee, backends, resources, timeout } = call;
  const facts = [
    callee.kind === "agent" ? ladderText(plan, call) : undefined,
    callee.kind === "tool" && backends.join() !== "local" ? `on ${backends.join(" or ")}` : undefined,
    resources === undefined
      ? undefined
      : Object.entries(resources)
          .map(([name, value]) => resourceText(name, value))
          .join(", "),
    timeout === undefined ? undefined : `in ${displayNumber(timeout, "duration")}`,
    callee.kind === "tool" && attemptsOf(plan, call) > 1 ? plural(attemptsOf(plan, call), "attempt") : undefined,
  ].filter((fact) => fact !== undefined);
  return facts.length === 0 ? callee.name : `${callee.name} [${facts.join("; ")}]`;
}

function resourceText(name: string, value: unknown): string {
  return typeof value === "number" && (name === "memory" || name === "disk")
    ? `${name} ${displayNumber(value, "size")}`
    : `${name} ${String(value)}`;
}

/** The models in the order in which they are asked: `sampler, quick x 2`. */
function ladderText(plan: Plan, call: Call): string {
  const own = plan.agents[call.callee.name]!.model;
  const ladder = plan.retries[call.retry ?? ""]?.ladder ?? Array.from({ length: attemptsOf(plan, call) }, () => "self");
  const rungs: { name: string; times: number }[] = [];
  for (const rung of ladder) {
    const name = rung === "self" ? own : rung;
    const last = rungs.at(-1);
    if (last?.name === name) last.times++;
    else rungs.push({ name, times: 1 });
  }
  return rungs.map(({ name, times }) => (times === 1 ? name : `${name} x ${times}`)).join(", ");
}

function recallText(name: string, recall: Recall | undefined): string {
  return recall === undefined ? "" : `recalls ${name} (${recall.top} ${recall.from.join(" and ")})`;
}

function limitText({ amount, of, per }: Limit): string {
  const what = of === "money" ? displayNumber(amount, "money") : plural(amount, of === "calls" ? "call" : "token");
  if (per === "ever") return what;
  return `${what} per ${typeof per === "number" ? displayNumber(per, "duration") : per}`;
}

function placeText(plan: Plan, [file, line, column]: Position): string {
  return `${plan.source[file]?.path}:${line}:${column}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
