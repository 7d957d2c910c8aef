/** What the operators of the language yield, or why they do not. Only literals keep a range: `-5` is one, `2 * x` is not. */

import type { Field, NumberKind, NumberType, Type } from "../../../runtime/types.ts";
import type { BinaryOperator } from "../../syntax/tree.ts";
import { display } from "./display.ts";
import { fits } from "./fit.ts";
import { common, given, type Judgement, join, optional, refused } from "./make.ts";
import { fieldNames, findField, isNumber, isPlain, isPoint, sameUnit, withoutOptional } from "./visit.ts";

const BOOL: Type = { kind: "bool" };
const DURATION: Type = { kind: "duration" };
const TIME: Type = { kind: "time" };

export function unary(operator: "not" | "-", operand: Type): Judgement {
  const missing = whereMissing(operator, operand);
  if (missing !== undefined) return missing;
  if (operator === "not")
    return isBool(operand) ? given(BOOL) : refused(`\`not\` is for a bool, and this is ${shown(operand)}`);
  if (!isNumber(operand)) return refused(`\`-\` is for numbers, and this is ${shown(operand)}`);
  const { kind, low, high } = operand;
  return given(low === undefined || high === undefined ? { kind } : { kind, low: 0 - high, high: 0 - low });
}

export function binary(operator: BinaryOperator, left: Type, right: Type): Judgement {
  if (left.kind === "secret" || right.kind === "secret")
    return refused("A secret has no operators", "It can only be handed to a parameter declared `secret`.");
  switch (operator) {
    case "??":
      return orElse(left, right);
    case "==":
    case "!=":
      return equality(operator, left, right);
  }
  const missing = whereMissing(operator, left) ?? whereMissing(operator, right);
  if (missing !== undefined) return missing;
  switch (operator) {
    case "and":
    case "or": {
      const wrong = isBool(left) ? right : left;
      return isBool(left) && isBool(right)
        ? given(BOOL)
        : refused(
            `\`${operator}\` is for bools, and this is ${shown(wrong)}`,
            "Compare it with something, as in `x == 1`.",
          );
    }
    case "<":
    case "<=":
    case ">":
    case ">=":
      return order(operator, left, right);
    case "+":
    case "-":
      return sum(operator, left, right);
    case "*":
      return product(left, right);
    case "/":
      return quotient(left, right);
  }
}

function isBool(type: Type): boolean {
  return type.kind === "bool" || type.kind === "literal";
}

function whereMissing(operator: string, type: Type): Judgement | undefined {
  if (type.kind !== "optional" && type.kind !== "none") return undefined;
  return refused(`\`${operator}\` needs a value, and this may be missing`, "Say what stands in for it: `x ?? y`.");
}

/** `e ?? d`: for `e : T?`, `d ⊑ T`. A number, a choice or a list may widen `T`, so that `x ?? 0.0` works for a range. */
function orElse(left: Type, right: Type): Judgement {
  if (left.kind === "json") return given(left);
  if (left.kind === "none") return right.kind === "none" ? refused("`none ?? none` is always missing") : given(right);
  if (left.kind !== "optional") {
    return refused("What stands before `??` is never missing", "Leave `??` and what follows out.");
  }
  if (right.kind === "none") return refused("`?? none` changes nothing", "Leave it out.");
  const type = join(left.of, right);
  if (type !== undefined) return given(type);
  return refused(
    `${shown(right)} cannot stand in for ${shown(left.of)}`,
    `Write a value of ${shown(left.of)} behind \`??\`.`,
  );
}

