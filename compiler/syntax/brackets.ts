/**
 * Pairs the brackets before the parser sees them, so that the parser meets every closer where one belongs: a missing
 * one is put in, without width, at the end of the block that lacks it; a stray one is taken out. Which block lacks its
 * closer is told by the indentation, and only in a file whose brackets do not pair by themselves.
 */
import type { TokenType } from "chevrotain";
import { keywords, precedence } from "../../grammar/tokens.ts";
import * as catalogue from "../diagnostics/catalogue/syntax.ts";
import { type Diagnostic, report } from "../diagnostics/diagnostic.ts";
import { symbolTokens, type Token } from "./tokens.ts";

/** How deep brackets, and chains of operators, may be nested. */
export const depthLimit = 100;

const closerOf = new Map<TokenType, TokenType>([
  [symbolTokens.LeftBrace, symbolTokens.RightBrace],
  [symbolTokens.LeftParen, symbolTokens.RightParen],
  [symbolTokens.LeftBracket, symbolTokens.RightBracket],
]);
const closers = new Set(closerOf.values());
/** By the index of their type: most tokens are none, and every one is asked. */
const brackets: boolean[] = [];
for (const [opener, closer] of closerOf) brackets[opener.tokenTypeIdx!] = brackets[closer.tokenTypeIdx!] = true;
const declarations: ReadonlySet<string> = new Set(keywords.declaration);

const clauses: ReadonlySet<string> = new Set([...keywords.clause, "for"]);
const infix: ReadonlySet<string> = new Set(precedence.flat().filter((operator) => operator !== "-"));
/** What stands in the brackets of these is followed by a body, and is no record. */
const parameterized: ReadonlySet<string> = new Set(["pipeline", "agent", "for", "when"]);

