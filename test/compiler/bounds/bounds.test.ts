/** Every figure here is worked out by hand, in the comment beside it. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { fileSystemHost } from "../../../cli/host.ts";
import { boundsOf } from "../../../compiler/bounds/bounds.ts";
import { effectsOf, reachOf } from "../../../compiler/bounds/reach.ts";
import { compile, lower } from "../../../compiler/index.ts";
import type { Plan } from "../../../runtime/plan.ts";
import { programOf } from "../semantics/memory.ts";

function planOf(text: string): Plan {
  const program = programOf(`gang 1\n${text}`);
  expect(program.diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message)).toEqual([]);
  return lower(program);
}

const bounds = (text: string, pipeline = "p") => boundsOf(planOf(text), pipeline);

/** A cent and a half a call: 10,000 tokens read at $1 and 1,000 written at $5 a million. */
const MODEL = 'model m = openai("m") { price: { read: $1, write: $5 }, tokens: { read: 10000, write: 1000 } }';
const CALL = 0.015;

describe("one stage", () => {
  test("an agent asks three times unless it says otherwise, each time as often as it has turns", () => {
    const { bounds: all } = bounds(`${MODEL}
      agent guess() -> bool { model: m, prompt: "?" , turns: 4 }
      pipeline p { stage a = guess() { timeout: 10s } }`);
    expect(all.attempts).toEqual({ least: 1, most: 3 });
    expect(all.modelCalls).toEqual({ least: 1, most: 12 });
    expect(all.tokens).toEqual({ least: 0, most: 12 * 11_000 });
    expect(all.cost.most).toBeCloseTo(12 * CALL, 10);
    expect(all.cost.least).toBe(0);
    expect(all.reserve).toBeCloseTo(CALL, 10);
    // Three attempts of 10 s, and waits of 1 s and 2 s (the prelude's `thrice` waits 1s..60s).
    expect(all.time).toBe(33);
  });

  test("what is read may be taken into a cache, which costs more", () => {
    const model = MODEL.replace("write: $5", "write: $5, cached: $0.10, caching: $1.25");
    const plan = planOf(`${model}
      agent guess() -> bool { model: m, prompt: "?" }
      pipeline p { stage a = guess() }`);
    expect(plan.models.m!.price).toEqual({ read: 1, write: 5, cached: 0.1, caching: 1.25 });
    // 10,000 tokens at $1.25 and 1,000 at $5 a million.
    expect(boundsOf(plan, "p").bounds.reserve).toBeCloseTo(0.0175, 10);
    for (const field of ["cacheing", "read"]) {
      const { diagnostics } = programOf(`gang 1\n${model.replace("caching", field)}`);
      expect(diagnostics.map(({ code }) => code)).toEqual(["GANG3023"]);
    }
  });

  test("a ladder is bounded rung by rung; the embedded sampler costs nothing, so the cheapest run reserves nothing", () => {
    const { bounds: all } = bounds(`${MODEL}
      model own = embedded()
      retry climb { ladder: [self, m x 2], backoff: 10s..15s }
      agent guess() -> bool { model: own, prompt: "?" }
      pipeline p { stage a = guess() { retry: climb, timeout: 1m } }`);
    expect(all.attempts).toEqual({ least: 1, most: 3 });
    expect(all.modelCalls).toEqual({ least: 0, most: 2 });
    expect(all.cost.most).toBeCloseTo(2 * CALL, 10);
    expect(all.reserve).toBe(0);
    // 3 × 60 s, then 10 s and min(20, 15) s between them.
    expect(all.time).toBe(205);
  });

  test("`or` adds up at worst; at best the cheapest way is taken, and `or none` costs nothing", () => {
    const tools = `tool dear() -> bool = exec("a") { cost: $3, timeout: 1m }
      tool cheap() -> bool = exec("b") { cost: $1, timeout: 2m }`;
    const both = bounds(`${tools}\npipeline p { stage a = dear() or cheap() }`).bounds;
    expect(both).toMatchObject({ attempts: { least: 1, most: 2 }, cost: { least: 1, most: 4 }, time: 180, reserve: 1 });
    const none = bounds(`${tools}\npipeline p { stage a = dear() or none }`).bounds;
    expect(none).toMatchObject({ cost: { least: 0, most: 3 }, reserve: 0 });
  });

  test("what a tool spent may be less than it could: then nothing of it is sure, but its whole cost is reserved", () => {
    const { bounds: all } = bounds(`type R = { paid: money }
      tool rent() -> R = exec("a") { cost: $3, spent: it.paid, timeout: 1m }
      pipeline p { stage a = rent() }`);
    expect(all).toMatchObject({ cost: { least: 0, most: 3 }, reserve: 3 });
  });

  test("`expect` calls its tool once an attempt", () => {
    const { bounds: all } = bounds(`
      tool make() -> int = exec("a") { timeout: 1m }
      tool test1(x: int) -> bool = exec("b") { cost: $0.50, timeout: 30s }
      retry four { ladder: [self x 4], backoff: 0s..0s }
      pipeline p { stage a = make() { retry: four, expect: test1(x: it) } }`);
    expect(all.cost).toEqual({ least: 0, most: 2 });
    expect(all.time).toBe(4 * 60 + 4 * 30);
  });

  test("a stage that waits asks until its time is over", () => {
    const { bounds: all } = bounds(`tool ask() -> bool? = exec("a") { cost: $0.01, timeout: 5s }
      pipeline p { stage a = ask() every 1m within 1h }`);
    expect(all.attempts).toEqual({ least: 1, most: 61 });
    expect(all.cost.most).toBeCloseTo(0.61, 10);
    expect(all.time).toBe(3605);
  });
});