function equality(operator: "==" | "!=", left: Type, right: Type): Judgement {
  const isNone = left.kind === "none" || right.kind === "none";
  if (isNone) {
    const other = left.kind === "none" ? right : left;
    if (other.kind === "optional" || other.kind === "json" || other.kind === "none") return given(BOOL);
    return refused(`${shown(other)} is never missing`, `\`${operator} none\` is for what may be.`);
  }
  const [a, b] = [withoutOptional(left), withoutOptional(right)];
  if (fits(a, b).verdict !== "never" || fits(b, a).verdict !== "never") return given(BOOL);
  if (isNumber(a) && isNumber(b) && !sameUnit(a.kind, b.kind)) return unitsDiffer("compared", a, b);
  return refused(`${shown(a)} and ${shown(b)} can never be equal`);
}

function order(operator: string, left: Type, right: Type): Judgement {
  if (left.kind === "time" && right.kind === "time") return given(BOOL);
  const wrong = [left, right].find((type) => !isNumber(type) && type.kind !== "time");
  if (wrong !== undefined) return refused(`\`${operator}\` is for numbers and times, and this is ${shown(wrong)}`);
  if (isNumber(left) && isNumber(right) && sameUnit(left.kind, right.kind)) return given(BOOL);
  return unitsDiffer("compared", left, right);
}

function sum(operator: "+" | "-", left: Type, right: Type): Judgement {
  if (left.kind === "time") {
    if (right.kind === "duration") return given(TIME);
    if (right.kind === "time") {
      return operator === "-"
        ? given(DURATION)
        : refused("Two times cannot be added", "Their difference is a duration: `a - b`.");
    }
  }
  if (right.kind === "time" && left.kind === "duration" && operator === "+") return given(TIME);
  if (isNumber(left) && isNumber(right)) {
    if (sameUnit(left.kind, right.kind)) return given({ kind: left.kind === right.kind ? left.kind : "float" });
    return unitsDiffer(operator === "+" ? "added" : "subtracted", left, right);
  }
  if (isText(left) || isText(right))
    return refused("Strings are not added", "Write a string with holes in place of them.");
  return unitsDiffer(operator === "+" ? "added" : "subtracted", left, right);
}

function product(left: Type, right: Type): Judgement {
  if (isNumber(left) && isNumber(right)) {
    if (isPlain(left.kind) && isPlain(right.kind))
      return given({ kind: left.kind === right.kind ? left.kind : "float" });
    if (isPlain(left.kind)) return given({ kind: right.kind });
    if (isPlain(right.kind)) return given({ kind: left.kind });
  }
  return unitsDiffer("multiplied", left, right, "One of the two must be a plain number.");
}

/** `q / q` is a plain number, `q / float` a `q`. */
function quotient(left: Type, right: Type): Judgement {
  if (isNumber(left) && isNumber(right)) {
    if (isPoint(right) && right.low === 0) return refused("This divides by zero");
    if (sameUnit(left.kind, right.kind)) return given({ kind: "float" });
    if (isPlain(right.kind)) return given({ kind: left.kind });
  }
  return unitsDiffer("divided", left, right, "Divide by the same unit, or by a plain number.");
}

function unitsDiffer(done: string, left: Type, right: Type, help?: string): Judgement {
  const [a, b] = [withArticle(left), withArticle(right)];
  const both = a === b ? `Two of ${shown(left)}` : `${capital(a)} and ${b}`;
  const hint =
    help ??
    (isNumber(left) && isNumber(right)
      ? "Both sides need the same unit."
      : "Only numbers of one unit, times and durations can be.");
  return refused(`${both} cannot be ${done}`, hint);
}

const PLAIN_WORDS: { readonly [Kind in NumberKind]: string } = {
  int: "an int",
  float: "a float",
  duration: "a duration",
  size: "a size",
  money: "an amount of money",
};

function withArticle(type: Type): string {
  if (isNumber(type)) return PLAIN_WORDS[(type as NumberType).kind];
  if (isText(type)) return "a string";
  return type.kind === "time" || type.kind === "bool" || type.kind === "list" || type.kind === "map"
    ? `a ${type.kind}`
    : shown(type);
}

function isText(type: Type): boolean {
  return type.kind === "string" || type.kind === "choice";
}

