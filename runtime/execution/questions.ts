/** What a stage or a late score asks of the memory in its expressions: answered before it begins, and then a value like any other. */
import type { Call, Expr, ObserveNode, StageNode } from "../plan.ts";
import type { Json } from "../types.ts";
import { children, evaluateAsking, type Request, type Scope, withParts } from "./expression.ts";

/** Whether evaluating it may ask the memory. */
export function asksTheMemory(expression: Expr): boolean {
  return isQuestion(expression) || children(expression).some(asksTheMemory);
}

const isQuestion = ({ op }: Expr): boolean => op === "recalled" || op === "metric";

/** The expression with the memory's answers in the places of what asks it. */
export async function answered(
  expression: Expr,
  scope: Scope,
  answer: (request: Request) => Promise<Json>,
): Promise<Expr> {
  const answers = new Map<Expr, Expr>();
  for (const question of questionsIn(expression))
    answers.set(question, { op: "literal", value: await evaluateAsking(question, scope, answer) });
  const put = (part: Expr): Expr => answers.get(part) ?? withParts(part, put);
  return answers.size === 0 ? expression : put(expression);
}

function questionsIn(expression: Expr): readonly Expr[] {
  return isQuestion(expression) ? [expression] : children(expression).flatMap(questionsIn);
}

/** The node with the answers in its expressions. `put` gives an expression with its own. */
export async function withAnswers(
  node: StageNode | ObserveNode,
  put: (of: Expr) => Promise<Expr>,
): Promise<StageNode | ObserveNode> {
  if (node.kind === "observe") return { ...node, value: await put(node.value) };
  const alternatives: Call[] = [];
  for (const call of node.alternatives) {
    const given: Call["arguments"][number][] = [];
    for (const argument of call.arguments) given.push({ ...argument, value: await put(argument.value) });
    alternatives.push({ ...call, arguments: given });
  }
  return { ...node, alternatives, ...(node.expect === undefined ? {} : { expect: await put(node.expect) }) };
}
