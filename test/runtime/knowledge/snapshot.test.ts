/** Knowledge over a snapshot and what came since is what it is over all records; a snapshot that does not serve is done without. */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { FACTS, Facts, type SavedFacts } from "../../../runtime/knowledge/facts.ts";
import type { Knowledge, RecallQuery } from "../../../runtime/knowledge/knowledge.ts";
import { openKnowledge } from "../../../runtime/knowledge/open.ts";
import { NO_QUESTION } from "../../../runtime/knowledge/scratch.ts";
import { SNAPSHOT_VERSION } from "../../../runtime/knowledge/snapshot/format.ts";
import { openSnapshot, snapshotOf } from "../../../runtime/knowledge/snapshot/read.ts";
import { query } from "../../../runtime/knowledge/sql/query.ts";
import { storeStatus } from "../../../runtime/knowledge/status.ts";
import { type CompactionOptions, compact } from "../../../runtime/trail/compaction.ts";
import { encodeMark, encodeRecord, openingOf } from "../../../runtime/trail/line.ts";
import { newestManifest } from "../../../runtime/trail/manifest.ts";
import { readTrail } from "../../../runtime/trail/reader.ts";
import type { Record as TrailRecord } from "../../../runtime/trail/record.ts";
import { verifyStore } from "../../../runtime/trail/verify.ts";
import { sha256 } from "../../../runtime/values/canonical.ts";
import { temporaryFolder } from "../trail/store.ts";
import { DAY, evidence, fakeTrail, NOW, stamped } from "./trail.ts";
import { expectSame, terms, trails } from "./trails.ts";

const RUNS = Math.ceil(Number(process.env.GANG_TRAILS ?? 25) / 5);
const WEEK = { seconds: 7 * 24 * 3600 };
const clock = { now: () => NOW };

const opened: Knowledge[] = [];
afterEach(async () => {
  for (const knowledge of opened.splice(0)) await knowledge.close();
});

async function open(directory: string, trustEvery = 0): Promise<Knowledge> {
  const knowledge = await openKnowledge({ source: readTrail(directory), store: directory, clock, trustEvery });
  opened.push(knowledge);
  await knowledge.refresh();
  return knowledge;
}

async function openAll(records: readonly TrailRecord[]): Promise<Knowledge> {
  const knowledge = await openKnowledge({ source: fakeTrail(...records), clock, trustEvery: 0 });
  opened.push(knowledge);
  await knowledge.refresh();
  return knowledge;
}

const asking = (more: Partial<RecallQuery> = {}): RecallQuery => ({
  subnet: "n",
  stage: "p.s",
  scope: null,
  from: ["patterns", "antipatterns"],
  top: 1000,
  halflife: WEEK,
  now: NOW,
  ...more,
});

/** A filter that lets everything through: what is asked with it is answered from the single pieces of evidence. */
const everybody = {
  op: "binary",
  operator: "!=",
  left: { op: "name", name: "peer" },
  right: { op: "literal", value: "" },
} as const;

async function termsOf(knowledge: Knowledge, more: Partial<RecallQuery> = {}) {
  const { patterns, antipatterns } = await knowledge.recall(asking(more));
  return terms([...patterns, ...antipatterns]);
}

