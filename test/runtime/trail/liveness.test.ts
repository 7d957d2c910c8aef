import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { livenessOf, type ProcessIdentity, thisProcess } from "../../../runtime/trail/liveness.ts";

const store = mkdtempSync(join(tmpdir(), "gang-liveness-"));
afterAll(() => rmSync(store, { recursive: true }));

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
  expect(livenessOf({ ...here, ...change }, store)).toBe(expected);
});

test("a child is alive until it is killed, also while nobody has waited for it", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(child, "spawn");
  const identity = { ...here, pid: child.pid! };
  expect(livenessOf({ ...identity, start: "" }, store)).toBe("unknown");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(livenessOf(identity, store)).toBe("dead");
});

test.runIf(process.platform === "linux")(
  "in another container a process shows that it lives, until it is killed",
  async () => {
    const shower = (name: string) => {
      const identity = { ...here, machine: "what a container calls it", namespace: `pid:[${name}]`, pid: 7 };
      const modules = resolve(import.meta.dirname, "../../../runtime/trail/sign-of-life.ts");
      const script = `import { showLife } from ${JSON.stringify(modules)};
      showLife(${JSON.stringify(store)}, ${JSON.stringify(identity)});
      console.log("shown");
      setInterval(() => {}, 1000);`;
      return { identity, child: spawn(process.execPath, ["--input-type=module", "-e", script]) };
    };
    const { identity, child } = shower("1");
    expect(livenessOf(identity, store)).toBe("unknown");
    await once(child.stdout, "data");
    expect(livenessOf(identity, store)).toBe("alive");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(livenessOf(identity, store)).toBe("dead");
    expect(livenessOf({ ...identity, boot: "another" }, store)).toBe("unknown");

    // What is left of it goes once it is old.
    const [left] = readdirSync(join(store, "alive"));
    const next = shower("2");
    await once(next.child.stdout, "data");
    expect(readdirSync(join(store, "alive"))).toHaveLength(2);
    for (const name of readdirSync(join(store, "alive"))) utimesSync(join(store, "alive", name), 0, 0);
    const last = shower("3");
    await once(last.child.stdout, "data");
    expect(readdirSync(join(store, "alive"))).toHaveLength(2);
    expect(readdirSync(join(store, "alive"))).not.toContain(left);
    for (const one of [next, last]) one.child.kill("SIGKILL");
  },
);
