/** Types made of types, normalised as they are made; a reason where there is no such type. */
import type { Arm, Field, NumberKind, NumberType, Type } from "../../../runtime/types.ts";
import { display, displayNumber } from "./display.ts";
import { fits } from "./fit.ts";
import { same, sameField } from "./same.ts";
import {
  armsWithFields,
  type Choice,
  isNumber,
  isPlain,
  isPoint,
  type RecordType,
  sameUnit,
  withoutOptional,
} from "./visit.ts";

/** A type, or why there is none and what would be right. */
export type Judgement = { readonly ok: true; readonly type: Type } | Refused;

export interface Refused {
  readonly ok: false;
  /** A sentence without its full stop. */
  readonly reason: string;
  readonly help?: string;
}

export function given(type: Type): Judgement {
  return { ok: true, type };
}

export function refused(reason: string, help?: string): Refused {
  return help === undefined ? { ok: false, reason } : { ok: false, reason, help };
}

const NONE: Type = { kind: "none" };

/** `T?`; `T??` is `T?`. */
export function optional(of: Type): Type {
  return of.kind === "optional" || of.kind === "none" ? of : { kind: "optional", of };
}

/** The type of a literal: `5` is `int in 5..5`, `"a"` the choice of one. Numbers are in their base unit. */
export function literalOf(value: boolean | string | number | null, kind: NumberKind = "float"): Type {
  if (value === null) return NONE;
  if (typeof value === "boolean") return { kind: "literal", value };
  if (typeof value === "string") return { kind: "choice", arms: [{ value, fields: [] }] };
  return { kind, low: value, high: value };
}

/** `T[least..most]`. */
export function listOf(of: Type, least?: number, most?: number): Judgement {
  if (!isLength(least)) return refusedLength(least);
  if (!isLength(most)) return refusedLength(most);
  if (least !== undefined && most !== undefined && least > most) {
    return refused(`The bounds ${least}..${most} are the wrong way round`, `Write \`[${most}..${least}]\`.`);
  }
  if (of.kind === "secret") return refused("A secret cannot be the item of a list");
  // In steps, since most lists have no bounds, and a spread costs more than all else that is done for one.
  const list: { -readonly [Key in keyof List]: List[Key] } = { kind: "list", of };
  if (least !== undefined) list.least = least;
  if (most !== undefined) list.most = most;
  return given(list);
}

type List = Extract<Type, { readonly kind: "list" }>;

function isLength(bound: number | undefined): boolean {
  return bound === undefined || (Number.isSafeInteger(bound) && bound >= 0);
}

function refusedLength(bound: number | undefined): Refused {
  return refused(`A list cannot have ${bound} items`, "Bounds are whole numbers from 0 on.");
}

export function mapOf(of: Type): Judgement {
  return of.kind === "secret" ? refused("A secret cannot be a value of a map") : given({ kind: "map", of });
}

/** The type under a declared name. Scalars keep none: `type Port = int in 1..65535` is shown as what it is. */
export function named(type: Type, name: string, doc?: string): Type {
  if (type.kind === "record" && doc !== undefined) return { ...type, doc, name };
  return type.kind === "record" || type.kind === "choice" || type.kind === "union" ? { ...type, name } : type;
}

// Ranges ------------------------------------------------------------------------------------------------------------

export interface Quantity {
  readonly kind: NumberKind;
  /** In the base unit. */
  readonly value: number;
}

