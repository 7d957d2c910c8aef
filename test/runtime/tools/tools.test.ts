import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { allowedEnvironment } from "../../../runtime/tools/environment.ts";
import { execTool, programsEnded } from "../../../runtime/tools/exec.ts";
import type { ToolContext } from "../../../runtime/tools/tool.ts";
import { typescriptTool } from "../../../runtime/tools/typescript.ts";
import type { Json } from "../../../runtime/types.ts";
import { fromWorker } from "../../fixtures/tools/environment.ts";
import { isAlive } from "./alive.ts";

const root = resolve(import.meta.dirname, "../../..");
const logged: string[] = [];
const scratch = mkdtempSync(join(tmpdir(), "gang-call-"));
const context: ToolContext = {
  ...{ seed: 1, stage: "work.one", run: "r" },
  folder: () => scratch,
  log: (line) => void logged.push(line),
};
const never = new AbortController().signal;

/** What a fixture prints, after which it may be killed. */
function printedBy(fixture: string, shell = ":"): Promise<string> {
  const script = `${shell}; exec "$0" "$1"`;
  const args = ["-c", script, process.execPath, join(root, "test/fixtures/tools", fixture)];
  return new Promise((resolve, reject) =>
    execFile("sh", args, (error, printed) => (printed === "" ? reject(error) : resolve(printed))),
  );
}

describe("a TypeScript function", () => {
  const open = (file: string, name: string, nulls: readonly string[] = []) =>
    typescriptTool(name, { file: `test/fixtures/tools/${file}`, export: name, nulls }, root);
  const use = async (file: string, name: string, input: { [name: string]: Json }, nulls?: readonly string[]) =>
    (await (await open(file, name, nulls)).call(input, context, never)).value;

  test("is called with one object; what it prints is a log, not output", async () => {
    logged.length = 0;
    expect(await use("arithmetic.ts", "start", { value: 2 })).toEqual({ value: 2, extra: "dropped" });
    expect(logged).toEqual(["starting at 2"]);
    expect(await use("arithmetic.ts", "double", { value: 2 })).toEqual({ value: 4 });
  });

  test("gets null for what is absent where its parameter says null, else undefined", async () => {
    expect(await use("arithmetic.ts", "absent", {}, ["a"])).toEqual({ a: true, b: true });
  });

  test("gets a date, bytes and a big integer where it takes such", async () => {
    const forms = { when: "date", data: "bytes", count: "bigint" } as const;
    const source = { file: "test/fixtures/tools/arithmetic.ts", export: "formed", nulls: [], forms };
    const tool = await typescriptTool("formed", source, root);
    writeFileSync(join(scratch, "data"), "bytes");
    const input = { when: "2026-01-31T12:00:00.000Z", data: join(scratch, "data") };
    expect((await tool.call(input, context, never)).value).toBe("2026 bytes undefined");
    expect((await tool.call({ ...input, count: 3 }, context, never)).value).toBe("2026 bytes bigint");
    rmSync(join(scratch, "data"));
  });

  test("fails with its own message, in one line", async () => {
    await expect(use("arithmetic.ts", "fails", {})).rejects.toMatchObject({
      class: "error",
      message: "the feed is stale",
    });
  });

  test("reads the environment by name; what it starts gets what a program would, and what it has set", async () => {
    process.env.GANG_TEST_API_KEY = "canary";
    const { byName, ...seen } = (await use("environment.ts", "environment", {})) as { [way: string]: string[] };
    expect(byName).toEqual(["canary"]);
    expect(Object.keys(seen)).toEqual(["itself", "imported", "loaded", "spread", "child", "worker", "sharing"]);
    for (const [way, names] of Object.entries(seen)) {
      expect([way, names]).toEqual([way, expect.arrayContaining(["PATH", "OF_THE_TOOL"])]);
      expect([way, names]).not.toEqual([way, expect.arrayContaining(["GANG_TEST_API_KEY"])]);
    }
    expect({ ...process.env }).toMatchObject({ GANG_TEST_API_KEY: "canary", PATH: expect.any(String) });
    // A worker of somebody else has what it always had.
    expect(await fromWorker({})).toEqual(expect.arrayContaining(["GANG_TEST_API_KEY", "PATH"]));
    for (const name of ["GANG_TEST_API_KEY", "OF_THE_TOOL"]) delete process.env[name];
    expect("GANG_TEST_API_KEY" in process.env).toBe(false);
  });

  test("of a file that does not parse, has no such export, or lies elsewhere is refused with the reason", async () => {
    await expect(open("arithmetic.ts", "missing")).rejects.toThrow("exports no function missing");
    await expect(open("nowhere.ts", "x")).rejects.toThrow("test/fixtures/tools/nowhere.ts does not exist");
    const folder = mkdtempSync(join(tmpdir(), "gang-root-"));
    symlinkSync(join(root, "test/fixtures/tools/arithmetic.ts"), join(folder, "inside.ts"));
    writeFileSync(join(folder, "own.ts"), "export const f = () => 1;");
    writeFileSync(join(folder, "broken.ts"), "export function broken( {");
    await expect(typescriptTool("broken", { file: "broken.ts", export: "broken", nulls: [] }, folder)).rejects.toThrow(
      /^broken\.ts cannot be loaded: .+/,
    );
    for (const file of ["../arithmetic.ts", "inside.ts"]) {
      await expect(typescriptTool("f", { file, export: "f", nulls: [] }, folder)).rejects.toThrow(
        /lies outside the project|does not exist/,
      );
    }
    rmSync(folder, { recursive: true });
  });
});

