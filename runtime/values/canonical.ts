/**
 * The claim: the canonical form of what a stage chose. Two choices that do not differ by more than their type's
 * resolution are one claim, so that evidence about them adds up; the order of fields and a default left out are no difference.
 */
import { hash } from "node:crypto";
import type { Field, Json, NumberType, Type } from "../types.ts";
import { armOf } from "./validate.ts";

export interface Claim {
  /** SHA-256, hex, of `chosen`. */
  readonly claim: string;
  /** Canonical JSON. */
  readonly chosen: string;
  /** The discrete part in words (`family = "garch"`); empty where there is none. */
  readonly niche: string;
}

/** Resolution of a range without a `step`. */
export const BINS = 64;

/** Arguments of a tool that are longer than this as JSON stand in its claim by their content hash. */
const LONGEST_ARGUMENT = 200;

/** `value` has been validated against `type`. */
export function canonical(value: Json, type: Type): Claim {
  const niche: string[] = [];
  const chosen = canonicalJson(round(value, type, "", niche));
  return { claim: sha256(chosen), chosen, niche: niche.join(", ") };
}

/** The claim of a tool's stage: its arguments. */
export function canonicalArguments(input: { readonly [name: string]: Json }, parameters: readonly Field[]): Claim {
  const shortened: { [name: string]: Json } = {};
  const niche: string[] = [];
  for (const { name, type, default: preset } of parameters) {
    const argument = input[name];
    if (argument === undefined || argument === null) continue;
    const own: string[] = [];
    const rounded = round(argument, type, name, own, preset);
    const json = canonicalJson(rounded);
    if (json.length > LONGEST_ARGUMENT) shortened[name] = `sha256:${sha256(json)}`;
    else {
      shortened[name] = rounded;
      niche.push(...own);
    }
  }
  const chosen = canonicalJson(shortened);
  return { claim: sha256(chosen), chosen, niche: niche.join(", ") };
}

export function sha256(text: string): string {
  return hash("sha256", text);
}

/** JSON with its keys sorted and its missing values left out. */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const object = value as { readonly [key: string]: Json };
  const fields: string[] = [];
  for (const key of Object.keys(object).sort()) {
    const item = object[key];
    if (item !== undefined && item !== null) fields.push(`${JSON.stringify(key)}:${canonicalJson(item)}`);
  }
  return `{${fields.join(",")}}`;
}

/** `preset` is what the declaration says this part is where nothing else is said. */
function round(value: Json, type: Type, path: string, niche: string[], preset?: Json): Json {
  switch (type.kind) {
    case "optional":
      if (value === null) niche.push(`${path || "value"} = none`);
      return value === null ? null : round(value, type.of, path, niche, preset);
    case "int":
    case "float":
    case "duration":
    case "size":
    case "money":
      return typeof value === "number"
        ? roundNumber(value, type, typeof preset === "number" ? preset : undefined)
        : value;
    case "bool":
    case "literal":
    case "choice":
      niche.push(`${path || "value"} = ${JSON.stringify(value)}`);
      return value;
    case "list":
      if (!Array.isArray(value)) return value;
      if (type.least !== type.most) niche.push(`${path || "value"}.length = ${value.length}`);
      return value.map((item: Json, i) =>
        round(item, type.of, `${path}[${i}]`, niche, Array.isArray(preset) ? preset[i] : undefined),
      );
    case "map":
      return isObject(value)
        ? Object.fromEntries(
            Object.entries(value).map(([key, item]) => [key, round(item, type.of, join(path, key), niche)]),
          )
        : value;
    case "record":
      return isObject(value) ? roundRecord(value, type.fields, path, niche, preset) : value;
    case "union": {
      const member = type.members.find((candidate) => isOf(value, candidate));
      return member === undefined ? value : round(value, member, path, niche, preset);
    }
    default:
      return value;
  }
}

function roundRecord(
  value: { readonly [key: string]: Json },
  fields: readonly Field[],
  path: string,
  niche: string[],
  presets: Json = null,
): Json {
  const result: { [key: string]: Json } = {};
  const visit = ({ name, type, default: own }: Field): void => {
    const preset = (isObject(presets) ? presets[name] : undefined) ?? own;
    const given = value[name] ?? own ?? null;
    const rounded = round(given, type, join(path, name), niche, preset);
    if (rounded !== null) result[name] = rounded;
    const choice = type.kind === "optional" ? type.of : type;
    if (choice.kind === "choice") armOf(choice.arms, given)?.fields.forEach(visit);
  };
  fields.forEach(visit);
  return result;
}

/**
 * To the grid of `step`, else to one of 64 bins between the ends, which are logarithmic where the range is. The bin in
 * which the declared default lies is known by it: what is measured of the default is measured of its claim.
 */
function roundNumber(value: number, type: NumberType, preset?: number): number {
  const rounded = onGrid(value, type);
  return preset !== undefined && rounded === onGrid(preset, type) ? preset : rounded;
}

function onGrid(value: number, type: NumberType): number {
  const { low, high, step, kind } = type;
  let rounded = value;
  if (step !== undefined) {
    const origin = low ?? 0;
    rounded = origin + Math.round((value - origin) / step) * step;
    // The last grid point may lie beyond the upper end.
    if (high !== undefined && rounded > high) rounded = origin + Math.floor((high - origin) / step + 1e-9) * step;
  } else if (low !== undefined && high !== undefined && high > low && !(kind === "int" && high - low <= BINS)) {
    rounded = binned(value, low, high, type.log === true && low > 0);
  }
  if (kind === "int") rounded = Math.round(rounded);
  // A whole number of so few digits has no more of them.
  if (!Number.isInteger(rounded) || Math.abs(rounded) >= 1e12) rounded = Number(rounded.toPrecision(12));
  return Math.min(Math.max(rounded, low ?? -Infinity), high ?? Infinity) + 0;
}

/** The shortest number near the middle of the value's bin that lies in it: people read claims. The ends stand for themselves. */
function binned(value: number, low: number, high: number, log: boolean): number {
  const binOf = (x: number): number =>
    Math.round(BINS * (log ? Math.log(x / low) / Math.log(high / low) : (x - low) / (high - low)));
  const bin = binOf(value);
  if (bin <= 0) return low;
  if (bin >= BINS) return high;
  const middle = log ? low * (high / low) ** (bin / BINS) : low + (bin / BINS) * (high - low);
  for (let digits = 1; digits < 12; digits++) {
    const short = Number(middle.toPrecision(digits));
    if (binOf(short) === bin) return short;
  }
  return middle;
}

/** Which member of a union is meant. */
export function isOf(value: Json, type: Type): boolean {
  if (type.kind === "record") {
    return (
      isObject(value) &&
      type.fields.every(({ name, type: of }) =>
        of.kind === "literal"
          ? value[name] === of.value
          : of.kind === "choice"
            ? armOf(of.arms, value[name]) !== undefined
            : true,
      )
    );
  }
  switch (typeof value) {
    case "number":
      return ["int", "float", "duration", "size", "money"].includes(type.kind);
    case "boolean":
      return type.kind === "bool" || (type.kind === "literal" && type.value === value);
    case "string":
      return type.kind === "choice"
        ? armOf(type.arms, value) !== undefined
        : ["string", "time", "file", "dir"].includes(type.kind);
    default:
      return value === null
        ? type.kind === "none" || type.kind === "optional"
        : Array.isArray(value)
          ? type.kind === "list"
          : type.kind === "map";
  }
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const join = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);