/** `base in low..high`, with `log` or `step`. */
export function range(base: Type, low: Quantity, high: Quantity, log = false, step?: Quantity): Judgement {
  if (!isNumber(base)) {
    return refused(`\`${display(base)}\` has no ranges`, "Ranges are for int, float, duration, size and money.");
  }
  const wrong =
    wrongEnd(low, base.kind) ??
    wrongEnd(high, base.kind) ??
    (step === undefined ? undefined : wrongEnd(step, base.kind));
  if (wrong !== undefined) return wrong;
  const shown = (from: Quantity, to: Quantity): string =>
    `${displayNumber(from.value, base.kind)}..${displayNumber(to.value, base.kind)}`;
  if (low.value === high.value)
    return refused(`The range ${shown(low, high)} holds one value only`, "Write the value itself.");
  if (low.value > high.value) {
    return refused(`The range ${shown(low, high)} is the wrong way round`, `Write \`${shown(high, low)}\`.`);
  }
  if (log && low.value <= 0) {
    return refused(
      `A logarithmic range cannot begin at ${displayNumber(low.value, base.kind)}`,
      "Begin above zero, or leave `log` out.",
    );
  }
  if (log && step !== undefined) return refused("A range has `log` or a step, not both");
  if (step !== undefined && (step.value <= 0 || step.value > high.value - low.value)) {
    return refused(
      `A step of ${displayNumber(step.value, base.kind)} does not fit into ${shown(low, high)}`,
      "A step is above zero and at most the width of the range.",
    );
  }
  const ranged: { -readonly [Key in keyof NumberType]: NumberType[Key] } = {
    kind: base.kind,
    low: low.value,
    high: high.value,
  };
  if (log) ranged.log = true;
  if (step !== undefined) ranged.step = step.value;
  return given(ranged);
}

/** Why a quantity cannot bound, or be the step of, a range of this kind. */
function wrongEnd(end: Quantity, kind: NumberKind): Refused | undefined {
  const shown = (): string => displayNumber(end.value, end.kind);
  if (!sameUnit(end.kind, kind)) return refused(`${shown()} is not a ${kind}`, unitHelp(kind));
  return kind === "int" && !Number.isInteger(end.value)
    ? refused(`${shown()} is not a whole number, and the range is of ints`, "Take `float`, or whole bounds.")
    : undefined;
}

/** How a quantity of this unit is written. */
export function unitHelp(kind: NumberKind): string {
  switch (kind) {
    case "duration":
      return "A duration is written with its unit: `500ms`, `30s`, `5m`, `2h`, `7d`.";
    case "size":
      return "A size is written with its unit: `64KB`, `16GB`, `8GiB`.";
    case "money":
      return "Money is written with its sign: `$2.50`.";
    default:
      return "Write the plain number, without a unit.";
  }
}

// Unions ------------------------------------------------------------------------------------------------------------

/**
 * `A | B`, normalised: flat, without duplicates, literals in one choice, `none` as `?`, records that one field of
 * string literals tells apart as one record with a choice. What JSON could not tell apart is refused.
 */
export function union(types: readonly Type[]): Judgement {
  const parts = new Map<Type, void>();
  const absent = flatten(types, parts);
  const members = [...parts.keys()];
  if (members.some((member) => member.kind === "secret")) return refused("A secret cannot be part of a union");
  const merged = merge(members);
  if (!merged.ok) return merged;
  if (merged.type.kind === "union") {
    const problem = lookAlike(merged.type.members);
    if (problem !== undefined) return problem;
  }
  return given(absent && merged.type.kind !== "none" ? optional(merged.type) : merged.type);
}

/** One type that all of these fit, as for the arms of a field: their union, or `json` where JSON cannot tell them apart. */
export function common(types: readonly Type[]): Type {
  const made = union(types);
  return made.ok ? made.type : { kind: "json" };
}

/** Collects the members; says whether one of them may be missing. */
function flatten(types: readonly Type[], into: Map<Type, void>): boolean {
  let absent = false;
  for (const type of types) {
    if (type.kind === "none") absent = true;
    else if (type.kind === "optional") absent = flatten([type.of], into) || true;
    else if (type.kind === "union") absent = flatten(type.members, into) || absent;
    else into.set(type);
  }
  return absent;
}

