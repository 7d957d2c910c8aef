/** What a plan's stages learn, as the knowledge counts and ranks it. */
import type { Knowledge, Measured, Ranked } from "../../runtime/knowledge/knowledge.ts";
import type { LearnNode, Node, Plan } from "../../runtime/plan.ts";
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
  learners: readonly Learner[],
  before: (stage: string, scope: string) => number,
  now: number,
): Promise<readonly Lesson[]> {
  const lessons: Lesson[] = [];
  for (const learner of learners) {
    const measured = await knowledge.measured(learner);
    const scopes = new Set(measured.map(({ scope }) => scope));
    for (const scope of scopes.size === 0 ? [""] : scopes) {
      const count = ofFirst(learner, measured, scope);
      const [best] = await ranked(knowledge, learner, scope, 1, now);
      lessons.push({
        stage: learner.stage,
        scope,
        metric: count?.metric,
        direction: count?.direction ?? 1,
        best,
        first: count?.first ?? [],
        evaluations: count?.evaluations ?? 0,
        before: before(learner.stage, scope),
      });
    }
  }
  return lessons;
}

/** What was measured in a scope of the first of the learner's metrics that was measured there. */
export function ofFirst({ metrics }: Learner, measured: readonly Measured[], scope: string): Measured | undefined {
  return metrics
    .map((name) => measured.find((one) => one.scope === scope && one.metric === name))
    .find((one) => one !== undefined);
}
