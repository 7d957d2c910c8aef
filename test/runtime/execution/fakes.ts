/** A trail and a knowledge in memory, for tests of what is written and when. */
import { systemClock } from "../../../runtime/clock.ts";
import { runPlan } from "../../../runtime/execution/execute.ts";
import type { RunOptions, RunSummary } from "../../../runtime/execution/run.ts";
import type { Knowledge } from "../../../runtime/knowledge/knowledge.ts";
import { NOTHING_KNOWN } from "../../../runtime/knowledge/nothing.ts";
import type { Plan } from "../../../runtime/plan.ts";
import { memoryTrail as trailInMemory } from "../../../runtime/trail/memory.ts";
import type { Draft, Kind, Record } from "../../../runtime/trail/record.ts";
import type { Trail } from "../../../runtime/trail/trail.ts";

export interface MemoryTrail extends Trail {
  readonly drafts: Draft[];
  /** How many records each `append` held. */
  readonly batches: (readonly Draft[])[];
}

export function memoryTrail(onAppend: (drafts: readonly Draft[]) => Promise<void> = async () => {}): MemoryTrail {
  const drafts: Draft[] = [];
  const batches: (readonly Draft[])[] = [];
  const kept = trailInMemory();
  return {
    ...kept,
    drafts,
    batches,
    async append(given) {
      drafts.push(...given);
      batches.push(given);
      const first = kept.append(given);
      await onAppend(given);
      return first;
    },
    note(given) {
      drafts.push(...given);
      kept.note(given);
    },
  };
}

export function noKnowledge(more: Partial<Knowledge> = {}): Knowledge {
  return { ...NOTHING_KNOWN, ...more };
}

export interface Ran {
  readonly summary: RunSummary;
  readonly trail: MemoryTrail;
  of<K extends Kind>(kind: K): Extract<Draft, { kind: K }>[];
}

export async function run(plan: Plan, store: string, more: Partial<RunOptions> = {}): Promise<Ran> {
  const trail = (more.trail as MemoryTrail | undefined) ?? memoryTrail();
  const summary = await runPlan(plan, {
    trail,
    knowledge: noKnowledge(),
    clock: systemClock,
    store,
    cycles: 1,
    peer: "main",
    seed: 1,
    signal: new AbortController().signal,
    ...more,
  });
  return { summary, trail, of: (kind) => trail.drafts.filter((draft) => draft.kind === kind) as never };
}

/** Records as a process would have written them, one a list. */
export function written(...processes: readonly (readonly Draft[])[]): Record[] {
  const time = new Date(0).toISOString();
  return processes.flatMap((drafts, process) =>
    drafts.map(
      (draft, index): Record => ({
        ...{ v: 1, process: `p${process}`, seq: index + 1, id: `${process}-${index}`, time },
        ...(JSON.parse(JSON.stringify(draft)) as Draft),
      }),
    ),
  );
}
