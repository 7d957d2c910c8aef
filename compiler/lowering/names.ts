/** The names that an expression reads: the edges of the graph. */
import type { Call, Expr } from "../../runtime/plan.ts";

/** Adds them to `names`, which it returns. */
export function namesIn(expression: Expr, names: Set<string>): Set<string> {
  switch (expression.op) {
    case "name":
      names.add(expression.name);
      break;
    case "field":
    case "aggregate":
      namesIn(expression.of, names);
      break;
    case "index":
      namesIn(expression.of, names);
      namesIn(expression.key, names);
      break;
    case "list":
      for (const item of expression.items) namesIn(item, names);
      break;
    case "record":
      for (const { value } of expression.fields) namesIn(value, names);
      break;
    case "unary":
      namesIn(expression.operand, names);
      break;
    case "binary":
      namesIn(expression.left, names);
      namesIn(expression.right, names);
      break;
    case "template":
      for (const part of expression.parts) if (typeof part !== "string") namesIn(part, names);
      break;
    case "recalled":
      if (expression.scope !== undefined) namesIn(expression.scope, names);
      break;
    case "call":
      namesOfCall(expression.call, names);
      break;
    case "literal":
    case "metric":
    case "secret":
      break;
  }
  return names;
}

export function namesOfCall(call: Call, names: Set<string>): Set<string> {
  for (const { value } of call.arguments) namesIn(value, names);
  return names;
}
