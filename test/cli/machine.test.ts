/** gang.yaml, as `check` and `run` show its problems; its schema. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT } from "../../cli/exit-codes.ts";
import { machineSchema } from "../../cli/machine-schema.ts";
import { REPOSITORY } from "./project.ts";
import { gangc } from "./terminal.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "gangc-machine-")));
  put("tools.ts", "export function keep(_: { value: unknown }): void {}\n");
  put(
    "main.gang",
    `gang 1
import { keep } from "./tools.ts"
type Model = { scale: float in 0.5..2.0 }
model own = embedded()
agent choose() -> Model { model: own, prompt: "Choose." }
pipeline p {
  stage chosen = choose()
  stage kept = keep(value: chosen)
}
`,
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);

test("check shows its problems at their places, with mends, and no secret", async () => {
  put("gang.yaml", "pear: rig-7\nsecrets:\n  hotkey: 5Hq-very-secret\n");
  const { exit, out } = await gangc(["check"], { cwd: folder });
  expect(exit).toBe(EXIT.problems);
  expect(out.slice(out.indexOf("error GANG8041"))).toMatchInlineSnapshot(`
    "error GANG8041: \`gang.yaml\` has no setting named \`pear\` here.
     --> gang.yaml:1:1
      |
    1 | pear: *****
      | ^^^^
      |
      = help: Did you mean \`peer\`?
      = mend: Replace with \`peer\`

    error GANG8042: In \`gang.yaml\`, \`secrets.hotkey\` must be one of \`{ env: NAME }\`, \`{ file: PATH }\`, \`{ command: [PROGRAM, …] }\`.
     --> gang.yaml:3:11
      |
    3 |   hotkey: ***************
      |           ^^^^^^^^^^^^^^^
      |

    "
  `);
});

test("json has the place of each, and no secret either", async () => {
  put("gang.yaml", "secrets:\n  hotkey: 5Hq-very-secret\n");
  const { out } = await gangc(["check", "--format", "json"], { cwd: folder });
  expect(JSON.parse(out).diagnostics).toContainEqual(
    expect.objectContaining({
      code: "GANG8042",
      file: "gang.yaml",
      range: expect.objectContaining({ start: { line: 1, character: 10 } }),
    }),
  );
  for (const format of ["json", "sarif", "github", "junit", "pretty"]) {
    expect((await gangc(["check", "--format", format], { cwd: folder })).out).not.toContain("very-secret");
  }
});

test("a right one, or none, is not spoken of", async () => {
  const without = await gangc(["check"], { cwd: folder });
  put("gang.yaml", "peer: rig-7\n");
  expect(await gangc(["check"], { cwd: folder })).toEqual(without);
});

test("run does not begin on a machine that is described wrongly: the environment is at fault", async () => {
  put("gang.yaml", "share: everything\n");
  const { exit, out, talk } = await gangc(["run", "--ui", "json"], { cwd: folder });
  expect(exit).toBe(EXIT.environment);
  expect(out).toBe("");
  expect(talk).toContain("gang.yaml:1:8");
  expect(talk).toContain("gangc: gang.yaml must be right before anything runs.\n");
});

test("the schema that ships is that of the code", () => {
  expect(readFileSync(join(REPOSITORY, "docs/gang.yaml.schema.json"), "utf8")).toBe(machineSchema());
});
