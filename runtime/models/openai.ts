/**
 * OpenAI's Chat Completions, through its SDK, which is loaded when it is first asked: the protocol that other servers
 * speak too. They know parts of it, so its stream is put together here, and nothing is taken for granted.
 */
import type OpenAI from "openai";
import { AttemptError } from "../execution/attempt-error.ts";
import type { Json } from "../types.ts";
import { withoutAmbient } from "./ambient.ts";
import type { Address } from "./anthropic.ts";
import type { Dialog, Message, Reply, Speaker } from "./language.ts";

type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk;

/** Where OpenAI itself answers. */
export const OPENAI_URL = "https://api.openai.com/v1";

export async function openaiSpeaker({ model, baseURL, key }: Address): Promise<Speaker> {
  const { default: Client } = await import("openai");
  // Retries are the program's to declare, and each of them stands in the trail.
  const options = { apiKey: key, baseURL, maxRetries: 0, logLevel: "off", organization: null, project: null } as const;
  const client = withoutAmbient(() => new Client(options));
  return {
    async say(dialog, usage, signal) {
      const asked = request(model, dialog, baseURL === OPENAI_URL);
      const { data, request_id } = await client.chat.completions.create(asked, { signal }).withResponse();
      if (request_id) usage.request = request_id;
      const reply = new Gathering();
      for await (const chunk of data) {
        usage.request ??= chunk.id;
        if (chunk.usage) {
          usage.inputTokens = chunk.usage.prompt_tokens;
          usage.outputTokens = chunk.usage.completion_tokens;
          const cached = chunk.usage.prompt_tokens_details?.cached_tokens ?? 0;
          if (cached > 0) usage.cachedTokens = cached;
        }
        reply.add(chunk);
      }
      return reply.done();
    },
  };
}

interface Call {
  readonly index: number | undefined;
  id: string;
  name: string;
  arguments: string;
}

/** The parts of a streamed reply. */
class Gathering {
  readonly #calls: Call[] = [];
  #text = "";
  #refusal = "";
  #end: string | undefined;

  add({ choices }: Chunk): void {
    const choice = choices?.[0];
    if (choice === undefined) return;
    const { delta, finish_reason } = choice;
    this.#text += delta?.content ?? "";
    this.#refusal += delta?.refusal ?? "";
    for (const { index, id, function: of } of delta?.tool_calls ?? []) {
      // Some servers give all their calls the same index, or none, or count from one.
      const known = this.#calls.findLast((call) => (index as number | undefined) === undefined || call.index === index);
      const call =
        known === undefined || (id !== undefined && id !== "" && known.id !== "" && id !== known.id)
          ? { index, id: "", name: "", arguments: "" }
          : known;
      if (call !== known) this.#calls.push(call);
      if (id) call.id = id;
      call.name += of?.name ?? "";
      call.arguments += of?.arguments ?? "";
    }
    if (finish_reason) this.#end = finish_reason;
  }

  done(): Reply {
    if (this.#end === undefined) throw new AttemptError("network", "the answer broke off in the middle");
    const calls = this.#calls.map(({ index: _, ...call }, at) => ({ ...call, id: call.id || `call_${at + 1}` }));
    const own: OpenAI.Chat.Completions.ChatCompletionAssistantMessageParam = {
      role: "assistant",
      content: this.#text === "" ? null : this.#text,
      ...(calls.length === 0
        ? {}
        : {
            tool_calls: calls.map(({ id, name, arguments: text }) => ({
              id,
              type: "function" as const,
              function: { name, arguments: text },
            })),
          }),
    };
    const refused = this.#refusal !== "" || this.#end === "content_filter";
    return {
      text: refused ? this.#refusal : this.#text,
      calls: calls.map(({ id, name, arguments: text }) => ({ id, name, input: argumentsIn(text) })),
      end: refused ? "refused" : this.#end === "length" ? "cut" : "done",
      own,
    };
  }
}

function argumentsIn(text: string): Json | undefined {
  try {
    return text.trim() === "" ? {} : (JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}

/** `newest`: its servers are OpenAI's own, which have given up the older of two names. */
function request(
  model: string,
  dialog: Dialog,
  newest: boolean,
): OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming {
  const { system, messages, tools, last, schema, temperature, tokens, conceded } = dialog;
  return {
    model,
    stream: true,
    messages: [{ role: "system", content: system }, ...messages.flatMap(params)],
    ...(newest === conceded.has("tokens") ? { max_tokens: tokens } : { max_completion_tokens: tokens }),
    ...(conceded.has("usage") ? {} : { stream_options: { include_usage: true } }),
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ name, description, parameters }) => ({
            type: "function" as const,
            function: { name, ...(description === undefined ? {} : { description }), parameters: { ...parameters } },
          })),
          tool_choice: last ? ("none" as const) : ("auto" as const),
        }),
    ...(schema === undefined
      ? {}
      : {
          response_format: {
            type: "json_schema" as const,
            json_schema: { name: "answer", strict: true, schema: { ...schema } },
          },
        }),
    ...(temperature === undefined ? {} : { temperature }),
  };
}

function params(message: Message): OpenAI.Chat.Completions.ChatCompletionMessageParam[] {
  switch (message.role) {
    case "user":
      return [{ role: "user", content: message.text }];
    case "assistant":
      return [message.own as OpenAI.Chat.Completions.ChatCompletionAssistantMessageParam];
    case "results":
      return message.results.map(({ call, text }) => ({ role: "tool", tool_call_id: call, content: text }));
  }
}
