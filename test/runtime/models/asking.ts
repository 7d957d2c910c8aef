/** Runs of one agent against a server on loopback, for tests of what models are asked and what comes of it. */
import type { Clock } from "../../../runtime/clock.ts";
import type { RunOptions } from "../../../runtime/execution/run.ts";
import type { Agent, Expr, Model, Plan, Retry, Type } from "../../../runtime/plan.ts";
import { Secrets } from "../../../runtime/secrets.ts";
import { type Providers, providers, type Reply } from "../../fixtures/providers.ts";
import { type Ran, run } from "../execution/fakes.ts";
import { AT, call, planOf, SHAPE, stage } from "../execution/plans.ts";

export type Provider = "anthropic" | "openai";

/** Time that only passes where somebody waits; what was waited for is kept, in milliseconds. */
export function drivenClock(): Clock & { readonly waited: number[] } {
  let time = Date.UTC(2026, 10, 1);
  const waited: number[] = [];
  return {
    waited,
    now: () => time,
    elapsed: () => time,
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      waited.push(milliseconds);
      time += milliseconds;
    },
  };
}

export const modelOf = (provider: Provider, more: Partial<Model> = {}): Model => ({
  provider,
  model: `${provider}-model`,
  options: {},
  price: { read: 1, write: 10 },
  tokens: { read: 10_000, write: 1000 },
  limits: [],
  at: AT,
  ...more,
});

export const LADDER: Retry = { attempts: 3, stall: "diverge", backoff: { low: 1, high: 60 }, at: AT };

export interface Asking {
  readonly script: Parameters<typeof providers>[0];
  readonly models: { readonly [name: string]: Model };
  readonly retry?: Retry;
  readonly type?: Type;
  readonly agent?: Partial<Agent>;
  readonly plan?: Partial<Plan>;
  readonly timeout?: number;
  /** `gang.yaml` names no key, and the environment has the providers' own. */
  readonly keyless?: boolean;
  /** Of another server than the scripted one. */
  readonly address?: string;
  readonly expect?: Expr;
  readonly options?: Partial<RunOptions>;
  readonly store: string;
}

/** The first of the models is the agent's own. Each has the key `key-of-<name>`. */
export async function asking(
  of: Asking,
): Promise<Ran & { readonly server: Providers; readonly clock: ReturnType<typeof drivenClock> }> {
  const { script, models, retry = LADDER, type = SHAPE, agent = {}, timeout, store } = of;
  const server = await providers(script);
  const clock = drivenClock();
  const machine = {
    models: Object.fromEntries(
      Object.entries(models).map(([name, { provider }]) => [
        name,
        {
          base_url: of.address ?? server[provider as Provider],
          ...(of.keyless ? {} : { key: { env: `KEY_${name}` } }),
        },
      ]),
    ),
  };
  const environment = {
    ...Object.fromEntries(Object.keys(models).map((name) => [`KEY_${name}`, `key-of-${name}`])),
    ...(of.keyless ? { OPENAI_API_KEY: "key-of-openai", ANTHROPIC_API_KEY: "key-of-anthropic" } : {}),
  };
  const more = { retry: "climb", ...(timeout === undefined ? {} : { timeout }) };
  const base = planOf([
    stage("plan", call("agent", "chooser", {}, more), [], { type, ...(of.expect && { expect: of.expect }) }),
  ]);
  const chooser = { ...base.agents.chooser!, result: type, model: Object.keys(models)[0]!, ...agent };
  try {
    const ran = await run(
      { ...base, models: { ...base.models, ...models }, agents: { chooser }, retries: { climb: retry }, ...of.plan },
      store,
      { machine, secrets: new Secrets({ machine, environment }), clock, ...of.options },
    );
    return { ...ran, server, clock };
  } finally {
    await server.close();
  }
}

/** One reply for each of the two protocols where their words differ. */
export const GOOD: Reply = { text: '{"x": 0.5, "kind": "normal"}' };
