/** TypeScript's own types over types (`Pick<T, K>`, `T["a"]`, `keyof T`), as far as the fields are known. */
import type { TSType } from "oxc-parser";
import type { Field, Type } from "../../runtime/types.ts";
import { literalOf, optional } from "../semantics/types/make.ts";
import { armsWithFields, withoutOptional } from "../semantics/types/visit.ts";
import { unite } from "./meaning.ts";
import { Unsettled } from "./refusal.ts";

const NONE: Type = { kind: "none" };

/** `Partial<T>`, `Record<K, T>`, and whatever else is written with one or two types, each read when it is wanted. */
export function utilityType(name: string, first: (() => Type) | undefined, second: (() => Type) | undefined): Type {
  if (first === undefined) throw new Unsettled();
  switch (name) {
    case "Promise":
    case "PromiseLike":
    case "Awaited":
    case "Readonly":
      return first();
    case "Array":
    case "ReadonlyArray":
      return { kind: "list", of: first() };
    case "NonNullable":
      return withoutOptional(first());
    case "Partial":
      return mapFields(first(), (field) => ({ ...field, type: optional(field.type) }));
    case "Required":
      return mapFields(first(), (field) => ({ ...field, type: withoutOptional(field.type) }));
  }
  if (second === undefined) throw new Unsettled();
  switch (name) {
    case "Record":
      return recordOf(first(), second());
    case "Pick": {
      const keys = keySet(second());
      return { kind: "record", fields: plainFields(first()).filter((field) => keys.has(field.name)) };
    }
    case "Omit": {
      const keys = keySet(second());
      return { kind: "record", fields: plainFields(first()).filter((field) => !keys.has(field.name)) };
    }
    case "Exclude":
    case "Extract":
      return choose(first(), second(), name === "Extract");
    default:
      throw new Unsettled();
  }
}

/** The plain fields of a record. Of a union or a choice with fields only the checker knows the properties. */
export function plainFields(type: Type): readonly Field[] {
  if (type.kind !== "record" || type.fields.some((field) => armsWithFields(field.type).length > 0))
    throw new Unsettled();
  return type.fields;
}

export function keysOf(type: Type): Type {
  const names = plainFields(type).map((field) => literalOf(field.name));
  return names.length === 0 ? NONE : unite(names, undefined);
}

/** `T["a"]`, `T[number]`. */
export function member(of: Type, index: TSType, read: (type: TSType) => Type): Type {
  if (of.kind === "list" && index.type === "TSNumberKeyword") return of.of;
  const keys = keySet(read(index));
  const found = plainFields(of).filter((field) => keys.has(field.name));
  if (found.length !== keys.size) throw new Unsettled();
  return unite(
    found.map((field) => field.type),
    undefined,
  );
}

function mapFields(type: Type, change: (field: Field) => Field): Type {
  return { kind: "record", fields: plainFields(type).map(change) };
}

function keySet(type: Type): ReadonlySet<string> {
  if (type.kind === "none") return new Set();
  if (type.kind !== "choice") throw new Unsettled();
  return new Set(type.arms.map((arm) => arm.value));
}

function recordOf(key: Type, value: Type): Type {
  if (key.kind === "string") return { kind: "map", of: value };
  return { kind: "record", fields: [...keySet(key)].map((name) => ({ name, type: value })) };
}

function choose(from: Type, by: Type, keep: boolean): Type {
  if (from.kind !== "choice" || by.kind !== "choice") throw new Unsettled();
  const values = keySet(by);
  const arms = from.arms.filter((arm) => values.has(arm.value) === keep);
  if (arms.length === 0) throw new Unsettled();
  return { kind: "choice", arms };
}
