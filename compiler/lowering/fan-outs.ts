/** Which names a `for` makes many of. */
import type { Program, Symbol } from "../semantics/program.ts";
import type * as tree from "../syntax/tree.ts";
import type { Context } from "./context.ts";

export function fanOuts(program: Program): Pick<Context, "inside" | "fannedOut"> {
  const innermost = new Map<Symbol, tree.ForStatement>();
  const open = new Set<tree.ForStatement>();
  const collect = (body: tree.Block, around: tree.ForStatement | undefined): void => {
    for (const item of body.items) {
      if (item.kind === "for" || item.kind === "when") collect(item.body, item.kind === "for" ? item : around);
      if (around === undefined || (item.kind !== "stage" && item.kind !== "let")) continue;
      const symbol = program.symbolOf(item.name);
      if (symbol !== undefined) innermost.set(symbol, around);
    }
  };
  for (const file of program.files) {
    for (const item of file.items) if (item.kind === "pipeline") collect(item.body, undefined);
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
      const around = innermost.get(symbol);
      return around !== undefined && !open.has(around);
    },
  };
}
