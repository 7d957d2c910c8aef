/** The declarations of a file as a tree, for an editor's outline and its search. */
import type { Item, Name, SourceFile, Span, Statement } from "../compiler/syntax/tree.ts";

export interface OutlineEntry extends Span {
  readonly name: string;
  readonly kind: Item["kind"] | Statement["kind"] | "metric" | "task" | "parameter";
  /** The span of the name itself, inside of the entry's. */
  readonly at: Span;
  readonly children: readonly OutlineEntry[];
}

export function outline(file: SourceFile): readonly OutlineEntry[] {
  return file.items.flatMap(ofItem);
}

function entry(
  node: Span & { kind: OutlineEntry["kind"] },
  name: Name,
  children: readonly OutlineEntry[] = [],
): readonly OutlineEntry[] {
  if (name.text === "") return children;
  return [{ name: name.text, kind: node.kind, start: node.start, end: node.end, at: name, children }];
}

function ofItem(item: Item): readonly OutlineEntry[] {
  switch (item.kind) {
    case "import":
    case "route":
      return [];
    case "test": {
      const title = item.title.parts.map((part) => (part.kind === "text" ? part.value : "")).join("");
      return title === ""
        ? []
        : [{ name: title, kind: "test", start: item.start, end: item.end, at: item.title, children: [] }];
    }
    case "subnet":
      return entry(
        item,
        item.name,
        item.members.flatMap((member) => (member.kind === "setting" ? [] : entry(member, member.name))),
      );
    case "type": {
      const fields = item.type.kind === "record-type" ? item.type.fields : [];
      return entry(
        item,
        item.name,
        fields.flatMap((field) => entry(field, field.name)),
      );
    }
    case "pipeline":
      return entry(item, item.name, item.body.items.flatMap(ofStatement));
    default:
      return entry(item, item.name);
  }
}

function ofStatement(node: Statement | { readonly kind: "setting" }): readonly OutlineEntry[] {
  switch (node.kind) {
    case "stage":
    case "let":
      return entry(node, node.name);
    case "for":
      return entry(node, node.name, node.body.items.flatMap(ofStatement));
    case "when":
      return node.body.items.flatMap(ofStatement);
    default:
      return [];
  }
}
