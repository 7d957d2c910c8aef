// One compiler in a process of its own: `node rivals.mjs LANGUAGE TINY BIG…` prints, as JSON, the milliseconds from
// start to the first answer on TINY, and those of each BIG after that, start-up excluded, with the problems each reported.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

const [language, tiny, ...big] = process.argv.slice(2);

const COMPILERS = {
  async typespec() {
    const { compile, NodeHost } = await import("@typespec/compiler");
    return async (file) => (await compile(NodeHost, file, { noEmit: true })).diagnostics.length;
  },
  async langium() {
    const { createServicesForGrammar } = await import("langium/grammar");
    const { EmptyFileSystem, URI } = await import("langium");
    const grammar = process.env.LANGIUM_GRAMMAR;
    const services = await createServicesForGrammar({ grammar, ...EmptyFileSystem });
    const { LangiumDocumentFactory, DocumentBuilder, LangiumDocuments } = services.shared.workspace;
    return async (file) => {
      const uri = URI.parse(pathToFileURL(file).href.replace(/\.\w+$/, services.LanguageMetaData.fileExtensions[0]));
      const document = LangiumDocumentFactory.fromString(readFileSync(file, "utf8"), uri);
      LangiumDocuments.addDocument(document);
      await DocumentBuilder.build([document], { validation: true });
      LangiumDocuments.deleteDocument(uri);
      return document.diagnostics?.length ?? 0;
    };
  },
  // The native compiler is a program of its own: its start-up is taken off by the caller's tiny run.
  async typescript() {
    const tsc = fileURLToPath(new URL("./lib/tsc.js", import.meta.resolve("typescript/package.json")));
    return async (file) => {
      try {
        execFileSync(process.execPath, [
          tsc,
          "--ignoreConfig",
          "--noEmit",
          "--strict",
          "--target",
          "es2024",
          "--types",
          "",
          file,
        ]);
        return 0;
      } catch (error) {
        return String(error.stdout).trim().split("\n").length;
      }
    };
  },
};

const started = performance.now();
const compile = await COMPILERS[language]();
await compile(tiny);
const startup = performance.now() - started;

let floor = 0;
if (language === "typescript") {
  const again = performance.now();
  await compile(tiny);
  floor = performance.now() - again;
}
const runs = [];
for (const file of big) {
  const before = performance.now();
  const problems = await compile(file);
  runs.push({ file, milliseconds: performance.now() - before - floor, problems });
}
console.log(JSON.stringify({ language, startup, runs }));
