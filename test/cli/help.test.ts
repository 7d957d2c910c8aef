/** What every command says of itself. */
import { describe, expect, test } from "vitest";
import { everyCommand } from "../../cli/commands.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import { columns } from "../../cli/layout.ts";
import { gangc } from "./terminal.ts";

const commands = await everyCommand();

describe.each(commands.map((command) => [command.name, command] as const))("gangc %s", (name, command) => {
  test("shows its usage, options and examples", async () => {
    const { exit, out } = await gangc([name, "--help"]);
    expect(exit).toBe(EXIT.fine);
    expect(out).toContain(`Usage: gangc ${name}`);
    for (const option of Object.keys(command.options)) expect(out).toContain(`--${option}`);
    expect((await gangc(["help", name])).out).toBe(out);
  });

  test("has examples that are calls of itself, with options that it has", () => {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const { command: line } of command.examples) {
      expect(line).toMatch(new RegExp(`^gangc ${name}\\b`));
      for (const [, option] of line.split(" && ")[0]!.matchAll(/ --([a-z-]+)/g))
        expect(Object.keys(command.options)).toContain(option);
    }
  });

  test("is listed with one line that ends without a full stop", async () => {
    expect((await gangc(["help"])).out).toContain(name);
    expect(command.summary).toMatch(/^[^\n]{10,90}[^.]$/);
  });
});

test("the exit codes are shown as they are in the table", async () => {
  const { out } = await gangc(["help", "exit-codes"]);
  for (const code of Object.values(EXIT)) expect(out).toMatch(new RegExp(`^ +${code}  `, "m"));
});

test("a page is as wide as the terminal, and no wider than can be read", () => {
  const rows = [
    ["--deny-warnings", "warnings fail the check, too, and so does everything else that is said of it"],
  ] as const;
  const widest = (width: number | undefined) =>
    Math.max(
      ...columns(rows, width)
        .split("\n")
        .map((line) => line.length),
    );
  expect(widest(40)).toBeLessThanOrEqual(40);
  expect(widest(60)).toBeLessThanOrEqual(60);
  expect(widest(200)).toBeLessThanOrEqual(96);
});

describe("slips", () => {
  test("nothing at all lists the commands, as a mistake", async () => {
    const { exit, out, talk } = await gangc([]);
    expect([exit, out]).toEqual([EXIT.usage, ""]);
    expect(talk).toContain("Usage: gangc COMMAND");
  });

  test.each([
    ["chekc", "Did you mean check?"],
    ["--verson", "gangc help lists the commands."],
    ["toString", "gangc help lists the commands."],
  ])("%s", async (name, said) => {
    const { exit, out, talk } = await gangc([name]);
    expect([exit, out]).toEqual([EXIT.usage, ""]);
    expect(talk).toContain(said);
  });

  test("the version is that of the package", async () => {
    expect((await gangc(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