function merge(members: readonly Type[]): Judgement {
  const json = members.find((member) => member.kind === "json");
  if (json !== undefined) return given(json);
  const single = members.length === 1 ? members[0] : undefined;
  if (single !== undefined) return given(single);

  const kept: Type[] = [];
  const arms: Arm[] = [];
  const records: RecordType[] = [];
  for (const member of members) {
    if (member.kind === "choice") {
      const clash = addArms(arms, member);
      if (clash !== undefined) return clash;
    } else if (member.kind === "record") {
      if (!records.some((other) => same(other, member))) records.push(member);
    } else if (!kept.some((other) => absorbs(other, member))) {
      const rest = kept.filter((other) => !absorbs(member, other));
      kept.splice(0, kept.length, ...rest, member);
    }
  }
  const text = kept.some((member) => member.kind === "string");
  if (arms.length > 0 && !(text && arms.every((arm) => arm.fields.length === 0))) kept.push({ kind: "choice", arms });
  const record = oneRecord(records);
  kept.push(...(record === undefined ? records : [record]));
  if (kept.length === 0) return given(NONE);
  const bools = kept.filter((member) => member.kind === "literal").length;
  const rest = bools === 2 ? [...kept.filter((member) => member.kind !== "literal"), { kind: "bool" } as const] : kept;
  return given(rest.length === 1 ? rest[0]! : { kind: "union", members: rest });
}

/** Only scalars absorb: of two records or lists, the narrower has something to say. */
function absorbs(wide: Type, narrow: Type): boolean {
  if (wide.kind === "list" || wide.kind === "map") return same(wide, narrow);
  return fits(narrow, wide).verdict === "fits";
}

function addArms(arms: Arm[], choice: Choice): Refused | undefined {
  for (const arm of choice.arms) {
    const other = arms.find((candidate) => candidate.value === arm.value);
    if (other === undefined) arms.push(arm);
    else if (!sameFields(other.fields, arm.fields)) {
      return refused(`${JSON.stringify(arm.value)} stands twice with different fields`, "Give it one set of fields.");
    }
  }
  return undefined;
}

function sameFields(a: readonly Field[], b: readonly Field[]): boolean {
  return a.length === b.length && a.every((field, index) => sameField(field, b[index]!));
}

/** `{ kind: "a", x: T } | { kind: "b" }` as `{ kind: "a" { x: T } | "b" }`. */
function oneRecord(records: readonly RecordType[]): Type | undefined {
  const first = records[0];
  if (first === undefined || records.length === 1) return first;
  const tag = first.fields.find((field) => isTag(records, field.name));
  if (tag === undefined) return undefined;
  const shared = first.fields.filter(
    (field) => field !== tag && records.every((record) => record.fields.some((other) => sameField(field, other))),
  );
  const isShared = (field: Field): boolean =>
    field.name === tag.name || shared.some((other) => other.name === field.name);
  const arms = records.flatMap((record) => {
    const own = record.fields.filter((field) => !isShared(field));
    const doc = record.doc;
    return tagOf(record, tag.name)!.arms.map((arm) => ({
      value: arm.value,
      fields: [...arm.fields, ...own],
      ...((arm.doc ?? doc) === undefined ? {} : { doc: (arm.doc ?? doc)! }),
    }));
  });
  const choice: Field = {
    name: tag.name,
    type: { kind: "choice", arms },
    ...(tag.doc === undefined ? {} : { doc: tag.doc }),
  };
  return { kind: "record", fields: first.fields.filter(isShared).map((field) => (field === tag ? choice : field)) };
}

function tagOf(record: RecordType, name: string): Choice | undefined {
  const field = record.fields.find((candidate) => candidate.name === name);
  return field?.type.kind === "choice" ? field.type : undefined;
}

function isTag(records: readonly RecordType[], name: string): boolean {
  const seen = new Set<string>();
  return records.every((record) => {
    const choice = tagOf(record, name);
    return choice?.arms.every((arm) => !seen.has(arm.value) && seen.add(arm.value)) ?? false;
  });
}

