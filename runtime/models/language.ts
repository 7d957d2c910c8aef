/**
 * A language model behind the interface of all models: asked in turns, its calls of tools answered in between, until it
 * gives the answer. What differs between providers is a `Speaker`.
 */
import type { Clock } from "../clock.ts";
import { AttemptError } from "../execution/attempt-error.ts";
import type { Model as ModelDeclaration } from "../plan.ts";
import type { Json, Type } from "../types.ts";
import { readAnswer } from "./answer.ts";
import { BadRequest, failureOf, refusedRequest } from "./failure.ts";
import { instructions, question } from "./instructions.ts";
import type { Came, Model, OfferedTool, Proposal, Turn } from "./model.ts";
import { type AnswerSchema, answerSchema, type JsonSchema, parametersSchema } from "./schema.ts";

/** What may be left out of a request where a provider does not take it. */
export type Concession = "temperature" | "schema" | "usage" | "tokens" | "cache";

export interface Dialog {
  readonly system: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolSpec[];
  /** No tool may be called any more. */
  readonly last: boolean;
  /** Absent: the model cannot be held to one. */
  readonly schema: JsonSchema | undefined;
  readonly temperature: number | undefined;
  /** The most that it may write. */
  readonly tokens: number;
  /** Whether the provider is to cache what comes again: the same model, tools and instructions, and the turns so far. */
  readonly caches: boolean;
  readonly conceded: ReadonlySet<Concession>;
}

export type Message =
  | { readonly role: "user"; readonly text: string }
  /** `own` is the provider's form of what the model said, and goes back to it as it came. */
  | { readonly role: "assistant"; readonly own: unknown }
  | { readonly role: "results"; readonly results: readonly ToolResult[] };

export interface ToolSpec {
  readonly name: string;
  readonly description: string | undefined;
  readonly parameters: JsonSchema;
}

interface ToolResult {
  readonly call: string;
  readonly text: string;
  readonly failed: boolean;
}

/** What a turn took, as far as it is known: a broken one may have been paid for too. */
export interface Usage {
  request?: string;
  inputTokens?: number;
  outputTokens?: number;
  /** Of `inputTokens`, what the provider's cache had, and what it took in. */
  cachedTokens?: number;
  cachingTokens?: number;
}

export interface Reply {
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: Json | undefined }[];
  readonly end: "done" | "cut" | "refused";
  readonly own: unknown;
}

/** Implementations: Anthropic's Messages, OpenAI's Chat Completions. */
export interface Speaker {
  /** One exchange. Notes what it took in `usage`, as soon as that is known; rejects with what the SDK throws. */
  say(dialog: Dialog, usage: Usage, signal: AbortSignal): Promise<Reply>;
}

/** What in a complaint of a provider speaks of which part of the request. */
const COMPLAINTS: readonly (readonly [Concession, RegExp])[] = [
  ["temperature", /temperature/i],
  ["usage", /stream_options|include_usage/i],
  ["tokens", /max_(completion_)?tokens/i],
  ["cache", /cache_control|prompt.caching/i],
  ["schema", /response_format|json_schema|json_object|output_(config|format)|structured|schema|guided|grammar/i],
];

const TOO_MUCH = /too (large|high)|less than|at most|greater than|out of range|maximum|exceed/i;
/** A value out of its range is no reason to leave it out from then on, nor a tool's schema one to leave out the answer's. */
const NO_REASON: { readonly [part in Concession]?: RegExp } = {
  temperature: TOO_MUCH,
  tokens: TOO_MUCH,
  schema: /\btools?\b|function/i,
};

/** Calls of tools that are made at once; a model that asks for more is told so. */
const AT_ONCE = 16;
/** Characters a token, at the least and as a rule, in what a model reads. */
const CHARACTERS = { least: 3, usual: 4 } as const;
/** Of a text, in a record. */
const LONGEST = 16_384;

export function languageModel(
  name: string,
  declaration: ModelDeclaration,
  speaker: () => Promise<Speaker>,
  clock: Clock,
): Model {
  const conceded = new Set<Concession>();
  const unheld = new WeakSet<Type>();
  return {
    name,
    async propose(request, signal) {
      const conversation = new Conversation(name, declaration, await speaker(), clock, conceded, unheld, request);
      return { value: await conversation.answer(signal) };
    },
  };
}

