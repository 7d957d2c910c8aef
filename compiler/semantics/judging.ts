/** From a judgement about types to what the user reads, with a mend where there is one. */
import type { Field, NumberKind, Type } from "../../runtime/types.ts";
import * as safety from "../diagnostics/catalogue/safety.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type { Fix, Label } from "../diagnostics/diagnostic.ts";
import type * as tree from "../syntax/tree.ts";
import { quantityOf } from "./constants.ts";
import type { Unit } from "./facts.ts";
import { display, displayNumber } from "./types/display.ts";
import { explainText, type Fit, fits } from "./types/fit.ts";
import { armsWithFields, isNumber, isPlain, isPoint, withoutOptional } from "./types/visit.ts";

/** Stands where a part of a type is broken: as a type it takes everything, and nothing more is said about it. */
export const BROKEN: Type = { kind: "json" };

export function sentence(reason: string): string {
  return /[.!?]$/.test(reason) ? reason : `${reason}.`;
}

/** A type between backticks, as a message shows it. */
export function shown(type: Type): string {
  return `\`${display(type)}\``;
}

/** What a type is called in the middle of a sentence: "a duration", "`int in 1..5`". */
export function inWords(type: Type): string {
  if (isNumber(type) && !isPlain(type.kind) && (type.low === undefined || !isPoint(type))) return UNIT_WORDS[type.kind];
  return shown(type);
}

const UNIT_WORDS: { readonly [Kind in NumberKind]: string } = {
  int: "a whole number",
  float: "a number",
  duration: "a duration",
  size: "a size",
  money: "an amount of money",
};
const UNIT_EXAMPLES: { readonly [Kind in NumberKind]: string } = {
  int: "3",
  float: "0.5",
  duration: "30m",
  size: "16GB",
  money: "$2.50",
};
const SUFFIXES: { readonly [Kind in NumberKind]?: readonly string[] } = {
  duration: ["s", "m", "h", "ms"],
  size: ["GB", "MB"],
};

/** Says that a value does not fit. `what` begins the sentence: "The argument `step`". */
export function sayUnfit(
  unit: Unit,
  node: tree.Expression,
  actual: Type,
  wanted: Type,
  fit: Fit,
  what: string,
  labels: readonly Label[],
): void {
  if (actual.kind === "secret" || wanted.kind === "secret") {
    saySecret(unit, node, actual, what, labels, wanted);
    return;
  }
  if (actual.kind === "optional" && wanted.kind !== "optional" && fits(actual.of, wanted).verdict !== "never") {
    unit.report(
      types.missingValue,
      node,
      { what, type: shown(actual) },
      { labels, fixes: fallback(unit, node, wanted) },
    );
    return;
  }
  const number = withoutOptional(wanted);
  if (
    isNumber(actual) &&
    isNumber(number) &&
    (isPlain(actual.kind) ? !isPlain(number.kind) : actual.kind !== number.kind)
  ) {
    sayUnit(unit, node, actual, number, what, labels);
    return;
  }
  const reason = explainText(fit);
  const plain = reason.startsWith("`") && reason.includes("does not fit");
  unit.report(
    types.mismatch,
    node,
    { what, actual: shown(actual), wanted: shown(wanted), reason: reason === "" || plain ? undefined : reason },
    { labels, ...(meanFix(unit, node, actual, number) ?? wordFix(unit, node, actual, number)) },
  );
}

function sayUnit(
  unit: Unit,
  node: tree.Expression,
  actual: Type & { readonly kind: NumberKind },
  wanted: Type & { readonly kind: NumberKind },
  what: string,
  labels: readonly Label[],
): void {
  const example = UNIT_EXAMPLES[wanted.kind];
  if (!isPlain(actual.kind)) {
    const shownActual =
      "low" in actual && actual.low !== undefined && isPoint(actual)
        ? `${displayNumber(actual.low, actual.kind)}, ${UNIT_WORDS[actual.kind]}`
        : UNIT_WORDS[actual.kind];
    const fixes = isPlain(wanted.kind) || node.kind !== "number" ? [] : withUnits(unit, node, wanted.kind);
    unit.report(
      types.wrongUnit,
      node,
      { what, actual: shownActual, wanted: UNIT_WORDS[wanted.kind], example },
      { labels, fixes },
    );
    return;
  }
  const fixes = node.kind === "number" ? withUnits(unit, node, wanted.kind) : [];
  unit.report(
    types.missingUnit,
    node,
    { what, wanted: UNIT_WORDS[wanted.kind], example: fixes[0]?.edits[0]?.newText ?? example },
    { labels, fixes },
  );
}

/** The number as written, with each unit that it may have been meant in. */
function withUnits(unit: Unit, node: tree.NumberLiteral, kind: NumberKind): Fix[] {
  const digits = /\d[\d_.]*/.exec(unit.file.text.slice(node.start, node.end))?.[0] ?? "1";
  const texts = kind === "money" ? [`$${digits}`] : (SUFFIXES[kind] ?? []).map((suffix) => `${digits}${suffix}`);
  return texts.map((text) => unit.replacement(`Write \`${text}\``, node, text));
}

function saySecret(
  unit: Unit,
  node: tree.Expression,
  actual: Type,
  what: string,
  labels: readonly Label[],
  wanted: Type,
): void {
  const source = unit.file.text.slice(node.start, node.end);
  if (actual.kind === "secret") {
    unit.report(
      safety.secretLeak,
      node,
      { path: [source], where: `${lowered(what)}, which is ${shown(wanted)}` },
      { labels },
    );
    return;
  }
  unit.report(
    types.mismatch,
    node,
    { what, actual: shown(actual), wanted: "a secret", reason: undefined },
    { labels, help: "Declare it: `secret name`, at file level." },
  );
}

