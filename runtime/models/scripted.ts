/** A model that says what was written down before: for tests, which ask nobody; and one that writes down what it hears. */
import { AttemptError } from "../execution/attempt-error.ts";
import type { Json } from "../types.ts";
import type { Model } from "./model.ts";

export interface Recorded {
  /** Absent: of any stage. */
  readonly stage?: string;
  /** The item of a fan-out, which are asked side by side. Absent: of any. */
  readonly scope?: string;
  readonly answer: Json;
}

/** One answer for all, however often it is asked for; or one after the other, each stage its own. */
export type Answers = { readonly always: Json } | readonly Recorded[];

/** `from` names where the answers stand, for the one who asks for more than there are. */
export function scriptedModel(name: string, answers: Answers, from: string): Model {
  const left = "always" in answers ? [] : [...answers];
  return {
    name,
    async propose({ stage, scope }) {
      if ("always" in answers) return { value: answers.always };
      const index = left.findIndex((of) => (of.stage ?? stage) === stage && (of.scope ?? scope) === scope);
      if (index < 0) throw new AttemptError("no_key", `${from} has no further answer for ${stage}`);
      return { value: left.splice(index, 1)[0]!.answer };
    },
  };
}

/** The same model; `hear` is told each answer. */
export function heard(model: Model, hear: (recorded: Recorded) => void): Model {
  return {
    name: model.name,
    async propose(request, signal) {
      const answer = await model.propose(request, signal);
      const { stage, scope } = request;
      hear({ stage, ...(scope === "" ? {} : { scope }), answer: answer.value });
      return answer;
    },
  };
}
