/**
 * Model Context Protocol servers: a program that is started, or an address that is asked. Each is a stranger: it sees an
 * allow-listed environment or the headers that `gang.yaml` says, and what it says is bounded.
 */
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Json } from "../types.ts";
import { plain, reasonOf, ServerError, type ServerTransport } from "./mcp-transport.ts";

/** What a server says of one tool; the schemas are unread. */
export interface ListedTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: Json;
  readonly outputSchema?: Json;
  readonly destructive: boolean;
}

const MOST_PAGES = 100;
const MOST_TOOLS = 2000;

export interface ServerAt {
  /** A program and its arguments, started in `folder`; or one text, a URL. */
  readonly command: readonly string[];
  readonly folder: string;
  /** What a server at a URL is sent with each request. */
  readonly headers?: { readonly [name: string]: string } | undefined;
}

/** Whether a server is asked at an address, and none is started. */
export const isAddress = ([first, ...rest]: readonly string[]): boolean =>
  rest.length === 0 && /^https?:\/\//i.test(first ?? "");

/** All tools of a server. Rejects with `ServerError`. It has ended, or has been left, then. */
export async function listTools(at: ServerAt, deadlineMilliseconds: number): Promise<readonly ListedTool[]> {
  const { tools, transport } = await connect(at, deadlineMilliseconds);
  await transport.close();
  return tools;
}

/** A server that has said which tools it has. */
export interface Connected {
  readonly client: Client;
  readonly transport: ServerTransport;
  readonly tools: readonly ListedTool[];
}

/** Rejects with `ServerError`; the server has ended, or has been left, then. */
export async function connect(at: ServerAt, deadlineMilliseconds: number): Promise<Connected> {
  const [{ Client }, { ListToolsResultSchema }] = await Promise.all([
    import("@modelcontextprotocol/sdk/client/index.js"),
    import("@modelcontextprotocol/sdk/types.js"),
  ]);
  const transport = await transportTo(at);
  const client = new Client({ name: "ganglion", version: "1" });
  const timer = setTimeout(
    () => transport.fail(`did not answer within ${deadlineMilliseconds / 1000} s`),
    deadlineMilliseconds,
  );
  const options = { timeout: deadlineMilliseconds + 1000 };
  const asked = async (): Promise<ListedTool[]> => {
    await client.connect(transport, options);
    const tools = new Map<string, ListedTool>();
    let cursor: string | undefined;
    for (let page = 0; ; page++) {
      if (page >= MOST_PAGES || tools.size > MOST_TOOLS)
        throw new ServerError(`lists tools without end: more than ${tools.size} on ${page} pages`);
      const params = cursor === undefined ? {} : { cursor };
      const answer = await client.request({ method: "tools/list", params }, ListToolsResultSchema, options);
      for (const tool of answer.tools) {
        const { name, description, inputSchema, outputSchema, annotations } = tool;
        tools.set(name, {
          name,
          inputSchema: inputSchema as Json,
          ...(description === undefined ? {} : { description: plain(description) }),
          ...(outputSchema === undefined ? {} : { outputSchema: outputSchema as Json }),
          destructive: annotations?.destructiveHint === true && annotations.readOnlyHint !== true,
        });
      }
      cursor = answer.nextCursor;
      if (cursor === undefined || cursor === "") return [...tools.values()];
    }
  };
  try {
    const tools = await Promise.race([asked(), transport.failed]);
    transport.trust();
    return { client, transport, tools };
  } catch (error) {
    // The end of the connection is also said by the transport, with its cause.
    const cause = error instanceof ServerError ? error : await transport.causeOfEnd();
    await transport.close();
    throw cause ?? new ServerError(`answers in a way that the protocol does not know: ${reasonOf(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

async function transportTo({ command, folder, headers = {} }: ServerAt): Promise<ServerTransport> {
  if (isAddress(command)) return new (await import("./mcp-http.ts")).HttpTransport(command[0]!, headers);
  return new (await import("./mcp-child.ts")).ChildTransport(command, folder);
}
