/** What names and members mean where a value stands. */
import type { Field, Type } from "../../runtime/types.ts";
import * as calls from "../diagnostics/catalogue/calls.ts";
import * as names from "../diagnostics/catalogue/names.ts";
import * as types from "../diagnostics/catalogue/types.ts";
import type * as tree from "../syntax/tree.ts";
import type { Unit } from "./facts.ts";
import { BROKEN, sentence, shown } from "./judging.ts";
import { describe } from "./naming.ts";
import type { Symbol } from "./program.ts";
import { lookup, type Scope, visible } from "./scope.ts";
import { optional } from "./types/make.ts";
import { field } from "./types/operators.ts";
import { findField } from "./types/visit.ts";

/** Where an expression stands. */
export interface Env {
  readonly scope: Scope;
  /** Whether a tool may be called: in an `expect`, an `observe`, a source. */
  readonly calls: "none" | "tools";
  /** The metrics that `best` and `last` may name. */
  readonly metrics?: ReadonlyMap<string, Symbol> | undefined;
}

/** What a path names so far: a symbol (perhaps a namespace, without a type), a value's type, or both. */
export interface Denoted {
  readonly symbol: Symbol | undefined;
  readonly type: Type | undefined;
}

const VALUES: ReadonlySet<string> = new Set(["parameter", "stage", "let", "item", "secret", "field"]);
const NAMESPACES: ReadonlySet<string> = new Set(["subnet", "pipeline", "tools"]);

/** `undefined` where an error stands, which has then been said. */
export function denoteName(env: Env, name: tree.Name): Denoted | undefined {
  if (name.text === "") return undefined;
  const { unit } = env.scope;
  const found = lookup(env.scope, name.text);
  if (found === undefined) {
    sayUnknown(env, name);
    return undefined;
  }
  const { symbol } = found;
  unit.bind(name, symbol);
  if (NAMESPACES.has(symbol.kind) || symbol.kind === "metric") return { symbol, type: undefined };
  if (!VALUES.has(symbol.kind)) {
    unit.report(types.notAValue, name, { name: name.text, actual: describe(symbol) });
    return undefined;
  }
  if (symbol.kind === "secret") return { symbol, type: { kind: "secret" } };
  if (unit.facts.ambiguous.has(symbol)) return undefined;
  let type = unit.facts.typeOfSymbol.get(symbol);
  if (type === undefined) {
    if (unit.facts.voids.has(symbol)) unit.report(calls.noResult, name, { name: name.text });
    return undefined;
  }
  if (type === BROKEN) return undefined;
  for (const body of found.through) type = body === "when" ? optional(type) : { kind: "map", of: type };
  return { symbol, type };
}

function sayUnknown(env: Env, name: tree.Name): void {
  const { unit } = env.scope;
  if (unit.broken.has(name.text)) return;
  for (const [pipeline, body] of unit.facts.pipelines) {
    if (pipeline.file !== unit.file || !body.stages.has(name.text)) continue;
    const stage = body.stages.get(name.text)!.symbol;
    unit.report(
      names.notInScope,
      name,
      { name: name.text, where: `it is a stage of \`${pipeline.name}\`` },
      stage.place === undefined ? {} : { labels: [{ ...stage.place, message: "the stage" }] },
    );
    return;
  }
  const candidates: string[] = [];
  for (const [text, symbol] of visible(env.scope))
    if (VALUES.has(symbol.kind) || NAMESPACES.has(symbol.kind)) candidates.push(text);
  unit.sayUnknown(name, "value", candidates);
}

export function denoteMember(env: Env, of: Denoted, name: tree.Name): Denoted | undefined {
  if (name.text === "") return undefined;
  const { unit } = env.scope;
  const members = of.symbol === undefined ? undefined : unit.facts.members.get(of.symbol);
  const member = members?.get(name.text);
  if (member !== undefined) {
    unit.bind(name, member);
    return {
      symbol: member,
      type:
        member.kind === "metric" || of.symbol?.kind === "pipeline" ? undefined : unit.facts.typeOfSymbol.get(member),
    };
  }
  if (of.type === undefined) {
    if (of.symbol !== undefined) sayNoMember(unit, of.symbol, members, name);
    return undefined;
  }
  const judgement = field(of.type, name.text);
  if (judgement.ok) {
    const declared = declaredField(of.type, name.text);
    const symbol = declared === undefined ? undefined : unit.facts.fieldSymbols.get(declared);
    if (symbol !== undefined) unit.bind(name, symbol);
    return judgement.type === BROKEN ? undefined : { symbol: undefined, type: judgement.type };
  }
  const suggestion = judgement.known === undefined ? undefined : unit.facts.suggest(name.text, judgement.known);
  if (judgement.known === undefined) {
    unit.report(
      types.badOperands,
      name,
      { reason: sentence(judgement.reason) },
      judgement.help === undefined ? {} : { help: judgement.help },
    );
  } else {
    unit.report(
      names.unknownField,
      name,
      { name: name.text, type: shown(of.type), suggestion, known: judgement.known },
      unit.renaming(name, suggestion),
    );
  }
  return undefined;
}

function sayNoMember(
  unit: Unit,
  symbol: Symbol,
  members: ReadonlyMap<string, Symbol> | undefined,
  name: tree.Name,
): void {
  if (symbol.kind === "tools" && members === undefined) return;
  const suggestion = members === undefined ? undefined : unit.facts.suggest(name.text, members.keys());
  unit.report(
    names.unknownField,
    name,
    { name: name.text, type: `\`${symbol.name}\``, suggestion, known: [...(members?.keys() ?? [])] },
    unit.renaming(name, suggestion),
  );
}

/** The field as it was declared, through optionals and maps: for hover, rename and definition. */
function declaredField(type: Type, name: string): Field | undefined {
  switch (type.kind) {
    case "optional":
    case "map":
      return declaredField(type.of, name);
    case "record":
      return findField(type.fields, name)[0]?.field;
    case "union":
      for (const member of type.members) {
        const found = declaredField(member, name);
        if (found !== undefined) return found;
      }
      return undefined;
    default:
      return undefined;
  }
}

/** Says that a namespace (a subnet, a pipeline) stands where a value should; `undefined` is an error already said. */
export function valueOf(env: Env, denoted: Denoted | undefined, span: tree.Span): Type | undefined {
  if (denoted === undefined || denoted.type !== undefined) return denoted?.type;
  const { symbol } = denoted;
  if (symbol === undefined) return undefined;
  const { unit } = env.scope;
  const help =
    symbol.kind === "stage"
      ? { help: `Another pipeline's stage is read with \`best(…)\` or \`last(…)\`.` }
      : symbol.kind === "metric"
        ? { help: `What was observed is read with \`best(${symbol.name})\` or \`last(${symbol.name})\`.` }
        : {};
  unit.report(types.notAValue, span, { name: symbol.name, actual: describe(symbol) }, help);
  return undefined;
}
