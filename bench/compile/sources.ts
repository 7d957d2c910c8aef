/**
 * The same program in four languages: N declared records of seven lines, each with a documented field, a reference to
 * the one before it, a choice of strings and a list. Deterministic, so that figures of two days can be compared.
 */
export const LANGUAGES = ["gang", "typespec", "langium", "typescript"] as const;
export type Language = (typeof LANGUAGES)[number];

export const EXTENSION: { readonly [L in Language]: string } = {
  gang: "gang",
  typespec: "tsp",
  langium: "model",
  typescript: "ts",
};

const RECORD: { readonly [L in Language]: (n: number, before: string | undefined) => string } = {
  gang: (n, before) => `/// Record ${n} of the source.
type Record${n} = {
  id: string
  count: int in 0..${n + 1}
  kind: "small" | "large"
  tags: string[]${before ? `\n  before: ${before}?` : ""}
}
`,
  typespec: (n, before) => `/** Record ${n} of the source. */
model Record${n} {
  id: string;
  count: int32;
  kind: "small" | "large";
  tags: string[];${before ? `\n  before?: ${before};` : ""}
}
`,
  langium: (n, before) => `/** Record ${n} of the source. */
type Record${n} {
  id: string
  count: int in 0..${n + 1}
  kind: "small" | "large"
  tags: string[]${before ? `\n  before: ${before}?` : ""}
}
`,
  typescript: (n, before) => `/** Record ${n} of the source. */
export interface Record${n} {
  id: string;
  count: number;
  kind: "small" | "large";
  tags: string[];${before ? `\n  before?: ${before};` : ""}
}
`,
};

/** `depth`: how many records before one the reference chain starts anew; `Infinity` for one chain through all. */
export function generate(language: Language, declarations: number, depth = 16): string {
  const records = Array.from({ length: declarations }, (_, n) =>
    RECORD[language](n, n % depth === 0 ? undefined : `Record${n - 1}`),
  );
  return (language === "gang" ? "gang 1\n\n" : "") + records.join("\n");
}

/** The grammar by which Langium reads its share: types, fields, ranges and references, validated by its linker. */
export const LANGIUM_GRAMMAR = `
grammar Records
entry Model: types+=RecordType*;
RecordType: 'type' name=ID '{' fields+=Field* '}';
Field: name=ID ':' type=Type;
Type: base=Base ('in' low=INT '..' high=INT)? (list?='[' ']')? (optional?='?')?;
Base: {infer Scalar} scalar=('string' | 'int' | 'float') | {infer Choice} arms+=STRING ('|' arms+=STRING)* | {infer Reference} to=[RecordType:ID];
hidden terminal WS: /\\s+/;
terminal ID: /[_a-zA-Z][\\w_]*/;
terminal INT returns number: /[0-9]+/;
terminal STRING: /"[^"]*"/;
hidden terminal COMMENT: /\\/\\*[\\s\\S]*?\\*\\//;
`;
