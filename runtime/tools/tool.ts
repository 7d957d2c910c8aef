import type { Json } from "../types.ts";
import type { Checkpoint } from "./checkpoint.ts";

export interface ToolContext {
  /** Seed of this attempt. */
  readonly seed: number;
  /** Names of what calls: for logs. */
  readonly stage: string;
  readonly run: string;
  /** Where a tool with `checkpoint` saves what it has. */
  readonly checkpoint?: Checkpoint | undefined;
  /** The call's own, for what it needs of the disk while it lasts: absolute, made when first asked for, gone with the call. */
  folder(): string;
  /** Seconds that are left for the call, where they are limited. */
  readonly left?: number | undefined;
  /** It changes something in the world, and ends in its own time. */
  readonly effect?: boolean;
  /** Lines of text for the trail. */
  log(line: string): void;
}

/** What a tool gave, and what it says that it cost, in dollars. */
export interface Called {
  readonly value: Json;
  readonly cost?: number | undefined;
}

/** Implementations: a TypeScript function, a program (JSON over stdio), a tool of an MCP server, one of the prelude. */
export interface Tool {
  readonly name: string;
  /**
   * `input` is the tool's own to change. The raw result, validated by the caller, at once or as a promise that rejects with
   * `AttemptError`.
   */
  call(input: { readonly [name: string]: Json }, context: ToolContext, signal: AbortSignal): Called | Promise<Called>;
}
