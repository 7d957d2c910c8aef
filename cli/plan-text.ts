/** A plan for people: what it does to the world first, then stage by stage, then what it can come to. */
import { type Amount, isBounded, type Most } from "../compiler/bounds/amount.ts";
import { attemptsOf, type Bounds, boundsOf, ladderOf } from "../compiler/bounds/bounds.ts";
import { itemsOf, type Names, namesIn, namesInside } from "../compiler/bounds/items.ts";
import { limitText, moneyText } from "../compiler/bounds/limits.ts";
import { effectsOf, reachOf } from "../compiler/bounds/reach.ts";
import { displayNumber } from "../compiler/semantics/types/display.ts";
import { FilterError } from "../runtime/knowledge/filter.ts";
import { statementOf } from "../runtime/knowledge/statement.ts";
import { reachText } from "../runtime/models/open.ts";
import type { Call, Node, Pipeline, Plan, Position, Recall } from "../runtime/plan.ts";
import { counted } from "./ui/text.ts";

/** `here`: what this machine has. */
export function planText(plan: Plan, here: Here): string {
  return [
    `plan ${plan.hash.slice(0, 12)} of ${plan.source[0]?.path}`,
    ...section("effects: at most once, never tried again", effects(plan)),
    ...section("secrets: who is given which, and from where", secrets(plan)),
    ...section("models: where each is asked, and whether its key is here", models(plan, here)),
    ...section(
      "cannot run yet",
      plan.unbuilt.map(({ what, at }) => [placeText(plan, at), what]),
    ),
    ...section("recalls: what the memory is asked (`--format json` has the whole statements)", recalls(plan)),
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

/** For scripts: positions are those of the plan, `[file, line, column, length]`. */
export function planJson(plan: Plan) {
  const bounds = Object.fromEntries(Object.keys(plan.pipelines).map((name) => [name, boundsOf(plan, name)]));
  const asked = Object.entries(plan.recalls).map(([name, recall]) => [name, askedBy(recall)]);
  return { effects: effectsOf(plan), secrets: reachOf(plan), bounds, recalls: Object.fromEntries(asked), plan };
}

type Row = readonly string[];

type Here = Parameters<typeof reachText>[2];

function models(plan: Plan, here: Here): Row[] {
  return Object.entries(plan.models).map(([name, model]) => [
    name,
    model.model === undefined ? model.provider : `${model.provider} ${model.model}`,
    ...reachText(name, model, here),
  ]);
}

function recalls(plan: Plan): Row[] {
  return Object.entries(plan.recalls).map(([name, recall]) => {
    const { from, top, halflife } = recall;
    const half =
      "seconds" in halflife ? displayNumber(halflife.seconds, "duration") : counted(halflife.evaluations, "evaluation");
    const { where, problem } = askedBy(recall);
    const filter = where === undefined ? "" : `where ${where}`;
    return [name, `${top} ${from.join(" and ")}`, `half-life ${half}`, problem ?? filter];
  });
}

/** `problem`: why it cannot be asked. */
function askedBy(recall: Recall): {
  readonly where?: string | undefined;
  readonly sql?: string;
  readonly problem?: string;
} {
  try {
    return statementOf(recall);
  } catch (error) {
    if (error instanceof FilterError) return { problem: error.message };
    throw error;
  }
}

function section(title: string, rows: readonly Row[]): string[] {
  return rows.length === 0 ? [] : ["", title, ...aligned(rows, "  ")];
}

function aligned(rows: readonly Row[], indent: string): string[] {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, cell.length)), []);
  return rows.map((row) => (indent + row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ")).trimEnd());
}

function effects(plan: Plan): Row[] {
  return effectsOf(plan).map(({ stage, tool, confirm, at }) => [
    stage,
    tool,
    confirm === undefined ? "asks a person after a crash" : `confirmed by ${confirm}`,
    ...plan.tools[tool]!.limits.map(limitText),
    placeText(plan, at),
  ]);
}

function secrets(plan: Plan): Row[] {
  const reached = new Map(plan.secrets.map((secret): [string, string[]] => [secret, []]));
  for (const { secret, by, name, parameter, through } of reachOf(plan)) {
    const way = by === "tool" ? `${name} (${parameter}), from ${through}` : `the agent ${name}, unseen, by ${through}`;
    reached.get(secret)?.push(way);
  }
  return [...reached].map(([secret, ways]) => [secret, ways.length === 0 ? "nobody" : ways.join("; ")]);
}

function pipelineText(plan: Plan, name: string, pipeline: Pipeline): string[] {
  const facts = [
    pipeline.subnet === undefined ? undefined : `for ${pipeline.subnet}`,
    pipeline.every === undefined ? undefined : `every ${displayNumber(pipeline.every, "duration")}`,
    ...pipeline.limits.map(limitText),
  ].filter((fact) => fact !== undefined);
  const parameters = new Map(pipeline.parameters.map((parameter) => [parameter.name, parameter.type]));
  return [
    "",
    `pipeline ${name}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}`,
    ...bodyText(plan, pipeline.body, parameters, "  "),
    ...worstCases(plan, name).map((line) => (line === "" ? "" : `  ${line}`)),
  ];
}

// What it can come to -----------------------------------------------------------------------------------------------------

/** A table of stages with the whole below, and the reasons for what has no bound under it. */
function worstCases(plan: Plan, name: string): string[] {
  const { unit, bounds, day, stages } = boundsOf(plan, name);
  const causes: string[] = [];
  const one = unit === "cycle" ? "a cycle" : "an item";
  const cells = (of: Pick<Bounds, "attempts" | "modelCalls" | "tokens" | "cost">, time: Most | undefined): Row => [
    span(of.attempts, String),
    span(of.modelCalls, String),
    span(of.tokens, thousands),
    span(of.cost, moneyText),
    time === undefined ? "" : most(time, durationText),
  ];
  const rows: Row[] = [
    [`from best to worst, ${one}`, "attempts", "model calls", "tokens", "cost", "time"],
    ...stages.map(({ id, bounds: of }) => [id.slice(name.length + 1), ...cells(of, of.time)]),
    [one, ...cells(bounds, bounds.time)],
    ...(day === undefined ? [] : [[`a day, ${counted(day.cycles, "cycle")}`, ...cells(day, undefined)]]),
  ];
  const reserve = bounds.reserve === 0 ? [] : [`the cheapest ${unit} must reserve ${moneyText(bounds.reserve)}`];
  return ["", ...aligned(rows, ""), ...reserve, ...causes];

  function span({ least, most: highest }: Amount, text: (value: number) => string): string {
    const upper = most(highest, text);
    const lower = text(least);
    return lower === upper ? upper : `${lower}..${upper}`;
  }

  function most(value: Most, text: (value: number) => string): string {
    if (isBounded(value)) return text(value);
    const cause = `${value.because} (${placeText(plan, value.at)})`;
    const known = causes.findIndex((line) => line.endsWith(cause));
    const number = known < 0 ? causes.length + 1 : known + 1;
    if (known < 0) causes.push(`[${number}] no bound: ${cause}`);
    return `[${number}]`;
  }
}

function thousands(value: number): string {
  return value.toLocaleString("en-US");
}

/** To the second, in the two largest units: `1h 30m`. */
function durationText(seconds: number): string {
  const units: [string, number][] = [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
    ["s", 1],
  ];
  if (seconds < 1) return displayNumber(seconds, "duration");
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, length] of units) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join(" ");
}

