import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { providers } from "../fixtures/providers.ts";
import { REPOSITORY } from "./project.ts";
import { gangc } from "./terminal.ts";

const cwd = mkdtempSync(join(tmpdir(), "gang-tests-"));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
const write = (name: string, text: string): void => writeFileSync(join(cwd, name), text);

write("package.json", '{"type": "module"}');
write(
  "tools.ts",
  `export function prices(input: { asset: string }): { summary: string; level: number } {
  return { summary: input.asset + " up", level: 7 };
}
export function score(input: { family: string; level: number }): { loss: number } {
  return { loss: input.family === "gbm" ? 1 : input.level };
}
export async function online(input: { url: string }): Promise<{ level: number }> {
  return { level: (await (await fetch(input.url)).json()).level };
}
export async function dialled(input: { url: string }): Promise<{ level: number }> {
  const { get } = await import("node:http");
  await new Promise((resolve, reject) => get(input.url, resolve).on("error", reject));
  return { level: 1 };
}
`,
);
write("stale.json", '{"summary": "stale", "level": 3}');

const COUNT = `import { readFileSync } from "node:fs";
const { rows } = JSON.parse(readFileSync(0, "utf8"));
console.log(readFileSync(rows, "utf8").trim().split("\\n").length);
`;

const PROGRAM = `gang 1

import { prices, score, online, dialled } from "./tools.ts"

subnet s {
  metric loss: float { goal: minimize }
  task btc { asset: "BTC" }
  task eth { asset: "ETH" }
}

type Model = {
  scale: float in 0.5..2.0 = 1.0
  family: "gbm" | "garch" = "gbm"
}
type Sent = { id: string }

model deep    = anthropic("claude-opus-4-5")
model sampler = embedded(explore: 0.2)

agent forecaster(task: s.Task, summary: string) -> Model {
  model: deep
  prompt: "Choose for \${task.asset}: \${summary}"
}
agent drawer(level: int) -> Model {
  model: sampler
  prompt: "Choose at \${level}"
}
tool wire(loss: float) -> Sent = exec("false") { effect: true }

pipeline research for s {
  for task in s.tasks {
    stage feed   = prices(asset: task.asset)
    stage plan   = forecaster(task, summary: feed.summary)
    let family   = plan.family
    stage result = score(family, level: feed.level)
    observe loss = result.loss
    learn plan from loss
  }
  let worst = max(result.loss)
  when worst > 5.0 {
    stage alarm = score(family: "gbm", level: 1)
    stage sent  = wire(loss: alarm.loss)
  }
}

pipeline other for s {
  stage drawn = drawer(level: 3)
  stage found = online(url: "http://127.0.0.1:9/")
  stage heard = dialled(url: "http://127.0.0.1:9/")
  stage loss1 = score(family: drawn.family, level: found.level)
  stage loss2 = score(family: drawn.family, level: heard.level)
  observe loss = loss1.loss + loss2.loss
  learn drawn from loss
}
`;

/** Runs these tests over the program above. */
async function run(tests: string, args: readonly string[] = [], env = {}) {
  write("main.gang", `${PROGRAM}\n${tests}`);
  const { exit, out, talk } = await gangc(["test", ...args], { cwd, env });
  const before = PROGRAM.split("\n").length;
  const lines = out.split("\n").map((line) =>
    line
      .trim()
      // How long it took.
      .replace(/ {2}\d\S*$/, "")
      // Lines of the tests are counted from where these begin, those of the program by what stands there.
      .replace(/main\.gang:(\d+)/, (_, at) =>
        Number(at) > before ? `line ${Number(at) - before}` : `at ${PROGRAM.split("\n")[Number(at) - 1]!.trim()}`,
      ),
  );
  return { exit, out, talk, lines: lines.filter((line) => line !== "") };
}

const GIVEN = 'given task = s.tasks.btc\n  given forecaster = Model { family: "garch" }';

