// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what a hole in Gang looks like.
/** GANG1xxx: what can be wrong with a text before any name in it is looked up. */
import { define } from "../diagnostic.ts";

export const missingCloser = define<{ closer: string; opener: string }>({
  code: "GANG1001",
  severity: "error",
  title: "Missing bracket",
  message: ({ closer, opener }) => `\`${closer}\` is missing here: the \`${opener}\` above it is never closed.`,
  explain: {
    text: "Each `{`, `(` and `[` needs its partner. Where one is missing, the indentation tells which block was meant to end.",
    wrong: "recall winners {\n  top: 10\n\nsecret key\n",
    right: "recall winners {\n  top: 10\n}\n\nsecret key\n",
  },
});

export const strayCloser = define<{ closer: string }>({
  code: "GANG1002",
  severity: "error",
  title: "Nothing to close",
  message: ({ closer }) => `This \`${closer}\` closes nothing.`,
  help: ({ closer }) => `Remove it, or open what it should close before it: every \`${closer}\` needs a partner.`,
  explain: {
    text: "A closing bracket without an opening one. Often a line was deleted and its bracket was left.",
    wrong: "recall winners {\n  top: 10\n}\n}\n",
    right: "recall winners {\n  top: 10\n}\n",
  },
});

export const wrongCloser = define<{ found: string; expected: string; opener: string }>({
  code: "GANG1003",
  severity: "error",
  title: "Wrong bracket",
  message: ({ found, expected, opener }) => `\`${opener}\` is closed by \`${expected}\`, not by \`${found}\`.`,
  explain: {
    text: "Brackets close in pairs: `{ }`, `( )`, `[ ]`.",
    wrong: 'model rig = openai("qwen3-32b"]\n',
    right: 'model rig = openai("qwen3-32b")\n',
  },
});

export const unclosedString = define<{ quote: string }>({
  code: "GANG1004",
  severity: "error",
  title: "Unclosed string",
  message: ({ quote }) => `This string is never closed: \`${quote}\` is missing.`,
  help: ({ quote }) =>
    quote === '"' ? 'A string ends on its own line; a longer text stands between `"""` and `"""`.' : undefined,
  explain: {
    text: 'A string in `"` ends on the line where it began. A text of several lines stands between `"""`.',
    wrong: 'model rig = openai("qwen3-32b)\n',
    right: 'model rig = openai("qwen3-32b")\n',
  },
});

export const unexpected = define<{ found: string; expected: string }>({
  code: "GANG1005",
  severity: "error",
  title: "Out of place",
  message: ({ found, expected }) => `${found} cannot stand here; ${expected} is expected.`,
  explain: {
    text: "Something stands where the language has no place for it. What was expected there is said in the message.",
    wrong: "recall winners {\n  top: 10 20\n}\n",
    right: "recall winners {\n  top: 10\n}\n",
  },
});

export const missingName = define<{ what: string }>({
  code: "GANG1006",
  severity: "error",
  title: "Missing name",
  message: ({ what }) => `The name of ${what} is missing.`,
  explain: {
    text: "What is declared needs a name, by which other declarations speak of it.",
    wrong: "recall {\n  top: 10\n}\n",
    right: "recall winners {\n  top: 10\n}\n",
  },
});

export const missingValue = define<{ after: string }>({
  code: "GANG1007",
  severity: "error",
  title: "Missing value",
  message: ({ after }) => `A value is missing after \`${after}\`.`,
  explain: {
    text: "Behind `:`, `=` and an operator stands a value, on the same line.",
    wrong: "recall winners {\n  top:\n}\n",
    right: "recall winners {\n  top: 10\n}\n",
  },
});

export const missingType = define<{ after: string }>({
  code: "GANG1008",
  severity: "error",
  title: "Missing type",
  message: ({ after }) => `A type is missing after \`${after}\`.`,
  help: () => 'Such as `int`, `float in 0.0..1.0`, `"a" | "b"`, `{ name: string }` or the name of a declared type.',
  explain: {
    text: "Parameters, fields, metrics, and what an agent or a tool gives back have a type.",
    wrong: "type Model = {\n  scale:\n}\n",
    right: "type Model = {\n  scale: float\n}\n",
  },
});