describe("a program", () => {
  const program = execTool("echo", [process.execPath, "test/fixtures/tools/echo.mjs"], root);
  const use = async (input: { [name: string]: Json }, signal = never) =>
    (await program.call(input, context, signal)).value;

  test("gets JSON, gives JSON, and sees no secret of its host", async () => {
    process.env.GANG_TEST_API_KEY = "canary";
    const { input, environment } = (await use({ a: "x" })) as { input: Json; environment: { [name: string]: string } };
    expect(input).toEqual({ a: "x" });
    expect(environment).toMatchObject({ PATH: process.env.PATH, GANG_STAGE: "work.one", GANG_SEED: "1" });
    expect(JSON.stringify(environment)).not.toContain("canary");
    delete process.env.GANG_TEST_API_KEY;
    expect(
      allowedEnvironment({
        PATH: "p",
        LC_ALL: "C",
        AWS_SECRET_ACCESS_KEY: "s",
        NODE_OPTIONS: "--require x",
        HTTPS_PROXY: "u:p@h",
      }),
    ).toEqual({ PATH: "p", LC_ALL: "C" });
  });

  test("may print 10 MB as its result", async () => {
    expect(((await use({ do: "big" })) as string).length).toBe(10_000_000);
  });

  test("is drained of whatever it prints, in a memory that does not grow; what is no result is refused then", async () => {
    const chatty = execTool("chatty", ["sh", "-c", "head -c 400000000 /dev/zero; echo done >&2"], root);
    logged.length = 0;
    const before = process.memoryUsage.rss();
    let most = 0;
    const look = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss() - before);
    }, 10);
    await expect(chatty.call({}, context, never)).rejects.toMatchObject({
      class: "invalid",
      message: "sh printed 382 MB, and a result may have 64 MB: what is larger belongs in a `file`, by its path",
    });
    clearInterval(look);
    expect(logged).toEqual(["done"]);
    expect(most).toBeLessThan(64 * 2 ** 20);
    // What it printed may hold a secret: nothing of it stays.
    expect(readdirSync(scratch)).toEqual([]);
  });

  test("is ended where it prints without end", async () => {
    const bounds = { resultBytes: 2 ** 20, outputBytes: 8 * 2 ** 20 };
    const endless = execTool("endless", ["yes", "y".repeat(1000)], root, bounds);
    await expect(endless.call({}, context, never)).rejects.toThrow("yes printed more than 8 MB, and was ended");
  });

  test("that opens its standard output once more goes on at its end", async () => {
    const script = "printf '[1,'; node -e 'require(\"fs\").appendFileSync(\"/dev/stdout\", \"2,\")'; printf '3]'";
    expect((await execTool("again", ["sh", "-c", script], root).call({}, context, never)).value).toEqual([1, 2, 3]);
  });

  test("may say a line of any length: no more of it is kept than is shown", async () => {
    logged.length = 0;
    const script = "process.stderr.write('a\\nb' + 'x'.repeat(5e6) + '\\r\\nlast'); console.log(1)";
    const chatty = execTool("chatty", [process.execPath, "-e", script], root);
    expect((await chatty.call({}, context, never)).value).toBe(1);
    expect([logged.length, logged[0], logged[2], logged[1]!.length < 200_000]).toEqual([3, "a", "last", true]);
  });

  test("that fails is told with its code and its last words; that prints no JSON, with what it printed", async () => {
    await expect(use({ do: "fail" })).rejects.toMatchObject({
      class: "error",
      message: expect.stringMatching(/ended with code 3: about to fail$/),
    });
    await expect(use({ do: "talk" })).rejects.toMatchObject({
      class: "invalid",
      message: expect.stringContaining("not JSON"),
    });
    await expect(execTool("none", ["no-such-program"], root).call({}, context, never)).rejects.toThrow(
      "there is no program no-such-program",
    );
  });

  test("that finds no file descriptor left has surely not started, and the process lives on", async () => {
    const { watched, calls, ...rest } = JSON.parse(await printedBy("descriptors.ts", "ulimit -n 100"));
    expect(calls.slice(-2)).toEqual(["1", "1"]);
    expect(calls).toContain("NotStarted: echo cannot be started: spawn echo EMFILE");
    for (const call of calls.slice(0, -2)) expect(call).toMatch(/^NotStarted: /);
    expect(rest).toEqual({ server: "Error: spawn cat EMFILE", cause: "does not start: EMFILE", left: [] });
    // There was no watcher yet when it began: the next one has heard of it all the same.
    await expect.poll(() => isAlive(watched), { timeout: 5_000 }).toBe(false);
  });

  test("ends with all that it started when its time is over", async () => {
    logged.length = 0;
    const controller = new AbortController();
    const hanging = use({ do: "hang" }, controller.signal);
    while (!logged.some((line) => line.startsWith("child "))) await new Promise((done) => setTimeout(done, 20));
    const child = logged.find((line) => line.startsWith("child "))!.slice(6);
    controller.abort(new Error("over"));
    await expect(hanging).rejects.toThrow("over");
    const gone = (): boolean => {
      try {
        process.kill(Number(child), 0);
        return existsSync(`/proc/${child}/stat`) === false;
      } catch {
        return true;
      }
    };
    for (let i = 0; i < 100 && !gone(); i++) await new Promise((done) => setTimeout(done, 20));
    expect(gone()).toBe(true);
  });
});

