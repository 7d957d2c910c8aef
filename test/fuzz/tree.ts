/** What holds of every tree, without the cost of a test's `expect`: a million trees are looked at. */
import type { SourceFile } from "../../compiler/syntax/tree.ts";
import { children, type Node } from "../../compiler/syntax/visit.ts";

/** Where a tree breaks its promises: spans nest, `children` gives each node, a list lies in order. */
export function unsound(file: SourceFile): string | undefined {
  if (file.start !== 0 || file.end !== file.text.length) return "the file's span is not its text";
  const open: Node[] = [file];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (!(node.start <= node.end)) return `${node.kind} ends before it starts`;
    const found = children(node);
    for (const child of found) {
      if (child.start < node.start || child.end > node.end) return `${child.kind} sticks out of ${node.kind}`;
      open.push(child);
    }
    const missed = missing(node, found);
    if (missed !== undefined) return `children of ${node.kind} lack its ${missed}`;
  }
  let last = 0;
  for (const { start, end } of file.comments) {
    if (start < last || end < start || end > file.text.length) return "comments do not lie in order";
    last = end;
  }
  return undefined;
}

function missing(node: Node, found: readonly Node[]): string | undefined {
  let count = 0;
  for (const key in node) {
    if (node.kind === "file" && key === "comments") continue;
    const value = (node as unknown as Record<string, unknown>)[key];
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one !== "object" || one === null || !("kind" in one)) continue;
      // `T[3]` holds its one bound as both.
      if (key === "high" && one === (node as { low?: unknown }).low) continue;
      if (found[count++] !== one && !found.includes(one)) return key;
    }
  }
  return count === found.length ? undefined : "order, or it has too many,";
}

const LAYOUT = new Set(["start", "end", "id", "lineStarts", "operatorSpan", "comments"]);

/** Where two trees differ in more than what a layout may change. */
export function difference(a: object, b: object): string | undefined {
  const open: [Record<string, unknown>, Record<string, unknown>][] = [[a as never, b as never]];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [one, other] = pair;
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    for (const key of keys) {
      if (LAYOUT.has(key) || (key === "text" && one.kind === "file")) continue;
      const [x, y] = [one[key], other[key]];
      if (typeof x === "object" && x !== null && typeof y === "object" && y !== null)
        open.push([x as never, y as never]);
      else if (x !== y) return `${String(one.kind)}.${key}`;
    }
  }
  return undefined;
}