/** Whether a declaration begins with this token: its word at the left margin, and on the same line what it declares. */
export function beginsDeclaration(token: Token, next: Token | undefined, column: number): boolean {
  if (column !== 0 || !declarations.has(token.image) || next === undefined || next.lineBefore) return false;
  return /^[\w"{]/.test(next.image);
}

interface Source {
  readonly path: string;
  readonly text: string;
  /** The offset at which the line of an offset begins. */
  readonly lineStart: (offset: number) => number;
}

/** The tokens with brackets in pairs, no more than `depthLimit` deep; the same array if they were so. */
export function pairBrackets(tokens: Token[], source: Source, diagnostics: Diagnostic[]): Token[] {
  const depth = plainDepth(tokens);
  if (depth !== undefined && depth <= depthLimit) return tokens;
  const paired = depth === undefined ? repair(tokens, source, diagnostics) : tokens;
  return (plainDepth(paired) ?? 0) > depthLimit ? flatten(paired, source, diagnostics) : paired;
}

/** How deep the brackets go if they pair by themselves. */
function plainDepth(tokens: readonly Token[]): number | undefined {
  const stack: TokenType[] = [];
  let deepest = 0;
  for (const { tokenType, tokenTypeIdx } of tokens) {
    if (brackets[tokenTypeIdx] !== true) continue;
    const closer = closerOf.get(tokenType);
    if (closer !== undefined) {
      stack.push(closer);
      if (stack.length > deepest) deepest = stack.length;
    } else if (stack.pop() !== tokenType) return undefined;
  }
  return stack.length === 0 ? deepest : undefined;
}

interface Open {
  readonly token: Token;
  readonly closer: TokenType;
  /** The column at which the line of the opening bracket begins. */
  readonly indent: number;
  /** The names of an import, which its `from` ends. */
  readonly importing: boolean;
  /** Where in the output a line began inside that stands no deeper than this one: the block was meant to end there. */
  dedent: number | undefined;
}

/** A bracket to put in before the token at this place of the output. */
interface Insertion {
  readonly at: number;
  readonly token: Token;
}

/** A line of the output: where it begins, and in which column. */
interface Line {
  readonly at: number;
  readonly column: number;
  /** How many lines begin before it. */
  readonly number: number;
}

function repair(tokens: readonly Token[], source: Source, diagnostics: Diagnostic[]): Token[] {
  const output: Token[] = [];
  const stack: Open[] = [];
  /** Put in at the end, all at once: in the middle of a long file each would move the rest. */
  const insertions: Insertion[] = [];
  /** Where the lines of the output begin, and those of them that a line further down may still stand level with. */
  const begins: number[] = [];
  const level: Line[] = [];
  let indent = 0;
  let head = "";

  const put = (token: Token) => {
    if (token.lineBefore) {
      const column = token.startOffset - source.lineStart(token.startOffset);
      while (level.length > 0 && level.at(-1)!.column >= column) level.pop();
      level.push({ at: output.length, column, number: begins.length });
      begins.push(output.length);
    }
    output.push(token);
  };
  const closeMissing = () => {
    const open = stack.pop()!;
    const at = open.dedent ?? output.length;
    const before = output[at - 1]!;
    const ownLine = source.lineStart(open.token.startOffset) !== source.lineStart(before.startOffset);
    insertions.push({ at, token: virtual(open.closer, before.endOffset, ownLine) });
    diagnostics.push(missing(open, before, source));
  };

  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const isCloser = closers.has(token.tokenType);
    if (token.lineBefore || i === 0) {
      indent = token.startOffset - source.lineStart(token.startOffset);
      head = token.image;
      if (beginsDeclaration(token, tokens[i + 1], indent)) while (stack.length > 0) closeMissing();
      if (isCloser) {
        // A closer further left than the innermost block belongs to the block that begins at its column.
        const owner = stack.findLastIndex((open) => open.closer === token.tokenType && open.indent === indent);
        if (owner >= 0 && stack.at(-1)!.indent > indent) while (stack.length > owner + 1) closeMissing();
        const end = (stack.at(-1)?.indent ?? -1) < indent ? headerEnd(output, indent, level, begins) : undefined;
        if (end !== undefined && token.tokenType === symbolTokens.RightBrace) {
          const at = output[end - 1]!.endOffset;
          const place = { file: source.path, start: at, end: at };
          const fixes = [{ title: "Insert `{`", edits: [{ ...place, newText: " {" }] }];
          diagnostics.push(
            report(catalogue.missingSymbol, place, { symbol: "{", before: "the end of this line" }, { fixes }),
          );
          insertions.push({ at: end, token: virtual(symbolTokens.LeftBrace, at, false) });
          put(token);
          continue;
        }
      } else {
        for (const open of stack.slice(-depthLimit)) if (indent <= open.indent) open.dedent ??= output.length;
      }
    }
    if (token.image === "from" && stack.at(-1)?.importing && tokens[i + 1]?.image.startsWith('"')) closeMissing();
    const top = stack.at(-1);
    if (top !== undefined && top.dedent === undefined && endsInside(top, token, output.at(-1)!, tokens[i + 1], head))
      top.dedent = output.length - (output.at(-1)!.tokenType === symbolTokens.Comma ? 1 : 0);
    const closer = closerOf.get(token.tokenType);
    const importing = output.at(-1)?.image === "import";
    if (closer !== undefined) stack.push({ token, closer, indent, dedent: undefined, importing });
    if (!isCloser) {
      put(token);
      continue;
    }
    if (stack.some((open) => open.closer === token.tokenType)) {
      while (stack.at(-1)!.closer !== token.tokenType) closeMissing();
      stack.pop();
      put(token);
    } else if (stack.length > 0 && stack.at(-1)!.dedent === undefined) {
      put(replaceCloser(stack.pop()!, token, source, diagnostics));
    } else {
      const title = `Remove \`${token.image}\``;
      const place = placeOf(token, source);
      const fixes = [{ title, edits: [{ ...place, newText: "" }] }];
      diagnostics.push(report(catalogue.strayCloser, place, { closer: token.image }, { fixes }));
    }
  }
  while (stack.length > 0) closeMissing();
  return withInsertions(output, insertions);
}

/** Of several at one place, the first that was closed comes first. */
function withInsertions(tokens: readonly Token[], insertions: readonly Insertion[]): Token[] {
  const sorted = insertions.toSorted((a, b) => a.at - b.at);
  const all: Token[] = [];
  let next = 0;
  for (let at = 0; at <= tokens.length; at++) {
    for (; next < sorted.length && sorted[next]!.at === at; next++) all.push(sorted[next]!.token);
    if (at < tokens.length) all.push(tokens[at]!);
  }
  return all;
}

/**
 * Whether what was opened was meant to end before this token, which cannot stand inside: the arrow or the body of the
 * declaration whose parameters these are, a clause of the statement, a setting behind a list.
 */
