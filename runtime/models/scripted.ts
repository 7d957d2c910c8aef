/** A model that says what was written down before: for tests, which ask nobody. */
import { AttemptError } from "../execution/attempt-error.ts";
import type { Json } from "../types.ts";
import type { Model } from "./model.ts";

export interface Recorded {
  /** Absent: for any stage and any item. */
  readonly stage?: string;
  readonly scope?: string;
  readonly answer: Json;
}

/** Answers, given in their order; what was asked and is not there is said with the file's name. */
export interface Answers {
  readonly from: string;
  /** One for all, however often it is asked for; or one after the other. */
  readonly answers: { readonly always: Json } | readonly Recorded[];
}

export function scriptedModel(name: string, { from, answers }: Answers): Model {
  const left = "always" in answers ? [] : [...answers];
  return {
    name,
    async propose({ stage, scope }) {
      if ("always" in answers) return { value: answers.always };
      const fits = (of: Recorded): boolean =>
        (of.stage === undefined || of.stage === stage) && (of.scope === undefined || of.scope === scope);
      const index = left.findIndex(fits);
      if (index < 0) {
        const item = scope === "" ? "" : ` for ${scope}`;
        throw new AttemptError("no_key", `${from} has no further answer of ${stage}${item}`);
      }
      return { value: left.splice(index, 1)[0]!.answer };
    },
  };
}
