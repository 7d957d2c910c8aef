/** Files and folders on their way through a run: kept by their content, and a copy for whoever is called with one. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { restoredRun } from "../../../runtime/execution/restored.ts";
import type { Node, Plan, Tool } from "../../../runtime/plan.ts";
import type { Tool as Callable } from "../../../runtime/tools/tool.ts";
import { artifactsOf } from "../../../runtime/trail/artifacts.ts";
import { treeFrom } from "../../../runtime/trail/tree.ts";
import type { Json, Type } from "../../../runtime/types.ts";
import { addressIn } from "../../../runtime/values/address.ts";
import { type Ran, run, written } from "./fakes.ts";
import { AT, call, field, name, planOf, STRING, stage } from "./plans.ts";

const folder = mkdtempSync(join(tmpdir(), "gang-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let root = "";
let store = "";
let number = 0;
beforeEach(() => {
  root = join(folder, String(++number));
  store = join(root, ".gang");
  mkdirSync(root);
});

const FILE: Type = { kind: "file" };
const DIR: Type = { kind: "dir" };
const MADE: Type = { kind: "record", fields: [{ name: "out", type: { kind: "optional", of: FILE } }] };

type Body = (input: { readonly [name: string]: Json }, own: string) => unknown;

/** A tool of these parameters and this result, that does what `body` says. */
function pair(of: string, takes: readonly (readonly [string, Type])[], result: Type, body: Body): [Tool, Callable] {
  const declared: Tool = {
    from: { kind: "exec", command: [of] },
    parameters: takes.map(([name, type]) => ({ name, type })),
    result,
    effect: false,
    limits: [],
    at: AT,
  };
  return [
    declared,
    { name: of, call: async (input, context) => ({ value: (await body(input, context.folder())) as Json }) },
  ];
}

async function runWith(
  body: readonly Node[],
  tools: readonly [Tool, Callable][],
  more: Parameters<typeof run>[2] & { readonly plan?: Partial<Plan> } = {},
): Promise<Ran> {
  const named = tools.map(([declared, tool]) => [tool.name, declared] as const);
  const { plan, ...rest } = more;
  return run(planOf(body, { root, tools: Object.fromEntries(named), ...plan }), store, {
    tools: new Map(tools.map(([, tool]) => [tool.name, tool])),
    ...rest,
  });
}

const outputOf = (ran: Ran, of: string): Json =>
  ran.of("stage.ended").find((record) => record.stage === `work.${of}`)?.output as Json;
const failureOf = (ran: Ran): string | undefined => ran.of("stage.ended").find(({ error }) => error)?.error;
const write = (path: string, text: string | Uint8Array): string => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
};

