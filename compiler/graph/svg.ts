/** A drawing as SVG: text in the reader's own sans-serif, colours for a light and a dark page. */
import { type Box, type Drawing, type Edge, type Group, isGroup } from "./drawing.ts";
import { layoutOf, type Point, type Rect } from "./layout.ts";

const TITLE_SIZE = 13;
const SIZE = 11;
const LINE = 16;
const PAD_X = 12;
const PAD_Y = 9;

const STYLE = `
  text { font-family: system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; font-size: ${SIZE}px; fill: #57606a }
  .name { font-size: ${TITLE_SIZE}px; font-weight: 600; fill: #1f2328 }
  .page { fill: #ffffff }
  .group { fill: #f6f8fa; stroke: #d0d7de }
  .inner { fill: #ffffff; stroke: #afb8c1; stroke-dasharray: 5 4 }
  .box { stroke-width: 1.25; fill: #ffffff; stroke: #8c959f }
  .agent { fill: #f3eefc; stroke: #8250df }
  .tool { fill: #eaf3fd; stroke: #2f7bd0 }
  .effect { fill: #fff1e5; stroke: #bc4c00; stroke-width: 2 }
  .observe { fill: #e9f7ee; stroke: #1a7f37; stroke-dasharray: 4 3 }
  .edge { fill: none; stroke: #6e7781; stroke-width: 1.25 }
  .back { stroke: #1a7f37; stroke-dasharray: 4 3 }
  .head { fill: #6e7781 }
  .headback { fill: #1a7f37 }
  .halo { stroke: #ffffff; stroke-width: 4; paint-order: stroke; fill: #1a7f37 }
  .title { stroke: #ffffff; stroke-width: 4; paint-order: stroke; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 }
    .name { fill: #f0f6fc }
    .page { fill: #0d1117 }
    .group { fill: #151b23; stroke: #3d444d }
    .inner { fill: #0d1117; stroke: #656c76 }
    .box { fill: #0d1117; stroke: #9198a1 }
    .agent { fill: #261c3d; stroke: #ab7df8 }
    .tool { fill: #10243c; stroke: #4493f8 }
    .effect { fill: #3a2312; stroke: #f0883e }
    .observe { fill: #12271a; stroke: #3fb950 }
    .edge { stroke: #9198a1 }
    .back { stroke: #3fb950 }
    .head { fill: #9198a1 }
    .headback { fill: #3fb950 }
    .halo { stroke: #0d1117; fill: #3fb950 }
    .title { stroke: #0d1117 }
  }`;

export function svgText(drawing: Drawing): string {
  const { width, height, places, ways } = layoutOf(drawing, {
    box: (box) => ({
      width: Math.max(90, ...box.lines.map((line, i) => textWidth(line, i === 0 ? TITLE_SIZE : SIZE))) + 2 * PAD_X,
      height: box.lines.length * LINE + 2 * PAD_Y,
    }),
    titleWidth: ({ title }) => textWidth(title, SIZE),
  });
  const size = `width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}"`;
  const groups = groupsIn(drawing.groups);
  const boxes = boxesIn(drawing.groups);
  const rects = boxes.map(({ id }) => places.get(id)!);
  const edges = drawing.edges.map((edge, i) => {
    const [from, to] = [places.get(edge.from)!, places.get(edge.to)!];
    return edge.kind === "learn" ? learnText(edge, from, to, rects) : edgeText(edge, from, to, ways[i]!);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escaped(drawing.title)}">`,
    `<style>${STYLE}\n</style>`,
    `<defs>${marker("to", "head")}${marker("back", "headback")}</defs>`,
    `<rect class="page" width="100%" height="100%" rx="8"/>`,
    ...groups.map((group) => groupText(group, places.get(group.id)!)),
    ...edges.map(({ path }) => path),
    ...boxes.map((box) => boxText(box, places.get(box.id)!)),
    ...groups.map((group) => titleText(group, places.get(group.id)!)),
    ...edges.map(({ label }) => label).filter((label) => label !== ""),
    "</svg>",
    "",
  ].join("\n");
}

function groupText({ kind }: Group, place: Rect): string {
  return `<rect class="${kind === "pipeline" ? "group" : "inner"}" ${rect(place)} rx="8"/>`;
}

function titleText({ title }: Group, { x, y }: Rect): string {
  return `<text class="title" x="${round(x + 14)}" y="${round(y + 19)}">${escaped(title)}</text>`;
}

