/** From a checked program to its plan: what each construct becomes, and what the plan's identity depends on. */
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { fileSystemHost } from "../../../cli/host.ts";
import { compile, lower } from "../../../compiler/index.ts";
import { hashOf } from "../../../runtime/execution/load.ts";
import type { Node, StageNode } from "../../../runtime/plan.ts";
import { Plan } from "../../../runtime/plan.ts";
import { programOf } from "../semantics/memory.ts";

const HEAD = `gang 1
subnet s {
  netuid: 7
  metric loss: float in 0.0..9.0 { goal: minimize }
  metric speed: duration { goal: maximize, weight: 2 }
  task a { size: 1 }
  task b { size: 2 }
}
type Choice = {
  scale: float in 0.5..2.0 = 1.0
  family: "plain" | "tailed" { tail: float in 2.0..9.0 = 3.0 }
}
model sampler = embedded(explore: 0.2)
agent choose(hint: string) -> Choice {
  model: sampler
  prompt: "Choose for \${hint}: \${s.metrics.loss}"
}
type Score = { loss: float, took: duration }
tool measure(choice: Choice, size: int = 1) -> Score = exec("./measure") { timeout: 1m }
tool ready() -> string = exec("./ready")
tool spare(choice: Choice, size: int = 1) -> Score = exec("./spare")
`;

function planOf(body: string, head = HEAD): Plan {
  const program = programOf(head + body);
  expect(program.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message)).toEqual([]);
  const plan = lower(program);
  // Whatever is lowered is a plan by the contract, also after a journey as text.
  expect(Plan.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  expect(hashOf(plan)).toBe(plan.hash);
  return plan;
}

/** The nodes of \`pipeline p\`, those inside others too, by kind and name. */
function nodesOf(plan: Plan, name = "p"): Map<string, Node> {
  const found = new Map<string, Node>();
  const visit = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      found.set("name" in node ? node.name : "variable" in node ? node.variable : node.kind, node);
      if ("body" in node) visit(node.body);
    }
  };
  visit(plan.pipelines[name]!.body);
  return found;
}

const USED = "\n  observe loss = score.loss\n  learn plan from loss\n}\n";
const ONE = `pipeline p for s {
  stage plan = choose(hint: "x")
  stage score = measure(choice: plan)${USED}`;

