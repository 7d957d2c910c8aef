/** Chains of operands as trees: by how tightly the operators between them bind. */
import type { IToken } from "chevrotain";
import { precedence } from "../../grammar/tokens.ts";
import type { Token } from "./tokens.ts";
import type { BinaryOperator, Expression, Span } from "./tree.ts";

export const bindingPower: ReadonlyMap<string, number> = new Map(
  precedence.flatMap((row, power) => row.map((operator) => [operator, power])),
);
const comparison = bindingPower.get("==")!;
/** `not` takes a whole comparison; `-` a single operand. */
const prefixPower = { not: comparison, "-": precedence.length } as const;

export interface Operand {
  readonly prefixes: readonly Token[];
  readonly node: Expression;
}

/** An operand in a chain, with the operator before it. */
export interface Link {
  readonly operator: IToken;
  readonly operand: Operand;
}

/** Told of a comparison that is compared again. */
type SayChained = (operator: Span, text: string) => void;

/** Operators in a chain, those before an operand among them: as deep its tree can be. */
export function linksIn(first: Operand, rest: readonly Link[]): number {
  return rest.reduce((sum, { operand }) => sum + 1 + operand.prefixes.length, first.prefixes.length);
}

export function climb(first: Operand, rest: readonly Link[], sayChained: SayChained): Expression {
  let at = 0;
  const prefixed = (operand: Operand, index: number): Expression => {
    const prefix = operand.prefixes[index];
    if (prefix === undefined) return operand.node;
    const operator = prefix.image as "not" | "-";
    // What follows `not` reaches as far as its power, wherever the operand began.
    const inner = prefixed(operand, index + 1);
    const whole = operator === "not" ? infix(inner, prefixPower.not) : inner;
    return { kind: "unary", start: prefix.startOffset, end: whole.end, operator, operand: whole };
  };
  const infix = (start: Expression, power: number): Expression => {
    let left = start;
    while (at < rest.length) {
      const { operator: token, operand } = rest[at]!;
      const operator = token.image as BinaryOperator;
      const own = bindingPower.get(operator)!;
      if (own < power) break;
      at++;
      const operatorSpan = { start: token.startOffset, end: token.endOffset! };
      if (own === comparison && left.kind === "binary" && bindingPower.get(left.operator) === comparison) {
        sayChained(operatorSpan, operator);
      }
      const right = infix(prefixed(operand, 0), own + 1);
      left = { kind: "binary", start: left.start, end: right.end, operator, operatorSpan, left, right };
    }
    return left;
  };
  return infix(prefixed(first, 0), 0);
}
