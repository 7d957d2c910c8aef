/** GANG7xxx: limits and prices. */
import { define } from "../diagnostic.ts";
import { TOOLS } from "./samples.ts";

export const unpricedModel = define<{ readonly pipeline: string; readonly model: string }>({
  code: "GANG7001",
  severity: "error",
  title: "Limit over an unpriced model",
  message: ({ pipeline, model }) => `\`${pipeline}\` has a limit in money, but nobody knows what \`${model}\` costs.`,
  help: () => "Give the model a price: `{ price: { read: $1, write: $5 } }` a million tokens, or `price: $0` at home.",
  explain: {
    text: "Before a call its worst case is reserved. That needs the price of every model that the pipeline can call.",
    wrong: `gang 1
import { keep } from "./tools.ts"
// gang-ignore GANG4090: it will be built
model mine = openai("my-own-model")
agent guess() -> bool {
  model: mine
  prompt: "Up?"
}
pipeline p {
  // gang-ignore GANG4090: it will be built
  limit: $2 per cycle
  stage answer = guess()
  stage kept = keep(value: answer)
}
`,
    right: `gang 1
import { keep } from "./tools.ts"
// gang-ignore GANG4090: it will be built
model mine = openai("my-own-model") { price: $0 }
agent guess() -> bool {
  model: mine
  prompt: "Up?"
}
pipeline p {
  // gang-ignore GANG4090: it will be built
  limit: $2 per cycle
  stage answer = guess()
  stage kept = keep(value: answer)
}
`,
    files: TOOLS,
  },
});

export const limitTooLow = define<{ readonly limit: string; readonly need: string }>({
  code: "GANG7002",
  severity: "error",
  title: "Limit cannot be kept",
  message: ({ limit, need }) => `The limit of ${limit} is below what the cheapest cycle must reserve: ${need}.`,
  help: () => "Raise the limit, or lower `cost` or `tokens` of what is called.",
  explain: {
    text: "Every call reserves its worst case. If one cycle in which nothing fails already reserves more than the limit, nothing could ever run.",
    wrong: `gang 1
import { keep } from "./tools.ts"
tool rent() -> bool = exec("./rent") { cost: $5 }
pipeline p {
  // gang-ignore GANG4090: it will be built
  limit: $2 per cycle
  stage rented = rent()
  stage kept = keep(value: rented)
}
`,
    right: `gang 1
import { keep } from "./tools.ts"
tool rent() -> bool = exec("./rent") { cost: $1 }
pipeline p {
  // gang-ignore GANG4090: it will be built
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
    right: "gang 1\npipeline p {\n  // gang-ignore GANG4090: it will be built\n  limit: 3 calls per 1m\n}\n",
  },
});
