/** Types as they stand in a plan: a declared one once, by its name, and everywhere else a reference to it. */
import type { Field, Type } from "../../runtime/plan.ts";
import { freeKey } from "./context.ts";

/** A function that lowers types, filling `declared` with those that have a name. */
export function typeLowering(declared: { [name: string]: Type }): (type: Type) => Type {
  // In a program types are shared by reference: each is visited once, however many values have it.
  const known = new Map<Type, Type>();
  const field = (of: Field): Field => ({ ...of, type: lowered(of.type) });

  function lowered(type: Type): Type {
    const before = known.get(type);
    if (before !== undefined) return before;
    const name = "name" in type && type.kind !== "named" ? type.name : undefined;
    if (name === undefined) {
      const plain = body(type);
      known.set(type, plain);
      return plain;
    }
    const inside = body(type);
    const key = keyOf(name, inside);
    declared[key] = inside;
    const reference: Type = { kind: "named", name: key };
    known.set(type, reference);
    return reference;
  }

  /** Two declarations of one name in two files are two types, unless they say the same. */
  function keyOf(name: string, type: Type): string {
    if (!Object.hasOwn(declared, name)) return name;
    const same = JSON.stringify(type);
    for (const [key, other] of Object.entries(declared)) {
      if ((key === name || key.startsWith(`${name} `)) && JSON.stringify(other) === same) return key;
    }
    return freeKey(declared, name);
  }

  function body(type: Type): Type {
    switch (type.kind) {
      case "optional":
      case "list":
      case "map":
        return { ...type, of: lowered(type.of) };
      case "record":
        return { ...type, fields: type.fields.map(field) };
      case "choice":
        return { ...type, arms: type.arms.map((arm) => ({ ...arm, fields: arm.fields.map(field) })) };
      case "union":
        return { ...type, members: type.members.map(lowered) };
      default:
        return type;
    }
  }

  return lowered;
}
