/** Structural equality: the same values, defaults and grids; names and documentation play no part. */
import type { Arm, Field, Json, Type } from "../../../runtime/types.ts";
import { isNumber } from "./visit.ts";

export function same(a: Type, b: Type): boolean {
  const seen = new WeakMap<Type, WeakSet<Type>>();
  const open: [Type, Type][] = [[a, b]];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [left, right] = pair;
    if (left === right || seen.get(left)?.has(right)) continue;
    if (!sameShape(left, right, open)) return false;
    seen.set(left, (seen.get(left) ?? new WeakSet<Type>()).add(right));
  }
  return true;
}

/** Compares what two types say themselves, and leaves their parts to be compared in `open`. */
function sameShape(a: Type, b: Type, open: [Type, Type][]): boolean {
  if (isNumber(a)) {
    return (
      isNumber(b) && a.kind === b.kind && a.low === b.low && a.high === b.high && a.log === b.log && a.step === b.step
    );
  }
  switch (a.kind) {
    case "literal":
      return b.kind === "literal" && a.value === b.value;
    case "choice":
      return b.kind === "choice" && sameParts(a.arms, b.arms, (x, y) => sameArm(x, y, open));
    case "optional":
    case "map":
      if (b.kind !== a.kind) return false;
      open.push([a.of, b.of]);
      return true;
    case "list":
      if (b.kind !== "list" || (a.least ?? 0) !== (b.least ?? 0) || a.most !== b.most) return false;
      open.push([a.of, b.of]);
      return true;
    case "record":
      return b.kind === "record" && sameParts(a.fields, b.fields, (x, y) => sameField(x, y, open));
    case "union":
      if (b.kind !== "union" || a.members.length !== b.members.length) return false;
      for (const [index, member] of a.members.entries()) open.push([member, b.members[index]!]);
      return true;
    case "named":
      return b.kind === "named" && a.name === b.name;
    default:
      return a.kind === b.kind;
  }
}

function sameArm(a: Arm, b: Arm, open: [Type, Type][]): boolean {
  return a.value === b.value && sameParts(a.fields, b.fields, (x, y) => sameField(x, y, open));
}

export function sameField(a: Field, b: Field, open?: [Type, Type][]): boolean {
  if (a.name !== b.name || !sameJson(a.default, b.default)) return false;
  if (open === undefined) return same(a.type, b.type);
  open.push([a.type, b.type]);
  return true;
}

function sameParts<Part>(a: readonly Part[], b: readonly Part[], equal: (a: Part, b: Part) => boolean): boolean {
  return a.length === b.length && a.every((part, index) => equal(part, b[index]!));
}

function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
