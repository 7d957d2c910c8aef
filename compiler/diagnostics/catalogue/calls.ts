/** GANG30xx of calls: what is called, with which arguments, and what it gives. */
import { define } from "../diagnostic.ts";
import { TOOLS } from "./samples.ts";
import { listed, suggested } from "./wording.ts";

export const missingArguments = define<{
  readonly callee: string;
  readonly missing: readonly { readonly name: string; readonly type: string }[];
}>({
  code: "GANG3004",
  severity: "error",
  title: "Missing argument",
  message: ({ callee, missing }) =>
    missing.length === 1
      ? `\`${callee}\` is called without \`${missing[0]!.name}\`, which is ${missing[0]!.type}.`
      : `\`${callee}\` is called without ${missing.map(({ name, type }) => `\`${name}\` (${type})`).join(", ")}.`,
  explain: {
    text: "Every parameter without a default or a `?` is given exactly once.",
    wrong: `gang 1
import { add } from "./tools.ts"
pipeline p {
  stage sum = add(a: 1)
}
`,
    right: `gang 1
import { add } from "./tools.ts"
pipeline p {
  stage sum = add(a: 1, b: 2)
}
`,
    files: TOOLS,
  },
});

export const unknownArgument = define<{
  readonly callee: string;
  readonly name: string;
  readonly suggestion: string | undefined;
  readonly parameters: readonly string[];
}>({
  code: "GANG3005",
  severity: "error",
  title: "Unknown argument",
  message: ({ callee, name }) => `\`${callee}\` has no parameter named \`${name}\`.`,
  help: ({ suggestion, parameters }) =>
    suggested(suggestion) ?? (parameters.length === 0 ? "It takes no arguments." : `It takes ${listed(parameters)}.`),
  explain: {
    text: "Arguments are named after the parameters of what is called.",
    wrong: `gang 1
import { add } from "./tools.ts"
pipeline p {
  stage sum = add(a: 1, b: 2, c: 3)
}
`,
    right: `gang 1
import { add } from "./tools.ts"
pipeline p {
  stage sum = add(a: 1, b: 2)
}
`,
    files: TOOLS,
  },
});

export const duplicateArgument = define<{ readonly name: string }>({
  code: "GANG3006",
  severity: "error",
  title: "Argument given twice",
  message: ({ name }) => `\`${name}\` is given twice.`,
  help: () => "Delete one of the two.",
  explain: {
    text: "Each parameter is given once; the short form `f(prices)` gives `prices` too.",
    wrong: `gang 1
import { add } from "./tools.ts"
pipeline p {
  stage sum = add(a: 1, b: 2, a: 3)
}
`,
    right: `gang 1
import { add } from "./tools.ts"
pipeline p {
  stage sum = add(a: 1, b: 2)
}
`,
    files: TOOLS,
  },
});

export const unnamedArgument = define<{ readonly callee: string; readonly parameters: readonly string[] }>({
  code: "GANG3007",
  severity: "error",
  title: "Unnamed argument",
  message: ({ callee }) => `An argument of \`${callee}\` has no name.`,
  help: ({ parameters }) =>
    parameters.length === 0
      ? "It takes no arguments."
      : `Write \`${parameters[0]}: …\`. Only a name that is called like the parameter may stand alone.`,
  explain: {
    text: "Arguments are named, so that a reader knows what each is. `f(prices)` is short for `f(prices: prices)`.",
    wrong: `gang 1
import { add } from "./tools.ts"
pipeline p {
  stage sum = add(1, b: 2)
}
`,
    right: `gang 1
import { add } from "./tools.ts"
pipeline p {
  stage sum = add(a: 1, b: 2)
}
`,
    files: TOOLS,
  },
});

export const notCallable = define<{ readonly name: string; readonly actual: string }>({
  code: "GANG3008",
  severity: "error",
  title: "Not callable",
  message: ({ name, actual }) => `\`${name}\` is ${actual} and cannot be called here.`,
  help: () => "A stage calls an agent or a tool. Values are computed with `let`.",
  explain: {
    text: "Agents and tools are functions; nothing else is. A function is called where a stage stands, not in the middle of an expression.",
    wrong: `gang 1
import { keep } from "./tools.ts"
secret key
tool use(key: secret) -> bool = exec("./use")
pipeline p {
  stage a = use(key)
  stage kept = keep(value: a)
  stage b = key()
}
`,
    right: `gang 1
import { keep } from "./tools.ts"
secret key
tool use(key: secret) -> bool = exec("./use")
pipeline p {
  stage a = use(key)
  stage kept = keep(value: a)
}
`,
    files: TOOLS,
  },
});

export const noResult = define<{ readonly name: string }>({
  code: "GANG3022",
  severity: "error",
  title: "Nothing to read",
  message: ({ name }) => `\`${name}\` gives no value that could be read.`,
  help: () => "Give the tool a result type: `-> T`.",
  explain: {
    text: "A tool without a result is called for what it does. Its stage has no output.",
    wrong: `gang 1
import { clean, keep } from "./tools.ts"
pipeline p {
  stage done = clean()
  stage kept = keep(value: done)
}
`,
    right: `gang 1
import { keep } from "./tools.ts"
tool clean() -> bool = exec("./clean")
pipeline p {
  stage done = clean()
  stage kept = keep(value: done)
}
`,
    files: TOOLS,
  },
});

export const signatureUnfit = define<{ readonly tool: string; readonly reason: string }>({
  code: "GANG3025",
  severity: "error",
  title: "Signature does not fit",
  message: ({ tool, reason }) => `\`${tool}\` is declared otherwise than its function: ${reason}.`,
  help: () => "Leave the signature out, and the function's own is taken.",
  explain: {
    text: "A TypeScript tool may be given a signature of its own, such as narrower ranges. It must be one that the function can be called with.",
    wrong: `gang 1
tool buy(price: string) -> float = typescript("./buy.ts", "buy")
`,
    right: `gang 1
tool buy(price: float in 0.0..9.0) -> float = typescript("./buy.ts", "buy")
`,
    files: {
      "buy.ts": "export function buy({ price }: { price: number }): number {\n  return price;\n}\n",
    },
  },
});
