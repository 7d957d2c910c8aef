/**
 * The embedded sampler: a model that needs no key and no network. It searches the space that the agent's result type
 * is, informed by every evaluation that any peer recorded. The declared default is tried first, then a few points spread
 * over the choices; after that a Gaussian process over claims (means of what was measured, so that a lucky draw counts
 * as one draw) says where improvement is to be expected. Where evaluations are noisy, a part of the proposals confirms
 * the leaders: the best of many draws flatters itself. A part, `explore`, is drawn at random.
 */

import { AttemptError } from "../execution/attempt-error.ts";
import type { Observation } from "../knowledge/knowledge.ts";
import { deriveSeed, gaussian, type Random, random } from "../random.ts";
import type { Json, Type } from "../types.ts";
import { canonical } from "../values/canonical.ts";
import { validate } from "../values/validate.ts";
import type { Model, Proposal } from "./model.ts";
import { type Estimate, fitProcess, type Sample } from "./process.ts";
import { type Point, type Space, spaceOrReason } from "./space.ts";

export interface EmbeddedOptions {
  /** The part of the proposals that is drawn at random, 0 to 1. */
  readonly explore?: number;
}

const EXPLORE = 0.2;
/** The newest evaluations that are looked at, and the most claims that the process is fitted to. */
const OBSERVATIONS = 512;
const CLAIMS = 128;
const CANDIDATES = 256;
/** The part of the proposals that evaluates a leader again, where that can still tell anything. */
const CONFIRM = 0.3;
/** A claim whose mean is known to less than this, in units of z, is known well enough. */
const CERTAIN = 0.1;
/** What an evaluation of another item of the fan-out counts, as in the score. */
const OTHER_SCOPE = 0.5;
/** What did not run is this much worse than the worst that did, in units of z. */
const FAILED = 1;

/** An evaluated claim, as the search sees it. */
interface Evaluated extends Sample {
  readonly claim: string;
  readonly chosen: Json;
  readonly own: boolean;
  /** Sum of the squared distances of its evaluations from their mean, and how many there are. */
  readonly squares: number;
  readonly evaluations: number;
}

export function embeddedModel(name: string, { explore = EXPLORE }: EmbeddedOptions): Model {
  return {
    name,
    async propose(request) {
      const space = spaceOrReason(request.type);
      if (space instanceof Error) throw new AttemptError("refused", `${name} cannot search: ${space.message}`);
      const evaluated = gather(space, request, await request.observations(OBSERVATIONS));
      return { value: choose(space, request, evaluated, explore) };
    },
  };
}

function choose(space: Space, request: Proposal, evaluated: readonly Evaluated[], explore: number): Json {
  const { type } = request;
  const next = random(deriveSeed(request.seed, "embedded"));
  const claimOf = (value: Json): string => canonical(value, type).claim;
  const avoided = new Set(request.antipatterns.map((ranked) => ranked.claim));
  for (const { value } of request.history) if (value !== undefined) avoided.add(claimOf(value));
  const own = evaluated.filter((of) => of.own);

  const untried = space.presets.flatMap((preset) => {
    const checked = validate(preset, type, "the default");
    if (!checked.ok) return [];
    const claim = claimOf(checked.value);
    return avoided.has(claim) || own.some((of) => of.claim === claim) ? [] : [onGrid(checked.value, type)];
  });
  if (untried.length > 0) return untried[Math.floor(next() * untried.length)]!;

  const draw = (): Json => onGrid(space.decode(space.dimensions.map(() => next())), type);
  const fresh = (): Json => {
    for (let i = 0; i < 64; i++) {
      const value = draw();
      if (!avoided.has(claimOf(value))) return value;
    }
    return draw();
  };
  // Enough to tell directions apart before anything is believed; each branch of the choices seen about equally often.
  const ranges = space.dimensions.filter((dimension) => dimension.options === undefined).length;
  if (evaluated.length < Math.min(2 + ranges, 8)) return spread(space, evaluated, fresh, 16);
  if (next() < explore) return fresh();

  const samples = [...evaluated].sort((a, b) => Number(b.own) - Number(a.own)).slice(0, CLAIMS);
  const { estimate, noise: believed } = fitProcess(space.dimensions, samples);
  const noise = noiseOf(own, believed);
  if (next() < CONFIRM) {
    const doubted = leastConfirmed(own, noise);
    if (doubted !== undefined && !avoided.has(doubted.claim)) return doubted.chosen;
  }
  for (const of of own) if (isCertain(of, noise)) avoided.add(of.claim);
  const ranked = samples
    .map((sample) => ({ sample, mean: estimate(sample.point).mean }))
    .sort((a, b) => b.mean - a.mean);
  const target = ranked[0]!.mean;
  let best: Json | undefined;
  let most = -1;
  for (let i = 0; i < CANDIDATES; i++) {
    const value =
      i % 2 === 0
        ? draw()
        : onGrid(
            space.decode(near(space, ranked[Math.floor(next() * Math.min(5, ranked.length))]!.sample.point, next)),
            type,
          );
    const point = space.encode(value);
    if (point === undefined || avoided.has(claimOf(value))) continue;
    const improvement = expectedImprovement(estimate(point), target);
    if (improvement > most) {
      most = improvement;
      best = value;
    }
  }
  return best ?? fresh();
}

interface Gathered extends Pick<Evaluated, "point" | "chosen" | "own" | "weight" | "evaluations"> {
  readonly sum: number;
  readonly squared: number;
}

