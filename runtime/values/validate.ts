/**
 * Checks a value that came from outside (a model, a tool, a file, another peer) against a type, and brings it into the
 * form that the program counts on: defaults filled, missing fields absent, numbers as numbers, times in UTC.
 */
import type { Arm, Field, Json, NumberType, Type } from "../types.ts";
import { addressIn } from "./address.ts";
import { nearest } from "./nearest.ts";

export type Validated =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly reasons: readonly string[] };

export interface Strictness {
  /** What to do with a record's unknown fields: models must not invent any; tools may return more than is declared. */
  readonly unknown: "refuse" | "drop";
  /** Whether a file may be said by its path, or its bytes: where values come in. Elsewhere it is its address. */
  readonly places?: boolean;
}

type Mutable = { [key: string]: Json };

/** More reasons than this help nobody. */
const MOST_REASONS = 20;

/**
 * `path` names the value in the reasons (`answer`, `result.items[2]`). `undefined` and `null` are both "missing"; a
 * missing value of an optional type is `null` here and left out of the record around it.
 */
export function validate(
  value: unknown,
  type: Type,
  path: string,
  strictness: Strictness = { unknown: "refuse" },
): Validated {
  const reasons: string[] = [];
  const result = check(value, type, path, reasons, strictness);
  return reasons.length === 0 ? { ok: true, value: result } : { ok: false, reasons: reasons.slice(0, MOST_REASONS) };
}

function check(value: unknown, type: Type, path: string, reasons: string[], strictness: Strictness): Json {
  const refuse = (wanted: string): null => {
    reasons.push(`${path} must be ${wanted}, but is ${shown(value)}`);
    return null;
  };
  switch (type.kind) {
    case "none":
      return null;
    case "optional":
      return value === undefined || value === null ? null : check(value, type.of, path, reasons, strictness);
    case "bool":
      if (typeof value === "boolean") return value;
      if (value === "true" || value === "false") return value === "true";
      return refuse("true or false");
    case "literal":
      return value === type.value || value === String(type.value) ? type.value : refuse(String(type.value));
    case "string":
    case "secret":
      return typeof value === "string" ? value : refuse("a text");
    case "file":
    case "dir":
      if (strictness.places === true) {
        if (typeof value === "string" && value !== "") return value;
        if (type.kind === "file" && value instanceof Uint8Array) return value as unknown as Json;
        return refuse(`the path of a ${type.kind}`);
      }
      return addressIn(value)?.kind === type.kind ? (value as string) : refuse(`a ${type.kind} of the store`);
    case "time":
      return time(value) ?? refuse("a time, such as 2026-01-31T12:00:00Z");
    case "int":
    case "float":
    case "duration":
    case "size":
    case "money": {
      const number = numberIn(value);
      if (number === undefined) return refuse(describeNumber(type));
      if (type.kind === "int" && !Number.isInteger(number)) return refuse("a whole number");
      if (number < (type.low ?? -Infinity) || number > (type.high ?? Infinity)) return refuse(describeNumber(type));
      return number;
    }
    case "choice": {
      const arm = armOf(type.arms, value);
      if (arm === undefined) return refuse(describeArms(type.arms, value));
      const first = arm.fields.find((field) => isRequired(field));
      if (first !== undefined)
        reasons.push(`${path} is "${arm.value}", which needs ${first.name}, and only a record can hold that`);
      return arm.value;
    }
    case "list": {
      if (!Array.isArray(value)) return refuse("a list");
      const least = type.least ?? 0;
      const most = type.most ?? Infinity;
      if (value.length < least || value.length > most) {
        const wanted = least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
        reasons.push(`${path} must have ${wanted} items, but has ${value.length}`);
        return null;
      }
      const items: Json[] = new Array(value.length);
      for (let i = 0; i < value.length; i++) {
        items[i] = check(value[i], type.of, `${path}[${i}]`, reasons, strictness);
        if (reasons.length >= MOST_REASONS) break;
      }
      return items;
    }
    case "map": {
      if (!isObject(value)) return refuse("a map");
      const entries: Mutable = {};
      const source: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value as Mutable);
      for (const [key, item] of source) {
        if (item === undefined) continue;
        put(entries, String(key), check(item, type.of, `${path}.${String(key)}`, reasons, strictness));
        if (reasons.length >= MOST_REASONS) break;
      }
      return entries;
    }
    case "record":
      return isObject(value) ? record(value as Mutable, type.fields, path, reasons, strictness) : refuse("a record");
    case "union":
      return union(value, type.members, path, reasons, strictness);
    case "json":
      return toJson(value, path, reasons, 0);
    case "named":
      throw new Error(`the type ${type.name} is not linked`);
  }
}

