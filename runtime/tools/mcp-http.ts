/**
 * A Model Context Protocol server at an address, by streamable HTTP. The SDK speaks, follows redirects within an origin
 * only, and takes a broken stream up again where the server lets it; here is what it leaves open: what a refusal is to an
 * attempt, an answer that never comes, and how much is read.
 */
import type { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/sdk/types.js";
import { retryAfter } from "../models/failure.ts";
import type { FailureClass } from "../trail/record.ts";
import { CLOSED, LONGEST_MESSAGE, plain, reasonOf, ServerError, type ServerTransport } from "./mcp-transport.ts";

/** So long a server may take to hear that it is left. */
const FAREWELL_MILLISECONDS = 1000;
/** What of a refusal is told. */
const LONGEST_REFUSAL = 300;
const CLASSES: { readonly [status: number]: FailureClass } = {
  401: "no_key",
  402: "quota",
  403: "no_key",
  408: "network",
  429: "rate_limit",
};

class Refusal extends ServerError {
  readonly status: number;

  constructor(status: number, said: string, wait: number | undefined) {
    const kind = CLASSES[status] ?? (status >= 500 ? "network" : "error");
    super(`answered with status ${status}${said === "" ? "" : `: ${said}`}`, kind, wait);
    this.status = status;
  }
}

export class HttpTransport implements ServerTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly failed: Promise<never>;
  readonly #reject: (error: ServerError) => void;
  readonly #url: string;
  readonly #headers: { readonly [name: string]: string };
  #inner: StreamableHTTPClientTransport | undefined;
  /** Requests without an answer so far; `true` where the stream of the answer may be taken up again. */
  readonly #open = new Map<RequestId, boolean>();
  readonly #streams = new Set<AbortController>();
  #isHeld = true;

  constructor(url: string, headers: { readonly [name: string]: string }) {
    this.#url = url;
    this.#headers = headers;
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.#reject = reject;
    // It may fail when nobody asks any more.
    promise.catch(() => {});
  }

  get sessionId(): string | undefined {
    return this.#inner?.sessionId;
  }

  setProtocolVersion(version: string): void {
    this.#inner?.setProtocolVersion(version);
  }

  async start(): Promise<void> {
    const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
    let url: URL;
    try {
      url = new URL(this.#url);
    } catch {
      throw new ServerError("has an address that is none");
    }
    const inner = new StreamableHTTPClientTransport(url, {
      requestInit: { headers: { ...this.#headers } },
      fetch: (to, init) => this.#fetch(to, init ?? {}),
    });
    inner.onmessage = (message) => {
      if ("id" in message && message.id !== undefined && !("method" in message)) this.#open.delete(message.id);
      this.onmessage?.(message);
    };
    inner.onclose = () => this.onclose?.();
    inner.onerror = (error) => {
      // It takes a stream up twice, and says it no other way that it is done with it.
      if (/reconnection attempts/.test(error.message))
        for (const [id, isResumable] of this.#open) if (isResumable) this.#lose(id, "broke off before it had answered");
      this.onerror?.(error);
    };
    this.#inner = inner;
    await inner.start();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if ("method" in message) {
      if ("id" in message) this.#open.set(message.id, false);
      else if (message.method === "notifications/cancelled")
        this.#open.delete((message.params as { readonly requestId: RequestId }).requestId);
    }
    try {
      await this.#inner!.send(message);
    } catch (error) {
      if ("id" in message && message.id !== undefined) this.#open.delete(message.id);
      throw error instanceof ServerError ? error : new ServerError(`cannot be asked: ${reasonOf(error)}`);
    }
  }

  async close(): Promise<void> {
    const inner = this.#inner;
    if (inner === undefined) return;
    const soon = new Promise<void>((resolve) => void setTimeout(resolve, FAREWELL_MILLISECONDS).unref());
    await Promise.race([inner.terminateSession().catch(() => {}), soon]);
    await inner.close();
    this.end();
  }

  fail(reason: string): void {
    this.#reject(new ServerError(reason));
  }

  trust(): void {}

  /** The stream of an answer that nobody waits for any more does not keep the process. */
  hold(isAsked: boolean): void {
    this.#isHeld = isAsked;
    if (isAsked || this.#streams.size === 0) return;
    const leave = (): void => {
      if (!this.#isHeld) this.end();
    };
    setTimeout(leave, FAREWELL_MILLISECONDS).unref();
  }

  end(): void {
    for (const stream of this.#streams) stream.abort();
  }

  async causeOfEnd(): Promise<undefined> {}

  /** As the protocol has it 404; many servers say 400. */
  isForgotten(error: unknown): boolean {
    return error instanceof Refusal && (error.status === 404 || error.status === 400) && this.sessionId !== undefined;
  }

  async #fetch(url: string | URL, init: RequestInit): Promise<Response> {
    // What the server says of itself is not listened to: only a stream that has broken off is asked for again.
    if (init.method === "GET" && (!new Headers(init.headers).has("last-event-id") || !this.#isHeld))
      return new Response(null, { status: 405 });
    const stream = new AbortController();
    this.#streams.add(stream);
    const over = (): void => void this.#streams.delete(stream);
    const signals = [stream.signal, ...(init.signal == null ? [] : [init.signal])];
    let response: Response;
    try {
      response = await fetch(url, { ...init, signal: AbortSignal.any(signals) });
    } catch (error) {
      over();
      if (init.signal?.aborted === true) throw error;
      throw new ServerError(`cannot be reached: ${reasonOf((error as Error).cause ?? error)}`, "network");
    }
    if (init.method === "POST" && response.status >= 400) {
      const said = plain(await excerpt(response, LONGEST_REFUSAL)).replace(/\s+/g, " ");
      over();
      throw new Refusal(response.status, said, retryAfter(response.headers, Date.now()));
    }
    if (!response.ok || response.body === null) {
      over();
      return response;
    }
    const id = requestIn(init.body);
    const { status, headers } = response;
    const isStream = /^text\/event-stream/i.test(headers.get("content-type") ?? "");
    const parts = this.#read(response.body, isStream, id, over);
    return new Response(ReadableStream.from(parts) as ReadableStream<Uint8Array>, { status, headers });
  }

  async *#read(
    body: ReadableStream<Uint8Array>,
    isStream: boolean,
    id: RequestId | undefined,
    over: () => void,
  ): AsyncGenerator<Uint8Array> {
    let length = 0;
    let why = "broke off before it had answered";
    try {
      for await (const part of body as unknown as AsyncIterable<Uint8Array>) {
        const text = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
        // An event ends with an empty line; one with an id can be asked for again.
        const end = isStream ? Math.max(text.lastIndexOf("\n\n"), text.lastIndexOf("\r\n\r\n")) : -1;
        length = end < 0 ? length + part.length : part.length - end;
        if (length > LONGEST_MESSAGE) {
          why = `sends a message of more than ${LONGEST_MESSAGE / 2 ** 20} MB`;
          if (id !== undefined) this.#open.set(id, false);
          throw new ServerError(why);
        }
        if (isStream && id !== undefined && this.#open.get(id) === false && /^id:/m.test(text.toString("latin1")))
          this.#open.set(id, true);
        yield part;
      }
    } finally {
      over();
      // What came last is read first.
      setImmediate(() => {
        if (id !== undefined && this.#open.get(id) === false) this.#lose(id, why);
      });
    }
  }

  /** Nobody else would tell who waits. */
  #lose(id: RequestId, why: string): void {
    this.#open.delete(id);
    this.onmessage?.({ jsonrpc: "2.0", id, error: { code: CLOSED, message: why } });
  }
}

function requestIn(body: unknown): RequestId | undefined {
  const message = typeof body === "string" ? (JSON.parse(body) as { id?: RequestId; method?: string }) : undefined;
  return message?.method === undefined ? undefined : message.id;
}

async function excerpt(response: Response, most: number): Promise<string> {
  let text = "";
  try {
    for await (const part of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(part).toString("utf8");
      if (text.length > most) break;
    }
  } catch {
    // What came is what there is.
  }
  return text.slice(0, most);
}
