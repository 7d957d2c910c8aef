/** The bodies of a pipeline as scopes, and its statements as steps with the names they read: the graph. */
import * as pipelines from "../diagnostics/catalogue/pipelines.ts";
import type * as tree from "../syntax/tree.ts";
import { parametersOf } from "./callables.ts";
import { resolveCallee } from "./callees.ts";
import type { Unit } from "./facts.ts";
import { BROKEN } from "./judging.ts";
import type { Symbol } from "./program.ts";
import { type Frame, lookup, type PlacedStage, type Scope } from "./scope.ts";
import { optional } from "./types/make.ts";
import { withoutOptional } from "./types/visit.ts";

export interface Step {
  readonly node: tree.Statement;
  /** Where its expressions stand. */
  readonly scope: Scope;
  /** The `for` or `when` around it. */
  readonly around: Step | undefined;
  /** What it declares. */
  readonly symbol: Symbol | undefined;
  /** Of a `for` or a `when`. */
  readonly inner: Scope | undefined;
  /** Symbols of this pipeline that it reads. */
  readonly reads: Set<Symbol>;
}

export interface PipelineBody {
  readonly unit: Unit;
  readonly symbol: Symbol;
  readonly node: tree.PipelineDecl;
  readonly scope: Scope;
  readonly stages: Map<string, PlacedStage>;
  /** In the order written, those of inner bodies behind their head. */
  readonly steps: readonly Step[];
  /** Which step gives a stage, a `let`, or an item its value. */
  readonly stepOf: ReadonlyMap<Symbol, Step>;
}

/** Declares what a pipeline's bodies declare. Stages have their types from what they call, so they need no order. */
export function collectBody(unit: Unit, node: tree.PipelineDecl, symbol: Symbol): PipelineBody {
  parametersOf(unit, node.parameters, symbol, "a pipeline's parameter");
  const stages = new Map<string, PlacedStage>();
  const steps: Step[] = [];
  const stepOf = new Map<Symbol, Step>();
  const parameters: Scope = { unit, parent: undefined, names: unit.facts.parameters.get(symbol)! };
  const own = new Map<string, Symbol>();
  const frame: Frame = { kind: "pipeline", parent: undefined, depth: 0, stages };
  const scope: Scope = { unit, parent: parameters, names: own, frame };
  unit.facts.scopes.push(
    { file: unit.file, span: node, scope: parameters },
    { file: unit.file, span: node.body, scope },
  );

  const addBody = (block: tree.Block, into: Scope, locals: Map<string, Symbol>, around: Step | undefined): void => {
    const declare = (kind: "stage" | "let", name: tree.Name, statement: tree.Span): Symbol | undefined => {
      if (name.text === "") return undefined;
      const declared = unit.declare(kind, name, statement, symbol);
      const taken = kind === "stage" ? stages.get(name.text)?.symbol : undefined;
      if (taken !== undefined) {
        unit.facts.ambiguous.add(taken).add(declared);
        if (!locals.has(name.text)) locals.set(name.text, declared);
        unit.report(
          pipelines.duplicateStage,
          name,
          { name: name.text, pipeline: symbol.name },
          { labels: [{ ...taken.place!, message: "the first one" }] },
        );
        return declared;
      }
      sayTaken(unit, into, name, declared);
      if (!locals.has(name.text)) locals.set(name.text, declared);
      if (kind === "stage") stages.set(name.text, { symbol: declared, frame: into.frame! });
      return declared;
    };
    for (const item of block.items) {
      if (item.kind === "setting") continue;
      if (item.kind === "for" || item.kind === "when") {
        const innerLocals = new Map<string, Symbol>();
        const innerFrame: Frame = { kind: item.kind, parent: into.frame, depth: into.frame!.depth + 1, stages };
        const inner: Scope = { unit, parent: into, names: innerLocals, frame: innerFrame };
        unit.facts.scopes.push({ file: unit.file, span: item.body, scope: inner });
        const variable =
          item.kind === "for" && item.name.text !== "" ? unit.declare("item", item.name, item.name, symbol) : undefined;
        const step: Step = { node: item, scope: into, around, symbol: variable, inner, reads: new Set() };
        steps.push(step);
        if (variable !== undefined && item.kind === "for") {
          sayTaken(unit, into, item.name, variable);
          innerLocals.set(item.name.text, variable);
          stepOf.set(variable, step);
        }
        addBody(item.body, inner, innerLocals, step);
        continue;
      }
      const declared = item.kind === "stage" || item.kind === "let" ? declare(item.kind, item.name, item) : undefined;
      const step: Step = { node: item, scope: into, around, symbol: declared, inner: undefined, reads: new Set() };
      steps.push(step);
      if (declared !== undefined) stepOf.set(declared, step);
    }
  };
  addBody(node.body, scope, own, undefined);
  const body: PipelineBody = { unit, symbol, node, scope, stages, steps, stepOf };
  unit.facts.pipelines.set(symbol, body);
  const members = new Map<string, Symbol>();
  for (const [name, placed] of stages) members.set(name, placed.symbol);
  unit.facts.members.set(symbol, members);
  for (const step of steps)
    if (step.node.kind === "stage" && step.symbol !== undefined) typeStage(unit, step.node, step.symbol);
  return body;
}

