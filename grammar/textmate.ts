/** Makes the TextMate grammar from the token table. Run as a program, it writes `gang.tmLanguage.json` beside itself. */
import { writeFileSync } from "node:fs";
import { builtinTypes, keywords, units } from "./tokens.ts";

/** Beginning of a word that no dot precedes and no colon follows, so that no field looks like a keyword. */
const alone = (words: readonly string[]) => `(?<![.\\w])(?:${words.join("|")})(?!\\w|\\s*\\??:)`;
const unitNames = Object.keys(units).toSorted((a, b) => b.length - a.length);
const wordsOfLine = [...keywords.member, ...keywords.statement, ...keywords.step];
const string = {
  patterns: [
    { name: "constant.character.escape.gang", match: '\\\\(?:[nrt"\\\\$]|u\\{[0-9A-Fa-f]{1,6}\\}|u[0-9A-Fa-f]{4})' },
    {
      name: "meta.template.expression.gang",
      begin: "\\$\\{",
      end: '\\}|(?="|$)',
      beginCaptures: { 0: { name: "punctuation.definition.template-expression.begin.gang" } },
      endCaptures: { 0: { name: "punctuation.definition.template-expression.end.gang" } },
      patterns: [{ name: "variable.other.gang", match: "[A-Za-z_]\\w*" }],
    },
  ],
};

/** The grammar as the text of its file. */
export function textmate(): string {
  const grammar = {
    name: "Gang",
    scopeName: "source.gang",
    patterns: ["comments", "strings", "numbers", "declarations", "words", "fields", "calls", "operators"].map(
      (name) => ({
        include: `#${name}`,
      }),
    ),
    repository: {
      comments: {
        patterns: [
          { name: "comment.line.documentation.gang", match: "///(?!/).*$" },
          { name: "comment.line.double-slash.gang", match: "//.*$" },
        ],
      },
      strings: {
        patterns: [
          { name: "string.quoted.triple.gang", begin: '"""', end: '"""', ...string },
          { name: "string.quoted.double.gang", begin: '"', end: '"|$', ...string },
        ],
      },
      numbers: {
        patterns: [
          {
            name: "constant.numeric.gang",
            match: `(?<!\\w)\\$?\\d[\\d_]*(?:\\.\\d[\\d_]*)?(?:[eE][+-]?\\d+)?(${unitNames.join("|")})?(?!\\w)`,
            captures: { 1: { name: "keyword.other.unit.gang" } },
          },
        ],
      },
      declarations: {
        patterns: [
          {
            match: `^(gang|${keywords.declaration.join("|")})\\b(?!\\s*[.:])(?:[ \\t]+([A-Za-z_]\\w*))?`,
            captures: { 1: { name: "keyword.declaration.gang" }, 2: { name: "entity.name.type.gang" } },
          },
          {
            match: `^\\s*(${wordsOfLine.join("|")})\\b(?!\\s*[.:])(?:[ \\t]+([A-Za-z_]\\w*))?`,
            captures: { 1: { name: "keyword.control.gang" }, 2: { name: "variable.other.definition.gang" } },
          },
        ],
      },
      words: {
        patterns: [
          { name: "constant.language.gang", match: alone(keywords.literal) },
          { name: "keyword.operator.word.gang", match: alone(keywords.operator) },
          { name: "keyword.control.gang", match: alone([...keywords.clause, ...keywords.joint, "for"]) },
          { name: "support.type.gang", match: alone(builtinTypes) },
        ],
      },
      fields: {
        patterns: [{ match: "([A-Za-z_]\\w*)\\s*\\??(:)", captures: { 1: { name: "variable.other.property.gang" } } }],
      },
      calls: { patterns: [{ name: "entity.name.function.gang", match: "[A-Za-z_]\\w*(?=\\()" }] },
      operators: {
        patterns: [{ name: "keyword.operator.gang", match: "->|\\?\\?|==|!=|<=|>=|\\.\\.|[-+*/<>=|?]" }],
      },
    },
  };
  return `${JSON.stringify(grammar, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(new URL("./gang.tmLanguage.json", import.meta.url), textmate());
