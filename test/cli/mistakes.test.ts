/** What users get wrong, run for real: a clear sentence, the right exit code, no stack trace, and the facts on record. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { EXIT } from "../../cli/exit-codes.ts";
import { REPOSITORY } from "./project.ts";
import { gangc as inFolder } from "./terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "gangc-mistakes-"));
afterAll(() => rmSync(folder, { recursive: true }));
/** The command from its source, in a process of its own. */
const GANGC = join(folder, "gangc.mjs");
writeFileSync(GANGC, `import { start } from ${JSON.stringify(join(REPOSITORY, "cli/start.ts"))};\nstart();\n`);

interface Result {
  readonly exit: number;
  readonly talk: string;
  readonly events: readonly { readonly kind: string; readonly [field: string]: unknown }[];
}

let projects = 0;

async function gangc(files: { readonly [name: string]: string }, ...args: readonly string[]): Promise<Result> {
  const cwd = join(folder, `p${++projects}`);
  mkdirSync(cwd);
  for (const [name, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files }))
    writeFileSync(join(cwd, name), text);
  return new Promise((resolve) => {
    const command = [GANGC, "run", "--ui", "json", "--seed", "1", ...args];
    execFile(process.execPath, command, { cwd, maxBuffer: 2 ** 28 }, (error, out, talk) => {
      const lines = out.split("\n").filter((line) => line !== "");
      const exit = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ exit, talk, events: lines.map((line) => JSON.parse(line) as Result["events"][number]) });
    });
  });
}

const IMPORTED = `gang 1
import { measure } from "./tools.ts"
pipeline p {
  stage result = measure(x: 1.0)
}
`;
const typescript = (body: string): { readonly [name: string]: string } => ({
  "main.gang": IMPORTED,
  "tools.ts": `export async function measure({ x }: { readonly x: number }): Promise<{ readonly loss: number }> {\n  ${body}\n}\n`,
});
const timed = (files: { readonly [name: string]: string }): { readonly [name: string]: string } => ({
  ...files,
  "main.gang": files["main.gang"]!.replace("1.0)", "1.0) { timeout: 1s }"),
});
const exec = (program: string, ...more: readonly string[]): { readonly [name: string]: string } => ({
  "main.gang": `gang 1
tool measure(x: float) -> { loss: float } = exec(${[program, ...more].map((part) => JSON.stringify(part)).join(", ")})
pipeline p {
  stage result = measure(x: 1.0)
}
`.replace(
    "tool measure(x: float) -> { loss: float }",
    "type Result = { loss: float }\ntool measure(x: float) -> Result",
  ),
});
const node = (script: string): { readonly [name: string]: string } => exec(process.execPath, "-e", script);

describe.concurrent("a tool that", () => {
  test.each<[string, { readonly [name: string]: string }, string, string]>([
    ["throws", typescript('throw new Error("the feed is stale\\n  at somewhere");'), "error", "the feed is stale"],
    [
      "gives the wrong shape",
      typescript("return { loss: 'high' } as never;"),
      "invalid",
      'the result.loss must be a number, but is "high"',
    ],
    ["gives nothing", typescript("return undefined as never;"), "invalid", "the result"],
    [
      "never resolves",
      timed(typescript("return new Promise(() => { setInterval(() => {}, 1000); });")),
      "timeout",
      "it took longer than 1 s",
    ],
    [
      "calls process.exit",
      typescript("return process.exit(0);"),
      "error",
      "it called process.exit(0): a tool returns or throws",
    ],
    [
      "throws where nobody waits",
      typescript('setTimeout(() => { throw new Error("stray"); }, 10); return new Promise(() => {});'),
      "error",
      "stray",
    ],
    [
      "leaves a promise that rejects",
      typescript('Promise.reject(new Error("forgotten")); return new Promise((r) => setTimeout(r, 500, { loss: 1 }));'),
      "error",
      "forgotten",
    ],
    [
      "imports a package that is not there",
      {
        ...typescript(""),
        "tools.ts": `import { nothing } from "no-such-package";\n${typescript("return { loss: nothing(x) };")["tools.ts"]}`,
      },
      "error",
      "tools.ts cannot be loaded: Cannot find package 'no-such-package'",
    ],
    ["is a program that is not there", exec("./no-such-program"), "error", "there is no program ./no-such-program"],
    [
      "is a program that exits with 1",
      node("console.error('no money left'); process.exit(1)"),
      "error",
      "ended with code 1: no money left",
    ],
    [
      "is a program that prints no JSON",
      node("console.log('hello there')"),
      "invalid",
      'did not print JSON, but "hello there',
    ],
    [
      "is a program that prints 10 MB of something else",
      node("process.stdout.write('x'.repeat(1e7))"),
      "invalid",
      'did not print JSON, but "xxx',
    ],
  ])("%s fails its stage with a sentence", async (_, files, kind, message) => {
    const { exit, talk, events } = await gangc(files);
    expect(talk).not.toMatch(/^\s+at .*:\d+:\d+/m);
    expect(events.find((event) => event.kind === "stage.ended")).toMatchObject({
      status: "failed",
      class: kind,
      error: expect.stringContaining(message),
    });
    expect(events.find((event) => event.kind === "tool.ended")).toMatchObject({ ok: false, class: kind });
    expect(events.at(-1)).toMatchObject({ kind: "run.ended", status: "failed" });
    expect(exit).toBe(EXIT.problems);
  });

  test("is a program that ignores SIGTERM fails its stage in time, and does not outlive the run", async ({
    expect,
  }) => {
    const script = "console.error(process.pid); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
    const { exit, events } = await gangc(timed(node(script)));
    expect(events.find((event) => event.kind === "stage.ended")).toMatchObject({
      status: "failed",
      class: "timeout",
      error: expect.stringContaining("it took longer than 1 s"),
    });
    expect(exit).toBe(EXIT.problems);
    const pid = Number(events.find((event) => event.name === "log")?.message);
    expect(pid).toBeGreaterThan(1);
    await expect.poll(() => isAlive(pid), { timeout: 2_000 }).toBe(false);
  }, 20_000);

  test("does not parse is refused with its place", async () => {
    const files = typescript("return { loss: x x };");
    const { exit, talk, events } = await gangc(files);
    expect(events).toEqual([]);
    expect(talk).toMatch(/tools\.ts/);
    expect(exit).toBe(EXIT.problems);
  });

  test("prints a lot is heard for a while, and then counted", async () => {
    const { exit, events } = await gangc(
      typescript("for (let i = 0; i < 50_000; i++) console.log('line', i); return { loss: 1 };"),
    );
    expect(exit).toBe(EXIT.fine);
    const log = events.filter((event) => event.kind === "event" && event.name === "log");
    expect(log).toHaveLength(1001);
    expect(log.at(-1)).toMatchObject({ message: "… 49000 more lines of measure" });
  });
});

