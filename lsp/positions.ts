/** Offsets of the compiler and positions of the protocol. Both count UTF-16 units; the protocol counts them by line. */
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Position, Range } from "vscode-languageserver";
import type { Host } from "../compiler/host.ts";
import { findLineStarts, lineOf } from "../compiler/syntax/lexer.ts";
import type { Span } from "../compiler/syntax/tree.ts";

/** A text with the beginnings of its lines. */
export interface Lines {
  readonly text: string;
  readonly lineStarts: readonly number[];
}

export function linesOf(text: string): Lines {
  return { text, lineStarts: findLineStarts(text) };
}

/** The lines of a file that a place lies in; of a file that is gone, an empty one. */
export function linesAt(path: string, host: Host): Lines {
  const file = host.read(path);
  return linesOf(file.ok ? file.text : "");
}

export function positionAt(lines: Lines, offset: number): Position {
  const at = Math.max(0, Math.min(offset, lines.text.length));
  const line = lineOf(lines.lineStarts, at);
  return { line, character: at - lines.lineStarts[line]! };
}

export function rangeOf(lines: Lines, span: Span): Range {
  return { start: positionAt(lines, span.start), end: positionAt(lines, Math.max(span.start, span.end)) };
}

/** A position beyond a line's end means the end, as the protocol has it. */
export function offsetAt(lines: Lines, position: Position): number {
  const start = lines.lineStarts[position.line];
  if (start === undefined) return lines.text.length;
  let end = lines.lineStarts[position.line + 1] ?? lines.text.length;
  while (end > start && (lines.text[end - 1] === "\n" || lines.text[end - 1] === "\r")) end--;
  return Math.min(start + position.character, end);
}

/** A file that was never saved has a path of its own scheme, in no project. */
export function pathOf(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch {
    return `/${uri.replace(/[:\\]/g, "/")}`;
  }
}

export function uriOf(path: string): string {
  return pathToFileURL(path).href;
}
