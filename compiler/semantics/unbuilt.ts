/**
 * What is parsed and checked and cannot run yet: one row each, and a row goes when its meaning is built. What a machine
 * lacks, a model's key among it, is none of it: that is said where a program runs.
 */
import { notBuilt } from "../diagnostics/catalogue/pipelines.ts";
import type * as tree from "../syntax/tree.ts";
import type { Unit } from "./facts.ts";
import type { OwnerKind } from "./settings.ts";

const SETTINGS: { readonly [Owner in OwnerKind]?: { readonly [setting: string]: string } } = {
  backend: { price: "A backend's `price`", limit: "A backend's `limit`" },
};

const PROVIDERS: { readonly [provider: string]: string } = {
  slurm: "The backend `slurm`",
  ssh: "The backend `ssh`",
  kubernetes: "The backend `kubernetes`",
  runpod: "The backend `runpod`",
};

export function sayUnbuiltSetting(unit: Unit, owner: OwnerKind, setting: string, node: tree.Setting): void {
  say(unit, SETTINGS[owner]?.[setting], node);
}

export function sayUnbuiltProvider(unit: Unit, provider: string, span: tree.Span): void {
  say(unit, Object.hasOwn(PROVIDERS, provider) ? PROVIDERS[provider] : undefined, span);
}

function say(unit: Unit, what: string | undefined, span: tree.Span): void {
  if (what === undefined) return;
  unit.facts.unbuilt.push({ what: `${what} cannot run yet.`, place: unit.place(span) });
  unit.report(notBuilt, span, { what });
}
