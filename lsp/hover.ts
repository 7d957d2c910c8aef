/** What a name means: its declaration in one line, its type, its documentation. */
import type { Program } from "../compiler/semantics/program.ts";
import { type OwnerKind, settingOf } from "../compiler/semantics/settings.ts";
import { display } from "../compiler/semantics/types/display.ts";
import type { SourceFile, Span } from "../compiler/syntax/tree.ts";
import type { Node } from "../compiler/syntax/visit.ts";
import { cursorAt } from "./cursor.ts";
import { describe } from "./describe.ts";

export interface Hover extends Span {
  /** Markdown. */
  readonly text: string;
}

export function hoverAt(program: Program, file: SourceFile, offset: number): Hover | undefined {
  const cursor = cursorAt(program, file, offset);
  if (cursor === undefined) return undefined;
  const { name, symbol, way } = cursor;
  const { start, end } = name;
  if (symbol !== undefined) return { start, end, text: markdown(describe(program, symbol), symbol.doc) };
  const setting = settingAt(way);
  if (setting !== undefined)
    return {
      start,
      end,
      text: markdown(`${setting.name}: ${setting.what}`, `${setting.doc}\n\nAs in \`${setting.example}\`.`),
    };
  const type = typeAround(program, way);
  return type === undefined ? undefined : { start, end, text: markdown(`${name.text}: ${type}`, undefined) };
}

function markdown(line: string, doc: string | undefined): string {
  return `\`\`\`gang\n${line}\n\`\`\`${doc === undefined ? "" : `\n\n${doc}`}`;
}

/** The name of a setting, by what its block belongs to. */
function settingAt(way: readonly Node[]) {
  const setting = way.findLast((node) => node.kind === "setting");
  if (setting?.kind !== "setting" || setting.path.names.length !== 1 || way.at(-2)?.kind !== "path") return undefined;
  const owners = way.slice(0, way.indexOf(setting)).toReversed();
  const owner = owners.find((node) => node.kind !== "settings" && node.kind !== "block");
  if (owner === undefined) return undefined;
  return settingOf(ownerKind(owner), setting.path.names[0]!.text);
}

function ownerKind(node: Node): OwnerKind {
  return (node.kind === "rule" ? "route" : node.kind) as OwnerKind;
}

/** A field of what has no declaration to point at: of json, of an inferred record. */
function typeAround(program: Program, way: readonly Node[]): string | undefined {
  const parent = way.at(-2);
  if (parent?.kind !== "member" || parent.name !== way.at(-1)) return undefined;
  const type = program.typeOf(parent);
  return type && display(type);
}
