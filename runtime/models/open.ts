/** From a declaration, and what this machine has for it, to something that proposes. */
import type { Clock } from "../clock.ts";
import type { Machine, SecretSource } from "../machine.ts";
import type { Model as ModelDeclaration } from "../plan.ts";
import { nameOf, PROVIDER_KEYS, type Secrets } from "../secrets.ts";
import { ANTHROPIC_URL, anthropicSpeaker } from "./anthropic.ts";
import { embeddedModel } from "./embedded.ts";
import { languageModel } from "./language.ts";
import type { Model } from "./model.ts";
import { OPENAI_URL, openaiSpeaker } from "./openai.ts";

/** What a machine has for models. */
export interface Surroundings {
  readonly machine: Machine;
  readonly secrets: Secrets;
  readonly clock: Clock;
}

const PROVIDERS = {
  anthropic: { url: ANTHROPIC_URL, speaker: anthropicSpeaker },
  openai: { url: OPENAI_URL, speaker: openaiSpeaker },
} as const;

type Provider = keyof typeof PROVIDERS;

/** How a language model is reached from here; `undefined` for a model that needs no address. */
export interface Reach {
  readonly url: string;
  /** Whether `gang.yaml` says so. */
  readonly declared: boolean;
  /** Where its key comes from; absent for an address of one's own that asks for none. */
  readonly key: SecretSource | undefined;
}

export function reachOf(name: string, { provider }: ModelDeclaration, machine: Machine): Reach | undefined {
  if (provider !== "anthropic" && provider !== "openai") return undefined;
  const own = machine.models !== undefined && Object.hasOwn(machine.models, name) ? machine.models[name] : undefined;
  const url = own?.base_url;
  // A provider's key goes to the provider alone: an address of one's own gets the one that is written beside it.
  const key = own?.key ?? (url === undefined ? PROVIDER_KEYS[provider] : undefined);
  return { url: url ?? PROVIDERS[provider].url, declared: url !== undefined, key };
}

/** Why this machine cannot use a model; `undefined` where it can, as far as that is known before. A part of a sentence. */
export function obstacle(name: string, declaration: ModelDeclaration, around: Surroundings): string | undefined {
  if (declaration.provider === "scripted") return "it has its answers from tests alone";
  const key = reachOf(name, declaration, around.machine)?.key;
  const missing = key === undefined ? undefined : around.secrets.missing(key);
  return missing === undefined || key === undefined ? undefined : `its key is missing: ${missing}`;
}

/** Only for models without an `obstacle`. */
export function openModel(name: string, declaration: ModelDeclaration, around: Surroundings): Model {
  const why = obstacle(name, declaration, around);
  if (why !== undefined) throw new Error(`${name} cannot be used: ${why}`);
  const { provider, options, model = name } = declaration;
  switch (provider) {
    case "embedded":
      return embeddedModel(name, typeof options.explore === "number" ? { explore: options.explore } : {});
    case "scripted":
      throw new Error(`${name} is opened by tests`);
    case "anthropic":
    case "openai": {
      const reach = reachOf(name, declaration, around.machine)!;
      return languageModel(name, declaration, speakerOf(provider, model, reach, around.secrets), around.clock);
    }
  }
}

/** Opened when it is first asked, its key read no sooner. */
function speakerOf(provider: Provider, model: string, { url, key }: Reach, secrets: Secrets) {
  let opened: ReturnType<(typeof PROVIDERS)[Provider]["speaker"]> | undefined;
  return () => {
    opened ??= (async () =>
      PROVIDERS[provider].speaker({
        model,
        baseURL: url,
        // The SDKs want one even for a server that does not.
        key: key === undefined ? "none" : await secrets.value(key),
      }))();
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
}

/** For people: where a model is asked, and whether its key is here. Never the key. */
export function reachText(
  name: string,
  declaration: ModelDeclaration,
  { machine, secrets }: Omit<Surroundings, "clock">,
): string[] {
  const reach = reachOf(name, declaration, machine);
  if (reach === undefined) return ["", "needs no key"];
  const { url, declared, key } = reach;
  const where = declared ? `${url} (gang.yaml)` : url;
  if (key === undefined) return [where, "no key"];
  const missing = secrets.missing(key);
  if (missing !== undefined) return [where, `key missing: ${missing}`];
  return [where, `key from ${nameOf(key)}`];
}
