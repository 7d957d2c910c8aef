/** GANG5xxx: metrics, learning and what is recalled. */
import { define } from "../diagnostic.ts";
import { TOOLS } from "./samples.ts";
import { circle, suggested } from "./wording.ts";

export const unobservedMetric = define<{ readonly name: string }>({
  code: "GANG5001",
  severity: "warning",
  title: "Metric never observed",
  message: ({ name }) => `The metric \`${name}\` is declared, but no pipeline observes it.`,
  help: ({ name }) => `Write \`observe ${name} = …\` where it is measured.`,
  explain: {
    text: "A metric that nothing measures ranks nothing.",
    wrong: `gang 1
import { ping } from "./tools.ts"
subnet s {
  metric loss: float { goal: minimize }
}
pipeline p for s {
  stage seen = ping()
}
`,
    right:
      'gang 1\nsubnet s {\n  metric loss: float { goal: minimize }\n}\ntool measure() -> float = exec("./measure")\npipeline p for s {\n  stage score = measure()\n  observe loss = score\n}\n',
    files: TOOLS,
  },
});

const LEARNING = (from: string, choice: string) => `gang 1
subnet s {
  metric loss: float { goal: minimize }
}
type Guess = float in 0.0..1.0
model own = embedded()
agent guess() -> Guess {
  model: own
  prompt: "How much?"
}
tool measure(guess: Guess) -> float = exec("./measure")
pipeline p for s {
  let always = 0.5
  stage answer = guess()
  stage score = measure(guess: answer)
  stage still = measure(guess: always)
  when still > 1.0 {
    ${from}
  }
  learn ${choice} from loss
}
`;

export const notObserved = define<{ readonly metric: string }>({
  code: "GANG5002",
  severity: "error",
  title: "Learning from nothing",
  message: ({ metric }) => `\`${metric}\` is not observed where this learns from it.`,
  help: ({ metric }) => `Observe it in the same body or around it: \`observe ${metric} = …\`.`,
  explain: {
    text: "A `learn` takes metrics that are observed in its own body or in one around it: of the same cycle, the same item.",
    wrong: LEARNING("observe loss = score", "answer"),
    right: LEARNING("let half = 0.5", "answer")
      .replace("  learn", "  observe loss = score\n  learn")
      .replace(/ {2}stage still[^}]*}\n/, "")
      .replace("  let always = 0.5\n", ""),
  },
});

export const emptyFilter = define<{ readonly reason: string }>({
  code: "GANG5003",
  severity: "error",
  title: "Filter that never holds",
  message: ({ reason }) => `No evidence can pass this filter: ${reason}.`,
  help: () => "Drop one of the conditions, or let it through more.",
  explain: {
    text: "A recall's `where` is checked against what its fields can be: trust and strength lie between 0 and 1, an age is never negative, and two bounds must leave room between them.",
    wrong: "gang 1\nrecall winners { where: trust > 0.9 and trust < 0.3 }\n",
    right: "gang 1\nrecall winners { where: trust > 0.3 and trust < 0.9 }\n",
  },
});

export const notAChoice = define<{ readonly name: string; readonly what: string }>({
  code: "GANG5004",
  severity: "error",
  title: "Nothing was chosen",
  message: ({ name, what }) => `\`${name}\` cannot be credited: it is ${what}.`,
  help: () => "Learn a stage's output, or a `let` that took one from `best(…)` or `last(…)`.",
  explain: {
    text: "`learn` credits what was chosen: the output of a stage, or the choice of an earlier run that a `let` took over.",
    wrong: LEARNING("let half = 0.5", "always")
      .replace("  learn", "  observe loss = score\n  learn")
      .replace(/ {2}when[^}]*}\n/, "  observe loss = still\n")
      .replace("  observe loss = score\n", "  learn answer from loss\n")
      .replace("  observe loss = still", "  observe loss = score + still"),
    right: LEARNING("let half = 0.5", "answer")
      .replace(/ {2}when[^}]*}\n/, "")
      .replace("  learn", "  observe loss = score + still\n  learn"),
  },
});

