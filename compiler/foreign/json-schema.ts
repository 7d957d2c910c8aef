/**
 * JSON Schema, as MCP servers describe their tools by it, as Gang types. What Gang has no type for is `json`, with a
 * note. A schema is a stranger's text: what it unfolds to is bounded, and beyond the bounds it is refused.
 *
 * A type may say less than the schema, never more: patterns, `multipleOf` and one-sided bounds are left to the server.
 */
import type { Field, Json, NumberType, Type } from "../../runtime/types.ts";
import { fits } from "../semantics/types/fit.ts";
import { literalOf, optional, union } from "../semantics/types/make.ts";

/** A part that is `json` here: its path in the schema (`bars.item`), and why, as the end of a sentence. */
export interface SchemaNote {
  readonly path: string;
  readonly reason: string;
}

/** Ends the reading of a schema that is malformed or beyond the bounds. The message is the end of a sentence. */
export class SchemaRefused extends Error {}

/** What one tool may unfold to. The largest schema of a hundred public servers has some 300 parts. */
const MOST_PARTS = 4000;
const DEEPEST = 40;
/** References followed from one to the next before something stands there. */
const LONGEST_CHAIN = 32;
/** A longer list of choices is a text: nobody reads it in a message. */
const MOST_CHOICES = 500;
const MOST_ALTERNATIVES = 100;

type Schema = { readonly [key: string]: Json };

