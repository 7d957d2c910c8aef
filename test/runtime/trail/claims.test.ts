import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { claimsOf } from "../../../runtime/trail/claims.ts";
import { TrailError } from "../../../runtime/trail/trail.ts";
import { temporaryFolder } from "./store.ts";

async function claimant(directory: string, ...args: readonly string[]): Promise<[number[], ChildProcess]> {
  const script = new URL("claimant.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, directory, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const [text] = await once(child.stdout, "data");
  return [JSON.parse(String(text)), child];
}

async function kill(children: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    children.map((child) => {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      return exit;
    }),
  );
}

test("of four processes exactly one gets each item; the heirs of the dead share theirs alike", async () => {
  const directory = temporaryFolder();
  const items = Array.from({ length: 30 }, (_, item) => item);
  for (const round of ["first", "heirs"]) {
    const got = await Promise.all(Array.from({ length: 4 }, () => claimant(directory, "30", "inherit")));
    const taken = got.flatMap(([numbers]) => numbers);
    expect(
      taken.sort((a, b) => a - b),
      round,
    ).toEqual(items);
    await kill(got.map(([, child]) => child));
  }
  expect(readdirSync(join(directory, "claims")).filter((name) => name.startsWith("."))).toEqual([]);
}, 30_000);

test("a dead holder's effect is not taken over, but told", async () => {
  const directory = temporaryFolder();
  const [, child] = await claimant(directory, "1");
  const claims = claimsOf(directory, "mine");
  expect(await claims.take("item 0")).toMatchObject({ outcome: "held", holder: { key: "item 0" }, liveness: "alive" });
  await kill([child]);
  expect(await claims.take("item 0")).toMatchObject({ outcome: "held", liveness: "dead" });
  expect(await claims.take("item 0", { inherit: true })).toMatchObject({ outcome: "taken", from: { pid: child.pid } });
});

test("who holds a claim takes it again; once settled it is free", async () => {
  const directory = temporaryFolder();
  const mine = claimsOf(directory, "mine");
  const other = claimsOf(directory, "other");
  expect((await mine.take("x")).outcome).toBe("taken");
  expect((await mine.take("x")).outcome).toBe("taken");
  expect((await other.take("x", { inherit: true })).outcome).toBe("held");
  mine.settle("x");
  expect((await other.take("x")).outcome).toBe("taken");
});

test("a damaged claim is held by nobody knows whom", async () => {
  const directory = temporaryFolder();
  const mine = claimsOf(directory, "mine");
  await mine.take("x");
  const [name] = readdirSync(join(directory, "claims"));
  writeFileSync(join(directory, "claims", name!), '{"key":');
  const claimed = await mine.take("x", { inherit: true });
  expect(claimed).toEqual({ outcome: "held", holder: undefined, liveness: "unknown" });
});

test("a store that cannot be written is said", async () => {
  const directory = temporaryFolder();
  writeFileSync(join(directory, "claims"), "a file");
  await expect(claimsOf(directory, "mine").take("x")).rejects.toThrow(TrailError);
});