describe("a file", () => {
  test("is its content: the trail holds hash and size, and who is called with it gets a copy of its own", async () => {
    const got: string[] = [];
    const ran = await runWith(
      [
        stage("made", call("tool", "make"), [], { type: MADE }),
        stage("read", call("tool", "read", { of: field(name("made"), "out") }), ["made"], { type: STRING }),
        stage("again", call("tool", "read", { of: field(name("made"), "out") }), ["made", "read"], { type: STRING }),
      ],
      [
        pair("make", [], MADE, (_, own) => ({ out: write(join(own, "prices of today.csv"), "1,2\n") })),
        pair("read", [["of", FILE]], STRING, ({ of }) => {
          got.push(String(of));
          const text = readFileSync(String(of), "utf8");
          writeFileSync(String(of), "changed");
          return text;
        }),
      ],
    );
    const { out } = outputOf(ran, "made") as { out: string };
    expect(addressIn(out)).toMatchObject({ kind: "file", bytes: 4, extension: ".csv" });
    expect([outputOf(ran, "read"), outputOf(ran, "again")]).toEqual(["1,2\n", "1,2\n"]);
    expect(got.every((path) => path.endsWith(".csv") && path.startsWith(join(store, "calls")))).toBe(true);
    expect(got.some(existsSync)).toBe(false);
  });

  test("of the same content is the same, whether a path was given or bytes; a path is meant from the project", async () => {
    write(join(root, "data/a"), "same");
    const ran = await runWith(
      [
        stage("one", call("tool", "one"), [], { type: FILE }),
        stage("two", call("tool", "two"), [], { type: FILE }),
        stage("three", call("tool", "pass", { of: name("one") }), ["one"], { type: FILE }),
      ],
      [
        pair("one", [], FILE, () => "data/a"),
        pair("two", [], FILE, () => new TextEncoder().encode("same")),
        pair("pass", [["of", FILE]], FILE, ({ of }) => of),
      ],
    );
    expect(addressIn(outputOf(ran, "one"))).toMatchObject({ bytes: 4 });
    expect(outputOf(ran, "two")).toBe(outputOf(ran, "one"));
    expect(outputOf(ran, "three")).toBe(outputOf(ran, "one"));
  });

  test.each([
    ["nowhere.csv", "the result does not exist: nowhere.csv"],
    ["/etc/passwd", "the result lies outside the project, and is not in the folder for temporary files either"],
    ["link", "the result lies outside the project"],
    [".", "the result is no file: ."],
    ["", "the result must be the path of a file"],
    [`file:${"0".repeat(64)}:3`, "the result does not exist: file:000"],
  ])("that cannot be taken fails its call: %j", async (path, message) => {
    symlinkSync("/etc/passwd", join(root, "link"));
    const ran = await runWith(
      [stage("one", call("tool", "one"), [], { type: FILE })],
      [pair("one", [], FILE, () => path)],
    );
    expect(failureOf(ran)).toContain(message);
    expect(ran.of("attempt.ended")[0]!.class).toBe("invalid");
  });

  test("is the same when the run goes on, though where it was made is gone; one that is missing is said", async () => {
    const body = [
      stage("made", call("tool", "make"), [], { type: FILE }),
      stage("read", call("tool", "read", { of: name("made") }), ["made"], { type: STRING }),
    ];
    const made: string[] = [];
    const tools = (isUp: boolean) => [
      pair("make", [], FILE, () => {
        made.push("made");
        return write(join(root, "here"), "content");
      }),
      pair("read", [["of", FILE]], STRING, ({ of }) => {
        if (!isUp) throw new Error("it is down");
        return readFileSync(String(of), "utf8");
      }),
    ];
    const first = await runWith(body, tools(false));
    expect(failureOf(first)).toContain("it is down");
    rmSync(join(root, "here"));
    const records = written(first.trail.drafts);
    const restored = async () =>
      (await restoredRun(records, records.find((record) => record.run !== undefined)!.run!, artifactsOf(store)))!;
    const second = await runWith(body, tools(true), { resume: await restored() });
    expect([outputOf(second, "read"), made]).toEqual(["content", ["made"]]);
    const address = outputOf(first, "made") as string;
    const { hash } = addressIn(address)!;
    const path = join(store, "artifacts", hash.slice(0, 2), hash);
    writeFileSync(path, "damages");
    expect(failureOf(await runWith(body, tools(true), { resume: await restored() }))).toMatch(
      /^of cannot be had: The artifact .* is damaged: its content does not fit its name\.$/,
    );
    rmSync(path);
    expect(failureOf(await runWith(body, tools(true), { resume: await restored() }))).toBe(
      `of cannot be had: ${address} is no longer in the store`,
    );
  });

  test("may be given to a run from anywhere by who starts it", async () => {
    const elsewhere = write(join(folder, "elsewhere.txt"), "from elsewhere");
    const body = [stage("read", call("tool", "read", { of: name("given") }), [], { type: STRING })];
    const tools = [pair("read", [["of", FILE]], STRING, ({ of }) => readFileSync(String(of), "utf8"))];
    const plan = planOf(body, {});
    const pipelines = { work: { ...plan.pipelines.work!, parameters: [{ name: "given", type: FILE }] } };
    const ran = await runWith(body, tools, { plan: { pipelines }, input: { given: elsewhere } });
    expect(outputOf(ran, "read")).toBe("from elsewhere");
    expect(ran.of("run.started")[0]!.input).toMatchObject({
      given: expect.stringMatching(/^file:[0-9a-f]{64}:14\.txt$/),
    });
    await expect(runWith(body, tools, { plan: { pipelines }, input: { given: "nowhere" } })).rejects.toThrow(
      "The input does not fit: work.given does not exist: nowhere.",
    );
  });
});

