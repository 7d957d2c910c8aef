/** Outputs that nobody reads, and declarations that nothing names. Asked only of files without errors: behind one a reader may be hidden. */
import { unusedDeclaration } from "../../diagnostics/catalogue/names.ts";
import { unreadOutput } from "../../diagnostics/catalogue/pipelines.ts";
import type { PipelineBody } from "../bodies.ts";
import { callOf } from "../bodies.ts";
import type { Unit } from "../facts.ts";
import { noun } from "../naming.ts";
import type { Symbol } from "../program.ts";
import { bodiesOf } from "./reading.ts";

/** An effect's output may go unread, and what has no result has nothing to read. */
export function checkOutputs(body: PipelineBody): void {
  const { unit } = body;
  const read = new Set<Symbol>();
  for (const step of body.steps) for (const symbol of step.reads) read.add(symbol);
  for (const { symbol } of unit.facts.recalls.values()) read.add(symbol);
  for (const step of body.steps) {
    const { symbol, node } = step;
    if (symbol?.place === undefined || read.has(symbol) || !unit.facts.typeOfSymbol.has(symbol)) continue;
    if (node.kind === "let") unit.report(unreadOutput, symbol.place, { name: symbol.name, what: "`let`" });
    if (node.kind !== "stage") continue;
    const call = callOf(node.alternatives[0]);
    const callee = call === undefined ? undefined : unit.facts.callees.get(call);
    const effect = callee !== undefined && unit.facts.callables.get(callee)?.effect;
    if (!effect) unit.report(unreadOutput, symbol.place, { name: symbol.name, what: "output of" });
  }
}

/** Whoever runs a file names these; nothing in the file must. */
const ROOTS: ReadonlySet<string> = new Set(["pipeline", "peer", "subnet"]);

/** In a file with a pipeline: the others are libraries. */
export function checkDeclarationsUsed(unit: Unit): void {
  if (bodiesOf(unit).length === 0) return;
  const used = new Set<Symbol>();
  const declaring = new Set<number | undefined>();
  for (const node of unit.file.items) {
    if ("name" in node) declaring.add(node.name.id);
    if (node.kind === "import") for (const { name, alias } of node.names) declaring.add(name.id).add(alias?.id);
  }
  for (const [id, symbol] of unit.facts.symbols.entries()) if (!declaring.has(id)) used.add(symbol);
  for (const [name, symbol] of unit.globals) {
    if (ROOTS.has(symbol.kind) || used.has(symbol)) continue;
    const place = symbol.file === unit.file ? symbol.place : importOf(unit, name);
    if (place !== undefined)
      unit.report(unusedDeclaration, place, { name, what: symbol.file === unit.file ? noun(symbol) : "import" });
  }
}

function importOf(unit: Unit, name: string): { readonly start: number; readonly end: number } | undefined {
  for (const item of unit.file.items) {
    if (item.kind !== "import") continue;
    for (const imported of item.names) {
      const local = imported.alias ?? imported.name;
      if (local.text === name) return local;
    }
  }
  return undefined;
}
