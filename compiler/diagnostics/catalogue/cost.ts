/** GANG7xxx: limits and prices. */
import { define } from "../diagnostic.ts";
import { TOOLS } from "./samples.ts";

const limitedModel = (model: string, limit: string): string => `gang 1
import { keep } from "./tools.ts"
model mine = ${model}
agent guess() -> bool {
  model: mine
  prompt: "Up?"
}
pipeline p {
  limit: ${limit}
  stage answer = guess()
  stage kept = keep(value: answer)
}
`;

export const unpricedModel = define<{ readonly pipeline: string; readonly model: string }>({
  code: "GANG7001",
  severity: "error",
  title: "Limit over an unpriced model",
  message: ({ pipeline, model }) => `\`${pipeline}\` has a limit in money, but nobody knows what \`${model}\` costs.`,
  help: () =>
    "Give the model a price, in dollars a million tokens: `{ price: { read: $1, write: $5 } }`, or `{ price: $0 }` at home.",
  explain: {
    text: "Before a call its worst case is reserved. That needs the price of every model that the pipeline can call.",
    wrong: limitedModel('openai("my-own-model")', "$2 per cycle"),
    right: limitedModel('openai("my-own-model") { price: $0 }', "$2 per cycle"),
    files: TOOLS,
  },
});

export const limitTooLow = define<{ readonly limit: string; readonly who: string; readonly need: string }>({
  code: "GANG7002",
  severity: "error",
  title: "Limit cannot be kept",
  message: ({ limit, who, need }) => `The limit of ${limit} is below what ${who} must reserve: ${need}.`,
  help: () => "Raise the limit, or lower `cost` or `tokens` of what is called.",
  explain: {
    text: "Every call reserves its worst case, and what it did not spend is free again. If the cheapest cycle, in which nothing fails, finds no room for its dearest call, or spends more than the limit for sure, nothing could ever run. A limit of a tool or a model must have room for one call, and where it is one of calls, tokens or money per cycle, for what the cheapest cycle calls.",
    wrong: `gang 1
import { keep } from "./tools.ts"
tool rent() -> bool = exec("./rent") { cost: $5 }
pipeline p {
  limit: $2 per cycle
  stage rented = rent()
  stage kept = keep(value: rented)
}
`,
    right: `gang 1
import { keep } from "./tools.ts"
tool rent() -> bool = exec("./rent") { cost: $1 }
pipeline p {
  limit: $2 per cycle
  stage rented = rent()
  stage kept = keep(value: rented)
}
`,
    files: TOOLS,
  },
});

export const badLimit = define({
  code: "GANG7003",
  severity: "error",
  title: "Not a limit",
  message: () => "A limit is an amount per window.",
  help: () => "For example `$2 per cycle`, `60 calls per 1m`, `1 call`; several in a list.",
  explain: {
    text: "Limits count money, calls or tokens, in a window of time or a cycle; without a window they hold for ever.",
    wrong: "gang 1\npipeline p {\n  limit: 3\n}\n",
    right: "gang 1\npipeline p {\n  limit: 3 calls per 1m\n}\n",
  },
});

const paidBackend = (timeout: string): string => `gang 1
import { keep } from "./tools.ts"
// gang-ignore GANG4090: it will be built
backend gpus = slurm(partition: "gpu") {
  // gang-ignore GANG4090: it will be built
  price: $2 per 1h
}
route { keep -> gpus${timeout} }
pipeline p {
  limit: $2 per cycle
  stage kept = keep(value: true)
}
`;

export const worstAboveLimit = define<{
  readonly who: string;
  readonly cycles: number;
  readonly worst: string;
  readonly limit: string;
}>({
  code: "GANG7004",
  severity: "warning",
  title: "Worst case above limit",
  message: ({ who, cycles, worst, limit }) =>
    `${cycles === 1 ? "A cycle" : `${cycles} cycles`} of \`${who}\` can ${worst} at worst, and the limit is ${limit}.`,
  help: () =>
    "A cycle that reaches the limit fails there. Raise it, or bound the worst case: a shorter ladder, fewer `turns`, less `tokens`, a shorter `timeout`.",
  explain: {
    text: "The worst case is every attempt of every ladder with all its turns, each reading and writing all that `tokens` allows, on the dearest backend until its timeout. `gangc plan` shows it stage by stage.",
    wrong: limitedModel('anthropic("claude-opus-4-5")', "$0.50 per cycle"),
    right: limitedModel('anthropic("claude-opus-4-5")', "$1 per cycle"),
    files: TOOLS,
  },
});

export const unboundedCost = define<{
  readonly pipeline: string;
  readonly limit: string;
  readonly because: string;
  readonly mend: string;
}>({
  code: "GANG7005",
  severity: "warning",
  title: "Cost without a bound",
  message: ({ pipeline, limit, because }) =>
    `Only the limit of ${limit} bounds what a cycle of \`${pipeline}\` costs, because ${because}.`,
  help: ({ mend }) => `A cycle that reaches the limit fails there. ${mend}`,
  explain: {
    text: "A paid backend without a timeout, or a paid tool without a limit in the hands of an agent, can cost any amount in one cycle.",
    wrong: paidBackend(""),
    right: paidBackend(" { timeout: 15m }"),
    files: TOOLS,
  },
});
