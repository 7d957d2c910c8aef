/** How many items a fan-out has, from its list where that is known, from the list's type, and from `max`. */
import type { Expr, ForNode, Json, Node, Plan } from "../../runtime/plan.ts";
import type { Field, Type } from "../../runtime/types.ts";
import { findField } from "../semantics/types/visit.ts";
import type { Amount } from "./amount.ts";

/** The types of the names that can be read where a node stands. */
export type Names = ReadonlyMap<string, Type>;

/** What the nodes of a body read: its own names, and those around it. */
export function namesIn(body: readonly Node[], outer: Names): Names {
  const names = new Map(outer);
  for (const node of body) if (node.kind === "stage" || node.kind === "let") names.set(node.name, node.type);
  return names;
}

/** Inside a `for` its variable, too. */
export function namesInside({ variable, type }: ForNode, outer: Names): Names {
  return new Map([...outer, [variable, type]]);
}

/** Of a source, one: each of its items is a cycle of its own. */
export function itemsOf(plan: Plan, { over, at }: ForNode, names: Names): Amount {
  if (over.kind === "source") return { least: 1, most: 1 };
  const { list, max } = over;
  const known = lengthOf(list);
  if (known !== undefined) return { least: Math.min(known, max ?? known), most: Math.min(known, max ?? known) };
  const type = typeOf(plan, list, names);
  const { least = 0, most } = type?.kind === "list" ? type : {};
  const bound = most === undefined ? max : Math.min(most, max ?? most);
  return {
    least: Math.min(least, bound ?? least),
    most: bound ?? {
      because: "nobody knows how many items the list has",
      mend: "`max 16` behind the list says how many there may be.",
      at,
    },
  };
}

function lengthOf(list: Expr): number | undefined {
  if (list.op === "list") return list.items.length;
  return list.op === "literal" && Array.isArray(list.value) ? (list.value as readonly Json[]).length : undefined;
}

/** As far as names and fields lead. */
function typeOf(plan: Plan, of: Expr, names: Names): Type | undefined {
  // A long path of fields is walked, not climbed.
  const path: string[] = [];
  let root = of;
  while (root.op === "field" && root.each === undefined) {
    path.push(root.name);
    root = root.of;
  }
  let type = root.op === "name" ? meant(plan, names.get(root.name)) : undefined;
  for (const name of path.reverse()) {
    const fields: readonly Field[] = type?.kind === "record" ? type.fields : [];
    const [found] = findField(fields, name);
    type = found === undefined ? undefined : meant(plan, found.type);
  }
  return type;
}

/** Without the names of types and what marks a value as missing. */
function meant({ types }: Plan, type: Type | undefined): Type | undefined {
  let inner = type;
  while (inner?.kind === "named" || inner?.kind === "optional")
    inner = inner.kind === "named" ? types[inner.name] : inner.of;
  return inner;
}
