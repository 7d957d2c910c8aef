/**
 * Places for a drawing, top down. Each group is a layered graph of its own: layers by longest path, order by barycentres
 * (Sugiyama, Tagawa, Toda 1981), edges that pass a layer taking a lane in it. Groups are laid out from the inside out.
 */
import { type Box, type Drawing, type Group, isGroup } from "./drawing.ts";

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** By the id of a box or a group. */
  readonly places: ReadonlyMap<string, Rect>;
  /** For each edge of the drawing, the points between its ends that it should pass. */
  readonly ways: readonly (readonly Point[])[];
}

export type Point = readonly [x: number, y: number];

export interface Sizes {
  readonly box: (box: Box) => { readonly width: number; readonly height: number };
  readonly titleWidth: (group: Group) => number;
}

const GAP = 28;
const LAYER_GAP = 40;
const PADDING = 18;
const TITLE = 26;
const LANE = 10;
/** Beside what stands in a group, for what leads back to it. */
const SWING = 34;
const SWEEPS = 8;

/** What is placed on one level: a box, a group as a whole, or the lane of an edge through a layer. */
interface Cell {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  layer: number;
  x: number;
  y: number;
  readonly above: Cell[];
  readonly below: Cell[];
}

export function layoutOf({ groups, edges }: Drawing, sizes: Sizes): Layout {
  /** Relative to the group around. */
  const local = new Map<string, Rect>();
  const parents = new Map<string, string | undefined>();
  const lanes = new Map<number, { readonly level: string | undefined; readonly points: readonly Point[] }>();
  const enroll = (items: readonly (Box | Group)[], parent: string | undefined): void => {
    for (const item of items) {
      parents.set(item.id, parent);
      if (isGroup(item)) enroll(item.items, item.id);
    }
  };
  enroll(groups, undefined);
  // What an edge joins on the level where its ends part.
  const lifted = edges.map(({ from, to }) => meeting(chain(from), chain(to)));
  const whole = arrange(groups, undefined);

  const places = new Map<string, Rect>();
  const settle = (items: readonly (Box | Group)[], x: number, y: number): void => {
    for (const item of items) {
      const place = local.get(item.id)!;
      const at = { ...place, x: place.x + x, y: place.y + y };
      places.set(item.id, at);
      if (isGroup(item)) settle(item.items, at.x + PADDING, at.y + TITLE + PADDING / 2);
    }
  };
  settle(groups, GAP, GAP);
  const ways = edges.map((_, index): readonly Point[] => {
    const lane = lanes.get(index);
    if (lane === undefined) return [];
    const around = lane.level === undefined ? undefined : places.get(lane.level)!;
    const [x, y] = around === undefined ? [GAP, GAP] : [around.x + PADDING, around.y + TITLE + PADDING / 2];
    return lane.points.map(([px, py]): Point => [px + x, py + y]);
  });
  return { width: whole.width + 2 * GAP, height: whole.height + 2 * GAP, places, ways };

  /** The ids around, the outermost first, itself last. */
  function chain(id: string): readonly string[] {
    const ids: string[] = [];
    for (let at: string | undefined = id; at !== undefined; at = parents.get(at)) ids.unshift(at);
    return ids;
  }

  function arrange(items: readonly (Box | Group)[], level: string | undefined): { width: number; height: number } {
    const cells = new Map(items.map((item): [string, Cell] => [item.id, cellOf(item.id, sizeOf(item))]));
    const links = lifted.flatMap((link, index) => {
      const [from, to] = link === undefined ? [] : [cells.get(link[0]), cells.get(link[1])];
      // What is learned leads back, so it takes no part in the order.
      return from === undefined || to === undefined || edges[index]!.kind === "learn" ? [] : [{ from, to, index }];
    });
    for (const { from, to } of links) if (!from.below.includes(to)) join(from, to);
    const rows = layered([...cells.values()]);
    const passing = links.flatMap(({ from, to, index }) => {
      if (to.layer - from.layer < 2) return [];
      const lane = throughLayers(from, to, rows);
      return [{ index, lane }];
    });
    order(rows);
    const size = place(rows);
    for (const [id, { x, y, width, height }] of cells) local.set(id, { x, y, width, height });
    for (const { index, lane } of passing)
      lanes.set(index, {
        level,
        points: lane.flatMap(({ x, y, height }): Point[] => [
          [x + LANE / 2, y],
          [x + LANE / 2, y + height],
        ]),
      });
    return size;
  }

  function sizeOf(item: Box | Group): { readonly width: number; readonly height: number } {
    if (!isGroup(item)) return sizes.box(item);
    const inner = arrange(item.items, item.id);
    const leadsBack = edges.some(({ kind, from }) => kind === "learn" && parents.get(from) === item.id);
    return {
      width: Math.max(inner.width + (leadsBack ? SWING : 0), sizes.titleWidth(item)) + 2 * PADDING,
      height: inner.height + TITLE + 1.5 * PADDING,
    };
  }
}