/** Two members that a reader of JSON could not tell apart. */
function lookAlike(members: readonly Type[]): Refused | undefined {
  for (const [index, a] of members.entries()) {
    for (const b of members.slice(index + 1)) {
      if (toldApart(a, b, members)) continue;
      const help =
        a.kind === "record" && b.kind === "record"
          ? `Give them a field that differs, such as \`kind: "a"\` and \`kind: "b"\`.`
          : "Wrap them in records with a field that differs.";
      return refused(`\`${display(a, 40)}\` and \`${display(b, 40)}\` cannot be told apart in JSON`, help);
    }
  }
  const carrier = members.find((member) => armsWithFields(member).length > 0);
  if (carrier === undefined) return undefined;
  return refused("A choice that brings fields cannot be mixed with other types", "Put it into a record of its own.");
}

function toldApart(a: Type, b: Type, members: readonly Type[]): boolean {
  if (a.kind === "record" && b.kind === "record") {
    const records = members.filter((member) => member.kind === "record");
    return a.fields.some(
      (field) => records.every((record) => isLiteralField(record, field.name)) && differ(records, field.name),
    );
  }
  if (isNumber(a) && isNumber(b)) return sameUnit(a.kind, b.kind) && fits(a, b).verdict === "never";
  return jsonKind(a) !== jsonKind(b);
}

function fieldType(record: RecordType, name: string): Type | undefined {
  return record.fields.find((field) => field.name === name)?.type;
}

function isLiteralField(record: RecordType, name: string): boolean {
  const type = fieldType(record, name);
  return type !== undefined && (type.kind === "literal" || type.kind === "choice" || (isNumber(type) && isPoint(type)));
}

function differ(records: readonly RecordType[], name: string): boolean {
  const types = records.map((record) => fieldType(record, name)!);
  return types.every((type, index) => types.every((other, at) => at <= index || fits(type, other).verdict === "never"));
}

function jsonKind(type: Type): string {
  if (isNumber(type)) return "number";
  switch (type.kind) {
    case "bool":
    case "literal":
      return "boolean";
    case "list":
      return "array";
    case "map":
    case "record":
      return "object";
    default:
      return "string";
  }
}

/**
 * The type of either of two values: the wider where one fits the other, the hull of two ranges, the choices of both.
 * `undefined` where they have nothing in common.
 */
export function join(a: Type, b: Type): Type | undefined {
  if (fits(b, a).verdict === "fits") return a;
  if (fits(a, b).verdict === "fits") return b;
  const missing = a.kind === "optional" || b.kind === "optional" || a.kind === "none" || b.kind === "none";
  if (missing) {
    if (a.kind === "none") return optional(b);
    if (b.kind === "none") return optional(a);
    const inner = join(withoutOptional(a), withoutOptional(b));
    return inner === undefined ? undefined : optional(inner);
  }
  if (isNumber(a) && isNumber(b)) return sameUnit(a.kind, b.kind) ? hull(a, b) : undefined;
  if (a.kind === "literal" && b.kind === "literal") return { kind: "bool" };
  if (a.kind === "list" && b.kind === "list") {
    const of = join(a.of, b.of);
    const most = a.most === undefined || b.most === undefined ? undefined : Math.max(a.most, b.most);
    if (of === undefined) return undefined;
    return { kind: "list", of, least: Math.min(a.least ?? 0, b.least ?? 0), ...(most === undefined ? {} : { most }) };
  }
  if (a.kind === "choice" && b.kind === "choice") {
    const made = union([a, b]);
    return made.ok ? made.type : undefined;
  }
  return undefined;
}

function hull(a: NumberType, b: NumberType): NumberType {
  const kind = isPlain(a.kind) && a.kind !== b.kind ? "float" : a.kind;
  if (a.low === undefined || a.high === undefined || b.low === undefined || b.high === undefined) return { kind };
  return { kind, low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
}
