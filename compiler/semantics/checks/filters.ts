/** Whether a recall's filter can hold: intervals for numbers, sets for words, one walk over the condition. */

import type { NumberKind, Type } from "../../../runtime/types.ts";
import { emptyFilter } from "../../diagnostics/catalogue/knowledge.ts";
import type * as tree from "../../syntax/tree.ts";
import { plainText, quantityOf } from "../constants.ts";
import type { Facts, Unit } from "../facts.ts";
import { displayNumber } from "../types/display.ts";
import { isNumber, withoutOptional } from "../types/visit.ts";
import { declared, valueOfSymbol } from "./reading.ts";

export function checkFilters(units: readonly Unit[]): void {
  for (const { unit, symbol } of declared(units, "recall")) {
    const where = valueOfSymbol(unit.facts, symbol, "where");
    if (where?.kind !== "expression") continue;
    const outcome = narrow(unit.facts, new Map(), where.node, true);
    if ("never" in outcome) unit.report(emptyFilter, where.node, { reason: outcome.never });
  }
}

/** What a field can still be. */
interface Range {
  readonly kind: NumberKind;
  readonly low: number;
  readonly high: number;
  readonly lowOpen: boolean;
  readonly highOpen: boolean;
}
type Possible = Range | { readonly is: string | boolean };
type Box = ReadonlyMap<string, Possible>;
type Outcome = { readonly box: Box } | { readonly never: string };

/** What is left of a box where the condition is `holds`; what is not understood leaves it as it is. */
function narrow(facts: Facts, box: Box, node: tree.Expression, holds: boolean): Outcome {
  switch (node.kind) {
    case "parenthesized":
      return narrow(facts, box, node.of, holds);
    case "bool":
      return node.value === holds ? { box } : { never: `it is \`${!holds}\` itself` };
    case "unary":
      return node.operator === "not" ? narrow(facts, box, node.operand, !holds) : { box };
    case "name-expression":
      return meet(box, node.name.text, { is: holds });
    case "binary": {
      const both = holds ? "and" : "or";
      if (node.operator === both) {
        const left = narrow(facts, box, node.left, holds);
        return "never" in left ? left : narrow(facts, left.box, node.right, holds);
      }
      if (node.operator === "and" || node.operator === "or") {
        const left = narrow(facts, box, node.left, holds);
        const right = narrow(facts, box, node.right, holds);
        if ("never" in left) return right;
        return "never" in right ? left : { box };
      }
      return compare(facts, box, node, holds);
    }
    default:
      return { box };
  }
}

const TURNED = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!=" } as const;
const OPPOSITE = { "<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "==" } as const;
type Comparison = keyof typeof TURNED;

function compare(facts: Facts, box: Box, node: tree.BinaryExpression, holds: boolean): Outcome {
  if (!(node.operator in TURNED)) return { box };
  const direct = fieldIn(node.left);
  const field = direct ?? fieldIn(node.right);
  if (field === undefined) return { box };
  const constant = direct === undefined ? node.left : node.right;
  const written = node.operator as Comparison;
  const sided = direct === undefined ? TURNED[written] : written;
  const operator = holds ? sided : OPPOSITE[sided];
  const word = plainText(constant) ?? (constant.kind === "bool" ? constant.value : undefined);
  if (word !== undefined) {
    if (operator === "==") return meet(box, field.text, { is: word });
    return operator === "!=" && typeof word === "boolean" ? meet(box, field.text, { is: !word }) : { box };
  }
  const quantity = quantityOf(constant);
  if (quantity === undefined || operator === "!=") return { box };
  const { value, kind } = quantity;
  const upper = operator === "<" || operator === "<=" || operator === "==";
  const lower = operator === ">" || operator === ">=" || operator === "==";
  const open = operator === "<" || operator === ">";
  const range: Range = {
    kind,
    low: lower ? value : Number.NEGATIVE_INFINITY,
    high: upper ? value : Number.POSITIVE_INFINITY,
    lowOpen: lower && open,
    highOpen: upper && open,
  };
  const symbol = facts.symbols.get(field);
  const declaredType = symbol === undefined ? undefined : facts.typeOfSymbol.get(symbol);
  const first = box.has(field.text) ? { box } : meet(box, field.text, rangeOf(declaredType, kind));
  return "never" in first ? first : meet(first.box, field.text, range);
}

function fieldIn(node: tree.Expression): tree.Name | undefined {
  if (node.kind === "parenthesized") return fieldIn(node.of);
  if (node.kind === "binary" && node.operator === "??") return undefined;
  return node.kind === "name-expression" ? node.name : undefined;
}

/** What the field can be by its type. */
function rangeOf(type: Type | undefined, kind: NumberKind): Range {
  const plain = type === undefined ? undefined : withoutOptional(type);
  const [low, high] = plain !== undefined && isNumber(plain) ? [plain.low, plain.high] : [];
  return {
    kind,
    low: low ?? Number.NEGATIVE_INFINITY,
    high: high ?? Number.POSITIVE_INFINITY,
    lowOpen: false,
    highOpen: false,
  };
}

function meet(box: Box, name: string, next: Possible): Outcome {
  const known = box.get(name);
  if (known === undefined) return { box: new Map([...box, [name, next]]) };
  if ("is" in known || "is" in next) {
    if ("is" in known && "is" in next && known.is !== next.is)
      return { never: `\`${name}\` would have to be both \`${known.is}\` and \`${next.is}\`` };
    return { box };
  }
  const low = Math.max(known.low, next.low);
  const high = Math.min(known.high, next.high);
  const lowOpen = (known.low === low && known.lowOpen) || (next.low === low && next.lowOpen);
  const highOpen = (known.high === high && known.highOpen) || (next.high === high && next.highOpen);
  if (low > high || (low === high && (lowOpen || highOpen)))
    return { never: `\`${name}\` would have to be ${bound(known, next)}` };
  return { box: new Map([...box, [name, { kind: next.kind, low, high, lowOpen, highOpen }]]) };
}

function bound(known: Range, next: Range): string {
  return `${spoken(known)} and ${spoken(next)}`;
}

function spoken({ kind, low, high, lowOpen, highOpen }: Range): string {
  const value = (end: number): string => displayNumber(end, kind);
  const parts = [
    ...(low === Number.NEGATIVE_INFINITY ? [] : [`${lowOpen ? "above" : "at least"} ${value(low)}`]),
    ...(high === Number.POSITIVE_INFINITY ? [] : [`${highOpen ? "below" : "at most"} ${value(high)}`]),
  ];
  return low === high ? `${value(low)}` : parts.join(" and ");
}
