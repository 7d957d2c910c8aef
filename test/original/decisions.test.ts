/** "Every decision reads the trace": there, the newest rows were read, and half of all stages read nothing. */
import { describe, expect, test } from "vitest";
import { providers } from "../fixtures/providers.ts";
import { knowing } from "./knowing.ts";
import { choosing, project } from "./project.ts";

const MEASURE = "export const measure = ({ x }: { x: number }): { loss: number } => ({ loss: (x - 0.7) ** 2 });\n";

describe("what is read", () => {
  test("is what was confirmed, and not what is newest", async () => {
    // There, what was confirmed fifty times was gone behind ten newer one-offs.
    const { recall, observe } = await knowing();
    for (let peer = 0; peer < 50; peer++) observe({ k: { x: 1 }, peer: `peer-${peer}`, daysAgo: 1 });
    for (let i = 0; i < 10; i++) observe({ k: { x: 100 + i }, peer: `peer-${i}`, daysAgo: 0 });
    const { patterns } = await recall({ top: 10 });
    expect(patterns[0]).toMatchObject({ chosen: '{"x":1}', peers: 50 });
  });

  test.each([
    ["minimised", -1, '{"x":1}'],
    ["maximised", 1, '{"x":9}'],
  ] as const)("goes by the metric's direction where it is %s, as does what is best", async (_, direction, expected) => {
    const { recall, best, observe } = await knowing();
    for (const x of [9, 1, 5]) observe({ k: { x }, value: x, direction });
    expect((await recall()).patterns[0]!.chosen).toBe(expected);
    expect((await recall({ top: 1 })).patterns.map(({ chosen }) => chosen)).toEqual([expected]);
    expect((await best())!.value).toEqual(JSON.parse(expected));
  });

  test("says of a claim that it works or that it does not, never both, and says it once", async () => {
    // There, the same claim stood under "known good" and under "known failures", and another peer's stood there twice.
    const { recall, observe } = await knowing();
    for (const [x, good, bad] of [
      [1, 3, 1],
      [2, 1, 3],
      [3, 2, 2],
    ] as const) {
      for (let i = 0; i < good; i++) observe({ k: { x }, peer: `peer-${i}` });
      for (let i = 0; i < bad; i++) observe({ k: { x }, peer: `other-${i}`, ok: false, class: "error" });
    }
    const { patterns, antipatterns } = await recall({ top: 100 });
    const told = [...patterns, ...antipatterns].map(({ chosen }) => chosen);
    expect(told.sort()).toEqual(['{"x":1}', '{"x":2}', '{"x":3}']);
    expect(patterns.map(({ chosen }) => chosen)).toContain('{"x":1}');
    expect(antipatterns.map(({ chosen }) => chosen)).toContain('{"x":2}');
  });

  test("is written down with what it was, before each stage, of an agent and of a tool alike", async () => {
    const { run, ask } = project({
      "main.gang": choosing("sampler = embedded()"),
      "tools.ts": MEASURE,
    });
    expect((await run("--cycles", "3")).exit).toBe(0);
    expect(
      await ask(`select stage, cycle, any_value(known) > 0, count(claim) > 0
                 from recalls join runs using (run_id) group by all order by all`),
    ).toEqual([
      ...[0, 1, 2].map((cycle) => ["work.choice", cycle, cycle > 0, cycle > 0]),
      // What a tool is given stands in the program: it is told nothing, but what is known of it is read.
      ...[0, 1, 2].map((cycle) => ["work.score", cycle, cycle > 0, false]),
    ]);
  });

  test("reaches the model: what worked and what did not stand in what it is asked", async () => {
    const server = await providers((_, index) => ({ text: index === 0 ? '{"x": 0.25}' : '{"x": 0.5}' }));
    try {
      const { run } = project({
        "main.gang": choosing('rig = openai("some-model") { price: $0 }'),
        "tools.ts": MEASURE,
        "key.txt": "some-key",
        "gang.yaml": `models:\n  rig:\n    base_url: ${server.openai}\n    key: { file: key.txt }\n`,
      });
      expect((await run("--cycles", "2")).exit).toBe(0);
      const [first, second] = server.asked.map(({ body }) => JSON.stringify(body.messages));
      expect(first).not.toContain("0.2025");
      expect(second).toMatch(/0\.25/);
      expect(second).toContain("0.2025");
    } finally {
      await server.close();
    }
  });
});

describe("what nobody stands for any more", () => {
  test("fades: an antipattern, and a pattern confirmed five times", async () => {
    const { recall, observe } = await knowing();
    observe({ k: { x: 1 }, ok: false, class: "error" });
    for (let i = 0; i < 5; i++) observe({ k: { x: 2 }, peer: `peer-${i}` });
    const now = await recall();
    const later = await recall({ daysLater: 60 });
    // After sixty days of a half-life of seven there is as good as nothing of either.
    expect(later.patterns[0]!.P).toBeLessThan(0.01 * now.patterns[0]!.P);
    expect(later.antipatterns[0]!.N).toBeLessThan(0.01 * now.antipatterns[0]!.N);
    expect(later.patterns[0]!.strength).toBeLessThan(now.patterns[0]!.strength);
    expect(later.antipatterns[0]!.strength).toBeLessThan(now.antipatterns[0]!.strength);
  });

  test("and what was contradicted is no longer shown as what works", async () => {
    const { recall, observe } = await knowing();
    observe({ k: { x: 1 }, peer: "a" });
    for (const peer of ["b", "c", "d"]) observe({ k: { x: 1 }, peer, ok: false, class: "error" });
    const { patterns, antipatterns } = await recall();
    expect([patterns, antipatterns.map(({ chosen }) => chosen)]).toEqual([[], ['{"x":1}']]);
  });
});
