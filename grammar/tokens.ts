/**
 * The words and symbols of the language, as data. The lexer, the TextMate grammar and the completion of keywords are
 * made from this table, so that none of them can disagree with another.
 */

/** Keywords by the place where they can stand. Each is a keyword only there; a field may be called `stage`. */
export const keywords = {
  /** Begin a declaration at the left margin of a file. */
  declaration: [
    "import",
    "subnet",
    "type",
    "model",
    "agent",
    "tool",
    "tools",
    "retry",
    "backend",
    "route",
    "recall",
    "secret",
    "pipeline",
    "peer",
    "test",
  ],
  /** Begin a line inside a subnet. */
  member: ["metric", "task"],
  /** Begin a line inside a pipeline. */
  statement: ["stage", "let", "for", "when", "observe", "learn"],
  /** Begin a line inside a test. */
  step: ["given", "run", "expect"],
  /** Say how often, how long and in which order, behind a statement. */
  clause: ["every", "by", "within", "max", "take"],
  /** Join the parts of a declaration, a type or a value. */
  joint: ["gang", "from", "as", "in", "log", "step", "x", "per", "map"],
  /** Operators written as words; never a name. */
  operator: ["or", "and", "not"],
  /** Values written as words; never a name. */
  literal: ["true", "false", "none"],
} as const;

export type Keyword = (typeof keywords)[keyof typeof keywords][number];

/** The names of the types that are there before any declaration. */
export const builtinTypes = [
  "bool",
  "int",
  "float",
  "string",
  "duration",
  "time",
  "money",
  "size",
  "file",
  "dir",
  "json",
  "secret",
] as const;

/** Symbols, the longest first where one begins another. */
export const symbols = {
  Arrow: "->",
  Fallback: "??",
  Equal: "==",
  Unequal: "!=",
  LessEqual: "<=",
  GreaterEqual: ">=",
  Range: "..",
  Less: "<",
  Greater: ">",
  Plus: "+",
  Minus: "-",
  Star: "*",
  Slash: "/",
  Assign: "=",
  Colon: ":",
  Comma: ",",
  Dot: ".",
  Question: "?",
  Bar: "|",
  LeftBrace: "{",
  RightBrace: "}",
  LeftParen: "(",
  RightParen: ")",
  LeftBracket: "[",
  RightBracket: "]",
} as const;

/** Binary operators by how tightly they bind, the loosest first; those of one row associate to the left. */
export const precedence = [
  ["or"],
  ["and"],
  ["==", "!=", "<", "<=", ">", ">="],
  ["??"],
  ["+", "-"],
  ["*", "/"],
] as const;

/** Symbols with which a line goes on with the one before. */
export const continuations: ReadonlySet<string> = new Set(["or", "and", "??", "|", "."]);

/** How the same thing is written elsewhere, and what stands for it here; nothing stands for `;`. */
export const foreign = {
  "===": "==",
  "!==": "!=",
  "&&": "and",
  "||": "or",
  "=>": "->",
  "?.": ".",
  "!": "not",
  ";": "",
} as const;

export interface Unit {
  readonly kind: "duration" | "size";
  /** A number with this unit is `number * times / over` in the base unit: seconds or bytes. */
  readonly times: number;
  readonly over: number;
}

const duration = (times: number, over = 1): Unit => ({ kind: "duration", times, over });
const size = (times: number): Unit => ({ kind: "size", times, over: 1 });

export const units: Readonly<Record<string, Unit>> = {
  ms: duration(1, 1000),
  s: duration(1),
  m: duration(60),
  h: duration(3600),
  d: duration(86_400),
  w: duration(604_800),
  B: size(1),
  KB: size(1e3),
  MB: size(1e6),
  GB: size(1e9),
  TB: size(1e12),
  KiB: size(2 ** 10),
  MiB: size(2 ** 20),
  GiB: size(2 ** 30),
  TiB: size(2 ** 40),
};

/** Spellings of units that are understood well enough to suggest the right one; compared in lower case. */
export const unitSpellings: Readonly<Record<string, string>> = {
  msec: "ms",
  msecs: "ms",
  millis: "ms",
  sec: "s",
  secs: "s",
  second: "s",
  seconds: "s",
  min: "m",
  mins: "m",
  minute: "m",
  minutes: "m",
  hr: "h",
  hrs: "h",
  hour: "h",
  hours: "h",
  day: "d",
  days: "d",
  wk: "w",
  week: "w",
  weeks: "w",
  b: "B",
  bytes: "B",
  k: "KB",
  kb: "KB",
  mb: "MB",
  g: "GB",
  gb: "GB",
  tb: "TB",
  kib: "KiB",
  mib: "MiB",
  gib: "GiB",
  tib: "TiB",
};
