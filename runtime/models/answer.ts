/**
 * From what a language model wrote to a value: out of the prose and the fences around it, with quantities brought to
 * base units. Whether it fits the type is for the caller to judge.
 */
import { AttemptError } from "../execution/attempt-error.ts";
import type { Field, Json, Type } from "../types.ts";
import { quantityIn } from "../values/units.ts";
import { armOf, shown, validate } from "../values/validate.ts";
import { WRAPPER } from "./schema.ts";

/** Throws an `AttemptError` of class `invalid` where no value can be found in it. */
export function readAnswer(text: string, type: Type, wrapped: boolean): Json {
  const said = text.split(THOUGHT).at(-1)!.trim();
  if (said === "") throw new AttemptError("invalid", "the answer is empty");
  const unwrapped = (found: Json): Json =>
    wrapped && isRecord(found) && Object.keys(found).join() === WRAPPER ? found[WRAPPER]! : found;
  const values = jsonIn(said).map((found) => coerce(unwrapped(found), type));
  // A model that was to answer with a text, and was not held to a schema, may answer with just that.
  if (isText(type)) return values.find((value) => typeof value === "string") ?? said;
  if (values.length === 0) throw new AttemptError("invalid", `the answer is not JSON: ${shown(said)}`);
  return values.find((value) => validate(value, type, "", { unknown: "drop" }).ok) ?? values[0]!;
}

/** What a reasoning model writes before this is no answer. */
const THOUGHT = "</think>";

/** The text as JSON, else all that it has of it, the last first: fenced blocks, then objects and lists in the prose. */
function jsonIn(text: string): readonly Json[] {
  const whole = parsed(text);
  if (whole !== undefined) return [whole];
  const fenced = [...text.matchAll(/```[a-zA-Z0-9]*[ \t]*\r?\n([\s\S]*?)```/g)].map(([, block]) => parsed(block!));
  const prose: (Json | undefined)[] = [];
  for (let at = text.search(OPENING); at >= 0; ) {
    const end = endOf(text, at);
    const value = end === undefined ? undefined : parsed(text.slice(at, end));
    prose.push(value);
    const from = value === undefined ? at + 1 : end!;
    const next = text.slice(from).search(OPENING);
    at = next < 0 ? next : from + next;
  }
  return [...fenced.reverse(), ...prose.reverse()].filter((value) => value !== undefined);
}

const OPENING = /[[{]/;

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Where what opens at `start` is closed again. */
function endOf(text: string, start: number): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const character = text[i]!;
    if (quoted) {
      if (character === "\\") i += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return undefined;
}

/** Quantities with a unit as numbers, wherever the type has one; everything else as it is. */
export function coerce(value: Json, type: Type): Json {
  switch (type.kind) {
    case "duration":
    case "size":
    case "money":
      return typeof value === "string" ? (quantityIn(value, type.kind) ?? value) : value;
    case "optional":
      return value === null ? null : coerce(value, type.of);
    case "list":
      return Array.isArray(value) ? value.map((item: Json) => coerce(item, type.of)) : value;
    case "map":
      return isRecord(value) ? mapped(value, (item) => coerce(item, type.of)) : value;
    case "record": {
      if (!isRecord(value)) return value;
      const types = typesIn(type.fields, value);
      return mapped(value, (item, name) => {
        const of = types.get(name);
        return of === undefined ? item : coerce(item, of);
      });
    }
    default:
      return value;
  }
}

/** The types of a record's fields, with those that its choices bring. */
function typesIn(
  fields: readonly Field[],
  value: { readonly [name: string]: Json },
  types = new Map<string, Type>(),
): Map<string, Type> {
  for (const { name, type, default: preset } of fields) {
    types.set(name, type);
    const choice = type.kind === "optional" ? type.of : type;
    if (choice.kind !== "choice") continue;
    const arm = armOf(choice.arms, value[name] ?? preset);
    if (arm !== undefined) typesIn(arm.fields, value, types);
  }
  return types;
}

function mapped(value: { readonly [name: string]: Json }, change: (item: Json, name: string) => Json): Json {
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, change(item, name)]));
}

function isRecord(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(type: Type): boolean {
  return type.kind === "string" || (type.kind === "optional" && isText(type.of));
}