/** The outermost first. */
function groupsIn(items: readonly (Box | Group)[]): Group[] {
  return items.filter(isGroup).flatMap((group) => [group, ...groupsIn(group.items)]);
}

function boxesIn(items: readonly (Box | Group)[]): Box[] {
  return items.flatMap((item) => (isGroup(item) ? boxesIn(item.items) : [item]));
}

function boxText({ kind, lines }: Box, place: Rect): string {
  const middle = place.x + place.width / 2;
  const texts = lines.map((line, i) => {
    const y = place.y + PAD_Y + 12 + i * LINE;
    return `<text${i === 0 ? ' class="name"' : ""} x="${round(middle)}" y="${round(y)}" text-anchor="middle">${escaped(line)}</text>`;
  });
  const corner = kind === "observe" ? place.height / 2 : kind === "agent" ? 12 : 4;
  return `<rect class="box ${kind}" ${rect(place)} rx="${round(corner)}"/>${texts.join("")}`;
}

interface Drawn {
  readonly path: string;
  readonly label: string;
}

/** Leaves and enters at the right side, around the boxes in between. */
function learnText({ label }: Edge, from: Rect, to: Rect, boxes: readonly Rect[]): Drawn {
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [to.x + to.width + 2, to.y + to.height / 2];
  const [top, bottom] = [Math.min(y1, y2), Math.max(y1, y2)];
  const reach = Math.max(x1, x2);
  const between = boxes.filter(
    ({ x, y, width, height }) => y + height > top && y < bottom && x < reach && x + width > Math.min(from.x, to.x),
  );
  const right = Math.max(reach, ...between.map(({ x, width }) => x + width)) + 14;
  // A cubic comes as far as three quarters of the way to its handles.
  const out = right + (right - (x1 + x2) / 2) / 3;
  const d = `M${round(x1)} ${round(y1)} C${round(out)} ${round(y1)} ${round(out)} ${round(y2)} ${round(x2)} ${round(y2)}`;
  return {
    path: `<path class="edge back" marker-end="url(#back)" d="${d}"/>`,
    label: labelText(label, right, (y1 + y2) / 2),
  };
}

/** From bottom to top, upright at both ends. */
function edgeText({ kind, label }: Edge, from: Rect, to: Rect, way: readonly Point[]): Drawn {
  const isBack = kind !== "read";
  const style = `class="edge${isBack ? " back" : ""}" marker-end="url(#${isBack ? "back" : "to"})"`;
  const start: Point = [from.x + from.width / 2, from.y + from.height];
  const end: Point = [to.x + to.width / 2, to.y - 2];
  const points = [start, ...way, end];
  const pieces = points.slice(1).map(([x, y], i) => {
    const [px, py] = points[i]!;
    if (px === x) return `L${round(x)} ${round(y)}`;
    const bend = Math.max(12, Math.abs(y - py) / 2);
    return `C${round(px)} ${round(py + bend)} ${round(x)} ${round(y - bend)} ${round(x)} ${round(y)}`;
  });
  const [bx, by] = points[Math.floor((points.length - 1) / 2)]!;
  const [cx, cy] = points[Math.floor((points.length - 1) / 2) + 1]!;
  return {
    path: `<path ${style} d="M${round(start[0])} ${round(start[1])} ${pieces.join(" ")}"/>`,
    label: labelText(label, (bx + cx) / 2, (by + cy) / 2),
  };
}

function labelText(label: string | undefined, x: number, y: number): string {
  if (label === undefined) return "";
  return `<text class="halo" x="${round(x)}" y="${round(y + 4)}" text-anchor="middle">${escaped(label)}</text>`;
}

const marker = (id: string, style: string): string =>
  `<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="${style}" d="M0 0.5 L8 4 L0 7.5 Z"/></marker>`;

const rect = ({ x, y, width, height }: Rect): string =>
  `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;

/** Rather too wide than too narrow: nobody knows the reader's font. */
function textWidth(text: string, size: number): number {
  let ems = 0;
  for (const mark of text) {
    if (
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\u{1f300}-\u{1faff}]/u.test(mark)
    )
      ems += 1.05;
    else if (/[MWmw@%]/.test(mark)) ems += 0.95;
    else if (/[A-Z]/.test(mark)) ems += 0.72;
    else ems += /[il.,:;'|!() ]/.test(mark) ? 0.4 : 0.62;
  }
  return ems * size;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** Text of a user in XML; what XML 1.0 cannot hold is left out. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