// Bodies --------------------------------------------------------------------------------------------------------------------

/** In the order written, which the checker has found to be without cycles. */
function bodyText(plan: Plan, body: readonly Node[], outer: Names, indent: string): string[] {
  const names = namesIn(body, outer);
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
        `${indent}${node.kind === "for" ? forText(plan, node, names) : "when"} needs ${node.needs.join(", ") || "nothing"}`,
      );
      lines.push(...bodyText(plan, node.body, node.kind === "for" ? namesInside(node, names) : names, `${indent}  `));
    } else rows.push(row(plan, node));
  }
  flush();
  return lines;
}

function forText(plan: Plan, node: Extract<Node, { kind: "for" }>, names: Names): string {
  const { variable, over } = node;
  if (over.kind === "source")
    return `for ${variable} from ${over.call.callee.name}, every ${displayNumber(over.every, "duration")},`;
  const { most } = itemsOf(plan, node, names);
  return `for ${variable}, ${isBounded(most) ? `at most ${counted(most, "item")}` : "each item"},`;
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
    callee.kind === "tool" && attemptsOf(plan, call) > 1 ? counted(attemptsOf(plan, call), "attempt") : undefined,
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
  const rungs: { name: string; times: number }[] = [];
  for (const name of ladderOf(plan, call)) {
    const last = rungs.at(-1);
    if (last?.name === name) last.times++;
    else rungs.push({ name, times: 1 });
  }
  return rungs.map(({ name, times }) => (times === 1 ? name : `${name} x ${times}`)).join(", ");
}

function recallText(name: string, recall: Recall | undefined): string {
  return recall === undefined ? "" : `recalls ${name} (${recall.top} ${recall.from.join(" and ")})`;
}

function placeText(plan: Plan, [file, line, column]: Position): string {
  return `${plan.source[file]?.path}:${line}:${column}`;
}
