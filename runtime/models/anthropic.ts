/** Anthropic's Messages API, through its SDK, which is loaded when it is first asked. */
import type Anthropic from "@anthropic-ai/sdk";
import { AttemptError } from "../execution/attempt-error.ts";
import { withoutAmbient } from "./ambient.ts";
import type { Dialog, Message, Speaker } from "./language.ts";

export interface Address {
  /** The provider's name of the model. */
  readonly model: string;
  readonly baseURL: string;
  readonly key: string;
}

/** Where Anthropic itself answers. */
export const ANTHROPIC_URL = "https://api.anthropic.com";

export async function anthropicSpeaker({ model, baseURL, key }: Address): Promise<Speaker> {
  const { default: Client } = await import("@anthropic-ai/sdk");
  // Retries are the program's to declare, and each of them stands in the trail.
  const client = withoutAmbient(() => new Client({ apiKey: key, baseURL, maxRetries: 0, logLevel: "off" }));
  return {
    async say(dialog, usage, signal) {
      const stream = client.messages.stream(request(model, dialog), { signal });
      stream.on("streamEvent", (event, { usage: of }) => {
        if (event.type !== "message_start" && event.type !== "message_delta") return;
        if (event.type === "message_start") usage.request = event.message.id;
        const [cached, caching] = [of.cache_read_input_tokens ?? 0, of.cache_creation_input_tokens ?? 0];
        usage.inputTokens = of.input_tokens + cached + caching;
        if (cached > 0) usage.cachedTokens = cached;
        if (caching > 0) usage.cachingTokens = caching;
        usage.outputTokens = of.output_tokens;
      });
      // What comes of it is said by `finalMessage`.
      stream.on("error", () => {});
      try {
        const message = await stream.finalMessage();
        const texts = message.content.flatMap((block) => (block.type === "text" ? [block.text] : []));
        const calls = message.content.flatMap((block) =>
          block.type === "tool_use" ? [{ id: block.id, name: block.name, input: block.input as never }] : [],
        );
        return {
          text: texts.join(""),
          calls,
          end: END[message.stop_reason ?? "end_turn"] ?? "done",
          own: message.content,
        };
      } catch (error) {
        const writing = stream.currentMessage?.content.at(-1);
        if (((error as Error).cause ?? error) instanceof SyntaxError && writing?.type === "tool_use")
          throw new AttemptError("invalid", `the arguments of ${writing.name} are not JSON`);
        throw error;
      } finally {
        if (stream.request_id) usage.request = stream.request_id;
      }
    },
  };
}

const END: { readonly [reason: string]: "cut" | "refused" } = {
  max_tokens: "cut",
  model_context_window_exceeded: "cut",
  refusal: "refused",
};

function request(model: string, dialog: Dialog): Anthropic.MessageStreamParams {
  const { system, messages, tools, last, schema, temperature, tokens, caches } = dialog;
  // The turns so far come again with the next one; with the last, which may call no tool, they are read anew anyway.
  const marked = caches && tools.length > 0 && !last ? messages.length - 1 : undefined;
  return {
    model,
    // What stands before it, the tools, is cached with it.
    system: caches ? [{ type: "text", text: system, cache_control: CACHED }] : system,
    messages: messages.map((message, index) => param(message, index === marked)),
    max_tokens: tokens,
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, parameters }) => ({
            name,
            ...(description === undefined ? {} : { description }),
            input_schema: parameters as unknown as Anthropic.Tool.InputSchema,
          })),
          tool_choice: { type: last ? ("none" as const) : ("auto" as const) },
        }),
    ...(schema === undefined
      ? {}
      : { output_config: { format: { type: "json_schema" as const, schema: { ...schema } } } }),
    // Only older models take one; the others say so, and are asked without.
    ...(temperature === undefined ? {} : ({ temperature } as object)),
  };
}

/** For five minutes, from its last use. */
const CACHED: Anthropic.CacheControlEphemeral = { type: "ephemeral" };

/** `marked`: what came up to here is to be cached. */
function param(message: Message, marked: boolean): Anthropic.MessageParam {
  switch (message.role) {
    case "user":
      return {
        role: "user",
        content: marked ? [{ type: "text", text: message.text, cache_control: CACHED }] : message.text,
      };
    case "assistant":
      return { role: "assistant", content: message.own as Anthropic.ContentBlockParam[] };
    case "results":
      return {
        role: "user",
        content: message.results.map(({ call, text, failed }, index) => ({
          type: "tool_result",
          tool_use_id: call,
          content: text,
          ...(failed ? { is_error: true } : {}),
          ...(marked && index === message.results.length - 1 ? { cache_control: CACHED } : {}),
        })),
      };
  }
}
