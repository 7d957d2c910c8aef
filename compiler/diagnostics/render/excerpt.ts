/** The lines of a source that some marks lie in, with the marks drawn below them. */

import type { Span } from "../../syntax/tree.ts";
import type { Severity } from "../diagnostic.ts";
import type { Paint } from "./paint.ts";
import { type Lines, lineEnd, position } from "./source.ts";
import { visible, widthOf } from "./text.ts";

export interface Mark extends Span {
  readonly sign: "^" | "-";
  readonly style: Severity | "dim";
  readonly message: string;
}

interface Layout {
  /** Digits of the largest line number. */
  readonly gutter: number;
  readonly width: number;
  readonly paint: Paint;
}

/** A mark on one line: offsets into the text. */
type Piece = Mark;

const TAB = 4;
const CUT = "…";
const LEAST_WIDTH = 20;

export function excerpt(lines: Lines, marks: readonly Mark[], layout: Layout): string[] {
  const pieces = Map.groupBy(
    marks.flatMap((mark) => piecesOf(lines, mark)),
    ({ line }) => line,
  );
  const numbers = [...pieces.keys()].sort((a, b) => a - b);
  const { gutter, paint } = layout;
  const bar = (label: string) => paint("dim", `${label.padStart(gutter)} |`);
  const rows = [bar("")];
  let before: number | undefined;
  for (const line of numbers) {
    if (before !== undefined && line === before + 2)
      rows.push(`${bar(String(before + 2))} ${drawn(lines, before + 1, [], layout)[0]}`);
    else if (before !== undefined && line > before + 2) rows.push(paint("dim", "..."));
    const [source, ...below] = drawn(
      lines,
      line,
      pieces.get(line)!.map(({ piece }) => piece),
      layout,
    );
    rows.push(`${bar(String(line + 1))} ${source}`, ...below.map((row) => `${bar("")} ${row}`));
    before = line;
  }
  rows.push(bar(""));
  return rows;
}

/** A span over several lines is marked where it begins and where it ends. */
function piecesOf(lines: Lines, mark: Mark): { readonly line: number; readonly piece: Piece }[] {
  const first = position(lines, mark.start).line;
  const end = Math.max(mark.start, mark.end);
  let last = position(lines, end).line;
  // A span that takes a line break along ends on the line before it.
  while (last > first && end <= lines.starts[last]!) last--;
  if (first === last)
    return [{ line: first, piece: { ...mark, end: Math.min(end, Math.max(mark.start, lineEnd(lines, first))) } }];
  const start = lines.starts[last]!;
  const indent = /^[ \t]*/.exec(lines.text.slice(start, end))![0].length;
  return [
    { line: first, piece: { ...mark, end: lineEnd(lines, first), message: "" } },
    { line: last, piece: { ...mark, start: start + indent, end: Math.min(end, lineEnd(lines, last)) } },
  ];
}

/** The line as shown, then the rows of marks and messages below it. */
function drawn(lines: Lines, line: number, pieces: readonly Piece[], { gutter, width, paint }: Layout): string[] {
  const room = Math.max(LEAST_WIDTH, width - gutter - 3);
  const { text, columnOf } = cut(lines, line, pieces[0], room);
  const placed = pieces
    .map((piece) => {
      const from = columnOf(piece.start);
      return { ...piece, from, to: Math.max(from + 1, columnOf(piece.end)) };
    })
    .sort((a, b) => a.from - b.from || b.to - a.to);
  if (placed.length === 0) return [text];
  const signs = overlaid(placed, paint);
  const speaking = placed.filter(({ message }) => message !== "");
  const last = speaking.at(-1);
  // Only behind the last mark is there room for a message.
  const beside = last !== undefined && last === placed.at(-1) ? speaking.pop() : undefined;
  const rows = [text, beside === undefined ? signs : `${signs} ${paint(beside.style, visible(beside.message))}`];
  for (let i = speaking.length - 1; i >= 0; i--) {
    const { from, style, message } = speaking[i]!;
    rows.push(`${strokes(speaking.slice(0, i), from, paint)}${paint(style, visible(message))}`);
  }
  return rows;
}