function record(
  value: Mutable,
  fields: readonly Field[],
  path: string,
  reasons: string[],
  strictness: Strictness,
): Json {
  const result: Mutable = {};
  const known: string[] = [];
  const visit = (field: Field): void => {
    known.push(field.name);
    const given = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
    const { type } = field;
    const choice =
      type.kind === "choice" ? type : type.kind === "optional" && type.of.kind === "choice" ? type.of : undefined;
    const chosen = given ?? field.default;
    if (chosen === undefined || chosen === null) {
      if (type.kind !== "optional" && type.kind !== "none" && type.kind !== "json")
        reasons.push(`${path}.${field.name} is missing`);
      else if (type.kind === "json" && given === undefined) reasons.push(`${path}.${field.name} is missing`);
      return;
    }
    if (choice === undefined) {
      put(result, field.name, check(chosen, type, `${path}.${field.name}`, reasons, strictness));
      return;
    }
    const arm = armOf(choice.arms, chosen);
    if (arm === undefined) {
      reasons.push(`${path}.${field.name} must be ${describeArms(choice.arms, chosen)}, but is ${shown(chosen)}`);
      // Which fields belong is not known, so that none of them can be called unknown.
      for (const other of choice.arms) for (const of of other.fields) known.push(of.name);
      return;
    }
    put(result, field.name, arm.value);
    arm.fields.forEach(visit);
  };
  fields.forEach(visit);
  if (strictness.unknown === "refuse") {
    for (const name of Object.keys(value)) {
      if (known.includes(name) || value[name] === undefined || value[name] === null) continue;
      const close = nearest(name, known);
      reasons.push(`${path} has no field ${name}${close === undefined ? "" : `; did you mean ${close}?`}`);
    }
  }
  return result;
}

/** Members are told apart by JSON kind or by a common literal field; the one that is meant gives the reasons. */
function union(
  value: unknown,
  members: readonly Type[],
  path: string,
  reasons: string[],
  strictness: Strictness,
): Json {
  let closest: string[] | undefined;
  // What is taken for something else, such as a text for a number, comes last.
  const meantFirst = [...members].sort((a, b) => Number(isMeant(value, b)) - Number(isMeant(value, a)));
  for (const member of meantFirst) {
    const own: string[] = [];
    const result = check(value, member, path, own, strictness);
    if (own.length === 0) return result;
    if (closest === undefined || (isMeant(value, member) && !isMeant(value, members[0]!))) closest = own;
  }
  const meant = members.filter((member) => isMeant(value, member));
  if (meant.length === 1) check(value, meant[0]!, path, reasons, strictness);
  else reasons.push(...(closest ?? [`${path} has no type`]));
  return null;
}

function isMeant(value: unknown, type: Type): boolean {
  switch (type.kind) {
    case "record":
      return (
        isObject(value) &&
        type.fields.every((field) => !isTag(field.type) || accepts((value as Mutable)[field.name], field.type))
      );
    case "map":
      return isObject(value);
    case "list":
      return Array.isArray(value);
    case "bool":
    case "literal":
      return typeof value === "boolean";
    case "int":
    case "float":
    case "duration":
    case "size":
    case "money":
      return typeof value === "number";
    case "optional":
      return value === null || value === undefined || isMeant(value, type.of);
    case "none":
      return value === null || value === undefined;
    case "json":
      return true;
    default:
      return typeof value === "string";
  }
}

