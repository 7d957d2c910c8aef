/** Peers: settings of other declarations, of models, recalls, stages, each by the path to it. */
import * as names from "../diagnostics/catalogue/names.ts";
import type * as tree from "../syntax/tree.ts";
import type { PipelineBody } from "./bodies.ts";
import type { Unit } from "./facts.ts";
import { describe, kinds } from "./naming.ts";
import type { ReadSetting, Symbol } from "./program.ts";
import { fileScope } from "./scope.ts";
import { sayDouble, sayUnknown } from "./setting-blocks.ts";
import { readValue } from "./setting-values.ts";
import { type OwnerKind, settingOf } from "./settings.ts";

const SETTABLE = [
  "agent",
  "model",
  "tool",
  "retry",
  "recall",
  "backend",
  "pipeline",
  "stage",
] as const satisfies readonly OwnerKind[];
type Settable = (typeof SETTABLE)[number];

export function checkPeer(unit: Unit, node: tree.PeerDecl): void {
  const body = pipelineOf(unit, node);
  const read: ReadSetting[] = [];
  const seen = new Map<string, tree.Setting>();
  for (const entry of node.settings.entries) {
    const parts = entry.path.names;
    if (parts.some((part) => part.text === "") || parts.length === 0) continue;
    if (sayDouble(unit, seen, parts.map((part) => part.text).join("."), entry)) continue;
    const owner = ownerOf(unit, body, entry.path);
    if (owner === undefined) continue;
    const last = parts.at(-1)!;
    const definition = settingOf(owner.kind, last.text);
    if (definition === undefined) {
      sayUnknown(unit, owner.kind, entry.path.names.at(-1)!);
      continue;
    }
    const env = { scope: fileScope(unit), calls: "none" as const };
    const parameters = {
      ...env,
      scope: { ...env.scope, names: unit.facts.parameters.get(owner.symbol) ?? new Map<string, Symbol>() },
    };
    const value = readValue(definition, entry.value, { unit, providers: true, parameters, it: env, evidence: env });
    if (value !== undefined) read.push({ name: last.text, owner: owner.symbol, node: entry, value });
  }
  unit.facts.settings.set(node.settings, read);
}

function pipelineOf(unit: Unit, node: tree.PeerDecl): PipelineBody | undefined {
  const name = node.pipeline;
  if (name === undefined || name.text === "" || unit.broken.has(name.text)) return undefined;
  const symbol = unit.find(name.text);
  if (symbol !== undefined) unit.bind(name, symbol);
  if (symbol?.kind === "pipeline") return unit.facts.pipelines.get(symbol);
  if (symbol === undefined) unit.sayUnknown(name, "pipeline", unit.namesOf("pipeline"));
  else unit.sayWrongKind(name, symbol, "a pipeline");
  return undefined;
}

/** `forecaster.model`, `score.timeout`, `research.score.timeout`; a setting of the pipeline itself may stand alone. */
function ownerOf(
  unit: Unit,
  body: PipelineBody | undefined,
  path: tree.Path,
): { readonly symbol: Symbol; readonly kind: Settable } | undefined {
  const before = path.names.slice(0, -1);
  const [first, second] = before;
  if (first === undefined) return body === undefined ? undefined : { symbol: body.symbol, kind: "pipeline" };
  let symbol = body?.stages.get(first.text)?.symbol ?? unit.find(first.text);
  if (symbol === undefined) {
    if (unit.broken.has(first.text)) return undefined;
    const known = [...unit.namesOf(...SETTABLE), ...(body?.stages.keys() ?? [])];
    unit.sayUnknown(first, "declaration or stage", known);
    return undefined;
  }
  unit.bind(first, symbol);
  if (second !== undefined) {
    const member = unit.facts.members.get(symbol)?.get(second.text);
    if (member === undefined) {
      unit.sayUnknown(second, `stage of \`${first.text}\``, []);
      return undefined;
    }
    unit.bind(second, member);
    symbol = member;
  }
  if (isSettable(symbol)) return { symbol, kind: symbol.kind };
  unit.report(names.wrongKind, second ?? first, {
    name: symbol.name,
    actual: describe(symbol),
    wanted: kinds(SETTABLE),
  });
  return undefined;
}

function isSettable(symbol: Symbol): symbol is Symbol & { readonly kind: Settable } {
  return (SETTABLE as readonly string[]).includes(symbol.kind);
}
