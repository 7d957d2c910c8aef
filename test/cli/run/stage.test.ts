/** `gangc run --stage S`: the stage, what it needs, and what can be learned from these alone. */
import { beforeEach, expect, test } from "vitest";
import { type Project, project } from "../../original/project.ts";

const PROGRAM = `
import { measure } from "./tools.ts"
subnet toy {
  metric loss: float { goal: minimize }
  metric later: float { goal: minimize }
}
type Choice = { x: float in 0.0..1.0 = 0.25 }
model sampler = embedded()
agent chooser() -> Choice {
  model: sampler
  prompt: "x"
}
tool items() -> int[] = exec("echo", "[1]")
tool asked() -> int = exec("echo", "3")
pipeline search for toy {
  stage aside = asked()
  stage choice = chooser()
  when choice.x >= 0.0 {
    stage result = measure(x: choice.x)
    let double = result.loss * 2.0
    observe loss = double
    learn choice from loss
  }
  stage second = chooser()
  stage end = measure(x: second.x + choice.x)
  observe later = end.loss
  learn second from later
}
pipeline answers {
  for item in items() every 1s by item {
    stage doubled = measure(x: 1.0 * item)
  }
}
`;
const TOOLS =
  "export function measure({ x }: { readonly x: number }): { readonly loss: number } { return { loss: x }; }\n";

let at: Project;
beforeEach(() => {
  at = project({ "main.gang": PROGRAM, "tools.ts": TOOLS });
});
const stages = () => at.ask("select distinct stage from stages order by 1");

test("it runs with what it needs, once; what rests on these alone is observed and learned", async () => {
  const done = await at.run("--stage", "result");
  expect([done.exit, done.talk]).toEqual([0, expect.stringContaining("gangc run --stage result")]);
  expect(await stages()).toEqual([["search.choice"], ["search.result"]]);
  expect(await at.ask("select metric from scores")).toEqual([["loss"]]);
  expect(await at.ask("select stage, count(*)::int from evidence where metric = 'loss' group by 1")).toEqual([
    ["search.choice", 1],
  ]);
});

test("of what needs more than one stage nothing is learned that was not measured", async () => {
  expect((await at.run("--stage", "search.second")).exit).toBe(0);
  expect(await stages()).toEqual([["search.second"]]);
  expect(await at.ask("select count(*)::int from evidence")).toEqual([[0]]);
});

test("what cannot be meant is a mistake in the asking", async () => {
  for (const [args, complaint] of [
    [["--stage", "reslut"], "Did you mean result?"],
    [["--stage", "result", "--pipeline", "answers"], "there is no stage result."],
    [["--stage", "doubled"], "answers.doubled answers the items of a source, each of which is done once"],
    [["--stage", "result", "--resume"], "--resume and --stage exclude each other"],
  ] as const) {
    const { exit, talk } = await at.run(...args);
    expect([exit, talk]).toEqual([2, expect.stringContaining(complaint)]);
  }
});
