/**
 * Tools of MCP servers: one connection a server and process, opened when it is first needed and again after it has ended
 * or the server has forgotten it, for any number of calls at once. A server that says of a tool otherwise than `gang.lock` is not called.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { AttemptError } from "../execution/attempt-error.ts";
import type { Json, Type } from "../types.ts";
import { canonicalJson } from "../values/canonical.ts";
import { type Connected as Answering, connect, type ServerAt } from "./mcp-server.ts";
import { CLOSED, reasonOf, ServerError } from "./mcp-transport.ts";
import type { Tool } from "./tool.ts";

/** A server that takes longer to start does not. */
const START_MILLISECONDS = 30_000;
/** The deadline is the call's own: the SDK's must not come first. */
const NEVER_MILLISECONDS = 2 ** 31 - 1;

interface Connected extends Answering {
  /** Tools that are as they were pinned. */
  readonly agreed: Set<string>;
}

const servers = new Map<string, Promise<Connected>>();
const live = new Set<Connected["transport"]>();
process.on("exit", () => {
  for (const transport of live) transport.end();
});

export interface McpSource {
  readonly server: readonly string[];
  /** The server's own name for it. */
  readonly tool: string;
}

/** `headers`: for a server at an address. Rejects with `AttemptError` where it cannot be had, or is not the one that was pinned. */
export async function mcpTool(
  name: string,
  source: McpSource,
  result: Type,
  root: string,
  headers?: ServerAt["headers"],
): Promise<Tool> {
  const called = `the server \`${source.server.join(" ")}\``;
  const at: ServerAt = { command: source.server, folder: root, headers };
  const open = async (): Promise<Connected> => {
    const connected = await connection(at).catch((error: unknown) => {
      throw failureOf(error, called);
    });
    if (!connected.agreed.has(source.tool)) refuseChanged(source, called, connected, root);
    connected.agreed.add(source.tool);
    return connected;
  };
  await open();
  return {
    name,
    async call(input, _, signal) {
      // What is missing is left out: a server's schema seldom knows `null`.
      const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
      const answer = await ask(source.tool, given, open, called, signal);
      const text = answer.content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
      if (answer.isError === true) throw new AttemptError("error", text === "" ? `${name} failed` : text);
      if (answer.structuredContent !== undefined) return { value: answer.structuredContent as Json };
      return { value: result.kind === "string" ? text : jsonOr(text) };
    },
  };
}

async function ask(
  tool: string,
  given: { readonly [name: string]: Json },
  open: () => Promise<Connected>,
  called: string,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const { CallToolResultSchema } = await import("@modelcontextprotocol/sdk/types.js");
  for (let isAgain = false; ; isAgain = true) {
    const { client, transport } = await open();
    signal.throwIfAborted();
    asked(transport, 1);
    try {
      // An abort is told to the server, as `notifications/cancelled`.
      return await client.request(
        { method: "tools/call", params: { name: tool, arguments: given } },
        CallToolResultSchema,
        { signal, timeout: NEVER_MILLISECONDS },
      );
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (isAgain || !transport.isForgotten(error)) throw failureOf((await transport.causeOfEnd()) ?? error, called);
      await transport.close();
    } finally {
      asked(transport, -1);
    }
  }
}

function failureOf(error: unknown, called: string): unknown {
  if (error instanceof ServerError)
    return new AttemptError(error.class, `${called} ${error.message}`, error.retryAfter);
  if ((error as { readonly code?: unknown }).code === CLOSED)
    return new AttemptError("network", `${called} ${reasonOf(error)}`);
  return error instanceof AttemptError ? error : new AttemptError("error", reasonOf(error));
}

const underWay = new WeakMap<Connected["transport"], number>();

/** An idle server does not keep the process; one that is asked something does. */
function asked(transport: Connected["transport"], more: 1 | 0 | -1): void {
  const calls = (underWay.get(transport) ?? 0) + more;
  underWay.set(transport, calls);
  transport.hold(calls > 0);
}

function connection(at: ServerAt): Promise<Connected> {
  const key = JSON.stringify(at);
  let opening = servers.get(key);
  if (opening === undefined) {
    const forget = (): void => void (servers.get(key) === opening && servers.delete(key));
    opening = connect(at, START_MILLISECONDS).then((connected) => {
      const { client, transport } = connected;
      live.add(transport);
      asked(transport, 0);
      client.onclose = () => {
        live.delete(transport);
        forget();
      };
      return { ...connected, agreed: new Set<string>() };
    });
    servers.set(key, opening);
    opening.catch(forget);
  }
  return opening;
}

/** What a program was checked against is what it calls. */
function refuseChanged({ server, tool }: McpSource, called: string, { tools }: Connected, root: string): void {
  const listed = tools.find(({ name }) => name === tool);
  const pinned = pinnedTool(server, tool, root);
  const refused = (what: string): AttemptError =>
    new AttemptError("error", `${what}; \`gangc lock\` pins what it says now`);
  if (listed === undefined) throw refused(`${called} has no tool ${tool} any more`);
  if (pinned === undefined) throw refused(`gang.lock does not know ${tool} of ${called}`);
  const now = canonicalJson([listed.inputSchema, listed.outputSchema ?? null]);
  const then = canonicalJson([pinned.inputSchema ?? null, pinned.outputSchema ?? null]);
  if (now !== then) throw refused(`${called} has changed ${tool} since it was pinned`);
}

interface Pinned {
  readonly inputSchema?: Json;
  readonly outputSchema?: Json;
}

/** From the project's `gang.lock`, whatever the program calls the server. */
function pinnedTool(command: readonly string[], tool: string, root: string): Pinned | undefined {
  try {
    const lock = JSON.parse(readFileSync(join(root, "gang.lock"), "utf8")) as {
      readonly servers: {
        readonly [name: string]: { readonly command: Json; readonly tools: { readonly [name: string]: Pinned } };
      };
    };
    const entry = Object.values(lock.servers).find((of) => JSON.stringify(of.command) === JSON.stringify(command));
    return entry !== undefined && Object.hasOwn(entry.tools, tool) ? entry.tools[tool] : undefined;
  } catch {
    return undefined;
  }
}

function jsonOr(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
