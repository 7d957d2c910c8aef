/** What is taken for the answer in what a language model wrote, and what a provider's refusal is taken for. */
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../runtime/clock.ts";
import { readAnswer } from "../../../runtime/models/answer.ts";
import { failureOf } from "../../../runtime/models/failure.ts";
import { type Dialog, languageModel, type Reply } from "../../../runtime/models/language.ts";
import type { Proposal } from "../../../runtime/models/model.ts";
import { parametersSchema } from "../../../runtime/models/schema.ts";
import type { Type } from "../../../runtime/types.ts";
import { record, SHAPE, STRING } from "../execution/plans.ts";
import { modelOf } from "./asking.ts";

const NUMBER = record(["n", { kind: "int" }]);
const INTS: Type = { kind: "list", of: { kind: "int" } };

describe("of an answer in prose", () => {
  test.each<[string, string, Type, unknown]>([
    ["what was thought is no answer", '<think>Maybe {"n": 1}? No.</think>\n{"n": 7}', NUMBER, { n: 7 }],
    ["the last that fits is meant", "As noted in [1], of {}, the result is [3, 4, 5].", INTS, [3, 4, 5]],
    ["what fits goes before what comes last", 'It is {"n": 7}; see [1].', NUMBER, { n: 7 }],
    ["a fenced block goes before prose", '```json\n{"n": 7}\n```\nnot {"n": 8}', NUMBER, { n: 7 }],
    ["a text may speak of lists", "see [1] for more", STRING, "see [1] for more"],
    ["a text may be a number", "42", STRING, "42"],
    ["a text may be wrapped", '{"answer": "yes"}', STRING, "yes"],
  ])("%s", (_, text, type, value) => {
    expect(readAnswer(text, type, true)).toEqual(value);
  });

  test("what is empty, or no JSON, is said to be", () => {
    expect(() => readAnswer("<think>nothing</think> ", NUMBER, false)).toThrow("the answer is empty");
    expect(() => readAnswer("seven {", NUMBER, false)).toThrow("the answer is not JSON");
  });
});

test("a tool that chooses between records is described as one object, as providers want it", () => {
  const by: Type = {
    kind: "choice",
    arms: [
      { value: "id", fields: [{ name: "id", type: STRING }] },
      { value: "name", fields: [{ name: "name", type: STRING }] },
    ],
  };
  const schema = parametersSchema(record(["by", by]));
  expect(schema).toMatchObject({ type: "object", required: ["by", "id", "name"] });
  expect(schema).not.toHaveProperty("anyOf");
});

test("who asks too fast waits, also where the text speaks of billing; who has not paid does not", () => {
  const refused = (code: string, message: string) =>
    failureOf(
      Object.assign(new Error(message), { status: 429, code, type: "requests", headers: new Headers() }),
      new AbortController().signal,
      0,
    );
  const billing = "Please try again in 20s. Add a payment method at https://platform.openai.com/account/billing.";
  expect(refused("rate_limit_exceeded", billing)).toMatchObject({ class: "rate_limit" });
  expect(refused("insufficient_quota", "You exceeded your current quota.")).toMatchObject({ class: "quota" });
});

describe("what a provider does not take is left out from then on", () => {
  const asked = async (complaint: string, types: readonly Type[]) => {
    const dialogs: Dialog[] = [];
    const said: Reply = { text: '{"x": 1, "kind": "normal", "n": 7}', calls: [], end: "done", own: null };
    const say = async (dialog: Dialog): Promise<Reply> => {
      dialogs.push(dialog);
      if (dialogs.length > 1) return said;
      throw Object.assign(new Error(complaint), { status: 400, headers: new Headers() });
    };
    const model = languageModel("m", modelOf("openai"), async () => ({ say }), systemClock);
    const tries: boolean[] = [];
    for (const type of types) {
      const request = { stage: "s", scope: "", prompt: "p", type, temperature: 1.4, seed: 1, turns: 1 } as const;
      const more = { patterns: [], antipatterns: [], history: [], tools: [], onTurn: () => {} };
      const proposed = model.propose(
        { ...request, ...more, observations: async () => [] } as unknown as Proposal,
        new AbortController().signal,
      );
      tries.push(
        await proposed.then(
          () => true,
          () => false,
        ),
      );
    }
    return { dialogs, tries };
  };

  test("but what was only too large is not: the next attempt may have less", async () => {
    const { dialogs, tries } = await asked("temperature: Input should be less than or equal to 1", [SHAPE, SHAPE]);
    expect(tries).toEqual([false, true]);
    expect(dialogs.map(({ temperature }) => temperature)).toEqual([1.4, 1.4]);
  });

  test("but a schema only for the type that it is of, and not where a tool's is meant", async () => {
    const own = await asked("Invalid schema for response_format", [SHAPE, SHAPE, NUMBER]);
    expect(own.dialogs.map(({ schema }) => schema !== undefined)).toEqual([true, false, false, true]);
    const tool = await asked("Invalid schema for function 'find'", [SHAPE, SHAPE]);
    expect(tool.tries).toEqual([false, true]);
    expect(tool.dialogs.map(({ schema }) => schema !== undefined)).toEqual([true, true]);
  });
});
