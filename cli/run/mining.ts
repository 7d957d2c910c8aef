/** A run from its first record to its last words: the peers side by side, the display, the interrupt. */

import type { Clock } from "../../runtime/clock.ts";
import { sourcesOf } from "../../runtime/execution/asking.ts";
import { runPlan } from "../../runtime/execution/execute.ts";
import { Latch } from "../../runtime/execution/latch.ts";
import type { RestoredRun } from "../../runtime/execution/restored.ts";
import { onInterrupt } from "../../runtime/interrupt.ts";
import type { Knowledge } from "../../runtime/knowledge/knowledge.ts";
import type { Machine } from "../../runtime/machine.ts";
import type { Json, Plan } from "../../runtime/plan.ts";
import type { Secrets } from "../../runtime/secrets.ts";
import { programsEnded } from "../../runtime/tools/exec.ts";
import type { Draft } from "../../runtime/trail/record.ts";
import type { Trail } from "../../runtime/trail/trail.ts";
import { link } from "../../runtime/values/link.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { IO } from "../io.ts";
import { closingText, openingText } from "../ui/closing.ts";
import { advance, initialState, type RunState, withKnown } from "../ui/state.ts";
import { type DisplayKind, openDisplay } from "./display.ts";
import { type Learner, learnersOf, lessonsOf, ofFirst, ranked, stagesOf } from "./lessons.ts";

/** One peer's part of a run. */
export interface Job {
  readonly peer: string;
  readonly plan: Plan;
  readonly pipelines: readonly string[];
  /** Absent: all of them. */
  readonly pipeline: string | undefined;
  /** Hash of the program, where a peer or `--set` has changed its plan. */
  readonly program: string | undefined;
  /** A run that goes on: it, and nothing else. */
  readonly resume: RestoredRun | undefined;
}

export interface Mining {
  readonly jobs: readonly Job[];
  readonly cycles: number | "forever";
  readonly seed: number;
  readonly input: { readonly [name: string]: Json } | undefined;
  /** A rehearsal. */
  readonly dry: boolean;
  readonly machine: Machine;
  readonly secrets: Secrets;
  /** The store's folder, and how the user calls it. */
  readonly store: string;
  readonly storeShown: string;
  readonly display: DisplayKind;
  /** What to type to go on, and what follows each command to reach the same store. */
  readonly again: string;
  readonly resume: string;
  readonly gangc: string;
  readonly storeOption: string;
  readonly trail: Trail;
  readonly knowledge: Knowledge;
  readonly clock: Clock;
  readonly io: IO;
}

/** Milliseconds between two looks at what is known, for the screen. */
const LOOK = 500;
/** Claims of a stage, and scopes of it, that the screen shows. */
const TOP = 3;
const SCOPES = 3;