export const unknownMetric = define<{
  readonly name: string;
  readonly subnet: string;
  readonly suggestion: string | undefined;
}>({
  code: "GANG5005",
  severity: "error",
  title: "Unknown metric",
  message: ({ name, subnet }) => `The subnet \`${subnet}\` has no metric named \`${name}\`.`,
  help: ({ suggestion }) => suggested(suggestion),
  explain: {
    text: "`observe` and `learn` speak of the metrics of the subnet that the pipeline is for.",
    wrong:
      'gang 1\nsubnet s {\n  metric loss: float { goal: minimize }\n}\ntool measure() -> float = exec("./measure")\npipeline p for s {\n  stage score = measure()\n  observe loss = score\n  observe los = score\n}\n',
    right:
      'gang 1\nsubnet s {\n  metric loss: float { goal: minimize }\n}\ntool measure() -> float = exec("./measure")\npipeline p for s {\n  stage score = measure()\n  observe loss = score\n}\n',
  },
});

export const noSubnet = define<{ readonly pipeline: string; readonly what: string }>({
  code: "GANG5006",
  severity: "error",
  title: "Pipeline without a subnet",
  message: ({ pipeline, what }) => `\`${what}\` needs a subnet's metrics, and \`${pipeline}\` is for no subnet.`,
  help: ({ pipeline }) => `Write \`pipeline ${pipeline} for … {\`.`,
  explain: {
    text: "Metrics belong to a subnet. A pipeline that measures says for which subnet it mines.",
    wrong:
      'gang 1\ntool measure() -> float = exec("./measure")\npipeline p {\n  stage score = measure()\n  observe loss = score\n}\n',
    right:
      'gang 1\nsubnet s {\n  metric loss: float { goal: minimize }\n}\ntool measure() -> float = exec("./measure")\npipeline p for s {\n  stage score = measure()\n  observe loss = score\n}\n',
  },
});

export const observedTwice = define<{ readonly metric: string }>({
  code: "GANG5007",
  severity: "error",
  title: "Observed twice",
  message: ({ metric }) => `\`${metric}\` is observed a second time in the same body.`,
  help: () => "Keep one, or give the other a metric of its own.",
  explain: {
    text: "In one body a metric has one value. Two would leave open which one `learn` means.",
    wrong:
      'gang 1\nsubnet s {\n  metric loss: float { goal: minimize }\n}\ntool measure() -> float = exec("./measure")\npipeline p for s {\n  stage score = measure()\n  observe loss = score\n  observe loss = score * 2\n}\n',
    right:
      'gang 1\nsubnet s {\n  metric loss: float { goal: minimize }\n}\ntool measure() -> float = exec("./measure")\npipeline p for s {\n  stage score = measure()\n  observe loss = score * 2\n}\n',
  },
});

export const badMetric = define<{ readonly name: string; readonly type: string }>({
  code: "GANG5008",
  severity: "error",
  title: "Metric is no number",
  message: ({ name, type }) => `\`${name}\` is ${type}; a metric is a number, a duration, a size or money.`,
  explain: {
    text: "Metrics are compared and averaged, so they are numbers.",
    wrong: "gang 1\nsubnet s {\n  metric loss: string { goal: minimize }\n}\n",
    right: "gang 1\nsubnet s {\n  metric loss: float { goal: minimize }\n}\n",
  },
});

export const cyclicProxy = define<{ readonly names: readonly string[] }>({
  code: "GANG5009",
  severity: "error",
  title: "Proxies in a circle",
  message: ({ names }) => `${circle(names)}: no metric of these is the real one.`,
  help: () => "The metric that counts in the end has no `proxy` line; the others name it.",
  explain: {
    text: "A proxy counts until the metric it stands for is known; so there must be one that stands for none.",
    wrong:
      "gang 1\nsubnet s {\n  metric a: float { goal: minimize, proxy: b }\n  metric b: float { goal: minimize, proxy: a }\n}\n",
    right:
      "gang 1\nsubnet s {\n  metric a: float { goal: minimize, proxy: b }\n  metric b: float { goal: minimize }\n}\n",
  },
});
