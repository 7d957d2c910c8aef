/** A record of every kind is read as it was written, however little or much of it is said. */
import { expect, test } from "vitest";
import type { z } from "zod";
import { openTrail } from "../../../runtime/trail/local.ts";
import { type Draft, KINDS } from "../../../runtime/trail/record.ts";
import { readAll, temporaryFolder } from "./store.ts";

interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly entries?: { readonly [name: string]: string };
  readonly values?: readonly unknown[];
  readonly shape?: { readonly [name: string]: z.ZodType };
  readonly getter?: () => z.ZodType;
}

/** A value that fits a schema, with all of its optional fields or none. */
function sample(schema: z.ZodType, whole: boolean): unknown {
  const definition = schema._zod.def as Definition;
  switch (definition.type) {
    case "string":
      return "text";
    case "number":
      return 1;
    case "boolean":
      return true;
    case "enum":
      return Object.values(definition.entries!)[0];
    case "literal":
      return definition.values![0];
    case "array":
      return [sample(definition.element!, whole)];
    case "union":
      return sample(definition.options![0]!, whole);
    case "lazy":
      return { deep: [1, null, "ü"] };
    case "object":
      return Object.fromEntries(
        Object.entries(definition.shape!).flatMap(([name, field]) => {
          const { type, innerType } = field._zod.def as Definition;
          if (type !== "optional") return [[name, sample(field, whole)]];
          return whole ? [[name, sample(innerType!, whole)]] : [];
        }),
      );
    default:
      throw new Error(`No sample of ${definition.type}.`);
  }
}

const origin = { peer: "explorer", run: "r", plan: "p", stage: "p.s", scope: "a/b", attempt: "t" };

test.each(Object.entries(KINDS))("%s, with its optional fields and without", async (kind, schema) => {
  const directory = temporaryFolder();
  const trail = await openTrail({ directory, peers: ["explorer"] });
  const drafts = [
    { kind, peer: "explorer", ...(sample(schema, false) as object) } as Draft,
    { kind, ...origin, ...(sample(schema, true) as object) } as Draft,
  ];
  await trail.append(drafts);
  await trail.close();
  const { records, problems } = await readAll(directory);
  for (const record of records) expect(schema.safeParse(record).success).toBe(true);
  expect([records, problems]).toMatchObject([drafts, []]);
});