export function lowered(what: string): string {
  return what.replace(/^[A-Z]/, (letter) => letter.toLowerCase());
}

function fallback(unit: Unit, node: tree.Expression, wanted: Type): Fix[] {
  const sample = sampleOf(wanted);
  if (sample === undefined) return [];
  const argument = node.kind === "name-expression" ? unit.file.text.slice(node.start, node.end) : undefined;
  const before = unit.file.text.slice(0, node.start).trimEnd().at(-1);
  // A name standing alone is the short form of `name: name`, which takes no operator.
  const short = argument !== undefined && (before === "(" || before === ",");
  const at = { start: node.end, end: node.end };
  return [
    short
      ? unit.replacement(`Give it \`${sample}\` where it is missing`, node, `${argument}: ${argument} ?? ${sample}`)
      : unit.replacement(`Give it \`${sample}\` where it is missing`, at, ` ?? ${sample}`),
  ];
}

/** Ends of a range that stand the wrong way round, each in the place of the other. */
export function swapped(unit: Unit, low: tree.Expression, high: tree.Expression): Fix[] {
  const [first, last] = [quantityOf(low), quantityOf(high)];
  if (first === undefined || last === undefined || first.kind !== last.kind || first.value <= last.value) return [];
  const [lowText, highText] = [low, high].map(({ start, end }) => unit.file.text.slice(start, end));
  const edits = [
    { ...unit.place(low), newText: highText! },
    { ...unit.place(high), newText: lowText! },
  ];
  return [{ title: `Write \`${highText}..${lowText}\``, edits }];
}

/** What a fan-out gives is a value for each item, where one number is wanted. */
function meanFix(
  unit: Unit,
  node: tree.Expression,
  actual: Type,
  wanted: Type,
): { help: string; fixes: Fix[] } | undefined {
  if (actual.kind !== "map" || !isNumber(actual.of) || fits({ kind: actual.of.kind }, wanted).verdict === "never")
    return undefined;
  const mean = `mean(${unit.file.text.slice(node.start, node.end)})`;
  return {
    help: `It has a value for each item; \`${mean}\` is one for all. So are \`sum\`, \`min\` and \`max\`.`,
    fixes: [unit.replacement(`Write \`${mean}\``, node, mean)],
  };
}

/** A misspelt word of a choice. */
function wordFix(unit: Unit, node: tree.Expression, actual: Type, wanted: Type): { help?: string; fixes?: Fix[] } {
  if (actual.kind !== "choice" || wanted.kind !== "choice" || node.kind !== "string") return {};
  const meant = unit.facts.suggest(
    actual.arms[0]!.value,
    wanted.arms.map((arm) => arm.value),
  );
  if (meant === undefined) return {};
  const text = JSON.stringify(meant);
  return { help: `Did you mean \`${text}\`?`, fixes: [unit.replacement(`Replace with \`${text}\``, node, text)] };
}

/** Some value of the type, as it is written; nothing where none is simple. */
export function sampleOf(type: Type, depth = 0): string | undefined {
  if (isNumber(type)) {
    if (type.low !== undefined && Math.abs(type.low) < 1e15) return displayNumber(type.low, type.kind);
    return { int: "0", float: "0.0", duration: "1m", size: "1GB", money: "$1" }[type.kind];
  }
  switch (type.kind) {
    case "bool":
      return "false";
    case "literal":
      return String(type.value);
    case "string":
      return '""';
    case "choice":
      return JSON.stringify(type.arms[0]!.value);
    case "optional":
      return "none";
    case "list":
      return (type.least ?? 0) === 0 ? "[]" : undefined;
    case "record": {
      const fields = depth > 2 ? undefined : sampleFields(type.fields, depth);
      if (fields === undefined) return undefined;
      const body = fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
      return type.name === undefined || type.name.includes(".") ? body : `${type.name} ${body}`;
    }
    default:
      return undefined;
  }
}

/** Only what must be written; with the first arm of a choice the fields that it brings. */
function sampleFields(fields: readonly Field[], depth: number): string[] | undefined {
  const texts: string[] = [];
  for (const field of fields) {
    if (field.default === undefined && field.type.kind !== "optional") {
      const sample = sampleOf(field.type, depth + 1);
      if (sample === undefined) return undefined;
      texts.push(`${field.name}: ${sample}`);
    }
    const arms = armsWithFields(field.type);
    const arm = field.default === undefined ? arms[0] : arms.find(({ value }) => value === field.default);
    const inner = arm === undefined || field.type.kind === "optional" ? [] : sampleFields(arm.fields, depth + 1);
    if (inner === undefined) return undefined;
    texts.push(...inner);
  }
  return texts;
}

/** Whether an error stands somewhere inside the type, so that nothing more should be said about it. */
export function isBroken(type: Type): boolean {
  const seen = new Set<Type>();
  const open: Type[] = [type];
  const addFields = (fields: readonly Field[]): void => {
    for (const field of fields) open.push(field.type);
  };
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === BROKEN) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    switch (at.kind) {
      case "optional":
      case "list":
      case "map":
        open.push(at.of);
        break;
      case "record":
        addFields(at.fields);
        break;
      case "choice":
        for (const arm of at.arms) addFields(arm.fields);
        break;
      case "union":
        open.push(...at.members);
        break;
    }
  }
  return false;
}
