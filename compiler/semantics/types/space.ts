/** Whether the embedded model can search a type: every part must be finite, or bounded, or held at its default. */
import type { Field, Type } from "../../../runtime/types.ts";
import { display } from "./display.ts";
import { armsWithFields, isNumber, withoutOptional } from "./visit.ts";

export interface SpaceProblem {
  /** `tail`, `tasks[].step`; empty for the type itself. */
  readonly path: string;
  readonly reason: string;
}

/** The first part, in the order written, that cannot be searched. */
export function spaceProblem(type: Type): SpaceProblem | undefined {
  return walk(type, () => undefined);
}

/** Paths of the fields that the search leaves at their defaults, since their types have no bounds. */
export function heldFields(type: Type): readonly string[] {
  const held: string[] = [];
  walk(type, (path) => held.push(path));
  return held;
}

/** Depth first, each shared type once, without the call stack. */
function walk(root: Type, hold: (path: string) => void): SpaceProblem | undefined {
  const seen = new Set<Type>();
  const open: { type: Type; path: Path | undefined }[] = [{ type: root, path: undefined }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { type, path } = next;
    if (seen.has(type)) continue;
    seen.add(type);
    const reason = reasonAgainst(type);
    if (reason !== undefined) return { path: pathText(path), reason };
    const parts: typeof open = [];
    const fields = (all: readonly Field[], within: Path | undefined): void => {
      for (const field of all) {
        const at: Path = { step: `.${field.name}`, within };
        if (field.default !== undefined && reasonAgainst(withoutOptional(field.type)) !== undefined) {
          hold(pathText(at));
          continue;
        }
        parts.push({ type: field.type, path: at });
        for (const arm of armsWithFields(field.type)) fields(arm.fields, within);
      }
    };
    if (type.kind === "record") fields(type.fields, path);
    else if (type.kind === "optional") parts.push({ type: type.of, path });
    else if (type.kind === "list") parts.push({ type: type.of, path: { step: "[]", within: path } });
    else if (type.kind === "union") parts.push(...type.members.map((member) => ({ type: member, path })));
    open.push(...parts.reverse());
  }
  return undefined;
}

interface Path {
  readonly step: string;
  readonly within: Path | undefined;
}

function pathText(path: Path | undefined): string {
  const steps: string[] = [];
  for (let at = path; at !== undefined; at = at.within) steps.push(at.step);
  return steps.reverse().join("").replace(/^\./, "");
}

function reasonAgainst(type: Type): string | undefined {
  if (isNumber(type)) {
    return type.low === undefined || type.high === undefined
      ? `\`${type.kind}\` has no bounds: give it a range, as in \`${EXAMPLES[type.kind]}\`, or a default`
      : undefined;
  }
  switch (type.kind) {
    case "bool":
    case "literal":
    case "choice":
    case "optional":
    case "record":
    case "union":
    case "none":
      return undefined;
    case "list":
      return type.most === undefined ? `\`${display(type, 40)}\` has no greatest length: write \`[1..8]\`` : undefined;
    case "string":
      return '`string` cannot be searched: name the choices, as in `"a" | "b"`, or give it a default';
    default:
      return `\`${display(type, 40)}\` cannot be searched`;
  }
}

const EXAMPLES = {
  int: "int in 1..10",
  float: "float in 0.0..1.0",
  duration: "duration in 1m..1h",
  size: "size in 1GB..16GB",
  money: "money in $1..$10",
} as const;
