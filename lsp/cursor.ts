/** What stands under a cursor. */
import type { Program, Symbol } from "../compiler/semantics/program.ts";
import type { Name, SourceFile } from "../compiler/syntax/tree.ts";
import { type Node, nodeAt } from "../compiler/syntax/visit.ts";

export interface Cursor {
  readonly name: Name;
  readonly symbol: Symbol | undefined;
  /** The nodes from the file down to the name. */
  readonly way: readonly Node[];
}

/** The name under the cursor, or at whose end it stands. */
export function cursorAt(program: Program, file: SourceFile, offset: number): Cursor | undefined {
  const way = nodeAt(file, offset);
  const name = way.at(-1);
  if (name?.kind !== "name" || name.text === "") return undefined;
  return { name, symbol: program.symbolOf(name), way };
}

export function fileIn(program: Program, path: string): SourceFile | undefined {
  return program.files.find((file) => file.path === path);
}
