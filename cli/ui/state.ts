/**
 * What a run looks like from outside, made of its records alone: the screen, the plain lines and the closing words all
 * read this. `advance` is a pure function; the state is bounded, however long the run.
 */
import type { Ranked } from "../../runtime/knowledge/knowledge.ts";
import type { Draft } from "../../runtime/trail/record.ts";

export interface RunState {
  /** Cycles that are due in all, over all peers; `undefined` where there is no end. */
  readonly cycles: number | undefined;
  /** By peer and pipeline, in the order in which they began. */
  readonly lanes: readonly Lane[];
  readonly ended: { readonly ok: number; readonly failed: number; readonly cancelled: number; readonly parked: number };
  /** By metric and scope, in the order in which they were first measured. */
  readonly series: readonly Series[];
  /** What is known about each stage that learns, best first; as last asked. */
  readonly known: readonly Known[];
  /** Newest last. */
  readonly notices: readonly Notice[];
}

/** One peer on one pipeline, and the cycle that it is in. */
export interface Lane {
  readonly peer: string;
  readonly pipeline: string;
  readonly run: string;
  /** From 1. */
  readonly cycle: number;
  readonly status: "running" | "ok" | "failed" | "cancelled" | "parked";
  readonly elapsed: number | undefined;
  readonly error: string | undefined;
  readonly stages: readonly StageState[];
  /** Canonical JSON of what the cycle chose and learned from; the first where there are several. */
  readonly chosen: string | undefined;
  /** Metric to value, of this cycle; the mean over the items of a fan-out. */
  readonly scores: { readonly [metric: string]: { readonly sum: number; readonly count: number } };
}

/** A stage in the current cycle; the items of a fan-out count together. */
export interface StageState {
  /** Without the pipeline. */
  readonly name: string;
  readonly started: number;
  readonly ok: number;
  readonly failed: number;
  /** Skipped, cancelled, or without a value. */
  readonly other: number;
  readonly attempts: number;
  /** Seconds, of the longest. */
  readonly elapsed: number;
  /** Who gave the value, or is asked for it. */
  readonly via: string | undefined;
  readonly error: string | undefined;
}

export interface Series {
  readonly metric: string;
  readonly scope: string;
  readonly direction: 1 | -1;
  /** The newest `KEPT`. */
  readonly values: readonly number[];
  /** Of all, those no longer kept included. */
  readonly count: number;
  /** Of the feasible ones. */
  readonly best: number | undefined;
}

export interface Known {
  /** `pipeline.stage`. */
  readonly stage: string;
  readonly scope: string;
  readonly claims: readonly Ranked[];
}

export interface Notice {
  /** From 0, over the whole run. */
  readonly number: number;
  readonly text: string;
  readonly level: "note" | "trouble";
}

/** Values that a series keeps for drawing, and notices. */
const KEPT = 400;
const NOTICES = 30;

export function initialState(cycles: number | undefined): RunState {
  return {
    cycles,
    lanes: [],
    ended: { ok: 0, failed: 0, cancelled: 0, parked: 0 },
    series: [],
    known: [],
    notices: [],
  };
}

