/** What a cycle asks the memory (`best`, `last`): the same question has the same answer until the cycle ends. */
import type { Json } from "../types.ts";
import { validate } from "../values/validate.ts";
import { AttemptError } from "./attempt-error.ts";
import type { RunContext } from "./context.ts";
import type { Request } from "./expression.ts";

type Question = Exclude<Request, { kind: "call" }>;

export class Memory {
  readonly #context: RunContext;
  readonly #answers = new Map<string, Promise<Json>>();
  /** What any pipeline and process had learned by then is known. */
  #refreshed: Promise<void> | undefined;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** `around`: the items in which it is asked, where the question does not say of which. */
  answer(request: Request, around: string): Promise<Json> {
    if (request.kind === "call") throw new AttemptError("invalid", "only a stage or an expect can call a tool");
    const scope = (request.kind === "recalled" ? request.scope : undefined) ?? around;
    const about = request.kind === "metric" ? request.metric : { of: request.stage };
    const key = JSON.stringify([request.which, about, scope]);
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = this.#answer(key, request, scope);
      this.#answers.set(key, answer);
    }
    return answer;
  }

  /** As answered before, where the run goes on; else as the memory has it now, and on record before what reads it starts. */
  async #answer(key: string, question: Question, scope: string): Promise<Json> {
    const { restored, origin } = this.#context;
    const before = restored?.answers.get(key);
    if (before !== undefined) return before;
    const answer = await this.#remember(question, scope);
    this.#context.note({ ...origin, kind: "memory", question: key, ...(await this.#context.outputOf(answer)) });
    return answer;
  }

  /** As of the cycle's start: values of this program's types only. */
  async #remember(question: Question, scope: string): Promise<Json> {
    const { knowledge, subnetName: subnet, began: asOf } = this.#context;
    this.#refreshed ??= knowledge.refresh();
    await this.#refreshed;
    if (question.kind === "metric") {
      const { metric, which } = question;
      return (await knowledge.metric({ subnet, metric, which, asOf, ...(scope === "" ? {} : { scope }) })) ?? null;
    }
    const { stage, which } = question;
    const type = this.#context.stageType(stage);
    const admits = (chosen: Json): boolean => type === undefined || validate(chosen, type, "").ok;
    const query = { subnet, stage, scope, asOf };
    const found = await (which === "best" ? knowledge.best({ ...query, now: asOf, admits }) : knowledge.last(query));
    return found !== undefined && admits(found.value) ? found.value : null;
  }
}
