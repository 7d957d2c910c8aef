/** What a user reads, for every code: its wrong sample, and the exact text. One file a family, to be read as a whole. */
import { describe, expect, test } from "vitest";
import { readMachine } from "../../../cli/machine.ts";
import { CATALOGUE, type Entry } from "../../../compiler/diagnostics/catalogue/index.ts";
import { renderPretty } from "../../../compiler/diagnostics/render/pretty.ts";
import { memoryHost, programOf } from "../semantics/memory.ts";

const FAMILIES: { readonly [digit: string]: string } = {
  1: "syntax",
  2: "names",
  3: "types",
  4: "pipelines",
  5: "knowledge",
  6: "safety",
  7: "cost",
  8: "tools",
  9: "history",
};

const ROOT = "/project/";
const shown = (file: string): string => (file.startsWith(ROOT) ? file.slice(ROOT.length) : file);

/** The sample, and all that is said of it under its own code. */
function page({ code, title, explain }: Entry): string {
  const own = (one: { readonly code: string }): boolean => one.code === code;
  const options = { colour: false, width: 120 };
  const files: { readonly [path: string]: string } = explain.files ?? {};
  const head = `${code} · ${title}\n${"─".repeat(100)}\n${explain.wrong.trimEnd().replaceAll("\0", "␀")}\n${"╌".repeat(100)}\n`;
  if (explain.of === "gang.yaml") {
    const { diagnostics, shown: text } = readMachine(ROOT, memoryHost({ "gang.yaml": explain.wrong }))!;
    return head + renderPretty(diagnostics.filter(own), () => text, shown, options);
  }
  const program = programOf(explain.wrong, files);
  const sources = (file: string): string | undefined =>
    file === `${ROOT}main.gang` ? explain.wrong : files[shown(file)];
  return head + renderPretty(program.diagnostics.filter(own), sources, shown, options);
}

describe("what a user reads", () => {
  for (const [digit, family] of Object.entries(FAMILIES)) {
    const entries = CATALOGUE.filter(({ code }) => code[4] === digit);
    test.runIf(entries.length > 0)(`of ${family}`, async () => {
      await expect(entries.map(page).join("\n")).toMatchFileSnapshot(`catalogue/${digit}-${family}.txt`);
    });
  }
});
