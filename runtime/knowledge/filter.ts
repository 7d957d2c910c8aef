/**
 * The `where` of a recall as SQL over `facts f`. Names are numbers of their dictionary, so only numbers and truth values
 * stand in it: as literals, since a statement with parameters is planned anew at each call.
 */
import type { BinaryOp, Expr } from "../plan.ts";

/** A filter that the store cannot apply. The message is a sentence for the user. */
export class FilterError extends Error {
  override readonly name = "FilterError";
}

/** The numbers of names; a dictionary of `facts.ts`, or words that stand for a number. */
type Numbers = { find(name: string): number | string };
export type Names = { readonly [kind in "peers" | "scopes" | "metrics" | "versions"]: Numbers };

export interface Filter {
  readonly sql: string;
  /** It depends on the time of asking, and so does its answer. */
  readonly aging: boolean;
  /** Whether all evidence of such an age passes, in seconds, whatever else it is. */
  passes(ages: Range): boolean;
}

export interface Range {
  readonly least: number;
  readonly most: number;
}

interface Operand {
  readonly sql: string;
  readonly type: "number" | "boolean" | "text" | "none";
  /** Of a field of text: where its names have their numbers. */
  readonly names?: Numbers;
  /** Of a literal of text. */
  readonly text?: string;
}

/** The fields of the prelude's `Evidence`. Text is compared as a number, and therefore only for equality. */
const FIELDS: {
  readonly [name: string]: Omit<Operand, "names"> & { readonly names?: keyof Names };
} = {
  age: { sql: "(if(f.t > asked.now, 0, asked.now - f.t) / 1000)", type: "number" },
  trust: { sql: "coalesce(trusted.trust, 0.5)", type: "number" },
  value: { sql: "f.value", type: "number" },
  regime: { sql: "f.regime", type: "number" },
  ok: { sql: "f.ok", type: "boolean" },
  verified: { sql: "f.verified", type: "boolean" },
  echo: { sql: "f.echo", type: "boolean" },
  peer: { sql: "f.peer", type: "text", names: "peers" },
  scope: { sql: "f.scope", type: "text", names: "scopes" },
  metric: { sql: "f.metric", type: "text", names: "metrics" },
  version: { sql: "f.version", type: "text", names: "versions" },
};

const ORDERS: ReadonlySet<BinaryOp> = new Set(["<", "<=", ">", ">="]);
const ARITHMETIC: ReadonlySet<BinaryOp> = new Set(["+", "-", "*", "/"]);

/** @throws FilterError */
export function filterSql(where: Expr, all: Names): Filter {
  let aging = false;
  /** What no evidence says is not therefore the same. */
  const unheard: string[] = [];

  const compile = (expr: Expr): Operand => {
    switch (expr.op) {
      case "literal":
        return literal(expr.value);
      case "name":
        return field(expr.name);
      case "field":
        // `it.age` and `evidence.age` read as `age`.
        if (expr.of.op === "name") return field(expr.name);
        break;
      case "unary": {
        const operand = compile(expr.operand);
        if (expr.operator === "not") return { sql: `(not ${boolean(operand)})`, type: "boolean" };
        return { sql: `(-${number(operand)})`, type: "number" };
      }
      case "binary":
        return binary(expr.operator, compile(expr.left), compile(expr.right));
    }
    throw new FilterError(
      `A recall's filter compares the fields of evidence with values; \`${expr.op}\` cannot stand in it.`,
    );
  };

  const field = (name: string): Operand => {
    const known = Object.hasOwn(FIELDS, name) ? FIELDS[name]! : undefined;
    if (known === undefined) {
      throw new FilterError(`Evidence has no field \`${name}\`. It has ${Object.keys(FIELDS).join(", ")}.`);
    }
    aging ||= name === "age";
    const { names, ...operand } = known;
    return names === undefined ? operand : { ...operand, names: all[names] };
  };

  const binary = (operator: BinaryOp, left: Operand, right: Operand): Operand => {
    if (operator === "and" || operator === "or") {
      return { sql: `(${boolean(left)} ${operator} ${boolean(right)})`, type: "boolean" };
    }
    if (operator === "==" || operator === "!=") {
      const [a, b] = alike(left, right);
      return { sql: `(${a} is ${operator === "==" ? "not " : ""}distinct from ${b})`, type: "boolean" };
    }
    if (operator === "??") {
      const [a, b] = alike(left, right);
      const names = left.names ?? right.names;
      const type = left.type === "none" ? right.type : left.type;
      return { sql: `coalesce(${a}, ${b})`, type, ...(names === undefined ? {} : { names }) };
    }
    if (ORDERS.has(operator)) {
      return { sql: `coalesce(${number(left)} ${operator} ${number(right)}, false)`, type: "boolean" };
    }
    if (ARITHMETIC.has(operator)) return { sql: `(${number(left)} ${operator} ${number(right)})`, type: "number" };
    throw new FilterError(`A recall's filter cannot use \`${operator}\`.`);
  };

  /** Two operands that can be equal, a text in the numbers of the other's dictionary. */
  const alike = (left: Operand, right: Operand): [string, string] => {
    const names = left.names ?? right.names;
    const sides = [left, right].map((side) => {
      if (side.text === undefined) return side.sql;
      if (names === undefined) throw new FilterError("A recall's filter compares a text with a field of evidence.");
      const number = names.find(side.text);
      if (number !== -1) return String(number);
      if (!unheard.includes(side.text)) unheard.push(side.text);
      return String(-1 - unheard.indexOf(side.text));
    });
    const types = [left.type, right.type].filter((type) => type !== "none");
    if (
      types.length === 2 &&
      (types[0] !== types[1] || (left.names !== right.names && left.text === undefined && right.text === undefined))
    ) {
      const what = types[0] === types[1] ? "two different fields of text" : `a ${left.type} with a ${right.type}`;
      throw new FilterError(`A recall's filter cannot compare ${what}.`);
    }
    return sides as [string, string];
  };

  return { sql: boolean(compile(where)), aging, passes: (ages) => verdict(where, ages) === true };
}

