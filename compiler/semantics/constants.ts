/** Values that are known without running anything. */
import type { Field, Json, NumberKind, Type } from "../../runtime/types.ts";
import type * as tree from "../syntax/tree.ts";
import type { Facts } from "./facts.ts";
import type { Quantity } from "./types/make.ts";
import { armsWithFields, withoutOptional } from "./types/visit.ts";

/** A number literal, or the negative of one. */
export function quantityOf(node: tree.Expression): Quantity | undefined {
  if (node.kind === "number") return { kind: node.unit as NumberKind, value: node.value };
  if (node.kind === "parenthesized") return quantityOf(node.of);
  if (node.kind === "unary" && node.operator === "-") {
    const inner = quantityOf(node.operand);
    return inner === undefined ? undefined : { kind: inner.kind, value: 0 - inner.value };
  }
  return undefined;
}

/** A string without holes. */
export function plainText(node: tree.Expression | undefined): string | undefined {
  if (node?.kind !== "string" || node.parts.some((part) => part.kind === "hole")) return undefined;
  return node.parts.map((part) => (part.kind === "text" ? part.value : "")).join("");
}

/** The JSON of an expression that has been checked; with `type`, the defaults of its records filled in. */
export function constantOf(facts: Facts, node: tree.Expression, type?: Type): Json | undefined {
  switch (node.kind) {
    case "bool":
      return node.value;
    case "none":
      return null;
    case "string":
      return plainText(node);
    case "number":
    case "unary":
      return quantityOf(node)?.value;
    case "parenthesized":
      return constantOf(facts, node.of, type);
    case "list": {
      const item = type === undefined ? undefined : listItem(withoutOptional(type));
      const items: Json[] = [];
      for (const part of node.items) {
        const value = constantOf(facts, part, item);
        if (value === undefined) return undefined;
        items.push(value);
      }
      return items;
    }
    case "record":
      return recordConstant(facts, node, facts.types.get(node) ?? type);
    case "name-expression": {
      const symbol = facts.symbols.get(node.name);
      return symbol === undefined ? undefined : facts.constants.get(symbol);
    }
    case "member": {
      const symbol = facts.symbols.get(node.name);
      const known = symbol === undefined ? undefined : facts.constants.get(symbol);
      if (known !== undefined) return known;
      const of = constantOf(facts, node.of);
      if (typeof of !== "object" || of === null || Array.isArray(of)) return undefined;
      const record = of as { readonly [name: string]: Json };
      return Object.hasOwn(record, node.name.text) ? record[node.name.text] : undefined;
    }
    default:
      return undefined;
  }
}

function listItem(type: Type): Type | undefined {
  return type.kind === "list" ? type.of : undefined;
}

function recordConstant(facts: Facts, node: tree.RecordLiteral, type: Type | undefined): Json | undefined {
  const values: { [name: string]: Json } = Object.create(null) as { [name: string]: Json };
  const record = type === undefined ? undefined : withoutOptional(type);
  const fields = record?.kind === "record" ? record.fields : [];
  for (const written of node.fields) {
    const value = constantOf(facts, written.value, fields.find((field) => field.name === written.name.text)?.type);
    if (value === undefined) return undefined;
    values[written.name.text] = value;
  }
  addDefaults(fields, values);
  return { ...values };
}

/** What a literal left out and its type gives; with a choice come the defaults of the arm that was chosen. */
function addDefaults(fields: readonly Field[], values: { [name: string]: Json }): void {
  for (const field of fields) {
    if (values[field.name] === undefined && field.default !== undefined) values[field.name] = field.default;
    const chosen = values[field.name];
    const arm = armsWithFields(field.type).find((candidate) => candidate.value === chosen);
    if (arm !== undefined) addDefaults(arm.fields, values);
  }
}
