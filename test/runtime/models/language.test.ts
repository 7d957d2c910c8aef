import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../../runtime/clock.ts";
import type { Reply } from "../../fixtures/providers.ts";
import { FLOAT, field, literal, name, record, STRING, TOOLS, typescript } from "../execution/plans.ts";
import { asking, GOOD, LADDER, modelOf, type Provider } from "./asking.ts";

const store = mkdtempSync(join(tmpdir(), "gang-language-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));

const BOTH: readonly Provider[] = ["anthropic", "openai"];
const VALUE = { x: 0.5, kind: "normal" };

describe.each(BOTH)("%s", (provider) => {
  const models = { deep: modelOf(provider) };
  const ask = (script: readonly Reply[], more: Partial<Parameters<typeof asking>[0]> = {}) =>
    asking({ script, models, store, ...more });

  test("a streamed answer is a value; its turn says tokens, cost, request and what was asked", async () => {
    const { of, server } = await ask([GOOD]);
    expect(of("stage.ended")).toMatchObject([{ status: "ok", output: VALUE, via: "chooser" }]);
    expect(of("turn")).toMatchObject([
      { number: 1, model: "deep", input_tokens: 100, output_tokens: 20, cost: 0.0003, request: "req_1" },
    ]);
    expect(of("turn")[0]!.prompt).toContain("Choose a shape.");
    expect(of("attempt.ended")).toMatchObject([{ ok: true, cost: 0.0003 }]);
    const { headers, body } = server.asked[0]!;
    expect(headers.authorization).toBe("Bearer key-of-deep");
    expect(body).toMatchObject({ model: `${provider}-model`, stream: true });
    expect(body.temperature).toBeUndefined();
  });

  test("what the SDKs would take from the environment by themselves is sent to nobody", async () => {
    const own = {
      ANTHROPIC_CUSTOM_HEADERS: "X-Own: canary\nAuthorization: Bearer canary",
      ANTHROPIC_AUTH_TOKEN: "canary",
      OPENAI_CUSTOM_HEADERS: "X-Own: canary\nAuthorization: Bearer canary",
      OPENAI_ADMIN_KEY: "canary",
      OPENAI_ORG_ID: "canary",
      OPENAI_PROJECT_ID: "canary",
    };
    Object.assign(process.env, own);
    const { of, server } = await ask([GOOD]);
    expect(process.env).toMatchObject(own);
    for (const name of Object.keys(own)) delete process.env[name];
    expect(of("stage.ended")).toMatchObject([{ status: "ok" }]);
    expect(JSON.stringify(server.asked[0]!.headers)).not.toContain("canary");
    expect(server.asked[0]!.headers.authorization).toBe("Bearer key-of-deep");
  });

  test("the type is the schema: what belongs to a choice is there with it, and nothing else may be", async () => {
    const { server } = await ask([GOOD]);
    const { body } = server.asked[0]!;
    const schema =
      provider === "anthropic" ? body.output_config.format.schema : body.response_format.json_schema.schema;
    // Providers want an object at the root, and here one of two is to be chosen.
    expect(schema.required).toEqual(["answer"]);
    const closed = { type: "object", additionalProperties: false };
    const x = { type: "number", description: "from 0 to 1" };
    expect(schema.properties.answer.anyOf).toEqual([
      { ...closed, required: ["x", "kind"], properties: { x, kind: { type: "string", enum: ["normal"] } } },
      {
        ...closed,
        required: ["x", "kind", "tail"],
        properties: {
          x,
          kind: { type: "string", enum: ["heavy"] },
          tail: { type: "number", description: "from 2 to 30, of which ratios matter rather than differences" },
        },
      },
    ]);
  });

  test("fences, prose, wrapping and numbers as texts are no failure", async () => {
    const texts = [
      'Sure!\n```json\n{"x": "0.5", "kind": "normal"}\n```\nIs that all right?',
      'I take {"x": 0.5, "kind": "normal"} since it worked.',
      '{"answer": {"x": 0.5, "kind": "normal"}}',
    ];
    for (const text of texts) {
      const { of } = await ask([{ text }]);
      expect(of("stage.ended")).toMatchObject([{ status: "ok", attempts: 1, output: VALUE }]);
    }
  });

  test("what the classes of failure are", async () => {
    const refusals: readonly (readonly [Reply, string, RegExp])[] = [
      [{ status: 429 }, "rate_limit", /429/],
      [{ status: 500 }, "network", /500/],
      [{ status: 529 }, "network", /529/],
      [{ status: 401 }, "no_key", /401/],
      [{ status: 403 }, "no_key", /403/],
      [{ status: 400 }, "error", /400/],
      [{ status: 404, body: "<html>not here</html>" }, "error", /404/],
      [
        { status: 429, body: { error: { message: "You exceeded your current quota", code: "insufficient_quota" } } },
        "quota",
        /quota/,
      ],
      [{ status: 400, body: { error: { message: "Your credit balance is too low" } } }, "quota", /credit/],
      [{ text: '{"x": 0.5,', breakAfter: 3 }, "network", /./],
      [{ text: '{"x": 0.5', garbage: "<html>a proxy's page</html>" }, "network", /./],
      [{ text: '{"x": 0.5', garbage: "data: {not json\n\n" }, "network", /./],
      [{ text: '{"x": 0.5' }, "invalid", /not JSON/],
      [{ text: "" }, "invalid", /empty/],
      [{ text: '{"x": 7, "kind": "normal"}' }, "invalid", /answer.x must be a number from 0 to 1/],
      [{ text: '{"x": 0.5', stop: provider === "anthropic" ? "max_tokens" : "length" }, "invalid", /cut off.*1000/],
      [{ refusal: "I cannot help with that." }, "refused", /declined: I cannot/],
      ...(provider === "openai"
        ? []
        : [[{ calls: [{ name: "echo", input: "no JSON" }] }, "invalid", /arguments of echo are not JSON/] as const]),
    ];
    for (const [reply, kind, message] of refusals) {
      const { of } = await ask([reply], { retry: { ...LADDER, attempts: 1 } });
      const { class: found, error } = of("attempt.ended")[0]!;
      expect([JSON.stringify(reply), found]).toEqual([JSON.stringify(reply), kind]);
      expect(error).toMatch(message);
      // Whoever asks the provider why needs it.
      expect(of("turn")[0]!.request).toMatch("status" in reply ? "req_fail" : /./);
    }
  });

  test("an invalid answer goes back with the reason; the network's failures are not the model's affair", async () => {
    const { of, server } = await ask([{ status: 529 }, { text: '{"x": 7, "kind": "normal"}' }, GOOD]);
    expect(of("attempt.ended").map(({ ok, class: kind }) => [ok, kind])).toEqual([
      [false, "network"],
      [false, "invalid"],
      [true, undefined],
    ]);
    const said = server.asked.map(({ body }) => JSON.stringify(body.messages));
    expect(said[1]).not.toContain("not taken");
    expect(said[2]).toContain("Your last answer was not taken: the answer.x must be a number from 0 to 1, but is 7");
  });

  test("the world says when to come again: never sooner", async () => {
    const limited = (headers: { readonly [name: string]: string }): Reply => ({ status: 429, headers });
    const date = new Date(Date.UTC(2026, 10, 1, 0, 5)).toUTCString();
    const reset =
      provider === "anthropic"
        ? {
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": new Date(Date.UTC(2026, 10, 1, 0, 2)).toISOString(),
          }
        : { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2m0s" };
    for (const [headers, wait] of [
      [{ "retry-after": "90" }, 90_000],
      [{ "retry-after-ms": "70500" }, 70_500],
      [{ "retry-after": date }, 300_000],
      [reset, 120_000],
    ] as const) {
      const { clock, of } = await ask([limited(headers), GOOD]);
      expect(clock.waited).toEqual([wait]);
      expect(of("attempt.ended").map((ended) => ended.class)).toEqual(["rate_limit", undefined]);
    }
  });

  test("what is not taken of a request is left out, once, and that is a turn of its own", async () => {
    const refused = (message: string): Reply => ({ status: 400, body: { error: { message } } });
    const part = provider === "anthropic" ? "output_config.format" : "response_format.json_schema";
    const { of, server } = await ask(
      [refused("temperature is deprecated for this model"), refused(`${part} is not supported`), { text: "no" }, GOOD],
      { retry: { ...LADDER, temperature: { low: 0.1, high: 0.9 } } },
    );
    expect(of("turn").map(({ number, class: kind, error }) => [number, kind, error])).toEqual([
      [1, "error", "400: temperature is deprecated for this model (asked again without: temperature)"],
      [2, "error", `400: ${part} is not supported (asked again without: schema)`],
      [3, undefined, undefined],
      // What was given up once is not asked for again.
      [1, undefined, undefined],
    ]);
    expect(server.asked.map(({ body }) => body.temperature)).toEqual([0.1, undefined, undefined, undefined]);
    // Then the schema is said in words.
    const { body } = server.asked[2]!;
    expect(body.output_config ?? body.response_format).toBeUndefined();
    expect(JSON.stringify(body)).toContain("The schema of the answer");
  });

  test("a slow answer is given up at the deadline, and its connection with it", async () => {
    const { of } = await ask([{ ...GOOD, delay: 5000 }], {
      timeout: 0.2,
      retry: { ...LADDER, attempts: 1 },
      options: { clock: systemClock },
    });
    expect(of("attempt.ended")).toMatchObject([{ ok: false, class: "timeout", error: "it took longer than 0.2 s" }]);
  });

  test("a run that is cancelled does not wait for the answer", async () => {
    const controller = new AbortController();
    const script = (): Reply => {
      controller.abort();
      return { ...GOOD, delay: 5000 };
    };
    const { summary } = await ask([], { script, options: { signal: controller.signal } });
    expect(summary.runs).toMatchObject([{ status: "cancelled" }]);
  });

  describe("tools", () => {
    const plan = {
      tools: {
        ...TOOLS,
        "market.quote": typescript("arithmetic.ts", "double", record(["value", FLOAT]), record(["value", FLOAT])),
      },
    };
    const agent = {
      turns: 3,
      tools: [
        { tool: "double", bound: [] },
        { tool: "market.quote", bound: [{ name: "value", value: literal(21) }] },
        { tool: "fails", bound: [] },
      ],
    };

    test("are called side by side, and each answers its own call", async () => {
      const calls = [
        { name: "double", input: { value: 2 } },
        { name: "market_quote", input: {} },
        { name: "fails", input: {} },
        { name: "double", input: { value: "a lot" } },
        { name: "nothing", input: {} },
      ];
      const { of, server } = await ask([{ text: "Let me see.", calls }, GOOD], { plan, agent });
      expect(of("stage.ended")).toMatchObject([{ status: "ok", output: VALUE }]);
      expect(of("turn")).toMatchObject([{ number: 1 }, { number: 2, cost: 0.0003 }]);
      expect(of("attempt.ended")).toMatchObject([{ ok: true, cost: 0.0006 }]);
      expect(
        of("tool.ended")
          .map(({ tool, ok }) => [tool, ok])
          .sort(),
      ).toEqual([
        ["double", true],
        ["fails", false],
        ["market.quote", true],
      ]);
      const { messages } = server.asked[1]!.body;
      const results: string[] =
        provider === "anthropic"
          ? messages.at(-1).content.map((block: { content: string }) => block.content)
          : messages.slice(-5).map((message: { content: string }) => message.content);
      expect(results.slice(0, 2)).toEqual(['{"value":4}', '{"value":42}']);
      expect(results[3]).toContain("arguments.value must be a number");
      expect(results[4]).toBe("there is no tool nothing");
      // What the program has bound is not the model's to fill.
      const quote = JSON.stringify(server.asked[0]!.body.tools[1]);
      expect(quote).toContain("market_quote");
      expect(quote).not.toContain("value");
    });

    const numbered: readonly [string, ...(number | undefined)[]][] = [
      ["from zero", 0, 1],
      ["from one", 1, 2],
      ["all the same", 0, 0],
      ["not at all", undefined, undefined],
    ];
    // Anthropic's come as blocks, one after the other.
    test.each(provider === "openai" ? numbered : [])(
      "calls that a server numbers %s are told apart",
      async (_, ...indices) => {
        const chunk = (delta: object, finish_reason: string | null = null): string =>
          `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
        const parts = indices.flatMap((index, at) => [
          { index, id: `call_${at}`, type: "function", function: { name: "double", arguments: "" } },
          ...['{"value"', `: ${at + 1}}`].map((part) => ({ index, function: { arguments: part } })),
        ]);
        const garbage = [
          ...parts.map((part) => chunk({ tool_calls: [part] })),
          chunk({}, "tool_calls"),
          "data: [DONE]\n\n",
        ];
        const { server } = await ask([{ garbage: garbage.join("") }, GOOD], { plan, agent });
        const said = server.asked[1]!.body.messages.slice(-2);
        expect(said.map(({ content }: { content: string }) => content)).toEqual(['{"value":2}', '{"value":4}']);
      },
    );

    test("is cached where its price says what that costs: tools, instructions and the turns so far", async () => {
      const again: Reply = { calls: [{ name: "double", input: { value: 1 } }] };
      const price = { read: 1, write: 10, cached: 0.1, caching: 1.25 };
      const script: readonly Reply[] =
        provider === "anthropic"
          ? [
              { ...again, usage: { input: 10, caching: 2000, output: 20 } },
              { ...again, usage: { input: 10, cached: 2000, caching: 100, output: 20 } },
              { ...GOOD, usage: { input: 200, cached: 1900, output: 20 } },
            ]
          : [
              { ...again, usage: { input: 2010, output: 20 } },
              { ...again, usage: { input: 2110, cached: 2000, output: 20 } },
              { ...GOOD, usage: { input: 2100, cached: 1900, output: 20 } },
            ];
      const caching = { deep: modelOf(provider, { price }) };
      const { of, server } = await ask(script, { plan, agent, models: caching });
      const turns = of("turn").map(({ input_tokens, cached_tokens, caching_tokens, cost }) => [
        ...[input_tokens, cached_tokens, caching_tokens],
        cost,
      ]);
      const marks = server.asked.map(({ body }) => JSON.stringify(body).match(/"cache_control"/g)?.length ?? 0);
      if (provider === "openai") {
        // It caches of itself.
        expect(marks).toEqual([0, 0, 0]);
        expect(turns).toEqual([
          [2010, undefined, undefined, 0.00221],
          [2110, 2000, undefined, 0.00051],
          [2100, 1900, undefined, 0.00059],
        ]);
        return;
      }
      expect(marks).toEqual([2, 2, 1]);
      const [first, second] = server.asked.map(({ body }) => body);
      expect(first.system).toMatchObject([{ type: "text", cache_control: { type: "ephemeral" } }]);
      expect(first.messages.at(-1).content).toMatchObject([{ type: "text", cache_control: { type: "ephemeral" } }]);
      expect(second.messages.at(-1).content).toMatchObject([
        { type: "tool_result", cache_control: { type: "ephemeral" } },
      ]);
      expect(turns).toEqual([
        [2010, undefined, 2000, 0.00271],
        [2110, 2000, 100, 0.000535],
        [2100, 1900, undefined, 0.00059],
      ]);
    });

    test("is not cached where the price says nothing of it, or the server knows of no cache", async () => {
      const { server } = await ask([GOOD], { plan, agent });
      expect(JSON.stringify(server.asked[0]!.body)).not.toContain("cache_control");
      if (provider === "openai") return;
      const price = { read: 1, write: 10, caching: 1.25 };
      const refused: Reply = { status: 400, body: { error: { message: "system.0.cache_control: not permitted" } } };
      const old = await ask([refused, GOOD], { plan, agent, models: { deep: modelOf(provider, { price }) } });
      expect(old.of("stage.ended")).toMatchObject([{ status: "ok", attempts: 1 }]);
      expect(old.of("turn")[0]).toMatchObject({ error: expect.stringContaining("asked again without: cache") });
      expect(JSON.stringify(old.server.asked[1]!.body)).not.toContain("cache_control");
    });

    test("may be called until the last turn, where only an answer counts", async () => {
      const again: Reply = { calls: [{ name: "double", input: { value: 1 } }] };
      const { of, server } = await ask([again, again, again], { plan, agent, retry: { ...LADDER, attempts: 1 } });
      expect(of("attempt.ended")).toMatchObject([
        { class: "invalid", error: "no answer came within 3 turns", cost: 0.0009 },
      ]);
      expect(server.asked.map(({ body }) => body.tool_choice?.type ?? body.tool_choice)).toEqual([
        "auto",
        "auto",
        "none",
      ]);
    });
  });

  test("durations, sizes and money may come with their units", async () => {
    const type = record(["span", { kind: "duration" }], ["room", { kind: "size" }], ["price", { kind: "money" }]);
    const { of } = await ask([{ text: '{"span": "1h30m", "room": "16GB", "price": "$2.50"}' }], { type });
    expect(of("stage.ended")).toMatchObject([{ output: { span: 5400, room: 16e9, price: 2.5 } }]);
  });

  test("a text may be answered as it is", async () => {
    const { of } = await ask([{ text: "It rained." }], { type: STRING });
    expect(of("stage.ended")).toMatchObject([{ output: "It rained." }]);
  });

  test("what would be read is held against what may be", async () => {
    const { of } = await ask([GOOD], { models: { deep: modelOf(provider, { tokens: { read: 50, write: 10 } }) } });
    expect(of("attempt.ended")).toMatchObject([{ class: "limit", error: expect.stringContaining("deep may read 50") }]);
  });
});

test("the declared policy is what the trail shows: rung by rung, ever hotter, costs summed", async () => {
  const [deep, rig] = [modelOf("anthropic", { price: { read: 3, write: 15 } }), modelOf("openai")];
  const { of, clock, server, summary } = await asking({
    store,
    models: { rig, quick: modelOf("anthropic"), deep },
    retry: {
      ...LADDER,
      ladder: ["self", "quick", "quick", "sampler", "deep"],
      attempts: 5,
      temperature: { low: 0.1, high: 0.9, step: 0.2 },
    },
    // The sampler's answer does not pass either.
    type: { kind: "string" },
    script: [
      { status: 429, headers: { "retry-after": "7" } },
      { status: 529 },
      { text: "", usage: { input: 50, output: 0 } },
      { text: "Fine weather.", usage: { input: 200, output: 40 } },
    ],
  });
  expect(of("attempt.started").map(({ number, model, temperature }) => [number, model, temperature])).toEqual([
    [1, "rig", 0.1],
    [2, "quick", 0.3],
    [3, "quick", 0.5],
    [4, "sampler", 0.7],
    [5, "deep", 0.9],
  ]);
  expect(of("attempt.ended").map(({ class: kind, cost }) => [kind, cost])).toEqual([
    ["rate_limit", undefined],
    ["network", undefined],
    ["invalid", 0.00005],
    ["refused", undefined],
    [undefined, 0.0012],
  ]);
  // 7 s as asked for; then between half and all of twice the first; an answer that does not fit is asked for at once.
  expect(clock.waited).toHaveLength(2);
  expect(clock.waited[0]).toBe(7000);
  expect(clock.waited[1]).toBeGreaterThanOrEqual(1000);
  expect(clock.waited[1]).toBeLessThanOrEqual(2000);
  expect(server.asked.map(({ body }) => body.temperature)).toEqual([0.1, 0.3, 0.5, 0.9]);
  expect(summary.runs[0]!.status).toBe("ok");
});

test("a key that a provider does not take ends its rungs, and the next model is asked", async () => {
  const { of } = await asking({
    store,
    models: { quick: modelOf("anthropic"), rig: modelOf("openai") },
    retry: { ...LADDER, ladder: ["quick", "quick", "rig"] },
    script: [{ status: 401 }, GOOD],
  });
  expect(of("attempt.started").map(({ model }) => model)).toEqual(["quick", "rig"]);
});

test("`expect` sends an answer back within the ladder, and the model sees what it answered before", async () => {
  const { of, server } = await asking({
    store,
    models: { rig: modelOf("openai") },
    script: [{ text: '{"x": 0.9, "kind": "normal"}' }, GOOD],
    expect: { op: "binary", operator: "<", left: field(name("it"), "x"), right: literal(0.6) },
  });
  expect(of("attempt.ended").map(({ class: kind }) => kind)).toEqual(["refused", undefined]);
  const { messages } = server.asked[1]!.body;
  const earlier = JSON.stringify({
    answer: '{"x":0.9,"kind":"normal"}',
    not_taken: "what is expected of it does not hold.",
  });
  expect(messages.at(-1).content).toContain(`<<<earlier\n${earlier}\nearlier>>>`);
});

describe("another server than ours", () => {
  const mock = new LLMock({ port: 0 });
  beforeAll(() => mock.start());
  afterAll(() => mock.stop());

  test.each(BOTH)("%s: tools, then the answer", async (provider) => {
    mock.reset();
    mock.on({ hasToolResult: false }, { toolCalls: [{ name: "double", arguments: '{"value": 4}' }] });
    mock.on({ hasToolResult: true, toolResultContains: '"value":8' }, { content: JSON.stringify(VALUE) });
    const { of } = await asking({
      store,
      models: { deep: modelOf(provider) },
      script: [],
      agent: { turns: 2, tools: [{ tool: "double", bound: [] }] },
      address: provider === "anthropic" ? mock.url : `${mock.url}/v1`,
    });
    expect(of("attempt.ended")).toMatchObject([{ ok: true }]);
    expect(of("stage.ended")).toMatchObject([{ output: VALUE }]);
    expect(of("turn").every(({ input_tokens, request }) => input_tokens !== undefined && request !== undefined)).toBe(
      true,
    );
  });

  test.each(BOTH)("%s: a refusal, a broken stream, and then an answer", async (provider) => {
    mock.reset();
    mock.on(
      { sequenceIndex: 0 },
      { error: { message: "too fast", type: "rate_limit_error" }, status: 429, retryAfter: 3 },
    );
    mock.on({ sequenceIndex: 1 }, { content: JSON.stringify(VALUE) }, { truncateAfterChunks: 2, chunkSize: 4 });
    mock.on({ sequenceIndex: 2 }, { content: JSON.stringify(VALUE) });
    const { of, clock } = await asking({
      store,
      models: { deep: modelOf(provider) },
      script: [],
      address: provider === "anthropic" ? mock.url : `${mock.url}/v1`,
    });
    expect(of("attempt.ended").map(({ class: kind }) => kind)).toEqual(["rate_limit", "network", undefined]);
    expect(clock.waited[0]).toBe(3000);
  });
});
