import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SETTINGS } from "../../../runtime/settings.ts";
import { compact } from "../../../runtime/trail/compaction.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import { newestManifest } from "../../../runtime/trail/manifest.ts";
import { event, readAll, temporaryFolder } from "./store.ts";

const LONG = "x".repeat(20_000);

async function write(directory: string, records: number): Promise<number> {
  const trail = await openTrail({ directory, peers: ["explorer"] });
  await trail.append(Array.from({ length: records }, (_, number) => event(`${number}`, { message: LONG })));
  const start = performance.now();
  await trail.close();
  return performance.now() - start;
}

test("closing a trail seals what is worth it, and waits for that only so long", async () => {
  const directory = temporaryFolder();
  const took = await write(directory, 80);
  // Killed or done: the records are there, and whoever comes next finishes it.
  expect(took).toBeLessThan(SETTINGS.trail.sealOnExitMilliseconds + 1500);
  expect(existsSync(join(directory, "sealed"))).toBe(true);
  expect(await readAll(directory)).toMatchObject({ records: { length: 80 }, problems: [] });
  await compact({ directory, from: 0 });
  expect(newestManifest(directory)!.files).toMatchObject([{ records: 80 }]);
});

test("less than that is left as it is", async () => {
  const directory = temporaryFolder();
  await write(directory, 2);
  expect(existsSync(join(directory, "sealed"))).toBe(false);
});

test("the process that seals does so from a threshold on, without an environment", async () => {
  const directory = temporaryFolder();
  await write(directory, 5);
  const child = new URL("../../../runtime/trail/sealing-child.ts", import.meta.url).pathname;
  const run = (from: number) => spawnSync(process.execPath, [child, directory, String(from)], { env: {} }).status;
  expect([run(1_000_000), newestManifest(directory)]).toEqual([0, undefined]);
  expect(run(1000)).toBe(0);
  expect(newestManifest(directory)).toMatchObject({ generation: 1, files: [{ records: 5 }] });
});

test.each([
  [undefined, 1],
  ["retention: 1000d", 1],
  ["peer: a", 0],
  ["retention: soon", 1],
])("what is old goes only as the owner's gang.yaml says: %j", async (machine, left) => {
  const directory = join(temporaryFolder(), ".gang");
  if (machine !== undefined) {
    mkdirSync(directory);
    writeFileSync(join(directory, "..", "gang.yaml"), machine);
  }
  const clock = { now: () => Date.now() - 100 * 24 * 3600 * 1000 };
  const trail = await openTrail({ directory, peers: ["explorer"], clock });
  await trail.append([{ kind: "turn", peer: "explorer", model: "m", number: 1, latency: 1 }]);
  await trail.close();
  const child = new URL("../../../runtime/trail/sealing-child.ts", import.meta.url).pathname;
  for (const _ of [1, 2]) spawnSync(process.execPath, [child, directory, "0"], { env: {} });
  const { records } = await readAll(directory);
  expect(records.filter(({ kind }) => kind === "turn")).toHaveLength(left);
});
