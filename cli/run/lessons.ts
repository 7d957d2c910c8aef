/** What a plan's stages learn, counted as it is read from the trail, and ranked by the knowledge in the end. */
import type { Knowledge, Ranked } from "../../runtime/knowledge/knowledge.ts";
import type { LearnNode, Node, Plan } from "../../runtime/plan.ts";
import type { Record } from "../../runtime/trail/record.ts";
import type { Trail } from "../../runtime/trail/trail.ts";
import type { Lesson } from "../ui/closing.ts";

/** A stage that earns credit. */
export interface Learner {
  /** `pipeline.stage`. */
  readonly stage: string;
  readonly subnet: string;
  /** In the order of the `learn` that names them. */
  readonly metrics: readonly string[];
}

export function learnersOf(plan: Plan, pipelines: readonly string[]): readonly Learner[] {
  const learners = new Map<string, Learner>();
  for (const name of pipelines) {
    const { subnet = "", body } = plan.pipelines[name]!;
    for (const { stage, metrics } of learnNodes(body)) {
      const known = learners.get(stage)?.metrics ?? [];
      learners.set(stage, { stage, subnet, metrics: [...new Set([...known, ...metrics])] });
    }
  }
  return [...learners.values()];
}

function learnNodes(body: readonly Node[]): LearnNode[] {
  return body.flatMap((node) => (node.kind === "learn" ? [node] : "body" in node ? learnNodes(node.body) : []));
}

/** The stages of a pipeline, in the order written. */
export function stagesOf(body: readonly Node[]): string[] {
  return body.flatMap((node) => (node.kind === "stage" ? [node.name] : "body" in node ? stagesOf(node.body) : []));
}

/** Values with which a search began; what it came to is compared with their mean. */
const FIRST = 5;

interface Count {
  evaluations: number;
  direction: 1 | -1;
  /** The earliest values, by time. */
  readonly first: { readonly time: string; readonly value: number }[];
}

/** Evaluations by stage, scope and metric, of all peers and all runs of a store. */
export class Tally {
  readonly #counts = new Map<string, Map<string, Map<string, Count>>>();

  /** The same trail; what is read through it is counted. For one reader. */
  over(source: Pick<Trail, "since">): Pick<Trail, "since"> {
    return {
      since: async (cursor, take) => {
        const count = (records: readonly Record[]) => {
          for (const record of records) this.add(record);
          return take?.(records);
        };
        const read = await source.since(cursor, take && count);
        for (const record of read.records) this.add(record);
        return read;
      },
    };
  }

  add(record: Record): void {
    if (record.kind !== "evidence") return;
    const { stage, scope = "", metric, value, direction, time } = record;
    if (stage === undefined || metric === undefined || value === undefined || direction === undefined) return;
    const scopes = entry(this.#counts, stage, () => new Map<string, Map<string, Count>>());
    const metrics = entry(scopes, scope, () => new Map<string, Count>());
    const count = entry(metrics, metric, () => ({ evaluations: 0, direction, first: [] }));
    count.evaluations += 1;
    const { first } = count;
    if (first.length === FIRST && time >= first[FIRST - 1]!.time) return;
    first.push({ time, value });
    first.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    first.length = Math.min(first.length, FIRST);
  }

  scopes(stage: string): readonly string[] {
    return [...(this.#counts.get(stage)?.keys() ?? [])];
  }

  of(stage: string, scope: string, metric: string): Readonly<Count> | undefined {
    return this.#counts.get(stage)?.get(scope)?.get(metric);
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

/** The best claims of a stage in a scope, as they are recalled. */
export async function ranked(
  knowledge: Knowledge,
  { stage, subnet }: Learner,
  scope: string,
  top: number,
  now: number,
): Promise<readonly Ranked[]> {
  const { patterns } = await knowledge.recall({
    subnet,
    stage,
    scope,
    from: ["patterns"],
    top,
    halflife: { seconds: 7 * 86_400 },
    now,
  });
  return patterns;
}

/** For each learner and scope, what is known now; `before` is how many evaluations there were when the run began. */
export async function lessonsOf(
  knowledge: Knowledge,
  tally: Tally,
  learners: readonly Learner[],
  before: (stage: string, scope: string) => number,
  now: number,
): Promise<readonly Lesson[]> {
  const lessons: Lesson[] = [];
  for (const learner of learners) {
    const scopes = tally.scopes(learner.stage);
    for (const scope of scopes.length === 0 ? [""] : scopes) {
      const metric = learner.metrics.find((name) => tally.of(learner.stage, scope, name) !== undefined);
      const count = metric === undefined ? undefined : tally.of(learner.stage, scope, metric);
      const [best] = await ranked(knowledge, learner, scope, 1, now);
      lessons.push({
        stage: learner.stage,
        scope,
        metric,
        direction: count?.direction ?? 1,
        best,
        first: count?.first.map(({ value }) => value) ?? [],
        evaluations: count?.evaluations ?? 0,
        before: before(learner.stage, scope),
      });
    }
  }
  return lessons;
}
