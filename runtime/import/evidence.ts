/**
 * An entry of the original as evidence: a configuration that fits a stage's type is a claim of that stage. What was only
 * said in words is none, and nobody's prose is taken over.
 */
import type { Call, Metric, Node, Plan, StageNode } from "../plan.ts";
import { SETTINGS } from "../settings.ts";
import { type Draft, ENVIRONMENT_FAILURES, FAILURE_CLASSES, type FailureClass } from "../trail/record.ts";
import type { Json } from "../types.ts";
import { type Claim, canonical, canonicalArguments, canonicalJson, sha256 } from "../values/canonical.ts";
import { validate } from "../values/validate.ts";
import { type Entry, isObject } from "./ganglion.ts";

export interface Program {
  readonly plan: Plan;
  /** What the original calls a stage or a capability → the id of a stage of the plan. */
  readonly stages: ReadonlyMap<string, string>;
}

export type Evidence = Extract<Draft, { kind: "evidence" }>;

/** Why an entry is left out: a sentence that fits all of its kind, and what it says of this one. */
export class LeftOut extends Error {
  readonly why: string;

  constructor(why: string, example: string) {
    super(example);
    this.why = why;
  }
}

/** Beyond this a value is taken for an error, as in the score. */
const LARGEST_VALUE = 1e15;
/** A peer's name in an import: the original's bots are other peers than those of this program, whatever they are called. */
const PEER = "ganglion";

/**
 * `now`: milliseconds; an entry from after it is not believed.
 *
 * @throws LeftOut
 */
export function evidenceOf(entry: Entry, program: Program, now: number): Evidence {
  const { table, fields } = entry;
  const bot = text(fields, "source_bot") ?? entry.folder;
  const at = timeOf(fields, now);
  const { stage, subnet } = stageOf(fields, program);
  const config = fields.config ?? fields.fingerprint;
  if (config === null || config === undefined) {
    const said = text(fields, "description") ?? text(fields, "error_summary") ?? "";
    throw new LeftOut("it has no configuration: what was only said in words is no claim", said.slice(0, 80));
  }
  const claim = claimOf(config, stage, program.plan);
  if (claim.chosen.length > SETTINGS.artifacts.inlineBytes)
    throw new LeftOut("its configuration is too long", `${claim.chosen.length} characters`);
  return {
    kind: "evidence",
    peer: bot === undefined || bot === "" ? PEER : `${PEER}/${bot}`,
    plan: program.plan.hash,
    stage: stage.id,
    attempt: `${PEER}-${identity(entry, stage.id)}`,
    subnet: subnet ?? "",
    ...claim,
    // Before every drift that this program knows of.
    regime: 0,
    ...outcomeOf(table, fields, subnet === undefined ? {} : program.plan.subnets[subnet]!.metrics),
    // Nothing tells who measured it.
    verified: false,
    echo: false,
    at,
    imported: { from: "ganglion", table, ...kept(fields) },
  } as Evidence;
}

/** The entry and where it goes; not how often it was confirmed, which changes while it is the same. */
function identity({ table, folder, fields }: Entry, stage: string): string {
  const { confirmation_count: _, record_type: __, ...own } = fields;
  return sha256(canonicalJson({ table, stage, folder: folder ?? null, ...(own as { [name: string]: Json }) }));
}

function kept({ confirmation_count: confirmations, run_id: run }: Entry["fields"]): object {
  return {
    ...(typeof confirmations === "number" && Number.isSafeInteger(confirmations) ? { confirmations } : {}),
    ...(typeof run === "string" && run.length <= 200 ? { run } : {}),
  };
}

/** `undefined` where there is none. */
function text(fields: Entry["fields"], name: string): string | undefined {
  const value = fields[name];
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "string") throw new LeftOut(`its ${name} is no text`, kindOf(value));
  if (name === "source_bot" && value.length > 150) throw new LeftOut("its source_bot is too long", value.slice(0, 80));
  return value;
}

function timeOf(fields: Entry["fields"], now: number): string {
  const written = text(fields, "timestamp");
  if (written === undefined) throw new LeftOut("it has no timestamp", "");
  // Without a zone it is UTC, wherever this runs.
  const zoned = /(?:[zZ]|[+-]\d\d:?\d\d)$/.test(written) || !written.includes(":") ? written : `${written}Z`;
  const time = Date.parse(zoned.replace(" ", "T"));
  if (!(time >= 0)) throw new LeftOut("its timestamp is no time", written.slice(0, 80));
  if (time > now) throw new LeftOut("its time lies in the future", written.slice(0, 80));
  return new Date(time).toISOString();
}

