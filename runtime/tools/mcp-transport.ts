/** How a Model Context Protocol server is spoken to, and what is wrong with it where that fails. */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { FailureClass } from "../trail/record.ts";

/** What is wrong with a server: a clause that begins with a verb ("did not answer within 30 s"). */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly class: FailureClass;
  /** Seconds after which it wants to be asked again, where it said so. */
  readonly retryAfter: number | undefined;

  constructor(message: string, kind: FailureClass = "error", retryAfter?: number) {
    super(message);
    this.class = kind;
    this.retryAfter = retryAfter;
  }
}

/** The SDK's connection, with what can be asked of its end. */
export interface ServerTransport extends Transport {
  /** Rejects with what is wrong, once something is; never resolves. */
  readonly failed: Promise<never>;
  fail(reason: string): void;
  /** It speaks the protocol: what else it says is passed over from now on. */
  trust(): void;
  /** Whether this process goes on for it: while it is asked something. */
  hold(isAsked: boolean): void;
  /** At once, with all that it started. */
  end(): void;
  /** Why the connection has ended, where it has or is about to. */
  causeOfEnd(): Promise<ServerError | undefined>;
  /** The server has not done what was asked, but knows this connection no longer: it wants a new one. */
  isForgotten(error: unknown): boolean;
}

/** JSON-RPC: the connection is closed. */
export const CLOSED = -32000;

export const LONGEST_MESSAGE = 4 * 1024 * 1024;
const LONGEST_DESCRIPTION = 4000;

/** A line for a terminal and a file: without control characters, and bounded. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  const clean = text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "").trim();
  return clean.length <= LONGEST_DESCRIPTION ? clean : `${clean.slice(0, LONGEST_DESCRIPTION)}…`;
}

export function reasonOf(error: unknown): string {
  // A zod error's message is JSON over many lines.
  const issues = (error as { issues?: readonly { path: readonly PropertyKey[]; message: string }[] }).issues;
  const [first] = issues ?? [];
  if (first !== undefined) return plain(`\`${first.path.join(".")}\`: ${first.message}`).slice(0, 200);
  const said = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  return plain(said.replace(/^MCP error -?\d+: /, "")).slice(0, 200);
}
