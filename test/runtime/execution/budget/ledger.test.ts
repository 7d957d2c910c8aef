/** One store's limits under many processes, and under their deaths. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Ledger } from "../../../../runtime/execution/budget/ledger.ts";
import { unitsOf } from "../../../../runtime/execution/budget/limits.ts";
import { SETTINGS } from "../../../../runtime/settings.ts";

const SPENDER = new URL("spender.ts", import.meta.url).pathname;
const nothing = async () => new Map();

function place(): { readonly store: string; readonly world: string } {
  const store = mkdtempSync(join(tmpdir(), "gang-limits-"));
  onTestFinished(() => rmSync(store, { recursive: true, force: true }));
  return { store, world: join(store, "world") };
}

function spender({ store, world }: ReturnType<typeof place>, ...args: readonly (string | number)[]): ChildProcess {
  return spawn(process.execPath, [SPENDER, store, world, ...args.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

function spentIn(world: string): { readonly at: number; readonly amount: number }[] {
  return (existsSync(world) ? readFileSync(world, "utf8") : "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(" ").map(Number))
    .map(([at, amount]) => ({ at: at!, amount: amount! }));
}

/** The most that was spent in any window of that length. */
function mostIn(spent: ReturnType<typeof spentIn>, window: number): number {
  const sorted = [...spent].sort((a, b) => a.at - b.at);
  let [most, sum, first] = [0, 0, 0];
  for (const { at, amount } of sorted) {
    sum += amount;
    while (sorted[first]!.at <= at - window) sum -= sorted[first++]!.amount;
    most = Math.max(most, sum);
  }
  return most;
}

test("eight processes never spend more than a limit for all time allows, and all of it", async () => {
  const at = place();
  const children = Array.from({ length: 8 }, () => spender(at, 1000, "ever", 300, 3, 1));
  await Promise.all(children.map((child) => once(child, "exit")));
  // What is reserved at the worst is given back: the last of it is taken by calls that may cost 3.
  const sum = spentIn(at.world).reduce((total, { amount }) => total + amount, 0);
  expect(sum).toBe(298);
}, 60_000);

test("eight processes, some of which are killed, keep to a window that slides; nothing of it is lost for ever", async () => {
  const at = place();
  const [window, most] = [400, 40];
  const children = Array.from({ length: 8 }, () => spender(at, 1000, window, most, 2, 1));
  const dead = children.slice(0, 4).map(async (child, index) => {
    const exit = once(child, "exit");
    setTimeout(() => child.kill("SIGKILL"), 1500 + index * 150);
    await exit;
  });
  await Promise.all(dead);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const killed = Date.now() - 2 * window;
  for (const child of children.slice(4)) {
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }
  const spent = spentIn(at.world);
  // Who asked earlier may be let in later, by the order of the file.
  expect(mostIn(spent, window * 0.9)).toBeLessThanOrEqual(most);
  expect(spent.filter((of) => of.at > killed).length).toBeGreaterThan(most / 2);
}, 60_000);

test("what a dead process had reserved counts as spent, at its worst", async () => {
  const { store } = place();
  const dying = spawn(process.execPath, [
    "--input-type=module-typescript",
    "-e",
    `import { Ledger } from ${JSON.stringify(new URL("../../../../runtime/execution/budget/ledger.ts", import.meta.url).pathname)};
     await new Ledger(${JSON.stringify(store)}).take([["tool t money per ever", null, 7, 10]], 1, async () => new Map());
     process.kill(process.pid, "SIGKILL");`,
  ]);
  await once(dying, "exit");
  const ledger = new Ledger(store);
  const want = [["tool t money per ever", null, 5, 10]] as const;
  expect(await ledger.take([[...want[0]]], 2, nothing)).toMatchObject({ sum: 7, open: 7 });
  ledger.bury();
  expect(await ledger.take([[...want[0]]], 3, nothing)).toMatchObject({ sum: 7, open: 0, free: undefined });
});

test("all pools or none; what was reserved comes back; a restart forgets nothing", async () => {
  const { store } = place();
  const ledger = new Ledger(store);
  const money = (amount: number, most: number): [string, null, number, number] => [
    "p money per ever",
    null,
    amount,
    most,
  ];
  const calls = (most: number): [string, number, number, number] => ["t calls per 60", 60_000, 1, most];
  const first = await ledger.take([money(5, 10), calls(2)], 1000, nothing);
  expect(await ledger.take([money(6, 10), calls(2)], 1001, nothing)).toMatchObject({ index: 0, sum: 5, open: 5 });
  ledger.give(first as string, { "p money per ever": 1 });
  expect(typeof (await ledger.take([money(6, 10), calls(2)], 1002, nothing))).toBe("string");
  // The refused call took none of the calls.
  const again = new Ledger(store);
  expect(await again.take([money(1, 10), calls(2)], 1003, nothing)).toMatchObject({ index: 1, sum: 2, free: 61_000 });
  expect(typeof (await again.take([money(1, 10), calls(2)], 61_000, nothing))).toBe("string");
});

test("amounts that are none, or beyond all measure, are counted as what can be", async () => {
  const { store } = place();
  const ledger = new Ledger(store);
  const want: [string, null, number, number] = ["t money per ever", null, 1, unitsOf(1e12, "money")];
  for (const spent of [12_000_000, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    const taken = (await ledger.take([want], 1, nothing)) as string;
    ledger.give(taken, { "t money per ever": unitsOf(spent, "money") });
    if (spent > 0) break;
  }
  expect([-1, Number.NaN].map((amount) => unitsOf(amount, "tokens"))).toEqual([0, 0]);
  expect(await ledger.take([["t money per ever", null, 1, unitsOf(1, "money")]], 2, nothing)).toMatchObject({
    sum: Number.MAX_SAFE_INTEGER,
    open: 0,
  });
});

test("a long ledger goes on in new files, and says there what it said", async () => {
  const { store } = place();
  const [one, two] = [new Ledger(store), new Ledger(store)];
  const want: [string, number, number, number] = ["t calls per 60", 60_000, 1, 1_000_000];
  const open = (await one.take([["p money per ever", null, 40, 100]], 1, nothing)) as string;
  const line = JSON.stringify({ take: "gone:1", who: "gone", at: 5, of: [want] });
  for (let at = 10; existsFiles(store) < 3; at++) {
    const name = readdirSync(join(store, "limits")).sort().at(-1)!;
    // As if thousands of calls had come and gone.
    appendFileSync(join(store, "limits", name), `\n${line}\n`.repeat(SETTINGS.limits.ledgerBytes / line.length / 2));
    for (const ledger of [one, two]) ledger.give((await ledger.take([want], at, nothing)) as string, {});
  }
  one.give(open, { "p money per ever": 30 });
  const third = new Ledger(store);
  expect(await third.take([["p money per ever", null, 71, 100]], 99, nothing)).toMatchObject({ sum: 30, open: 0 });
  expect(await two.take([["t calls per 60", 60_000, 1, 1]], 99, nothing)).toMatchObject({ index: 0 });
}, 30_000);

const existsFiles = (store: string): number =>
  readdirSync(join(store, "limits")).filter((name) => /^\d/.test(name)).length;
