/** What `gangc check --format sarif` prints, held against the schema that OASIS published for SARIF 2.1.0. */
import schema from "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json" with { type: "json" };
import type { Ajv } from "ajv";
import AjvDraft04 from "ajv-draft-04";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { CATALOGUE } from "../../../compiler/diagnostics/catalogue/index.ts";
import { reportOf } from "../../../compiler/diagnostics/render/report.ts";
import { renderSarif } from "../../../compiler/diagnostics/render/sarif.ts";
import { programOf } from "../semantics/memory.ts";

const ajv = new (AjvDraft04 as unknown as typeof Ajv)({ strict: false, allErrors: true, unicodeRegExp: false });
(addFormats as unknown as (ajv: Ajv) => void)(ajv);
const valid = ajv.compile(schema);

/** The diagnostics of a program as a SARIF log. */
function sarifOf(text: string, files?: { readonly [path: string]: string }): unknown {
  const program = programOf(text, files);
  return JSON.parse(
    renderSarif(
      reportOf(program.diagnostics, {
        sources: (path) => program.files.find((file) => file.path === path)?.text,
        shown: (path) => path.replace("/project/", ""),
        files: program.files.map(({ path }) => path),
      }),
    ),
  );
}

describe("a SARIF log is valid", () => {
  test("of nothing at all", () => {
    expect(valid(sarifOf("gang 1\n")), JSON.stringify(valid.errors)).toBe(true);
  });

  test.each(CATALOGUE.map(({ code, explain }) => [code, explain] as const))("of %s", (_, { wrong, files }) => {
    expect(valid(sarifOf(wrong, files)), JSON.stringify(valid.errors)).toBe(true);
  });

  test("and the schema does refuse what is not", () => {
    expect(valid({ version: "2.1.0", runs: [{ results: [{}] }] })).toBe(false);
  });
});