function endsInside(open: Open, token: Token, before: Token, after: Token | undefined, head: string): boolean {
  const { LeftBrace, LeftBracket, Arrow, Colon } = symbolTokens;
  if (open.token.tokenType === LeftBrace) return false;
  const type = token.tokenType;
  if (type === Arrow) return true;
  if (open.token.tokenType === LeftBracket && after?.tokenType === Colon) return /^\w/.test(token.image);
  if (token.lineBefore) return false;
  const empty = before === open.token;
  if (!empty && !/[\w")\]>?}]$/.test(before.image)) return false;
  if (type === LeftBrace) return parameterized.has(head) || (!empty && !/^[A-Za-z_]/.test(before.image));
  if (empty && infix.has(token.image)) return true;
  return clauses.has(token.image) && after !== undefined && !after.lineBefore && /^[\w"($]/.test(after.image);
}

/** A bracket that is not in the text. */
function virtual(type: TokenType, offset: number, lineBefore: boolean): Token {
  return {
    image: "",
    startOffset: offset,
    endOffset: offset,
    tokenType: type,
    tokenTypeIdx: type.tokenTypeIdx!,
    index: 0,
    lineBefore,
    damaged: true,
  };
}

/**
 * Where in the output the line ends that a `}` in this column was meant to close: the last line that begins in its
 * column, if deeper lines follow and it opens nothing itself.
 */
function headerEnd(
  output: readonly Token[],
  column: number,
  level: readonly Line[],
  begins: readonly number[],
): number | undefined {
  const header = level.findLast((line) => line.column <= column);
  if (header?.column !== column) return undefined;
  const end = begins[header.number + 1];
  if (end === undefined || !/^\w/.test(output[header.at]!.image)) return undefined;
  return closerOf.has(output[end - 1]!.tokenType) ? undefined : end;
}

function placeOf(token: Token, source: Source) {
  return { file: source.path, start: token.startOffset, end: token.endOffset };
}

function missing(open: Open, before: Token, source: Source): Diagnostic {
  const { path, text } = source;
  const [opener, closer] = [open.token.image, open.closer.PATTERN as string];
  const openLine = source.lineStart(open.token.startOffset);
  const sameLine = openLine === source.lineStart(before.startOffset);
  let at = before.endOffset;
  let newText = opener === "{" && sameLine ? " }" : closer;
  if (opener === "{" && !sameLine) {
    // A line of its own, behind what may still stand on the last line.
    while (at < text.length && text[at] !== "\n" && text[at] !== "\r") at++;
    newText = `\n${text.slice(openLine, openLine + open.indent)}}`;
  }
  return report(
    catalogue.missingCloser,
    { file: path, start: before.endOffset, end: before.endOffset },
    { closer, opener },
    {
      labels: [{ ...placeOf(open.token, source), message: `This \`${opener}\` is not closed.` }],
      fixes: [{ title: `Insert \`${closer}\``, edits: [{ file: path, start: at, end: at, newText }] }],
    },
  );
}

function replaceCloser(open: Open, token: Token, source: Source, diagnostics: Diagnostic[]): Token {
  const expected = open.closer.PATTERN as string;
  const place = placeOf(token, source);
  diagnostics.push(
    report(
      catalogue.wrongCloser,
      place,
      { found: token.image, expected, opener: open.token.image },
      {
        labels: [{ ...placeOf(open.token, source), message: "This is what it would close." }],
        fixes: [{ title: `Write \`${expected}\``, edits: [{ ...place, newText: expected }] }],
      },
    ),
  );
  return { ...token, tokenType: open.closer, tokenTypeIdx: open.closer.tokenTypeIdx!, damaged: true };
}

/** Leaves out what stands in brackets deeper than the limit. */
function flatten(tokens: readonly Token[], source: Source, diagnostics: Diagnostic[]): Token[] {
  let depth = 0;
  let reported = false;
  return tokens.filter((token) => {
    if (closers.has(token.tokenType)) {
      depth--;
      if (depth === depthLimit - 1) token.damaged = true;
      return depth < depthLimit;
    }
    const inside = depth >= depthLimit;
    if (!closerOf.has(token.tokenType)) return !inside;
    depth++;
    if (inside && !reported) {
      reported = true;
      diagnostics.push(report(catalogue.tooDeep, placeOf(token, source), { limit: depthLimit }));
    }
    return !inside;
  });
}
