/** A peer: the same program with other settings, said as what that replaces in the plan. */
import type { Json, Override, Peer } from "../../runtime/plan.ts";
import type { Program, ReadSetting, Symbol } from "../semantics/program.ts";
import type * as tree from "../syntax/tree.ts";
import { difference } from "./difference.ts";
import { type Lowered, lowerTables } from "./tables.ts";

/** The peers by name. The models that they bring are added to those of `base`, so that every override refers to something. */
export function lowerPeers(program: Program, base: Lowered): { [name: string]: Peer } {
  const decls = [...new Set(program.globals.values())].filter((symbol) => symbol.kind === "peer");
  const lowered = decls.map((symbol) => {
    const decl = symbol.node as tree.PeerDecl;
    return { symbol, decl, tables: lowerTables(program, replacedBy(program, decl)) };
  });
  for (const { tables } of lowered)
    Object.assign(base.tables.models, { ...tables.tables.models, ...base.tables.models });
  return Object.fromEntries(
    lowered.map(({ symbol, decl, tables }): [string, Peer] => [
      symbol.name,
      {
        pipeline: decl.pipeline?.text ?? "",
        overrides: overridesBetween(base, tables),
        at: base.context.at(symbol.file!, decl.name),
      },
    ]),
  );
}

function replacedBy(program: Program, decl: tree.PeerDecl): Map<Symbol, Map<string, ReadSetting>> {
  const replaced = new Map<Symbol, Map<string, ReadSetting>>();
  for (const setting of program.settings(decl.settings)) {
    if (setting.owner === undefined) continue;
    const own = replaced.get(setting.owner) ?? new Map<string, ReadSetting>();
    own.set(setting.name, setting);
    replaced.set(setting.owner, own);
  }
  return replaced;
}

function overridesBetween(base: Lowered, peer: Lowered): Override[] {
  const parts = ({ tables: { secrets: _, ...tables }, pipelines }: Lowered) =>
    ({ ...tables, pipelines }) as unknown as Json;
  return difference(parts(base), parts(peer));
}