export async function mine(mining: Mining): Promise<ExitCode> {
  const { jobs, cycles, knowledge, clock, io } = mining;
  const learners = uniqueLearners(jobs);
  await knowledge.refresh();
  const before = new Map<string, number>();
  for (const learner of learners) {
    const measured = await knowledge.measured(learner);
    for (const { scope } of measured)
      before.set(place(learner.stage, scope), ofFirst(learner, measured, scope)?.evaluations ?? 0);
  }
  const lessons = () =>
    lessonsOf(knowledge, learners, (stage, scope) => before.get(place(stage, scope)) ?? 0, clock.now());

  if (mining.display !== "ink") io.talk(openingText(await lessons()));

  const began = clock.elapsed();
  const elapsed = (): number => (clock.elapsed() - began) / 1000;
  const interrupt = new AbortController();
  io.onHangUp(() => interrupt.abort());
  const pipelines = jobs.flatMap((job) => job.pipelines.map((name) => job.plan.pipelines[name]!));
  // How many items a source will give nobody knows.
  const endless = cycles === "forever" || pipelines.some((pipeline) => sourcesOf(pipeline).length > 0);
  let state: RunState = initialState(endless ? undefined : cycles * pipelines.length);
  let newest: string | undefined;
  let failed: string | undefined;

  const look = everySoOften(LOOK, clock, async () => {
    for (const learner of learners) {
      const scopes = new Set((await knowledge.measured(learner)).map(({ scope }) => scope));
      for (const scope of [...scopes].slice(0, SCOPES)) {
        const claims = await ranked(knowledge, learner, scope, TOP, clock.now());
        state = withKnown(state, { stage: learner.stage, scope, claims });
      }
    }
  });
  const display = await openDisplay(
    mining.display,
    io,
    () => ({ state, elapsed: elapsed(), store: mining.storeShown, ending: interrupt.signal.aborted }),
    () => clock.now(),
  );
  const stagesIn = (pipeline: string): readonly string[] =>
    stagesOf(jobs.find(({ plan }) => Object.hasOwn(plan.pipelines, pipeline))?.plan.pipelines[pipeline]?.body ?? []);
  const onRecord = (record: Draft): void => {
    state = advance(state, record, stagesIn);
    display.show(record, state);
    if (record.kind === "run.started") newest = record.run;
    if (record.kind !== "run.ended") return;
    if (record.status === "failed") failed = record.run;
    if (mining.display === "ink") look.now();
  };
  const stopListening = onInterrupt(() => {
    interrupt.abort();
    if (mining.display !== "ink") io.talk("Ending. Once more Ctrl-C ends at once.\n");
  });

  try {
    if (mining.display === "ink") look.now();
    await runAll(mining, interrupt, onRecord);
  } finally {
    stopListening();
    await look.done();
    await display.close();
  }

  await knowledge.refresh();
  const show = failed ?? newest;
  const { gangc, again, storeOption } = mining;
  io.talk(
    closingText({
      state,
      elapsed: elapsed(),
      lessons: await lessons(),
      store: mining.storeShown,
      interrupted: interrupt.signal.aborted,
      width: io.stderr.width,
      next: [
        [`${gangc} knowledge${storeOption}`, "what was learned, claim by claim"],
        ...(show === undefined
          ? []
          : [
              [
                `${gangc} show ${show}${storeOption}`,
                failed === undefined ? "the last cycle, in full" : "the cycle that failed, in full",
              ] as const,
            ]),
        ...(state.ended.parked === 0
          ? []
          : [[`${gangc} pending${storeOption}`, "what waits, and for whom or what"] as const]),
        ...(state.ended.cancelled + state.ended.parked === 0
          ? []
          : [[mining.resume, "goes on with what was left unfinished"] as const]),
        [again, "goes on from what is known"],
      ],
    }),
  );
  if (interrupt.signal.aborted) return EXIT.interrupted;
  return state.ended.failed > 0 ? EXIT.problems : EXIT.fine;
}

/** Resolves when all have ended, and with them the programs that they called; the first that cannot go on ends the others, and is what it rejects with. */
async function runAll(
  { jobs, cycles, seed, input, dry, machine, secrets, store, trail, knowledge, clock }: Mining,
  interrupt: AbortController,
  onRecord: (record: Draft) => void,
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([interrupt.signal, stop.signal]);
  const others = new Latch();
  const ended = await Promise.allSettled(
    jobs.map(({ plan, peer, pipeline, program, resume }) =>
      runPlan(plan, {
        trail,
        knowledge,
        clock,
        machine,
        secrets,
        store,
        cycles,
        peer,
        seed,
        signal,
        others,
        onRecord,
        dry,
        ...(pipeline === undefined ? {} : { pipeline }),
        ...(program === undefined ? {} : { program }),
        ...(resume === undefined ? {} : { resume }),
        ...(input === undefined ? {} : { input }),
      }).catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    ),
  );
  await programsEnded();
  const broken = ended.find((result) => result.status === "rejected");
  if (broken !== undefined) throw broken.reason;
}

function uniqueLearners(jobs: readonly Job[]): readonly Learner[] {
  const learners = new Map(
    jobs.flatMap(({ plan, pipelines }) => learnersOf(link(plan), pipelines)).map((learner) => [learner.stage, learner]),
  );
  return [...learners.values()];
}

const place = (stage: string, scope: string): string => JSON.stringify([stage, scope]);

/** `work`, one at a time and not too often; a call that comes too early is answered by the next one. */
function everySoOften(
  milliseconds: number,
  clock: Pick<Clock, "elapsed">,
  work: () => Promise<void>,
): { now(): void; done(): Promise<void> } {
  let last = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  return {
    now() {
      if (running !== undefined || clock.elapsed() - last < milliseconds) return;
      last = clock.elapsed();
      running = work().finally(() => {
        running = undefined;
      });
      // It only draws; what is wrong with the store shows where the run itself asks it.
      running.catch(() => {});
    },
    async done() {
      await running?.catch(() => {});
    },
  };
}
