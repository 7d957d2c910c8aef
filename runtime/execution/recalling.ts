/** What a stage is told of the past, and the record of what it was told. */
import type { RecallQuery } from "../knowledge/knowledge.ts";
import { type Rendered, renderRecalled } from "../knowledge/render.ts";
import { areNear, knownSpaceOf } from "../models/space.ts";
import type { StageNode } from "../plan.ts";
import { SETTINGS } from "../settings.ts";
import type { Json, Type } from "../types.ts";
import { validate } from "../values/validate.ts";
import { seconds } from "./attempt.ts";
import type { RunContext, StageOrigin } from "./context.ts";

export const NOTHING_RECALLED: Rendered = { text: "", shown: [] };

/** An agent is shown what fits into its prompt; a tool, whose arguments stand in the program, is shown nothing. */
export async function recallFor(
  context: RunContext,
  node: StageNode,
  scopeKey: string,
  origin: StageOrigin,
): Promise<Rendered> {
  const { knowledge, clock, plan, subnetName } = context;
  const began = clock.elapsed();
  const recall = plan.recalls[node.recall];
  const agent = node.alternatives.find((call) => call.callee.kind === "agent");
  // What tools are given stands in the program: that something is known is all that there is to say of it, as of the cycle's start.
  if (agent !== undefined) await knowledge.refresh();
  const type = agent && plan.agents[agent.callee.name]?.result;
  const recalled = await knowledge.recall({
    subnet: subnetName,
    stage: node.id,
    scope: scopeKey,
    from: agent === undefined ? [] : (recall?.from ?? ["patterns", "antipatterns"]),
    top: recall?.top ?? 10,
    halflife: recall?.halflife ?? { seconds: 7 * 86_400 },
    ...(recall?.where === undefined ? {} : { where: recall.where }),
    now: clock.now(),
    ...(type === undefined ? {} : admission(type)),
  });
  const rendered = agent === undefined ? NOTHING_RECALLED : renderRecalled(recalled, SETTINGS.recall.tokens);
  context.note({
    ...origin,
    kind: "recall",
    recall: node.recall,
    shown: rendered.shown.map(({ claim, strength, anti }) => ({ claim, strength, ...(anti ? { anti } : {}) })),
    known: recalled.known,
    generation: recalled.generation,
    elapsed: seconds(clock.elapsed() - began),
  });
  return rendered;
}

/** What may be recalled for an agent: values of its type, of neighbours only the better. */
function admission(type: Type): Pick<RecallQuery, "admits" | "near"> {
  const admits = (chosen: Json): boolean => validate(chosen, type, "").ok;
  const space = knownSpaceOf(type);
  return space === undefined ? { admits } : { admits, near: (a, b) => areNear(space, a, b) };
}