describe("a pipeline", () => {
  const SLOW = (name: string, seconds: number, parameters = "") =>
    `tool ${name}(${parameters}) -> int = exec("x") { timeout: ${seconds}s }`;

  test("stages side by side take the longest way, not the sum", () => {
    const { bounds: all } = bounds(`${SLOW("a", 10)}\n${SLOW("b", 20)}\n${SLOW("c", 5, "x: int, y: int")}
      pipeline p { stage one = a()\n stage two = b()\n stage three = c(x: one, y: two) }`);
    expect(all.time).toBe(25);
    expect(all.attempts).toEqual({ least: 3, most: 3 });
  });

  test("a fan-out runs so many at a time", () => {
    const { bounds: all } = bounds(`${SLOW("a", 10, "n: int")}
      pipeline p { parallel: 2\n for x in ["a", "b", "c", "d", "e"] { stage s = a(n: 1) } }`);
    expect(all.attempts).toEqual({ least: 5, most: 5 });
    expect(all.time).toBe(30); // three rounds
  });

  test("a list that a stage made has the length of its type, and at most `max`", () => {
    const tool = `type Item = { name: string }
      tool list() -> Item[2..9] = exec("l") { timeout: 1s }
      tool work(n: string) -> int = exec("w") { cost: $1, timeout: 1s }`;
    const open = bounds(`${tool}\npipeline p { stage items = list()\n for x in items { stage s = work(n: x.name) } }`);
    expect(open.bounds.cost).toEqual({ least: 2, most: 9 });
    const capped = bounds(
      `${tool}\npipeline p { stage items = list()\n for x in items max 4 { stage s = work(n: x.name) } }`,
    );
    expect(capped.bounds.cost).toEqual({ least: 2, most: 4 });
    expect(capped.stages.find(({ id }) => id === "p.s")?.runs).toEqual({ least: 2, most: 4 });
  });

  test("`when` may not run", () => {
    const { bounds: all } = bounds(`tool ok() -> bool = exec("a") { timeout: 1s }
      tool pay() -> int = exec("b") { cost: $2, timeout: 1s }
      pipeline p { stage go = ok()\n when go { stage paid = pay() } }`);
    expect(all).toMatchObject({ attempts: { least: 1, most: 2 }, cost: { least: 0, most: 2 }, reserve: 0, time: 2 });
  });

  test("a day has as many cycles as `every` says, and none is known without it", () => {
    const text = (every: string) =>
      `tool pay() -> int = exec("b") { cost: $2, timeout: 1s }\npipeline p { ${every}\n stage paid = pay() }`;
    expect(bounds(text("every: 90m")).day).toMatchObject({ cycles: 16, cost: { least: 32, most: 32 } });
    expect(bounds(text("")).day).toBeUndefined();
  });

  test("ten thousand stages in a chain are one walk", () => {
    const stages = Array.from({ length: 10_000 }, (_, i) => `stage s${i} = a(n: ${i === 0 ? "1" : `s${i - 1}`})`);
    const plan = planOf(`${SLOW("a", 1, "n: int")}\npipeline p {\n${stages.join("\n")}\n}`);
    const began = process.threadCpuUsage();
    expect(boundsOf(plan, "p").bounds.time).toBe(10_000);
    // Of this thread alone: on a machine that others use, the clock tells little.
    const { user, system } = process.threadCpuUsage(began);
    expect((user + system) / 1000).toBeLessThan(500);
  });
});

