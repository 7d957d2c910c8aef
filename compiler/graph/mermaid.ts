/** A drawing as Mermaid's flowchart text. */
import { type Box, type Drawing, type Edge, type Group, isGroup } from "./drawing.ts";

/** What opens and closes a node of each kind. */
const SHAPES: { readonly [K in Box["kind"]]: readonly [string, string] } = {
  agent: ["(", ")"],
  tool: ["[", "]"],
  effect: ["[[", "]]"],
  let: ["[/", "/]"],
  observe: ["([", "])"],
};

export function mermaidText({ groups, edges }: Drawing): string {
  return [
    "flowchart TB",
    ...groups.flatMap((group) => groupLines(group, "  ")),
    ...edges.map((edge) => `  ${edgeText(edge)}`),
    "  classDef effect stroke-width:3px",
    "  classDef observe stroke-dasharray:4 3",
    "",
  ].join("\n");
}

function groupLines({ id, title, items }: Group, indent: string): string[] {
  return [
    `${indent}subgraph ${id}["${escaped(title)}"]`,
    ...items.flatMap((item) => (isGroup(item) ? groupLines(item, `${indent}  `) : [`${indent}  ${boxText(item)}`])),
    `${indent}end`,
  ];
}

function boxText({ id, kind, lines }: Box): string {
  const [open, close] = SHAPES[kind];
  const style = kind === "effect" || kind === "observe" ? `:::${kind}` : "";
  return `${id}${open}"${lines.map(escaped).join("<br/>")}"${close}${style}`;
}

function edgeText({ from, to, kind, label }: Edge): string {
  if (kind === "read") return `${from} --> ${to}`;
  return `${from} -.->${label === undefined ? "" : `|"${escaped(label)}"|`} ${to}`;
}

/** Only letters, digits and harmless marks stand for themselves; the rest are entities, as Mermaid writes them. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N} .,:()_·/-]/gu, (mark) => `#${mark.codePointAt(0)};`);
}
