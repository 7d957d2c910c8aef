/** Written types to types: each node once, what it names resolved before (see declarations). */
import type { Arm, Field, Json, Type } from "../../runtime/types.ts";
import * as names from "../diagnostics/catalogue/names.ts";
import * as safety from "../diagnostics/catalogue/safety.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type { Fix } from "../diagnostics/diagnostic.ts";
import type * as tree from "../syntax/tree.ts";
import { constantOf, quantityOf } from "./constants.ts";
import { check } from "./expressions.ts";
import type { Facts, Unit } from "./facts.ts";
import { BROKEN, sentence, swapped } from "./judging.ts";
import { fileScope } from "./scope.ts";
import { resolveTypePath, typeOfPath } from "./type-paths.ts";
import { displayNumber } from "./types/display.ts";
import { type Judgement, listOf, mapOf, optional, type Quantity, range, union } from "./types/make.ts";
import { armsWithFields } from "./types/visit.ts";

/** The type that a node denotes; `undefined` where an error stands, which has then been said. */
export function resolveType(unit: Unit, node: tree.TypeNode): Type | undefined {
  const type = resolve(unit, node);
  if (type !== undefined && !isPlainNode(node)) unit.facts.types.set(node, type);
  return type;
}

/** Whether what a node denotes shows in it and in what its name means: of these, which are most, nothing is kept. */
function isPlainNode(node: tree.TypeNode): node is tree.NamedTypeNode | tree.LiteralTypeNode {
  return node.kind === "named-type" || node.kind === "literal-type";
}

/** The type of a node that has been resolved; `undefined` where an error stands. */
export function resolvedType(facts: Facts, node: tree.Expression | tree.TypeNode): Type | undefined {
  const kept = facts.types.get(node);
  if (kept !== undefined) return kept;
  if (node.kind === "literal-type") return literalType(node.value);
  return node.kind === "named-type" ? typeOfPath(facts, node.path) : undefined;
}

function resolve(unit: Unit, node: tree.TypeNode): Type | undefined {
  switch (node.kind) {
    case "missing":
      return undefined;
    case "named-type":
      return resolveTypePath(unit, node.path);
    case "literal-type":
      return literalType(node.value);
    case "ranged-type":
      return rangedType(unit, node);
    case "optional-type": {
      const of = part(unit, node.of, "optional");
      return of === undefined ? undefined : optional(of);
    }
    case "list-type":
      return listType(unit, node);
    case "map-type": {
      const of = part(unit, node.of, "a value of a map");
      return of === undefined ? undefined : accepted(unit, node, mapOf(of), types.badRange);
    }
    case "record-type": {
      const fields = fieldsOf(unit, node.fields, new Map());
      // A field without a name might be any: nothing is known of such a record.
      return node.fields.some(nameless) ? undefined : { kind: "record", fields };
    }
    case "union-type":
      return unionType(unit, node);
  }
}

function nameless({ name }: tree.Parameter): boolean {
  return name.text === "";
}

/** A part of a type: anything but a secret. */
function part(unit: Unit, node: tree.TypeNode, where: string): Type | undefined {
  const type = resolveType(unit, node);
  if (type?.kind !== "secret") return type;
  unit.report(safety.secretInType, node, { where });
  return undefined;
}

function accepted(
  unit: Unit,
  node: tree.Span,
  judgement: Judgement,
  definition: typeof types.badRange,
  fixes: readonly Fix[] = [],
): Type | undefined {
  if (judgement.ok) return judgement.type;
  const help = judgement.help === undefined ? {} : { help: judgement.help };
  unit.report(definition, node, { reason: sentence(judgement.reason) }, { ...help, fixes });
  return undefined;
}

// Literals and ranges -----------------------------------------------------------------------------------------------

function literalType(node: tree.StringLiteral | tree.NumberLiteral | tree.BoolLiteral): Type {
  switch (node.kind) {
    case "bool":
      return { kind: "literal", value: node.value };
    case "number":
      return { kind: node.unit, low: node.value, high: node.value };
    case "string":
      return { kind: "choice", arms: [{ value: textOf(node), fields: [] }] };
  }
}

