/**
 * What a provider's refusal, or the network's, is to an attempt. The errors of both SDKs have one shape, and are known by
 * it: neither is loaded for this.
 */
import { AttemptError } from "../execution/attempt-error.ts";
import type { FailureClass } from "../trail/record.ts";
import { quantityIn } from "../values/units.ts";

interface ProviderError {
  readonly name?: string;
  readonly message: string;
  readonly status?: number;
  readonly headers?: Headers;
  /** The body, where it was JSON. */
  readonly error?: unknown;
  readonly type?: string | null;
  readonly code?: string | null;
}

/** The request itself was not understood: something that it asked for may be given up (`language.ts`). */
export class BadRequest extends AttemptError {}

/** What providers call a lack of money, which no waiting mends. */
const UNPAID =
  /insufficient_quota|billing_(hard_limit|error|not_active)|credit balance|exceeded your current quota|payment required/i;
/** … and what its error is called where waiting does: its text may speak of billing all the same. */
const TOO_FAST = /rate_limit/i;

const CLASSES: { readonly [status: number]: FailureClass } = {
  401: "no_key",
  402: "quota",
  403: "no_key",
  408: "network",
  409: "network",
  429: "rate_limit",
};

/** The kinds of error that come in the middle of a stream, where there is no status any more. */
const KINDS: readonly (readonly [RegExp, FailureClass])[] = [
  [UNPAID, "quota"],
  [/rate_limit/i, "rate_limit"],
  [/authentication|permission/i, "no_key"],
  [/overloaded|api_error|server_error|internal|unavailable|timeout/i, "network"],
];

/** `now`: milliseconds since 1970, for a `retry-after` that is a date. */
export function failureOf(error: unknown, signal: AbortSignal, now: number): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof AttemptError || !(error instanceof Error)) return error;
  const failure = error as Error & ProviderError;
  const { status, headers } = failure;
  const why = oneLine(messageOf(failure));
  if (status === undefined || status === null) return new AttemptError(withoutStatus(failure), why);
  const called = `${failure.code} ${failure.type}`;
  const kind: FailureClass =
    UNPAID.test(`${called} ${why}`) && !TOO_FAST.test(called)
      ? "quota"
      : (CLASSES[status] ?? (status >= 500 ? "network" : "error"));
  const said = `${status}: ${why}`;
  if (kind === "error") return new BadRequest(kind, said);
  return new AttemptError(kind, said, headers === undefined ? undefined : retryAfter(headers, now));
}

/** The provider's id of a request that it has refused. */
export function refusedRequest(error: unknown): string | undefined {
  const { headers } = error as Partial<ProviderError>;
  return (headers instanceof Headers && (headers.get("request-id") ?? headers.get("x-request-id"))) || undefined;
}

function withoutStatus(failure: Error & ProviderError): FailureClass {
  const name = failure.constructor.name;
  if (name === "APIConnectionTimeoutError") return "timeout";
  if (name === "APIConnectionError") return "network";
  if (failure.error !== undefined) {
    const called = `${failure.type ?? ""} ${failure.code ?? ""}`;
    if (TOO_FAST.test(called)) return "rate_limit";
    const kind = `${called} ${JSON.stringify(failure.error)}`;
    return KINDS.find(([pattern]) => pattern.test(kind))?.[1] ?? "error";
  }
  if (/tool (parameter|input).*JSON|JSON from model/i.test(failure.message)) return "invalid";
  // The connection went away in the middle, or what came over it was no stream of theirs.
  const broken = /Error$/.test(name) && /AnthropicError|OpenAIError|SyntaxError/.test(name);
  return broken || /terminated|fetch failed|socket|network|aborted|ECONN|premature/i.test(failure.message)
    ? "network"
    : "error";
}

/** The message in the body, where there is one: the SDKs put the whole body into theirs. */
function messageOf({ error, message }: ProviderError): string {
  const body = error as { message?: unknown; error?: { message?: unknown } } | undefined;
  const said = body?.error?.message ?? body?.message;
  return typeof said === "string" && said !== "" ? said : message;
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim().slice(0, 1000);

/** Seconds, from `retry-after-ms` or `retry-after`, which is in seconds or a date. */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const milliseconds = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds / 1000;
  const text = headers.get("retry-after");
  if (text === null) return exhausted(headers, now);
  const seconds = Number(text);
  if (seconds >= 0) return seconds;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}

/** Until the last of the limits that have nothing left is filled again: `6m0s` with OpenAI, a date with Anthropic. */
function exhausted(headers: Headers, now: number): number | undefined {
  let longest: number | undefined;
  for (const [name, left] of headers) {
    if (!/^(x|anthropic)-ratelimit-/.test(name) || !name.includes("remaining") || Number(left) !== 0) continue;
    const text = headers.get(name.replace("remaining", "reset"));
    const wait = text === null ? undefined : (quantityIn(text, "duration") ?? (Date.parse(text) - now) / 1000);
    if (wait !== undefined && wait >= 0) longest = Math.max(longest ?? 0, wait);
  }
  return longest;
}
