/** Tools of an MCP server: a real one, as a child process. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { mcpTool } from "../../../runtime/tools/mcp.ts";
import { listTools } from "../../../runtime/tools/mcp-server.ts";
import type { Json, Type } from "../../../runtime/types.ts";
import { isAlive } from "./alive.ts";

const SERVER = resolve(import.meta.dirname, "../../fixtures/mcp/calling.mjs");
const JSON_TYPE: Type = { kind: "json" };
const CONTEXT = { seed: 1, stage: "work.x", run: "r", folder: () => tmpdir(), log: () => {} };

async function server() {
  const root = mkdtempSync(join(tmpdir(), "gang-mcp-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const world = join(root, "world");
  const command = [process.execPath, SERVER, world];
  const tools = Object.fromEntries(
    (await listTools({ command, folder: root }, 20_000)).map((tool) => [tool.name, tool]),
  );
  const lock = (changed: object = {}): void =>
    writeFileSync(
      join(root, "gang.lock"),
      JSON.stringify({ servers: { s: { command, tools: { ...tools, ...changed } } } }),
    );
  lock();
  rmSync(world);
  const call = async (
    tool: string,
    input: { readonly [name: string]: Json } = {},
    signal = new AbortController().signal,
    type = JSON_TYPE,
  ) => (await (await mcpTool(`s.${tool}`, { server: command, tool }, type, root)).call(input, CONTEXT, signal)).value;
  const happened = (): string[] => (existsSync(world) ? readFileSync(world, "utf8").trim().split("\n") : []);
  return { call, lock, happened };
}

test("calls share one connection, side by side; what it prints besides is passed over", async () => {
  const { call, happened } = await server();
  const many = await Promise.all(Array.from({ length: 50 }, (_, value) => call("double", { value })));
  expect(many).toEqual(Array.from({ length: 50 }, (_, value) => ({ value: 2 * value })));
  expect(happened()).toEqual(["started"]);
});

test("a text is JSON where it is, and a text where one is wanted; what is missing is left out", async () => {
  const { call } = await server();
  expect(await call("text", { value: null })).toEqual({ got: [] });
  expect(await call("text", {}, undefined, { kind: "string" })).toBe('{"got":[]}');
});

test("its failures are the attempt's, and a server that dies is started again", async () => {
  const { call, happened } = await server();
  await expect(call("fails")).rejects.toMatchObject({ class: "error", message: "the market is closed" });
  await expect(call("dies")).rejects.toMatchObject({
    class: "error",
    message: expect.stringMatching(/ended with code 3.*out of coins/),
  });
  expect(await call("double", { value: 2 })).toEqual({ value: 4 });
  expect(happened()).toEqual(["started", "started"]);
  await expect(call("long")).rejects.toThrow("sends a message of more than 4 MB");
});

test.each([
  ["nothing of it", 0],
  ["its stdout", 1],
  ["its stderr", 2],
])("a server that dies ends with what it started, be that holding %s, and keeps no call waiting", async (_, value) => {
  const { call, happened } = await server();
  const left = (): number =>
    Number(
      happened()
        .find((line) => line.startsWith("left "))
        ?.slice(5) ?? 0,
    );
  const began = performance.now();
  const called = call("leaves", { value }).catch((error: Error) => error.message);
  await expect.poll(left, { timeout: 20_000, interval: 10 }).toBeGreaterThan(0);
  // Nor one that comes while nobody has heard of its end, as it does where that takes its time.
  await Promise.allSettled([call("double", { value: 1 })]);
  expect(await called).toContain("ended with code 4");
  expect(performance.now() - began).toBeLessThan(30_000);
  await expect.poll(() => isAlive(left()), { timeout: 5_000 }).toBe(false);
  expect(await call("double", { value: 2 })).toEqual({ value: 4 });
});

test("a call that is given up is cancelled there", async () => {
  const { call, happened } = await server();
  const stop = new AbortController();
  const slow = call("slow", { value: 20_000 }, stop.signal);
  while (!happened().includes("slow begins")) await new Promise((wake) => setTimeout(wake, 10));
  stop.abort(new Error("the time is over"));
  await expect(slow).rejects.toThrow("the time is over");
  while (!happened().includes("cancelled")) await new Promise((wake) => setTimeout(wake, 10));
  expect(await call("double", { value: 1 })).toEqual({ value: 2 });
});

test("a tool that is not what was pinned is not called", async () => {
  const { call, lock } = await server();
  lock({ double: { inputSchema: { type: "object" } } });
  await expect(call("double", { value: 1 })).rejects.toThrow(/has changed double since it was pinned; `gangc lock`/);
  await expect(call("nothing")).rejects.toThrow("has no tool nothing any more");
});

test("it sees the allow-list of the environment, and no key", async () => {
  process.env.SOME_API_KEY = "x";
  const { call } = await server();
  expect(await call("environment")).not.toContain("SOME_API_KEY");
});