/** A store of one process; `add` writes what was told to it as a closed segment. */
function store() {
  const directory = temporaryFolder();
  const folder = join(directory, "trail", "p");
  mkdirSync(folder, { recursive: true });
  let [segment, seq] = [0, 0];
  return {
    directory,
    /** `hand`: what another program makes of the fields' JSON. */
    add(records: readonly TrailRecord[], hand = (fields: string): string => fields): TrailRecord[] {
      segment += 1;
      const mark = { process: "p", segment, machine: "", boot: "", namespace: "", pid: 1, start: "", time: "" };
      const header = {
        kind: "segment.header",
        format: "gang-trail",
        version: 1,
        ...mark,
        peers: [...new Set(records.map(({ peer }) => peer))],
        first: seq + 1,
      };
      const written = records.map((record) => ({ ...record, process: "p", seq: ++seq }));
      const lines = written.map(({ v: _, process, seq, id, time, ...fields }) =>
        encodeRecord(openingOf(process), seq, id, time, hand(JSON.stringify(fields).slice(1, -1))),
      );
      const body = encodeMark(header as never) + lines.join("");
      const bytes = Buffer.byteLength(body);
      const footer = { kind: "segment.footer", count: lines.length, bytes, hash: "", last: false };
      writeFileSync(join(folder, `${segment}.jsonl`), body + encodeMark(footer as never));
      return written;
    },
    seal: (more: Partial<CompactionOptions> = {}) =>
      compact({ directory, from: 0, asideSeconds: 0, snapshotRecords: 1, now: () => NOW, ...more }),
  };
}

const forgotten = (record: TrailRecord) =>
  stamped({
    kind: "forgotten",
    peer: "a",
    records: [{ process: "p", seq: record.seq, id: record.id, hash: "" }],
    artifacts: [],
  });

const DRIFT = ["a", "b"].map((peer) => stamped({ kind: "drift", peer, stage: "p.s", subnet: "n", regime: 0 }));

describe("a snapshot, what was sealed since and what is not sealed are together what all records are", () => {
  it("to 1e-9, wherever the trail is cut, after drift, late corrections and forgetting", async () => {
    const cut = fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100)).map((cuts) => cuts.sort((a, b) => a - b));
    const whims = fc.record({ drifted: fc.nat(3), forgets: fc.option(fc.tuple(fc.nat(100), fc.nat(3))) });
    await fc.assert(
      fc.asyncProperty(trails, cut, whims, async (records, cuts, { drifted, forgets }) => {
        const at = cuts.map((share) => Math.floor((share * records.length) / 100));
        const parts = [0, ...at].map((from, i) => [...records.slice(from, at[i] ?? records.length)] as TrailRecord[]);
        parts[drifted]!.push(...DRIFT);
        const { directory, add, seal } = store();
        const all: TrailRecord[] = [];
        let gone: TrailRecord | undefined;
        for (const [index, part] of parts.entries()) {
          if (forgets !== null && forgets[1] === index) gone = all[Math.floor((forgets[0] * all.length) / 101)];
          all.push(...add([...part, ...(gone !== undefined && forgets![1] === index ? [forgotten(gone)] : [])]));
          // One that is new, one that goes on from it, and then none: what is sealed is read beside it.
          if (index < 3) await seal({ snapshotShare: index < 2 ? 0 : 2 });
        }
        const ours = await open(directory);
        const theirs = await openAll(all.filter(({ id }) => id !== gone?.id));
        for (const more of [{}, { scope: "btc" }, { halflife: { seconds: 3600 } }, { halflife: { evaluations: 5 } }])
          expectSame(await termsOf(ours, more), await termsOf(theirs, more));
        const same = { subnet: "n", stage: "p.s", limit: 7 };
        const observed = async (knowledge: Knowledge) =>
          (await knowledge.observations(same)).map(({ time, peer, ok, scope }) => ({ time, peer, ok, scope }));
        expect(await observed(ours)).toEqual(await observed(theirs));
        expect(ours.regime(same)).toBe(theirs.regime(same));
        for (const knowledge of opened.splice(0)) await knowledge.close();
      }),
      { numRuns: RUNS },
    );
  });
});

