import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTrail } from "../../runtime/trail/reader.ts";
import type { KnownRecord } from "../../runtime/trail/record.ts";
import { antipattern, type Entry, pattern, writeJson, writeSqlite } from "./original.ts";
import { REPOSITORY } from "./project.ts";
import { gangc } from "./terminal.ts";

const PROGRAM = `gang 1

subnet synth {
  metric crps: float in 0.0..1000.0 { goal: minimize }
}

type Model = {
  scale: float in 0.5..2.0 step 0.1
  family: "gbm" | "garch" { tail: float in 2.1..30.0 }
}

type Score = { crps: float }

model sampler = embedded()
agent forecaster() -> Model { model: sampler, prompt: "choose" }
tool walk(model: Model, days: int = 30) -> Score = exec("walk")

pipeline research for synth {
  stage plan = forecaster()
  stage score = walk(model: plan)
  observe crps = score.crps
  learn plan from crps
}

pipeline again for synth {
  stage twice = forecaster()
  stage score = walk(model: twice)
  observe crps = score.crps
  learn twice from crps
}
`;

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "gang-import-test-"));
  writeFileSync(join(cwd, "main.gang"), PROGRAM);
  writeFileSync(join(cwd, "package.json"), "{}");
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const take = (...args: readonly string[]) => gangc(["import", "ganglion", ...args], { cwd });

async function evidence(): Promise<KnownRecord<"evidence">[]> {
  const { records, problems } = await readTrail(join(cwd, ".gang")).since({});
  expect(problems).toEqual([]);
  return records.filter((record) => record.kind === "evidence");
}

/** Why entries were left out → how many, of a JSON summary. */
async function leftOut(patterns: readonly Entry[]): Promise<{ [why: string]: number }> {
  writeJson(join(cwd, "old"), { patterns });
  const { left } = JSON.parse((await take("old", "--format", "json")).out);
  return Object.fromEntries(left.map(({ why, count }: { why: string; count: number }) => [why, count]));
}

