/** A record as it is written, against the type it is to be. Fields that a choice brings lie flat beside it. */
import type { Field, Json, Type } from "../../runtime/types.ts";
import * as names from "../diagnostics/catalogue/names.ts";
import * as safety from "../diagnostics/catalogue/safety.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type { Fix } from "../diagnostics/diagnostic.ts";
import type * as tree from "../syntax/tree.ts";
import type { Check } from "./calls.ts";
import { isRequired } from "./calls.ts";
import { constantOf } from "./constants.ts";
import type { Unit } from "./facts.ts";
import { BROKEN, inWords, sampleOf, shown } from "./judging.ts";
import { resolveTypePath } from "./type-paths.ts";
import { armsWithFields, fieldNames, findField, type RecordType, withoutOptional } from "./types/visit.ts";
import type { Env } from "./values.ts";

/** `undefined` where an error stands. Without a type to be, the record is what its fields are. */
export function inferRecord(
  env: Env,
  node: tree.RecordLiteral,
  wanted: Type | undefined,
  check: Check,
): Type | undefined {
  const { unit } = env.scope;
  const declared = node.type === undefined ? wanted : resolveTypePath(unit, node.type);
  const target = declared === undefined || declared === BROKEN ? undefined : withoutOptional(declared);
  const written = distinctFields(unit, node);
  if (target?.kind === "record") return againstRecord(env, node, target, written, check) ? target : undefined;
  if (node.type !== undefined) {
    if (target !== undefined)
      unit.report(types.mismatch, node, {
        what: "A record",
        actual: "a record",
        wanted: shown(target),
        reason: undefined,
      });
    for (const field of written.values()) check(env, field.value, undefined, "");
    return undefined;
  }
  const item = target?.kind === "map" ? target.of : undefined;
  const type = freeRecord(env, written, item, check);
  return node.fields.some(({ name }) => name.text === "") ? undefined : type;
}

function distinctFields(unit: Unit, node: tree.RecordLiteral): Map<string, tree.RecordField> {
  const written = new Map<string, tree.RecordField>();
  for (const field of node.fields) {
    if (field.name.text === "") continue;
    const first = written.get(field.name.text);
    if (first === undefined) written.set(field.name.text, field);
    else
      unit.report(
        names.duplicateField,
        field.name,
        { name: field.name.text, what: "field" },
        { labels: [{ ...unit.place(first.name), message: "the first one" }] },
      );
  }
  return written;
}

function freeRecord(
  env: Env,
  written: ReadonlyMap<string, tree.RecordField>,
  item: Type | undefined,
  check: Check,
): Type | undefined {
  const { unit } = env.scope;
  const fields: Field[] = [];
  let broken = false;
  for (const [name, { value }] of written) {
    const before = unit.facts.diagnostics.length;
    if (item !== undefined) check(env, value, item, `\`${name}\``);
    else check(env, value, undefined, "");
    const type = unit.facts.types.get(value);
    if (type?.kind === "secret") {
      unit.report(safety.secretLeak, value, {
        path: [unit.file.text.slice(value.start, value.end)],
        where: `the field \`${name}\` of a record`,
      });
    }
    if (type === undefined || unit.facts.diagnostics.length > before) broken = true;
    else fields.push({ name, type });
  }
  return broken ? undefined : { kind: "record", fields };
}

function againstRecord(
  env: Env,
  node: tree.RecordLiteral,
  target: RecordType,
  written: ReadonlyMap<string, tree.RecordField>,
  check: Check,
): boolean {
  const { unit } = env.scope;
  const left = new Map(written);
  const missing: Field[] = [];
  const before = unit.facts.diagnostics.length;
  const take = (fields: readonly Field[], required: boolean): void => {
    for (const field of fields) {
      const entry = left.get(field.name);
      left.delete(field.name);
      if (entry !== undefined) checkField(env, entry, field, check);
      else if (required && isRequired(field)) missing.push(field);
      takeArms(field, entry, required);
    }
  };
  const takeArms = (field: Field, entry: tree.RecordField | undefined, required: boolean): void => {
    const arms = armsWithFields(field.type);
    if (arms.length === 0) return;
    const chosen: Json | undefined = entry === undefined ? field.default : constantOf(unit.facts, entry.value);
    const arm = arms.find((candidate) => candidate.value === chosen);
    if (arm !== undefined) {
      take(arm.fields, required);
      return;
    }
    // Which arm it will be is not known: any of their fields may stand here, none must.
    if (chosen === undefined) for (const candidate of arms) take(candidate.fields, false);
  };
  take(target.fields, true);
  for (const entry of left.values()) sayUnknown(env, entry, target, check);
  // One written without its name is probably one that is missing.
  const nameless = node.fields.filter(({ name }) => name.text === "").length;
  if (missing.length > nameless) sayMissing(unit, node, target, missing);
  return nameless === 0 && unit.facts.diagnostics.length === before;
}

function checkField(env: Env, entry: tree.RecordField, field: Field, check: Check): void {
  const { unit } = env.scope;
  const symbol = unit.facts.fieldSymbols.get(field);
  if (symbol !== undefined) unit.bind(entry.name, symbol);
  check(env, entry.value, field.type, `\`${field.name}\``, symbol?.place);
}

function sayUnknown(env: Env, entry: tree.RecordField, target: RecordType, check: Check): void {
  const { unit } = env.scope;
  check(env, entry.value, undefined, "");
  const name = entry.name.text;
  const elsewhere = findField(target.fields, name)[0];
  if (elsewhere !== undefined) {
    const carrier = target.fields.find((field) =>
      armsWithFields(field.type).some((arm) => findField(arm.fields, name).length > 0),
    );
    const arms =
      carrier === undefined ? [] : armsWithFields(carrier.type).filter((arm) => findField(arm.fields, name).length > 0);
    const help = `It comes only with ${arms.map((arm) => `\`${carrier!.name}: ${JSON.stringify(arm.value)}\``).join(" or ")}.`;
    unit.report(
      names.unknownField,
      entry.name,
      { name, type: `this ${shown(target)}`, suggestion: undefined, known: [] },
      { help },
    );
    return;
  }
  const suggestion = unit.facts.suggest(name, fieldNames(target.fields));
  unit.report(
    names.unknownField,
    entry.name,
    { name, type: shown(target), suggestion, known: [...fieldNames(target.fields)] },
    unit.renaming(entry.name, suggestion),
  );
}

function sayMissing(unit: Unit, node: tree.RecordLiteral, target: RecordType, missing: readonly Field[]): void {
  const fixes: Fix[] = [];
  const samples = missing.map((field) => sampleOf(field.type));
  if (samples.every((sample) => sample !== undefined) && unit.file.text[node.end - 1] === "}") {
    const text = missing.map((field, at) => `${field.name}: ${samples[at]}`).join(", ");
    const last = node.fields.at(-1);
    const at = last?.end ?? node.end - 1;
    fixes.push(
      unit.replacement(`Add \`${text}\``, { start: at, end: at }, last === undefined ? ` ${text} ` : `, ${text}`),
    );
  }
  const span = node.type ?? { start: node.start, end: node.start + 1 };
  unit.report(
    types.missingFields,
    span,
    {
      type: target.name === undefined ? "record" : `\`${target.name}\``,
      missing: missing.map(({ name, type }) => ({ name, type: inWords(type) })),
    },
    { fixes },
  );
}