/** Evaluations by claim: the mean of what was measured; what failed counts as worse than all that ran. */
function gather(space: Space, request: Proposal, observations: readonly Observation[]): Evaluated[] {
  const values = observations.flatMap((of) => (of.ok && of.value !== null ? [of.value] : []));
  const failed = values.length === 0 ? -FAILED : Math.min(...values) - FAILED;
  const byClaim = new Map<string, Gathered>();
  for (const observation of observations) {
    const checked = validate(observation.chosen, request.type, "");
    const point = checked.ok ? space.encode(checked.value) : undefined;
    if (!checked.ok || point === undefined) continue;
    const { claim, chosen } = canonical(checked.value, request.type);
    const own = observation.scope === request.scope;
    const weight = own ? 1 : OTHER_SCOPE;
    // What ran where nothing is measured is as good as the middle.
    const value = observation.ok ? (observation.value ?? 0) : failed;
    const known = byClaim.get(claim) ?? NONE;
    byClaim.set(claim, {
      point,
      chosen: known === NONE ? (JSON.parse(chosen) as Json) : known.chosen,
      evaluations: known.evaluations + 1,
      squared: known.squared + weight * value ** 2,
      sum: known.sum + weight * value,
      weight: known.weight + weight,
      own: known.own || own,
    });
  }
  return [...byClaim].map(([claim, { sum, squared, ...rest }]) => ({
    ...rest,
    claim,
    value: sum / rest.weight,
    squares: Math.max(0, squared - sum ** 2 / rest.weight),
  }));
}

const NONE: Gathered = { point: [], chosen: null, own: false, weight: 0, evaluations: 0, sum: 0, squared: 0 };

const isCertain = ({ weight }: Evaluated, noise: number): boolean => Math.sqrt(noise / weight) <= CERTAIN;

/** The variance of one evaluation's noise: what repeated ones tell, and what the process believes as one more of them. */
function noiseOf(evaluated: readonly Evaluated[], believed: number): number {
  let squares = believed;
  let freedom = 1;
  for (const of of evaluated) {
    squares += of.squares;
    freedom += of.evaluations - 1;
  }
  return squares / freedom;
}

/**
 * Of the two claims that the score would recommend, the one that fewer evaluations speak for (top-two sampling; Russo,
 * Simple Bayesian Algorithms for Best-Arm Identification, 2020); none where its mean is known well enough. Like the
 * score it trusts a single evaluation less: q shrinks z by C / (C + 0.5).
 */
function leastConfirmed(own: readonly Evaluated[], noise: number): Evaluated | undefined {
  const merit = ({ value, weight }: Evaluated): number => {
    const confirmed = 1 - Math.exp(-weight);
    return (value * confirmed) / (confirmed + 0.5);
  };
  const [first, second] = own.toSorted((a, b) => merit(b) - merit(a));
  if (first === undefined) return undefined;
  const doubted = second !== undefined && second.weight < first.weight ? second : first;
  return isCertain(doubted, noise) ? undefined : doubted;
}

/** Of some random values the one whose choices have been tried least, then the one farthest from all that was. */
function spread(space: Space, evaluated: readonly Evaluated[], draw: () => Json, draws: number): Json {
  let best = draw();
  let most = -Infinity;
  for (let i = 0; i < draws; i++) {
    const value = draw();
    const point = space.encode(value);
    if (point === undefined) continue;
    let alike = 0;
    let distance = evaluated.length === 0 ? 0 : Infinity;
    for (const other of evaluated) {
      let square = 0;
      let same = true;
      space.dimensions.forEach(({ options }, at) => {
        const difference = (point[at] ?? 0.5) - (other.point[at] ?? 0.5);
        if (options !== undefined && difference !== 0) same = false;
        square += difference ** 2;
      });
      if (same) alike += 1;
      distance = Math.min(distance, square);
    }
    const worth = -alike + Math.min(0.99, Math.sqrt(distance) / 10);
    if (worth > most) {
      most = worth;
      best = value;
    }
  }
  return best;
}

/** A neighbour: ranges moved by a normal step, far or near; a choice changed now and then; what did not count, anew. */
function near(space: Space, point: Point, next: Random): number[] {
  const width = next() < 0.5 ? 0.05 : 0.2;
  const changes = 1 / Math.max(1, space.dimensions.length);
  return space.dimensions.map(({ options }, at) => {
    const coordinate = point[at];
    if (coordinate === undefined) return next();
    if (options !== undefined) return next() < changes ? next() : coordinate;
    return next() < Math.max(changes, 0.5) ? reflect(coordinate + width * gaussian(next)) : coordinate;
  });
}

const reflect = (x: number): number => Math.min(1, Math.max(0, x < 0 ? -x : x > 1 ? 2 - x : x));

/** Jones, Schonlau and Welch (1998), eq. 15, over the best of what is believed, not of what was seen. */
function expectedImprovement({ mean, deviation }: Estimate, target: number): number {
  const z = (mean - target) / deviation;
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  return Math.max(0, (mean - target) * normal(z) + deviation * density);
}

/** The standard normal distribution (Abramowitz and Stegun, 26.2.17; error below 7.5e-8). */
function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    (Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z > 0 ? 1 - tail : tail;
}

/** What is proposed is what the claim says, so that what is measured is measured of the claim. */
function onGrid(value: Json, type: Type): Json {
  return JSON.parse(canonical(value, type).chosen) as Json;
}
