/** Stages as users name them: `plan`, or `research.plan` where two pipelines have one. */
import { nearest } from "../compiler/diagnostics/suggestion.ts";
import { usageError } from "./command.ts";

interface Place {
  readonly subnet: string;
  /** `pipeline.name`. */
  readonly stage: string;
}

/** Those of this name. Of a store in which nothing is known, none; else a name that none has is a usage error. */
export function stagesNamed(name: string, all: readonly Place[]): readonly Place[] {
  const named = all.filter(({ stage }) => stage === name || stage.endsWith(`.${name}`));
  if (named.length > 0 || all.length === 0) return named;
  const names = [...new Set(all.map(({ stage }) => stage))];
  const short = names.map((stage) => stage.slice(stage.indexOf(".") + 1));
  const near = nearest(name, [...names, ...short]);
  throw usageError(
    `nothing is known of a stage ${JSON.stringify(name)}.`,
    near === undefined ? `There ${names.length === 1 ? "is" : "are"} ${names.join(", ")}.` : `Did you mean ${near}?`,
  );
}
