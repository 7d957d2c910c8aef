/** What is known, at a glance: `gangc status`, `trust` and `best`. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compact } from "../../runtime/trail/compaction.ts";
import { openTrail } from "../../runtime/trail/local.ts";
import { newestManifest } from "../../runtime/trail/manifest.ts";
import type { Draft } from "../../runtime/trail/record.ts";
import { draft } from "../runtime/knowledge/trail.ts";
import { gangc } from "./terminal.ts";

let cwd: string;
let empty: string;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), "gang-status-"));
  empty = mkdtempSync(join(tmpdir(), "gang-status-"));
  const trail = await openTrail({ directory: join(cwd, ".gang"), peers: ["a", "b", "c"] });
  const about = { peer: "a", stage: "p.plan", subnet: "n" };
  await trail.append([
    draft({ k: { x: 1 }, stage: "p.plan", peer: "a", value: 1 }),
    draft({ k: { x: 2 }, stage: "p.plan", peer: "a", value: 2 }),
    draft({ k: { x: 2 }, stage: "p.plan", peer: "b", value: 2 }),
    draft({ k: { x: 3 }, stage: "p.plan", peer: "b", value: 3, scope: "btc" }),
    draft({ k: { x: 1 }, stage: "p.plan", peer: "c", ok: false, class: "error" }),
    draft({ k: { x: 1 }, stage: "p.broken", peer: "c", ok: false, class: "error" }),
    { ...draft({ k: { x: 1 }, stage: "p.plan" }), claim: "0".repeat(64) } as Draft,
    // Three mine there: two of them must say so.
    { kind: "drift", ...about, regime: 0, message: "it moved" },
    { kind: "drift", ...about, peer: "b", regime: 0, message: "it moved" },
    { kind: "return", ...about, regime: 1, same: 0, message: "it came back" },
    { kind: "return", ...about, peer: "c", regime: 1, same: 0, message: "it came back" },
    { kind: "drift", ...about, peer: "c", regime: 1, message: "again" },
  ]);
  await trail.close();
});
afterAll(() => {
  for (const folder of [cwd, empty]) rmSync(folder, { recursive: true, force: true });
});

describe("gangc best", () => {
  it("prints the value that best(stage) would give, and as JSON with what a script may want to know", async () => {
    expect(await gangc(["best", "plan", "--scope", "btc"], { cwd })).toMatchObject({ exit: 0, out: "x 3\n" });
    const { out } = await gangc(["best", "p.plan", "--format", "json"], { cwd });
    expect(JSON.parse(out)).toMatchObject({
      ...{ version: 1, subnet: "n", stage: "p.plan", scope: "", value: { x: 2 } },
      ...{ claim: expect.stringMatching(/^[0-9a-f]{64}$/), strength: expect.any(Number) },
    });
  });

  it("passes over what the folder's program no longer takes, as best(stage) does", async () => {
    const program = (range: string) =>
      `gang 1\ntype Guess = { x: int in ${range} }\nmodel own = embedded()\nagent guess() -> Guess {\n  model: own\n  prompt: "?"\n}\npipeline p {\n  stage plan = guess()\n}\n`;
    const file = join(cwd, "main.gang");
    try {
      for (const [range, expected] of [
        ["0..9", "x 2\n"],
        ["0..1", "x 1\n"],
        ["7..9", ""],
      ] as const) {
        writeFileSync(file, program(range));
        expect(await gangc(["best", "plan"], { cwd })).toMatchObject({ exit: 0, out: expected });
      }
      writeFileSync(file, "pipeline p {");
      expect(await gangc(["best", "plan"], { cwd }), "a program with errors says nothing").toMatchObject({
        out: "x 2\n",
      });
    } finally {
      rmSync(file);
    }
  });

  it("has none where nothing worked yet", async () => {
    expect(await gangc(["best", "broken"], { cwd })).toMatchObject({
      exit: 0,
      out: "",
      talk: expect.stringContaining("yet"),
    });
    expect(JSON.parse((await gangc(["best", "broken", "--format", "json"], { cwd })).out)).toMatchObject({
      value: null,
    });
  });

  it("says what was probably meant", async () => {
    for (const [slip, meant] of [
      ["plam", "plan"],
      ["p.plam", "p.plan"],
    ] as const) {
      const { exit, talk } = await gangc(["best", slip], { cwd });
      expect(exit).toBe(2);
      expect(talk).toContain(`Did you mean ${meant}?`);
    }
    expect((await gangc(["best", "nothing-like-it"], { cwd })).talk).toContain("There are p.plan, p.broken.");
  });
});

describe("gangc trust", () => {
  it("shows each peer's trust, and by stage what it comes from", async () => {
    const { exit, out } = await gangc(["trust"], { cwd });
    expect(exit).toBe(0);
    expect(out).toMatch(/^b +0\.\d{3} +\S+ +0 +p\.plan$/m);
    expect(out).toMatch(/^c +0\.\d{3} +0 +\S+ +p\.plan$/m);
    const { peers } = JSON.parse((await gangc(["trust", "--format", "json"], { cwd })).out);
    expect(peers.map(({ peer }: { peer: string }) => peer).sort()).toEqual(["a", "b", "c"]);
    for (const { trust, agreement, disagreement, stages } of peers) {
      expect(trust).toBeCloseTo((1 + agreement) / (2 + agreement + disagreement), 10);
      for (const one of stages) expect(one).toMatchObject({ subnet: "n", stage: "p.plan" });
    }
    const trustOf = (name: string) => peers.find(({ peer }: { peer: string }) => peer === name).trust;
    expect(trustOf("b")).toBeGreaterThan(0.5);
    expect(trustOf("c")).toBeLessThan(0.5);
  });
});

describe("gangc status", () => {
  it("shows the store, who wrote in it, where the subnet moved, and what was refused", async () => {
    const { exit, out } = await gangc(["status"], { cwd });
    expect(exit).toBe(0);
    expect(out).toMatch(/^\.gang: 12 records of 1 process$/m);
    expect(out).toMatch(/ended +a, b, c +12 /);
    expect(out).toMatch(/^p\.plan +n +1 +0 +0 +0\.0$/m);
    expect(out).toMatch(/drift +p\.plan +0 ended +a +it moved$/m);
    expect(out).toMatch(/drift +p\.plan +1 ended, say too few +c +again$/m);
    expect(out).toMatch(/return +p\.plan +1 is 0 +a +it came back$/m);
    expect(out).toMatch(/a claim that does not hash to its key +1$/m);
  });

  it("tells a script the same", async () => {
    const status = JSON.parse((await gangc(["status", "--format", "json"], { cwd })).out);
    expect(status).toMatchObject({
      ...{ version: 1, records: 12, generation: 0, refused: { claim: 1 }, forgotten: 0, unconfirmed: 0, problems: [] },
      processes: [{ alive: false, peers: ["a", "b", "c"], records: 12 }],
      changes: ["drift", "drift", "return", "return", "drift"].map((kind, i) => ({ kind, holds: i < 4 })),
    });
    const plan = status.stages.find(({ stage }: { stage: string }) => stage === "p.plan");
    expect(plan.regimes.map(({ same }: { same: number }) => same)).toEqual([1, 1]);
  });
});

it("what is sealed and in a snapshot is told as before", async () => {
  const status = async () => {
    const { stages, peers, processes, changes, records, refused } = JSON.parse(
      (await gangc(["status", "--format", "json"], { cwd })).out,
    );
    const trusts = peers.map(({ peer, records }: never) => ({ peer, records }));
    return [{ stages, processes, changes, records, refused, trusts }, peers.map(({ trust }: never) => trust)];
  };
  const [before, trustBefore] = await status();
  await compact({ directory: join(cwd, ".gang"), from: 0, snapshotRecords: 1 });
  expect(newestManifest(join(cwd, ".gang"))!.snapshot).toBeDefined();
  const [after, trustAfter] = await status();
  expect(after).toEqual(before);
  // The two are asked at two times, and trust moves with the age of what it rests on.
  for (const [at, trust] of trustBefore.entries()) expect(trustAfter[at]).toBeCloseTo(trust, 4);
});

it("a store that is not there reads as empty, and stays so", async () => {
  for (const command of [["best", "plan"], ["trust"], ["status"]])
    expect(await gangc(command, { cwd: empty })).toMatchObject({ exit: 0, out: "" });
  expect(existsSync(join(empty, ".gang"))).toBe(false);
});