describe("gangc import ganglion", () => {
  it("makes evidence of named peers of patterns and antipatterns", async () => {
    writeJson(join(cwd, "old"), {
      patterns: [
        pattern({ scale: 1.04, family: "gbm" }, { confirmation_count: 50 }),
        pattern({ scale: 0.7, family: "garch", tail: 5 }, { source_bot: null, metric_name: "unheard of" }),
      ],
      antipatterns: [antipattern({ scale: 2, family: "gbm" }, { source_bot: "beta" })],
    });
    const { exit, out, talk } = await take("old");
    expect({ exit, talk }).toEqual({ exit: 0, talk: "" });
    expect(out).toMatch(/imported +3 +of 3 peers, 1 with a value/);
    const found = await evidence();
    expect(found).toMatchObject([
      { peer: "ganglion/beta", ok: false, class: "error" },
      {
        ...{ peer: "ganglion/alpha", subnet: "synth", stage: "research.plan", niche: 'family = "gbm"', regime: 0 },
        ...{ chosen: '{"family":"gbm","scale":1}', ok: true, metric: "crps", value: 42.5, direction: -1 },
        ...{ verified: false, at: "2026-03-01T12:00:00.123Z", imported: { table: "patterns", confirmations: 50 } },
      },
      { peer: "ganglion", ok: true },
    ]);
    // Without a metric of that name in the program nobody can say which direction is better.
    expect(found[2]).not.toHaveProperty("value");
    const known = JSON.parse((await gangc(["knowledge", "--format", "json"], { cwd })).out);
    expect(JSON.stringify(known)).toContain("gbm");
  });

  it("adds nothing when it is done again, from JSON or from SQLite, though confirmations went up", async () => {
    const tables = {
      patterns: [pattern({ scale: 1, family: "gbm" })],
      antipatterns: [antipattern({ scale: 2, family: "gbm" })],
    };
    writeJson(join(cwd, "old"), tables);
    await take("old");
    const before = await evidence();
    writeSqlite(join(cwd, "sqlite", "knowledge.db"), {
      patterns: tables.patterns.map((entry) => ({ ...entry, confirmation_count: 7 })),
      antipatterns: tables.antipatterns,
    });
    for (const from of ["old", "sqlite", "sqlite/knowledge.db"]) {
      expect((await take(from)).out).toMatch(/imported +0\n.*known already +2/s);
    }
    await gangc(["store", "compact"], { cwd });
    expect((await take("old")).out).toMatch(/known already +2/);
    expect(await evidence()).toEqual(before);
  });

  it("takes a value over once the program has its metric", async () => {
    writeJson(join(cwd, "old"), {
      patterns: [pattern({ scale: 1, family: "gbm" }, { metric_name: "sharpe", metric_value: 2 })],
    });
    await take("old");
    writeFileSync(
      join(cwd, "main.gang"),
      PROGRAM.replace("metric crps", "metric sharpe: float { goal: maximize }\n  metric crps"),
    );
    expect((await take("old")).out).toMatch(/imported +1 +of 1 peer, 1 with a value/);
    const [first, second] = await evidence();
    expect([first!.attempt, first!.value, second!.attempt, second!.value]).toEqual([
      first!.attempt,
      undefined,
      first!.attempt,
      2,
    ]);
    expect((await take("old")).out).toMatch(/imported +0/);
  });

  it("reads SQLite with the columns of older versions, each bot's folder, and the log beside a file in use", async () => {
    writeSqlite(
      join(cwd, "peers", "gamma", "store.sqlite"),
      {
        patterns: [
          {
            capability: "planning",
            description: "d",
            config: { scale: 1, family: "gbm" },
            stage: "plan",
            timestamp: "2026-03-01T12:00:00",
          },
        ],
      },
      {
        patterns: "id INTEGER PRIMARY KEY, capability TEXT, description TEXT, config TEXT, stage TEXT, timestamp TEXT",
      },
    );
    const live = new DatabaseSync(join(cwd, "peers", "gamma", "store.sqlite"));
    live.exec("pragma journal_mode = wal");
    live.exec(
      `insert into patterns values (9007199254740993, 'c', 'd', '{"scale":0.5,"family":"gbm"}', 'plan', '2026-03-02T00:00:00Z')`,
    );
    const before = readFileSync(join(cwd, "peers", "gamma", "store.sqlite"));
    expect(await take("peers")).toMatchObject({ exit: 0, talk: "" });
    expect((await evidence()).map(({ peer, chosen, ...rest }) => [peer, chosen, (rest as { at?: string }).at])).toEqual(
      [
        ["ganglion/gamma", '{"family":"gbm","scale":1}', "2026-03-01T12:00:00.000Z"],
        ["ganglion/gamma", '{"family":"gbm","scale":0.5}', "2026-03-02T00:00:00.000Z"],
      ],
    );
    expect(readFileSync(join(cwd, "peers", "gamma", "store.sqlite"))).toEqual(before);
    live.close();
  });

  it("credits a tool's stage with its arguments, and asks which stage is meant", async () => {
    const patterns = [
      pattern({ model: { scale: 1, family: "gbm" } }, { stage: "score" }),
      pattern({ scale: 1, family: "gbm" }, { stage: "training" }),
    ];
    writeJson(join(cwd, "old"), { patterns });
    const first = await take("old");
    expect(first.out).toContain('several stages are called "score": --stage says which (research.score, again.score)');
    expect(first.out).toContain('the program has no stage "training": --stage says which is meant (planning)');
    await take("old", "--stage", "score=again.score", "--stage", "planning=research.plan");
    expect((await evidence()).map(({ stage, chosen }) => [stage, chosen])).toEqual([
      ["again.score", '{"days":30,"model":{"family":"gbm","scale":1}}'],
      ["research.plan", '{"family":"gbm","scale":1}'],
    ]);
  });

  it("writes nothing with --dry-run", async () => {
    writeJson(join(cwd, "old"), { patterns: [pattern({ scale: 1, family: "gbm" })] });
    expect(await take("old", "--dry-run")).toMatchObject({
      exit: 0,
      talk: "Nothing was written.\n",
      out: expect.stringMatching(/imported +1/),
    });
    expect(existsSync(join(cwd, ".gang"))).toBe(false);
  });

  it("leaves out what is no claim of the program, and says why and how often", async () => {
    const good = { scale: 1, family: "gbm" };
    let deep: unknown = 1;
    for (let depth = 0; depth < 3000; depth += 1) deep = [deep];
    expect(
      await leftOut([
        pattern(good),
        pattern(null),
        pattern(null, { description: "x".repeat(10_000_000) }),
        pattern({ scale: 9, family: "gbm" }),
        pattern({ ...good, invented: 1 }),
        pattern("'; drop table patterns; --"),
        pattern(deep),
        pattern(good, { metric_value: "42" }),
        pattern(good, { metric_value: 1e16 }),
        pattern(good, { source_bot: ["alpha"] }),
        pattern(good, { timestamp: "yesterday" }),
        pattern(good, { timestamp: undefined }),
        pattern(good, { timestamp: "2200-01-01T00:00:00Z" }),
      ]),
    ).toEqual({
      "it has no configuration: what was only said in words is no claim": 2,
      "its configuration does not fit what research.plan chooses": 4,
      "its metric_value is no number": 1,
      "its metric_value is not finite, or beyond 1e15": 1,
      "its source_bot is no text": 1,
      "its timestamp is no time": 1,
      "it has no timestamp": 1,
      "its time lies in the future": 1,
    });
    expect(await evidence()).toHaveLength(1);
  });

  it("counts a value outside the metric's range as infeasible, and no failure of the world", async () => {
    writeJson(join(cwd, "old"), {
      patterns: [pattern({ scale: 1, family: "gbm" }, { metric_value: -3 })],
      antipatterns: [
        antipattern({ scale: 1, family: "gbm" }, { failure_mode: "rate_limit" }),
        antipattern({ scale: 2, family: "gbm" }, { failure_mode: "timeout" }),
      ],
    });
    expect((await take("old")).out).toContain(
      "the world failed, which says nothing about what was chosen (rate_limit)",
    );
    expect((await evidence()).map(({ ok, class: why }) => [ok, why])).toEqual([
      [false, "timeout"],
      [false, "infeasible"],
    ]);
  });
});