describe("no bound, and why", () => {
  test.each([
    [
      "a stage without a timeout",
      'tool a() -> int = exec("x")\npipeline p { stage s = a() }',
      "time",
      "`a` has no timeout",
    ],
    [
      "a paid backend without a timeout",
      'backend g = slurm() { price: $2 per 1h }\ntool a() -> int = exec("x")\nroute { a -> g }\npipeline p { stage s = a() }',
      "cost",
      "`a` runs on a paid backend without a timeout",
    ],
    [
      "an unpriced model",
      'model m = openai("m")\nagent g() -> bool { model: m, prompt: "?" }\npipeline p { stage s = g() }',
      "cost",
      "nobody knows what `m` costs",
    ],
    [
      "a paid tool in the hands of an agent",
      `${MODEL}\ntool find(q: string) -> int = exec("x") { cost: $1 }\nagent g() -> bool { model: m, tools: [find], prompt: "?" }\npipeline p { stage s = g() }`,
      "cost",
      "`g` may call `find` as often as it likes",
    ],
  ] as const)("%s", (_, text, which, because) => {
    const { bounds: all } = bounds(text);
    const most = which === "time" ? all.time : all.cost.most;
    expect(most).toMatchObject({ because });
  });

  test("a backend costs its price until the timeout, at worst the dearest of the route", () => {
    const { bounds: all } = bounds(
      'backend g = slurm() { price: $2 per 1h }\ntool a() -> int = exec("x") { timeout: 30m }\nroute { a -> g or local }\npipeline p { stage s = a() }',
    );
    expect(all.cost.most).toBeCloseTo(1, 10);
    expect(all.reserve).toBe(0);
  });
});

describe("the whole-file example", () => {
  const file = resolve(import.meta.dirname, "../../fixtures/synth/main.gang");
  const program = compile(file, fileSystemHost());
  const plan = lower(program);

  test("research, by hand", () => {
    const { bounds: all, day, unit } = boundsOf(plan, "research");
    expect(unit).toBe("cycle");
    // Three tasks; an item is 2 × 5 attempts for prices, 5 to plan, 5 to score.
    expect(all.attempts).toEqual({ least: 9, most: 60 });
    // rig, quick × 2 and deep, 12 turns each.
    expect(all.modelCalls).toEqual({ least: 0, most: 3 * 4 * 12 });
    expect(all.tokens).toEqual({ least: 0, most: 3 * 4 * 12 * 36_000 });
    // quick: 32,000 at $1 and 4,000 at $5 a million are $0.052; deep at $5 and $25 is $0.26; five half hours at $2.20.
    const item = 2 * 12 * 0.052 + 12 * 0.26 + 5 * 1.1;
    expect(all.cost.most).toBeCloseTo(3 * item, 8);
    expect(all.time).toMatchObject({ because: "`fetchPrices` has no timeout" });
    expect(day).toMatchObject({ cycles: 24 });
    expect(day!.cost.most).toBeCloseTo(72 * item, 6);
  });

  test("its limits are held against these figures, where they stand", () => {
    const found = program.diagnostics.filter(({ code }) => code === "GANG7004");
    const text = readFileSync(file, "utf8");
    expect(found.map(({ message, start, end }) => [text.slice(start, end), message])).toEqual([
      ["$2 per cycle", "A cycle of `research` can cost $29.60 at worst, and the limit is $2 per cycle."],
      ["$20 per 1d", "24 cycles of `research` can cost $710.50 at worst, and the limit is $20 per 1d."],
    ]);
    expect(found[0]!.labels.map(({ start, end, message }) => [text.slice(start, end), message])).toEqual([
      ["score", "up to $16.50 a cycle"],
    ]);
  });

  test("an item of a source is a cycle; its late score is asked for 217 times at most", () => {
    const { bounds: all, unit, day } = boundsOf(plan, "answer");
    expect(unit).toBe("item");
    expect(day).toBeUndefined();
    // simulatePaths, reply, and pollScore every 10m within 36h.
    expect(all.attempts).toEqual({ least: 2, most: 2 + 217 });
  });

  test("effects, and who is handed which secret", () => {
    expect(effectsOf(plan)).toMatchObject([{ stage: "answer.sent", tool: "reply" }]);
    expect(reachOf(plan)).toMatchObject([
      { secret: "hotkey", by: "tool", name: "reply", parameter: "key", through: "answer.sent" },
    ]);
  });
});

