/** GANG4xxx: stages and the pipelines they stand in; of `for`, `loops.ts`. */
import { define } from "../diagnostic.ts";
import { TOOLS } from "./samples.ts";
import { circle, suggested } from "./wording.ts";

export const cyclicReference = define<{ readonly names: readonly string[] }>({
  code: "GANG4001",
  severity: "error",
  title: "Cyclic reference",
  message: ({ names }) =>
    names.length === 1 ? `\`${names[0]}\` needs itself.` : `${circle(names)}: each needs the next, so none can start.`,
  help: () => "What the last cycle found is read with `last(stage)` or `best(stage)`, which wait for nothing.",
  explain: {
    text: "A stage that names another stage's output runs after it. References in a circle leave no order.",
    wrong:
      'gang 1\ntool step(x: json) -> json = exec("./step")\npipeline p {\n  stage a = step(x: b)\n  stage b = step(x: a)\n}\n',
    right: `gang 1
import { keep } from "./tools.ts"
tool step(x: json) -> json = exec("./step")
pipeline p {
  stage a = step(x: last(b))
  stage b = step(x: a)
  stage kept = keep(value: b)
}
`,
    files: TOOLS,
  },
});

export const duplicateStage = define<{ readonly name: string; readonly pipeline: string }>({
  code: "GANG4002",
  severity: "error",
  title: "Duplicate stage",
  message: ({ name, pipeline }) => `The pipeline \`${pipeline}\` has a second stage named \`${name}\`.`,
  help: () => "What was learned is kept by pipeline and stage: give each its own name.",
  explain: {
    text: "A stage is known by its pipeline and its name, in the trail and in what was learned, also inside `for` and `when`.",
    wrong: `gang 1
import { ping } from "./tools.ts"
pipeline p {
  stage a = ping()
  stage a = ping()
}
`,
    right: `gang 1
import { ping } from "./tools.ts"
pipeline p {
  stage a = ping()
  stage b = ping()
}
`,
    files: TOOLS,
  },
});

export const badAlternative = define<{ readonly first: string; readonly other: string }>({
  code: "GANG4003",
  severity: "error",
  title: "Alternative does not fit",
  message: ({ first, other }) => `This alternative gives ${other}, but who reads the stage expects ${first}.`,
  help: () => "What stands behind `or` must give a value of the first one's type.",
  explain: {
    text: "`a or b` runs `b` when `a` has used up its attempts. Readers of the stage see the type of `a`.",
    wrong: `gang 1
import { keep } from "./tools.ts"
tool live() -> float = exec("./live")
tool saved() -> string = exec("./saved")
pipeline p {
  stage price = live() or saved()
  stage kept = keep(value: price)
}
`,
    right: `gang 1
import { keep } from "./tools.ts"
tool live() -> float = exec("./live")
tool saved() -> float = exec("./saved")
pipeline p {
  stage price = live() or saved()
  stage kept = keep(value: price)
}
`,
    files: TOOLS,
  },
});

export const routeToNothing = define<{ readonly name: string; readonly suggestion: string | undefined }>({
  code: "GANG4007",
  severity: "error",
  title: "Route to nothing",
  message: ({ name }) => `No stage and no tool is named \`${name}\`, so this route carries nothing.`,
  help: ({ suggestion }) => suggested(suggestion),
  explain: {
    text: "A route names a stage, a tool, or `*` for everything else.",
    wrong: `gang 1
import { train } from "./tools.ts"
route { trian -> local }
pipeline p {
  stage trained = train()
}
`,
    right: `gang 1
import { train } from "./tools.ts"
route { train -> local }
pipeline p {
  stage trained = train()
}
`,
    files: TOOLS,
  },
});

export const duplicateRoute = define<{ readonly name: string }>({
  code: "GANG4008",
  severity: "error",
  title: "Duplicate route",
  message: ({ name }) => `\`${name}\` is routed a second time.`,
  help: () => "Name further backends in one rule: `a -> gpus or local`.",
  explain: {
    text: "A stage has one route; only a written `or` leads to another backend.",
    wrong: "gang 1\nroute {\n  * -> local\n  * -> local\n}\n",
    right: "gang 1\nroute {\n  * -> local\n}\n",
  },
});

