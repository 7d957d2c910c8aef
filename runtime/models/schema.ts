/**
 * A type as the JSON schema that a language model must fill. What the strict modes of the providers cannot say (ranges,
 * units, grids, lengths of lists) stands in words in the descriptions, and is checked when the answer arrives.
 *
 * All fields are required, as OpenAI's strict mode wants it: what may be missing is `null`. The fields of a choice lie
 * flat beside it, so a record with such choices is an `anyOf` of one closed record for each way to choose.
 */
import type { Arm, Field, NumberType, Type } from "../types.ts";

export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

export interface AnswerSchema {
  /** An object at its root. */
  readonly schema: JsonSchema;
  /** The answer is the field `answer` of the root: providers want an object there. */
  readonly wrapped: boolean;
  /** Whether a provider can hold a model to it: maps and free JSON are not closed. */
  readonly strict: boolean;
}

/** More ways to choose than this are one record with all fields in it, and the rest in words. */
const MOST_VARIANTS = 16;

export const WRAPPER = "answer";

export function answerSchema(type: Type): AnswerSchema {
  const own = schemaOf(type);
  const wrapped = own.type !== "object" || type.kind === "map";
  return { schema: wrapped ? closed([[WRAPPER, own]]) : own, wrapped, strict: isClosed(type) };
}

/** Of a tool's parameters: an object at the root, which providers want there, whatever the record has to choose from. */
export function parametersSchema(type: Type): JsonSchema {
  const own = schemaOf(type);
  if (own.type === "object" || type.kind !== "record") return own;
  return { ...closed(merged(type.fields, undefined)), ...described(type.doc) };
}

/** A schema, with what it means in its description. */
export function schemaOf(type: Type): JsonSchema {
  switch (type.kind) {
    case "none":
      return { type: "null" };
    case "bool":
      return { type: "boolean" };
    case "literal":
      return { type: "boolean", enum: [type.value] };
    case "string":
    case "secret":
      return { type: "string" };
    case "file":
    case "dir":
      return { type: "string", description: `a ${type.kind} as it was named to you: ${type.kind}:…` };
    case "time":
      return { type: "string", format: "date-time", description: "a moment in UTC, ISO 8601" };
    case "int":
      return { type: "integer", ...described(numberWords(type)) };
    case "float":
    case "duration":
    case "size":
    case "money":
      return { type: "number", ...described(numberWords(type)) };
    case "choice":
      return choiceSchema(type.arms);
    case "optional":
      return nullable(schemaOf(type.of));
    case "list":
      return { type: "array", items: schemaOf(type.of), ...described(lengthWords(type.least, type.most)) };
    case "map":
      return { type: "object", additionalProperties: schemaOf(type.of), description: "values by name" };
    case "record":
      return { ...recordSchema(type.fields), ...described(type.doc) };
    case "union":
      return { anyOf: type.members.map(schemaOf) };
    case "json":
      return { description: "any JSON value" };
    case "named":
      throw new Error(`the type ${type.name} is not linked`);
  }
}

function isClosed(type: Type): boolean {
  switch (type.kind) {
    case "map":
    case "json":
      return false;
    case "optional":
    case "list":
      return isClosed(type.of);
    case "record":
      return type.fields.every((field) => isClosed(field.type));
    case "choice":
      return type.arms.every((arm) => arm.fields.every((field) => isClosed(field.type)));
    case "union":
      return type.members.every(isClosed);
    default:
      return true;
  }
}

// Records ---------------------------------------------------------------------------------------------------------------

type Property = readonly [name: string, schema: JsonSchema];

function recordSchema(fields: readonly Field[]): JsonSchema {
  const ways = variants(fields);
  if (ways === undefined) return closed(merged(fields, undefined));
  return ways.length === 1 ? closed(ways[0]!) : { anyOf: ways.map(closed) };
}

function closed(properties: readonly Property[]): JsonSchema {
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: properties.map(([name]) => name),
    additionalProperties: false,
  };
}

/** One list of properties for each way to choose; nothing where those are too many. */
function variants(fields: readonly Field[]): readonly (readonly Property[])[] | undefined {
  let ways: (readonly Property[])[] = [[]];
  for (const field of fields) {
    const options = waysOf(field);
    if (options === undefined || ways.length * options.length > MOST_VARIANTS) return undefined;
    ways = ways.flatMap((way) => options.map((option) => [...way, ...option]));
  }
  return ways;
}

