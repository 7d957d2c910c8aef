/**
 * Does the embedded sampler learn, in noise? Over seeds, the true regret of the claim that the score recommends after so
 * many evaluations, against drawing at random over the same seeds and the same score. No trail on disk: the records are
 * handed to the knowledge as they are made.
 */
import type { Knowledge } from "../runtime/knowledge/knowledge.ts";
import { openKnowledge } from "../runtime/knowledge/open.ts";
import { embeddedModel } from "../runtime/models/embedded.ts";
import { deriveSeed, gaussian, random } from "../runtime/random.ts";
import type { Record as TrailRecord } from "../runtime/trail/record.ts";
import type { Json, Type } from "../runtime/types.ts";
import { canonical } from "../runtime/values/canonical.ts";
import { BRANIN, type Problem } from "./objectives.ts";
import { median, noiseOf, type Row } from "./row.ts";

const SEEDS = 20;
const EVALUATIONS = [30, 60];
/** A day of evaluations, one a minute: nothing fades in that. */
const BEGIN = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

interface Shape {
  readonly scale: number;
  readonly family: "flat" | "heavy" | "square" | "wave";
  readonly tail?: number;
  readonly side?: number;
  readonly pitch?: number;
  readonly phase?: number;
}

/** Four families with fields of their own; one is best, and only with the right fields better than the plain one. */
function conditional({ scale, family, tail, side, pitch, phase }: Shape): number {
  const own = {
    flat: () => 0.6,
    heavy: () => 4 * (tail! - 0.8) ** 2,
    square: () => 0.3 + Math.abs(side! - 5) / 8,
    wave: () => 0.2 + (pitch! - 0.3) ** 2 + (phase! - 0.6) ** 2,
  }[family]();
  return own + Math.log(scale / 3) ** 2 / 4;
}

const unit: Type = { kind: "float", low: 0, high: 1 };

const PROBLEMS: readonly Problem[] = [
  BRANIN,
  {
    name: "a conditional space",
    type: {
      kind: "record",
      fields: [
        { name: "scale", type: { kind: "float", low: 0.1, high: 10, log: true }, default: 0.5 },
        {
          name: "family",
          type: {
            kind: "choice",
            arms: [
              { value: "flat", fields: [] },
              { value: "heavy", fields: [{ name: "tail", type: unit, default: 0.1 }] },
              { value: "square", fields: [{ name: "side", type: { kind: "int", low: 1, high: 9 }, default: 1 }] },
              {
                value: "wave",
                fields: [
                  { name: "pitch", type: unit },
                  { name: "phase", type: unit },
                ],
              },
            ],
          },
        },
      ],
    },
    noise: 0.3,
    regret: (choice) => conditional(choice as unknown as Shape),
  },
];

export async function* bench(): AsyncGenerator<Row> {
  for (const problem of PROBLEMS) {
    const chance = await regrets(problem, 1);
    const sampler = await regrets(problem, 0.2);
    for (const [i, evaluations] of EVALUATIONS.entries()) {
      const row = (arm: string, all: readonly (readonly number[])[]): Omit<Row, "ratio"> => {
        const values = all.map((one) => one[i]!);
        return {
          bench: "learn",
          case: `${problem.name} in noise, after ${evaluations} evaluations, ${arm}`,
          value: rounded(median(values)),
          unit: "regret",
          noise: rounded(noiseOf(values)),
        };
      };
      const [by, at] = [row("at random", chance), row("the embedded sampler", sampler)];
      yield by;
      yield { ...at, ratio: rounded(at.value / by.value), against: "at random" };
    }
  }
}

/** By seed: the regret of what is recommended after each number of evaluations. */
async function regrets(problem: Problem, explore: number): Promise<readonly (readonly number[])[]> {
  const all: (readonly number[])[] = [];
  for (let seed = 1; seed <= SEEDS; seed++) all.push(await search(problem, seed, explore));
  return all;
}

const PLACE = { subnet: "bench", stage: "bench.choice", scope: "" } as const;

async function search(problem: Problem, seed: number, explore: number): Promise<readonly number[]> {
  const model = embeddedModel("sampler", { explore });
  const noise = random(deriveSeed(seed, "noise"));
  const fresh: TrailRecord[] = [];
  let now = BEGIN;
  const knowledge = await openKnowledge({
    source: { since: async () => ({ records: fresh.splice(0), cursor: {}, problems: [] }) },
    clock: { now: () => now },
  });
  const reached: number[] = [];
  try {
    for (let evaluation = 1; evaluation <= EVALUATIONS.at(-1)!; evaluation++) {
      now += MINUTE;
      const { value } = await model.propose(
        {
          ...PLACE,
          prompt: "",
          type: problem.type,
          temperature: undefined,
          seed: deriveSeed(seed, "attempt", evaluation),
          patterns: [],
          antipatterns: [],
          observations: (limit) => knowledge.observations({ ...PLACE, limit }),
          history: [],
          tools: [],
          turns: 1,
          onTurn: () => {},
        },
        new AbortController().signal,
      );
      const measured = problem.regret(value) + problem.noise * gaussian(noise);
      fresh.push(evidence(problem, evaluation, now, value, measured));
      await knowledge.refresh();
      if (EVALUATIONS.includes(evaluation)) reached.push(await recommended(problem, knowledge, now));
    }
  } finally {
    await knowledge.close();
  }
  return reached;
}

async function recommended(problem: Problem, knowledge: Knowledge, now: number): Promise<number> {
  const best = await knowledge.best({ ...PLACE, now });
  if (best === undefined) throw new Error("nothing is recommended");
  return problem.regret(best.value);
}

function evidence({ type }: Problem, number: number, now: number, value: Json, measured: number): TrailRecord {
  return {
    ...{ v: 1, process: "bench", seq: number, id: `${number}`, time: new Date(now).toISOString() },
    ...{
      kind: "evidence",
      peer: "main",
      run: `${number}`,
      attempt: `${number}`,
      subnet: PLACE.subnet,
      stage: PLACE.stage,
    },
    ...canonical(value, type),
    ...{ regime: 0, ok: true, verified: true, echo: false },
    ...{ metric: "loss", value: measured, direction: -1, weight: 1 },
  } as TrailRecord;
}

const rounded = (value: number): number => Number(value.toPrecision(3));
