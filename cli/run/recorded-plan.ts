/** The plan that a run was begun with, from its store. */
import { planFrom } from "../../runtime/execution/load.ts";
import type { Plan } from "../../runtime/plan.ts";
import { artifactsOf } from "../../runtime/trail/artifacts.ts";
import type { Record } from "../../runtime/trail/record.ts";
import { link } from "../../runtime/values/link.ts";
import { environmentError } from "../command.ts";

/** Linked, so that its types can be held against values. */
export async function recordedPlan(records: readonly Record[], hash: string, store: string): Promise<Plan> {
  const loaded = records.find((record) => record.kind === "plan.loaded" && record.plan === hash);
  const bytes = loaded?.kind === "plan.loaded" ? await artifactsOf(store).get(loaded.artifact) : undefined;
  if (bytes === undefined) throw environmentError("The plan of the run is no longer in the store.");
  return link(planFrom(JSON.parse(bytes.toString("utf8"))));
}
