import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";

const project = mkdtempSync(join(tmpdir(), "gang-bundle-"));
cpSync(resolve(import.meta.dirname, "../../fixtures/tools"), join(project, "tools"), { recursive: true });
// Written here, since neither our type checker nor our linter would let them pass.
writeFileSync(join(project, "tools/offset.ts"), "export const offset = 1;\n");
writeFileSync(
  join(project, "tools/enum.ts"),
  `import { Duration } from "ganglion/runtime";
import { offset } from "./offset";
enum Side { Left = 1, Right = 2 }
export const side = ({ wait }: { wait: Duration }) => ({ side: Side.Right, wait: wait + offset });
`,
);
afterAll(() => rmSync(project, { recursive: true, force: true }));

const callTool = (file: string, name: string, input: object) => {
  const script = resolve(import.meta.dirname, "../../fixtures/call-tool.ts");
  return spawnSync(process.execPath, [script, project, file, name, JSON.stringify(input)], { encoding: "utf8" });
};

test("what Node cannot load as it stands is bundled, once for each content", () => {
  for (let i = 0; i < 2; i++) {
    const { stdout, stderr } = callTool("tools/enum.ts", "side", { wait: 2 });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ side: 2, wait: 3 });
  }
  expect(readdirSync(join(project, ".gang/cache/tools"))).toHaveLength(1);
});

test("what Node can load needs no bundle, and prints nothing on stdout but its caller's words", () => {
  const { stdout, stderr } = callTool("tools/arithmetic.ts", "start", { value: 1 });
  expect(JSON.parse(stdout)).toMatchObject({ value: 1 });
  expect(stderr).toBe("starting at 1\n");
});
