/** GANG40xx of `for`: how many items there are, by what each is known, where they come from. */
import { define } from "../diagnostic.ts";
import { TOOLS } from "./samples.ts";

export const unboundedFanOut = define<{ readonly type: string }>({
  code: "GANG4004",
  severity: "error",
  title: "Fan-out without bound",
  message: ({ type }) => `How many items there will be is not known: this is ${type}.`,
  help: () => "Say how many there may be at most: `for x in list max 16 { … }`.",
  explain: {
    text: "Before anything runs, the plan says how much it can cost. A list that a stage made needs a bound, in its type (`T[1..8]`) or with `max`.",
    wrong: `gang 1
import { greet } from "./tools.ts"
tool names() -> string[] = exec("./names")
pipeline p {
  stage all = names()
  for name in all by name {
    stage greeted = greet(name)
  }
}
`,
    right: `gang 1
import { greet } from "./tools.ts"
tool names() -> string[] = exec("./names")
pipeline p {
  stage all = names()
  for name in all by name max 16 {
    stage greeted = greet(name)
  }
}
`,
    files: TOOLS,
  },
});

const JOBS = (job: string, by: string): string => `gang 1
import { work } from "./tools.ts"
type Job = ${job}
tool jobs() -> Job[1..8] = exec("./jobs")
pipeline p {
  stage all = jobs()
  for job in all${by} {
    stage worked = work(job)
  }
}
`;

export const itemsWithoutKey = define<{ readonly type: string }>({
  code: "GANG4005",
  severity: "error",
  title: "Items without a key",
  message: ({ type }) => `Nothing says by what an item is known: it is ${type}.`,
  help: () => "Give the item a field `name` or `key`, or write `by` behind the list: `for x in list by x.id { … }`.",
  explain: {
    text: "What is learned about an item is kept under its name or key, not its place in the list, which changes from cycle to cycle.",
    wrong: JOBS("{ id: string }", ""),
    right: JOBS("{ id: string }", " by job.id"),
    files: TOOLS,
  },
});

export const badKey = define<{ readonly type: string }>({
  code: "GANG4006",
  severity: "error",
  title: "Not a key",
  message: ({ type }) => `An item's key is text or a whole number; this is ${type}.`,
  help: () => "Take a field of the item that is text or a whole number: `by x.id`.",
  explain: {
    text: "Keys are compared over restarts and between machines, so only text and whole numbers will do.",
    wrong: JOBS("{ id: string, weight: float }", " by job.weight"),
    right: JOBS("{ id: string, weight: float }", " by job.id"),
    files: TOOLS,
  },
});

const SOURCE = (bound: string): string => `gang 1
import { work } from "./tools.ts"
type Job = { id: string }
tool jobs() -> Job[] = exec("./jobs")
pipeline p {
  for job in jobs() every 1m by job.id${bound} {
    stage worked = work(job)
  }
}
`;

export const sourceInside = define({
  code: "GANG4015",
  severity: "error",
  title: "Source inside a body",
  message: () => "A source is read at the level of the pipeline, not inside a `for` or a `when`.",
  help: () => "Move this `for` out, or give it a pipeline of its own.",
  explain: {
    text: "Each item of a source is a cycle of its own with a deadline of its own, so it cannot stand inside another item.",
    wrong: `gang 1
import { work } from "./tools.ts"
type Job = { id: string }
tool jobs() -> Job[] = exec("./jobs")
pipeline p(busy: bool) {
  when busy {
    for job in jobs() every 1m by job.id {
      stage worked = work(job)
    }
  }
}
`,
    right: SOURCE(""),
    files: TOOLS,
  },
});

export const sourceReads = define<{ readonly name: string; readonly what: string }>({
  code: "GANG4018",
  severity: "error",
  title: "Source before its cycle",
  message: ({ name, what }) => `A source is asked before any cycle begins, and \`${name}\` is ${what}.`,
  help: () =>
    "Give it what the file declares, or a parameter of the pipeline; what cycles find is for the stages inside.",
  explain: {
    text: "Each item of a source is a cycle of its own. What the source is asked with, how its items are told apart and how long they last must be known before the first of them: from the file, from the pipeline's parameters, and for the last two from the item.",
    wrong: `gang 1
import { work } from "./tools.ts"
type Job = { id: string }
tool since() -> int = exec("./since")
tool jobs(since: int) -> Job[] = exec("./jobs")
pipeline p {
  stage start = since()
  for job in jobs(since: start) every 1m by job.id {
    stage worked = work(job)
  }
}
`,
    right: `gang 1
import { work } from "./tools.ts"
type Job = { id: string }
tool jobs(since: int) -> Job[] = exec("./jobs")
pipeline p(start: int) {
  for job in jobs(since: start) every 1m by job.id {
    stage worked = work(job)
  }
}
`,
    files: TOOLS,
  },
});

export const boundOnSource = define({
  code: "GANG4020",
  severity: "error",
  title: "Bound on a source",
  message: () => "A source goes on giving items, so nothing bounds how many: each is a cycle of its own.",
  help: () =>
    "Drop `max`; how many are worked on at once is said by the pipeline's `parallel`, how many may cost what by its `limit`.",
  explain: {
    text: "`max` says how many items a list has at most, so that the plan can say what a cycle costs at worst. An item of a source is a cycle of its own, and there is no most.",
    wrong: SOURCE(" max 3"),
    right: SOURCE(""),
    files: TOOLS,
  },
});
