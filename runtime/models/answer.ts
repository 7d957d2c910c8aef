/**
 * From what a language model wrote to a value: out of the prose and the fences around it, with quantities brought to
 * base units. Whether it fits the type is for the caller to judge.
 */
import { AttemptError } from "../execution/attempt-error.ts";
import type { Field, Json, Type } from "../types.ts";
import { quantityIn } from "../values/units.ts";
import { armOf, shown } from "../values/validate.ts";
import { WRAPPER } from "./schema.ts";

/** Throws an `AttemptError` of class `invalid` where no value can be found in it. */
export function readAnswer(text: string, type: Type, wrapped: boolean): Json {
  const found = jsonIn(text);
  // A model that was to answer with a text, and was not held to a schema, may answer with just that.
  if (found === undefined && isText(type) && text.trim() !== "") return text.trim();
  if (found === undefined)
    throw new AttemptError(
      "invalid",
      text.trim() === "" ? "the answer is empty" : `the answer is not JSON: ${shown(text.trim())}`,
    );
  const inner = wrapped && isRecord(found) && Object.keys(found).join() === WRAPPER ? found[WRAPPER]! : found;
  return coerce(inner, type);
}

/** The text as JSON, else the last fenced block that is JSON, else the first object or list that stands in the prose. */
function jsonIn(text: string): Json | undefined {
  const whole = parsed(text);
  if (whole !== undefined) return whole;
  for (const [, block] of [...text.matchAll(/```[a-zA-Z0-9]*[ \t]*\r?\n([\s\S]*?)```/g)].reverse()) {
    const value = parsed(block!);
    if (value !== undefined) return value;
  }
  for (const start of text.matchAll(/[[{]/g)) {
    const end = endOf(text, start.index);
    const value = end === undefined ? undefined : parsed(text.slice(start.index, end));
    if (value !== undefined) return value;
  }
  return undefined;
}

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