describe("a damaged store of the original", () => {
  const entries = [0.5, 0.7, 0.9, 1.1].map((scale) =>
    pattern({ scale, family: "gbm" }, { description: 'a "brace } in words' }),
  );

  it.each([
    ["cut off", (text: string) => text.slice(0, -200), 3],
    ["with a torn entry", (text: string) => text.replace('"scale": 0.7', '"scale": 0.'), 3],
    ["with what Python writes for no number", (text: string) => text.replace("42.5", "NaN"), 3],
    ["with zeros", (text: string) => text.slice(0, -200) + "\0".repeat(200), 3],
    ["of zeros", (text: string) => "\0".repeat(text.length), 0],
    ["empty", () => "", 0],
    ["with a byte order mark", (text: string) => `\ufeff${text}`, 4],
    ["that is no list", () => "7", 0],
  ])("a file %s: what is whole comes in", async (_, spoil, whole) => {
    writeJson(join(cwd, "old"), { patterns: entries });
    const path = join(cwd, "old", "patterns.json");
    writeFileSync(path, spoil(readFileSync(path, "utf8")));
    const { out } = await take("old", "--format", "json");
    expect(JSON.parse(out)).toMatchObject({ imported: whole });
    expect(await evidence()).toHaveLength(whole);
  });

  it("says that a file is damaged, in a sentence and by its exit code", async () => {
    writeJson(join(cwd, "old"), { patterns: entries });
    writeFileSync(join(cwd, "old", "antipatterns.json"), '[{"capability": "x"');
    expect(await take("old")).toMatchObject({
      exit: 1,
      talk: "old/antipatterns.json: The file is damaged; 0 whole entries could be read.\n",
    });
    expect(await evidence()).toHaveLength(4);
  });

  it("reads of a SQLite file what is whole, and ends at any damage", async () => {
    const file = join(cwd, "old", "knowledge.db");
    writeSqlite(file, {
      patterns: Array.from({ length: 300 }, (_, i) => pattern({ scale: 1, family: "gbm" }, { description: `${i}` })),
    });
    const bytes = readFileSync(file);
    for (let at = 0; at < 24; at += 1) {
      const spoilt = Buffer.from(bytes);
      spoilt.fill(at % 2 === 0 ? 0 : 255, 100 + at * 1500, 600 + at * 1500);
      writeFileSync(file, at % 3 === 0 ? spoilt.subarray(0, bytes.length - at * 1000) : spoilt);
      const { exit, out } = await take("old", "--dry-run", "--format", "json");
      expect([0, 1]).toContain(exit);
      expect(JSON.parse(out).imported).toBeLessThanOrEqual(300);
    }
  });

  it("takes a view for no table, and a blob for no text", async () => {
    const file = join(cwd, "old", "knowledge.db");
    writeSqlite(file, { antipatterns: [antipattern(Buffer.from([1, 2]), { error_summary: Buffer.from([0]) })] });
    const database = new DatabaseSync(file);
    database.exec(
      "create view patterns as with recursive r(n) as (select 1 union all select n + 1 from r) select n from r",
    );
    database.close();
    expect(JSON.parse((await take("old", "--format", "json")).out)).toMatchObject({
      entries: 1,
      imported: 0,
      unread: [],
    });
  });

  it.each([
    [["import", "ganglion", "nowhere"], 2, "there is no nowhere."],
    [["import", "ganglion", "."], 2, ". is no store of the original Ganglion."],
    [["import", "memory", "."], 2, 'import does not know "memory".'],
    [["import", "ganglion"], 2, "import needs an argument."],
    [["import", "ganglion", ".", "--stage", "plan"], 2, '--stage "plan" is not NAME=STAGE.'],
    [["import", "ganglion", ".", "--stage", "a=research.plam"], 2, 'the program has no stage "research.plam".'],
  ])("gangc %j is refused", async (args, exit, said) => {
    expect(await gangc(args, { cwd })).toMatchObject({ exit, out: "", talk: expect.stringContaining(said) });
  });
});

it("says nothing of what Node thinks of SQLite", () => {
  writeSqlite(join(cwd, "old", "knowledge.db"), { patterns: [pattern({ scale: 1, family: "gbm" })] });
  const gangcFile = join(REPOSITORY, "cli/gangc.cjs");
  const { status, stderr } = spawnSync(process.execPath, [gangcFile, "import", "ganglion", "old"], {
    cwd,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
