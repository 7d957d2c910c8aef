/** "Peers on a shared store": there, they overwrote each other, and who repeated himself was believed. */
import { spawn } from "node:child_process";
import { appendFileSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { openTrail } from "../../runtime/trail/local.ts";
import { readTrail } from "../../runtime/trail/reader.ts";
import { knowing } from "./knowing.ts";
import { ended, project, temporaryFolder } from "./project.ts";

describe("the store", () => {
  test("of 4 processes with 100 writes each loses none", async () => {
    const folder = temporaryFolder();
    const trail = resolve(import.meta.dirname, "../../runtime/trail/local.ts");
    const writer = `
      import { openTrail } from ${JSON.stringify(trail)};
      const [peer] = process.argv.slice(1);
      const trail = await openTrail({ directory: ${JSON.stringify(folder)}, peers: [peer] });
      for (let i = 0; i < 100; i++) await trail.append([{ kind: "event", peer, name: String(i) }]);
      await trail.close();`;
    const peers = ["a", "b", "c", "d"];
    const children = peers.map((peer) =>
      spawn(process.execPath, ["--input-type=module", "-e", writer, peer], { stdio: "inherit" }),
    );
    expect(await Promise.all(children.map(ended))).toEqual([0, 0, 0, 0]);
    const { records, problems } = await readTrail(folder).since({});
    const seen = records.map((record) => `${record.peer} ${(record as { name?: string }).name}`);
    const all = peers.flatMap((peer) => Array.from({ length: 100 }, (_, i) => `${peer} ${i}`));
    expect(seen.sort()).toEqual(all.sort());
    expect(problems).toEqual([]);
  });

  test("whose file was torn is not read as empty, and the next write makes nothing of it permanent", async () => {
    const folder = temporaryFolder();
    const write = async (...names: readonly string[]): Promise<void> => {
      const trail = await openTrail({ directory: folder, peers: ["a"] });
      for (const name of names) await trail.append([{ kind: "event", peer: "a", name }]);
      await trail.close();
    };
    const read = async () => {
      const { records } = await readTrail(folder).since({});
      return records.map((record) => (record as { name?: string }).name).sort();
    };
    await write("one", "two", "three");
    const [path] = readdirSync(join(folder, "trail"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".jsonl"))
      .map((name) => join(folder, "trail", name));
    // The power went away in the middle of a line.
    truncateSync(path!, readFileSync(path!, "utf8").indexOf('"three"'));
    const torn = readFileSync(path!);
    expect(await read()).toEqual(["one", "two"]);
    await write("four");
    expect(await read()).toEqual(["four", "one", "two"]);
    expect(readFileSync(path!).equals(torn)).toBe(true);
    // Nor is what is no record at all.
    appendFileSync(path!, "\\0\\0{]\n");
    expect(await read()).toEqual(["four", "one", "two"]);
  });
});

describe("what peers say", () => {
  test("a hundred repetitions by one are not a hundred confirmations: two who agree count for more", async () => {
    const { recall, observe } = await knowing();
    for (let i = 0; i < 100; i++) observe({ k: { x: 1 }, peer: "eager" });
    for (const peer of ["a", "b"]) observe({ k: { x: 2 }, peer });
    expect((await recall()).patterns.map(({ chosen, peers }) => [chosen, peers])).toEqual([
      ['{"x":2}', 2],
      ['{"x":1}', 1],
    ]);
  });

  test("two hundred by one do not outweigh eight who say otherwise", async () => {
    const { recall, observe } = await knowing();
    for (let i = 0; i < 200; i++) observe({ k: { x: 1 }, peer: "eager" });
    for (let i = 0; i < 8; i++) observe({ k: { x: 1 }, peer: `peer-${i}`, ok: false, class: "error" });
    const { patterns, antipatterns } = await recall();
    expect([patterns, antipatterns.map(({ chosen }) => chosen)]).toEqual([[], ['{"x":1}']]);
  });

  test("one who is always contradicted is believed less than one who is confirmed", async () => {
    const { recall, observe } = await knowing();
    for (let x = 0; x < 20; x++) {
      observe({ k: { x }, peer: "liar" });
      for (const peer of ["a", "b", "c"]) observe({ k: { x }, peer, ok: false, class: "error" });
    }
    observe({ k: { x: 100 }, peer: "liar" });
    observe({ k: { x: 200 }, peer: "a" });
    const { patterns } = await recall();
    expect(patterns.map(({ chosen }) => chosen)).toEqual(['{"x":200}', '{"x":100}']);
    expect(patterns[0]!.strength).toBeGreaterThan(patterns[1]!.strength);
  });

  test("four observations mean the same in whatever order they come", async () => {
    const told = [
      { k: { x: 1 }, peer: "a", attempt: "1", value: 1 },
      { k: { x: 1 }, peer: "b", attempt: "2", ok: false, class: "error" },
      { k: { x: 2 }, peer: "a", attempt: "3", value: 2 },
      { k: { x: 1 }, peer: "b", attempt: "4", value: 3 },
    ] as const;
    const orders = permutations([0, 1, 2, 3]);
    const states = new Set<string>();
    for (const order of [orders[0]!, orders[7]!, orders[16]!, orders[23]!]) {
      const { recall, observe } = await knowing();
      for (const i of order) observe(told[i]!);
      const { patterns, antipatterns } = await recall();
      states.add(
        JSON.stringify([...patterns, ...antipatterns].map(({ chosen, strength }) => [chosen, strength.toFixed(9)])),
      );
    }
    expect(states.size).toBe(1);
  });

  test("the same choice is the same claim however it is written, and two peers' runs confirm each other", async () => {
    // There, the exact prose was the key, and no two ever said the same.
    const { run, ask } = project({
      "main.gang": `
import { measure } from "./tools.ts"
subnet toy { metric loss: float { goal: minimize } }
type Choice = { x: float in 0.0..1.0 = 0.25, kind: "plain" | "fancy" = "plain" }
model sampler = embedded()
agent chooser() -> Choice { model: sampler
  prompt: "Choose." }
pipeline work for toy {
  stage choice = chooser()
  stage score = measure(x: choice.x)
  observe loss = score.loss
  learn choice from loss
}
`,
      "tools.ts": "export const measure = ({ x }: { x: number }): { loss: number } => ({ loss: (x - 0.7) ** 2 });\n",
    });
    // Both begin with the defaults, in a process of their own each.
    expect((await run("--peer", "one,two")).exit).toBe(0);
    expect(
      await ask("select chosen, peers, evaluations from patterns where stage = 'work.choice' and peers > 1"),
    ).toEqual([['{"kind":"plain","x":0.25}', 2, 2]]);
  });
});

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}