/** Keywords that describe a value and do not narrow it. */
const ANNOTATIONS = new Set([
  ...["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "nullable"],
  ...["$schema", "$id", "$comment", "$defs", "definitions", "$anchor"],
]);

export class SchemaReader {
  readonly notes: SchemaNote[] = [];
  readonly #root: Json;
  /** Schemas under way, to see where one contains itself. */
  readonly #open = new Set<Schema>();
  #parts = 0;

  constructor(root: Json) {
    this.#root = root;
  }

  /** The properties of an object, as parameters or as the fields of a record; `undefined` where it is no plain object. */
  fieldsOf(value: Json, path = ""): readonly Field[] | undefined {
    const schema = this.#resolved(value);
    if (schema === undefined || !isObjectSchema(schema)) return undefined;
    if (this.#open.has(schema)) throw new SchemaRefused("contains itself");
    this.#open.add(schema);
    const fields = this.#fields(schema, path);
    this.#open.delete(schema);
    return fields;
  }

  type(value: Json, path: string): Type {
    this.#parts++;
    if (this.#parts > MOST_PARTS) throw new SchemaRefused(`unfolds to more than ${MOST_PARTS} parts`);
    if (this.#open.size > DEEPEST) throw new SchemaRefused(`is nested more than ${DEEPEST} deep`);
    if (value === true) return JSON_TYPE;
    const schema = this.#resolved(value);
    if (schema === undefined) return this.#json(path, "is described by another document, or by nothing");
    if (this.#open.has(schema)) return this.#json(path, "contains itself");
    this.#open.add(schema);
    const type = this.#typeOf(schema, path);
    this.#open.delete(schema);
    const missing = isSchema(value) && (value.nullable === true || schema.nullable === true);
    return missing ? optional(type) : type;
  }

  #typeOf(schema: Schema, path: string): Type {
    if ("const" in schema) return this.#literal(schema.const as Json, path);
    if (Array.isArray(schema.enum)) return this.#enumeration(schema.enum, path);
    const members = schema.oneOf ?? schema.anyOf;
    if (Array.isArray(members)) return this.#alternatives(schema, members, path);
    if (Array.isArray(schema.allOf)) return this.#all(schema, schema.allOf, path);
    if (Array.isArray(schema.type)) {
      const types = [...new Set(schema.type)].map((type: Json) => this.#single({ ...schema, type }, path));
      return this.#union(types, path);
    }
    return this.#single(schema, path);
  }

  #single(schema: Schema, path: string): Type {
    switch (schema.type ?? implied(schema)) {
      case "string":
        return schema.format === "date-time" ? { kind: "time" } : { kind: "string" };
      case "boolean":
        return { kind: "bool" };
      case "null":
        return { kind: "none" };
      case "integer":
        return numberType(schema, "int");
      case "number":
        return numberType(schema, "float");
      case "array":
        return this.#list(schema, path);
      case "object":
        return this.#object(schema, path);
      case undefined:
        return Object.keys(schema).every((key) => ANNOTATIONS.has(key))
          ? JSON_TYPE
          : this.#json(path, "is described in a way that has no type here");
      default:
        throw new SchemaRefused(`has a \`type\` that JSON Schema does not know${at(path)}`);
    }
  }

  #list(schema: Schema, path: string): Type {
    if (schema.prefixItems !== undefined || Array.isArray(schema.items))
      return this.#json(path, "is a list with a type for each place");
    const of = schema.items === undefined ? JSON_TYPE : this.type(schema.items, join(path, "item"));
    const least = count(schema.minItems);
    const most = count(schema.maxItems);
    if (least !== undefined && most !== undefined && least > most)
      throw new SchemaRefused(`has bounds that no list can keep${at(path)}`);
    return {
      kind: "list",
      of,
      ...(least === undefined || least === 0 ? {} : { least }),
      ...(most === undefined ? {} : { most }),
    };
  }

  #object(schema: Schema, path: string): Type {
    if (isEmpty(schema.properties)) {
      const patterns = isSchema(schema.patternProperties) ? Object.values(schema.patternProperties) : [];
      const rest = schema.additionalProperties;
      const of = patterns.length === 1 && rest === false ? patterns[0] : rest;
      if (of === false && patterns.length === 0) return { kind: "record", fields: [] };
      if (isSchema(of) && patterns.length <= 1) return { kind: "map", of: this.type(of, join(path, "value")) };
      return { kind: "map", of: JSON_TYPE };
    }
    if (isSchema(schema.additionalProperties) && Object.keys(schema.additionalProperties).length > 0)
      this.#note(path, "has further fields, which cannot be named");
    const doc = docOf(schema);
    return { kind: "record", fields: this.#fields(schema, path), ...(doc === undefined ? {} : { doc }) };
  }

  #fields(schema: Schema, path: string): readonly Field[] {
    const { properties } = schema;
    if (properties === undefined) return [];
    if (!isSchema(properties)) throw new SchemaRefused(`has \`properties\` that are no object${at(path)}`);
    const required = new Set(Array.isArray(schema.required) ? schema.required : []);
    return Object.entries(properties).map(([name, value]) =>
      this.#field(name, value, required.has(name), join(path, name)),
    );
  }

  #field(name: string, value: Json, required: boolean, path: string): Field {
    const type = this.type(value, path);
    const schema = this.#resolved(value);
    const doc = (isSchema(value) ? docOf(value) : undefined) ?? (schema && docOf(schema));
    const preset = isSchema(value) ? (value.default ?? schema?.default) : undefined;
    const kept = required || preset === undefined ? undefined : usable(preset, type);
    return {
      name,
      type: required || kept !== undefined ? type : optional(type),
      ...(kept === undefined ? {} : { default: kept }),
      ...(doc === undefined ? {} : { doc }),
    };
  }

  // Several schemas for one value --------------------------------------------------------------------------------------

  #alternatives(schema: Schema, members: readonly Json[], path: string): Type {
    if (members.length === 0) throw new SchemaRefused(`has a choice of nothing${at(path)}`);
    const beside = Object.keys(schema).filter((key) => key !== "oneOf" && key !== "anyOf" && key !== "discriminator");
    const plain = beside.every((key) => ANNOTATIONS.has(key) || key === "type");
    if (!plain) return this.#json(path, "has alternatives beside fields of its own");
    if (members.length > MOST_ALTERNATIVES) return this.#json(path, `has ${members.length} alternatives`);
    return this.#union(
      members.map((member) => this.type(member, path)),
      path,
    );
  }

  #union(types: readonly Type[], path: string): Type {
    const made = union(types);
    if (made.ok) return made.type;
    return this.#json(path, `has alternatives that JSON cannot tell apart`);
  }

  #all(schema: Schema, parts: readonly Json[], path: string): Type {
    if (parts.length === 1 && !isSchema(schema.properties)) return this.type(parts[0]!, path);
    const own: Schema[] = isSchema(schema.properties)
      ? [Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "allOf"))]
      : [];
    const fields = new Map<string, Field>();
    for (const part of [...own, ...parts]) {
      const some = this.fieldsOf(part, path);
      if (some === undefined) return this.#json(path, "is several types at once");
      for (const field of some) fields.set(field.name, field);
    }
    return { kind: "record", fields: [...fields.values()] };
  }

  // Literals ---------------------------------------------------------------------------------------------------------------

  #literal(value: Json, path: string): Type {
    if (value !== null && typeof value === "object") return this.#json(path, "is one list or record only");
    return literalOf(value, typeof value === "number" && Number.isInteger(value) ? "int" : "float");
  }

  #enumeration(values: readonly Json[], path: string): Type {
    if (values.length === 0) throw new SchemaRefused(`has a choice of nothing${at(path)}`);
    if (values.length > MOST_CHOICES && values.every((value) => typeof value === "string")) {
      this.#note(path, `is one of ${values.length} texts, and \`string\` here`);
      return { kind: "string" };
    }
    return this.#union(
      values.slice(0, MOST_CHOICES + 1).map((value) => this.#literal(value, path)),
      path,
    );
  }

  // References -------------------------------------------------------------------------------------------------------------

  /** The schema that stands there, references followed; `undefined` where none does. */
  #resolved(value: Json): Schema | undefined {
    let found: Json | undefined = value;
    for (let steps = 0; steps <= LONGEST_CHAIN; steps++) {
      if (found === undefined) return undefined;
      if (!isSchema(found)) {
        if (typeof found === "boolean") return found ? {} : undefined;
        throw new SchemaRefused("has a part that is no schema");
      }
      if (found.$ref === undefined) return found;
      if (typeof found.$ref !== "string") throw new SchemaRefused("has a reference that is no text");
      found = this.#pointed(found.$ref);
    }
    throw new SchemaRefused("has references that lead in a circle");
  }

  #pointed(reference: string): Json | undefined {
    if (reference === "#") return this.#root;
    if (!reference.startsWith("#/")) return undefined;
    let found: Json | undefined = this.#root;
    for (const part of reference.slice(2).split("/")) {
      const key = unescaped(part);
      if (found === null || typeof found !== "object" || !Object.hasOwn(found, key))
        throw new SchemaRefused(`refers to \`${reference.slice(0, 80)}\`, which is not there`);
      found = (found as Schema)[key];
    }
    return found;
  }

  #json(path: string, reason: string): Type {
    this.#note(path, reason);
    return JSON_TYPE;
  }

  #note(path: string, reason: string): void {
    if (!this.notes.some((note) => note.path === path)) this.notes.push({ path, reason });
  }
}