describe("gangc test", () => {
  test("runs what a test names, for the item that it picks, with what it is given", async () => {
    const { exit, lines } = await run(`test "all is given" for research {
  ${GIVEN}
  given feed = fixture("stale.json")
  run result
  expect result.loss == 3.0
  expect plan.scale == 1.0 and family == "garch"
}
test "a tool is run where it is not given, and its result may be" for research {
  ${GIVEN}
  run research.result
  expect result.loss == 7.0
}
test "a tool's result" for research {
  ${GIVEN}
  given prices = fixture("stale.json")
  run result
  expect result.loss == 3.0
}
`);
    expect(lines).toEqual([
      "passed  all is given",
      "passed  a tool is run where it is not given, and its result may be",
      "passed  a tool's result",
      "3 tests, all passed",
    ]);
    expect(exit).toBe(0);
  });

  test("what does not hold is shown with its line and what its sides are", async () => {
    const { exit, lines } = await run(`test "wrong" for research {
  ${GIVEN}
  run result
  expect result.loss > 1.0 and plan.family != "garch"
  expect result.loss == feed.level
  expect not (result.loss > plan.scale)
}
`);
    expect(lines).toEqual([
      "failed  wrong",
      'line 5  expect plan.family != "garch"',
      'plan.family is "garch"',
      "line 7  expect not (result.loss > plan.scale)",
      "result.loss is 7",
      "plan.scale is 1",
      "1 test, 1 failed",
    ]);
    expect(exit).toBe(1);
  });

  test("outside of the `for` a stage is the map that it always is; a `when` that is closed has no value", async () => {
    const { lines } = await run(`test "open" for research {
  ${GIVEN}
  given wire = Sent { id: "t1" }
  run sent
  expect worst == 7.0 and sent.id == "t1"
}
test "closed" for research {
  ${GIVEN}
  given feed = fixture("stale.json")
  run alarm
  expect alarm.loss == 1.0
}
test "given inside of it" for research {
  given worst = 9.0
  given alarm = fixture("alarm.json")
  given wire = Sent { id: "t2" }
  run sent
  expect sent.id == "t2"
}
`);
    expect(lines).toEqual([
      "passed  open",
      "failed  closed",
      "line 13  expect alarm.loss == 1",
      "alarm.loss is none",
      "failed  given inside of it",
      "line 15  alarm.json does not exist.",
      "3 tests, 2 failed",
    ]);
  });

  test("what a test cannot run is said, with what to do", async () => {
    const { exit, lines } = await run(`test "asks a model" for research {
  given task = s.tasks.btc
  run plan
}
test "which item" for research {
  run plan
}
test "an effect" for research {
  given worst = 9.0
  run sent
}
test "nothing" for research {
  ${GIVEN}
  given result = fixture("stale.json")
  run result
}
test "no recording" for research {
  given task = s.tasks.btc
  given forecaster = recorded("none.json")
  run plan
}
`);
    expect(lines).toEqual([
      "failed  asks a model",
      'line 1  forecaster would ask a language model, and a test asks none: say what it answers, `given forecaster = recorded("forecaster.json")`.',
      "failed  which item",
      "line 5  plan stands in a `for`, and the test must say for which item: `given task = …`.",
      "failed  an effect",
      "at stage sent  = wire(loss: alarm.loss)  wire is an effect, which no test has: say what it gives, `given wire = …`.",
      "failed  nothing",
      "line 12  What is given does not fit: result.loss is missing.",
      "failed  no recording",
      "line 18  none.json does not exist: `gangc test --record` asks the models once, and writes it.",
      "5 tests, 5 failed",
    ]);
    expect(exit).toBe(1);
  });

  test("a file is given by its path in the project", async () => {
    write("rows.csv", "a\nb\n");
    write("table.json", '{"rows": "rows.csv"}');
    write("lost.json", '{"rows": "lost.csv"}');
    write("count.mjs", COUNT);
    write(
      "files.gang",
      `gang 1
type Table = { rows: file }
tool table() -> Table = exec("no-such-program")
tool count(rows: file) -> int = exec("node", "count.mjs")
pipeline p {
  stage found = table()
  stage lines = count(rows: found.rows)
}
test "of a stage" for p {
  given found = fixture("table.json")
  run lines
  expect lines == 2
}
test "of a tool" for p {
  given table = fixture("table.json")
  run lines
  expect lines == 2
}
test "that is not there" for p {
  given found = fixture("lost.json")
  run lines
  expect lines == 2
}
`,
    );
    const { exit, out } = await gangc(["test", "files.gang"], { cwd });
    expect(exit).toBe(1);
    expect(out).toMatch(/found\.rows does not exist: lost\.csv/);
    expect(out).toMatch(/1 (test )?failed/);
  });

  test("there is no network; the embedded sampler needs none", async () => {
    const { lines } = await run(`test "fetched" for other {
  run found
}
test "dialled" for other {
  run heard
}
test "drawn" for other {
  run drawn
  expect drawn.family == "gbm" and drawn.scale == 1.0
}
`);
    expect(lines).toEqual([
      "failed  fetched",
      'at stage found = online(url: "http://127.0.0.1:9/")  other.found failed: a test has no network',
      "failed  dialled",
      'at stage heard = dialled(url: "http://127.0.0.1:9/")  other.heard failed: a test has no network',
      "passed  drawn",
      "3 tests, 2 failed",
    ]);
    // It is there again afterwards.
    const server = await providers([{ text: "hello" }]);
    expect((await fetch(`${server.openai}/chat/completions`, { method: "POST", body: "{}" })).status).toBe(200);
    await server.close();
  });

  test("a recording answers in its order, and says when it has no more", async () => {
    write(
      "answers.json",
      JSON.stringify({
        agent: "forecaster",
        answers: [{ stage: "research.plan", answer: { family: "arch" } }, { answer: { family: "garch", scale: 2 } }],
      }),
    );
    const { lines } = await run(`test "the second fits" for research {
  given task = s.tasks.eth
  given forecaster = recorded("answers.json")
  run plan
  expect plan.scale == 2.0
}
`);
    expect(lines[0]).toBe("passed  the second fits");
    write("answers.json", '{"answers": []}');
    const again = await gangc(["test"], { cwd });
    expect(again.out).toContain("research.plan of eth failed: answers.json has no further answer for research.plan");
  });

  test("--record asks the models once, and writes what is replayed without them", async () => {
    const server = await providers([{ text: '{"family": "volatile"}' }, { text: '{"family": "garch", "scale": 1.5}' }]);
    write("gang.yaml", `models:\n  deep:\n    base_url: ${server.anthropic}\n    key: { env: DEEP }\n`);
    const tests = ["one", "two"]
      .map(
        (title) => `test "${title}" for research {
  given task = s.tasks.btc
  given forecaster = recorded("recorded.json")
  run plan
  expect plan.scale == 1.5
}
`,
      )
      .join("");
    const first = await run(tests, ["--record"], { DEEP: "key-of-deep" });
    await server.close();
    expect(first.lines).toEqual(["passed  one", "recorded  recorded.json", "passed  two", "2 tests, all passed"]);
    expect(server.asked).toHaveLength(2);
    expect(server.asked[0]!.headers.authorization).toBe("Bearer key-of-deep");
    expect(JSON.parse(readFileSync(join(cwd, "recorded.json"), "utf8"))).toEqual({
      agent: "forecaster",
      answers: [
        { stage: "research.plan", scope: "btc", answer: { family: "volatile" } },
        { stage: "research.plan", scope: "btc", answer: { family: "garch", scale: 1.5 } },
      ],
    });
    expect((await run(tests)).lines.at(-1)).toBe("2 tests, all passed");
    // Without the key there is nothing that could be recorded.
    expect((await run(tests, ["--record"])).out).toContain("deep: its key is missing: DEEP is not set");
    rmSync(join(cwd, "gang.yaml"));
  });

  test("--filter, and the formats for scripts and for a CI", async () => {
    const tests = `test "a < b" for research {
  ${GIVEN}
  run result
  expect result.loss == 1.0
}
test "another" for research {
  ${GIVEN}
  run plan
}
`;
    const json = JSON.parse((await run(tests, ["--format", "json"])).out);
    expect(json).toMatchObject([
      {
        ...{ title: "a < b", ok: false, file: "main.gang" },
        failures: [{ message: "expect result.loss == 1\nresult.loss is 7", values: { "result.loss": 7 } }],
      },
      { title: "another", ok: true, failures: [] },
    ]);
    const junit = (await run(tests, ["--format", "junit"])).out;
    expect(junit).toContain('<testsuite name="gangc test" tests="2" failures="1">');
    expect(junit).toContain('name="a &lt; b"');
    expect((await run(tests, ["--filter", "other"])).lines).toEqual(["passed  another", "1 test, all passed"]);
    expect(await run(tests, ["--filter", "none"])).toMatchObject({ exit: 2 });
  });

  test("the example's tests pass, offline", async () => {
    const { exit, out } = await gangc(["test", "examples/sp500"], { cwd: REPOSITORY });
    expect(out).toContain("all passed");
    expect(exit).toBe(0);
  });
});
