/** A memory, and what one stage's claims are told of it. */
import { afterEach } from "vitest";
import type { Knowledge, Recalled } from "../../runtime/knowledge/knowledge.ts";
import { openKnowledge } from "../../runtime/knowledge/open.ts";
import { DAY, evidence, fakeTrail, NOW, type Told } from "../runtime/knowledge/trail.ts";

const opened: Knowledge[] = [];
afterEach(async () => {
  for (const knowledge of opened.splice(0)) await knowledge.close();
});

interface Knowing {
  observe(told: Omit<Told, "time"> & { readonly daysAgo?: number }): void;
  recall(asked?: { readonly top?: number; readonly daysLater?: number }): Promise<Recalled>;
  best(): ReturnType<Knowledge["best"]>;
}

const STAGE = { subnet: "n", stage: "p.s", scope: "" };

export async function knowing(): Promise<Knowing> {
  const trail = fakeTrail();
  let later = 0;
  const clock = { now: () => NOW + later * DAY };
  const knowledge = await openKnowledge({ source: trail, clock, trustEvery: 0 });
  opened.push(knowledge);
  return {
    observe: ({ daysAgo = 0, ...told }) => trail.push(evidence({ ...told, time: NOW - daysAgo * DAY })),
    async recall({ top = 100, daysLater = 0 } = {}) {
      later = daysLater;
      await knowledge.refresh();
      const halflife = { seconds: 7 * 86_400 };
      return knowledge.recall({ ...STAGE, from: ["patterns", "antipatterns"], top, halflife, now: clock.now() });
    },
    async best() {
      await knowledge.refresh();
      return knowledge.best({ ...STAGE, now: clock.now() });
    },
  };
}