const JSON_TYPE: Type = { kind: "json" };

/** The parameter holds a secret, as OpenAPI marks one. */
export function isSecret(value: Json | undefined): boolean {
  return isSchema(value) && value.type === "string" && value.format === "password";
}

export function isSchema(value: Json | undefined): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isObjectSchema(schema: Schema): boolean {
  if (schema.oneOf !== undefined || schema.anyOf !== undefined || schema.allOf !== undefined) return false;
  return (schema.type ?? implied(schema)) === "object" || Object.keys(schema).every((key) => ANNOTATIONS.has(key));
}

/** The `type` that a schema without one must mean. */
function implied(schema: Schema): string | undefined {
  if (schema.properties !== undefined || schema.additionalProperties !== undefined) return "object";
  return schema.items === undefined && schema.prefixItems === undefined ? undefined : "array";
}

function numberType(schema: Schema, kind: "int" | "float"): NumberType {
  const whole = kind === "int" ? 1 : 0;
  const low = bound(schema.minimum) ?? shift(schema.exclusiveMinimum, whole);
  const high = bound(schema.maximum) ?? shift(schema.exclusiveMaximum, -whole);
  if (low === undefined || high === undefined) return { kind };
  if (low > high) throw new SchemaRefused("has a range that holds no number");
  return kind === "int" ? { kind, low: Math.ceil(low), high: Math.floor(high) } : { kind, low, high };
}

function bound(value: Json | undefined): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function shift(value: Json | undefined, by: number): number | undefined {
  const limit = bound(value);
  return limit === undefined ? undefined : limit + by;
}

function count(value: Json | undefined): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function isEmpty(properties: Json | undefined): boolean {
  return properties === undefined || (isSchema(properties) && Object.keys(properties).length === 0);
}

/** A default that can be written and fits; the server has others all the same, and fills them in itself. */
function usable(value: Json, type: Type): Json | undefined {
  if (value === null || typeof value === "object") return undefined;
  const own = literalOf(value, typeof value === "number" && Number.isInteger(value) ? "int" : "float");
  return fits(own, type).verdict === "fits" ? value : undefined;
}

function docOf(schema: Schema): string | undefined {
  const text = schema.description ?? schema.title;
  return typeof text === "string" && text.trim() !== "" ? text.trim() : undefined;
}

function unescaped(part: string): string {
  let text = part;
  try {
    text = decodeURIComponent(part);
  } catch {
    // A stray `%` means itself.
  }
  return text.replaceAll("~1", "/").replaceAll("~0", "~");
}

const join = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);
const at = (path: string): string => (path === "" ? "" : ` at \`${path}\``);
