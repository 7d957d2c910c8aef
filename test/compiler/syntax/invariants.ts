/** What holds of every tree, of a broken file too. */
import { expect } from "vitest";
import type { SourceFile } from "../../../compiler/syntax/tree.ts";
import { children, type Node, walk } from "../../../compiler/syntax/visit.ts";

/** Spans nest, and `children` gives what reflection finds. */
export function expectSound(file: SourceFile): void {
  walk(file, (node) => {
    expect(node.start).toBeLessThanOrEqual(node.end);
    const found = children(node);
    expect(new Set(found)).toEqual(new Set(reflected(node)));
    for (const child of found) {
      if (child.start < node.start || child.end > node.end) {
        expect.fail(`${child.kind} ${child.start}..${child.end} sticks out of ${node.kind} ${node.start}..${node.end}`);
      }
    }
  });
}

function reflected(node: Node): Node[] {
  const found: Node[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (node.kind === "file" && key === "comments") continue;
    for (const item of Array.isArray(value) ? value : [value]) {
      if (typeof item === "object" && item !== null && "kind" in item) found.push(item as Node);
    }
  }
  return found;
}

/** The tree without what a layout may change: spans, text, comments. */
export function shapeOf(node: object): unknown {
  if (Array.isArray(node)) return node.map(shapeOf);
  const shape: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (["start", "end", "text", "lineStarts", "operatorSpan"].includes(key) && "kind" in node && node.kind !== "name")
      continue;
    if (["start", "end", "id"].includes(key)) continue;
    shape[key] = typeof value === "object" && value !== null ? shapeOf(value) : value;
  }
  return shape;
}
