/** Which names a `for` makes many of. */
import type { Program, Symbol } from "../semantics/program.ts";
import type * as tree from "../syntax/tree.ts";
import type { Context } from "./context.ts";

export function fanOuts(program: Program): Pick<Context, "inside" | "fannedOut"> {
  const enclosing = new Map<Symbol, readonly tree.ForStatement[]>();
  const open = new Set<tree.ForStatement>();
  const collect = (body: tree.Block, around: readonly tree.ForStatement[]): void => {
    for (const item of body.items) {
      if (item.kind === "for" || item.kind === "when")
        collect(item.body, item.kind === "for" ? [...around, item] : around);
      if (around.length === 0 || (item.kind !== "stage" && item.kind !== "let")) continue;
      const symbol = program.symbolOf(item.name);
      if (symbol !== undefined) enclosing.set(symbol, around);
    }
  };
  for (const file of program.files) {
    for (const item of file.items) if (item.kind === "pipeline") collect(item.body, []);
  }
  return {
    inside(node, lower) {
      open.add(node);
      try {
        return lower();
      } finally {
        open.delete(node);
      }
    },
    fannedOut(symbol) {
      return (enclosing.get(symbol) ?? []).filter((around) => !open.has(around)).length;
    },
  };
}