export const missingSymbol = define<{ symbol: string; before: string }>({
  code: "GANG1009",
  severity: "error",
  title: "Missing symbol",
  message: ({ symbol, before }) => `\`${symbol}\` is missing before ${before}.`,
  explain: {
    text: "A symbol or a word that the form needs is not there: the `:` of a setting, the `=` of a `let`, the `->` of an agent.",
    wrong: "recall winners {\n  top 10\n}\n",
    right: "recall winners {\n  top: 10\n}\n",
  },
});

export const wrongSymbol = define<{ found: string; expected: string; where: string }>({
  code: "GANG1010",
  severity: "error",
  title: "Wrong symbol",
  message: ({ found, expected, where }) => `${where} takes \`${expected}\`, not \`${found}\`.`,
  explain: {
    text: "Settings, fields and arguments take `:`; `let`, `stage`, `type` and whatever else makes a new name takes `=`.",
    wrong: "recall winners {\n  top = 10\n}\n",
    right: "recall winners {\n  top: 10\n}\n",
  },
});

export const missingComma = define<{ next: string }>({
  code: "GANG1011",
  severity: "error",
  title: "Missing comma",
  message: ({ next }) => `A comma or a new line is missing before ${next}.`,
  explain: {
    text: "What stands on one line is separated by commas; on lines of their own, things need none.",
    wrong: "recall winners { top: 10 from: patterns }\n",
    right: "recall winners { top: 10, from: patterns }\n",
  },
});

export const missingLineBreak = define<{ next: string }>({
  code: "GANG1012",
  severity: "error",
  title: "Missing line break",
  message: ({ next }) => `A new line is missing before ${next}.`,
  help: () => "Declarations and statements stand on lines of their own.",
  explain: {
    text: "Declarations and statements stand on lines of their own; only settings and fields may share a line.",
    wrong: "secret a secret b\n",
    right: "secret a\nsecret b\n",
  },
});

export const unknownDeclaration = define<{ word: string; suggestion: string }>({
  code: "GANG1013",
  severity: "error",
  title: "Unknown declaration",
  message: ({ word, suggestion }) => `There is no declaration \`${word}\`. Did you mean \`${suggestion}\`?`,
  explain: {
    text: "A file is made of declarations, and each begins with its own word: import, subnet, type, model, agent, tool, tools, retry, backend, route, recall, secret, pipeline, peer, test.",
    wrong: "recal winners { top: 10 }\n",
    right: "recall winners { top: 10 }\n",
  },
});

export const unknownStatement = define<{ word: string; suggestion: string; where: string }>({
  code: "GANG1014",
  severity: "error",
  title: "Unknown statement",
  message: ({ word, suggestion, where }) => `There is no \`${word}\` in ${where}. Did you mean \`${suggestion}\`?`,
  explain: {
    text: "The lines of a pipeline are settings and the statements stage, let, for, when, observe and learn; those of a test are given, run and expect.",
    wrong: "pipeline research {\n  stag prices = fetchPrices()\n}\n",
    right: "pipeline research {\n  stage prices = fetchPrices()\n}\n",
  },
});

export const badNumber = define<{ text: string; reason: string }>({
  code: "GANG1015",
  severity: "error",
  title: "Bad number",
  message: ({ text, reason }) => `\`${text}\` is not a number: ${reason}.`,
  help: () => "Durations end in `ms s m h d w`, sizes in `B KB MB GB TB KiB MiB GiB TiB`; money begins with `$`.",
  explain: {
    text: "A number is written with at most one unit, without a space: `90m`, `16GB`, `$2.50`. Two units in one, such as `1h30m`, are written in the smaller one.",
    wrong: "retry patient { backoff: 1h30m }\n",
    right: "retry patient { backoff: 90m }\n",
  },
});

export const spacedUnit = define<{ number: string; unit: string }>({
  code: "GANG1016",
  severity: "error",
  title: "Space before unit",
  message: ({ number, unit }) => `A unit stands right behind its number: \`${number}${unit}\`.`,
  explain: {
    text: "A number and its unit are one word: `30m`, `16GB`.",
    wrong: "retry patient { backoff: 30 m }\n",
    right: "retry patient { backoff: 30m }\n",
  },
});

