/** The phases of a check, in order. Each relies on what those before it have recorded. */
import * as names from "../diagnostics/catalogue/names.ts";
import { collectBody } from "./bodies.ts";
import { linkForeignImports, resolveCallables } from "./callables.ts";
import { checkAgentTools, checkCachedEffects, checkConfirmations, checkEffects } from "./checks/effects.ts";
import { checkFilters } from "./checks/filters.ts";
import { checkPeersDiffer, checkRoutesDiffer } from "./checks/idle.ts";
import { checkLadders } from "./checks/ladders.ts";
import { checkLearning, checkObservations, checkProxies } from "./checks/learning.ts";
import { checkLimits } from "./checks/limits.ts";
import { bodiesOf, hasErrors, hasSyntaxErrors } from "./checks/reading.ts";
import { checkDeclarationsUsed, checkOutputs } from "./checks/unused.ts";
import { checkDeclarations } from "./declared.ts";
import type { Unit } from "./facts.ts";
import type { Loaded } from "./load.ts";
import { checkPeer } from "./peers.ts";
import { linkServers } from "./servers.ts";
import { checkPipeline } from "./statements.ts";
import { checkTest, checkTitles } from "./tests.ts";
import { resolveDeclaredTypes } from "./type-declarations.ts";

/** The newest version of the language that this compiler knows. */
const LANGUAGE_VERSION = 1;

export function checkUnits({ units }: Loaded): void {
  const own = units.slice(0, -1);
  for (const unit of own) checkVersion(unit);
  linkForeignImports(units);
  linkServers(own);
  resolveDeclaredTypes(units);
  for (const unit of units) resolveCallables(unit);
  for (const unit of own) {
    for (const node of unit.file.items) {
      const symbol = node.kind === "pipeline" ? unit.facts.symbols.get(node.name) : undefined;
      if (node.kind === "pipeline" && symbol !== undefined) collectBody(unit, node, symbol);
    }
  }
  for (const unit of units) checkDeclarations(unit);
  for (const unit of own) {
    checkTitles(unit);
    for (const body of bodiesOf(unit)) checkPipeline(body);
    for (const node of unit.file.items) {
      if (node.kind === "peer") checkPeer(unit, node);
      if (node.kind === "test") checkTest(unit, node);
    }
  }
  checkFlow(own);
}

/** What only the whole shows: who reads, who learns, who may be called by whom. */
function checkFlow(units: readonly Unit[]): void {
  for (const unit of units) {
    const broken = hasSyntaxErrors(unit);
    for (const body of bodiesOf(unit)) {
      checkLearning(body);
      checkEffects(body);
      // Where the text is broken, so may be the price that is missed.
      if (!broken) checkLimits(body);
    }
    checkRoutesDiffer(unit);
  }
  checkProxies(units);
  checkAgentTools(units);
  checkCachedEffects(units);
  checkConfirmations(units);
  checkFilters(units);
  checkPeersDiffer(units);
  checkLadders(units);
  // These are asked only where no error stands, so they come last.
  checkObservations(units);
  for (const unit of units) {
    if (hasErrors(unit)) continue;
    for (const body of bodiesOf(unit)) checkOutputs(body);
    checkDeclarationsUsed(unit);
  }
}

function checkVersion(unit: Unit): void {
  const { version, items } = unit.file;
  if (version === undefined) {
    // A text that declares nothing is written in no version.
    if (items.length === 0) return;
    const start = { start: 0, end: 0 };
    unit.report(
      names.noVersion,
      start,
      {},
      {
        fixes: [
          unit.replacement(`Write \`gang ${LANGUAGE_VERSION}\` at the top`, start, `gang ${LANGUAGE_VERSION}\n\n`),
        ],
      },
    );
  } else if (version.number > LANGUAGE_VERSION) {
    unit.report(names.newerLanguage, version, { written: version.number, newest: LANGUAGE_VERSION });
  }
}
