/** What happens in the world happens once: counted by the tool itself, in a file outside of the store. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { pendingIn } from "../../../runtime/execution/pending.ts";
import { restoredRun } from "../../../runtime/execution/restored.ts";
import type { Plan } from "../../../runtime/plan.ts";
import { artifactsOf } from "../../../runtime/trail/artifacts.ts";
import { claimsOf } from "../../../runtime/trail/claims.ts";
import type { Draft } from "../../../runtime/trail/record.ts";
import { run, written } from "./fakes.ts";
import { AT, call, field, literal, name, planOf, record, STRING, stage, TOOLS, typescript } from "./plans.ts";

const folder = mkdtempSync(join(tmpdir(), "gang-effects-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let number = 0;
let store = "";
let world = "";
beforeEach(() => {
  store = join(folder, `store-${++number}`);
  world = join(folder, `world-${number}`);
});
const happened = (): string[] => (existsSync(world) ? readFileSync(world, "utf8").trim().split("\n") : []);

const GIVEN = record(["path", STRING], ["what", STRING]);
const TICKET = record(["ticket", STRING]);

function submitting(more: { confirm?: string; tool?: string } = {}): Plan {
  const submit = typescript("world.ts", more.tool ?? "submit", GIVEN, TICKET, {
    effect: true,
    ...(more.confirm === undefined ? {} : { confirm: more.confirm }),
  });
  const findTicket = typescript("world.ts", "findTicket", GIVEN, { kind: "optional", of: TICKET });
  const given = { path: literal(world), what: field(name("one"), "value") };
  return planOf(
    [
      stage("one", call("tool", "echo", { value: literal("it") }), [], { type: record(["value", STRING]) }),
      stage("sent", call("tool", "submit", given), ["one"], { type: TICKET }),
      stage("after", call("tool", "echo", { value: field(name("sent"), "ticket") }), ["sent"], { type: STRING }),
    ],
    {
      tools: {
        ...TOOLS,
        submit,
        findTicket,
        echo: typescript("world.ts", "echo", record(["value", STRING]), record(["value", STRING])),
      },
    },
  );
}

const resumed = async (plan: Plan, ...drafts: readonly (readonly Draft[])[]) => {
  const records = written(...drafts);
  return run(plan, store, { resume: (await restoredRun(records, records.at(-1)!.run!, artifactsOf(store)))! });
};
const valuesOf = (drafts: readonly Draft[]) =>
  drafts.flatMap((draft) => (draft.kind === "stage.ended" ? [[draft.stage, draft.status, draft.output]] : []));

describe("cut off at any moment", () => {
  test("it happens once, and its `confirm` tells what nobody else knows", async () => {
    const plan = submitting({ confirm: "findTicket" });
    const whole = (await run(plan, store)).trail.drafts;
    expect(happened()).toEqual(["it"]);
    const [start, end] = ["tool.started", "tool.ended"].map((kind) =>
      whole.findIndex((draft) => draft.kind === kind && "effect" in draft && draft.effect === true),
    ) as [number, number];
    for (let cut = 2; cut < whole.length; cut++) {
      // Between its start and its end it may have happened, or not.
      const possible = cut <= start ? [[]] : cut <= end ? [[], ["it"]] : [["it"]];
      for (const before of possible) {
        writeFileSync(world, before.map((line) => `${line}\n`).join(""));
        const { trail, of } = await resumed(plan, whole.slice(0, cut));
        expect(happened(), `cut at ${cut}`).toEqual(["it"]);
        expect(valuesOf([...whole.slice(0, cut), ...trail.drafts])).toEqual(valuesOf(whole));
        expect(of("effect").map(({ state, by }) => [state, by])).toEqual(
          cut > start && cut <= end ? [[before.length === 0 ? "undone" : "happened", "findTicket"]] : [],
        );
      }
    }
  });

  test("without a `confirm` the run is parked, what rests on it stays open, and it goes on as a person says", async () => {
    const plan = submitting();
    const whole = (await run(plan, store)).trail.drafts;
    const start = whole.findIndex((draft) => draft.kind === "tool.started" && draft.effect === true);
    const cut = whole.slice(0, start + 1);
    const parked = await resumed(plan, cut);
    expect(parked.summary.runs).toMatchObject([
      { status: "parked", error: "work.sent: submit was cut off and may have happened: a person must say" },
    ]);
    expect(valuesOf(parked.trail.drafts)).toEqual([]);
    const [unsure] = parked.of("effect");
    expect(unsure).toMatchObject({ state: "unsure", tool: "submit", stage: "work.sent" });

    // Nothing said: parked again, and asked no second time.
    const still = await resumed(plan, cut, parked.trail.drafts);
    expect(still.summary.runs).toMatchObject([{ status: "parked" }]);
    expect(still.of("effect")).toEqual([]);

    const said = (more: object): Draft[] => [{ ...unsure!, by: "a person", ...more } as Draft];
    const goingOn = (more: object) => resumed(plan, cut, [...parked.trail.drafts, ...said(more)]);
    expect(valuesOf((await goingOn({ state: "happened", output: { ticket: "T" } })).trail.drafts)).toEqual([
      ["work.sent", "ok", { ticket: "T" }],
      ["work.after", "ok", { value: "T" }],
    ]);
    expect(happened()).toEqual(["it"]);

    expect((await goingOn({ state: "left" })).summary.runs).toMatchObject([
      { status: "failed", error: "work.sent: submit was cut off and may have happened; it was decided to leave it so" },
    ]);
    expect(happened()).toEqual(["it"]);

    const again = await goingOn({ state: "undone" });
    expect(again.summary.runs).toMatchObject([{ status: "ok" }]);
    expect(happened()).toEqual(["it", "it"]);
    // That it did not happen was said of the first call: the second one is as good as any.
    const third = await resumed(
      plan,
      cut,
      [...parked.trail.drafts, ...said({ state: "undone" })],
      again.trail.drafts.slice(0, -3),
    );
    expect(third.summary.runs).toMatchObject([{ status: "ok" }]);
    expect(happened()).toEqual(["it", "it"]);
  });
});

test("one whose `confirm` cannot be asked is not given up: a person may say, and it is asked again", async () => {
  const plan = submitting({ confirm: "findTicket" });
  const deaf = { ...plan, tools: { ...plan.tools, findTicket: typescript("world.ts", "deaf", GIVEN, TICKET) } };
  const whole = (await run(plan, store)).trail.drafts;
  const start = whole.findIndex((draft) => draft.kind === "tool.started" && draft.effect === true);
  const cut = whole.slice(0, start + 1);
  const parked = await resumed(deaf, cut);
  const error =
    "work.sent: submit was cut off, findTicket cannot tell (the net is down), and may have happened: a person must say";
  expect(parked.summary.runs).toMatchObject([{ status: "parked", error }]);
  expect(parked.of("effect")).toMatchObject([{ state: "unsure", tool: "submit" }]);
  const again = await resumed(plan, cut, parked.trail.drafts);
  expect(again.summary.runs).toMatchObject([{ status: "ok" }]);
  expect(happened()).toEqual(["it"]);
});

test("where a process of another machine holds it, a person is asked, and what they say goes before its claim", async () => {
  const plan = submitting();
  const whole = (await run(plan, store)).trail.drafts;
  const claim = whole.findIndex((draft) => draft.kind === "tool.started" && draft.effect === true);
  const cut = whole.slice(0, claim);
  writeFileSync(world, "");
  const key = JSON.stringify(["effect", "work.sent", whole.at(-1)!.run, ""]);
  await claimsOf(store, "elsewhere").take(key);
  const [file] = readdirSync(join(store, "claims")).map((name) => join(store, "claims", name));
  const holder = JSON.parse(readFileSync(file!, "utf8"));
  writeFileSync(file!, JSON.stringify({ ...holder, machine: "another" }));

  const parked = await resumed(plan, cut);
  expect(parked.summary.runs).toMatchObject([{ status: "parked" }]);
  const [unsure] = parked.of("effect");
  expect(unsure).toMatchObject({ state: "unsure", tool: "submit", stage: "work.sent" });
  const listed = await pendingIn(written(cut, parked.trail.drafts), () => false, 0);
  expect(listed).toMatchObject([{ kind: "effect", stage: "work.sent", tool: "submit", call: unsure!.call }]);
  // Asked no second time, as long as nobody has said anything.
  expect((await resumed(plan, cut, parked.trail.drafts)).of("effect")).toEqual([]);

  const said = { ...unsure!, state: "undone", by: "a person" } as Draft;
  const on = await resumed(plan, cut, [...parked.trail.drafts, said]);
  expect(on.summary.runs).toMatchObject([{ status: "ok" }]);
  expect(happened()).toEqual(["it"]);
  expect(readdirSync(join(store, "claims"))).toEqual([]);
});

test("one that fails is not tried again, by no attempt and by no resume: it may have happened all the same", async () => {
  const plan = submitting({ tool: "refused" });
  const failed = await run(plan, store);
  expect(failed.summary.runs).toMatchObject([{ status: "failed", error: "work.sent: the chain is down" }]);
  const again = await resumed(plan, failed.trail.drafts);
  expect(again.summary.runs).toMatchObject([
    {
      status: "parked",
      error: "work.sent: submit failed (the chain is down) and may have happened: a person must say",
    },
  ]);
});

test("one that fails and has happened is done, where its `confirm` knows what it gave; where it knows nothing, it stays in doubt", async () => {
  const done = await run(submitting({ tool: "submitAndFail", confirm: "findTicket" }), store);
  expect(done.summary.runs).toMatchObject([{ status: "ok" }]);
  expect(valuesOf(done.trail.drafts)).toContainEqual(["work.sent", "ok", { ticket: "ticket of it" }]);
  const [call] = done.of("tool.ended").filter(({ effect }) => effect);
  expect(call).toMatchObject({ ok: false, error: "the line is dead" });
  expect(done.of("effect")).toMatchObject([{ state: "happened", by: "findTicket", call: call!.call }]);
  expect(happened()).toEqual(["it"]);
  // A run that goes on before its stage had ended does not do it again.
  const ended = done.trail.drafts.findIndex(({ kind, stage }) => kind === "stage.ended" && stage === "work.sent");
  expect((await resumed(submitting(), done.trail.drafts.slice(0, ended))).summary.runs).toMatchObject([
    { status: "ok" },
  ]);
  expect(happened()).toEqual(["it"]);

  rmSync(world);
  const refused = submitting({ tool: "refused", confirm: "findTicket" });
  const failed = await run(refused, store);
  expect(failed.summary.runs).toMatchObject([{ status: "failed", error: "work.sent: the chain is down" }]);
  expect(failed.of("effect")).toEqual([]);
  const mended = await resumed(submitting({ confirm: "findTicket" }), failed.trail.drafts);
  expect(mended.of("effect")).toMatchObject([{ state: "undone", by: "findTicket" }]);
  expect(happened()).toEqual(["it"]);
});

test("one whose program is not there surely did not happen: nobody is asked, and it is done once there is one", async () => {
  const program = join(folder, `send-${number}`);
  const base = submitting();
  const plan = {
    ...base,
    tools: { ...base.tools, submit: { ...base.tools.submit!, from: { kind: "exec" as const, command: [program] } } },
  };
  const failed = await run(plan, store);
  expect(failed.summary.runs).toMatchObject([{ status: "failed", error: `work.sent: there is no program ${program}` }]);
  expect(failed.of("effect")).toMatchObject([{ state: "undone", why: `there is no program ${program}` }]);
  expect(readdirSync(join(store, "claims"))).toEqual([]);

  writeFileSync(program, `#!/bin/sh\necho it >> ${world}\necho '{"ticket":"T"}'\n`, { mode: 0o755 });
  const again = await resumed(plan, failed.trail.drafts);
  expect(again.summary.runs).toMatchObject([{ status: "ok" }]);
  expect(happened()).toEqual(["it"]);
});

test("a cancel lets it end, so that its result is known", async () => {
  const plan = submitting({ tool: "submitSlowly" });
  const stop = new AbortController();
  const { of, summary } = await run(plan, store, {
    signal: stop.signal,
    onRecord: (draft) => {
      if (draft.kind === "tool.started" && draft.effect === true) setTimeout(() => stop.abort(), 5);
    },
  });
  expect(summary.runs).toMatchObject([{ status: "cancelled" }]);
  expect(of("tool.ended").filter((draft) => draft.effect)).toMatchObject([{ ok: true, output: { ticket: "slow" } }]);
  expect(of("stage.ended").map(({ stage, status }) => [stage, status])).toEqual([
    ["work.one", "ok"],
    ["work.sent", "ok"],
    ["work.after", "skipped"],
  ]);
});

test("a rehearsal leaves the world alone, skips what reads it, and teaches nothing", async () => {
  const plan = submitting();
  const { of, summary } = await run(plan, store, { dry: true });
  expect(summary.runs).toMatchObject([{ status: "ok" }]);
  expect(happened()).toEqual([]);
  expect(of("run.started")).toMatchObject([{ dry: true }]);
  expect(of("stage.ended").map(({ stage, status, error }) => [stage, status, error])).toEqual([
    ["work.one", "ok", undefined],
    [
      "work.sent",
      "skipped",
      `submit is an effect, and was not called with ${JSON.stringify({ path: world, what: "it" })}`,
    ],
    ["work.after", "skipped", "because work.sent was only rehearsed"],
  ]);
  expect(of("evidence")).toEqual([]);
  expect(of("tool.started").map(({ tool }) => tool)).toEqual(["echo"]);
});

test("in a fan-out each item has its own, and what rests on all of them waits for the one that does", async () => {
  const base = submitting();
  const given = { path: literal(world), what: field(name("task"), "name") };
  const plan = {
    ...base,
    pipelines: planOf([
      {
        kind: "for",
        variable: "task",
        type: { kind: "json" },
        over: { kind: "list", list: { op: "field", of: name("net"), name: "tasks" } },
        needs: [],
        at: AT,
        body: [stage("sent", call("tool", "submit", given), ["task"], { type: TICKET })],
      },
      stage("after", call("tool", "start", { value: { op: "aggregate", function: "count", of: name("sent") } }), [
        "sent",
      ]),
    ]).pipelines,
  };
  const whole = (await run(plan, store)).trail.drafts;
  expect(happened().sort()).toEqual(["a", "b", "c"]);
  // As if the result of b had not been written any more.
  const lost = whole.filter(
    (draft) =>
      draft.kind !== "run.ended" &&
      draft.stage !== "work.after" &&
      !(draft.scope === "b" && (draft.kind === "stage.ended" || draft.kind === "tool.ended")),
  );
  const parked = await resumed(plan, lost);
  expect(parked.summary.runs).toMatchObject([{ status: "parked" }]);
  expect(valuesOf(parked.trail.drafts)).toEqual([]);
  const [unsure] = parked.of("effect");
  const answer = { ...unsure!, state: "happened", output: { ticket: "b" } } as Draft;
  const on = await resumed(plan, lost, [...parked.trail.drafts, answer]);
  expect(valuesOf(on.trail.drafts)).toEqual([
    ["work.sent", "ok", { ticket: "b" }],
    ["work.after", "ok", { value: 3 }],
  ]);
  expect(happened()).toHaveLength(3);
});