/** The first ids in which two chains differ; nothing where one lies in the other. */
function meeting(a: readonly string[], b: readonly string[]): readonly [string, string] | undefined {
  let depth = 0;
  while (depth < a.length && a[depth] === b[depth]) depth++;
  const [from, to] = [a[depth], b[depth]];
  return from === undefined || to === undefined ? undefined : [from, to];
}

const cellOf = (id: string, { width, height }: { readonly width: number; readonly height: number }): Cell => ({
  ...{ id, width, height, layer: 0, x: 0, y: 0 },
  above: [],
  below: [],
});

function join(from: Cell, to: Cell): void {
  from.below.push(to);
  to.above.push(from);
}

/** Cells by layer: each one below all that it reads. A cycle, which only groups can make, is cut where it is met. */
function layered(cells: readonly Cell[]): Cell[][] {
  const waiting = new Map(cells.map((cell) => [cell, cell.above.length]));
  const ready = cells.filter((cell) => cell.above.length === 0);
  const rest = new Set(cells);
  while (rest.size > 0) {
    const next = ready.shift() ?? [...rest][0]!;
    if (!rest.delete(next)) continue;
    for (const reader of next.below) {
      if (!rest.has(reader)) continue;
      reader.layer = Math.max(reader.layer, next.layer + 1);
      const left = waiting.get(reader)! - 1;
      waiting.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  const rows: Cell[][] = [];
  for (const cell of cells) {
    while (rows.length <= cell.layer) rows.push([]);
    rows[cell.layer]!.push(cell);
  }
  return rows;
}

/** A lane in every layer between two cells, in place of the edge that joined them. */
function throughLayers(from: Cell, to: Cell, rows: readonly Cell[][]): Cell[] {
  const lane: Cell[] = [];
  from.below.splice(from.below.indexOf(to), 1);
  to.above.splice(to.above.indexOf(from), 1);
  let before = from;
  for (let layer = from.layer + 1; layer < to.layer; layer++) {
    const cell: Cell = { ...cellOf("", { width: LANE, height: 0 }), layer };
    rows[layer]!.push(cell);
    join(before, cell);
    lane.push(cell);
    before = cell;
  }
  join(before, to);
  return lane;
}

/** Each row by the mean place of what it is joined to, downwards and upwards in turn. */
function order(rows: readonly Cell[][]): void {
  const rank = new Map<Cell, number>();
  const note = (row: readonly Cell[]): void =>
    row.forEach((cell, i) => void rank.set(cell, i / Math.max(1, row.length - 1)));
  rows.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : [...rows].reverse()) {
      const centre = new Map(
        row.map((cell) => {
          const near = down ? cell.above : cell.below;
          const sum = near.reduce((all, other) => all + rank.get(other)!, 0);
          return [cell, near.length === 0 ? rank.get(cell)! : sum / near.length];
        }),
      );
      row.sort((a, b) => centre.get(a)! - centre.get(b)!);
      note(row);
    }
  }
}

/** Rows under each other, each cell as near to the middle of its neighbours as its row allows. */
function place(rows: readonly Cell[][]): { readonly width: number; readonly height: number } {
  let y = 0;
  for (const row of rows) {
    const height = Math.max(0, ...row.map((cell) => cell.height));
    let x = 0;
    for (const cell of row) {
      cell.x = x;
      cell.y = y + (height - cell.height) / 2;
      x += cell.width + GAP;
    }
    y += height + LAYER_GAP;
  }
  const middle = (cell: Cell): number => cell.x + cell.width / 2;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : [...rows].reverse()) {
      const wish = row.map((cell) => {
        const near = down ? cell.above : cell.below;
        if (near.length === 0) return cell.x;
        return near.reduce((sum, other) => sum + middle(other), 0) / near.length - cell.width / 2;
      });
      // From both sides, then the mean of the two: neither end of the row is favoured.
      const right = apart(row, wish);
      const left = apart([...row].reverse(), wish.map((x, i) => -(x + row[i]!.width)).reverse()).reverse();
      row.forEach((cell, i) => {
        cell.x = (right[i]! - left[i]! - cell.width) / 2;
      });
    }
  }
  const all = rows.flat();
  const shift = all.length === 0 ? 0 : Math.min(...all.map((cell) => cell.x));
  for (const cell of all) cell.x -= shift;
  return { width: Math.max(0, ...all.map((cell) => cell.x + cell.width)), height: Math.max(0, y - LAYER_GAP) };
}

/** The wished places, pushed apart in order. */
function apart(row: readonly Cell[], wish: readonly number[]): number[] {
  let free = Number.NEGATIVE_INFINITY;
  return row.map((cell, i) => {
    const x = Math.max(wish[i]!, free);
    free = x + cell.width + GAP;
    return x;
  });
}
