/**
 * Sentinels: evaluations that ask whether the subnet is still what it was. Where its model says so (`sentinels:`), a
 * stage that is measured now and then takes a known claim instead of asking, and what comes out is held against what
 * came out before (`knowledge/drift/watch.ts`). Where that shows that the subnet has moved, or is as it was once, a
 * record says so.
 */
import { type Regime, WITNESSES, type Witness } from "../knowledge/drift/regimes.ts";
import type { ScopeWatch } from "../knowledge/drift/watch.ts";
import type { Ranked } from "../knowledge/knowledge.ts";
import type { Model } from "../plan.ts";
import { deriveSeed, random } from "../random.ts";
import type { Draft } from "../trail/record.ts";
import type { Type } from "../types.ts";
import { type Claim, canonical } from "../values/canonical.ts";
import { validate } from "../values/validate.ts";
import type { Attempt } from "./attempt.ts";
import type { RunContext } from "./context.ts";

/**
 * The claim that this attempt is to evaluate again, if any: one whose last evaluation surprised, the best of a past
 * regime once after the subnet moved, else now and then the best, or of the best the one that is known best.
 */
export async function claimToEvaluateAgain(
  { context, node, origin, scopeKey, seed }: Attempt,
  model: Model | undefined,
  type: Type,
  shown: readonly Ranked[],
): Promise<Claim | undefined> {
  if (node.measured.length === 0) return undefined;
  const { knowledge, subnetName: subnet } = context;
  const place = { subnet, stage: node.id };
  const { sentinels: share = 0 } = model?.options ?? {};
  const isWatching = typeof share === "number" && share > 0;
  // Who does not look by itself is a witness of what others have seen.
  if (!isWatching && knowledge.unsettled(place).ended.length === 0) return undefined;
  const best = shown.filter(({ anti }) => !anti);
  const asked = { ...place, also: best.map(({ claim }) => claim) };
  const about = { ...context.origin, stage: node.id, subnet, ...(scopeKey === "" ? {} : { scope: scopeKey }) };

  let found = await knowledge.watch(asked);
  const moved = found.alarm;
  if (moved !== undefined && !hasSaid(knowledge.unsettled(place).ended, origin.peer, context)) {
    const since = moved.good === undefined ? {} : { since: new Date(moved.good).toISOString() };
    const message = `${node.id} is not what it was: claims evaluated again come out otherwise than before`;
    await tell(context, [{ kind: "drift", ...about, regime: knowledge.regime(place), ...since, message }]);
    found = await knowledge.watch(asked);
  }
  if (!isWatching) return undefined;
  const regime = knowledge.regime(place);
  const returned = (found.scopes.get(scopeKey)?.past ?? []).filter(({ match, regime: same }) => {
    const said = knowledge.unsettled(place).returns.filter((one) => one.regime === regime && one.same === same);
    return match === true && !hasSaid(said, origin.peer, context);
  });
  if (returned.length > 0) {
    const message = `${node.id} is as it was in an earlier regime: its best claim comes out as it did then`;
    await tell(
      context,
      returned.map((past) => ({ kind: "return", ...about, regime, same: past.regime, message })),
    );
    found = await knowledge.watch(asked);
  }

  const scope = found.scopes.get(scopeKey);
  if (scope === undefined) return undefined;
  const chance = random(deriveSeed(seed, "sentinel"))();
  const turn = chance < share / 2 ? "best" : chance < share ? "known" : "none";
  for (const chosen of candidates(scope, origin.peer, found.alone, best, turn)) {
    const checked = validate(JSON.parse(chosen), type, "");
    const claim = checked.ok ? canonical(checked.value, type) : undefined;
    if (claim?.chosen === chosen) return claim;
  }
  return undefined;
}

/** What one peer says does not hold yet where others are active: it is said again once that was too long ago to count. */
function hasSaid(words: readonly Witness[], peer: string, { clock }: RunContext): boolean {
  return words.some((said) => said.peer === peer && clock.now() - said.time < WITNESSES.active);
}

/** Whose first evaluation a claim is, cannot check it; but where there is one peer alone, it has to. */
function candidates(
  { doubted, past, claims }: ScopeWatch,
  peer: string,
  alone: boolean,
  best: readonly Ranked[],
  turn: "best" | "known" | "none",
): readonly string[] {
  const due = past.filter(({ match }) => match === undefined).map(({ claim }) => claim);
  const others = best.filter(({ chosen }) => {
    const known = claims.get(chosen);
    return known !== undefined && (alone || known.author !== peer || known.evaluations > 1);
  });
  // The best claim changes as the search goes on; only one that was evaluated several times tells whether the subnet did.
  const evaluations = ({ chosen }: Ranked): number => claims.get(chosen)?.evaluations ?? 0;
  const [next] = turn === "known" ? others.toSorted((a, b) => evaluations(b) - evaluations(a)) : others;
  return [
    ...(doubted !== undefined && (alone || doubted.peer !== peer) ? [doubted.claim] : []),
    ...due,
    ...(next === undefined || turn === "none" ? [] : [next.chosen]),
  ];
}

/**
 * Before a cycle: where the subnet has another version than that under which a stage learned, a regime of its own
 * begins, and if the version was there before, what was learned then holds again.
 */
export async function openRegimes(context: RunContext, stages: readonly string[]): Promise<void> {
  const { knowledge, subnetName: subnet, version, origin } = context;
  if (version === undefined) return;
  const drafts: Draft[] = [];
  for (const stage of stages) {
    const regimes = knowledge.regimes({ subnet, stage });
    const { regime, version: own } = regimes.at(-1) as Regime;
    const was = own ?? (await knowledge.version({ subnet, stage }));
    if (was === undefined || was === version) continue;
    const ended = knowledge.unsettled({ subnet, stage }).ended.filter((said) => said.version === version);
    if (hasSaid(ended, origin.peer, context)) continue;
    const about = { ...context.origin, stage, subnet };
    const message = `the version of ${subnet} is ${version}; it was ${was}`;
    drafts.push({ kind: "drift", ...about, regime, version, was, message });
    const before = regimes.findLast((one) => one.version === version);
    if (before !== undefined) {
      const message = `${subnet} has the version ${version} again`;
      drafts.push({ kind: "return", ...about, regime: regime + 1, same: before.regime, message });
    }
  }
  if (drafts.length > 0) await tell(context, drafts);
}

async function tell({ append, knowledge }: RunContext, drafts: readonly Draft[]): Promise<void> {
  await append(drafts);
  await knowledge.refresh();
}
