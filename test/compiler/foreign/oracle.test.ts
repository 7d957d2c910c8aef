/**
 * The oracle: each signature, written back as TypeScript, against what TypeScript itself says of the function, through
 * another implementation (ts-morph's TypeScript 6) than the one that reads signatures. Everything that the original
 * takes or returns must fit our reading, and the other way round.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Project, ts } from "ts-morph";
import { expect, test } from "vitest";
import { type Signature, signaturesOf } from "../../../compiler/foreign/signatures.ts";
import { armsWithFields, isNumber, isPoint } from "../../../compiler/semantics/types/visit.ts";
import type { Field, Type } from "../../../runtime/types.ts";
import { diskHost } from "./files.ts";

const FOLDER = fileURLToPath(new URL("../../fixtures/foreign/", import.meta.url));
const NAMES =
  "renamed sum fetchPoint arrow nothing tuples picks nulls formed placed anything tree optionalCallback starred inferred conditional wrapped".split(
    " ",
  );

/** A Gang type as TypeScript; `absent` is what a missing value may be. */
function typescript(type: Type, absent: string): string {
  const of = (inner: Type): string => typescript(inner, absent);
  if (isNumber(type)) return isPoint(type) ? String(type.low) : type.kind === "int" ? "bigint" : "number";
  switch (type.kind) {
    case "bool":
      return "boolean";
    case "literal":
      return String(type.value);
    case "choice":
      return type.arms.map((arm) => JSON.stringify(arm.value)).join(" | ");
    case "optional":
      return `(${of(type.of)} | ${absent})`;
    case "list": {
      const item = `(${of(type.of)})`;
      const [least, most] = [type.least ?? 0, type.most];
      const rest = most === undefined ? [`...${item}[]`] : Array.from({ length: most - least }, () => `${item}?`);
      return `${absent === "undefined" ? "" : "readonly "}[${[...Array.from({ length: least }, () => item), ...rest].join(", ")}]`;
    }
    case "map":
      return `{ [key: string]: ${of(type.of)} }`;
    case "record":
      return record(type.fields, absent);
    case "union":
      return type.members.map(of).join(" | ");
    case "time":
      return "Date";
    case "file":
      return "Uint8Array";
    case "json":
      return "any";
    default:
      return type.kind === "string" ? "string" : "null";
  }
}

function record(fields: readonly Field[], absent: string): string {
  const carrier = fields.find((field) => armsWithFields(field.type).length > 0);
  if (carrier !== undefined) {
    const rest = fields.filter((field) => field !== carrier);
    return armsWithFields(carrier.type)
      .map((arm) =>
        record(
          [{ name: carrier.name, type: { kind: "choice", arms: [{ ...arm, fields: [] }] } }, ...rest, ...arm.fields],
          absent,
        ),
      )
      .join(" | ");
  }
  const members = fields.map((field) => {
    const mark = field.type.kind === "optional" ? "?" : "";
    return `${JSON.stringify(field.name)}${mark}: ${typescript(field.type, absent)}`;
  });
  return `{ ${members.join("; ")} }`;
}

/** One line for each direction, of which TypeScript must say nothing. */
function claims(name: string, signature: Extract<Signature, { kind: "function" }>): string {
  const original = `(typeof odd)[${JSON.stringify(name)}]`;
  const loose = "undefined | null";
  const lines = [
    `fits<${signature.result === undefined ? "void" : typescript(signature.result, loose)}>(0 as any as Awaited<ReturnType<${original}>>); // ${name} returns`,
  ];
  if (signature.parameters.length > 0) {
    lines.push(
      `fits<${record(signature.parameters, loose)}>(0 as any as Parameters<${original}>[0]); // ${name} takes`,
    );
  }
  // Where only null is meant, undefined is what the runtime leaves out.
  if (!["nulls", "fetchPoint", "conditional", "anything"].includes(name)) {
    lines.push(
      `fits<Awaited<ReturnType<${original}>>>(0 as any as ${signature.result === undefined ? "void" : typescript(signature.result, "undefined")}); // ${name} returns no more`,
    );
  }
  return lines.join("\n");
}

test("another TypeScript agrees", () => {
  const all = signaturesOf(`${FOLDER}odd.ts`, NAMES, diskHost);
  const text = NAMES.map((name) => {
    const imported = all.get(name);
    if (!imported?.ok || imported.signature.kind !== "function") throw new Error(`${name} is no function`);
    return claims(name, imported.signature);
  });
  const project = new Project({
    compilerOptions: {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
    },
    skipAddingFilesFromTsConfig: true,
  });
  for (const file of ["odd.ts", "shared.ts", "more.ts"]) {
    project.createSourceFile(`${FOLDER}${file}`, readFileSync(`${FOLDER}${file}`, "utf8"), { overwrite: true });
  }
  const check = (lines: readonly string[]): readonly string[] => {
    const file = project.createSourceFile(
      `${FOLDER}claims.ts`,
      `import type * as odd from "./odd.ts";\ndeclare function fits<T>(value: T): void;\n${lines.join("\n")}\n`,
      { overwrite: true },
    );
    return file.getPreEmitDiagnostics().map((problem) => {
      const message = problem.getMessageText();
      return `${file.getFullText().split("\n")[(problem.getLineNumber() ?? 1) - 1]}: ${typeof message === "string" ? message : message.getMessageText()}`;
    });
  };
  expect(check(text)).toEqual([]);
  // The oracle itself can say no.
  expect(check([`fits<string>(0 as any as ReturnType<(typeof odd)["sum"]>);`])).toHaveLength(1);
});
