/**
 * Alignment over adjacent lines. Where the author has lined tokens up with padding, they are lined up again, as far left
 * as the longest allows; padding that lines nothing up is dropped. So the layout has no opinion on which runs of lines
 * belong together, and is stable: what it has aligned it finds aligned.
 */
import type { Token } from "./tokens.ts";

export interface Piece {
  readonly text: string;
  /** Where it began in its source line. */
  readonly column: number;
  /** Where it ended in that line, with the comma that is left out behind it; -1 if it spans lines. */
  sourceEnd: number;
  /** The space that always stands before it. */
  readonly space: 0 | 1;
  /** Only pieces of one key are aligned with each other; `//` is a comment. */
  readonly key: string;
  /** Nothing for a comment. */
  readonly token: Token | undefined;
  /** Spaces beyond `space`, to align it. */
  pad: number;
}

export interface Line {
  readonly pieces: Piece[];
  /** Whether a blank line stood before it. */
  readonly blank: boolean;
  readonly sourceLine: number;
  indent: number;
  /** The line from which its indentation is counted, and by how much it is more. */
  from: Line | undefined;
  offset: number;
  /** The line of whose value this one is a further alternative. */
  joins: Line | undefined;
}

interface Place {
  readonly line: Line;
  readonly index: number;
}

export function align(lines: readonly Line[]): void {
  const groups = findGroups(lines);
  // From left to right, since what stands further left moves what stands further right.
  groups.sort((a, b) => a.column - b.column);
  for (const { column, places } of groups) {
    if (keyAt(places[0]!) === "//") alignComments(column, places);
    else {
      const natural = places.map((place) => endBefore(place) + 1);
      const target = Math.max(...natural);
      for (const [i, place] of places.entries()) pieceAt(place).pad = target - natural[i]!;
    }
  }
}

/** Comments keep their column where they stand well clear of the code, else their distance from the longest line. */
function alignComments(column: number, places: readonly Place[]): void {
  const gap = Math.min(...places.map(sourceGap));
  const longest = Math.max(...places.map(endBefore));
  const target = gap <= 2 ? longest + Math.max(gap, 1) : Math.max(column, longest + 1);
  for (const place of places) pieceAt(place).pad = target - endBefore(place) - 1;
}

/** Runs of adjacent lines that have pieces of one key in one column, at least one of them padded to get there. */
function findGroups(lines: readonly Line[]): { column: number; places: Place[] }[] {
  const groups: { column: number; places: Place[] }[] = [];
  let open = new Map<string, Place[]>();
  let lastLine = -2;
  const close = (places: Place[]) => {
    const first = pieceAt(places[0]!);
    const padded = places.some((place) => sourceGap(place) > 1);
    if (first.key === "//" || (places.length > 1 && padded)) groups.push({ column: first.column, places });
  };
  for (const line of lines) {
    const next = new Map<string, Place[]>();
    const adjacent = line.sourceLine === lastLine + 1;
    let spans = false;
    for (const [index, piece] of line.pieces.entries()) {
      spans ||= line.pieces[index - 1]?.sourceEnd === -1;
      if (index === 0 || piece.space === 0 || spans) continue;
      // A line that another one decides the place of takes no part, but for its comment.
      if (line.joins !== undefined && piece.key !== "//") continue;
      const key = `${piece.column} ${piece.key}`;
      const places = (adjacent ? open.get(key) : undefined) ?? [];
      open.delete(key);
      places.push({ line, index });
      next.set(key, places);
    }
    for (const places of open.values()) close(places);
    open = next;
    lastLine = line.sourceLine;
  }
  for (const places of open.values()) close(places);
  return groups;
}

function pieceAt({ line, index }: Place): Piece {
  return line.pieces[index]!;
}

function keyAt(place: Place): string {
  return pieceAt(place).key;
}

/** The spaces that the source has before a piece. */
function sourceGap({ line, index }: Place): number {
  return line.pieces[index]!.column - line.pieces[index - 1]!.sourceEnd;
}

/** The column at which what stands before a piece ends in the output. */
function endBefore({ line, index }: Place): number {
  let column = line.indent;
  for (let i = 0; i < index; i++) {
    const piece = line.pieces[i]!;
    column += (i === 0 ? 0 : piece.space + piece.pad) + piece.text.length;
  }
  return column;
}