export const foreignSymbol = define<{ found: string; instead: string }>({
  code: "GANG1017",
  severity: "error",
  title: "Not written so",
  message: ({ found, instead }) => `\`${found}\` is not written in Gang; ${instead}.`,
  explain: {
    text: "Some marks of other languages are written otherwise here: strings stand in double quotes, comments begin with `//`, lines need no `;`, and the logical operators are the words and, or, not.",
    wrong: "# what to remember\nrecall winners { top: 10 }\n",
    right: "// what to remember\nrecall winners { top: 10 }\n",
  },
});

export const unknownCharacter = define<{ shown: string }>({
  code: "GANG1018",
  severity: "error",
  title: "Unknown character",
  message: ({ shown }) => `${shown} means nothing here.`,
  help: () => "Outside of strings and comments a file is made of ASCII letters, digits and symbols.",
  explain: {
    text: "A character that is part of no name, number or symbol. Some come invisibly with text that was copied.",
    wrong: "recall winners { top: 10 @ }\n",
    right: "recall winners { top: 10 }\n",
  },
});

export const nonAsciiName = define<{ name: string }>({
  code: "GANG1019",
  severity: "error",
  title: "Letters of a name",
  message: ({ name }) => `The name \`${name}\` has letters other than a-z, A-Z, 0-9 and _.`,
  help: () =>
    "Names reach commands, files and SQL, so they are made of ASCII letters, digits and `_`. Strings and comments may hold any text.",
  explain: {
    text: "Names are made of ASCII letters, digits and `_`, and begin with no digit, since they reach commands, files and SQL. Strings and comments may hold any text.",
    wrong: "secret schlüssel\n",
    right: "secret schluessel\n",
  },
});

export const badEscape = define<{ written: string }>({
  code: "GANG1020",
  severity: "error",
  title: "Unknown escape",
  message: ({ written }) => `\`${written}\` means nothing in a string.`,
  help: () =>
    'There are `\\n`, `\\r`, `\\t`, `\\"`, `\\\\`, `\\$` and `\\u{1F600}`. A backslash itself is written `\\\\`.',
  explain: {
    text: 'In a string a backslash begins one of `\\n`, `\\r`, `\\t`, `\\"`, `\\\\`, `\\$`, `\\u{…}`.',
    wrong: 'import { f } from ".\\src.ts"\n',
    right: 'import { f } from "./tools.ts"\n',
  },
});

export const badHole = define<{ reason: string }>({
  code: "GANG1021",
  severity: "error",
  title: "Bad hole",
  message: ({ reason }) => `A hole \`\${…}\` in a string holds a path such as \`task.asset\`, nothing more: ${reason}.`,
  help: () => "Name the value with `let`, or pass it as a parameter. A `${` that is meant as text is written `\\${`.",
  explain: {
    text: "A hole holds a path, nothing more, so that a prompt can be read and its inputs be seen.",
    wrong: 'model rig = openai("qwen-${1 + 2}")\n',
    right: 'model rig = openai("qwen-3")\n',
  },
});

export const blockIndent = define({
  code: "GANG1022",
  severity: "error",
  title: "Indented too little",
  message: () => 'This line begins further left than the closing `"""`, or is indented by other characters.',
  help: () => 'The indentation of the closing `"""` is dropped from every line, so each must begin with it.',
  explain: {
    text: 'The indentation of the line with the closing `"""` is dropped from every line of the text; so each line that is not empty must begin with it.',
    wrong: 'agent a(x: int) -> int {\n  prompt: """\n  Think of ${x}.\n    """\n}\n',
    right: 'agent a(x: int) -> int {\n  prompt: """\n    Think of ${x}.\n    """\n}\n',
  },
});

export const tooDeep = define<{ limit: number }>({
  code: "GANG1023",
  severity: "error",
  title: "Nested too deep",
  message: ({ limit }) => `This is nested deeper than ${limit} levels; what stands inside is not read.`,
  help: () => "Name parts of it with `let` or `type`.",
  explain: {
    text: "Brackets and chains of operators may be nested 100 levels deep, far more than a person can read.",
    wrong: `recall winners { where: ${"(".repeat(201)}age < 14d${")".repeat(201)} }\n`,
    right: "recall winners { where: age < 14d }\n",
  },
});

