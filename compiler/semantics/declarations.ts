/** What a file declares: a symbol for each name at its top. */

import * as names from "../diagnostics/catalogue/names.ts";
import type * as tree from "../syntax/tree.ts";
import { nextId } from "../table.ts";
import { BUILTIN_TYPES } from "./builtins.ts";
import type { Unit } from "./facts.ts";
import type { Symbol } from "./program.ts";

/** Subnets bring their metrics and tasks with them: `synth.metrics.crps`, `synth.tasks.lf_btc`, `synth.Task`. */
export function collect(unit: Unit): void {
  for (const item of unit.file.items) {
    if (item.kind === "import" || item.kind === "route" || item.kind === "test") continue;
    const { name } = item;
    if (name.text === "") continue;
    const symbol = unit.declare(item.kind, name, item);
    if (BUILTIN_TYPES.has(name.text)) {
      unit.report(names.builtInName, name, { name: name.text });
      continue;
    }
    const first = unit.globals.get(name.text);
    if (first === undefined) unit.globals.set(name.text, symbol);
    else unit.sayDuplicate(name, symbol, first);
    if (item.kind === "subnet") collectSubnet(unit, item, symbol);
  }
}

function collectSubnet(unit: Unit, node: tree.SubnetDecl, subnet: Symbol): void {
  const metrics = new Map<string, Symbol>();
  const tasks = new Map<string, Symbol>();
  for (const member of node.members) {
    if (member.kind === "setting" || member.name.text === "") continue;
    const group = member.kind === "metric" ? metrics : tasks;
    const symbol = unit.declare(member.kind, member.name, member, subnet);
    const first = group.get(member.name.text);
    if (first === undefined) group.set(member.name.text, symbol);
    else unit.sayDuplicate(member.name, symbol, first);
  }
  const group = (name: string, doc: string): Symbol => ({
    id: nextId(),
    kind: "builtin",
    name: `${subnet.name}.${name}`,
    place: subnet.place,
    node: undefined,
    file: unit.file,
    doc,
    parent: subnet,
  });
  const all = {
    metrics: group("metrics", "The subnet's metrics."),
    tasks: group("tasks", "The subnet's tasks, a list."),
    Task: group("Task", "One of the subnet's tasks."),
  };
  unit.facts.members.set(subnet, new Map(Object.entries(all)));
  unit.facts.members.set(all.metrics, metrics);
  unit.facts.members.set(all.tasks, tasks);
}
