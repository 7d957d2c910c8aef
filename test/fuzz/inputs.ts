/**
 * The inputs, each a function of the seed and its number alone. Every second one is systematic, until all are done: each
 * place of each sample once (typed up to there; its token deleted, doubled, swapped, replaced), in an order that jumps
 * about, so that a short run sees a fair share. The others are drawn at random.
 */
import { keywords, symbols, units } from "../../grammar/tokens.ts";
import { CORPUS, piecesOf, type Sample } from "./corpus.ts";
import { generateProgram } from "./generate.ts";
import { type Random, randomOf } from "./random.ts";

export interface Input {
  readonly kind: Kind;
  readonly sample: string;
  readonly path: string;
  readonly text: string;
  readonly files: ReadonlyMap<string, string>;
}

export type Kind = keyof typeof SYSTEMATIC | keyof typeof RANDOM;

interface Piece {
  readonly start: number;
  readonly end: number;
}

const pieces = new Map<Sample, readonly Piece[]>();

function piecesIn(sample: Sample): readonly Piece[] {
  let found = pieces.get(sample);
  if (found === undefined) {
    found = piecesOf(sample.text);
    pieces.set(sample, found);
  }
  return found;
}

// Places -----------------------------------------------------------------------------------------------------------------

type Place = (text: string, all: readonly Piece[], at: number, random: Random) => string;

/** What is done at each token; `typed` goes by characters. */
const SYSTEMATIC = {
  typed: (text, _, at) => text.slice(0, at),
  deleted: (text, all, at) => splice(text, all[at]!, ""),
  doubled: (text, all, at) => splice(text, all[at]!, `${imageOf(text, all[at]!)} ${imageOf(text, all[at]!)}`),
  swapped: (text, all, at) => swap(text, all[at]!, all[(at + 1) % all.length]!),
  replaced: (text, all, at, random) => splice(text, all[at]!, random.pick(WORDS)),
} satisfies { readonly [kind: string]: Place };

const WORDS: readonly string[] = [
  ...Object.values(keywords).flat(),
  ...Object.values(symbols),
  ...Object.keys(units).map((unit) => `3${unit}`),
  ...[
    "name",
    "prices",
    "5",
    "0.5",
    "$2.50",
    '"text"',
    '"""\n  text\n  """',
    "true",
    "// note",
    "/// doc",
    "\n",
    ";",
    "'x'",
  ],
];

interface Walk {
  readonly kind: keyof typeof SYSTEMATIC;
  readonly sample: Sample;
  /** The number of the walk's first place. */
  readonly from: number;
}

let walks: { readonly all: readonly Walk[]; readonly places: number } | undefined;

function allWalks() {
  if (walks !== undefined) return walks;
  const all: Walk[] = [];
  let places = 0;
  for (const sample of CORPUS)
    for (const kind of Object.keys(SYSTEMATIC) as (keyof typeof SYSTEMATIC)[]) {
      all.push({ kind, sample, from: places });
      places += kind === "typed" ? sample.text.length + 1 : piecesIn(sample).length;
    }
  walks = { all, places };
  return walks;
}

/** How many systematic inputs there are; twice as many runs see each. */
export function placeCount(): number {
  return allWalks().places;
}

/** Odd, and no divisor of anything near the number of places: steps of it visit all of them. */
const STRIDE = 1_000_003;

function systematic(seed: number, number: number, random: Random): Input {
  const { all, places } = allWalks();
  const place = ((number + (seed % places)) * STRIDE) % places;
  let [low, high] = [0, all.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (all[middle]!.from <= place) low = middle;
    else high = middle - 1;
  }
  const { kind, sample, from } = all[low]!;
  return of(sample, kind, SYSTEMATIC[kind](sample.text, piecesIn(sample), place - from, random));
}

// Chance -----------------------------------------------------------------------------------------------------------------

/** Characters; what is longer takes its time because it is long. */
const MOST_REPEATED = 100_000;

type Draw = (sample: Sample, random: Random) => string;

const RANDOM = {
  several: (sample, random) => several(sample.text, random, 1 + random.below(5)),
  cut: ({ text }, random) => {
    const [a, b] = [random.below(text.length + 1), random.below(text.length + 1)];
    return text.slice(0, Math.min(a, b)) + text.slice(Math.max(a, b));
  },
  spliced: ({ text }, random) => {
    const other = random.pick(CORPUS).text;
    const [a, b] = [random.below(text.length + 1), random.below(other.length + 1)];
    return text.slice(0, a) + (random.chance(0.5) ? other.slice(b) : other.slice(b, b + 200) + text.slice(a));
  },
  characters: ({ text }, random) => times(1 + random.below(6), text, (now) => insert(now, random, odd(random))),
  lines: ({ text }, random) => {
    const lines = text.split("\n");
    return Array.from({ length: 1 + random.below(lines.length + 3) }, () => random.pick(lines)).join("\n");
  },
  soup: (_, random) =>
    Array.from({ length: random.below(60) }, () => random.pick(WORDS)).join(random.pick(["", " ", "\n"])),
  bytes: (_, random) =>
    Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256))).toString("utf8"),
  deep: ({ text }, random) => {
    const [open, close] = random.pick(NESTS);
    const depth = depthOf(random);
    const inner =
      open.repeat(depth) + random.pick(["1", "a", "", "string"]) + close.repeat(random.chance(0.7) ? depth : 0);
    return random.chance(0.5) ? `${random.pick(HOLDERS)}${inner}\n` : insert(text, random, inner);
  },
  repeated: ({ text }, random) => {
    const all = random.chance(0.5) ? text.split(/(?<=\n)/) : piecesOf(text).map((piece) => `${imageOf(text, piece)} `);
    const [at, length] = [random.below(all.length), 1 + random.below(4)];
    const run = all.slice(at, at + length).join("");
    const times = Math.min(depthOf(random), Math.ceil(MOST_REPEATED / Math.max(1, run.length)));
    return [...all.slice(0, at), run.repeat(times), ...all.slice(at + length)].join("");
  },
  endings: ({ text }, random) => {
    const ended = text.replaceAll("\n", random.pick(["\r\n", "\r", "\n\r", "\u2028", "\n"]));
    return several(random.pick(["", "", "\ufeff"]) + ended, random, random.below(2));
  },
  long: ({ text }, random) => insert(text, random, random.pick(LONG)(depthOf(random))),
  generated: (_, random) => generateProgram(random),
  broken: (_, random) => several(generateProgram(random), random, 1 + random.below(3)),
} satisfies { readonly [kind: string]: Draw };