test("the whole-file example and the examples that ship become plans", () => {
  for (const file of ["test/fixtures/synth/main.gang", "examples/sp500/main.gang"]) {
    const plan = lower(compile(resolve(import.meta.dirname, "../../..", file), fileSystemHost()));
    expect(Plan.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
    expect(Object.keys(plan.peers)).toEqual(["explorer", "optimizer"]);
  }
});

test("a program with errors has no plan", () => {
  expect(() => lower(programOf("pipeline p {\n  stage a = nothing()\n}\n"))).toThrow(
    "a program with errors has no plan",
  );
});

describe("declarations", () => {
  const plan = planOf(ONE);

  test("a subnet has its metrics with their direction, and its tasks by name", () => {
    expect(plan.subnets.s).toMatchObject({
      netuid: 7,
      metrics: {
        loss: { type: { kind: "float", low: 0, high: 9 }, direction: -1, weight: 1 },
        speed: { type: { kind: "duration" }, direction: 1, weight: 2 },
      },
      tasks: [
        { name: "a", size: 1 },
        { name: "b", size: 2 },
      ],
    });
  });

  test("a declared type stands once, and is named where it is meant", () => {
    expect(plan.agents.choose!.result).toEqual({ kind: "named", name: "Choice" });
    expect(plan.tools.measure!.parameters[0]).toMatchObject({
      name: "choice",
      type: { kind: "named", name: "Choice" },
    });
    expect(plan.types.Choice).toMatchObject({
      kind: "record",
      fields: [{ name: "scale", default: 1 }, { name: "family" }],
    });
  });

  test("a prompt is a template; a metric in it is a sentence", () => {
    expect(plan.agents.choose!.prompt).toEqual({
      op: "template",
      parts: ["Choose for ", { op: "name", name: "hint" }, ": ", { op: "literal", value: "loss (less is better)" }],
    });
  });

  test("nothing of the prelude stands in a plan but what is used", () => {
    expect(Object.keys(plan.retries).sort()).toEqual(["once", "thrice"]);
    expect(Object.keys(plan.recalls)).toEqual(["standard"]);
    expect(Object.keys(plan.types)).not.toContain("Evidence");
  });
});

describe("stages", () => {
  test("know their pipeline, what they read, and what they are measured by", () => {
    const nodes = nodesOf(planOf(ONE));
    expect(nodes.get("plan")).toMatchObject({ id: "p.plan", needs: [], measured: ["loss"], recall: "standard" });
    expect(nodes.get("score")).toMatchObject({ id: "p.score", needs: ["plan"], measured: [] });
    expect(nodes.get("learn")).toMatchObject({ choice: "plan", stage: "p.plan", metrics: ["loss"] });
  });

  test("with `or none` may end without a value, and are tried again as they say", () => {
    const stage = nodesOf(
      planOf(`retry twice { ladder: [self x 2] }
pipeline p for s {
  stage plan = choose(hint: "x") { retry: twice }
  stage other = measure(choice: plan) or spare(choice: plan) or none
  observe loss = other.loss ?? 9.0
  learn plan from loss
}
`),
    );
    expect(stage.get("plan")).toMatchObject({ alternatives: [{ retry: "twice" }], orNone: false });
    expect(stage.get("other")).toMatchObject({
      orNone: true,
      alternatives: [{ callee: { name: "measure" }, retry: "once" }, { callee: { name: "spare" } }],
    });
  });

  test("inside `for` and `when` are nodes of its body, which needs what they need", () => {
    const nodes = nodesOf(
      planOf(`pipeline p for s {
  stage hint = ready()
  for task in s.tasks {
    stage plan = choose(hint)
    when task.size > 1 {
      stage score = measure(choice: plan, size: task.size)
      observe loss = score.loss
      learn plan from loss
    }
  }
}
`),
    );
    expect(nodes.get("task")).toMatchObject({
      over: {
        kind: "list",
        list: {
          op: "literal",
          value: [
            { name: "a", size: 1 },
            { name: "b", size: 2 },
          ],
        },
      },
      needs: ["hint"],
    });
    expect(nodes.get("when")).toMatchObject({ needs: ["task", "plan"] });
  });

  test("seen from outside a `for` are maps, whose fields are maps", () => {
    const nodes = nodesOf(
      planOf(`pipeline p for s {
  for task in s.tasks {
    stage plan = choose(hint: task.name)
    stage score = measure(choice: plan)
    observe loss = score.loss
    learn plan from loss
  }
  let worst = max(score.loss)
  stage last = choose(hint: "\${score.loss}, \${worst}")
  learn last from loss
  observe loss = 1.0
}
`),
    );
    const each = { op: "field", of: { op: "name", name: "score" }, name: "loss", each: 1 };
    expect(nodes.get("worst")).toMatchObject({ value: { op: "aggregate", function: "max", of: each } });
    expect(nodes.get("last")).toMatchObject({
      alternatives: [{ arguments: [{ value: { parts: [each, ", ", {}] } }] }],
    });
  });

  test("from outside three of them their fields lie three maps deep, and from in between fewer", () => {
    const nodes = nodesOf(
      planOf(`pipeline p for s {
  for one in s.tasks {
    for two in s.tasks {
      for three in s.tasks {
        stage plan = choose(hint: three.name)
        stage score = measure(choice: plan)
        observe loss = score.loss
        learn plan from loss
      }
      stage near = choose(hint: "\${score.loss}")
      stage middle = choose(hint: "\${near.scale}")
    }
    stage outer = choose(hint: "\${score.loss} \${middle.scale}")
  }
  let far = score.loss
  stage last = choose(hint: "\${far} \${score.loss} \${outer.scale}")
  observe loss = 1.0
  learn last from loss
}
`),
    );
    const each = (of: string, field: string, deep?: number) => ({
      op: "field",
      of: { op: "name", name: of },
      name: field,
      ...(deep === undefined ? {} : { each: deep }),
    });
    const hint = (of: string) => (nodes.get(of) as StageNode).alternatives[0]!.arguments[0]!.value;
    expect(hint("near")).toMatchObject({ parts: [each("score", "loss", 1)] });
    expect(hint("middle")).toEqual({ op: "template", parts: [each("near", "scale")] });
    expect(hint("outer")).toMatchObject({ parts: [each("score", "loss", 2), " ", each("middle", "scale", 1)] });
    expect(nodes.get("far")).toMatchObject({ value: each("score", "loss", 3) });
    expect(hint("last")).toMatchObject({
      parts: [{}, " ", each("score", "loss", 3), " ", each("outer", "scale", 1)],
    });
  });
});

describe("values", () => {
  test("a record literal has the defaults that it leaves out, those of the chosen arm too", () => {
    const nodes = nodesOf(
      planOf(`pipeline p for s {
  stage plan = choose(hint: "x")
  let known = Choice { family: "tailed" }
  let partly = Choice { family: "tailed", scale: plan.scale }
  stage score = measure(choice: known)
  stage other = measure(choice: partly)
  observe loss = score.loss + other.loss
  learn plan from loss
}
`),
    );
    expect(nodes.get("known")).toMatchObject({
      value: { op: "literal", value: { family: "tailed", scale: 1, tail: 3 } },
    });
    const { value } = nodes.get("partly") as Extract<Node, { kind: "let" }>;
    expect(value.op === "record" && value.fields.map(({ name }) => name).sort()).toEqual(["family", "scale", "tail"]);
  });

  test("a `let` taken from `best` is credited to the stage that it names, in its scope", () => {
    const plan = planOf(`pipeline research for s {
  for task in s.tasks {
    stage plan = choose(hint: task.name)
    stage score = measure(choice: plan)
    observe loss = score.loss
    learn plan from loss
  }
}
pipeline p for s {
  stage key = ready()
  let known = best(research.plan[key]) ?? Choice { family: "plain" }
  stage score = measure(choice: known)
  observe speed = score.took
  learn known from speed
}
`);
    expect(nodesOf(plan).get("learn")).toMatchObject({
      choice: "known",
      stage: "research.plan",
      scope: { op: "name", name: "key" },
      metrics: ["speed"],
    });
    expect(nodesOf(plan, "research").get("plan")).toMatchObject({ measured: ["loss", "speed"] });
  });
});

describe("what is settled around a call", () => {
  const routed = (rules: string, stage = "") =>
    nodesOf(
      planOf(`backend gpus = slurm(partition: "gpu")
route {
${rules}
}
pipeline p for s {
  timeout: 5m
  stage plan = choose(hint: "x")
  stage score = measure(choice: plan)${stage}${USED}`),
    ).get("score");

  test("a route names a stage before a tool, and a tool before all", () => {
    expect(routed("  * -> gpus\n  measure -> local")).toMatchObject({ alternatives: [{ backends: ["local"] }] });
    expect(routed("  measure -> local\n  score -> gpus or local")).toMatchObject({
      alternatives: [{ backends: ["gpus", "local"] }],
    });
    expect(routed("  * -> gpus { gpu: 2, memory: 1GB }")).toMatchObject({
      alternatives: [{ backends: ["gpus"], resources: { gpu: 2, memory: 1e9 } }],
    });
  });

  test("the nearest timeout counts: stage, route, pipeline, tool", () => {
    const rule = "  measure -> local { timeout: 2m }";
    expect(routed(rule, " { timeout: 3s }")).toMatchObject({ alternatives: [{ timeout: 3 }] });
    expect(routed(rule)).toMatchObject({ alternatives: [{ timeout: 120 }] });
    expect(routed("  * -> local")).toMatchObject({ alternatives: [{ timeout: 300 }] });
    expect(nodesOf(planOf(ONE)).get("score")).toMatchObject({ alternatives: [{ timeout: 60 }] });
  });

  test("what an expect asks has the timeout that is around its stage, and the route of its own name", () => {
    const checked = (stage: string, rules = "  score -> gpus") =>
      routed(rules, ` {\n  ${stage}\n  expect: measure(choice: plan).loss > 0.0\n}`);
    const call = (more: object) => ({
      expect: { left: { of: { op: "call", call: { backends: ["local"], ...more } } } },
    });
    expect(checked(" timeout: 3s")).toMatchObject(call({ timeout: 3 }));
    expect(checked("")).toMatchObject(call({ timeout: 300 }));
    expect(checked("", "  measure -> local { timeout: 2m }")).toMatchObject(call({ timeout: 120 }));
  });

  test("side by side are few items of a list, and many of a source, unless the loop or its pipeline says", () => {
    const items = (pipeline: string, loop: string, over: string) =>
      nodesOf(
        planOf(`tool asked() -> Choice[] = exec("./asked")
pipeline p for s {${pipeline}
  for one in ${over} {${loop}
    stage tried = measure(choice: one)
    observe loss = tried.loss
  }
}
`),
      ).get("one");
    const source = "asked() every 2s by one.family";
    const list = '[{ scale: 1.0, family: "plain" }] by one.family';
    expect(items("", "", source)).toMatchObject({ parallel: 64 });
    expect(items("\n  parallel: 2", "", source)).toMatchObject({ parallel: 2 });
    expect(items("\n  parallel: 2", "\n    parallel: 3", source)).toMatchObject({ parallel: 3 });
    expect(items("\n  parallel: 2", "", list)).not.toHaveProperty("parallel");
    expect(items("", "\n    parallel: 3", list)).toMatchObject({ parallel: 3 });
  });

  test("a ladder is a list of models, one an attempt", () => {
    const plan = planOf(`model quick = anthropic("claude-haiku-4-5")
retry climb { ladder: [self, quick x 2], temperature: 0.1..0.5 step 0.2, backoff: 2s..30s, on: [timeout, invalid] }
pipeline p for s {
  retry: climb
  stage plan = choose(hint: "x")
  stage score = measure(choice: plan)${USED}`);
    expect(plan.retries.climb).toMatchObject({
      ladder: ["self", "quick", "quick"],
      attempts: 3,
      temperature: { low: 0.1, high: 0.5, step: 0.2 },
      backoff: { low: 2, high: 30 },
      on: ["timeout", "invalid"],
      stall: "ignore",
    });
    expect(nodesOf(plan).get("plan")).toMatchObject({ alternatives: [{ retry: "climb" }] });
  });

  test("what an effect does is never tried again, whatever stands around it", () => {
    const plan = planOf(`retry five { ladder: [self x 5] }
secret key
tool send(choice: Choice, key: secret) -> string = exec("./send") { effect: true }
pipeline p for s {
  retry: five
  stage plan = choose(hint: "x")
  stage sent = send(choice: plan, key)
  stage score = measure(choice: plan)${USED}`);
    expect(nodesOf(plan).get("sent")).toMatchObject({
      alternatives: [{ retry: "once", arguments: [{ name: "choice" }, { value: { op: "secret", name: "key" } }] }],
    });
    expect([plan.tools.send!.effect, plan.secrets]).toEqual([true, ["key"]]);
  });

  test("a recall has its filter, and the standard's values where it says nothing", () => {
    const plan = planOf(`recall few { where: age < 1d and ok, halflife: 20 evaluations }
pipeline p for s {
  recall: few
  stage plan = choose(hint: "x")
  stage score = measure(choice: plan)${USED}`);
    expect(plan.recalls.few).toMatchObject({
      from: ["patterns", "antipatterns"],
      top: 5,
      halflife: { evaluations: 20 },
      where: { op: "binary", operator: "and", left: { left: { op: "name", name: "age" }, right: { value: 86400 } } },
    });
    expect(nodesOf(plan).get("plan")).toMatchObject({ recall: "few" });
  });
});

describe("peers", () => {
  test("say what they replace, wherever the setting has its effect", () => {
    const plan = planOf(`recall few { top: 3 }
${ONE}peer bold for p { choose.model: embedded(explore: 0.9), few.top: 9, measure.timeout: 2m }
`);
    expect(plan.models["embedded(explore: 0.9)"]).toMatchObject({ provider: "embedded", options: { explore: 0.9 } });
    expect(plan.peers.bold!.overrides).toEqual([
      { path: ["agents", "choose", "model"], value: "embedded(explore: 0.9)" },
      { path: ["tools", "measure", "timeout"], value: 120 },
      { path: ["recalls", "few", "top"], value: 9 },
      // The tool's timeout was the nearest one of this stage.
      { path: ["pipelines", "p", "body", "1", "alternatives", "0", "timeout"], value: 120 },
    ]);
  });
});

describe("the hash", () => {
  const { hash } = planOf(ONE);

  test.each([
    ["a comment", ONE.replace("stage score", "// why\n  stage score")],
    ["blank lines", ONE.replaceAll("\n", "\n\n")],
    ["padding", ONE.replace("stage plan =", "stage   plan   =")],
  ])("does not change with %s", (_, body) => {
    expect(planOf(body).hash).toBe(hash);
  });

  test.each([
    ["an argument", ONE.replace('"x"', '"y"')],
    ["a timeout", ONE.replace("(choice: plan)", "(choice: plan) { timeout: 1s }")],
    ["a stage's name", ONE.replaceAll("score", "result")],
  ])("changes with %s", (_, body) => {
    expect(planOf(body).hash).not.toBe(hash);
  });

  test("sees what a user calls `at`, which is no position", () => {
    const withTask = (at: string) =>
      planOf(
        ONE,
        HEAD.replace("task a { size: 1 }", `task a { size: 1, at: ${at} }`).replace(
          "task b { size: 2 }",
          "task b { size: 2, at: [0, 0, 0, 0] }",
        ),
      );
    expect(withTask("[1, 2, 3, 4]").hash).not.toBe(withTask("[1, 2, 3, 5]").hash);
  });

  test("does not depend on where the project lies", () => {
    const plan = planOf(ONE);
    expect(JSON.stringify({ ...plan, root: "" })).not.toContain(plan.root);
  });
});

test("10,000 stages in a chain are lowered in linear time, and without overflow", () => {
  const chain = (count: number) => {
    const stages = Array.from({ length: count }, (_, i) => `  stage s${i + 1} = step(before: s${i})`);
    const text = `gang 1
tool first() -> int = exec("a")
tool step(before: int) -> int = exec("b")
subnet s { metric loss: float { goal: minimize } }
pipeline p for s {
  stage s0 = first()
${stages.join("\n")}
  observe loss = s${count}
  learn s0 from loss
}
`;
    const program = programOf(text);
    const start = process.threadCpuUsage();
    const plan = lower(program);
    const { user, system } = process.threadCpuUsage(start);
    expect(plan.pipelines.p!.body).toHaveLength(count + 3);
    return user + system;
  };
  chain(1_000);
  const [small, large] = [Math.min(chain(1_000), chain(1_000)), Math.min(chain(10_000), chain(10_000))];
  expect(large / small).toBeLessThan(40);
});
