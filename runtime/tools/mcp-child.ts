/**
 * A Model Context Protocol server as a child process, spoken to over its stdin and stdout: what it prints is bounded, and
 * it ends with everything that it started.
 */
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { allowedEnvironment } from "./environment.ts";
import { GRACE_MILLISECONDS, type Head, signalGroup, startGroup } from "./group.ts";
import { LONGEST_MESSAGE, plain, ServerError, type ServerTransport } from "./mcp-transport.ts";
import { watch } from "./watcher.ts";

/** After a line that is no message of the protocol, a working server still answers soon. */
const AFTER_GARBAGE_MILLISECONDS = 3000;
/** `TypeError: …`, `ERROR …`: what a program says of its own end. */
const FAILURE = /^\s*(?:\w*(?:Error|Exception)\b|error\b|fatal\b)/i;

export class ChildTransport implements ServerTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly failed: Promise<never>;
  readonly #reject: (error: ServerError) => void;
  readonly #command: readonly string[];
  readonly #folder: string;
  #child: Head | undefined;
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

  trust(): void {
    clearTimeout(this.#patience);
    this.#garbage ??= "";
  }

  isForgotten(): boolean {
    return false;
  }

  hold(isAsked: boolean): void {
    const child = this.#child;
    for (const part of [child, child?.stdin, child?.stdout, child?.stderr] as (Socket | undefined)[])
      if (isAsked) part?.ref();
      else part?.unref();
  }

  end(): void {
    this.#kill("SIGKILL");
  }

  async causeOfEnd(): Promise<ServerError | undefined> {
    const soon = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 100));
    return Promise.race([this.failed.catch((error: ServerError) => error), soon]);
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const options = { cwd: this.#folder, env: allowedEnvironment(), stdio: "pipe" } as const;
      const child = startGroup(this.#command, options, (error) => {
        const reason = error.code === "ENOENT" ? `there is no program \`${this.#command[0]}\`` : undefined;
        this.fail(`does not start: ${reason ?? error.code ?? error.message}`);
        reject(error);
      });
      if (child === undefined) return;
      this.#listen(child);
      child.once("spawn", () => resolve());
    });
  }

  #listen(child: Head): void {
    this.#child = child;
    const unwatch = watch(child);
    this.#ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    createInterface({ input: child.stderr }).on("line", (line) => {
      // Below an error stand its stack and the versions of this and that.
      if (line.trim() !== "" && (!FAILURE.test(this.#said) || FAILURE.test(line)))
        this.#said = plain(line).slice(0, 300);
    });
    child.stdout.on("data", (part: Buffer) => this.#read(part));
    // A server that has ended does not read: that is said by its end.
    child.stdin.on("error", () => {});
    let grace: NodeJS.Timeout | undefined;
    // What it started may hold its pipes, and would keep who waits for an answer that nobody gives any more.
    child.once("exit", () => {
      grace = setTimeout(() => this.#cutOff(child), GRACE_MILLISECONDS).unref();
    });
    child.once("close", (code, signal) => {
      clearTimeout(grace);
      this.#kill("SIGKILL");
      const said = this.#said === "" ? "" : `. It said: ${this.#said}`;
      this.fail(`ended ${signal === null ? `with code ${code}` : `by ${signal}`} before it had answered${said}`);
      unwatch();
      this.onclose?.();
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
    this.#child?.stdin.write(`${JSON.stringify(message)}\n`);
  }

  async close(): Promise<void> {
    clearTimeout(this.#patience);
    const child = this.#child;
    if (child === undefined) return;
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) this.#kill("SIGTERM");
    const grace = setTimeout(() => this.#cutOff(child), GRACE_MILLISECONDS);
    await this.#ended;
    clearTimeout(grace);
  }

  #cutOff(child: Head): void {
    this.#kill("SIGKILL");
    // What has left the group may still hold the pipes: nobody waits for it.
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  }

  #kill(signal: NodeJS.Signals): void {
    if (this.#child !== undefined) signalGroup(this.#child, signal);
  }
}