/** Names are unique along a path of bodies, so that none hides another. */
function sayTaken(unit: Unit, scope: Scope, name: tree.Name, symbol: Symbol): void {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const first = at.names.get(name.text);
    if (first === undefined || first === symbol) continue;
    unit.facts.ambiguous.add(first).add(symbol);
    unit.sayDuplicate(name, symbol, first);
    return;
  }
}

// Types of stages -----------------------------------------------------------------------------------------------------------

/** What a stage gives to the body that it stands in, from the signature of its first call. */
function typeStage(unit: Unit, node: tree.StageStatement, symbol: Symbol): void {
  const call = callOf(node.alternatives[0]);
  if (call === undefined) return;
  const callee = resolveCallee(unit, call);
  if (callee === undefined) return;
  if (callee.kind === "builtin") {
    if (callee.name === "approve") unit.facts.typeOfSymbol.set(symbol, { kind: "bool" });
    return;
  }
  const callable = unit.facts.callables.get(callee);
  if (callable === undefined || callable.result === BROKEN) return;
  if (callable.result === undefined) {
    unit.facts.voids.add(symbol);
    return;
  }
  const waited = node.every === undefined ? callable.result : withoutOptional(callable.result);
  unit.facts.typeOfSymbol.set(
    symbol,
    node.alternatives.at(-1)?.kind === "none" && node.alternatives.length > 1 ? optional(waited) : waited,
  );
}

/** The call of an alternative, out of its parentheses. */
export function callOf(node: tree.Expression | undefined): tree.CallExpression | undefined {
  let at = node;
  while (at?.kind === "parenthesized") at = at.of;
  return at?.kind === "call" ? at : undefined;
}

// The graph -------------------------------------------------------------------------------------------------------------------

/** Fills in what each step reads. `best` and `last` wait for nothing, so what they name is no edge. */
export function findReads(body: PipelineBody): void {
  for (const step of body.steps) {
    const add = ({ text }: tree.Name): void => {
      const symbol = lookup(step.scope, text)?.symbol;
      if (symbol !== undefined && symbol.parent === body.symbol) step.reads.add(symbol);
    };
    namesOfStep(step.node, add);
  }
}

function namesOfStep(node: tree.Statement, add: (name: tree.Name) => void): void {
  switch (node.kind) {
    case "stage":
      for (const call of node.alternatives) namesRead(call, add);
      for (const expected of expectedOf(node)) namesRead(expected, add);
      return;
    case "let":
      namesRead(node.value, add);
      return;
    case "for":
      namesRead(node.iterated, add);
      if (node.max !== undefined) namesRead(node.max, add);
      return;
    case "when":
      namesRead(node.condition, add);
      return;
    case "observe":
      namesRead(node.value, add);
      return;
    case "learn":
      add(node.choice);
      return;
  }
}

/** What a stage's `expect` says. */
export function expectedOf(node: tree.StageStatement): readonly tree.Expression[] {
  const entries = node.settings?.entries ?? [];
  return entries.filter(({ path }) => path.names[0]?.text === "expect").map(({ value }) => value);
}

export function namesRead(node: tree.Expression, add: (name: tree.Name) => void): void {
  switch (node.kind) {
    case "name-expression":
      add(node.name);
      return;
    case "string":
      for (const part of node.parts)
        if (part.kind === "hole" && part.path.names[0] !== undefined) add(part.path.names[0]);
      return;
    case "member":
    case "parenthesized":
      namesRead(node.of, add);
      return;
    case "index":
      namesRead(node.of, add);
      namesRead(node.index, add);
      return;
    case "call": {
      const recalled =
        node.callee.kind === "name-expression" &&
        (node.callee.name.text === "best" || node.callee.name.text === "last");
      for (const { value } of node.arguments) {
        if (!recalled) namesRead(value, add);
        else if (value.kind === "index") namesRead(value.index, add);
      }
      return;
    }
    case "list":
      for (const item of node.items) namesRead(item, add);
      return;
    case "record":
      for (const field of node.fields) namesRead(field.value, add);
      return;
    case "unary":
      namesRead(node.operand, add);
      return;
    case "binary":
      namesRead(node.left, add);
      namesRead(node.right, add);
      return;
  }
}
