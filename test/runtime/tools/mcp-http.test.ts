/** Tools of an MCP server at an address: the SDK's own server, on loopback. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { mcpTool } from "../../../runtime/tools/mcp.ts";
import { listTools } from "../../../runtime/tools/mcp-server.ts";
import type { Json, Type } from "../../../runtime/types.ts";
import { type Options, serveMcp } from "../../fixtures/mcp/over-http.ts";

const JSON_TYPE: Type = { kind: "json" };
const CONTEXT = { seed: 1, stage: "work.x", run: "r", folder: () => tmpdir(), log: () => {} };

async function server(options: Options = {}, headers: { readonly [name: string]: string } = {}) {
  const root = mkdtempSync(join(tmpdir(), "gang-mcp-"));
  const served = await serveMcp(options);
  onTestFinished(() => {
    served.close();
    rmSync(root, { recursive: true, force: true });
  });
  const command = [served.url];
  const lock = (changed: object = {}): void => {
    const tools = Object.fromEntries(served.tools.map((tool) => [tool.name, tool]));
    const servers = { s: { command, tools: { ...tools, ...changed } } };
    writeFileSync(join(root, "gang.lock"), JSON.stringify({ servers }));
  };
  lock();
  const call = async (
    tool: string,
    input: { readonly [name: string]: Json } = {},
    signal = new AbortController().signal,
    type = JSON_TYPE,
  ) => {
    const opened = await mcpTool(`s.${tool}`, { server: command, tool }, type, root, headers);
    return (await opened.call(input, CONTEXT, signal)).value;
  };
  return { ...served, call, lock, root, command };
}

test.each([{}, { plainJson: true }])("calls share one session, side by side, answered by %j", async (options) => {
  const { call, happened, seen } = await server(options);
  const many = await Promise.all(Array.from({ length: 50 }, (_, value) => call("double", { value })));
  expect(many).toEqual(Array.from({ length: 50 }, (_, value) => ({ value: 2 * value })));
  expect(happened.filter((what) => what === "opened")).toHaveLength(1);
  expect(new Set(seen.flatMap(({ headers }) => headers["mcp-session-id"] ?? [])).size).toBe(1);
  await expect(call("fails")).rejects.toMatchObject({ class: "error", message: "the market is closed" });
  await expect(call("long")).rejects.toThrow("sends a message of more than 4 MB");
  expect(await call("double", { value: 4 })).toEqual({ value: 8 });
});

test("what gang.yaml has it sent goes with every request, and nowhere else", async () => {
  const elsewhere = await server();
  const headers = { authorization: "Bearer sk-of-the-market" };
  const before: Options["before"] = (_, response, method) => {
    if (method !== "tools/call") return false;
    response.writeHead(307, { location: elsewhere.url }).end();
    return true;
  };
  const { call, seen, url } = await server({ before }, headers);
  await expect(call("double", { value: 1 })).rejects.toThrow(
    `the server \`${url}\` cannot be asked: Streamable HTTP error: Error POSTing to endpoint: Redirect to ${elsewhere.url} not followed`,
  );
  expect(seen.map((request) => request.headers.authorization)).toEqual(seen.map(() => headers.authorization));
  expect(elsewhere.seen).toEqual([]);
});

test("a redirect within its origin is followed", async () => {
  const before: Options["before"] = (request, response) => {
    if (request.url !== "/mcp") return false;
    response.writeHead(308, { location: "/there" }).end();
    return true;
  };
  const { call } = await server({ before });
  expect(await call("double", { value: 3 })).toEqual({ value: 6 });
});

test.each([
  [401, {}, { class: "no_key", message: expect.stringMatching(/answered with status 401: no such key/) }],
  [429, { "retry-after": "7" }, { class: "rate_limit", retryAfter: 7 }],
  [503, {}, { class: "network" }],
] as const)("status %i is what it is to an attempt", async (status, headers, failure) => {
  const before: Options["before"] = (_, response, method) => {
    if (method !== "tools/call") return false;
    response.writeHead(status, headers).end("no such key");
    return true;
  };
  const { call } = await server({ before });
  await expect(call("double", { value: 1 })).rejects.toMatchObject(failure);
});

test("a server that has forgotten the session is asked once more, in a new one", async () => {
  const { call, forget, happened } = await server();
  expect(await call("double", { value: 1 })).toEqual({ value: 2 });
  forget();
  expect(await Promise.all([call("double", { value: 2 }), call("double", { value: 3 })])).toEqual([
    { value: 4 },
    { value: 6 },
  ]);
  expect(happened.filter((what) => what === "double")).toHaveLength(3);
});

test("an answer whose connection broke is taken up again where the server can, and else is a failure of the network", async () => {
  const able = await server({ remembers: true });
  expect(await able.call("breaks", {}, undefined, { kind: "string" })).toBe("taken up again");
  expect(able.happened.filter((what) => what === "breaks")).toHaveLength(1);
  const unable = await server();
  await expect(unable.call("breaks")).rejects.toMatchObject({
    class: "network",
    message: `the server \`${unable.url}\` broke off before it had answered`,
  });
  expect(await unable.call("double", { value: 1 })).toEqual({ value: 2 });
});

test("a call that is given up is cancelled there", async () => {
  const { call, happened } = await server();
  const stop = new AbortController();
  const slow = call("slow", { value: 20_000 }, stop.signal);
  while (!happened.includes("slow")) await new Promise((wake) => setTimeout(wake, 10));
  stop.abort(new Error("the time is over"));
  await expect(slow).rejects.toThrow("the time is over");
  while (!happened.includes("cancelled")) await new Promise((wake) => setTimeout(wake, 10));
  expect(await call("double", { value: 1 })).toEqual({ value: 2 });
});

test("a tool that is not what was pinned is not called; nor is one of a server that is not there", async () => {
  const { call, lock, close, happened } = await server();
  lock({ double: { inputSchema: { type: "object" } } });
  await expect(call("double", { value: 1 })).rejects.toThrow(/has changed double since it was pinned; `gangc lock`/);
  expect(happened).toEqual(["opened"]);
  const gone = await server();
  gone.close();
  await expect(gone.call("double")).rejects.toMatchObject({
    class: "network",
    message: expect.stringMatching(/cannot be reached: connect ECONNREFUSED/),
  });
  close();
});

test("asking for the tools alone leaves no session; one that does not answer is told", async () => {
  const { command, root, happened } = await server();
  const tools = await listTools({ command, folder: root }, 5000);
  expect(tools.map(({ name }) => name)).toEqual(["double", "fails", "slow", "long", "breaks", "echo"]);
  expect(happened).toEqual(["opened", "closed"]);
  const deaf = await server({ before: () => true });
  await expect(listTools({ command: deaf.command, folder: root }, 300)).rejects.toThrow("did not answer within 0.3 s");
  const other = await server({
    before: (_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>");
      return true;
    },
  });
  await expect(listTools({ command: other.command, folder: root }, 5000)).rejects.toThrow(
    "cannot be asked: Streamable HTTP error: Unexpected content type: text/html",
  );
});