/** The text of a string; a hole as it was written. */
export function textOf(node: tree.StringLiteral): string {
  const first = node.parts[0];
  if (first?.kind === "text" && node.parts.length === 1) return first.value;
  return node.parts
    .map((piece) =>
      piece.kind === "text" ? piece.value : `\${${piece.path.names.map((name) => name.text).join(".")}}`,
    )
    .join("");
}

function rangedType(unit: Unit, node: tree.RangedTypeNode): Type | undefined {
  const base = resolveType(unit, node.base);
  const low = bound(unit, node.low);
  const high = bound(unit, node.high);
  const step = node.step === undefined ? undefined : bound(unit, node.step);
  if (base === undefined || low === undefined || high === undefined || (node.step !== undefined && step === undefined))
    return undefined;
  return accepted(
    unit,
    { start: node.low.start, end: (node.step ?? node.high).end },
    range(base, low, high, node.log, step),
    types.badRange,
    swapped(unit, node.low, node.high),
  );
}

function bound(unit: Unit, node: tree.Expression): Quantity | undefined {
  const quantity = quantityOf(node);
  if (quantity === undefined && node.kind !== "missing")
    unit.report(types.notConstant, node, { what: "The end of a range" });
  return quantity;
}

function listType(unit: Unit, node: tree.ListTypeNode): Type | undefined {
  const of = part(unit, node.of, "an item of a list");
  const low = node.low === undefined ? undefined : bound(unit, node.low);
  const high = node.high === undefined ? undefined : bound(unit, node.high);
  if (
    of === undefined ||
    (node.low !== undefined && low === undefined) ||
    (node.high !== undefined && high === undefined)
  )
    return undefined;
  if (!isLength(unit, node.low, low) || !isLength(unit, node.high, high)) return undefined;
  const fixes = node.low === undefined || node.high === undefined ? [] : swapped(unit, node.low, node.high);
  return accepted(unit, node, listOf(of, low?.value, high?.value), types.badRange, fixes);
}

function isLength(unit: Unit, node: tree.Expression | undefined, bound: Quantity | undefined): boolean {
  if (node === undefined || bound === undefined || bound.kind === "int") return true;
  unit.report(
    types.badRange,
    node,
    { reason: `A list cannot have ${displayNumber(bound.value, bound.kind)} items.` },
    { help: "Bounds are whole numbers from 0 on." },
  );
  return false;
}

// Unions and records --------------------------------------------------------------------------------------------------

const NO_FIELDS: readonly Field[] = [];

function unionType(unit: Unit, node: tree.UnionTypeNode): Type | undefined {
  const arms: Arm[] = [];
  const seen = new Map<string, tree.UnionArm>();
  const members: Type[] = [];
  let broken = false;
  for (const arm of node.arms) {
    if (arm.type.kind === "literal-type" && arm.type.value.kind === "string") {
      const value = textOf(arm.type.value);
      const first = seen.get(value);
      if (first !== undefined) {
        unit.report(
          names.duplicateField,
          arm.type,
          { name: value, what: "choice" },
          { labels: [{ ...unit.place(first.type), message: "the first one" }] },
        );
        continue;
      }
      seen.set(value, arm);
      const fields = arm.fields === undefined ? NO_FIELDS : fieldsOf(unit, arm.fields, new Map());
      if (arm.fields?.some(nameless)) broken = true;
      const made: Arm = arm.doc === undefined ? { value, fields } : { value, fields, doc: arm.doc };
      arms.push(made);
      if (arm.fields !== undefined || arm.doc !== undefined)
        unit.facts.types.set(arm.type, { kind: "choice", arms: [made] });
      continue;
    }
    const type = part(unit, arm.type, "part of a union");
    if (arm.fields !== undefined) {
      fieldsOf(unit, arm.fields, new Map());
      unit.report(types.ambiguousUnion, arm.type, { reason: 'Only a text such as `"a"` can bring fields of its own.' });
    }
    if (type === undefined) broken = true;
    else members.push(type);
  }
  if (broken) return undefined;
  const choice: Type[] = arms.length === 0 ? [] : [{ kind: "choice", arms }];
  if (members.length === 0) return choice[0];
  return accepted(unit, node, union([...choice, ...members]), types.ambiguousUnion);
}

