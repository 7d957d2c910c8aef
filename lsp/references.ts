/** Where a name is declared, where it is used, and what follows from changing it. */
import type { Fix, Place } from "../compiler/diagnostics/diagnostic.ts";
import type { Program, Symbol } from "../compiler/semantics/program.ts";
import type { SourceFile, Span } from "../compiler/syntax/tree.ts";
import { walk } from "../compiler/syntax/visit.ts";
import { keywords } from "../grammar/tokens.ts";
import { cursorAt } from "./cursor.ts";

export function definitionAt(program: Program, file: SourceFile, offset: number): Place | undefined {
  return cursorAt(program, file, offset)?.symbol?.place;
}

export function referencesAt(
  program: Program,
  file: SourceFile,
  offset: number,
  declaration: boolean,
): readonly Place[] {
  const symbol = cursorAt(program, file, offset)?.symbol;
  if (symbol === undefined) return [];
  const all = program.referencesTo(symbol);
  return declaration ? all : all.filter((place) => !isDeclaration(place, symbol));
}

function isDeclaration(place: Place, symbol: Symbol): boolean {
  return symbol.place !== undefined && place.file === symbol.place.file && place.start === symbol.place.start;
}

/** The span of a name that can be renamed, or why it cannot. */
export function renameableAt(
  program: Program,
  file: SourceFile,
  offset: number,
): (Span & { readonly text: string }) | string {
  const cursor = cursorAt(program, file, offset);
  if (cursor === undefined) return "There is no name here.";
  const { name, symbol } = cursor;
  if (symbol === undefined) return `What \`${name.text}\` means is not known.`;
  if (symbol.place === undefined) return `\`${name.text}\` is built in.`;
  if (symbol.file === undefined) return `\`${name.text}\` is declared in TypeScript: rename it there.`;
  if (!program.files.some((candidate) => candidate.path === symbol.place?.file))
    return `\`${name.text}\` is declared elsewhere.`;
  return { start: name.start, end: name.end, text: name.text };
}

const RESERVED: ReadonlySet<string> = new Set([...keywords.operator, ...keywords.literal]);

/** A replacement in a file. */
export type Edit = Fix["edits"][number];

/** The edits, or why the new name will not do. */
export function renameAt(
  program: Program,
  file: SourceFile,
  offset: number,
  newName: string,
): readonly Edit[] | string {
  const span = renameableAt(program, file, offset);
  if (typeof span === "string") return span;
  if (!/^[A-Za-z_]\w*$/.test(newName))
    return `\`${newName}\` is not a name: letters, digits and _, not beginning with a digit.`;
  if (RESERVED.has(newName)) return `\`${newName}\` is a word of the language.`;
  const symbol = cursorAt(program, file, offset)!.symbol!;
  if (newName === symbol.name) return [];
  if (symbol.kind !== "field") {
    const taken = program.visibleAt(file, offset).find((other) => other !== symbol && other.name === newName);
    if (taken !== undefined)
      return `There is ${taken.kind === "builtin" ? "something built in" : `a ${taken.kind}`} named \`${newName}\` already.`;
  }
  const short = shortArguments(program, symbol.name);
  const edits = program.referencesTo(symbol).map((place): Edit => {
    const isShort = short.some((argument) => argument.file === place.file && argument.start === place.start);
    return { ...place, newText: isShort ? `${symbol.name}: ${newName}` : newName };
  });
  if (symbol.kind !== "parameter") return edits;
  const spelt = short.filter((argument) => argument.callable === symbol.parent);
  return [...edits, ...spelt.map(({ file: at, start }) => ({ file: at, start, end: start, newText: `${newName}: ` }))];
}

/** `f(prices)` is short for `f(prices: prices)`: where one of the two changes its name, both must be written. */
function shortArguments(program: Program, name: string): readonly (Place & { readonly callable: Symbol })[] {
  const found: (Place & { readonly callable: Symbol })[] = [];
  for (const file of program.files) {
    walk(file, (node) => {
      if (node.kind !== "call") return;
      const callable = program.boundCall(node)?.callable.symbol;
      if (callable === undefined) return;
      for (const { name: label, value } of node.arguments) {
        if (label !== undefined || value.kind !== "name-expression" || value.name.text !== name) continue;
        found.push({ file: file.path, start: value.start, end: value.end, callable });
      }
    });
  }
  return found;
}
