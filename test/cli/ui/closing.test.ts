import { describe, expect, test } from "vitest";
import { closingText, type Lesson, openingText } from "../../../cli/ui/closing.ts";
import type { Ranked } from "../../../runtime/knowledge/knowledge.ts";
import { cycle, stateAfter } from "./records.ts";

const best: Ranked = {
  ...{
    claim: "c",
    chosen: '{"family":"garch","tail":4}',
    niche: "",
    anti: false,
    strength: 0.712,
    reliability: 0.5,
    quality: 0.9,
  },
  ...{ P: 1, N: 0, C: 1, z: 1.2, peers: 1, evaluations: 4, values: { crps: 0.99 }, newest: "2026-01-01T00:00:00.000Z" },
};
const lesson: Lesson = {
  ...{ stage: "research.plan", scope: "", metric: "crps", direction: -1, best, first: [1.1, 1.1, 1.1, 1.1, 1.1] },
  ...{ evaluations: 30, before: 0 },
};

const words = (lessons: readonly Lesson[], interrupted = false) =>
  closingText({
    ...{
      state: stateAfter([...cycle(0, 2), ...cycle(1, 3)]),
      elapsed: 2.14,
      lessons,
      store: ".gang",
      interrupted,
      width: 80,
    },
    next: [
      ["gangc knowledge", "all of it"],
      ["gangc run", "goes on"],
    ],
  });

describe("the last words of a run", () => {
  test("say what was learned, against where it began, and what to do next", () => {
    expect(words([lesson]).split("\n")).toEqual([
      "",
      "Done: 2 cycles in 2.1 s.",
      "",
      "What research.plan learned:",
      "  best    family garch · tail 4",
      "          crps 0.99, the mean of 4 evaluations; strength 0.71",
      "  first   crps 1.1, the mean of the first 5: the best is 10.0 % better",
      "  from    30 observations, all since it began",
      "",
      "The store is .gang. Next:",
      "  gangc knowledge  all of it",
      "  gangc run        goes on",
      "",
    ]);
  });

  test("explain a command below it where the line is too short", () => {
    const text = closingText({
      ...{ state: stateAfter([]), elapsed: 1, lessons: [], store: "s", interrupted: false, width: 20 },
      next: [["gangc knowledge", "all of it"]],
    });
    expect(text).toContain("  gangc knowledge\n      all of it\n");
  });

  test("do not call worse better, in either direction", () => {
    expect(words([{ ...lesson, first: [0.9] }])).toContain("10.0 % worse");
    expect(words([{ ...lesson, first: [0.9], direction: 1 }])).toContain("10.0 % better");
    expect(words([{ ...lesson, first: [0.99] }])).toContain("as good");
    expect(words([{ ...lesson, first: [0] }])).toContain("by 0.99 worse");
  });

  test("compare nothing where the first values are all there is", () => {
    expect(words([{ ...lesson, first: [1.1, 0.99], evaluations: 2 }])).not.toContain("first");
  });

  test("admit that nothing was learned", () => {
    expect(words([{ ...lesson, best: undefined, evaluations: 0 }])).toContain("research.plan has learned nothing yet.");
  });

  test("say what was interrupted, and why cycles failed", () => {
    expect(words([], true)).toContain("Interrupted after 2 cycles");
    const failed = {
      kind: "run.ended",
      peer: "main",
      run: "run-main-0",
      status: "failed",
      elapsed: 1,
      error: "score: no data",
    } as const;
    const text = closingText({
      ...{ state: stateAfter([cycle(0, 1)[0]!, failed]), elapsed: 1, lessons: [], store: "s" },
      interrupted: false,
      next: [],
      width: 80,
    });
    expect(text).toContain("Done: 1 cycle in 1.0 s, 1 failed.\n  score: no data");
  });
});

describe("the first words of a run", () => {
  test("say what it starts from", () => {
    expect(openingText([{ ...lesson, before: 30 }])).toBe(
      "research.plan starts from 30 observations; the best so far: crps 0.99, family garch · tail 4\n",
    );
  });

  test("are none where nothing is known", () => expect(openingText([lesson])).toBe(""));
});
