/** Which name means what, from where. A scope is a small map and the scope around it; the file's own comes last. */
import type { Unit } from "./facts.ts";
import type { Symbol } from "./program.ts";

export interface Scope {
  readonly unit: Unit;
  /** The scope around this one; `undefined`: the file's names, then the prelude's and the built-in ones. */
  readonly parent: Scope | undefined;
  readonly names: ReadonlyMap<string, Symbol>;
  /** The body of a pipeline, a `for` or a `when`. */
  readonly frame?: Frame;
}

/** A body inside a pipeline. */
export interface Frame {
  readonly kind: "pipeline" | "for" | "when";
  readonly parent: Frame | undefined;
  readonly depth: number;
  /** All stages of the pipeline by name, at whatever depth, each with the frame it stands in. */
  readonly stages: ReadonlyMap<string, PlacedStage>;
}

export interface PlacedStage {
  readonly symbol: Symbol;
  readonly frame: Frame;
}

export interface Lookup {
  readonly symbol: Symbol;
  /** The bodies between here and the stage, from the inside out: each `for` makes a map of it, each `when` an optional. */
  readonly through: readonly ("for" | "when")[];
}

export function fileScope(unit: Unit): Scope {
  return { unit, parent: undefined, names: unit.globals };
}

export function lookup(scope: Scope, name: string): Lookup | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const symbol = at.names.get(name);
    if (symbol !== undefined) return { symbol, through: [] };
    if (at.frame?.kind === "pipeline") {
      const placed = at.frame.stages.get(name);
      if (placed !== undefined) return { symbol: placed.symbol, through: between(innermost(scope), placed.frame) };
    }
  }
  const symbol = scope.unit.find(name);
  return symbol === undefined ? undefined : { symbol, through: [] };
}

function innermost(scope: Scope): Frame | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) if (at.frame !== undefined) return at.frame;
  return undefined;
}

/** The frames that are left on the way from `inner` out to a body that is also around `here`. */
function between(here: Frame | undefined, inner: Frame): ("for" | "when")[] {
  const around = new Set<Frame>();
  for (let at = here; at !== undefined; at = at.parent) around.add(at);
  const left: ("for" | "when")[] = [];
  for (let at: Frame | undefined = inner; at !== undefined && !around.has(at); at = at.parent) {
    if (at.kind !== "pipeline") left.push(at.kind);
  }
  return left;
}

/** All names visible from a scope, the nearest first; a hidden one does not appear. */
export function visible(scope: Scope): Map<string, Symbol> {
  const names = new Map<string, Symbol>();
  const add = (more: ReadonlyMap<string, Symbol>): void => {
    for (const [name, symbol] of more) if (!names.has(name)) names.set(name, symbol);
  };
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    add(at.names);
    if (at.frame?.kind === "pipeline") {
      for (const [name, { symbol }] of at.frame.stages) if (!names.has(name)) names.set(name, symbol);
    }
  }
  add(scope.unit.globals);
  add(scope.unit.outer);
  return names;
}
