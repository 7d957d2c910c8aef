/** Views of a type that several judgements share. */
import type { Arm, Field, NumberKind, NumberType, Type } from "../../../runtime/types.ts";

export type Choice = Extract<Type, { kind: "choice" }>;
export type RecordType = Extract<Type, { kind: "record" }>;

const NUMBER_KINDS: ReadonlySet<string> = new Set<NumberKind>(["int", "float", "duration", "size", "money"]);

export function isNumber(type: Type): type is NumberType {
  return NUMBER_KINDS.has(type.kind);
}

/** `int` and `float` are one unit: none. */
export function sameUnit(a: NumberKind, b: NumberKind): boolean {
  return a === b || (isPlain(a) && isPlain(b));
}

export function isPlain(kind: NumberKind): boolean {
  return kind === "int" || kind === "float";
}

/** A number literal, that is a range of one value. */
export function isPoint(type: NumberType): boolean {
  return type.low !== undefined && type.low === type.high;
}

export function withoutOptional(type: Type): Type {
  return type.kind === "optional" ? type.of : type;
}

/** The arms that bring fields into the record in which a field of this type stands; empty for every other type. */
export function armsWithFields(type: Type): readonly Arm[] {
  const inner = withoutOptional(type);
  return inner.kind === "choice" && inner.arms.some((arm) => arm.fields.length > 0) ? inner.arms : [];
}

/** How a field is found in a record whose choices lie flat in it. */
export interface Found {
  readonly type: Type;
  readonly field: Field;
  /** Whether every value of the record has it (it may still be `optional` by its own type). */
  readonly always: boolean;
}

/** Every place at which the name stands: once as a plain field, or once for each arm that brings it. */
export function findField(fields: readonly Field[], name: string): readonly Found[] {
  const plain = fields.find((field) => field.name === name);
  if (plain !== undefined) return [{ type: plain.type, field: plain, always: true }];
  for (const carrier of fields) {
    const arms = armsWithFields(carrier.type);
    const found = arms.map((arm) => findField(arm.fields, name));
    if (!found.some((places) => places.length > 0)) continue;
    const everywhere =
      carrier.type.kind !== "optional" && found.every((places) => places.some((place) => place.always));
    return found.flat().map((place) => ({ ...place, always: everywhere }));
  }
  return [];
}

/** Names of all fields of a record, those of its arms included, each once. */
export function fieldNames(fields: readonly Field[]): readonly string[] {
  const names = new Set<string>();
  for (const field of fields) {
    names.add(field.name);
    for (const arm of armsWithFields(field.type)) for (const name of fieldNames(arm.fields)) names.add(name);
  }
  return [...names];
}
