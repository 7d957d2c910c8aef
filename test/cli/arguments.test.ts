/** Arguments by a table of options, and what is said of those that do not fit it. */
import { describe, expect, test } from "vitest";
import { parseArguments } from "../../cli/arguments.ts";
import { CommandError, command } from "../../cli/command.ts";
import { EXIT } from "../../cli/exit-codes.ts";

const sample = command({
  name: "sample",
  summary: "",
  arguments: { usage: "[PATH]", least: 0, most: 1 },
  options: {
    format: { value: "F", choices: ["pretty", "json"], default: "pretty", doc: "" },
    set: { value: "A=B", many: true, doc: "" },
    resume: { value: "RUN", optional: /[0-9a-f-]{8,}/, doc: "" },
    seed: { value: "N", doc: "" },
    strict: { doc: "" },
  },
  examples: [],
  run: async () => EXIT.fine,
});

const NOTHING = { format: "pretty", set: [], resume: undefined, seed: undefined, strict: false };

describe("what was given", () => {
  const cases: readonly [string, readonly string[], object][] = [
    ["", [], {}],
    ["a.gang", ["a.gang"], {}],
    ["--strict a.gang", ["a.gang"], { strict: true }],
    ["--format json", [], { format: "json" }],
    ["--format=json", [], { format: "json" }],
    ["--set a=1 --set b=2", [], { set: ["a=1", "b=2"] }],
    ["--seed -3", [], { seed: "-3" }],
    ["--resume", [], { resume: "" }],
    ["--resume a.gang", ["a.gang"], { resume: "" }],
    ["--resume 01a203d8-d11f a.gang", ["a.gang"], { resume: "01a203d8-d11f" }],
    ["--resume=x", [], { resume: "x" }],
    ["-- --strict", ["--strict"], {}],
  ];
  test.each(cases)("%s", (line, positionals, options) => {
    const given = parseArguments(sample, line.split(" ").filter(Boolean));
    expect(given).toEqual({ positionals, options: { ...NOTHING, ...options } });
  });
});

describe("what does not fit", () => {
  const cases: readonly [string, string, string?][] = [
    ["--formt json", "sample has no option --formt.", "Did you mean --format?"],
    ["--zzzz", "sample has no option --zzzz.", "gangc sample --help lists them."],
    ["-s", "sample has no option -s.", "gangc sample --help lists them."],
    ["--format jsn", '--format cannot be "jsn".', "Did you mean json?"],
    ["--format yaml", '--format cannot be "yaml".', "It is one of pretty, json."],
    ["--format", "--format needs a value: --format F."],
    ["--strict=yes", "--strict is a switch and takes no value."],
    ["--seed 1 --seed 2", "--seed was given twice."],
    ["a b", "sample does not know what to do with b.", "It is called as: gangc sample [PATH]"],
  ];
  test.each(cases)("%s", (line, message, help) => {
    try {
      parseArguments(sample, line.split(" "));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CommandError);
      expect(error).toMatchObject({ message, exit: EXIT.usage });
      if (help !== undefined) expect(error).toMatchObject({ help });
    }
  });
});
