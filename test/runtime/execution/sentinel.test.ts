import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock } from "../../../runtime/clock.ts";
import type { Attempt } from "../../../runtime/execution/attempt.ts";
import { claimToEvaluateAgain } from "../../../runtime/execution/sentinel.ts";
import type { Drift } from "../../../runtime/knowledge/drift/regimes.ts";
import { NOTHING_KNOWN } from "../../../runtime/knowledge/nothing.ts";
import { openKnowledge } from "../../../runtime/knowledge/open.ts";
import type { Plan } from "../../../runtime/plan.ts";
import type { Draft, Record } from "../../../runtime/trail/record.ts";
import { memoryTrail, run } from "./fakes.ts";
import { AT, call, field, learn, literal, name, observe, planOf, SHAPE, stage } from "./plans.ts";

const store = mkdtempSync(join(tmpdir(), "gang-sentinel-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));

/** What the subnet is: how much worse everything comes out, and its version. */
interface Subnet {
  readonly worse: number;
  readonly version?: string;
}

/** Peers that mine in turn over one memory, in a subnet that can be moved. */
async function mining(sentinels: number) {
  const trail = memoryTrail();
  const knowledge = await openKnowledge({ source: trail, clock: systemClock, trustEvery: 0 });
  let turns = 0;
  return {
    knowledge,
    of: (kind: Record["kind"]) => trail.drafts.filter((draft) => draft.kind === kind) as never[],
    async mine({ worse, version }: Subnet, cycles: number): Promise<void> {
      const loss = field(name("score"), "loss");
      const plan = planOf([
        stage("plan", call("agent", "chooser"), [], { type: SHAPE, measured: ["loss"] }),
        stage("score", call("tool", "loss", { x: field(name("plan"), "x"), shape: name("plan") }), ["plan"]),
        observe("loss", { op: "binary", operator: "+", left: loss, right: literal(worse) }, ["score"]),
        learn("plan", ["loss"]),
      ]);
      const sampler = {
        provider: "embedded",
        options: { sentinels },
        tokens: { read: 1, write: 1 },
        limits: [],
        at: AT,
      };
      const subnet = { ...plan.subnets.net!, ...(version === undefined ? {} : { version: { text: version } }) };
      const changed = { ...plan, models: { sampler }, subnets: { net: subnet } } as Plan;
      for (let i = 0; i < cycles; i++) {
        turns += 1;
        await run(changed, store, { trail, knowledge, peer: `peer-${turns % 3}`, seed: turns });
      }
    },
  };
}

const PLACE = { subnet: "net", stage: "work.plan" };

describe("sentinels", () => {
  test("notice that the subnet moved, and that it is as it was again", async () => {
    const { knowledge, mine, of } = await mining(0.9);
    try {
      await mine({ worse: 0 }, 14);
      expect(of("drift")).toEqual([]);
      const again = of("attempt.started").filter(
        (started: { reevaluates?: string }) => started.reevaluates !== undefined,
      );
      expect(again.length).toBeGreaterThan(6);
      expect(again[0]).not.toMatchObject({ model: expect.anything() });
      const [{ attempt }] = again as unknown as [{ attempt: string }];
      expect(of("evidence").find((one: { attempt: string }) => one.attempt === attempt)).toMatchObject({ echo: true });

      await mine({ worse: 5 }, 5);
      // Two of three have to say so.
      const moved = { ...PLACE, regime: 0, since: expect.any(String) };
      expect(of("drift")).toMatchObject([moved, moved]);
      expect(new Set(of("drift").map(({ peer }: { peer: string }) => peer)).size).toBe(2);
      expect(of("return")).toEqual([]);
      await mine({ worse: 5 }, 10);
      expect(of("drift")).toHaveLength(2);
      const newest = await knowledge.observations({ ...PLACE, limit: 100 });
      expect(newest.length).toBeGreaterThan(8);
      for (const { regime } of newest) expect(regime).toBe(1);

      await mine({ worse: 0 }, 8);
      expect(of("drift")).toHaveLength(4);
      const returned = { ...PLACE, regime: 2, same: 0 };
      expect(of("return")).toMatchObject([returned, returned]);
      expect(knowledge.regimes(PLACE).map(({ same }) => same)).toEqual([2, 1, 2]);
    } finally {
      await knowledge.close();
    }
  });

  test("none where the model says so", async () => {
    const { knowledge, mine, of } = await mining(0);
    await mine({ worse: 0 }, 6);
    await mine({ worse: 5 }, 6);
    await knowledge.close();
    expect(of("drift")).toEqual([]);
    for (const started of of("attempt.started")) expect(started).not.toMatchObject({ reevaluates: expect.anything() });
  });
});

describe("a peer that looks for nothing by itself", () => {
  /** What it tells, where others have said that the subnet moved, and what was measured says so too, or not. */
  async function told(ended: readonly Drift[], cusum: number): Promise<readonly Draft[]> {
    const drafts: Draft[] = [];
    const knowledge = {
      ...NOTHING_KNOWN,
      unsettled: () => ({ ended, returns: [] }),
      watch: async () => ({
        alone: false,
        scopes: new Map(),
        alarm: cusum > 0 ? { scope: "", cusum, good: 7 } : undefined,
      }),
    };
    const origin = { peer: "b", run: "r", plan: "p" };
    const append = async (more: readonly Draft[]) => void drafts.push(...more);
    const attempt = {
      ...{
        context: { knowledge, subnetName: "net", origin, append, clock: systemClock },
        origin,
        scopeKey: "",
        seed: 1,
      },
      node: { id: "work.plan", measured: ["loss"] },
    } as unknown as Attempt;
    expect(await claimToEvaluateAgain(attempt, undefined, SHAPE, [])).toBeUndefined();
    return drafts;
  }
  const word = (peer: string, time = Date.now()): Drift => ({ peer, time, regime: 0 });

  test("is a witness of what another has seen, once a day, if it sees the same", async () => {
    expect(await told([word("a")], 5)).toMatchObject([{ kind: "drift", peer: "b", ...PLACE, regime: 0 }]);
    expect(await told([word("a")], 0)).toEqual([]);
    expect(await told([word("a"), word("b")], 5)).toEqual([]);
    expect(await told([word("a"), word("b", Date.now() - 25 * 3600_000)], 5)).toHaveLength(1);
    expect(await told([], 5)).toEqual([]);
  });
});

describe("a version of the subnet", () => {
  test("opens a regime; one that was there before is the same regime again", async () => {
    const { knowledge, mine, of } = await mining(0);
    try {
      await mine({ worse: 0, version: "1" }, 2);
      expect(of("drift")).toEqual([]);
      await mine({ worse: 0, version: "2" }, 2);
      expect(of("drift")).toMatchObject(
        ["work.plan", "work.score", "work.plan", "work.score"].map((stage) => ({
          ...{ subnet: "net", stage, regime: 0, version: "2", was: "1" },
        })),
      );
      await mine({ worse: 0, version: "1" }, 2);
      expect(of("drift")).toHaveLength(8);
      expect(knowledge.regimes(PLACE).map(({ same, version }) => [same, version])).toEqual([
        [2, "1"],
        [1, "2"],
        [2, "1"],
      ]);
      expect(of("return")[0]).toMatchObject({ ...PLACE, regime: 2, same: 0 });
      expect(of("evidence").map(({ regime }: { regime: number }) => regime)).toEqual([
        0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
      ]);
    } finally {
      await knowledge.close();
    }
  });
});
