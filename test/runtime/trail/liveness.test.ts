import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { livenessOf, type ProcessIdentity, thisProcess } from "../../../runtime/trail/liveness.ts";

const here = thisProcess();
const cases: readonly [string, Partial<ProcessIdentity>, string][] = [
  ["this process", {}, "alive"],
  ["another process that had this pid", { start: "1" }, "dead"],
  ["a pid that is gone", { pid: 2 ** 22 + 1 }, "dead"],
  ["the same machine before it was started again", { boot: "another" }, "dead"],
  ["a boot that the system does not tell", { boot: "" }, "unknown"],
  ["another container", { namespace: "pid:[1]" }, "unknown"],
  ["another machine", { machine: "another", pid: 2 ** 22 + 1 }, "unknown"],
];

test.runIf(process.platform === "linux").each(cases)("%s: %o is %s", (_, change, expected) => {
  expect(livenessOf({ ...here, ...change })).toBe(expected);
});

test("a child is alive until it is killed, also while nobody has waited for it", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(child, "spawn");
  const identity = { ...here, pid: child.pid! };
  expect(livenessOf({ ...identity, start: "" })).toBe("unknown");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(livenessOf(identity)).toBe("dead");
});
