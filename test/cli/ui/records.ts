/** Records as a run of two stages leaves them. */
import { advance, initialState, type RunState } from "../../../cli/ui/state.ts";
import type { Draft } from "../../../runtime/trail/record.ts";

const STAGES = ["plan", "score"];

export function cycle(number: number, value: number, peer = "main"): Draft[] {
  const origin = { peer, run: `run-${peer}-${number}`, plan: "p" };
  const plan = { ...origin, stage: "research.plan" };
  const score = { ...origin, stage: "research.score" };
  return [
    { kind: "run.started", ...origin, pipeline: "research", cycle: number, seed: 1 },
    { kind: "stage.started", ...plan },
    { kind: "attempt.started", ...plan, number: 1, callee: "forecaster" },
    { kind: "attempt.ended", ...plan, ok: true, elapsed: 0.01 },
    { kind: "stage.ended", ...plan, status: "ok", via: "forecaster", attempts: 1, elapsed: 0.01 },
    { kind: "stage.started", ...score },
    { kind: "attempt.started", ...score, number: 1, callee: "walkForward" },
    { kind: "stage.ended", ...score, status: "ok", via: "walkForward", attempts: 1, elapsed: 0.02 },
    { kind: "score", ...origin, metric: "crps", value, direction: -1, feasible: true },
    {
      kind: "evidence",
      ...plan,
      subnet: "s",
      claim: "c",
      chosen: `{"family":"garch","tail":${number}}`,
      niche: "",
      regime: 0,
      ok: true,
      metric: "crps",
      value,
      direction: -1,
      verified: true,
      echo: false,
    },
    { kind: "run.ended", ...origin, status: "ok", elapsed: 0.05 },
  ];
}

export function stateAfter(records: readonly Draft[], cycles: number | undefined = 30): RunState {
  return records.reduce((state, record) => advance(state, record, () => STAGES), initialState(cycles));
}
