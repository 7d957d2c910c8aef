/** The items of a `for`, and what they measured together. */
import type { ForNode } from "../plan.ts";
import type { Json } from "../types.ts";
import { shown } from "../values/validate.ts";
import { AttemptError } from "./attempt-error.ts";
import type { Measured } from "./evidence.ts";
import { asText, evaluate, isObject, keyOf, type Scope } from "./expression.ts";

/** The items with what they are known by, each by its own. */
export function itemsOf(frame: Scope, node: ForNode, list: Json): { readonly key: string; readonly value: Json }[] {
  if (list === null) return [];
  const values = Array.isArray(list) ? (list as readonly Json[]) : isObject(list) ? Object.values(list) : undefined;
  if (values === undefined) throw new AttemptError("invalid", `a for needs a list, but has ${shown(list)}`);
  const max = node.over.kind === "list" ? node.over.max : undefined;
  if (max !== undefined && values.length > max)
    throw new AttemptError("invalid", `the list has ${values.length} items, and max is ${max}`);
  const keys = new Set<string>();
  return values.map((value) => {
    const scope: Scope = { get: (name) => (name === node.variable ? value : frame.get(name)) };
    const key = node.by === undefined ? keyOf(value) : asText(evaluate(node.by, scope));
    if (key === undefined)
      throw new AttemptError("invalid", `an item of the list has neither name nor key: ${asText(value).slice(0, 100)}`);
    if (keys.has(key)) throw new AttemptError("invalid", `two items of the list are known as ${key}`);
    keys.add(key);
    return { key, value };
  });
}

/** One measurement, or the mean of those that the items of a fan-out made. */
export function measuredIn(value: Json): Measured | undefined {
  if (!isObject(value)) return undefined;
  if (typeof value.value === "number" && typeof value.feasible === "boolean")
    return { value: value.value, feasible: value.feasible };
  const items = Object.values(value).flatMap((item) => measuredIn(item) ?? []);
  if (items.length === 0) return undefined;
  return {
    value: items.reduce((sum, item) => sum + item.value, 0) / items.length,
    feasible: items.every((item) => item.feasible),
  };
}

/** The late scores behind what a metric stands for: ids of their waits. */
export function waitsIn(value: Json): readonly string[] {
  if (!isObject(value)) return [];
  return typeof value.wait === "string" ? [value.wait] : Object.values(value).flatMap(waitsIn);
}
