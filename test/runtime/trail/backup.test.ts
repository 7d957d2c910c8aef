/** A backup is a copy: the segments, then the newest manifest, then the files that it lists. Any moment is consistent. */
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { compact } from "../../../runtime/trail/compaction.ts";
import { generationsOf, manifestPath, newestManifest } from "../../../runtime/trail/manifest.ts";
import { verifyStore } from "../../../runtime/trail/verify.ts";
import { acknowledged, writer } from "../../kill/children.ts";
import { readAll, temporaryFolder } from "./store.ts";

/** What has gone since it was listed was sealed, and the manifest, which is taken later, accounts for it. */
function copyIfThere(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  try {
    copyFileSync(from, to);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("ENOENT");
  }
}

async function backUp(store: string, copy: string): Promise<void> {
  // The manifests lie beside the sealed files; the trail's folder holds nothing but segments.
  for (const folder of readdirSync(join(store, "trail"))) {
    for (const name of readdirSync(join(store, "trail", folder))) {
      copyIfThere(join(store, "trail", folder, name), join(copy, "trail", folder, name));
      // As slow as a real one: writers and compactors go on.
      if (Math.random() < 0.1) await sleep(1);
    }
  }
  const [generation] = generationsOf(store);
  if (generation === undefined) return;
  mkdirSync(join(copy, "sealed"), { recursive: true });
  copyFileSync(manifestPath(store, generation), manifestPath(copy, generation));
  await sleep(5);
  // Those of a generation that is done with stay for ten minutes.
  for (const { name } of newestManifest(copy)!.files) {
    copyFileSync(join(store, "sealed", name), join(copy, "sealed", name));
  }
}

test("a copy made at any moment, in this order, has all that was acknowledged before it began", async () => {
  const directory = temporaryFolder();
  const options = { callers: 2, records: 1_000_000, segmentBytes: 4000, pause: 8 };
  const children = Array.from({ length: 3 }, () => writer(directory, options));
  while (children.some((child) => acknowledged(child).numbers.length === 0)) await sleep(5);
  let copying = true;
  const sealing = (async () => {
    let sealed = 0;
    while (copying) sealed += (await compact({ directory, from: 0, mergeFiles: 3 })).records;
    return sealed;
  })();
  const began = performance.now();
  try {
    // The store grows while it is copied: a busy machine does fewer rounds.
    for (let round = 0; round < 8 && (round < 2 || performance.now() - began < 40_000); round += 1) {
      await sleep(Math.random() * 150);
      const before = children.map((child) => acknowledged(child));
      const copy = join(temporaryFolder(), ".gang");
      await backUp(directory, copy);
      const { records, problems } = await readAll(copy);
      expect(problems.filter(({ problem }) => problem !== "torn-tail")).toEqual([]);
      const found = Map.groupBy(records, ({ process }) => process);
      for (const { name, numbers } of before) {
        const seqs = found.get(name)?.map(({ seq }) => seq) ?? [];
        expect(seqs).toEqual(seqs.map((_, index) => index + 1));
        expect(seqs.length).toBeGreaterThanOrEqual(Math.max(...numbers));
      }
      const verified = await verifyStore(copy);
      expect(verified.problems.filter(({ problem }) => problem !== "torn-tail")).toEqual([]);
    }
  } finally {
    copying = false;
    for (const child of children) child.process.kill("SIGKILL");
  }
  expect(await sealing).toBeGreaterThan(0);
}, 120_000);
