/** What a record needs stays, goes and is missed with it, however far away it is named. */
import { rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Artifacts, artifactsOf } from "../../../runtime/trail/artifacts.ts";
import { findRecords, forget } from "../../../runtime/trail/forget.ts";
import { openTrail } from "../../../runtime/trail/local.ts";
import type { Draft } from "../../../runtime/trail/record.ts";
import { referencesOf } from "../../../runtime/trail/references.ts";
import { keepUp } from "../../../runtime/trail/upkeep.ts";
import { verifyStore } from "../../../runtime/trail/verify.ts";
import { temporaryFolder } from "./store.ts";

const peer = "explorer";
let directory = "";
let artifacts: Artifacts;
/** By what they are for. */
let hashes: { readonly [of: string]: string };
const pathOf = (hash: string): string => join(directory, "artifacts", hash.slice(0, 2), hash);

beforeEach(async () => {
  directory = temporaryFolder();
  artifacts = artifactsOf(directory);
  const put = (text: string): Promise<string> => artifacts.put(Buffer.from(text));
  const file = await put("a file that a record names");
  const inFolder = await put("a file in a folder");
  const list = (content: string) => JSON.stringify({ v: 1, files: [{ path: "a", content, bytes: 18 }] });
  const folder = await put(list(inFolder));
  const inValue = await put("a file that a large value names");
  const value = await put(JSON.stringify({ of: [`file:${inValue}:31.csv`] }));
  const loose = await put("nobody's");
  hashes = { file, inFolder, folder, inValue, value, loose };
  const ended = { kind: "stage.ended", peer, status: "ok", attempts: 1, elapsed: 1 } as const;
  const drafts: Draft[] = [
    { ...ended, output: { out: `file:${file}:26` } },
    { ...ended, output: `dir:${folder}:18` },
    { ...ended, artifact: value },
  ];
  const trail = await openTrail({ directory, peers: [peer], clock: { now: () => Date.now() - 1000 } });
  await trail.append(drafts);
  await trail.close();
});

test("a record leads to its value, the value to its files, a folder to what is in it; also in JSON within JSON", () => {
  const references = referencesOf(directory);
  const of = (value: unknown): string[] => [...references.of(JSON.stringify(value))].sort();
  const { file, inFolder, folder, inValue, value } = hashes;
  expect(of({ artifact: value })).toEqual([value, inValue].sort());
  expect(of({ chosen: JSON.stringify({ a: `dir:${folder}:18`, b: `file:${file}:26` }) })).toEqual(
    [folder, inFolder, file].sort(),
  );
  expect(of({ hash: file, text: `see file:${file}:26`, chosen: file })).toEqual([]);
});

test("retention leaves what a record needs, at any remove", async () => {
  for (const hash of Object.values(hashes)) utimesSync(pathOf(hash), 0, 0);
  expect(await keepUp({ directory, from: 0, asideSeconds: 0 })).toMatchObject({ artifacts: 1 });
  const left = await Promise.all(Object.entries(hashes).map(async ([of, hash]) => [of, await artifacts.has(hash)]));
  expect(Object.fromEntries(left)).toMatchObject({ loose: false, file: true, inFolder: true, inValue: true });
});

test("a text is forgotten with the records that lead to it, and with what only they need", async () => {
  const found = await findRecords(directory, { ids: [], match: "a file in a folder" });
  expect(found.records).toHaveLength(1);
  expect([...found.artifacts].sort()).toEqual([hashes.folder, hashes.inFolder].sort());
  await forget(directory, found, { peer });
  expect(await artifacts.has(hashes.inFolder!)).toBe(false);
  expect([await artifacts.has(hashes.inValue!), await artifacts.has(hashes.file!)]).toEqual([true, true]);
});

test("what is missing or damaged is found by verify", async () => {
  rmSync(pathOf(hashes.inFolder!));
  rmSync(pathOf(hashes.file!));
  const { problems } = await verifyStore(directory);
  const missing = problems.filter(({ problem }) => problem === "missing-artifact").map(({ file }) => file);
  expect(missing.sort()).toEqual([pathOf(hashes.file!), pathOf(hashes.inFolder!)].sort());
});
