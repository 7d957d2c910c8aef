/** The texts that diagnostics point into: offsets as lines and columns. */
import type { Span } from "../../syntax/tree.ts";

/** The text of a file by its absolute path, where it can be had. */
export type Sources = (file: string) => string | undefined;

/** Zero-based, `character` in UTF-16 units: as in the Language Server Protocol. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export interface Lines {
  readonly text: string;
  /** Offsets at which the lines begin, the first being 0. */
  readonly starts: readonly number[];
}

/** Lines of each file, read and split once; a file that cannot be had is empty. */
export function linesOf(sources: Sources): (file: string) => Lines {
  const known = new Map<string, Lines>();
  return (file) => {
    let lines = known.get(file);
    if (lines === undefined) {
      const text = sources(file) ?? "";
      lines = { text, starts: lineStarts(text) };
      known.set(file, lines);
    }
    return lines;
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (const { index, 0: lineBreak } of text.matchAll(/\r\n|\n|\r/g)) starts.push(index + lineBreak.length);
  return starts;
}

export function position({ text, starts }: Lines, offset: number): Position {
  const at = Math.max(0, Math.min(offset, text.length));
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  return { line: low, character: at - starts[low]! };
}

export function rangeOf(lines: Lines, span: Span): Range {
  return { start: position(lines, span.start), end: position(lines, Math.max(span.start, span.end)) };
}

/** Where a line ends, without its line break. */
export function lineEnd({ text, starts }: Lines, line: number): number {
  const start = starts[line]!;
  let end = starts[line + 1] ?? text.length;
  while (end > start && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--;
  return end;
}
