/** What a plan's stages learn, as the knowledge counts and ranks it. */
import type { Knowledge, Measured, Ranked } from "../../runtime/knowledge/knowledge.ts";
import type { Json, LearnNode, Node, Plan, StageNode } from "../../runtime/plan.ts";
import type { Type } from "../../runtime/types.ts";
import { validate } from "../../runtime/values/validate.ts";
import type { Lesson } from "../ui/closing.ts";

/** A stage that earns credit. */
export interface Learner {
  /** `pipeline.stage`. */
  readonly stage: string;
  readonly subnet: string;
  /** In the order of the `learn` that names them. */
  readonly metrics: readonly string[];
  /** Whether a claim is one that the program could choose: others may stand in the store. */
  readonly admits?: (chosen: Json) => boolean;
}

/** Of a linked plan. */
export function learnersOf(plan: Plan, pipelines: readonly string[]): readonly Learner[] {
  const learners = new Map<string, Learner>();
  for (const name of pipelines) {
    const { subnet = "", body } = plan.pipelines[name]!;
    for (const { stage, metrics } of learnNodes(body)) {
      const known = learners.get(stage)?.metrics ?? [];
      const type = choiceType(plan, stage);
      const admits = type === undefined ? {} : { admits: (chosen: Json) => validate(chosen, type, "").ok };
      learners.set(stage, { stage, subnet, metrics: [...new Set([...known, ...metrics])], ...admits });
    }
  }
  return [...learners.values()];
}

/** What a stage chooses, where an agent does. */
function choiceType(plan: Plan, id: string): Type | undefined {
  for (const { body } of Object.values(plan.pipelines)) {
    const callee = stageNodes(body).find((node) => node.id === id)?.alternatives[0]?.callee;
    if (callee?.kind === "agent") return plan.agents[callee.name]?.result;
  }
  return undefined;
}

function stageNodes(body: readonly Node[]): StageNode[] {
  return body.flatMap((node) => (node.kind === "stage" ? [node] : "body" in node ? stageNodes(node.body) : []));
}

function learnNodes(body: readonly Node[]): LearnNode[] {
  return body.flatMap((node) => (node.kind === "learn" ? [node] : "body" in node ? learnNodes(node.body) : []));
}

/** The stages of a pipeline, in the order written. */
export function stagesOf(body: readonly Node[]): string[] {
  return stageNodes(body).map(({ name }) => name);
}

/** The best claims of a stage in a scope, as they are recalled. */
export async function ranked(
  knowledge: Knowledge,
  { stage, subnet, admits }: Learner,
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
    ...(admits && { admits }),
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
