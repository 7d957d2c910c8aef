/**
 * A Model Context Protocol server as a child process, spoken to over its stdin and stdout. It is a stranger: it sees
 * an allow-listed environment, what it prints is bounded, and it ends with everything that it started.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import type { Json } from "../types.ts";
import { allowedEnvironment } from "./exec.ts";
import { watch } from "./watcher.ts";

/** What a server says of one tool; the schemas are unread. */
export interface ListedTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: Json;
  readonly outputSchema?: Json;
  readonly destructive: boolean;
}

/** What is wrong with a server: a clause that begins with a verb ("did not answer within 30 s"). */
export class ServerError extends Error {
  override readonly name = "ServerError";
}

const LONGEST_MESSAGE = 4 * 1024 * 1024;
const MOST_PAGES = 100;
const MOST_TOOLS = 2000;
const LONGEST_DESCRIPTION = 4000;
/** After a line that is no message of the protocol, a working server still answers soon. */
const AFTER_GARBAGE_MILLISECONDS = 3000;
const GRACE_MILLISECONDS = 2000;
/** `TypeError: …`, `ERROR …`: what a program says of its own end. */
const FAILURE = /^\s*(?:\w*(?:Error|Exception)\b|error\b|fatal\b)/i;

/** All tools of the server that `command` starts in `folder`. Rejects with `ServerError`. The server has ended then. */
export async function listTools(
  command: readonly string[],
  folder: string,
  deadlineMilliseconds: number,
): Promise<readonly ListedTool[]> {
  const { tools, transport } = await connect(command, folder, deadlineMilliseconds);
  await transport.close();
  return tools;
}

/** A server that has been started, and has said which tools it has. */
export interface Connected {
  readonly client: Client;
  readonly transport: ChildTransport;
  readonly tools: readonly ListedTool[];
}

/** Rejects with `ServerError`; the server has ended then. */
export async function connect(
  command: readonly string[],
  folder: string,
  deadlineMilliseconds: number,
): Promise<Connected> {
  const [{ Client }, { ListToolsResultSchema }] = await Promise.all([
    import("@modelcontextprotocol/sdk/client/index.js"),
    import("@modelcontextprotocol/sdk/types.js"),
  ]);
  const transport = new ChildTransport(command, folder);
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

/** A line for a terminal and a file: without control characters, and bounded. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  const clean = text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "").trim();
  return clean.length <= LONGEST_DESCRIPTION ? clean : `${clean.slice(0, LONGEST_DESCRIPTION)}…`;
}

export function reasonOf(error: unknown): string {
  // A zod error's message is JSON over many lines.
  const issues = (error as { issues?: readonly { path: readonly PropertyKey[]; message: string }[] }).issues;
  const [first] = issues ?? [];
  if (first !== undefined) return plain(`\`${first.path.join(".")}\`: ${first.message}`).slice(0, 200);
  return plain(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)).slice(0, 200);
}

export class ChildTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  /** Rejects with what is wrong, once something is; never resolves. */
  readonly failed: Promise<never>;
  readonly #reject: (error: ServerError) => void;
  readonly #command: readonly string[];
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #ended: Promise<void> | undefined;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #said = "";
  #garbage: string | undefined;
  #patience: NodeJS.Timeout | undefined;

  constructor(command: readonly string[], folder: string) {
    this.#command = command;
    this.#folder = folder;
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.#reject = reject;
    // It may fail when nobody asks any more.
    promise.catch(() => {});
  }

  fail(reason: string): void {
    const garbage =
      this.#garbage === undefined || this.#garbage === ""
        ? ""
        : `: it prints what is no message of the protocol, ${this.#garbage}`;
    this.#reject(new ServerError(`${reason}${garbage}`));
  }

  /** It speaks the protocol: what else it prints is passed over from now on. */
  trust(): void {
    clearTimeout(this.#patience);
    this.#garbage ??= "";
  }

  /** Whether this process goes on for it: while it is asked something. */
  hold(isAsked: boolean): void {
    const child = this.#child;
    for (const part of [child, child?.stdin, child?.stdout, child?.stderr] as (Socket | undefined)[])
      if (isAsked) part?.ref();
      else part?.unref();
  }

  /** At once, with all that it started. */
  end(): void {
    this.#kill("SIGKILL");
  }

  /** Why the connection has ended, where it has or is about to. */
  async causeOfEnd(): Promise<ServerError | undefined> {
    const soon = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 100));
    return Promise.race([this.failed.catch((error: ServerError) => error), soon]);
  }

  start(): Promise<void> {
    const [program, ...args] = this.#command;
    const child = spawn(program!, args, {
      cwd: this.#folder,
      env: allowedEnvironment(),
      // A group of its own, so that whatever it starts ends with it.
      detached: process.platform !== "win32",
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    this.#child = child;
    watch(child);
    this.#ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    createInterface({ input: child.stderr }).on("line", (line) => {
      // Below an error stand its stack and the versions of this and that.
      if (line.trim() !== "" && (!FAILURE.test(this.#said) || FAILURE.test(line)))
        this.#said = plain(line).slice(0, 300);
    });
    child.stdout.on("data", (part: Buffer) => this.#read(part));
    // A server that has ended does not read: that is said by its end.
    child.stdin.on("error", () => {});
    return new Promise((resolve, reject) => {
      child.once("spawn", () => resolve());
      child.once("error", (error: NodeJS.ErrnoException) => {
        const reason = error.code === "ENOENT" ? `does not start: there is no program \`${program}\`` : "";
        this.fail(reason || `does not start: ${error.code ?? error.message}`);
        reject(error);
      });
      child.once("close", (code, signal) => {
        const said = this.#said === "" ? "" : `. It said: ${this.#said}`;
        this.fail(`ended ${signal === null ? `with code ${code}` : `by ${signal}`} before it had answered${said}`);
        this.onclose?.();
      });
    });
  }

  #read(part: Buffer): void {
    let rest = part;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      this.#pending.push(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
      const line = Buffer.concat(this.#pending).toString("utf8").trim();
      this.#pending = [];
      this.#pendingBytes = 0;
      if (line !== "") this.#take(line);
    }
    this.#pendingBytes += rest.length;
    if (this.#pendingBytes > LONGEST_MESSAGE) {
      this.fail(`sends a message of more than ${LONGEST_MESSAGE / 2 ** 20} MB`);
      this.#kill("SIGKILL");
    } else if (rest.length > 0) this.#pending.push(rest);
  }

  #take(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      message = undefined;
    }
    if (typeof message === "object" && message !== null && "jsonrpc" in message) {
      this.onmessage?.(message as JSONRPCMessage);
      return;
    }
    if (this.#garbage !== undefined) return;
    this.#garbage = JSON.stringify(plain(line).slice(0, 80));
    this.#patience = setTimeout(() => this.fail("did not answer"), AFTER_GARBAGE_MILLISECONDS);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.#child?.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  async close(): Promise<void> {
    clearTimeout(this.#patience);
    const child = this.#child;
    if (child?.pid === undefined) return;
    child.stdin?.end();
    if (child.exitCode === null && child.signalCode === null) this.#kill("SIGTERM");
    const grace = setTimeout(() => {
      this.#kill("SIGKILL");
      // What has left the group may still hold the pipes: nobody waits for it.
      for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    }, GRACE_MILLISECONDS);
    await this.#ended;
    clearTimeout(grace);
    this.#kill("SIGKILL");
  }

  #kill(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      if (process.platform === "win32") this.#child?.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}
