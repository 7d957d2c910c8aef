/** Peers that change nothing, and routes that say the same twice. */
import * as pipelines from "../../diagnostics/catalogue/pipelines.ts";
import type * as tree from "../../syntax/tree.ts";
import type { Facts, Unit } from "../facts.ts";
import type { ReadSetting, SettingValue, Symbol } from "../program.ts";
import { calls, peersOf, settingOfSymbol } from "./reading.ts";

export function checkPeersDiffer(units: readonly Unit[]): void {
  for (const { unit, node } of peersOf(units)) {
    const read = unit.facts.settings.get(node.settings) ?? [];
    // One that is broken has been said, and might have changed something.
    if (node.name.text === "" || read.length < node.settings.entries.length) continue;
    const called = calledBy(unit, node);
    const reaching = read.filter(({ owner }) => owner?.kind !== "agent" || (called?.has(owner) ?? true));
    if (reaching.some((setting) => changes(unit, setting))) continue;
    const { name, pipeline } = node;
    const elsewhere = `sets only what \`${pipeline?.text}\` does not call`;
    const same = reaching.length === 0 ? elsewhere : "sets what the file says anyway";
    unit.report(pipelines.idlePeer, name, {
      name: name.text,
      what: read.length === 0 ? "has no settings of its own" : same,
    });
  }
}

function calledBy({ facts }: Unit, { pipeline }: tree.PeerDecl): ReadonlySet<Symbol> | undefined {
  const symbol = pipeline === undefined ? undefined : facts.symbols.get(pipeline);
  const body = symbol === undefined ? undefined : facts.pipelines.get(symbol);
  return body === undefined ? undefined : new Set([...calls(body)].map(({ callee }) => callee));
}

function changes({ facts, file }: Unit, { owner, name, value, node }: ReadSetting): boolean {
  const own = owner === undefined ? undefined : settingOfSymbol(facts, owner, name);
  if (own === undefined) return true;
  return plain(facts, own.value, written(own, owner!.file)) !== plain(facts, value, written({ node }, file));
}

function written({ node }: Pick<ReadSetting, "node">, file: tree.SourceFile | undefined): string {
  return file?.text.slice(node.value.start, node.value.end) ?? "";
}

/** A value as text; declarations by place, a model's provider call as if it were written, an expression as it is. */
function plain(facts: Facts, value: SettingValue, text: string): string {
  switch (value.kind) {
    case "symbol": {
      const node = value.symbol.node as tree.ModelDecl | undefined;
      const call = node?.kind === "model" && node.settings === undefined ? facts.providers.get(node.value) : undefined;
      return call === undefined ? key(value.symbol) : JSON.stringify(call);
    }
    case "provider":
      return JSON.stringify(value.call);
    case "ladder":
      return value.rungs.map(({ model, times }) => `${model === "self" ? model : key(model)} x ${times}`).join();
    case "expression":
    case "tools":
      return text;
    default:
      return JSON.stringify(value);
  }
}

function key(symbol: Symbol): string {
  return `${symbol.place?.file}:${symbol.place?.start}`;
}

export function checkRoutesDiffer(unit: Unit): void {
  const seen = new Map<string, tree.RouteRule>();
  for (const item of unit.file.items) {
    if (item.kind !== "route") continue;
    for (const rule of item.rules) {
      const name = rule.star ? "*" : (rule.target?.names.map((part) => part.text).join(".") ?? "");
      const first = seen.get(name);
      if (name === "") continue;
      if (first === undefined) seen.set(name, rule);
      else
        unit.report(
          pipelines.duplicateRoute,
          rule.target ?? { start: rule.start, end: rule.start + 1 },
          { name },
          { labels: [{ ...unit.place(first.target ?? first), message: "the first one" }] },
        );
    }
  }
}