export const unclimbedLadder = define<{ readonly name: string }>({
  code: "GANG4009",
  severity: "warning",
  title: "Ladder no agent climbs",
  message: ({ name }) => `The ladder of \`${name}\` names models, but no agent runs under it.`,
  help: ({ name }) => `Write \`retry: ${name}\` in a pipeline or a stage that calls an agent.`,
  explain: {
    text: "Models' rungs mean nothing to tools. A retry with a ladder of models should rule a stage that calls an agent.",
    wrong: `gang 1
import { ping } from "./tools.ts"
model own = embedded()
retry better { ladder: [own, own] }
pipeline p {
  retry: better
  stage seen = ping()
}
`,
    right: `gang 1
import { keep } from "./tools.ts"
model own = embedded()
retry better { ladder: [self, own] }
agent guess() -> bool {
  model: own
  prompt: "Up?"
}
pipeline p {
  retry: better
  stage answer = guess()
  stage kept = keep(value: answer)
}
`,
    files: TOOLS,
  },
});

export const emptyRung = define<{ readonly rung: string }>({
  code: "GANG4010",
  severity: "error",
  title: "Rung of no attempts",
  message: ({ rung }) => `${rung} gives no attempt.`,
  help: () => "A rung is tried once or more (`quick x 2`), and a ladder has a rung at least.",
  explain: {
    text: "The ladder's length is the number of attempts; a rung that is never tried, and a ladder without rungs, say nothing.",
    wrong: "gang 1\nretry again { ladder: [self x 0] }\n",
    right: "gang 1\nretry again { ladder: [self x 2] }\n",
  },
});

export const idlePeer = define<{ readonly name: string; readonly what: string }>({
  code: "GANG4011",
  severity: "warning",
  title: "Peer changes nothing",
  message: ({ name, what }) => `The peer \`${name}\` ${what}.`,
  help: () => "Peers of equal settings need no name: `gangc run --peer main*4` runs four.",
  explain: {
    text: "A peer is the same pipeline with other settings. One whose settings are those of the file is the file.",
    wrong: `gang 1
import { keep } from "./tools.ts"
recall winners { top: 10 }
model own = embedded()
agent guess() -> bool {
  model: own
  prompt: "Up?"
}
pipeline p {
  recall: winners
  stage answer = guess()
  stage kept = keep(value: answer)
}
peer twin for p { winners.top: 10 }
`,
    right: `gang 1
import { keep } from "./tools.ts"
recall winners { top: 10 }
model own = embedded()
agent guess() -> bool {
  model: own
  prompt: "Up?"
}
pipeline p {
  recall: winners
  stage answer = guess()
  stage kept = keep(value: answer)
}
peer wide for p { winners.top: 30 }
`,
    files: TOOLS,
  },
});

export const unreadOutput = define<{ readonly name: string; readonly what: string }>({
  code: "GANG4012",
  severity: "warning",
  title: "Output nobody reads",
  message: ({ name, what }) => `Nobody reads the ${what} \`${name}\`, and nothing learns from it.`,
  help: () => "Read it, observe or learn from it, or leave it out.",
  explain: {
    text: "A stage is run for its output or for what it does in the world. An effect's output may go unread.",
    wrong: 'gang 1\ntool fetch() -> float = exec("./fetch")\npipeline p {\n  stage price = fetch()\n}\n',
    right: `gang 1
import { keep } from "./tools.ts"
tool fetch() -> float = exec("./fetch")
pipeline p {
  stage price = fetch()
  stage kept = keep(value: price)
}
`,
    files: TOOLS,
  },
});