describe("evidence that DuckDB takes over from sealed files", () => {
  const odd = fc.record(
    {
      k: fc.oneof(
        fc.nat(3),
        fc.string({ unit: "binary", maxLength: 4 }),
        fc.constantFrom("😀", "\\ud83d", "\u0001", '"'),
      ),
      value: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0.1, 1e15, 1e16, -1e17)),
      metric: fc.constantFrom("m", "loss"),
      proxy: fc.constantFrom("m", "loss"),
      direction: fc.constantFrom(1 as const, -1 as const),
      weight: fc.constantFrom(0, 0.5, 2),
      resolution: fc.constantFrom<unknown>(0.5, 2, 0, -1, "3", null),
      time: fc.constantFrom(NOW - 5, NOW, NOW + 10 * 24 * 3600 * 1000, -5),
      at: fc.constantFrom("2026-01-01", "Jan 5 2026", "no time"),
      ok: fc.boolean(),
      class: fc.constantFrom("error" as const, "infeasible" as const, "rate_limit" as const),
      scope: fc.constantFrom("btc", "ü\n"),
      stage: fc.constantFrom("p.s", "p.t"),
      peer: fc.constantFrom("a", "b", "ä"),
      attempt: fc.constantFrom("1", "2", undefined),
      run: fc.constantFrom("r", undefined),
      version: fc.constantFrom("1", "2"),
      claim: fc.constant("0".repeat(64)),
      regime: fc.nat(2),
    },
    { requiredKeys: ["k"] },
  );

  /** Rows with names for numbers. */
  const plain = (
    rows: readonly (readonly unknown[])[],
    claims: ReadonlyMap<unknown, unknown>,
    { names }: SavedFacts,
  ) => {
    const kinds = { scope: "scopes", peer: "peers", metric: "metrics", proxy: "metrics", version: "versions" } as const;
    return rows
      .map((row) =>
        Object.keys(FACTS.columns).map((column, i) => {
          if (column === "claim") return claims.get(row[i]);
          const kind = kinds[column as keyof typeof kinds];
          if (kind === undefined || row[i] === null) return String(row[i]);
          return names.find((name) => name.kind === kind && name.number === row[i])?.name;
        }),
      )
      .map((row) => row.slice(1).join(" | "))
      .sort();
  };

  it("is what the records say one by one, whatever stands in them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { minLength: 1, maxLength: 12 }), async (some) => {
        const { directory, add, seal } = store();
        const written = add(some.map((told) => evidence(told as never)));
        await seal();
        const facts = new Facts(clock.now);
        for (const record of written) facts.add(JSON.parse(JSON.stringify(record)));
        facts.settle(facts.unsettledOf(), new Map());
        const snapshot = await openSnapshot((await snapshotOf(directory))!, clock.now);
        try {
          const { connection } = snapshot!.engine;
          const rows = (await connection.runAndReadAll("select * from sealed.told.facts")).getRowsJS();
          const claims = (await connection.runAndReadAll("select * from sealed.told.claims")).getRowsJS();
          const texts = (of: readonly (readonly unknown[])[]) =>
            new Map(of.map(([claim, , , , , text]) => [claim, text]));
          const [ours, theirs] = [snapshot!.facts.save(), facts.save()];
          expect(plain(rows, texts(claims), ours)).toEqual(
            plain(facts.waiting.facts, texts(facts.waiting.claims), theirs),
          );
          expect(claims).toHaveLength(facts.waiting.claims.length);
          expect(new Map(JSON.parse(ours.refused))).toEqual(new Map(JSON.parse(theirs.refused)));
          expect(ours.count).toBe(theirs.count);
          const places = (saved: SavedFacts) =>
            saved.places.map(({ stage, known }) => {
              const { claims, newest, some, measured, past } = JSON.parse(known);
              return JSON.stringify([stage, claims, newest, some.length, measured.length, past.length]);
            });
          expect(places(ours).sort()).toEqual(places(theirs).sort());
          const told = (await connection.runAndReadAll("select count(*)::integer from sealed.main.evidence")).getRows();
          expect(told).toEqual([[written.length]]);
        } finally {
          snapshot?.engine.close();
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe("evidence that another hand wrote", () => {
  const told = (value: number) => [
    evidence({ k: { x: 1 }, peer: "b", value: 1 }),
    evidence({ k: { x: 2 }, peer: "b", value }),
    evidence({ k: { x: 3 }, peer: "b", value: 3 }),
  ];
  const cases: [string, (fields: string) => string, claims: number][] = [
    ["with spaces, an escaped letter and a time of its own", (fields) => spaced(fields, '"\\u0061t" : '), 3],
    ["with a space between a key and its colon", (fields) => spaced(fields, '"at" : '), 3],
    ["with a value twice, of which some would take the first", (fields) => `${fields},"value":7`, 0],
    ["with a value twice, once escaped", (fields) => `${fields},"\\u0076alue":7`, 0],
    ["with a key twice deep inside", (fields) => `${fields},"more":[{"a":{"b":1,"b":2}}]`, 0],
    ["with what only looks like a key twice", (fields) => `${fields}, "more":["\\"a\\":", "a", {"a" : 1}, {"a":2}]`, 3],
  ];
  const spaced = (fields: string, at: string) =>
    `${fields.replaceAll('","', '" ,\t"')}, ${at}"${new Date(NOW - 9 * 24 * 3600 * 1000).toISOString()}"`;

  it.each(cases)("%s says the same sealed or not", async (_, hand, claims) => {
    const { directory, add, seal } = store();
    add(told(2), hand);
    const before = await termsOf(await open(directory));
    expect(before).toHaveLength(claims);
    const { problems } = await readTrail(directory).since({});
    expect(problems.filter(({ message }) => message.includes("a key twice"))).toHaveLength(3 - claims);
    await seal();
    expectSame(await termsOf(await open(directory)), before);
  });
});

describe("a store's snapshot", () => {
  const values = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => evidence({ k: { x: from + i }, value: from + i }));

  async function filled() {
    const made = store();
    made.add(values(1, 20));
    await made.seal();
    return { ...made, path: () => join(made.directory, "sealed", newestManifest(made.directory)!.snapshot!.name) };
  }
  const known = async (directory: string) => (await (await open(directory)).recall(asking())).known;

  it("is named by the manifest; the one before goes with the last manifest that names it", async () => {
    const { directory, add, seal } = await filled();
    add(values(21, 40));
    await seal();
    const there = readdirSync(join(directory, "sealed")).filter((name) => name.startsWith("snapshot-"));
    expect(there).toEqual([newestManifest(directory)!.snapshot!.name]);
    expect(newestManifest(directory)!.snapshot!.records).toBe(40);
    expect(await known(directory)).toBe(40);
  });

  it.each([
    ["ranked before", true],
    ["never ranked", false],
  ])(
    "says of a claim with news what all its evidence says, and of the others what it said: of a stage %s",
    async (_, ranked) => {
      const { directory, add } = await filled();
      const knowledge = await open(directory, Infinity);
      if (ranked) expect((await termsOf(knowledge)).size).toBe(20);
      for (const [x, evaluations] of [
        [3, 2],
        [3, 3],
        [21, 1],
      ]) {
        add([evidence({ k: { x: x! }, value: 50, peer: "b" })]);
        await knowledge.refresh();
        const known = await termsOf(knowledge);
        const { patterns } = await knowledge.recall(asking());
        expect(patterns.find(({ chosen }) => chosen === `{"x":${x}}`)).toMatchObject({ evaluations });
        expect(known.size).toBe(x === 3 ? 20 : 21);
        expectSame(known, await termsOf(knowledge, { where: everybody }));
      }
    },
  );

  it.each([
    ["from what is kept", {}],
    ["from the single pieces", { where: everybody }],
  ])("takes the last word of an attempt, though nothing of the stage had to be merged before: %s", async (_, more) => {
    const { directory, add } = await filled();
    const knowledge = await open(directory, Infinity);
    const told = async (value: number) => {
      add([evidence({ k: { x: 3 }, value, peer: "b", attempt: "t" })]);
      await knowledge.refresh();
      const { patterns } = await knowledge.recall(asking(more));
      return patterns.find(({ chosen }) => chosen === '{"x":3}')!;
    };
    const first = await told(50);
    const second = await told(60);
    expect(second).toMatchObject({ evaluations: 2, peers: 2 });
    // The mean of two peers' means.
    expect(second.values.m! - first.values.m!).toBeCloseTo(5, 9);
  });

  it.each([
    ["missing", (path: string) => rmSync(path)],
    ["empty", (path: string) => writeFileSync(path, "")],
    ["cut", (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 20_000))],
    ["no database", (path: string) => writeFileSync(path, "x".repeat(100_000))],
    [
      "overwritten in the middle",
      (path: string) => {
        const file = openSync(path, "r+");
        for (let at = 12_288; at < 200_000; at += 4096) writeSync(file, Buffer.alloc(512, 7), 0, 512, at);
        closeSync(file);
      },
    ],
  ])("that is %s is done without, and made anew", async (_, damage) => {
    const { directory, add, seal, path } = await filled();
    const before = path();
    damage(before);
    expect(await known(directory)).toBe(20);
    add(values(21, 40));
    await seal();
    expect(path()).not.toBe(before);
    expect(await known(directory)).toBe(40);
    expect((await termsOf(await open(directory))).size).toBe(40);
  });

  it.each([{ engine: "duckdb v0.0.1" }, { version: 999 }])("of another version is done without: %j", async (more) => {
    const { directory, seal, path } = await filled();
    const manifest = newestManifest(directory)!;
    const file = join(directory, "sealed", `MANIFEST-${manifest.generation}.json`);
    const other = { ...manifest, snapshot: { ...manifest.snapshot!, ...more } };
    writeFileSync(file, encodeMark(other as never));
    expect(await known(directory)).toBe(20);
    await seal();
    expect(newestManifest(directory)!.snapshot).toMatchObject({
      version: SNAPSHOT_VERSION,
      engine: manifest.snapshot!.engine,
    });
    expect(newestManifest(directory)!.generation).toBe(manifest.generation + 1);
    expect(path()).toContain(`snapshot-${manifest.generation + 1}-`);
  });

  it("leaves nothing of what it had no memory for, also where its writer was killed", async () => {
    const { directory, add, seal, path } = await filled();
    const spill = `${path().replace(/[^/]*$/, "snapshot-1-of-a-killed-one.duckdb")}.tmp`;
    mkdirSync(spill);
    writeFileSync(join(spill, "block"), "");
    add(values(21, 40));
    await seal();
    expect(readdirSync(join(directory, "sealed")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("holds nothing of what was forgotten", async () => {
    const { directory, add, seal, path } = await filled();
    const [secret] = add([evidence({ k: { key: "sk-live-0123456789" }, value: 1 })]);
    await seal();
    expect(readFileSync(path()).includes("sk-live-0123456789")).toBe(true);
    add([forgotten(secret!)]);
    await seal();
    expect(readFileSync(path()).includes("sk-live-0123456789")).toBe(false);
    expect(await known(directory)).toBe(20);
  });

  it("tells of which subnet a score is that does not say it, as the runs say that it has, or will have", async () => {
    const score = (run: string, value: number) =>
      stamped({ kind: "score", peer: "a", run, metric: "m", value, direction: 1, feasible: true });
    const started = (run: string) =>
      stamped({ kind: "run.started", peer: "a", run, pipeline: "p", subnet: "n", cycle: 0, seed: 1 });
    const { directory, add, seal } = store();
    const best = async () => (await open(directory)).metric({ subnet: "n", metric: "m", which: "best" });
    add([started("r"), score("later", 9)]);
    await seal();
    add([score("r", 2)]);
    expect(await best()).toBe(2);
    await seal({ snapshotShare: 0 });
    expect(await best()).toBe(2);
    add([started("later")]);
    expect(await best()).toBe(9);
    await seal({ snapshotShare: 0 });
    expect(await best()).toBe(9);
  });

  /** Overwrites the blocks that only whoever reads the table comes upon. */
  async function damageBlocks(path: string, table: string): Promise<void> {
    const [header, block] = [3 * 4096, 256 * 1024];
    const whole = readFileSync(path);
    let found = 0;
    for (let at = header; at < whole.length; at += block) {
      const damaged = readFileSync(path);
      damaged.fill(7, at + 1000, at + 1512);
      const before = readFileSync(path);
      writeFileSync(path, damaged);
      const opened = await openSnapshot(path, clock.now);
      const read = opened?.engine.connection.run(`select max(hash(t)) from sealed.${table} t`);
      const isFound = await read?.then(
        () => false,
        () => true,
      );
      opened?.engine.close();
      if (isFound === true) found += 1;
      else writeFileSync(path, before);
    }
    expect(found).toBeGreaterThan(0);
  }

  it("of which a block is damaged that is read late, is done without by ad-hoc SQL and by status, and made anew", async () => {
    const { directory, add, seal } = store();
    add(values(1, 3000));
    await seal();
    const path = join(directory, "sealed", newestManifest(directory)!.snapshot!.name);
    const asked = async (sql: string) => {
      const [rows, columns]: [unknown[], unknown[]] = [[], []];
      const onColumns = (more: readonly object[]) => void columns.push(...more);
      await query({ store: directory, sql, now: NOW, onColumns, onRows: (more) => void rows.push(...more) });
      return [columns.length, ...rows];
    };
    await damageBlocks(path, "main.records");
    expect(await asked("select count(distinct id), count(distinct record) from records")).toEqual([2, [3000, 3000]]);
    const { records, processes } = await storeStatus(directory, NOW);
    expect([records, processes.length]).toEqual([3000, 1]);
    // What is no damage is said as ever.
    await expect(asked("select error('corrupt') from records")).rejects.toThrow("corrupt");

    const problems = async () =>
      (await verifyStore(directory)).problems.filter(({ file }) => file.includes("snapshot"));
    expect(await problems()).toMatchObject([{ file: path, problem: "damaged-snapshot" }]);
    await seal();
    expect(newestManifest(directory)!.snapshot!.name, "to read all of it takes long").toBe(basename(path));
    await seal({ checksSnapshot: true });
    const anew = newestManifest(directory)!;
    expect(anew.snapshot!.name).not.toBe(basename(path));
    expect(await problems()).toEqual([]);
    await seal({ checksSnapshot: true });
    expect(newestManifest(directory)!.generation).toBe(anew.generation);
  });

  it("is read by ad-hoc SQL, with what goes on in what came since", async () => {
    const { directory, add, seal } = store();
    const run = { peer: "a", run: "r" };
    const stage = { ...run, stage: "p.s" };
    add([
      stamped({ kind: "run.started", ...run, pipeline: "p", subnet: "n", cycle: 3, seed: 1 }),
      stamped({ kind: "stage.started", ...stage, line: 7 }),
      evidence({ k: { x: 1 }, value: 1 }),
    ]);
    await seal();
    const asked = async (sql: string) => {
      const rows: unknown[] = [];
      await query({ store: directory, sql, now: NOW, onRows: (more) => void rows.push(...more) });
      return rows;
    };
    const told = "select r.cycle, r.status, s.line, s.status from runs r join stages s using (run_id)";
    expect(await asked(told)).toEqual([[3, "interrupted", 7, "interrupted"]]);
    add([
      stamped({ kind: "stage.ended", ...stage, status: "ok", attempts: 1, elapsed: 1 }),
      stamped({ kind: "run.ended", ...run, status: "ok", elapsed: 2 }),
      evidence({ k: { x: 2 }, value: 2 }),
    ]);
    for (const again of [1, 2, 3]) {
      expect(await asked(told)).toEqual([[3, "ok", 7, "ok"]]);
      expect(await asked("select count(*), min(record->>'kind') from records")).toEqual([[6, "evidence"]]);
      expect(await asked("select chosen from patterns")).toEqual([['{"x":2}'], ['{"x":1}']]);
      await seal({ snapshotShare: again === 1 ? 2 : 0 });
    }
  });

  it("tells what was chosen, of few claims and of many, also where what was ranked before is shown further", async () => {
    const { directory, add, seal } = store();
    const sizes = { "p.few": 30, "p.many": 1100 };
    for (const [stage, size] of Object.entries(sizes))
      add(Array.from({ length: size }, (_, x) => evidence({ k: { stage, x }, stage })));
    await seal();
    const knowledge = await open(directory);
    for (const top of [5, 20]) {
      for (const stage of Object.keys(sizes)) {
        const { patterns } = await knowledge.recall(asking({ stage, top }));
        expect(patterns.length).toBe(top);
        for (const { claim, chosen } of patterns) {
          expect(claim).toBe(sha256(chosen));
          expect(JSON.parse(chosen)).toMatchObject({ stage });
        }
      }
    }
  });

  it("a process that lives on moves to a newer one, and knows the same", async () => {
    const { directory, add, seal } = await filled();
    const knowledge = await open(directory);
    add(Array.from({ length: 6000 }, (_, i) => evidence({ k: { x: i % 50 }, value: i % 50, peer: `p${i % 9}` })));
    await knowledge.refresh();
    const before = await termsOf(knowledge);
    const answers = Promise.all([termsOf(knowledge, { halflife: { seconds: 60 } }), termsOf(knowledge)]);
    await seal();
    await knowledge.refresh();
    await answers;
    expectSame(await termsOf(knowledge), before);
    expectSame(await termsOf(await open(directory)), before);
  });
});

describe("news of a stage that was not asked for", () => {
  const told = [evidence({ k: "one" }), evidence({ k: "two" }), evidence({ k: "one", stage: "p.other" })];
  const count = "select place, count(*)::INTEGER from told.facts group by place order by place";

  async function start() {
    const { directory, add, seal } = store();
    const written = add(told);
    await seal();
    const { engine, facts } = (await openSnapshot((await snapshotOf(directory))!, clock.now))!;
    await engine.flush(facts);
    const again = (record: TrailRecord, seq: number) => ({
      ...record,
      id: `again ${seq}`,
      seq,
      attempt: `again ${seq}`,
    });
    return { engine, facts, written, again };
  }

  it("waits, and is taken in with whatever needs all", async () => {
    const { engine, facts, written, again } = await start();
    const [place, other] = [facts.place("n", "p.s")!, facts.place("n", "p.other")!];
    for (const [index, record] of written.entries()) facts.add(again(record, index + 10));
    await engine.flush(facts, place);
    expect((await engine.connection.runAndReadAll(count)).getRows()).toEqual([[place.id, 2]]);
    await engine.flush(facts);
    expect(new Map((await engine.connection.runAndReadAll(count)).getRows() as [number, number][])).toEqual(
      new Map([
        [place.id, 2],
        [other.id, 1],
      ]),
    );
    expect([place.claims, other.claims]).toEqual([2, 1]);
    engine.close();
  });

  it("does not wait once it is forgotten", async () => {
    const { engine, facts, written, again } = await start();
    const late = again(written[2]!, 12);
    for (const record of [again(written[0]!, 10), late]) facts.add(record);
    facts.drop(late.id);
    const place = facts.place("n", "p.s")!;
    await engine.flush(facts, place);
    await engine.flush(facts);
    expect((await engine.connection.runAndReadAll(count)).getRows()).toEqual([[place.id, 1]]);
    engine.close();
  });

  it("keeps its claims where it comes while the snapshot is asked", async () => {
    const { engine, facts, written, again } = await start();
    facts.add(again(written[0]!, 10));
    const flushed = engine.flush(facts);
    facts.add(again(written[1]!, 11));
    await flushed;
    await engine.flush(facts);
    const claims = await engine.connection.runAndReadAll("select count(distinct claim)::INTEGER from ranking.facts");
    expect(claims.getRows()).toEqual([[3]]);
    expect(facts.place("n", "p.s")!.claims).toBe(2);
    engine.close();
  });
});

describe("news of claims of a plain stage", () => {
  const told = ["a", "b", "c"].flatMap((peer, index) => [
    evidence({ k: "one", peer, value: 1 + index }),
    evidence({ k: "two", peer, value: 5 - index, echo: index === 1 }),
    evidence({ k: "three", peer, value: 9 * index }),
  ]);

  it("is added to the voices in the snapshot, and copies none of them", async () => {
    const { directory, add, seal } = store();
    add(told);
    await seal();
    const { engine, facts } = (await openSnapshot((await snapshotOf(directory))!, clock.now))!;
    const place = facts.place("n", "p.s")!;
    facts.add({ ...evidence({ k: "one", peer: "d", value: 3 }), process: "q" });
    await engine.flush(facts, place);
    const question = { ...NO_QUESTION, place: place.id, now: NOW, moment: NOW };
    expect(await engine.levels.ready(place, question)).toMatchObject({ levels: "sealed.told", news: "added" });
    const kept = async (table: string) =>
      (await engine.connection.runAndReadAll(`select count(*)::INTEGER from ${table}`)).getRows()[0]![0];
    expect([await kept("told.voices"), await kept("told.levels")]).toEqual([0, 0]);
    engine.close();
  });

  it("ranks as all evidence does, where a peer goes on, and where it corrects what is in the snapshot", async () => {
    const { directory, add, seal } = store();
    const attempt = "sealed";
    add([...told, evidence({ k: "two", peer: "d", value: 4.1, time: NOW - 3 * DAY, attempt })]);
    await seal();
    const now = NOW + DAY;
    for (const [news, evaluations] of [
      [evidence({ k: "two", peer: "d", value: 4.9 }), 5],
      [evidence({ k: "two", peer: "d", value: 4.3, time: NOW + 1, attempt }), 5],
    ] as const) {
      add([news]);
      // Each by a process that knows no more than the snapshot.
      const kept = await termsOf(await open(directory, Number.POSITIVE_INFINITY), { now });
      const known = await open(directory, Number.POSITIVE_INFINITY);
      expectSame(kept, await termsOf(known, { now, where: everybody }));
      const { patterns } = await known.recall(asking({ now }));
      expect(patterns.find(({ chosen }) => chosen === '"two"')).toMatchObject({ evaluations });
    }
  });

  it("ranks as all evidence does, also where it comes again, is corrected, or of a new claim", async () => {
    const { directory, add, seal } = store();
    add(told);
    await seal();
    const knowledge = await open(directory, Number.POSITIVE_INFINITY);
    const now = NOW + DAY;
    const attempt = "said twice";
    for (const news of [
      [evidence({ k: "one", peer: "d", value: 3 })],
      [evidence({ k: "one", peer: "d", value: 8 }), evidence({ k: "two", peer: "a", ok: false, class: "error" })],
      [evidence({ k: "four", peer: "b", value: 2, attempt })],
      [evidence({ k: "four", peer: "b", value: 7, attempt, time: NOW + 1 }), evidence({ k: "one", value: 2 })],
      [evidence({ k: "three", peer: "c", value: 4 })],
    ]) {
      add(news);
      await knowledge.refresh();
      // First, for what is asked with a filter looks for itself whether anything is repeated.
      const known = await termsOf(knowledge, { now });
      expectSame(known, await termsOf(knowledge, { now, where: everybody }));
    }
  });
});
