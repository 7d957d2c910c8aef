import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { callFolder } from "../../../runtime/tools/call-folder.ts";
import { openTrail } from "../../../runtime/trail/local.ts";

const store = mkdtempSync(join(tmpdir(), "gang-calls-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));

test("a call's folder is made when it is asked for, its own, and gone with the call; what a killed process left goes", async () => {
  const trail = await openTrail({ directory: store, peers: ["p"], sealing: false });
  const left = join(store, "calls", "00000000-0000-7000-8000-000000000000", "1");
  mkdirSync(left, { recursive: true });
  const [one, two] = [callFolder(store, trail.process), callFolder(store, trail.process)];
  expect(existsSync(left)).toBe(true);
  writeFileSync(join(one.path(), "a"), "");
  expect(existsSync(left)).toBe(false);
  expect(one.path()).not.toBe(two.path());
  expect(readdirSync(one.path())).toEqual(["a"]);
  one.remove();
  expect([existsSync(one.path()), existsSync(two.path())]).toEqual([false, true]);
  await trail.close();
});