describe("what a program started", () => {
  test.each([
    ["ends with it", "sleep 30"],
    ["ends with it, with a stderr of its own", "sleep 30 >/dev/null 2>&1"],
    ["apart from it keeps nobody waiting", "setsid sleep 30"],
  ])("and left behind %s", { timeout: 10_000 }, async (_, what) => {
    logged.length = 0;
    const leaves = execTool("leaves", ["sh", "-c", `${what} & echo $! >&2; echo '"done"'`], root);
    const began = performance.now();
    expect((await leaves.call({}, context, never)).value).toBe("done");
    expect(performance.now() - began).toBeLessThan(5_000);
    const left = Number(logged[0]);
    if (what.startsWith("setsid")) process.kill(left, "SIGKILL");
    await programsEnded();
    await expect.poll(() => isAlive(left), { timeout: 2_000 }).toBe(false);
  });

  test("and does not end when it is asked to is ended after the deadline", { timeout: 10_000 }, async () => {
    logged.length = 0;
    const controller = new AbortController();
    const script = `(trap "" TERM; echo deaf >&2; exec sleep 30 >/dev/null 2>&1) & echo $! >&2; wait`;
    const called = execTool("stubborn", ["sh", "-c", script], root).call({}, context, controller.signal);
    while (logged.length < 2) await new Promise((wake) => setTimeout(wake, 20));
    controller.abort(new Error("over"));
    await expect(called).rejects.toThrow("over");
    const deaf = Number(logged.find((line) => line !== "deaf"));
    expect(isAlive(deaf)).toBe(true);
    await programsEnded();
    await expect.poll(() => isAlive(deaf), { timeout: 2_000 }).toBe(false);
  });

  test("ends where the process is killed before its time is over", async () => {
    const left = Number(await printedBy("killed.ts"));
    await expect.poll(() => isAlive(left), { timeout: 5_000 }).toBe(false);
  });
});

afterAll(() => {
  rmSync(join(root, "test/fixtures/tools/.gang"), { recursive: true, force: true });
  rmSync(scratch, { recursive: true, force: true });
});
