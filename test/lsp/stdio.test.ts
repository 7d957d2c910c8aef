import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Client } from "./client.ts";

let folder: string;
let client: Client;

beforeAll(async () => {
  client = new Client();
  await client.start();
});

afterAll(() => client.kill());

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "gang-lsp-")));
  writeFileSync(join(folder, "package.json"), "{}");
});

afterEach(() => rmSync(folder, { recursive: true }));

const uri = (name: string): string => pathToFileURL(join(folder, name)).href;

function openFile(name: string, text: string): string {
  client.notify("textDocument/didOpen", {
    textDocument: { uri: uri(name), languageId: name.endsWith(".ts") ? "typescript" : "gang", version: 1, text },
  });
  return uri(name);
}

function change(name: string, version: number, ...contentChanges: object[]): void {
  client.notify("textDocument/didChange", { textDocument: { uri: uri(name), version }, contentChanges });
}

const diagnostics = (name: string) =>
  client.hear("textDocument/publishDiagnostics", (params) => params.uri === uri(name));

test("problems show as they are typed, and go when they are mended", async () => {
  openFile("a.gang", "gang 1\ntype Model = { a: flaot }\n");
  const first = await diagnostics("a.gang");
  expect(first.diagnostics).toMatchObject([
    {
      code: "GANG2002",
      severity: 1,
      source: "gangc",
      range: { start: { line: 1, character: 18 }, end: { line: 1, character: 23 } },
    },
  ]);
  const actions = await client.ask("textDocument/codeAction", {
    textDocument: { uri: uri("a.gang") },
    range: first.diagnostics[0].range,
    context: { diagnostics: first.diagnostics },
  });
  const edit = actions.result[0].edit.changes[uri("a.gang")][0];
  expect(edit.newText).toBe("float");
  change("a.gang", 2, { range: edit.range, text: edit.newText });
  expect((await diagnostics("a.gang")).diagnostics).toEqual([]);
});

test("fast typing is checked once, when it rests", async () => {
  openFile("a.gang", "gang 1\n");
  await diagnostics("a.gang");
  const text = "type T = { a: x }";
  for (const [index, letter] of [...text].entries()) {
    const position = { line: 1, character: index };
    change("a.gang", index + 2, { range: { start: position, end: position }, text: letter });
  }
  expect((await diagnostics("a.gang")).diagnostics).toMatchObject([{ code: "GANG2002" }]);
  expect(client.unheard((message) => message.params?.uri === uri("a.gang"))).toBe(0);
});

test("positions count UTF-16 units, and every kind of line break", async () => {
  const line = 'type T = { a: "𝒳😀" | "b", c: flaot }';
  const character = line.indexOf("flaot");
  openFile("a.gang", `gang 1\r\n${line}\r\n`);
  const shown = await diagnostics("a.gang");
  expect(shown.diagnostics).toMatchObject([
    { range: { start: { line: 1, character }, end: { line: 1, character: character + 5 } } },
  ]);
  const hover = await client.ask("textDocument/hover", {
    textDocument: { uri: uri("a.gang") },
    position: { line: 1, character: 5 },
  });
  expect(hover.result.contents.value).toContain("type T");
});

test("an open buffer counts before the file, for those that import it too", async () => {
  writeFileSync(join(folder, "shared.gang"), "gang 1\ntype Old = { a: int }\n");
  writeFileSync(join(folder, "t.ts"), "export function f({ a }: { a: string }): number { return 1; }\n");
  openFile(
    "main.gang",
    'gang 1\nimport { New } from "./shared.gang"\nimport { f } from "./t.ts"\ntype X = { n: New }\npipeline p {\n  stage s = f(a: "x")\n}\n',
  );
  const first = await diagnostics("main.gang");
  expect(first.diagnostics.map((diagnostic: { severity: number }) => diagnostic.severity)).toContain(1);
  openFile("shared.gang", "gang 1\ntype New = { a: int }\n");
  const second = await diagnostics("main.gang");
  expect(second.diagnostics.filter((diagnostic: { severity: number }) => diagnostic.severity === 1)).toEqual([]);
  openFile("t.ts", "export function f({ b }: { b: string }): number { return 1; }\n");
  const third = await diagnostics("main.gang");
  expect(client.unheard((message) => message.params?.uri === uri("t.ts"))).toBe(0);
  expect(third.diagnostics.filter((diagnostic: { severity: number }) => diagnostic.severity === 1)).not.toEqual([]);
  const definition = await client.ask("textDocument/definition", {
    textDocument: { uri: uri("main.gang") },
    position: { line: 5, character: 12 },
  });
  expect(definition.result).toMatchObject({ uri: uri("t.ts"), range: { start: { line: 0, character: 16 } } });
});

test("a rename reaches other files; what cannot be renamed says why", async () => {
  writeFileSync(join(folder, "shared.gang"), "gang 1\ntype Old = { a: int }\n");
  openFile("main.gang", 'gang 1\nimport { Old } from "./shared.gang"\ntype X = { n: Old }\n');
  const renamed = await client.ask("textDocument/rename", {
    textDocument: { uri: uri("main.gang") },
    position: { line: 2, character: 15 },
    newName: "New",
  });
  expect(Object.keys(renamed.result.changes).sort()).toEqual([uri("main.gang"), uri("shared.gang")]);
  expect(renamed.result.changes[uri("main.gang")]).toHaveLength(2);
  const refused = await client.ask("textDocument/prepareRename", {
    textDocument: { uri: uri("main.gang") },
    position: { line: 0, character: 1 },
  });
  expect(refused.error?.message).toBe("There is no name here.");
});

test("formatting is one edit, and none for a file that does not parse", async () => {
  openFile("a.gang", "gang 1\ntype   T = { a: int,b: int }\n");
  const options = { textDocument: { uri: uri("a.gang") }, options: { tabSize: 2, insertSpaces: true } };
  const formatted = await client.ask("textDocument/formatting", options);
  expect(formatted.result).toHaveLength(1);
  change("a.gang", 2, { text: "gang 1\ntype T = {\n" });
  expect((await client.ask("textDocument/formatting", options)).result).toEqual([]);
});

test("a file that was never saved is checked, and a closed one forgotten", async () => {
  const document = {
    uri: "untitled:Untitled-1",
    languageId: "gang",
    version: 1,
    text: "gang 1\ntype T = { a: flaot }\n",
  };
  client.notify("textDocument/didOpen", { textDocument: document });
  const shown = await client.hear("textDocument/publishDiagnostics", (params) => params.uri === document.uri);
  expect(shown.diagnostics).toHaveLength(1);
  client.notify("textDocument/didClose", { textDocument: { uri: document.uri } });
  const closed = await client.hear("textDocument/publishDiagnostics", (params) => params.uri === document.uri);
  expect(closed.diagnostics).toEqual([]);
});

test("unknown files and wild positions get an answer", async () => {
  openFile("a.gang", "gang 1\n");
  for (const method of ["hover", "definition", "completion", "documentHighlight"]) {
    for (const [name, line] of [
      ["a.gang", 10_000],
      ["none.gang", 0],
    ] as const) {
      const answer = await client.ask(`textDocument/${method}`, {
        textDocument: { uri: uri(name) },
        position: { line, character: 99 },
      });
      expect(answer.error).toBeUndefined();
    }
  }
  const symbols = await client.ask("textDocument/documentSymbol", { textDocument: { uri: uri("a.gang") } });
  expect(symbols.result).toEqual([]);
});

test("it ends when the editor says so", async () => {
  expect(await client.stop()).toBe(0);
});
