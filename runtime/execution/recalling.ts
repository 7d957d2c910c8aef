/** What a stage is told of the past, and the record of what it was told. */
import type { Ranked, Recalled, RecallQuery } from "../knowledge/knowledge.ts";
import { type Rendered, renderRecalled } from "../knowledge/render.ts";
import { areNear, knownSpaceOf } from "../models/space.ts";
import type { Call, StageNode } from "../plan.ts";
import { SETTINGS } from "../settings.ts";
import type { Draft } from "../trail/record.ts";
import type { Json, Type } from "../types.ts";
import { validate } from "../values/validate.ts";
import { seconds } from "./attempt.ts";
import type { RunContext, StageOrigin } from "./context.ts";

export const NOTHING_RECALLED: Rendered = { text: "", shown: [] };

/** An agent is shown what fits into its prompt; a tool, whose arguments stand in the program, is shown nothing. */
export function recallFor(
  context: RunContext,
  node: StageNode,
  scopeKey: string,
  origin: StageOrigin,
): Rendered | Promise<Rendered> {
  const began = context.clock.elapsed();
  const agent = node.alternatives.find(asksAnAgent);
  if (agent !== undefined) return shownTo(context, node, agent.callee.name, scopeKey, origin, began);
  // That something is known is all that there is to say of it, as of the cycle's start.
  const known = context.knowledge.known({ subnet: context.subnetName, stage: node.id });
  note(context, node, origin, NOTHING_RECALLED, known, began);
  return NOTHING_RECALLED;
}

const NONE: Extract<Draft, { kind: "recall" }>["shown"] = [];
const toldOf = ({ claim, strength, anti }: Ranked) => ({ claim, strength, anti: anti ? true : undefined });

const asksAnAgent = ({ callee }: Call): boolean => callee.kind === "agent";

async function shownTo(
  context: RunContext,
  node: StageNode,
  agent: string,
  scopeKey: string,
  origin: StageOrigin,
  began: number,
): Promise<Rendered> {
  const { knowledge, clock, plan, subnet, subnetName } = context;
  await knowledge.refresh();
  const recall = plan.recalls[node.recall];
  const type = plan.agents[agent]?.result;
  const recalled = await knowledge.recall({
    subnet: subnetName,
    stage: node.id,
    scope: scopeKey,
    from: recall?.from ?? ["patterns", "antipatterns"],
    top: recall?.top ?? 10,
    halflife: recall?.halflife ?? { seconds: 7 * 86_400 },
    where: recall?.where,
    now: clock.now(),
    ...(type === undefined ? {} : admission(type)),
  });
  const metrics = new Set(Object.keys(subnet?.metrics ?? {}));
  const rendered = renderRecalled(recalled, SETTINGS.recall.tokens, metrics);
  note(context, node, origin, rendered, recalled, began);
  return rendered;
}

function note(
  { clock, note }: RunContext,
  node: StageNode,
  origin: StageOrigin,
  { shown }: Rendered,
  { known, generation }: Pick<Recalled, "known" | "generation">,
  began: number,
): void {
  note({
    peer: origin.peer,
    run: origin.run,
    plan: origin.plan,
    stage: origin.stage,
    scope: origin.scope,
    kind: "recall",
    recall: node.recall,
    shown: shown.length === 0 ? NONE : shown.map(toldOf),
    known,
    generation,
    elapsed: seconds(clock.elapsed() - began),
  });
}

/** What may be recalled for an agent: values of its type, of neighbours only the better. */
function admission(type: Type): Pick<RecallQuery, "admits" | "near"> {
  const admits = (chosen: Json): boolean => validate(chosen, type, "").ok;
  const space = knownSpaceOf(type);
  return space === undefined ? { admits } : { admits, near: (a, b) => areNear(space, a, b) };
}