class Conversation {
  readonly #name: string;
  readonly #declaration: ModelDeclaration;
  readonly #speaker: Speaker;
  readonly #clock: Clock;
  readonly #conceded: Set<Concession>;
  /** Types whose schema the provider did not take. */
  readonly #unheld: WeakSet<Type>;
  readonly #request: Proposal;
  readonly #schema: AnswerSchema;
  readonly #tools: ReadonlyMap<string, OfferedTool>;
  readonly #messages: Message[];
  #turns = 0;

  constructor(
    name: string,
    declaration: ModelDeclaration,
    speaker: Speaker,
    clock: Clock,
    conceded: Set<Concession>,
    unheld: WeakSet<Type>,
    request: Proposal,
  ) {
    this.#name = name;
    this.#declaration = declaration;
    this.#speaker = speaker;
    this.#clock = clock;
    this.#conceded = conceded;
    this.#unheld = unheld;
    this.#request = request;
    this.#schema = answerSchema(request.type);
    this.#tools = new Map(request.tools.map((tool) => [tool.name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64), tool]));
    this.#messages = [{ role: "user", text: question(request) }];
  }

  async answer(signal: AbortSignal): Promise<Json> {
    const { type, turns } = this.#request;
    for (let turn = 1; ; turn++) {
      const reply = await this.#exchange(turn >= turns, signal);
      if (reply.end === "refused")
        throw new AttemptError("refused", `${this.#name} declined${reply.text === "" ? "" : `: ${reply.text}`}`);
      if (reply.end === "cut") throw new AttemptError("invalid", this.#cutOff());
      if (reply.calls.length === 0) return readAnswer(reply.text, type, this.#schema.wrapped);
      if (turn >= turns) throw new AttemptError("invalid", `no answer came within ${turns} turns`);
      this.#messages.push({ role: "assistant", own: reply.own });
      const results = await Promise.all(reply.calls.map((call, index) => this.#call(call, index, signal)));
      this.#messages.push({ role: "results", results });
    }
  }

  #cutOff(): string {
    return `the answer was cut off: ${this.#name} may write ${this.#declaration.tokens.write} tokens a call (its \`tokens\` say how many)`;
  }

  /** One turn; asked again at once, and recorded as another, where the provider does not take a part of the request. */
  async #exchange(last: boolean, signal: AbortSignal): Promise<Reply> {
    for (;;) {
      const dialog = this.#dialog(last);
      const settle = await this.#request.reserve?.(signal);
      const usage: Usage = {};
      const began = this.#clock.elapsed();
      const told = (more: Partial<Turn>): void => this.#tell(usage, this.#clock.elapsed() - began, dialog, more);
      try {
        const reply = await this.#speaker.say(dialog, usage, signal);
        settle?.(this.#came(usage));
        told({ answer: shownReply(reply) });
        return reply;
      } catch (error) {
        // What was refused with a status was not done; what broke off may have been done to its end.
        settle?.(typeof (error as { status?: unknown }).status === "number" ? { tokens: 0, money: 0 } : {});
        const failure = failureOf(error, signal, this.#clock.now());
        const refused = refusedRequest(error);
        if (refused !== undefined) usage.request ??= refused;
        const of = failure instanceof AttemptError ? failure : undefined;
        const conceded = failure instanceof BadRequest ? this.#concede(failure.message) : undefined;
        if (of !== undefined)
          told({
            class: of.class,
            error: conceded === undefined ? of.message : `${of.message} (asked again without: ${conceded})`,
          });
        if (conceded === undefined) throw failure;
      }
    }
  }

  #concede(complaint: string): Concession | undefined {
    const found = COMPLAINTS.find(([part, pattern]) => !this.#isConceded(part) && pattern.test(complaint))?.[0];
    if (found === undefined || NO_REASON[found]?.test(complaint)) return undefined;
    if (found === "schema") this.#unheld.add(this.#request.type);
    else this.#conceded.add(found);
    return found;
  }

  #isConceded(part: Concession): boolean {
    return part === "schema" ? this.#unheld.has(this.#request.type) : this.#conceded.has(part);
  }

  #dialog(last: boolean): Dialog {
    const request = this.#request;
    const { tokens } = this.#declaration;
    const held = this.#schema.strict && !this.#isConceded("schema");
    const dialog: Dialog = {
      system: instructions(request, this.#schema, held),
      messages: this.#messages,
      tools: [...this.#tools].map(([name, { doc, parameters }]) => ({
        name,
        description: doc,
        parameters: parametersSchema(parameters),
      })),
      last,
      schema: held ? this.#schema.schema : undefined,
      temperature: this.#isConceded("temperature") ? undefined : request.temperature,
      tokens: tokens.write,
      // Taking it in costs more than reading it: only where it is known how much.
      caches: this.#declaration.price?.caching !== undefined && !this.#isConceded("cache"),
      conceded: this.#conceded,
    };
    const least = Math.ceil(lengthOf(dialog) / CHARACTERS.usual);
    if (least > tokens.read)
      throw new AttemptError(
        "limit",
        `it would read about ${least} tokens, and ${this.#name} may read ${tokens.read} a call (its \`tokens\` say how many)`,
      );
    return dialog;
  }

  async #call({ id, name, input }: Reply["calls"][number], index: number, signal: AbortSignal): Promise<ToolResult> {
    const result = (text: string, failed: boolean): ToolResult => ({ call: id, text, failed });
    const tool = this.#tools.get(name);
    if (tool === undefined) return result(`there is no tool ${name}`, true);
    if (index >= AT_ONCE) return result(`only ${AT_ONCE} calls are made at once: ask for this one again`, true);
    if (input === undefined) return result("the arguments are not JSON", true);
    try {
      return result(
        this.#fitting(JSON.stringify(await tool.call(withoutNulls(input, tool.parameters), signal))),
        false,
      );
    } catch (error) {
      if (!(error instanceof AttemptError) || error.class === "cancelled") throw error;
      return result(this.#fitting(error.message), true);
    }
  }

  /** What one call may read is shared by the results: each may take a quarter of it. */
  #fitting(text: string): string {
    const most = Math.floor((this.#declaration.tokens.read * CHARACTERS.least) / 4);
    return text.length <= most ? text : `${text.slice(0, most)} … cut: ${text.length} characters in all`;
  }

  #came({ inputTokens, outputTokens = 0, cachedTokens = 0, cachingTokens = 0 }: Usage): Came {
    const { price } = this.#declaration;
    if (inputTokens === undefined) return {};
    const tokens = inputTokens + outputTokens;
    if (price === undefined) return { tokens };
    const read =
      Math.max(0, inputTokens - cachedTokens - cachingTokens) * price.read +
      cachedTokens * (price.cached ?? price.read) +
      cachingTokens * (price.caching ?? price.read);
    return { tokens, money: (read + outputTokens * price.write) / 1e6 };
  }

  #tell(usage: Usage, milliseconds: number, dialog: Dialog, more: Partial<Turn>): void {
    const { request, inputTokens, outputTokens, cachedTokens, cachingTokens } = usage;
    const { money: cost } = this.#came(usage);
    this.#turns += 1;
    const [first] = dialog.messages;
    this.#request.onTurn({
      number: this.#turns,
      latency: Math.max(0, Math.round(milliseconds * 1000) / 1e6),
      ...(inputTokens === undefined ? {} : { inputTokens }),
      ...(outputTokens === undefined ? {} : { outputTokens }),
      ...(cachedTokens === undefined ? {} : { cachedTokens }),
      ...(cachingTokens === undefined ? {} : { cachingTokens }),
      ...(cost === undefined ? {} : { cost: Number(cost.toFixed(9)) }),
      ...(request === undefined ? {} : { request }),
      ...(this.#turns === 1 && first?.role === "user" ? { prompt: first.text.slice(0, LONGEST) } : {}),
      ...more,
    });
  }
}

function shownReply({ text, calls }: Reply): Json {
  return {
    ...(text === "" ? {} : { text: text.slice(0, LONGEST) }),
    ...(calls.length === 0
      ? {}
      : {
          calls: calls.slice(0, AT_ONCE).map(({ name, input }) => ({
            tool: name,
            input: JSON.stringify(input ?? null).length > LONGEST / AT_ONCE ? "…" : (input ?? null),
          })),
        }),
  };
}

/** A schema requires what a tool's parameters do not: `null` says that it is left out, and its default counts. */
function withoutNulls(input: Json, { kind }: Type): Json {
  if (kind !== "record" || typeof input !== "object" || input === null || Array.isArray(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}

function lengthOf({ system, messages, tools, schema }: Dialog): number {
  return system.length + JSON.stringify([messages, tools, schema]).length;
}