/** `undefined`: that depends on more than the age. */
function verdict(expr: Expr, ages: Range): boolean | undefined {
  if (expr.op === "literal") return typeof expr.value === "boolean" ? expr.value : undefined;
  if (expr.op === "unary") {
    const known = expr.operator === "not" ? verdict(expr.operand, ages) : undefined;
    return known === undefined ? undefined : !known;
  }
  if (expr.op !== "binary") return undefined;
  if (expr.operator === "and" || expr.operator === "or") {
    const sides = [verdict(expr.left, ages), verdict(expr.right, ages)];
    const decisive = expr.operator === "or";
    if (sides.includes(decisive)) return decisive;
    return sides.includes(undefined) ? undefined : !decisive;
  }
  const [left, right] = [rangeOf(expr.left, ages), rangeOf(expr.right, ages)];
  if (left === undefined || right === undefined) return undefined;
  const between = (holds: boolean, fails: boolean): boolean | undefined => holds || (fails ? false : undefined);
  switch (expr.operator) {
    case "<":
      return between(left.most < right.least, left.least >= right.most);
    case "<=":
      return between(left.most <= right.least, left.least > right.most);
    case ">":
      return between(left.least > right.most, left.most <= right.least);
    case ">=":
      return between(left.least >= right.most, left.most < right.least);
    default:
      return undefined;
  }
}

/** Of the age, and of a number. */
function rangeOf(expr: Expr, ages: Range): Range | undefined {
  if (expr.op === "literal" && typeof expr.value === "number") return { least: expr.value, most: expr.value };
  const isOfEvidence = expr.op === "name" || (expr.op === "field" && expr.of.op === "name");
  return isOfEvidence && expr.name === "age" ? ages : undefined;
}

function literal(value: unknown): Operand {
  if (typeof value === "number" && Number.isFinite(value)) return { sql: `('${value}'::DOUBLE)`, type: "number" };
  if (typeof value === "boolean") return { sql: String(value), type: "boolean" };
  if (typeof value === "string") return { sql: "", type: "text", text: value };
  if (value === null) return { sql: "null", type: "none" };
  throw new FilterError("A recall's filter compares with numbers, texts and truth values only.");
}

function boolean(operand: Operand): string {
  if (operand.type !== "boolean")
    throw new FilterError(`A recall's filter needs a truth value where it has a ${operand.type}.`);
  return operand.sql;
}

function number(operand: Operand): string {
  if (operand.type !== "number")
    throw new FilterError(`A recall's filter needs a number where it has a ${operand.type}.`);
  return operand.sql;
}