/** Whether a field may be a secret; else what it is called where it is refused. */
export type Secrets = "taken" | "a field" | "an agent's parameter" | "a pipeline's parameter";

/**
 * The fields of a record, an arm, or the parameters of a callable. `seen` holds the names beside which these lie: the
 * fields that a choice brings lie flat beside it.
 */
export function fieldsOf(
  unit: Unit,
  nodes: readonly tree.Parameter[],
  seen: Map<string, tree.Name>,
  secrets: Secrets = "a field",
): Field[] {
  const fields: Field[] = [];
  for (const node of nodes) {
    if (node.name.text !== "") {
      const first = seen.get(node.name.text);
      if (first !== undefined) {
        duplicate(unit, node, nodes, first, secrets === "a field" ? "field" : "parameter");
        resolveType(unit, node.type);
        continue;
      }
      seen.set(node.name.text, node.name);
    }
    const field = fieldOf(unit, node, secrets);
    if (field === undefined) continue;
    for (const arm of armsWithFields(field.type)) {
      for (const inner of arm.fields) {
        const clash = seen.get(inner.name);
        const symbol = unit.facts.fieldSymbols.get(inner);
        if (clash === undefined || symbol?.place === undefined) continue;
        unit.report(
          names.duplicateField,
          symbol.place,
          { name: inner.name, what: "field" },
          { labels: [{ ...unit.place(clash), message: "it lies flat beside this one" }] },
        );
      }
    }
    fields.push(field);
  }
  return fields;
}

function duplicate(
  unit: Unit,
  node: tree.Parameter,
  nodes: readonly tree.Parameter[],
  first: tree.Name,
  what: "field" | "parameter",
): void {
  const at = nodes.indexOf(node);
  const next = nodes[at + 1];
  const before = nodes[at - 1];
  const span =
    next !== undefined ? { start: node.start, end: next.start } : { start: before?.end ?? node.start, end: node.end };
  unit.report(
    names.duplicateField,
    node.name,
    { name: node.name.text, what },
    {
      labels: [{ ...unit.place(first), message: "the first one" }],
      fixes: [unit.replacement(`Delete the second \`${node.name.text}\``, span, "")],
    },
  );
}

/** Its type may be missing where an error stands: then the field is `json`, so that no more is said about it. */
function fieldOf(unit: Unit, node: tree.Parameter, secrets: Secrets): Field | undefined {
  const written = secrets === "taken" ? resolveType(unit, node.type) : part(unit, node.type, secrets);
  if (node.name.text === "") return undefined;
  const type: Type = written === undefined ? BROKEN : node.optional ? optional(written) : written;
  let value: Json | undefined;
  if (node.default !== undefined) {
    const scope = fileScope(unit);
    if (check({ scope, calls: "none" }, node.default, written, `The default of \`${node.name.text}\``, node.type)) {
      value = constantOf(unit.facts, node.default, written);
      if (value === undefined)
        unit.report(types.notConstant, node.default, { what: `The default of \`${node.name.text}\`` });
    }
  }
  // Filled in steps: this is made for every field of a program, and spreading costs more than all the rest.
  const field: { -readonly [Key in keyof Field]: Field[Key] } = { name: node.name.text, type };
  if (node.default !== undefined) field.default = value ?? null;
  if (node.doc !== undefined) field.doc = node.doc;
  const symbol = unit.declare("field", node.name, node);
  unit.facts.fieldSymbols.set(field, symbol);
  unit.facts.typeOfSymbol.set(symbol, type);
  return field;
}
