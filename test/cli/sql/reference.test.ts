import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { sqlReference } from "../../../cli/sql-reference.ts";
import { REPOSITORY } from "../project.ts";

it("the page of the tables that ships is that of the code", () => {
  expect(readFileSync(join(REPOSITORY, "docs/sql.md"), "utf8")).toBe(sqlReference());
});
