/**
 * What `gangc check` costs: cold, on a tiny file, against a bare Node that does nothing, in turns, so that a busy machine
 * burdens both alike; and how fast it reads once it has started, in a fresh process for each round.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, GANGC, measuredGang } from "./compile/gang.ts";
import { generate } from "./compile/sources.ts";
import { type Row, rowOf } from "./row.ts";

const COLD_ROUNDS = 21;
const THROUGHPUT_ROUNDS = 5;
const SIZES = [1_000, 10_000];

const TINY = `gang 1

subnet s { metric loss: float { goal: minimize } }
type Model = { scale: float in 0.5..2.0 = 1.0 }
model sampler = embedded()
agent choose() -> Model { model: sampler, prompt: "Choose." }
tool score(model: Model) -> float = exec("./score")

pipeline research for s {
  stage plan = choose()
  stage loss = score(model: plan)
  observe loss = loss
  learn plan from loss
}
`;

export async function* bench(): AsyncIterable<Row> {
  build();
  const folder = mkdtempSync(join(tmpdir(), "gang-bench-"));
  try {
    yield* cold(folder);
    yield* throughput(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

function* cold(folder: string): Iterable<Row> {
  const tiny = join(folder, "tiny.gang");
  writeFileSync(tiny, TINY);
  const bare: Cost[] = [];
  const check: Cost[] = [];
  // The first round fills the caches: Node's compile cache, the system's file cache.
  for (let round = 0; round <= COLD_ROUNDS; round++) {
    const one = costOf(["-e", "0"]);
    const other = costOf([GANGC, "check", tiny]);
    if (round === 0) continue;
    bare.push(one);
    check.push(other);
  }
  for (const measure of ["wall", "cpu"] as const) {
    const name = (what: string) => ({ bench: "check", case: `${what}, ${measure}`, unit: "ms" });
    const base = bare.map((cost) => cost[measure]);
    yield rowOf(name("node -e 0"), base);
    yield rowOf(
      name("gangc check of a tiny file"),
      check.map((cost) => cost[measure]),
      {
        against: `node -e 0, ${measure}`,
        values: base,
      },
    );
  }
}

/** Of one process, in ms. Only the shell tells the CPU time of a child in less than clock ticks. */
function costOf(args: readonly string[]): Cost {
  const script = 'TIMEFORMAT="%3R %3U %3S"; time "$0" "$@" > /dev/null 2>&1';
  const text = execFileSync("bash", ["-c", `{ ${script}; } 2>&1`, process.execPath, ...args], { encoding: "utf8" });
  const [wall, user, system] = text.trim().split(" ").map(Number) as [number, number, number];
  return { wall: wall * 1000, cpu: (user + system) * 1000 };
}

function* throughput(folder: string): Iterable<Row> {
  for (const declarations of SIZES) {
    const text = generate("gang", declarations);
    const file = join(folder, `${declarations}.gang`);
    writeFileSync(file, text);
    const lines = text.split("\n").length;
    const rates = Array.from({ length: THROUGHPUT_ROUNDS }, () => {
      const [milliseconds] = measuredGang(join(folder, "tiny.gang"), [file]);
      return (lines / milliseconds!) * 1000;
    });
    yield rowOf({ bench: "check", case: `${declarations} declarations after start-up`, unit: "lines/s" }, rates);
  }
}
