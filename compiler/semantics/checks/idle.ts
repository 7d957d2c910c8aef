/** Peers that change nothing, and routes that say the same twice. */
import * as pipelines from "../../diagnostics/catalogue/pipelines.ts";
import type * as tree from "../../syntax/tree.ts";
import type { Facts, Unit } from "../facts.ts";
import type { ReadSetting, SettingValue, Symbol } from "../program.ts";
import { peersOf, valueOfSymbol } from "./reading.ts";

export function checkPeersDiffer(units: readonly Unit[]): void {
  for (const { unit, node } of peersOf(units)) {
    const read = unit.facts.settings.get(node.settings) ?? [];
    // One that is broken has been said, and might have changed something.
    if (node.name.text === "" || read.length < node.settings.entries.length) continue;
    if (read.some((setting) => changes(unit.facts, setting))) continue;
    unit.report(pipelines.idlePeer, node.name, {
      name: node.name.text,
      what: read.length === 0 ? "has no settings of its own" : "sets what the file says anyway",
    });
  }
}

function changes(facts: Facts, setting: ReadSetting): boolean {
  if (setting.owner === undefined) return true;
  const own = valueOfSymbol(facts, setting.owner, setting.name);
  return own === undefined || plain(facts, own) !== plain(facts, setting.value);
}

/** A value as text; declarations by place, a model's provider call as if it were written. */
function plain(facts: Facts, value: SettingValue): string {
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
      return "";
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
