/** The bin: which Node it runs on, and that it is one with the process it starts. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const BIN = resolve(import.meta.dirname, "../../cli/gangc.cjs");
const DIST = resolve(import.meta.dirname, "../../dist");

/** Makes the Node that it is loaded into look old. */
const OLD = 'Object.defineProperty(process.versions, "node", { value: "20.1.0" });';

let folder: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gangc-bin-"));
  mkdirSync(join(folder, "cli"));
  copyFileSync(BIN, join(folder, "cli/gangc.cjs"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "old.cjs"), OLD);
});

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function bundle(body: string): void {
  mkdirSync(join(folder, "dist"));
  writeFileSync(join(folder, "dist/gangc.js"), `export function start() { ${body} }`);
  writeFileSync(join(folder, "dist/quick.cjs"), `exports.start = function () { ${body} };`);
}

function newerNode(): void {
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  symlinkSync(process.execPath, join(folder, "node_modules/.bin/node"));
}

function start(args: readonly string[], { old = false } = {}): ChildProcess {
  const before = old ? ["--require", join(folder, "old.cjs")] : [];
  const child = spawn(process.execPath, [...before, join(folder, "cli/gangc.cjs"), ...args], { cwd: folder });
  started.push(child);
  return child;
}

async function ended(
  child: ChildProcess,
): Promise<{ code: number | null; signal: string | null; out: string; talk: string }> {
  let out = "";
  let talk = "";
  child.stdout!.on("data", (data) => {
    out += data;
  });
  child.stderr!.on("data", (data) => {
    talk += data;
  });
  const [code, signal] = await once(child, "close");
  return { code, signal, out, talk };
}

const firstLine = async (child: ChildProcess): Promise<string> => String((await once(child.stdout!, "data"))[0]).trim();

test("a new Node runs the bundle, with its arguments and its exit code", async () => {
  bundle("console.log(process.argv.slice(2).join()); process.exitCode = 7;");
  expect(await ended(start(["check", "a.gang"]))).toMatchObject({ code: 7, out: "check,a.gang\n", talk: "" });
});

test("without a bundle one sentence says how to make it", async () => {
  const { code, talk } = await ended(start(["check"]));
  expect([code, talk]).toEqual([3, `gangc: it is not built yet; run \`npm run build\` in ${folder}.\n`]);
});

describe("too old a Node", () => {
  test("says so in two lines where there is no newer one", async () => {
    bundle("");
    const { code, talk } = await ended(start(["check"], { old: true }));
    expect(code).toBe(3);
    expect(talk).toMatch(/^gangc: it needs Node 22\.18 or newer; this is 20\.1\.0\.\n {2}Install a newer one .*\n$/);
  });

  test("hands over to a newer one, with arguments, streams and exit code", async () => {
    bundle('process.stdin.on("data", (data) => { console.log(process.argv[2] + " " + data); process.exitCode = 7; });');
    newerNode();
    const child = start(["fmt"], { old: true });
    child.stdin!.end("text");
    expect(await ended(child)).toMatchObject({ code: 7, out: "fmt text\n" });
  });

  test("passes signals on, and ends as the newer one ended", async () => {
    bundle('process.on("SIGTERM", () => process.exit(9)); setInterval(() => {}, 1000); console.log("ready");');
    newerNode();
    const child = start([], { old: true });
    await firstLine(child);
    child.kill("SIGTERM");
    expect(await ended(child)).toMatchObject({ code: 9 });
  });

  test("ends by the signal that ended the newer one", async () => {
    bundle('process.kill(process.pid, "SIGKILL");');
    newerNode();
    expect(await ended(start([], { old: true }))).toMatchObject({ code: null, signal: "SIGKILL" });
  });

  test("takes the newer one along when it is killed outright", async () => {
    bundle("setInterval(() => {}, 1000); console.log(process.pid);");
    newerNode();
    const child = start([], { old: true });
    const pid = Number(await firstLine(child));
    child.kill("SIGKILL");
    await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
  });

  test("does not keep the newer one alive when its work is done", async () => {
    bundle('console.log("done");');
    newerNode();
    expect(await ended(start([], { old: true }))).toMatchObject({ code: 0, out: "done\n" });
  });
});

describe("a quick command's compiled code", () => {
  /** Runs `gangc check` on a bundle that says `word`, with a temporary folder of its own. */
  function check(word: string, digest: string, env = {}): string {
    rmSync(join(folder, "dist"), { recursive: true, force: true });
    bundle(`console.log(${JSON.stringify(word)});`);
    const quick = join(folder, "dist/quick.cjs");
    writeFileSync(quick, `//${digest}\n${readFileSync(quick, "utf8")}`);
    const args = [join(folder, "cli/gangc.cjs"), "check"];
    return execFileSync(process.execPath, args, { env: { TMPDIR: folder, ...env }, encoding: "utf8" }).trim();
  }
  const kept = () =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((f) => /gangc-check-[^.]*/.test(f));

  test("is kept once for each bundle", () => {
    expect([check("one", "a1"), check("one", "a1"), kept().length]).toEqual(["one", "one", 1]);
    expect([check("two", "b2"), check("two", "b2"), kept().length]).toEqual(["two", "two", 2]);
  });

  test.each([
    ["cut off", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ["empty", () => Buffer.alloc(0)],
    ["something else", () => Buffer.from("no code")],
  ])("is made anew when it is %s", (_, damage) => {
    check("one", "a1");
    const file = join(folder, kept()[0]!);
    const whole = readFileSync(file);
    writeFileSync(file, damage(whole));
    expect(check("one", "a1")).toBe("one");
    expect(readFileSync(file).length).toBe(whole.length);
  });

  test.skipIf(!existsSync(join(DIST, "quick.cjs")))(
    "reads gang.yaml without a word from Node, both times",
    async () => {
      symlinkSync(DIST, join(folder, "dist"));
      symlinkSync(join(DIST, "../node_modules"), join(folder, "node_modules"));
      writeFileSync(join(folder, "a.gang"), "gang 1\n\ntype T = { x: float }\n");
      writeFileSync(join(folder, "gang.yaml"), "nonsense: 1\n");
      const args = [join(folder, "cli/gangc.cjs"), "check", "a.gang"];
      for (const _ of ["compiled", "from what was kept"]) {
        const child = spawn(process.execPath, args, { cwd: folder, env: { TMPDIR: folder } });
        const { code, out, talk } = await ended(child);
        expect(out).toMatch(/nonsense/);
        expect([code, talk]).toEqual([1, "1 error in 1 file\n"]);
      }
      expect(kept().length).toBe(1);
    },
  );

  test("is not kept where Node's own is not", () => {
    expect(check("one", "a1", { NODE_DISABLE_COMPILE_CACHE: "1" })).toBe("one");
    expect(kept()).toEqual([]);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