export const notACall = define({
  code: "GANG4013",
  severity: "error",
  title: "Stage without a call",
  message: () => "A stage calls an agent or a tool; this is a value.",
  help: () => "Name a value with `let`.",
  explain: {
    text: "What stands behind `stage x =` is a call, or calls joined by `or`.",
    wrong: "gang 1\npipeline p {\n  stage one = 1\n}\n",
    right: "gang 1\npipeline p {\n  let one = 1\n  when one > 0 { }\n}\n",
  },
});

const POLL = (result: string, clause: string): string => `gang 1
import { keep } from "./tools.ts"
tool poll() -> ${result} = exec("./poll")
pipeline p {
  stage score = poll() ${clause}
  stage kept = keep(value: score)
}
`;

export const everyWithoutWithin = define<{ readonly what: string }>({
  code: "GANG4014",
  severity: "error",
  title: "Waiting without end",
  message: ({ what }) => `${what} is asked again and again, but nothing says for how long.`,
  help: () => "Add `within`: `every 10m within 36h`.",
  explain: {
    text: "What waits has an end: a stage or a score that is asked for again says how often (`every`) and how long (`within`).",
    wrong: POLL("float?", "every 1m"),
    right: POLL("float?", "every 1m within 1h"),
    files: TOOLS,
  },
});

export const clauseWithoutEvery = define<{ readonly word: string }>({
  code: "GANG4017",
  severity: "error",
  title: "Clause without `every`",
  message: ({ word }) => `\`${word}\` stands here without \`every\`: nothing is asked again.`,
  help: () => "Say how often: `every 10m within 36h`; or drop it. How long one call may take is its `timeout`.",
  explain: {
    text: "What is asked again and again says how often (`every`) and for how long (`within`); of several scores `take` keeps one. Without `every` a stage runs once, and how long it may take is its `timeout`.",
    wrong: POLL("float?", "within 1h"),
    right: POLL("float?", "{ timeout: 1h }"),
    files: TOOLS,
  },
});

export const nothingToWaitFor = define<{ readonly name: string; readonly type: string }>({
  code: "GANG4016",
  severity: "error",
  title: "Nothing to wait for",
  message: ({ name, type }) => `${name} always has a value: it is ${type}.`,
  help: () => "Drop `every`, or let the tool give a `T?`: missing means not yet.",
  explain: {
    text: "`every … within …` asks again until there is a value, so what it asks must be able to say that there is none yet.",
    wrong: POLL("float", "every 1m within 1h"),
    right: POLL("float?", "every 1m within 1h"),
    files: TOOLS,
  },
});

export const notBuilt = define<{ readonly what: string }>({
  code: "GANG4090",
  severity: "warning",
  title: "Not built yet",
  message: ({ what }) => `${what} cannot run yet: it is checked, and \`gangc run\` refuses it.`,
  explain: {
    text: "The language is ahead of the runtime in places. What cannot run yet is checked like everything else, and said.",
    wrong: 'gang 1\nbackend gpus = slurm(partition: "gpu")\n',
    right: "gang 1\nbackend here = local()\n",
  },
});

const GIVEN = (given: string): string => `gang 1
import { keep } from "./tools.ts"
tool look() -> string = exec("./look")
pipeline p {
  stage seen = look()
  stage kept = keep(value: seen)
}
test "it looks" for p {
  given ${given}
  run seen
  expect seen == "fine"
}
`;

export const idleGiven = define<{ readonly name: string; readonly pipeline: string }>({
  code: "GANG4019",
  severity: "warning",
  title: "Given to nobody",
  message: ({ name, pipeline }) => `\`${name}\` is given, but \`${pipeline}\` never calls it.`,
  help: ({ pipeline }) => `Give what \`${pipeline}\` calls, or leave it out.`,
  explain: {
    text: "A test is given values, answers of agents and results of tools. What its pipeline never calls changes nothing, and was probably meant for something else.",
    wrong: GIVEN('ask = "no"').replace("pipeline", 'tool ask() -> string = exec("./ask")\npipeline'),
    right: GIVEN('look = "fine"'),
    files: TOOLS,
  },
});