function waysOf(field: Field): readonly (readonly Property[])[] | undefined {
  const arms = armsOf(field.type);
  if (arms === undefined || arms.every((arm) => arm.fields.length === 0)) return [[property(field)]];
  const bare = arms.filter((arm) => arm.fields.length === 0);
  const optional = field.type.kind === "optional";
  const ways: (readonly Property[])[] =
    bare.length === 0 && !optional
      ? []
      : [[[field.name, labelled(optional ? nullable(choiceSchema(bare)) : choiceSchema(bare), field)]]];
  for (const arm of arms) {
    if (arm.fields.length === 0) continue;
    const inner = variants(arm.fields);
    if (inner === undefined) return undefined;
    for (const way of inner) ways.push([[field.name, labelled(choiceSchema([arm]), field)], ...way]);
  }
  return ways;
}

/** All fields of all arms in one record, each of them with the arm that it belongs to. */
function merged(fields: readonly Field[], only: string | undefined): Property[] {
  const found = new Map<string, JsonSchema>();
  const add = (name: string, schema: JsonSchema): void => {
    const known = found.get(name);
    found.set(name, known === undefined ? schema : { anyOf: [known, schema] });
  };
  for (const field of fields) {
    const [name, schema] = property(field);
    if (only === undefined) add(name, schema);
    else add(name, { ...nullable(schema), ...described(schema.description, only) });
    for (const arm of armsOf(field.type) ?? []) {
      const where = `only with ${field.name} ${JSON.stringify(arm.value)}, else null`;
      for (const inner of merged(arm.fields, where)) add(...inner);
    }
  }
  return [...found];
}

function armsOf(type: Type): readonly Arm[] | undefined {
  return type.kind === "choice" ? type.arms : type.kind === "optional" ? armsOf(type.of) : undefined;
}

function property(field: Field): Property {
  return [field.name, labelled(schemaOf(field.type), field)];
}

function labelled(schema: JsonSchema, { doc, default: preset }: Field): JsonSchema {
  const usual = preset === undefined ? undefined : `usually ${JSON.stringify(preset)}`;
  return { ...schema, ...described(doc, schema.description, usual) };
}

function choiceSchema(arms: readonly Arm[]): JsonSchema {
  if (arms.length === 0) return { type: "null" };
  const docs = arms.flatMap(({ value, doc }) => (doc === undefined ? [] : [`${JSON.stringify(value)}: ${doc}`]));
  return { type: "string", enum: arms.map((arm) => arm.value), ...described(...docs) };
}

function nullable(schema: JsonSchema): JsonSchema {
  if (schema.type === "null" || schema.type === undefined) return "anyOf" in schema ? orNull(schema) : schema;
  return orNull(schema);
}

function orNull({ description, ...schema }: JsonSchema): JsonSchema {
  const anyOf = "anyOf" in schema ? [...(schema.anyOf as JsonSchema[]), { type: "null" }] : [schema, { type: "null" }];
  return { anyOf, ...described(description) };
}

// Words -----------------------------------------------------------------------------------------------------------------

function described(...parts: readonly unknown[]): { readonly description?: string } {
  const said = parts.filter((part) => typeof part === "string" && part !== "");
  return said.length === 0 ? {} : { description: said.join("; ") };
}

const UNITS = { int: "", float: "", duration: "in seconds", size: "in bytes", money: "in dollars" } as const;

function numberWords({ kind, low, high, log, step }: NumberType): string {
  const range =
    low !== undefined && high !== undefined
      ? `from ${low} to ${high}`
      : low !== undefined
        ? `at least ${low}`
        : high !== undefined
          ? `at most ${high}`
          : "";
  const grid = step === undefined ? "" : `, in steps of ${step}`;
  return `${[UNITS[kind], range].filter((part) => part !== "").join(", ")}${grid}${log ? ", of which ratios matter rather than differences" : ""}`;
}

function lengthWords(least = 0, most: number | undefined): string {
  if (most === undefined) return least === 0 ? "" : `at least ${least} items`;
  return least === most ? `exactly ${most} items` : `${least} to ${most} items`;
}