// The stage ----------------------------------------------------------------------------------------------------------------

interface Place {
  readonly stage: StageNode;
  readonly subnet: string | undefined;
}

function placesOf(plan: Plan): Place[] {
  return Object.values(plan.pipelines).flatMap(({ subnet, body }) =>
    stagesIn(body).map((stage) => ({ stage, subnet })),
  );
}

function stagesIn(body: readonly Node[]): StageNode[] {
  return body.flatMap((node) => (node.kind === "stage" ? [node] : "body" in node ? stagesIn(node.body) : []));
}

/** The ids of the stages of a plan. */
export function stageIds(plan: Plan): string[] {
  return placesOf(plan).map(({ stage }) => stage.id);
}

/** What was said with `--stage`, else the stage that bears the name of its stage, else of its capability. */
function stageOf(fields: Entry["fields"], { plan, stages }: Program): Place {
  const places = placesOf(plan);
  const names = [text(fields, "stage"), text(fields, "capability")].filter((name) => name !== undefined);
  for (const name of names) {
    const id = stages.get(name);
    if (id !== undefined) return places.find(({ stage }) => stage.id === id)!;
  }
  for (const name of names) {
    const found = places.filter(({ stage }) => stage.name === name || stage.id === name);
    if (found.length === 1) return found[0]!;
    if (found.length > 1) {
      throw new LeftOut(
        `several stages are called ${JSON.stringify(name.slice(0, 80))}: --stage says which`,
        found.map(({ stage }) => stage.id).join(", "),
      );
    }
  }
  const name = names[0] === undefined ? "" : ` ${JSON.stringify(names[0].slice(0, 80))}`;
  throw new LeftOut(`the program has no stage${name}: --stage says which is meant`, names[1] ?? "");
}

// The claim ----------------------------------------------------------------------------------------------------------------

/** Of the first of the stage's alternatives that could have chosen it: an agent's answer, or a tool's arguments. */
function claimOf(config: unknown, stage: StageNode, plan: Plan): Claim {
  let reason = "";
  for (const { callee } of stage.alternatives) {
    const read = callee.kind === "agent" ? answerOf(config, plan, callee) : argumentsOf(config, plan, callee);
    if (typeof read !== "string") return read;
    reason ||= read;
  }
  throw new LeftOut(`its configuration does not fit what ${stage.id} chooses`, reason);
}

function answerOf(config: unknown, plan: Plan, { name }: Call["callee"]): Claim | string {
  const { result } = plan.agents[name]!;
  const checked = validate(config, result, "config");
  return checked.ok ? canonical(checked.value, result) : checked.reasons[0]!;
}

function argumentsOf(config: unknown, plan: Plan, { name }: Call["callee"]): Claim | string {
  const { parameters } = plan.tools[name]!;
  const checked = validate(config, { kind: "record", fields: parameters }, "config");
  if (!checked.ok) return checked.reasons[0]!;
  return canonicalArguments(checked.value as { readonly [name: string]: Json }, parameters);
}

// What came of it ------------------------------------------------------------------------------------------------------------

type Outcome = Pick<Evidence, "ok" | "class" | "metric" | "value" | "direction" | "weight" | "proxy">;

function outcomeOf(
  table: Entry["table"],
  fields: Entry["fields"],
  metrics: { readonly [name: string]: Metric },
): Outcome {
  if (table === "antipatterns") {
    const mode = text(fields, "failure_mode");
    const known: FailureClass = FAILURE_CLASSES.find((name) => name === mode) ?? "error";
    if (ENVIRONMENT_FAILURES.has(known))
      throw new LeftOut("the world failed, which says nothing about what was chosen", known);
    return { ok: false, class: known };
  }
  const name = text(fields, "metric_name");
  const value = fields.metric_value;
  if (value === null || value === undefined || name === undefined || !Object.hasOwn(metrics, name)) return { ok: true };
  if (typeof value !== "number") throw new LeftOut("its metric_value is no number", kindOf(value));
  if (!(Math.abs(value) <= LARGEST_VALUE)) throw new LeftOut("its metric_value is not finite, or beyond 1e15", "");
  const { type, direction, weight, proxy } = metrics[name]!;
  const about = { metric: name, direction, weight, ...(proxy === undefined ? {} : { proxy }) };
  return validate(value, type, name).ok ? { ok: true, value, ...about } : { ok: false, class: "infeasible", ...about };
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "a list" : isObject(value) ? "an object" : typeof value;
}
