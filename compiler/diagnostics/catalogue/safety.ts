/** GANG6xxx: secrets, and what happens in the world. */
import { define } from "../diagnostic.ts";
import { TOOLS } from "./samples.ts";

export const secretLeak = define<{ readonly path: readonly string[]; readonly where: string }>({
  code: "GANG6001",
  severity: "error",
  title: "Secret could leak",
  message: ({ path, where }) =>
    `A secret would leave its place: ${path.map((name) => `\`${name}\``).join(" → ")} → ${where}.`,
  help: () => "A secret flows into a provider, a backend, or a parameter declared `secret`, and nowhere else.",
  explain: {
    text: "Secrets are a type of their own. They have no operators, stand in no list, record or prompt, and fit only a parameter declared `secret`.",
    wrong: `gang 1
import { sign } from "./tools.ts"
secret key
pipeline p {
  stage signed = sign(key)
}
`,
    right: `gang 1
import { keep } from "./tools.ts"
secret key
tool sign(key: secret) -> bool = exec("./sign")
pipeline p {
  stage signed = sign(key)
  stage kept = keep(value: signed)
}
`,
    files: TOOLS,
  },
});

const AGENT_PARAMETER = "an agent's parameter";

export const secretInType = define<{ readonly where: string }>({
  code: "GANG6002",
  severity: "error",
  title: "Secret inside a type",
  message: ({ where }) =>
    where === AGENT_PARAMETER
      ? "An agent's parameter cannot be a secret: it would reach the model."
      : `A secret cannot be ${where}.`,
  help: ({ where }) =>
    where === AGENT_PARAMETER
      ? "Bind the secret to one of the agent's tools: `tools: [search(key: k)]`, with `secret k` at file level."
      : "Declare it with `secret name` at file level, and hand it to a tool's parameter of type `secret`.",
  explain: {
    text: "Only a parameter of a tool can be of type `secret`: so a secret is in no value that is stored, shown or sent.",
    wrong: "gang 1\ntype Login = { user: string, password: secret }\n",
    right: `gang 1
secret password
tool login(user: string, password: secret) -> bool = exec("./login")
`,
  },
});

export const effectRetried = define<{ readonly name: string; readonly how: string }>({
  code: "GANG6003",
  severity: "error",
  title: "Effect could happen twice",
  message: ({ name, how }) => `\`${name}\` happens in the world once, but ${how}.`,
  help: () => "Let only tools without effects be tried again; an effect stands alone in its stage.",
  explain: {
    text: "A tool that submits, commits or pays is an `effect`: at most once, so neither `retry` nor the call behind an `or` may follow it. `or none` may: nothing is done again, and who reads the stage says what holds without.",
    wrong: `gang 1
import { note } from "./tools.ts"
tool pay(to: string) -> bool = exec("./pay") { effect: true }
pipeline p(to: string) {
  stage paid = pay(to) or note(to)
}
`,
    right: `gang 1
tool pay(to: string) -> bool = exec("./pay") { effect: true }
pipeline p(to: string) {
  stage paid = pay(to)
}
`,
    files: TOOLS,
  },
});

export const effectByAgent = define<{ readonly agent: string; readonly tool: string }>({
  code: "GANG6004",
  severity: "error",
  title: "Agent could call an effect",
  message: ({ agent, tool }) => `\`${tool}\` changes the world, so \`${agent}\` must not be able to call it.`,
  help: () => "Let the agent answer what is to be done, and a stage do it.",
  explain: {
    text: "What an agent calls, a model decides, as often as it likes. Effects stand in stages, where the plan counts them.",
    wrong: `gang 1
model own = embedded()
tool pay(to: string) -> bool = exec("./pay") { effect: true }
agent trader() -> bool {
  model: own
  tools: [pay]
  prompt: "Trade."
}
`,
    right: `gang 1
import { look } from "./tools.ts"
model own = embedded()
agent trader() -> bool {
  model: own
  tools: [look]
  prompt: "Trade."
}
`,
    files: TOOLS,
  },
});

export const unboundSecret = define<{ readonly agent: string; readonly tool: string; readonly parameter: string }>({
  code: "GANG6005",
  severity: "error",
  title: "Model would fill a secret",
  message: ({ agent, tool, parameter }) =>
    `\`${agent}\` may call \`${tool}\`, whose \`${parameter}\` is a secret that no model must know.`,
  help: ({ tool, parameter }) => `Bind it: \`${tool}(${parameter}: …)\`.`,
  explain: {
    text: "A tool in the hands of an agent has every secret among its parameters bound beforehand.",
    wrong:
      'gang 1\nmodel own = embedded()\ntool search(text: string, key: secret) -> string = exec("./search")\nagent trader() -> bool {\n  model: own\n  tools: [search]\n  prompt: "Trade."\n}\n',
    right:
      'gang 1\nsecret apify\nmodel own = embedded()\ntool search(text: string, key: secret) -> string = exec("./search")\nagent trader() -> bool {\n  model: own\n  tools: [search(key: apify)]\n  prompt: "Trade."\n}\n',
  },
});

export const badConfirm = define<{ readonly tool: string; readonly confirm: string; readonly reason: string }>({
  code: "GANG6006",
  severity: "error",
  title: "Confirmation does not fit",
  message: ({ tool, confirm, reason }) => `\`${confirm}\` cannot confirm \`${tool}\`: ${reason}.`,
  help: () => "It takes any of the effect's parameters, under their names, and gives the effect's result as `T?`.",
  explain: {
    text: "After a crash in the middle of an effect, its `confirm` tool asks the world whether it happened.",
    wrong:
      'gang 1\ntool found(other: string) -> string? = exec("./found")\ntool pay(to: string) -> string = exec("./pay") { effect: true, confirm: found }\n',
    right:
      'gang 1\ntool found(to: string) -> string? = exec("./found")\ntool pay(to: string) -> string = exec("./pay") { effect: true, confirm: found }\n',
  },
});

export const cachedEffect = define<{ readonly name: string }>({
  code: "GANG6007",
  severity: "error",
  title: "Effect from a cache",
  message: ({ name }) => `\`${name}\` happens in the world, which no earlier result can stand for.`,
  help: () => "Drop `cache: true`. What was done is on record, and no run that goes on does it again.",
  explain: {
    text: "A `cache` answers a call by what the same call gave before. Of an effect it is not the result that counts, but that it happens.",
    wrong: `gang 1
tool pay(to: string) -> bool = exec("./pay") { effect: true, cache: true }
pipeline p(to: string) {
  stage paid = pay(to)
}
`,
    right: `gang 1
tool pay(to: string) -> bool = exec("./pay") { effect: true }
pipeline p(to: string) {
  stage paid = pay(to)
}
`,
  },
});
