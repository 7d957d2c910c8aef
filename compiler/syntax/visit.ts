/** Walking the tree, and finding the way from an offset into it. */
import { lineOf } from "./lexer.ts";
import type {
  Argument,
  Block,
  Comment,
  Expression,
  ImportedName,
  Item,
  MetricDecl,
  Name,
  Parameter,
  Path,
  RecordField,
  RouteRule,
  Setting,
  Settings,
  SourceFile,
  Statement,
  StringHole,
  StringText,
  TaskDecl,
  TestDecl,
  TypeNode,
  UnionArm,
  VersionLine,
} from "./tree.ts";

/** Every node of the tree; `kind` tells them apart. Comments lie beside the tree. */
export type Node =
  | SourceFile
  | VersionLine
  | Item
  | ImportedName
  | MetricDecl
  | TaskDecl
  | RouteRule
  | TestDecl["steps"][number]
  | Parameter
  | Settings
  | Setting
  | Path
  | Block
  | Statement
  | TypeNode
  | UnionArm
  | Expression
  | StringText
  | StringHole
  | Argument
  | RecordField
  | Name
  | Comment;

type Kind = Node["kind"];

/**
 * The fields of each kind that hold nodes, in the order of the text (but for clauses, which may be written in any
 * order). A test holds this table against what parsed trees are made of.
 */
const childFields: Readonly<Record<Kind, readonly string[]>> = {
  file: ["version", "items"],
  version: [],
  comment: [],
  import: ["names", "from"],
  imported: ["name", "alias"],
  subnet: ["name", "members"],
  metric: ["name", "type", "settings"],
  task: ["name", "value"],
  type: ["name", "type"],
  model: ["name", "value", "settings"],
  agent: ["name", "parameters", "result", "settings"],
  tool: ["name", "parameters", "result", "value", "settings"],
  tools: ["name", "value", "settings"],
  retry: ["name", "settings"],
  backend: ["name", "value", "settings"],
  route: ["rules"],
  rule: ["target", "backends", "settings"],
  recall: ["name", "settings"],
  secret: ["name"],
  pipeline: ["name", "parameters", "subnet", "body"],
  peer: ["name", "pipeline", "settings"],
  test: ["title", "pipeline", "steps"],
  given: ["name", "value"],
  run: ["target"],
  expect: ["condition"],
  parameter: ["name", "type", "default"],
  settings: ["entries"],
  setting: ["path", "value"],
  path: ["names"],
  block: ["items"],
  stage: ["name", "alternatives", "every", "within", "settings"],
  let: ["name", "value"],
  for: ["name", "iterated", "every", "by", "within", "max", "body"],
  when: ["condition", "body"],
  observe: ["metric", "value", "every", "within", "take"],
  learn: ["choice", "metrics"],
  "named-type": ["path"],
  "literal-type": ["value"],
  "ranged-type": ["base", "low", "high", "step"],
  "optional-type": ["of"],
  "list-type": ["of", "low", "high"],
  "map-type": ["of"],
  "record-type": ["fields"],
  "union-type": ["arms"],
  arm: ["type", "fields"],
  missing: [],
  name: [],
  "name-expression": ["name"],
  string: ["parts"],
  text: [],
  hole: ["path"],
  number: [],
  bool: [],
  none: [],
  member: ["of", "name"],
  index: ["of", "index"],
  call: ["callee", "arguments"],
  argument: ["name", "value"],
  list: ["items"],
  record: ["type", "fields"],
  field: ["name", "value"],
  unary: ["operand"],
  binary: ["left", "right"],
  range: ["low", "high", "step"],
  repeat: ["of", "times"],
  amount: ["number", "noun"],
  per: ["amount", "window"],
  parenthesized: ["of"],
};

/** The nodes right below a node; each once, though `T[3]` holds its one bound as both. */
export function children(node: Node): Node[] {
  const found: Node[] = [];
  const fields = node as unknown as Record<string, Node | readonly Node[] | undefined>;
  for (const field of childFields[node.kind]) {
    const value = fields[field];
    if (value === undefined) continue;
    if (Array.isArray(value)) found.push(...value);
    else if (value !== found.at(-1)) found.push(value as Node);
  }
  return found;
}

/** Calls `visit` for a node and all below it, parents first; where `visit` returns `false`, what is below is left out. */
export function walk(node: Node, visit: (node: Node) => unknown): void {
  if (visit(node) === false) return;
  for (const child of children(node)) walk(child, visit);
}

/** Whether something was left out in it. */
export function lacks(node: Node): boolean {
  if (node.kind === "missing" || (node.kind === "name" && node.text === "")) return true;
  return children(node).some(lacks);
}

/**
 * The nodes from the file down to the innermost that holds `offset`. Both ends count, so that the word that ends at a
 * cursor is found; where two nodes touch, the one that begins at the offset is taken.
 */
export function nodeAt(file: SourceFile, offset: number): Node[] {
  const way: Node[] = [];
  for (let at: Node | undefined = file; at !== undefined; ) {
    way.push(at);
    const inside: Node[] = children(at).filter((child) => child.start <= offset && offset <= child.end);
    at =
      inside.find((child) => child.start === offset && child.end > offset) ??
      inside.find((child) => child.end > child.start) ??
      inside[0];
  }
  return way;
}

/** Line and column of an offset, both counted from 1; the column in UTF-16 units. */
export function lineColumn(file: Pick<SourceFile, "lineStarts">, offset: number): { line: number; column: number } {
  const line = lineOf(file.lineStarts, offset);
  return { line: line + 1, column: offset - file.lineStarts[line]! + 1 };
}
