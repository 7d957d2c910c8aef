/** The files and folders among values, by their types. */
import type { Field, Json, Type } from "../types.ts";
import { isOf } from "./canonical.ts";
import { armOf } from "./validate.ts";

const known = new WeakMap<Type, boolean>();

/** Whether a value of this type can have a `file` or a `dir` in it. */
export function holdsFiles(type: Type): boolean {
  const before = known.get(type);
  if (before !== undefined) return before;
  const holds = look(type);
  known.set(type, holds);
  return holds;
}

function look(type: Type): boolean {
  switch (type.kind) {
    case "file":
    case "dir":
      return true;
    case "optional":
    case "list":
    case "map":
      return holdsFiles(type.of);
    case "record":
      return type.fields.some((field) => holdsFiles(field.type));
    case "choice":
      return type.arms.some((arm) => arm.fields.some((field) => holdsFiles(field.type)));
    case "union":
      return type.members.some(holdsFiles);
    default:
      return false;
  }
}

/** What a file's place in a value is to become; `path` names it (`the result.weights`). */
export type Change = (value: Json, kind: "file" | "dir", path: string) => Promise<Json>;

/** The value, which fits the type, with each file and folder changed, one after another; the very value where it has none. */
export async function mapFiles(value: Json, type: Type, path: string, change: Change): Promise<Json> {
  if (value === null || !holdsFiles(type)) return value;
  switch (type.kind) {
    case "file":
    case "dir":
      return change(value, type.kind, path);
    case "optional":
      return mapFiles(value, type.of, path, change);
    case "list": {
      const items: Json[] = [];
      for (const [i, item] of (value as readonly Json[]).entries())
        items.push(await mapFiles(item, type.of, `${path}[${i}]`, change));
      return items;
    }
    case "map": {
      const entries: [string, Json][] = [];
      for (const [key, item] of Object.entries(value as { readonly [key: string]: Json }))
        entries.push([key, await mapFiles(item, type.of, `${path}.${key}`, change)]);
      return Object.fromEntries(entries);
    }
    case "record":
      return mapFields(value as { readonly [key: string]: Json }, type.fields, path, change);
    case "union": {
      const member = type.members.find((of) => (ArrayBuffer.isView(value) ? of.kind === "file" : isOf(value, of)));
      return member === undefined ? value : mapFiles(value, member, path, change);
    }
    default:
      return value;
  }
}

async function mapFields(
  value: { readonly [key: string]: Json },
  fields: readonly Field[],
  path: string,
  change: Change,
): Promise<Json> {
  const own = { ...value };
  const visit = async ({ name, type }: Field): Promise<void> => {
    const given = value[name];
    if (given === undefined || !holdsFiles(type)) return;
    own[name] = await mapFiles(given, type, `${path}.${name}`, change);
    const choice = type.kind === "optional" ? type.of : type;
    // The fields that a choice brings lie beside it.
    if (choice.kind === "choice") for (const field of armOf(choice.arms, given)?.fields ?? []) await visit(field);
  };
  for (const field of fields) await visit(field);
  return own;
}