interface Placed extends Piece {
  readonly from: number;
  readonly to: number;
}

/** The signs of all marks in one row; where two overlap, the main one is seen. */
function overlaid(placed: readonly Placed[], paint: Paint): string {
  const cells: (Placed | undefined)[] = Array.from(
    { length: Math.max(...placed.map(({ to }) => to)) },
    () => undefined,
  );
  for (const piece of placed) {
    for (let column = piece.from; column < piece.to; column++) if (cells[column]?.sign !== "^") cells[column] = piece;
  }
  let row = "";
  for (let column = 0; column < cells.length; ) {
    const piece = cells[column];
    let end = column;
    while (end < cells.length && cells[end] === piece) end++;
    const length = end - column;
    row += piece === undefined ? " ".repeat(length) : paint(piece.style, piece.sign.repeat(length));
    column = end;
  }
  return row;
}

/** Strokes down from the marks whose message stands further below, up to a column. */
function strokes(pieces: readonly Placed[], upTo: number, paint: Paint): string {
  let row = "";
  let column = 0;
  for (const { from, style } of pieces) {
    if (from < column || from >= upTo) continue;
    row += `${" ".repeat(from - column)}${paint(style, "|")}`;
    column = from + 1;
  }
  return row + " ".repeat(upTo - column);
}

/** The part of a line that fits, around a mark: tabs as blanks, unsafe characters as pictures, `…` where something is left out. */
function cut(
  lines: Lines,
  line: number,
  around: Span | undefined,
  room: number,
): { text: string; columnOf: (offset: number) => number } {
  const start = lines.starts[line]!;
  const end = lineEnd(lines, line);
  // Of a line of megabytes only the neighbourhood is looked at.
  const from = Math.max(start, (around?.start ?? start) - 2 * room);
  const to = Math.min(end, from + 5 * room);
  const offsets: number[] = [];
  const cells: string[] = [];
  let offset = from;
  for (const character of lines.text.slice(from, to)) {
    if (character >= " " && character <= "~") {
      cells.push(character);
      offsets.push(cells.length);
      offset++;
      continue;
    }
    const cell = character === "\t" ? " ".repeat(TAB - (cells.length % TAB)) : visible(character);
    // One entry a column; the second half of a wide character is empty. What has no width joins the one before.
    const width = character === "\t" ? cell.length : widthOf(character);
    if (width === 0 && cells.length > 0) cells[cells.length - 1] += cell;
    else for (let i = 0; i < Math.max(1, width); i++) cells.push(character === "\t" ? " " : i === 0 ? cell : "");
    for (let i = 0; i < character.length; i++) offsets.push(cells.length);
    offset += character.length;
  }
  /** Columns that lie before an offset, without cutting. */
  const full = (at: number): number => {
    if (at <= from) return 0;
    return at >= offset ? cells.length : offsets[at - from - 1]!;
  };
  let first = 0;
  let last = cells.length;
  if (cells.length > room || from > start || to < end) {
    const [markFrom, markTo] = around === undefined ? [0, 0] : [full(around.start), full(around.end)];
    const lead = Math.max(0, Math.floor((room - Math.min(room, markTo - markFrom)) / 2));
    first = Math.max(0, Math.min(markFrom - lead, cells.length - room + 2));
    last = Math.min(cells.length, first + room - 2);
    // Never half of a wide character.
    while (first > 0 && cells[first] === "") first++;
    while (last < cells.length && cells[last] === "") last--;
  }
  const before = first > 0 || from > start ? CUT : "";
  const after = last < cells.length || to < end ? CUT : "";
  return {
    text: before + cells.slice(first, last).join("") + after,
    columnOf: (at) => before.length + Math.max(0, Math.min(full(at), last) - first),
  };
}