test("an agent reaches the secrets that are bound to its tools", () => {
  const plan = planOf(`${MODEL}
    secret apify
    tool search(q: string, key: secret) -> string = exec("x")
    agent g() -> bool { model: m, tools: [search(key: apify)], prompt: "?" }
    pipeline p { stage s = g() }`);
  expect(reachOf(plan)).toMatchObject([
    { secret: "apify", by: "agent", name: "g", through: "search" },
    { secret: "apify", by: "tool", name: "search", parameter: "key", through: "g" },
  ]);
});

describe("limits that cannot be kept", () => {
  const codes = (text: string) =>
    programOf(`gang 1\n${text}`)
      .diagnostics.filter(({ code }) => code.startsWith("GANG7"))
      .map(({ code, message }) => `${code} ${message}`);

  test.each([
    [
      "a cost that is sure",
      "$2 per cycle",
      ["GANG7002 The limit of $2 per cycle is below what the cheapest cycle must reserve: $5."],
    ],
    ["for ever as well", "$2", ["GANG7002 The limit of $2 is below what the cheapest cycle must reserve: $5."]],
    ["enough is enough", "$5 per cycle", []],
    [
      "a day of hours",
      "$24 per 1d",
      ["GANG7004 24 cycles of `p` can cost $120 at worst, and the limit is $24 per 1d."],
    ],
  ])("%s", (_, limit, expected) => {
    const text = `tool rent() -> int = exec("x") { cost: $5, timeout: 1m }\npipeline p { every: 1h\n limit: ${limit}\n stage a = rent() }`;
    expect(codes(text)).toEqual(expected);
  });

  const TOOL = (limit: string) => `tool rent() -> int = exec("x") { cost: $5, limit: ${limit} }`;
  const ASKED = (limit: string) =>
    `model m = openai("m") { price: { read: $1, write: $2 }, tokens: { read: 1000, write: 500 }, limit: ${limit} }`;
  test.each([
    [TOOL("$2 per 1d"), "The limit of $2 per 1d is below what one call of `rent` must reserve: $5."],
    [
      TOOL("[$9, 0 calls per 1m]"),
      "The limit of 0 calls per 1m is below what one call of `rent` must reserve: 1 call.",
    ],
    [
      ASKED("1000 tokens per 1m"),
      "The limit of 1000 tokens per 1m is below what one call of `m` must reserve: 1500 tokens.",
    ],
    [ASKED("$0.001 per 1d"), "The limit of $0.001 per 1d is below what one call of `m` must reserve: $0.002."],
  ])("room for one call: %s", (text, expected) => {
    expect(codes(text)).toEqual([`GANG7002 ${expected}`]);
  });

  test("room for one call is enough", () => {
    expect(codes(`${TOOL("[$5 per 1d, 1 call per 7d]")}\n${ASKED("[1500 tokens per 1m, $0.002 per 1d]")}`)).toEqual([]);
  });

  describe("of a tool or a model, against the cycle that needs it most", () => {
    const RENT = (limit: string, run: string) =>
      `tool rent(x: string = "") -> int = exec("x") { cost: $5, limit: ${limit} }
      retry thrice { ladder: [self x 3] }
      pipeline p { every: 1h\n ${run} }`;
    const THREE = 'for x in ["a", "b", "c"] { stage a = rent(x) }';
    const ASKS = (limit: string, of = "") =>
      `model m = openai("m") { price: $1, tokens: 500${limit} }
      agent g() -> bool { model: m, turns: 4, prompt: "?" }
      pipeline p { ${of}\n stage s = g() }`;
    const cheapest = "is below what the cheapest cycle of `p` must reserve:";
    test.each([
      [
        "two calls for three items",
        RENT("2 calls per cycle", THREE),
        [`GANG7002 The limit of 2 calls per cycle ${cheapest} 3 calls.`],
      ],
      ["ten dollars for three items", RENT("$10 per 1d", THREE), [`GANG7002 The limit of $10 per 1d ${cheapest} $15.`]],
      ["three calls for three items", RENT("3 calls per cycle", THREE), []],
      ["what waits is only late", RENT("1 call per 1m", THREE), []],
      [
        "the second and third attempt",
        RENT("[2 calls per cycle, $24 per 1d]", "stage a = rent() { retry: thrice }"),
        [
          "GANG7004 A cycle of `p` can call `rent` 3 times at worst, and the limit is 2 calls per cycle.",
          "GANG7004 24 cycles of `p` can spend on `rent` $360 at worst, and the limit is $24 per 1d.",
        ],
      ],
      [
        "what another stands in for",
        RENT("0 calls per 1m", "stage a = rent() or none"),
        ["GANG7002 The limit of 0 calls per 1m is below what one call of `rent` must reserve: 1 call."],
      ],
      [
        "each turn of each attempt",
        ASKS(", limit: [5 calls per cycle, 5000 tokens per cycle]"),
        [
          "GANG7004 A cycle of `p` can call `m` 12 times at worst, and the limit is 5 calls per cycle.",
          "GANG7004 A cycle of `p` can read and write with `m` 12000 tokens at worst, and the limit is 5000 tokens per cycle.",
        ],
      ],
      [
        "tokens of a pipeline",
        ASKS("", "limit: [900 tokens per 1m, 2000 tokens per cycle, 3 calls per cycle]"),
        [
          "GANG7002 The limit of 900 tokens per 1m is below what the cheapest cycle must reserve: 1000 tokens.",
          "GANG7004 A cycle of `p` can read and write 12000 tokens at worst, and the limit is 2000 tokens per cycle.",
          "GANG7004 A cycle of `p` can call models 12 times at worst, and the limit is 3 calls per cycle.",
        ],
      ],
    ])("%s", (_, text, expected) => {
      expect(codes(text)).toEqual(expected);
    });

    test("what an agent may call is bounded by the tool's own limit", () => {
      const text = (limit: string) => `tool look() -> int = exec("x") { cost: $1${limit} }
        model m = openai("m") { price: $0 }
        agent g() -> bool { model: m, tools: [look], prompt: "?" }
        pipeline p { limit: $9 per cycle\n stage s = g() }`;
      expect(codes(text(""))).toEqual([expect.stringContaining("GANG7005 Only the limit of $9 per cycle bounds")]);
      expect(codes(text(", limit: 9 calls per cycle"))).toEqual([]);
      expect(codes(text(", limit: $10 per cycle"))).toEqual([expect.stringContaining("can cost $10 at worst")]);
      const [one] = programOf(`gang 1\n${text("")}`).diagnostics.filter(({ code }) => code === "GANG7005");
      expect(one!.help).toContain("`limit: 20 calls per cycle` in `look`");
    });
  });

  test("what is only reserved is free again: ten calls of a dollar fit two", () => {
    const text = `model m = openai("m") { price: { read: $1, write: $0 }, tokens: { read: 1000000, write: 1 } }
      retry one { ladder: [self] }
      agent g(x: string) -> bool { model: m, prompt: "?" }
      pipeline p { limit: $2 per cycle\n retry: one\n for x in ["a", "b", "c"] { stage s = g(x) } }`;
    expect(codes(text)).toEqual(["GANG7004 A cycle of `p` can cost $3 at worst, and the limit is $2 per cycle."]);
  });
});
