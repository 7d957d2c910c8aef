/** What several checks ask of the facts. */
import type * as tree from "../../syntax/tree.ts";
import { callOf, type PipelineBody, type Step } from "../bodies.ts";
import type { Facts, SettingsOwner, Unit } from "../facts.ts";
import type { ReadSetting, SettingValue, Symbol } from "../program.ts";

/** The block that holds a declaration's settings. */
export function blockOf(symbol: Symbol): SettingsOwner | undefined {
  const node = symbol.node as tree.Item | tree.StageStatement | undefined;
  if (node === undefined) return undefined;
  if (node.kind === "pipeline") return node.body;
  if (node.kind === "subnet") return node;
  return "settings" in node ? node.settings : undefined;
}

export function settingOfSymbol(facts: Facts, symbol: Symbol, name: string): ReadSetting | undefined {
  const block = blockOf(symbol);
  return block === undefined ? undefined : facts.settings.get(block)?.find((setting) => setting.name === name);
}

export function valueOfSymbol(facts: Facts, symbol: Symbol, name: string): SettingValue | undefined {
  return settingOfSymbol(facts, symbol, name)?.value;
}

export function hasErrors(unit: Unit, among = ""): boolean {
  return unit.facts.diagnostics.some(
    ({ file, severity, code }) => file === unit.file.path && severity === "error" && code.startsWith(among),
  );
}

export const hasSyntaxErrors = (unit: Unit): boolean => hasErrors(unit, "GANG1");

/** The stages of a pipeline with what they call, in order; alternatives that are no calls are left out. */
export function* calls(body: PipelineBody): Iterable<{
  readonly step: Step & { readonly node: tree.StageStatement };
  readonly call: tree.CallExpression;
  readonly callee: Symbol;
  readonly at: number;
}> {
  for (const step of body.steps) {
    if (step.node.kind !== "stage") continue;
    for (const [at, alternative] of step.node.alternatives.entries()) {
      const call = callOf(alternative);
      const callee = call === undefined ? undefined : body.unit.facts.callees.get(call);
      if (call !== undefined && callee !== undefined)
        yield { step: step as Step & { readonly node: tree.StageStatement }, call, callee, at };
    }
  }
}

export function bodiesOf(unit: Unit): PipelineBody[] {
  return [...unit.facts.pipelines.values()].filter((body) => body.unit === unit);
}

export function peersOf(units: readonly Unit[]): { readonly unit: Unit; readonly node: tree.PeerDecl }[] {
  return units.flatMap((unit) => unit.file.items.flatMap((node) => (node.kind === "peer" ? [{ unit, node }] : [])));
}

/** Declarations of one kind, of all files. */
export function declared<Kind extends tree.Item["kind"]>(
  units: readonly Unit[],
  kind: Kind,
): { readonly unit: Unit; readonly node: Extract<tree.Item, { readonly kind: Kind }>; readonly symbol: Symbol }[] {
  const found: { unit: Unit; node: Extract<tree.Item, { kind: Kind }>; symbol: Symbol }[] = [];
  for (const unit of units) {
    for (const node of unit.file.items) {
      if (node.kind !== kind || !("name" in node)) continue;
      const symbol = unit.facts.symbols.get(node.name as tree.Name);
      if (symbol !== undefined) found.push({ unit, node: node as Extract<tree.Item, { kind: Kind }>, symbol });
    }
  }
  return found;
}