/** How often each kind is drawn; what makes large inputs, less. */
const WEIGHTS: { readonly [kind in keyof typeof RANDOM]: number } = {
  several: 30,
  cut: 10,
  spliced: 12,
  characters: 14,
  lines: 8,
  soup: 10,
  bytes: 4,
  repeated: 1,
  endings: 4,
  deep: 1,
  long: 1,
  generated: 3,
  broken: 7,
};

const LOTS = (Object.keys(WEIGHTS) as (keyof typeof RANDOM)[]).flatMap((kind) =>
  Array<typeof kind>(WEIGHTS[kind]).fill(kind),
);

const NESTS: readonly (readonly [string, string])[] = [
  ["(", ")"],
  ["[", "]"],
  ["{ a: ", " }"],
  ["when a {\n", "}\n"],
  ["for a in b max 2 {\n", "}\n"],
  ["-", ""],
  ["not ", ""],
  ["a(", ")"],
  ["a[", "]"],
  ["a: ", ""],
  ["map<", ">"],
  ['| "a" { b: ', " }"],
  ["1 + ", ""],
  ["a ?? ", ""],
  ["a or ", ""],
  ["a.", ""],
  ["M { a: ", " }"],
  ["", "?"],
  ["", "[]"],
  ['"${', '}"'],
];
const HOLDERS = ["recall r { where: ", "type T = ", "pipeline p {\n", "tool f(a: ", 'test "t" for p { expect ', ""];

const LONG: readonly ((length: number) => string)[] = [
  (length) => "name".repeat(length),
  (length) => `"${"text ".repeat(length)}"`,
  (length) => "7".repeat(length),
  (length) => " ".repeat(length),
  (length) => `// ${"note ".repeat(length)}\n`,
  (length) => `/// ${"doc ".repeat(length)}\n`,
  (length) => `${"a, ".repeat(length)}`,
  (length) => `${'"a" | '.repeat(length)}"b"`,
  (length) => `"${"\\u{1F600}".repeat(length)}"`,
  (length) => "\n".repeat(length),
  (length) => "é".repeat(length),
  (length) => "\u{1F600}".repeat(length),
];

/** Mostly shallow; now and then as deep as anybody could make it. */
function depthOf(random: Random): number {
  return random.chance(0.02) ? 10_000 : 1 + random.below(random.chance(0.2) ? 1000 : 60);
}

const ODD = [
  "\0",
  "\u0007",
  "\u001b[31m",
  "\r",
  "\r\n",
  "\t",
  "\f",
  "\u2028",
  "\u2029",
  "\ufeff",
  "\u00a0",
  "\u202e",
  "\u200b",
];
const MARKS = [
  "\ud800",
  "\udc00",
  "\u{1F600}",
  "é",
  "ẞ",
  "漢",
  "e\u0301",
  "٣",
  "'",
  "“",
  "`",
  "\\",
  '"',
  '"""',
  "${",
  "$",
  "#",
  "/*",
  "@",
  "~",
];

function odd(random: Random): string {
  if (random.chance(0.3)) return String.fromCharCode(random.below(0x10000));
  return random.pick(random.chance(0.5) ? ODD : MARKS);
}

function several(text: string, random: Random, count: number): string {
  const places = Object.values(SYSTEMATIC).slice(1);
  return times(count, text, (now) => {
    const all = piecesOf(now);
    if (all.length === 0 || random.chance(0.2))
      return insert(now, random, random.chance(0.5) ? odd(random) : random.pick(WORDS));
    return random.pick(places)(now, all, random.below(all.length), random);
  });
}

function times(count: number, text: string, change: (now: string) => string): string {
  let now = text;
  for (let i = 0; i < count; i++) now = change(now);
  return now;
}

function splice(text: string, { start, end }: Piece, instead: string): string {
  return text.slice(0, start) + instead + text.slice(end);
}

function imageOf(text: string, { start, end }: Piece): string {
  return text.slice(start, end);
}

function swap(text: string, a: Piece, b: Piece): string {
  if (b.start < a.end) return text;
  return text.slice(0, a.start) + imageOf(text, b) + text.slice(a.end, b.start) + imageOf(text, a) + text.slice(b.end);
}

function insert(text: string, random: Random, piece: string): string {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + piece + text.slice(at);
}

// Inputs -----------------------------------------------------------------------------------------------------------------

function of(sample: Sample, kind: Kind, text: string): Input {
  return { kind, sample: sample.name, path: sample.path, files: sample.files, text };
}

export function inputAt(seed: number, index: number): Input {
  const random = randomOf(seed, index);
  if (index % 2 === 0 && index / 2 < placeCount()) return systematic(seed, index / 2, random);
  const kind = random.pick(LOTS);
  const sample = random.pick(CORPUS);
  return of(sample, kind, RANDOM[kind](sample, random));
}
