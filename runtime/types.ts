/**
 * Gang's types as plain data: the compiler reasons over them, the plan carries them, the runtime validates, samples and
 * describes values by them. One representation, so that nothing is lost between the three.
 *
 * Values in JSON: a duration is seconds, a size bytes, money dollars, a time an ISO 8601 string in UTC, a file or dir
 * a string. `null` and absent are the same. Inside one program types are a directed acyclic graph by reference; in a
 * serialised plan a declared type stands once under `types`, and `named` refers to it.
 */
import { z } from "zod";

export type NumberKind = "int" | "float" | "duration" | "size" | "money";

export interface NumberType {
  readonly kind: NumberKind;
  /** Both ends belong. In the base unit. A literal `5` has `low = high = 5`. */
  readonly low?: number;
  readonly high?: number;
  /** Search on a logarithmic scale. */
  readonly log?: true;
  /** The grid of the search, and of what counts as the same claim. */
  readonly step?: number;
}

export interface Field {
  readonly name: string;
  /** `optional` where the field may be absent without a default. */
  readonly type: Type;
  /** In JSON form. A field with a default may be left out when writing and is there when reading. */
  readonly default?: Json;
  readonly doc?: string;
}

/** One arm of a choice; its fields lie flat beside the field whose type the choice is. */
export interface Arm {
  readonly value: string;
  readonly fields: readonly Field[];
  readonly doc?: string;
}

export type Type =
  | { readonly kind: "bool" | "string" | "time" | "file" | "dir" | "json" | "secret" | "none" }
  | NumberType
  | { readonly kind: "literal"; readonly value: boolean }
  /** `"a" | "b" { … }`, and a single `"a"`. */
  | { readonly kind: "choice"; readonly arms: readonly Arm[]; readonly name?: string }
  | { readonly kind: "optional"; readonly of: Type }
  /** `least` to `most` items, both included. */
  | { readonly kind: "list"; readonly of: Type; readonly least?: number; readonly most?: number }
  | { readonly kind: "map"; readonly of: Type }
  | { readonly kind: "record"; readonly fields: readonly Field[]; readonly name?: string; readonly doc?: string }
  | { readonly kind: "union"; readonly members: readonly Type[]; readonly name?: string }
  /** Only in a serialised plan: a key of `plan.types`. */
  | { readonly kind: "named"; readonly name: string };

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export const Json: z.ZodType<Json> = z.json() as z.ZodType<Json>;

const FieldSchema: z.ZodType<Field> = z.lazy(() =>
  z.strictObject({ name: z.string(), type: TypeSchema, default: Json.optional(), doc: z.string().optional() }),
) as z.ZodType<Field>;

const ArmSchema = z.strictObject({ value: z.string(), fields: z.array(FieldSchema), doc: z.string().optional() });

export const TypeSchema: z.ZodType<Type> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.enum(["bool", "string", "time", "file", "dir", "json", "secret", "none"]) }),
    z.strictObject({
      kind: z.enum(["int", "float", "duration", "size", "money"]),
      low: z.number().optional(),
      high: z.number().optional(),
      log: z.literal(true).optional(),
      step: z.number().positive().optional(),
    }),
    z.strictObject({ kind: z.literal("literal"), value: z.boolean() }),
    z.strictObject({ kind: z.literal("choice"), arms: z.array(ArmSchema).min(1), name: z.string().optional() }),
    z.strictObject({ kind: z.literal("optional"), of: TypeSchema }),
    z.strictObject({
      kind: z.literal("list"),
      of: TypeSchema,
      least: z.int().nonnegative().optional(),
      most: z.int().nonnegative().optional(),
    }),
    z.strictObject({ kind: z.literal("map"), of: TypeSchema }),
    z.strictObject({
      kind: z.literal("record"),
      fields: z.array(FieldSchema),
      name: z.string().optional(),
      doc: z.string().optional(),
    }),
    z.strictObject({ kind: z.literal("union"), members: z.array(TypeSchema), name: z.string().optional() }),
    z.strictObject({ kind: z.literal("named"), name: z.string() }),
  ]),
) as z.ZodType<Type>;

export { FieldSchema };