describe("a folder", () => {
  test("is what is in it: files, programs, empty folders and links, each where it was", async () => {
    let seen: unknown;
    let changed = "";
    const ran = await runWith(
      [
        stage("made", call("tool", "make"), [], { type: DIR }),
        stage("again", call("tool", "make"), [], { type: DIR }),
        stage("look", call("tool", "look", { of: name("made") }), ["made"], { type: STRING }),
      ],
      [
        pair("make", [], DIR, (_, own) => {
          const at = join(own, "weights");
          write(join(at, "a/b.txt"), "b");
          write(join(at, "run.sh"), "#!/bin/sh\n");
          writeFileSync(join(at, "big"), Buffer.alloc(3_000_000, 7));
          mkdirSync(join(at, "empty"));
          symlinkSync("a/b.txt", join(at, "link"));
          chmodSync(join(at, "run.sh"), 0o755);
          return at;
        }),
        pair("look", [["of", DIR]], STRING, ({ of }) => {
          changed = String(of);
          writeFileSync(join(changed, "a/b.txt"), `${readFileSync(join(changed, "link"), "utf8")} was read`);
          seen = {
            names: readdirSync(changed, { recursive: true }).sort(),
            linked: readFileSync(join(changed, "link"), "utf8"),
            runs: statSync(join(changed, "run.sh")).mode & 0o100,
            data: statSync(join(changed, "big")).mode & 0o100,
          };
          return "seen";
        }),
      ],
    );
    expect(addressIn(outputOf(ran, "made"))).toMatchObject({ kind: "dir", bytes: 3_000_011 });
    expect(outputOf(ran, "again")).toBe(outputOf(ran, "made"));
    expect(seen).toEqual({
      names: ["a", "a/b.txt", "big", "empty", "link", "run.sh"],
      linked: "b was read",
      runs: 0o100,
      data: 0,
    });
    expect(existsSync(changed)).toBe(false);
  });

  test("may be the project itself: the store in it is left out", async () => {
    write(join(root, "main.gang"), "gang 1");
    const ran = await runWith(
      [
        stage("one", call("tool", "whole"), [], { type: DIR }),
        stage("look", call("tool", "look", { of: name("one") }), ["one"], { type: STRING }),
      ],
      [
        pair("whole", [], DIR, () => "."),
        pair("look", [["of", DIR]], STRING, ({ of }) => readdirSync(String(of)).join()),
      ],
    );
    expect(outputOf(ran, "look")).toBe("main.gang");
  });

  test("with a link that leads out of it is refused", async () => {
    for (const [target, at] of [
      ["../../x", "a/link"],
      ["/etc", "link"],
    ] as const) {
      rmSync(join(root, "d"), { recursive: true, force: true });
      mkdirSync(join(root, "d/a"), { recursive: true });
      symlinkSync(target, join(root, "d", at));
      const ran = await runWith(
        [stage("one", call("tool", "one"), [], { type: DIR })],
        [pair("one", [], DIR, () => "d")],
      );
      expect(failureOf(ran)).toBe(`the result has a link that leads out of it: ${at}`);
    }
  });

  test("whose list somebody else wrote leads nowhere else", () => {
    const list = (more: object): Buffer =>
      Buffer.from(JSON.stringify({ v: 1, files: [], links: [], folders: [], ...more }));
    const file = (path: string) => ({ path, content: "0".repeat(64), bytes: 1 });
    for (const path of ["../x", "/x", "a/../../x", "a//b", "", ".", "a\0b"])
      expect(() => treeFrom(list({ files: [file(path)] })), path).toThrow("leads out of it");
    expect(() => treeFrom(list({ folders: [".."] }))).toThrow("leads out of it");
    expect(() => treeFrom(list({ links: [{ path: "a", to: "../.." }] }))).toThrow("leads out of it");
    expect(() => treeFrom(list({ links: [{ path: "a", to: "b" }], files: [file("a/x")] }))).toThrow("through a link");
    expect(() => treeFrom(Buffer.from("{"))).toThrow("is no list of a folder");
    expect(treeFrom(list({ files: [file("a/..b")] })).files).toHaveLength(1);
  });
});

describe("a program", () => {
  test("finds its files by path, and gives back what it wrote to its folder", async () => {
    write(
      join(root, "train.mjs"),
      `import { readFileSync, writeFileSync } from "node:fs";
const { data } = JSON.parse(readFileSync(0, "utf8"));
writeFileSync(process.env.GANG_FOLDER + "/w.bin", readFileSync(data, "utf8").toUpperCase());
console.log(JSON.stringify(process.env.GANG_FOLDER + "/w.bin"));`,
    );
    write(join(root, "data.txt"), "abc");
    const program = { ...pair("train", [["data", FILE]], FILE, () => null)[0] };
    const ran = await run(
      planOf(
        [
          stage("data", call("tool", "data"), [], { type: FILE }),
          stage("trained", call("tool", "train", { data: name("data") }), ["data"], { type: FILE }),
        ],
        {
          root,
          tools: {
            data: pair("data", [], FILE, () => null)[0],
            train: { ...program, from: { kind: "exec", command: [process.execPath, "train.mjs"] } },
          },
        },
      ),
      store,
      { tools: new Map([["data", { name: "data", call: async () => ({ value: "data.txt" }) }]]) },
    );
    const address = addressIn(outputOf(ran, "trained"))!;
    expect(address.extension).toBe(".bin");
    expect(String(await artifactsOf(resolve(store)).get(address.hash))).toBe("ABC");
  });
});
