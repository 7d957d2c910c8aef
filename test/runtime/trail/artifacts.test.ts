import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { artifactsOf, outputFields } from "../../../runtime/trail/artifacts.ts";
import { TrailError } from "../../../runtime/trail/trail.ts";
import { temporaryFolder } from "./store.ts";

test("what was put is got by its hash, and kept once", async () => {
  const directory = temporaryFolder();
  const artifacts = artifactsOf(directory);
  const hashes = await Promise.all(Array.from({ length: 20 }, () => artifacts.put(Buffer.from("a plan"))));
  const hash = hashes[0]!;
  expect(new Set(hashes).size).toBe(1);
  expect((await artifacts.get(hash))?.toString()).toBe("a plan");
  expect(await artifacts.has(hash)).toBe(true);
  const files = readdirSync(join(directory, "artifacts"), { recursive: true });
  expect(files.sort()).toEqual([hash.slice(0, 2), join(hash.slice(0, 2), hash)]);
});

test("a stream is kept as the same bytes would be; one that breaks leaves nothing", async () => {
  const directory = temporaryFolder();
  const artifacts = artifactsOf(directory);
  async function* parts(breaks: boolean): AsyncGenerator<Uint8Array> {
    yield Buffer.from("a ");
    if (breaks) throw new Error("the connection was lost");
    yield Buffer.from("plan");
  }
  await expect(artifacts.put(parts(true))).rejects.toThrow(/connection was lost/);
  expect(readdirSync(join(directory, "artifacts"))).toEqual([]);
  expect(await artifacts.put(parts(false))).toBe(await artifacts.put(Buffer.from("a plan")));
});

test("a hash from a record does not lead out of the store", async () => {
  const directory = temporaryFolder();
  writeFileSync(join(directory, "secret"), "x");
  const artifacts = artifactsOf(directory);
  for (const hash of ["../secret", "", "/etc/passwd", "A".repeat(64), "0".repeat(64)]) {
    expect(await artifacts.get(hash)).toBeUndefined();
    expect(await artifacts.has(hash)).toBe(false);
  }
});

test("damaged content is refused, and mended by the next put where its length shows it", async () => {
  const directory = temporaryFolder();
  const artifacts = artifactsOf(directory);
  const hash = await artifacts.put(Buffer.from("a plan"));
  writeFileSync(join(directory, "artifacts", hash.slice(0, 2), hash), "a pla");
  await expect(artifacts.get(hash)).rejects.toThrow(TrailError);
  await artifacts.put(Buffer.from("a plan"));
  expect((await artifacts.get(hash))?.toString()).toBe("a plan");
});

test("a store that cannot be written is said", async () => {
  const directory = temporaryFolder();
  writeFileSync(join(directory, "artifacts"), "a file");
  await expect(artifactsOf(directory).put(Buffer.from("x"))).rejects.toThrow(TrailError);
});

test("an output of up to 64 KB stands in the record, a larger one beside it", async () => {
  const artifacts = artifactsOf(temporaryFolder());
  const small = "x".repeat(64 * 1024 - 2);
  expect(await outputFields(artifacts, small)).toMatchObject({ output: small });
  const large = await outputFields(artifacts, `${small}x`);
  expect(large).toEqual({ artifact: large.hash, hash: large.hash });
  expect(JSON.parse(String(await artifacts.get(large.hash)))).toBe(`${small}x`);
});