function capital(text: string): string {
  return text.startsWith("`") ? text : text[0]!.toUpperCase() + text.slice(1);
}

// Reading parts -----------------------------------------------------------------------------------------------------

/** A part's type, or a reason with the names that would have been right. */
export type PartJudgement = Judgement & { readonly known?: readonly string[] };

/** `e.f`. Over an optional the result is optional; over a map of fanned-out items it is a map of fields. */
export function field(of: Type, name: string): PartJudgement {
  switch (of.kind) {
    case "optional":
      return mapped(field(of.of, name), optional);
    case "map":
      return mapped(field(of.of, name), (type) => ({ kind: "map", of: type }));
    case "json":
      return given(optional(of));
    case "record":
      return fieldOfRecord(of.fields, name, of);
    case "union":
      return fieldOfUnion(of.members, name, of);
    case "none":
      return refused(`\`none\` has no fields`);
    case "secret":
      return refused("A secret cannot be read");
    case "list":
      return refused(
        `A list has no field \`${name}\`: its items have`,
        "Take one with `[i]`, or go over them with `for`.",
      );
    default:
      return refused(`${shown(of)} has no fields`);
  }
}

function mapped(judgement: PartJudgement, change: (type: Type) => Type): PartJudgement {
  return judgement.ok ? given(change(judgement.type)) : judgement;
}

function fieldOfRecord(fields: readonly Field[], name: string, of: Type): PartJudgement {
  const found = findField(fields, name);
  if (found.length === 0) return { ...noField(of, name), known: fieldNames(fields) };
  // A default is there when reading, however the field was written.
  const types = found.map((place) => (place.field.default === undefined ? place.type : withoutOptional(place.type)));
  const type = common(types);
  return given(found[0]!.always ? type : optional(type));
}

function fieldOfUnion(members: readonly Type[], name: string, of: Type): PartJudgement {
  const found = members.map((member) => field(member, name));
  const types = found.flatMap((judgement) => (judgement.ok ? [judgement.type] : []));
  if (types.length === 0)
    return { ...noField(of, name), known: [...new Set(found.flatMap((judgement) => judgement.known ?? []))] };
  const type = common(types);
  return given(types.length === found.length ? type : optional(type));
}

function noField(of: Type, name: string): Judgement {
  return refused(`${shown(of)} has no field \`${name}\``);
}

/** What an item of a fan-out may be known by: text or a whole number. */
export function isKey(type: Type): boolean {
  if (type.kind === "union") return type.members.every(isKey);
  return type.kind === "string" || type.kind === "choice" || type.kind === "int";
}

/** `e[k]`: what may be missing, but for a place that a list's bounds promise. */
export function index(of: Type, key: Type): Judgement {
  switch (of.kind) {
    case "optional": {
      const inner = index(of.of, key);
      return inner.ok ? given(optional(inner.type)) : inner;
    }
    case "map":
      if (isKey(key) || key.kind === "json") return given(optional(of.of));
      return refused(`A map is read by text or a whole number, and this is ${shown(key)}`);
    case "list": {
      if (!isNumber(key) || !isPlain(key.kind) || fits(key, { kind: "int" }).verdict === "never") {
        return refused(`A list is read by an int, and this is ${shown(key)}`);
      }
      if (key.low !== undefined && key.low < 0) return refused("Items are counted from 0");
      if (of.most !== undefined && key.low !== undefined && key.low >= of.most) {
        return refused(`The list has at most ${of.most} items, counted from 0`);
      }
      const there = key.low !== undefined && key.high !== undefined && key.high < (of.least ?? 0);
      return given(there ? of.of : optional(of.of));
    }
    case "json":
      return given(optional(of));
    case "record":
      return refused(`A record is read by a field's name`, "Write `.name`.");
    default:
      return refused(`${shown(of)} has no items`);
  }
}

function shown(type: Type): string {
  return `\`${display(type, 40)}\``;
}
