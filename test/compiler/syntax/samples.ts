/** Texts that between them use every form of the language; the grammar's reference adds its own. */
import { readFileSync } from "node:fs";

export const wholeFile = readFileSync(new URL("../../fixtures/synth/main.gang", import.meta.url), "utf8");

export const forms = `gang 1
import { a as b, c } from "./shared.gang"

type Many = {
  a?: int in -5..5 step 2 = 3
  b: (float in 0.5..2.0 log)[1..8]
  c: map<"x" | "y" | 3 | true>?
  d: synth.Task[]   /// the tasks
  e: ("p" | "q" { f: json })[3]
  /// nested
  f: { g: map<Many[]> }
}

tool train(model: Many, back: duration = 30d) -> Many? = exec("python3", "train.py") {
  timeout: 30m, checkpoint: 10m
  limit: [60 calls per 1m, $2.50 per cycle]
}
tools market = mcp("python3", "-m", "market_server")
agent solo(x: int) -> "a" | "b" {
  prompt: """
    Hello \${x},
      indented "quoted" \\"escaped\\"

    bye
    """
}
recall near { where: not (age < 14d) and -trust + 2 * 3 / 4 >= 1e-3 or peer == "me", halflife: 20 evaluations }

pipeline work(input: string, n: int = 3) for synth {
  every: 60m
  for job in jobs() every 1m by job.id within 2h {
    /// Approve it first.
    stage go = approve(job) every 1m within 12h
    when go and (Model { family: "gbm" }).scale > 0.5 {
      stage sent = reply(
        request: job.id
        paths: [a, b, { c: 1 }]
      ) { retry: none, expect: check(diff: it.diff).failed == 0 }
      observe crps = poll(sent) every 10m within 36h take last
    }
    let kept = best(research.plan[job.task]) ?? last(plan)
      .scale
    learn kept from crps, offline
  }
  for x in list max 8 { }
}
test "all" for work {
  given x = fixture("a.json")
  run go
  expect kept != none
}
`;
