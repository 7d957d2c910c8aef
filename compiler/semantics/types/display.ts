/** Types and quantities as a user writes them. */
import type { Arm, Field, Json, NumberKind, Type } from "../../../runtime/types.ts";
import { isNumber, isPoint } from "./visit.ts";

/** Longer texts are cut with `…`: a message is read, not parsed. */
const ROOM = 80;
/** Deeper parts become `…`. */
const DEPTH = 12;

/** `int in 1..5`, `Model`, `float?`, `synth.Task[]`. At most about `room` characters. */
export function display(type: Type, room: number = ROOM): string {
  return new Writer(room).write(type, false);
}

/** As `display`, but a named type by what it is declared as: for a hover. */
export function displayDefinition(type: Type, room: number = 1_000): string {
  return new Writer(room).write(type, true);
}

const DURATION_UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;
const SIZE_UNITS = [
  ["TiB", 2 ** 40],
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
  ["TB", 1e12],
  ["GB", 1e9],
  ["MB", 1e6],
  ["KB", 1e3],
  ["B", 1],
] as const;

/** A value in its base unit, with the unit in which it is shortest: 5400 as a duration is `90m`. */
export function displayNumber(value: number, kind: NumberKind): string {
  if (value < 0) return `-${displayNumber(-value, kind)}`;
  switch (kind) {
    case "int":
      return plain(value);
    case "float":
      return Number.isInteger(value) && value < 1e15 ? `${plain(value)}.0` : plain(value);
    case "money":
      return `$${Number.isInteger(value * 100) && !Number.isInteger(value) ? value.toFixed(2) : plain(value)}`;
    case "duration":
      if (value > 0 && value < 1) return `${plain(Number((value * 1000).toPrecision(12)))}ms`;
      return inUnits(value, DURATION_UNITS, "s");
    case "size":
      return inUnits(value, SIZE_UNITS, "B");
  }
}

function inUnits(value: number, units: readonly (readonly [string, number])[], base: string): string {
  if (value === 0) return `0${base}`;
  let best = `${plain(value)}${base}`;
  for (const [unit, factor] of units) {
    const text = `${plain(value / factor)}${unit}`;
    if (Number.isInteger(value / factor) && text.length < best.length) best = text;
  }
  return best;
}

/** Without an exponent, which the language does not know, down to 20 places. */
function plain(value: number): string {
  const text = String(value);
  if (!text.includes("e")) return text;
  return Math.abs(value) >= 1 ? BigInt(Math.round(value)).toString() : value.toFixed(20).replace(/0+$/, "");
}

class Writer {
  #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  write(type: Type, open: boolean, depth = 0): string {
    if (!open && "name" in type && type.name !== undefined) return this.#spend(type.name);
    if (this.#room <= 0 || depth > DEPTH) return "…";
    if (isNumber(type)) return this.#spend(number(type));
    switch (type.kind) {
      case "literal":
        return this.#spend(String(type.value));
      case "choice":
        return this.#list(type.arms, " | ", (arm) => this.#arm(arm, depth));
      case "union":
        return this.#list(type.members, " | ", (member) => this.write(member, false, depth + 1));
      case "optional":
        return `${this.#operand(type.of, depth)}?`;
      case "list":
        return `${this.#operand(type.of, depth)}${this.#spend(bounds(type.least, type.most))}`;
      case "map":
        return `map<${this.write(type.of, false, depth + 1)}>`;
      case "record":
        return this.#record(type.fields, depth);
      case "named":
        return this.#spend(type.name);
      default:
        return this.#spend(type.kind);
    }
  }

  /** In front of `?` and `[]` whatever is more than one word needs parentheses. */
  #operand(type: Type, depth: number): string {
    const text = this.write(type, false, depth + 1);
    const named = "name" in type && type.name !== undefined;
    const compound =
      !named &&
      ((type.kind === "choice" && (type.arms.length > 1 || type.arms[0]!.fields.length > 0)) ||
        type.kind === "union" ||
        (isNumber(type) && type.low !== undefined && !isPoint(type)));
    return compound ? `(${text})` : text;
  }

  #arm(arm: Arm, depth: number): string {
    const value = this.#spend(JSON.stringify(arm.value));
    return arm.fields.length === 0 ? value : `${value} ${this.#record(arm.fields, depth)}`;
  }

  #record(fields: readonly Field[], depth: number): string {
    if (fields.length === 0) return "{}";
    return `{ ${this.#list(fields, ", ", (field) => this.#field(field, depth))} }`;
  }

  #field(field: Field, depth: number): string {
    if (field.type.kind === "optional" && field.default === undefined) {
      return `${this.#spend(`${field.name}?: `)}${this.write(field.type.of, false, depth + 1)}`;
    }
    const head = `${this.#spend(`${field.name}: `)}${this.write(field.type, false, depth + 1)}`;
    return field.default === undefined ? head : `${head} = ${this.#spend(displayValue(field.default, field.type))}`;
  }

  #list<Part>(parts: readonly Part[], separator: string, write: (part: Part) => string): string {
    const texts: string[] = [];
    for (const part of parts) {
      if (this.#room <= 0) {
        texts.push("…");
        break;
      }
      this.#room -= separator.length;
      texts.push(write(part));
    }
    return texts.join(separator);
  }

  #spend(text: string): string {
    this.#room -= text.length;
    return text;
  }
}

function number(type: Extract<Type, { kind: NumberKind }>): string {
  if (type.low === undefined || type.high === undefined) return type.kind;
  if (isPoint(type)) return displayNumber(type.low, type.kind);
  const grid = type.log ? " log" : type.step === undefined ? "" : ` step ${displayNumber(type.step, type.kind)}`;
  return `${type.kind} in ${displayNumber(type.low, type.kind)}..${displayNumber(type.high, type.kind)}${grid}`;
}

function bounds(least: number | undefined, most: number | undefined): string {
  if (most === undefined) return least === undefined || least === 0 ? "[]" : `[${least}..]`;
  return least === most ? `[${most}]` : `[${least ?? 0}..${most}]`;
}

/** A value in JSON form as one of this type is written; long ones are cut. */
export function displayValue(value: Json, type: Type, room: number = ROOM): string {
  const text = valueText(value, type, 0);
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}

function valueText(value: Json, type: Type, depth: number): string {
  if (depth > DEPTH) return "…";
  if (value === null) return "none";
  const of = type.kind === "optional" ? type.of : type;
  if (typeof value === "number")
    return displayNumber(value, isNumber(of) ? of.kind : Number.isInteger(value) ? "int" : "float");
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) {
    const item: Type = of.kind === "list" ? of.of : { kind: "json" };
    return `[${value.map((part: Json) => valueText(part, item, depth + 1)).join(", ")}]`;
  }
  const fields = Object.entries(value as { readonly [key: string]: Json }).map(([name, part]) => {
    const inner = of.kind === "record" ? of.fields.find((field) => field.name === name)?.type : undefined;
    return `${name}: ${valueText(part, inner ?? { kind: "json" }, depth + 1)}`;
  });
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}
