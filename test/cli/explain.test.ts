/** gangc explain: a page for every code. */
import { expect, test } from "vitest";
import { EXIT } from "../../cli/exit-codes.ts";
import { CATALOGUE } from "../../compiler/diagnostics/catalogue/index.ts";
import { gangc } from "./terminal.ts";

test("shows the text, and a wrong and a right example", async () => {
  const { exit, out } = await gangc(["explain", "GANG1001"]);
  expect(exit).toBe(EXIT.fine);
  expect(out).toMatchInlineSnapshot(`
    "GANG1001 (error): Missing bracket

    Each \`{\`, \`(\` and \`[\` needs its partner. Where one is missing, the indentation tells which block
    was meant to end.

    Wrong:

        recall winners {
          top: 10

        secret key

    Right:

        recall winners {
          top: 10
        }

        secret key
    "
  `);
});

test("takes a code in lower case, or its number alone", async () => {
  const { out } = await gangc(["explain", "GANG1001"]);
  expect((await gangc(["explain", "gang1001"])).out).toBe(out);
  expect((await gangc(["explain", "1001"])).out).toBe(out);
});

test("without a code lists them all, each once, in order", async () => {
  const { out } = await gangc(["explain"]);
  const codes = [...out.matchAll(/^ {2}(GANG\d{4}) /gm)].map(([, code]) => code);
  expect(codes).toEqual(CATALOGUE.map(({ code }) => code));
  expect(new Set(codes).size).toBe(codes.length);
});

test("asks back for a code that there is not", async () => {
  const { exit, talk } = await gangc(["explain", "GANG100"]);
  expect(exit).toBe(EXIT.usage);
  expect(talk).toContain("Did you mean GANG100");
});