describe.concurrent("a run", () => {
  test("whose reader goes away ends as with Ctrl-C: what it had begun is on record to its end", async () => {
    const cwd = join(folder, `p${++projects}`);
    mkdirSync(cwd);
    const files = { "package.json": '{ "type": "module" }', ...typescript("return { loss: x };") };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
    const child = spawn(process.execPath, [GANGC, "run", "--forever", "--ui", "json"], { cwd });
    let talk = "";
    child.stderr.on("data", (data) => {
      talk += data;
    });
    await once(child.stdout, "data");
    child.stdout.destroy();
    const [code] = await once(child, "close");
    expect([code, talk]).toEqual([EXIT.interrupted, expect.stringMatching(/^Interrupted/m)]);
    const { out } = await inFolder(["store", "export"], { cwd });
    const kinds = out.split("\n").flatMap((line) => (line === "" ? [] : [(JSON.parse(line) as { kind: string }).kind]));
    const count = (kind: string): number => kinds.filter((one) => one === kind).length;
    expect(count("run.started")).toBeGreaterThan(0);
    expect(count("run.ended")).toBe(count("run.started"));
  }, 20_000);

  test("of a file without a pipeline, or without what it must be given, is refused before anything happens", async () => {
    const none = await gangc({ "main.gang": "gang 1\ntype T = { x: float }\n" });
    expect(none.events).toEqual([]);
    expect(none.talk).toMatch(/pipeline/);
    expect(none.exit).toBe(EXIT.problems);
    const files = typescript("return { loss: x };");
    const main = IMPORTED.replace("p {", "p(start: float, label: string) {").replace("x: 1.0", "x: start");
    const given = await gangc(
      { ...files, "main.gang": main, "input.json": '{ "label": "a" }' },
      "--input",
      "input.json",
    );
    expect(given.events).toEqual([]);
    expect(given.talk).toMatch(/The input does not fit: p\.start is missing/);
    expect(given.exit).toBe(EXIT.usage);
  });

  test("without a model that this machine could use is refused in a sentence; with a lesser one it is said and skipped", async () => {
    const program = (model: string): string => `gang 1
type Choice = { x: float in 0.0..1.0 }
model own = embedded()
model deep = anthropic("claude-opus-4-5")
retry climb { ladder: [deep, own] }
agent chooser() -> Choice {
  model: ${model}
  prompt: "Choose."
}
pipeline p {
  stage choice = chooser()${model === "own" ? " { retry: climb }" : ""}
}
`;
    const none = await gangc({ "main.gang": program("deep") });
    expect(none.events).toEqual([]);
    expect(none.talk).toMatch(/The agent chooser has no model that it could use here \(deep: /);
    expect(none.exit).toBe(EXIT.environment);
    const lesser = await gangc({ "main.gang": program("own") });
    expect(lesser.events).toContainEqual(expect.objectContaining({ name: "rung.skipped" }));
    expect(lesser.exit).toBe(EXIT.fine);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
