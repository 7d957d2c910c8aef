/**
 * Secrets among the arguments of a tool. All the way to the tool a secret is a mark with its name: what is recorded,
 * remembered and compared holds no more than that. The value takes its place as the tool is called, in parameters declared
 * `secret` and nowhere else.
 */
import type { Json, Type } from "../types.ts";
import type { Tool } from "./tool.ts";

export const secretMark = (name: string): string => `<secret ${name}>`;

/** `values`: by name, those that the program may pass. */
export function withSecrets(tool: Tool, parameters: Type, values: ReadonlyMap<string, string>): Tool {
  if (values.size === 0) return tool;
  const marks = new Map([...values].map(([name, value]) => [secretMark(name), value]));
  return {
    name: tool.name,
    call: (input, context, signal) => tool.call(unmarked(input, parameters, marks) as typeof input, context, signal),
  };
}

function unmarked(value: Json, type: Type, marks: ReadonlyMap<string, string>): Json {
  if (type.kind === "optional") return unmarked(value, type.of, marks);
  if (type.kind === "secret") return typeof value === "string" ? (marks.get(value) ?? value) : value;
  if (type.kind !== "record" || typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const own = { ...(value as { readonly [name: string]: Json }) };
  for (const field of type.fields) {
    const given = own[field.name];
    if (given !== undefined) own[field.name] = unmarked(given, field.type, marks);
  }
  return own;
}

/** A secret stands in a record, or alone: lists, maps and choices hold none. */
export function takesSecret(type: Type): boolean {
  if (type.kind === "optional") return takesSecret(type.of);
  return type.kind === "secret" || (type.kind === "record" && type.fields.some((field) => takesSecret(field.type)));
}