const isTag = (type: Type): boolean => type.kind === "literal" || (type.kind === "choice" && type.arms.length === 1);
const accepts = (value: unknown, type: Type): boolean => check(value, type, "", [], { unknown: "drop" }) === value;
const isRequired = (field: Field): boolean => field.default === undefined && field.type.kind !== "optional";

export function armOf(arms: readonly Arm[], value: unknown): Arm | undefined {
  return arms.find((arm) => arm.value === value);
}

function isObject(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !ArrayBuffer.isView(value)
  );
}

/** `__proto__` is a name like any other. */
function put(target: Mutable, name: string, value: Json): void {
  if (name === "__proto__")
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  else target[name] = value;
}

/** Numbers, and texts that say exactly one number. */
function numberIn(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : undefined;
  if (typeof value === "bigint") return BigInt(Number(value)) === value ? Number(value) : undefined;
  if (typeof value !== "string" || !/^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/.test(value)) return undefined;
  const number = Number(value);
  if (!Number.isFinite(number)) return undefined;
  // A whole number of more digits than a double holds would silently become another one.
  return /^\s*[-+]?\d+\s*$/.test(value) && !Number.isSafeInteger(number) ? undefined : number;
}

function time(value: unknown): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}/.test(value)) return undefined;
  // Without a zone JavaScript reads a date as UTC and a date with a time as local: here both are UTC.
  const zoned = /^\d{4}-\d{2}-\d{2}$|(Z|[+-]\d{2}:?\d{2})$/.test(value) ? value : `${value}Z`;
  const milliseconds = Date.parse(zoned);
  return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds).toISOString();
}

function toJson(value: unknown, path: string, reasons: string[], depth: number): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "bigint" && Number.isSafeInteger(Number(value))) return Number(value);
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  if (depth > 200) {
    reasons.push(`${path} is nested more than 200 deep`);
    return null;
  }
  if (Array.isArray(value)) return value.map((item, i) => toJson(item, `${path}[${i}]`, reasons, depth + 1));
  if (isObject(value)) {
    const result: Mutable = {};
    for (const [name, item] of Object.entries(value)) {
      if (item !== undefined) put(result, name, toJson(item, `${path}.${name}`, reasons, depth + 1));
    }
    return result;
  }
  reasons.push(`${path} must be JSON, but is ${shown(value)}`);
  return null;
}

function describeNumber(type: NumberType): string {
  const noun = {
    int: "a whole number",
    float: "a number",
    duration: "a duration in seconds",
    size: "a size in bytes",
    money: "an amount in dollars",
  }[type.kind];
  if (type.low !== undefined && type.high !== undefined)
    return type.low === type.high ? `${type.low}` : `${noun} from ${type.low} to ${type.high}`;
  if (type.low !== undefined) return `${noun} of at least ${type.low}`;
  return type.high === undefined ? noun : `${noun} of at most ${type.high}`;
}

function describeArms(arms: readonly Arm[], value: unknown): string {
  const close =
    typeof value === "string"
      ? nearest(
          value,
          arms.map((arm) => arm.value),
        )
      : undefined;
  const names = arms.map((arm) => `"${arm.value}"`);
  const all = names.length === 1 ? names[0]! : `one of ${names.join(", ")}`;
  return close === undefined || arms.length === 1 ? all : `${all} (did you mean "${close}"?)`;
}

/** A value as it stands in a sentence. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return "missing";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Date) return "an invalid date";
  if (ArrayBuffer.isView(value)) return "bytes";
  return typeof value === "object" ? "a record" : `a ${typeof value}`;
}
