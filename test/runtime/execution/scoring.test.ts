/** Which of a run's choices a score that comes later is for. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { toldOf } from "../../../runtime/execution/scoring.ts";
import { run, written } from "./fakes.ts";
import { call, field, literal, name, planOf, SHAPE, stage } from "./plans.ts";

const store = mkdtempSync(join(tmpdir(), "gang-scoring-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));

test("a stage that is named has it for the attempt that won, not for those that were refused before", async () => {
  const expected = { op: "binary", operator: ">", left: field(name("it"), "x"), right: literal(0.5) } as const;
  const { of, trail } = await run(
    planOf([stage("plan", call("agent", "chooser"), [], { type: SHAPE, expect: expected })]),
    store,
  );
  expect(of("attempt.ended").map(({ ok }) => ok)).toEqual([false, false, true]);
  expect(of("evidence").map(({ ok }) => ok)).toEqual([false, false, true]);
  const won = of("attempt.ended").find(({ ok }) => ok)!.attempt;
  expect(toldOf(written(trail.drafts), "m", "plan", undefined).map(({ attempt }) => attempt)).toEqual([won]);
});