/** The state after a record. `stagesOf` names a pipeline's stages in order, so that they show before they start. */
export function advance(state: RunState, record: Draft, stagesOf: (pipeline: string) => readonly string[]): RunState {
  switch (record.kind) {
    case "run.started": {
      const lane: Lane = {
        peer: record.peer,
        pipeline: record.pipeline,
        run: record.run ?? "",
        cycle: record.cycle + 1,
        status: "running",
        elapsed: undefined,
        error: undefined,
        stages: stagesOf(record.pipeline).map(pending),
        chosen: undefined,
        scores: {},
      };
      const at = state.lanes.findIndex(({ peer, pipeline }) => peer === lane.peer && pipeline === lane.pipeline);
      return { ...state, lanes: at < 0 ? [...state.lanes, lane] : state.lanes.with(at, lane) };
    }
    case "run.ended": {
      const { status, elapsed, error } = record;
      const ended = { ...state.ended, [status]: state.ended[status] + 1 };
      const after = inLane({ ...state, ended }, record, (lane) => ({ ...lane, status, elapsed, error }));
      return error === undefined ? after : noticed(after, status === "failed" ? "trouble" : "note", error);
    }
    case "stage.started":
      return inStage(state, record, (stage) => ({ ...stage, started: stage.started + 1 }));
    case "attempt.started":
      return inStage(state, record, (stage) => ({ ...stage, attempts: stage.attempts + 1, via: record.callee }));
    case "attempt.ended":
      if (record.ok || record.error === undefined) return state;
      return noticed(state, "note", `${record.stage ?? ""}: ${record.error}`);
    case "stage.ended": {
      const outcome = record.status === "ok" || record.status === "failed" ? record.status : "other";
      return inStage(state, record, (stage) => ({
        ...stage,
        [outcome]: stage[outcome] + 1,
        elapsed: Math.max(stage.elapsed, record.elapsed),
        via: record.via ?? stage.via,
        error: record.error ?? stage.error,
      }));
    }
    case "evidence":
      // Tools leave evidence too, without a metric; a cycle is told by what was chosen and measured.
      if (record.metric === undefined) return state;
      return inLane(state, record, (lane) => ({ ...lane, chosen: lane.chosen ?? record.chosen }));
    case "score":
      return scored(state, record);
    case "event":
      return noticed(state, "note", record.message ?? record.name);
    default:
      return state;
  }
}

/** The state with what is now known about a stage, best claims first. */
export function withKnown(state: RunState, known: Known): RunState {
  const at = state.known.findIndex(({ stage, scope }) => stage === known.stage && scope === known.scope);
  return { ...state, known: at < 0 ? [...state.known, known] : state.known.with(at, known) };
}

export function noticed(state: RunState, level: Notice["level"], text: string): RunState {
  const last = state.notices.at(-1);
  if (last?.text === text) return state;
  const notice = { number: (last?.number ?? -1) + 1, level, text };
  return { ...state, notices: [...state.notices, notice].slice(-NOTICES) };
}

/** Cycles that came to an end, whichever. */
export function cyclesEnded({ ended }: RunState): number {
  return ended.ok + ended.failed + ended.cancelled + ended.parked;
}

function pending(name: string): StageState {
  return { name, started: 0, ok: 0, failed: 0, other: 0, attempts: 0, elapsed: 0, via: undefined, error: undefined };
}

function inLane(state: RunState, { run }: Draft, change: (lane: Lane) => Lane): RunState {
  const at = state.lanes.findIndex((lane) => lane.run === run);
  return at < 0 ? state : { ...state, lanes: state.lanes.with(at, change(state.lanes[at]!)) };
}

function inStage(state: RunState, record: Draft, change: (stage: StageState) => StageState): RunState {
  return inLane(state, record, (lane) => {
    const name = record.stage?.slice(record.stage.indexOf(".") + 1) ?? "";
    const at = lane.stages.findIndex((stage) => stage.name === name);
    const stages = at < 0 ? [...lane.stages, change(pending(name))] : lane.stages.with(at, change(lane.stages[at]!));
    return { ...lane, stages };
  });
}

function scored(state: RunState, record: Extract<Draft, { kind: "score" }>): RunState {
  const { metric, value, direction, scope = "" } = record;
  const at = state.series.findIndex((series) => series.metric === metric && series.scope === scope);
  const old = state.series[at] ?? { metric, scope, direction, values: [], count: 0, best: undefined };
  const series: Series = {
    ...old,
    values: [...old.values, value].slice(-KEPT),
    count: old.count + 1,
    best: record.feasible ? better(direction, value, old.best) : old.best,
  };
  const all = at < 0 ? [...state.series, series] : state.series.with(at, series);
  return inLane({ ...state, series: all }, record, (lane) => {
    const { sum, count } = lane.scores[metric] ?? { sum: 0, count: 0 };
    return { ...lane, scores: { ...lane.scores, [metric]: { sum: sum + value, count: count + 1 } } };
  });
}

function better(direction: 1 | -1, value: number, best: number | undefined): number {
  return best === undefined || direction * value > direction * best ? value : best;
}