export const chainedComparison = define<{ operator: string }>({
  code: "GANG1024",
  severity: "error",
  title: "Chained comparison",
  message: ({ operator }) => `A comparison cannot be compared again with \`${operator}\`.`,
  help: () => "Write two comparisons joined by `and`, or put one in parentheses.",
  explain: {
    text: "`a < b < c` is two comparisons: `a < b and b < c`.",
    wrong: "recall winners { where: 0.1 < trust < 0.9 }\n",
    right: "recall winners { where: 0.1 < trust and trust < 0.9 }\n",
  },
});

export const badClause = define<{ word: string; reason: string }>({
  code: "GANG1025",
  severity: "error",
  title: "Clause out of place",
  message: ({ word, reason }) => `\`${word}\` ${reason}.`,
  explain: {
    text: "A stage takes `every` and `within`; a `for` takes `every`, `by`, `within` and `max`; an `observe` takes `every`, `within` and `take`. Each at most once.",
    wrong: "pipeline p {\n  stage go = approve(plan) every 1m every 2m\n}\n",
    right: "pipeline p {\n  stage go = approve(plan) every 1m within 12h\n}\n",
  },
});

export const badVersion = define<{ reason: string }>({
  code: "GANG1026",
  severity: "error",
  title: "Bad version line",
  message: ({ reason }) => `The version line ${reason}.`,
  help: () => "Write `gang 1` as the first line of the file, or leave it out: then the newest version is meant.",
  explain: {
    text: "`gang 1` is the version of the language, and stands before everything else.",
    wrong: "gang one\n",
    right: "gang 1\n",
  },
});

export const notText = define({
  code: "GANG1027",
  severity: "error",
  title: "Not a text",
  message: () => "This file holds NUL bytes, so it is no text.",
  help: () => "A `.gang` file is UTF-8 text. A file saved as UTF-16 must be saved again as UTF-8.",
  explain: {
    text: "A `.gang` file is text in UTF-8. NUL bytes come from a binary file, or from a text saved as UTF-16.",
    wrong: "secret a\0b\n",
    right: "secret ab\n",
  },
});

export const idleDoc = define({
  code: "GANG1028",
  severity: "hint",
  title: "Documents nothing",
  message: () =>
    "This `///` documents nothing: no declaration, statement or field follows it, or stands before it on its line.",
  help: () => "Write `//` for a remark, or move it to what it describes.",
  explain: {
    text: "A `///` comment belongs to what follows it, or to the field at whose end it stands; it is shown on hover and sent to models. A remark of any other kind begins with `//`.",
    wrong: "recall winners {\n  top: 10\n  /// and nothing follows\n}\n",
    right: "recall winners {\n  top: 10\n  // and nothing follows\n}\n",
  },
});

export const lateBrace = define({
  code: "GANG1029",
  severity: "error",
  title: "Brace on next line",
  message: () => "A `{` stands on the line that it belongs to, not on the next one.",
  explain: {
    text: "Line breaks end declarations and statements, so `{`, `(` and `[` open on the line they belong to.",
    wrong: "recall winners\n{\n  top: 10\n}\n",
    right: "recall winners {\n  top: 10\n}\n",
  },
});

export const unnamedRecord = define({
  code: "GANG1030",
  severity: "error",
  title: "Record without a name",
  message: () => "A record type needs a name to stand here: a `{` behind `->` begins the settings.",
  help: () => "Declare it, `type Result = { … }`, and write its name here.",
  explain: {
    text: "A result that is a record is declared with `type` and named behind `->`, since a `{` there begins the settings of the tool or agent.",
    wrong: 'tool train(rate: float) -> { loss: float } = exec("./train")\n',
    right: 'type Trained = { loss: float }\n\ntool train(rate: float) -> Trained = exec("./train")\n',
  },
});

export const pathForName = define<{ name: string; path: string }>({
  code: "GANG1031",
  severity: "error",
  title: "Path for a name",
  message: ({ name, path }) => `A name stands here alone: \`${name}\`, not \`${path}\`.`,
  help: () =>
    "`observe` and `learn` name the metrics of the pipeline's subnet, and `learn` credits a stage as a whole.",
  explain: {
    text: "What a pipeline measures are the metrics of the subnet that it is for, so that their names say enough. What is credited is all that a stage chose.",
    wrong: "pipeline p for s {\n  observe s.metrics.loss = score\n}\n",
    right: "pipeline p for s {\n  observe loss = score\n}\n",
  },
});
