/**
 * Is it seen that the subnet moved, how soon, and does it help? Eight peers in turn over one memory: the true regret, at
 * the end, of the claim that the score recommends, where the function is turned by 0.3 of its ranges at a random time,
 * and where it then turns back; and how often there is an alarm where nothing but noise happens. All arms have equally
 * many evaluations, sentinels included.
 */
import type { Attempt } from "../runtime/execution/attempt.ts";
import { claimToEvaluateAgain } from "../runtime/execution/sentinel.ts";
import { openKnowledge } from "../runtime/knowledge/open.ts";
import { embeddedModel } from "../runtime/models/embedded.ts";
import type { Model } from "../runtime/plan.ts";
import { deriveSeed, gaussian, random } from "../runtime/random.ts";
import type { Draft, Record as TrailRecord } from "../runtime/trail/record.ts";
import { canonical } from "../runtime/values/canonical.ts";
import { BRANIN, HARTMANN6, moved, type Problem } from "./objectives.ts";
import { median, noiseOf, type Row } from "./row.ts";

const SEEDS = Number(process.env.GANG_SEEDS ?? 5);
const EVALUATIONS = 120;
const PEERS = 8;
const TURN = 0.3;
const BEGIN = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const PLACE = { subnet: "bench", stage: "bench.choice" } as const;

/** `explore` 1 draws at random; `sentinels` 0 gives no alarm. */
const ARMS = [
  { name: "at random", explore: 1, sentinels: 0 },
  { name: "the sampler without alarm", explore: 0.2, sentinels: 0 },
  { name: "the sampler with alarm", explore: 0.2, sentinels: 0.1 },
];
type Arm = (typeof ARMS)[number];

type Setting = "noise" | "drift" | "return";

interface Outcome {
  readonly regret: number;
  /** At which evaluations. */
  readonly alarms: readonly number[];
  readonly returns: number;
  readonly moves: readonly number[];
}

export async function* bench(): AsyncGenerator<Row> {
  for (const problem of [BRANIN, HARTMANN6]) {
    for (const setting of ["noise", "drift", "return"] as const) {
      let chance: number | undefined;
      for (const arm of ARMS) {
        const outcomes: Outcome[] = [];
        for (let seed = 1; seed <= SEEDS; seed++) outcomes.push(await search(problem, setting, arm, seed));
        const row = (what: string, unit: string, values: readonly number[]): Row => ({
          bench: "drift",
          case: `${problem.name}, ${setting}, ${arm.name}: ${what}`,
          value: rounded(median(values)),
          unit,
          noise: rounded(noiseOf(values)),
        });
        const regret = row(
          "what is recommended",
          "regret",
          outcomes.map((of) => of.regret),
        );
        chance ??= regret.value;
        yield arm === ARMS[0] ? regret : { ...regret, ratio: rounded(regret.value / chance), against: "at random" };
        if (arm.sentinels === 0) continue;
        const early = outcomes.map(({ alarms, moves }) => alarms.filter((at) => at < (moves[0] ?? Infinity)).length);
        yield { ...row("false alarms", `of ${SEEDS} runs`, [0]), value: early.filter((count) => count > 0).length };
        if (setting === "noise") continue;
        const delays = outcomes.map(
          ({ alarms, moves }) => (alarms.find((at) => at >= moves[0]!) ?? Infinity) - moves[0]!,
        );
        yield { ...row("seen in time", `of ${SEEDS} runs`, [0]), value: delays.filter((of) => of < Infinity).length };
        const seen = delays.filter((of) => of < Infinity);
        if (seen.length > 0) yield row("seen after", "evaluations", seen);
        if (setting === "return")
          yield {
            ...row("returns seen", `of ${SEEDS} runs`, [0]),
            value: outcomes.filter((of) => of.returns > 0).length,
          };
      }
    }
  }
}

async function search(problem: Problem, setting: Setting, arm: Arm, seed: number): Promise<Outcome> {
  const model = embeddedModel("sampler", { explore: arm.explore });
  const next = random(deriveSeed(seed, problem.name, setting));
  const first = 40 + Math.floor(next() * 20);
  const moves = setting === "noise" ? [] : setting === "drift" ? [first] : [first, first + 35];
  const noise = setting === "noise" ? problem.noise : 0;
  const [before, after] = [problem, moved(problem, TURN)];
  const fresh: TrailRecord[] = [];
  const outcome = { alarms: [] as number[], returns: 0 };
  let now = BEGIN;
  let records = 0;
  const tell = (drafts: readonly Draft[]): void => {
    for (const draft of drafts) {
      records += 1;
      const stamp = { v: 1, process: "bench", seq: records, id: `${records}`, time: new Date(now).toISOString() };
      fresh.push({ ...stamp, ...draft } as TrailRecord);
    }
  };
  const source = { since: async () => ({ records: fresh.splice(0), cursor: {}, problems: [] }) };
  const knowledge = await openKnowledge({ source, clock: { now: () => now } });
  try {
    let world = before;
    for (let at = 0; at < EVALUATIONS; at++) {
      world = moves.filter((move) => move <= at).length % 2 === 1 ? after : before;
      now += MINUTE;
      const peer = `peer-${at % PEERS}`;
      const recalled = await knowledge.recall({
        ...{ ...PLACE, scope: "", from: ["patterns"], top: 10, now },
        halflife: { seconds: 7 * 86_400 },
      });
      const append = async (drafts: readonly Draft[]) => {
        outcome.returns += drafts.filter(({ kind }) => kind === "return").length;
        tell(drafts);
      };
      const attempt = {
        context: { knowledge, clock: { now: () => now }, subnetName: PLACE.subnet, origin: { peer }, append },
        node: { id: PLACE.stage, measured: ["loss"] },
        ...{ scopeKey: "", origin: { peer }, seed: deriveSeed(seed, "attempt", at) },
      } as unknown as Attempt;
      const sentinels = { provider: "embedded", options: { sentinels: arm.sentinels } } as unknown as Model;
      const regimes = knowledge.regimes(PLACE).length;
      const again = await claimToEvaluateAgain(attempt, sentinels, problem.type, recalled.patterns);
      if (knowledge.regimes(PLACE).length > regimes) outcome.alarms.push(at);
      const request = {
        ...{ ...PLACE, scope: "", prompt: "", type: problem.type, temperature: undefined, seed: attempt.seed },
        ...{ patterns: [], antipatterns: [], history: [], tools: [], turns: 1, onTurn: () => {} },
        observations: (limit: number) => knowledge.observations({ ...PLACE, limit }),
      };
      const claim =
        again ?? canonical((await model.propose(request, new AbortController().signal)).value, problem.type);
      const value = world.regret(JSON.parse(claim.chosen)) + noise * gaussian(next);
      const about = { run: `${at}`, attempt: `${at}`, regime: knowledge.regime(PLACE), ok: true, verified: true };
      const measured = { metric: "loss", value, direction: -1 as const, weight: 1, echo: again !== undefined };
      tell([{ kind: "evidence", peer, ...PLACE, ...claim, ...about, ...measured }]);
      await knowledge.refresh();
    }
    const best = await knowledge.best({ ...PLACE, scope: "", now });
    return { ...outcome, moves, regret: world.regret(best!.value) };
  } finally {
    await knowledge.close();
  }
}

const rounded = (value: number): number => Number(value.toPrecision(3));
