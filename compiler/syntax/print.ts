/**
 * The one layout of Gang, behind `gangc fmt`. It works on tokens and comments, never on the tree, so nothing can get
 * lost: the author's line breaks stay, and all between them is settled here.
 *
 * - Two spaces of indentation a level; one space or none between tokens; at most one blank line.
 * - A list is on one line with commas, or its brackets stand on lines of their own and line breaks separate it.
 * - What the author has aligned over adjacent lines stays aligned, as closely as it can; other padding goes.
 * - A comment behind a line keeps its column where it can, and its neighbours' company.
 */
import { continuations } from "../../grammar/tokens.ts";
import { align, type Line, type Piece } from "./align.ts";
import { lex, lineOf } from "./lexer.ts";
import { parse } from "./parse.ts";
import { blockIndentation, isClosed } from "./strings.ts";
import { symbolTokens as S, StringToken, type Token, Word } from "./tokens.ts";
import type { SourceFile } from "./tree.ts";
import { walk } from "./visit.ts";

/** The file's text in the one layout, or nothing for a file with errors: what is broken is not touched. */
export function format(file: SourceFile): string | undefined {
  if (parse(file.path, file.text).diagnostics.some((diagnostic) => diagnostic.severity === "error")) return undefined;
  const roles = rolesOf(file);
  const lines = breakLines(file, roles);
  indent(lines, roles);
  align(lines);
  return render(lines);
}

const openers = new Set([S.LeftBrace, S.LeftParen, S.LeftBracket]);
const closers = new Set([S.RightBrace, S.RightParen, S.RightBracket]);
/** Operators that, at the beginning of a line, stand so that what follows lines up with the value they belong to. */
const joining: ReadonlySet<string> = new Set(["or", "and", "??"]);
const unfinished = new Set([
  ",",
  ":",
  "=",
  "->",
  "|",
  "or",
  "and",
  "not",
  "??",
  "==",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "+",
  "-",
  "*",
  "/",
]);

/** What only the tree knows of a token, by offset. */
interface Roles {
  /** Ends of what a `(` or `[` right behind belongs to: a call, an index, a list type, parameters. */
  readonly attached: ReadonlySet<number>;
  /** Starts of a `-` that is a sign. */
  readonly signs: ReadonlySet<number>;
  /** Ends of the word `map` and of its `>`, and starts of its `<`. */
  readonly maps: ReadonlySet<number>;
  /** Ends of optional types: the `??` of a `T??` is two marks of a type, no operator. */
  readonly optionals: ReadonlySet<number>;
  /** Starts of the commas in `learn … from a, b`, which a line break does not replace. */
  readonly learns: readonly (readonly [number, number])[];
}

function rolesOf(file: SourceFile): Roles {
  const attached = new Set<number>();
  const signs = new Set<number>();
  const maps = new Set<number>();
  const optionals = new Set<number>();
  const learns: [number, number][] = [];
  walk(file, (node) => {
    if (node.kind === "call") attached.add(node.callee.end);
    else if (node.kind === "index" || node.kind === "list-type") attached.add(node.of.end);
    else if (node.kind === "agent" || node.kind === "tool" || node.kind === "pipeline") attached.add(node.name.end);
    else if (node.kind === "unary" && node.operator === "-") signs.add(node.start);
    else if (node.kind === "map-type") {
      const open = file.text.indexOf("<", node.start);
      maps
        .add(node.start + 3)
        .add(open)
        .add(node.end);
    } else if (node.kind === "optional-type") optionals.add(node.end);
    else if (node.kind === "learn") learns.push([node.start, node.end]);
  });
  return { attached, signs, maps, optionals, learns };
}

function breakLines(file: SourceFile, roles: Roles): Line[] {
  const { tokens, comments, lineStarts } = lex(file.path, file.text);
  const broken = brokenLists(tokens, roles);
  const lines: Line[] = [];
  let comment = 0;
  let before: Token | undefined;
  let lastLine = -1;
  let forced = false;
  let learn = 0;

  const put = (text: string, start: number, end: number, breaks: boolean, space: 0 | 1, key: string, token?: Token) => {
    const sourceLine = lineOf(lineStarts, start);
    const column = start - lineStarts[sourceLine]!;
    const piece: Piece = {
      text,
      column,
      sourceEnd: lineOf(lineStarts, end) === sourceLine ? column + end - start : -1,
      space,
      key,
      token,
      pad: 0,
    };
    if (breaks || lines.length === 0)
      lines.push({
        pieces: [piece],
        blank: lines.length > 0 && sourceLine > lastLine + 1,
        sourceLine,
        indent: 0,
        from: undefined,
        offset: 0,
        joins: undefined,
      });
    else lines.at(-1)!.pieces.push(piece);
    lastLine = lineOf(lineStarts, end);
  };
  const putComment = () => {
    const { start, end } = comments[comment++]!;
    put(file.text.slice(start, end), start, end, lineOf(lineStarts, start) !== lastLine, 1, "//");
  };

  for (const [i, token] of tokens.entries()) {
    while (comment < comments.length && comments[comment]!.start < token.startOffset) putComment();
    while (learn < roles.learns.length && roles.learns[learn]![1] <= token.startOffset) learn++;
    const next = tokens[i + 1];
    const inLearn = (roles.learns[learn]?.[0] ?? Number.POSITIVE_INFINITY) <= token.startOffset;
    const breaksNext = next === undefined || next.lineBefore || (closers.has(next.tokenType) && broken.has(next));
    if (token.tokenType === S.Comma && !inLearn && (breaksNext || closers.has(next.tokenType))) {
      // A line break separates, and nothing follows the last element.
      const left = lines.at(-1)!.pieces.at(-1)!;
      if (!token.lineBefore && left.sourceEnd >= 0)
        left.sourceEnd = token.endOffset - lineStarts[lineOf(lineStarts, token.startOffset)]!;
      forced ||= breaksNext;
      lastLine = lineOf(lineStarts, token.startOffset);
      continue;
    }
    const last = lines.at(-1)?.pieces.at(-1);
    const closesEmpty = last?.token !== undefined && openers.has(last.token.tokenType) && closers.has(token.tokenType);
    const breaks =
      last?.key === "//" ||
      (!closesEmpty && (forced || token.lineBefore || (closers.has(token.tokenType) && broken.has(token))));
    const space = before === undefined || closesEmpty ? 0 : spaceBetween(before, token, roles);
    put(token.image, token.startOffset, token.endOffset, breaks, space, keyOf(token, before), token);
    forced = openers.has(token.tokenType) && broken.has(token);
    before = token;
  }
  while (comment < comments.length) putComment();
  return lines;
}

/** The brackets, both of each pair, of lists whose elements stand on lines of their own. */
function brokenLists(tokens: readonly Token[], roles: Roles): Set<Token> {
  const broken = new Set<Token>();
  const stack: { token: Token; list: boolean; breaks: boolean }[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.lineBefore && stack.length > 0) stack.at(-1)!.breaks = true;
    if (openers.has(token.tokenType)) {
      const attached = i > 0 && isAttached(tokens[i - 1]!, roles);
      const list = token.tokenType === S.LeftBrace || attached === (token.tokenType === S.LeftParen);
      stack.push({ token, list, breaks: false });
    } else if (closers.has(token.tokenType)) {
      const open = stack.pop()!;
      if (open.list && open.breaks) broken.add(open.token).add(token);
    }
  }
  return broken;
}

const attaching: ReadonlySet<string> = new Set([")", "]", "}", "?", ">"]);

function isAttached(before: Token, roles: Roles): boolean {
  return roles.attached.has(before.endOffset) || attaching.has(before.image);
}

function spaceBetween(before: Token, token: Token, roles: Roles): 0 | 1 {
  const [left, right] = [before.image, token.image];
  if (left === "(" || left === "[" || left === "." || left === "..") return 0;
  if (
    right === ")" ||
    right === "]" ||
    right === "," ||
    right === ":" ||
    right === "." ||
    right === ".." ||
    right === "?"
  )
    return 0;
  if (right === "??" && roles.optionals.has(token.endOffset)) return 0;
  if (right === "(" || right === "[") return isAttached(before, roles) ? 0 : 1;
  if (left === "-" && roles.signs.has(before.startOffset)) return 0;
  if (right === "<" && roles.maps.has(before.endOffset)) return 0;
  if (left === "<" && roles.maps.has(before.startOffset)) return 0;
  if (right === ">" && roles.maps.has(token.endOffset)) return 0;
  return 1;
}

/** Which tokens may be aligned with each other: the same symbol, or what follows the same symbol. */
function keyOf(token: Token, before: Token | undefined): string {
  if (
    token.tokenType === S.LeftBrace ||
    unfinished.has(token.image) ||
    (Word.categoryMatchesMap?.[token.tokenTypeIdx] === true && token.image === "for")
  )
    return token.image;
  return before !== undefined && (before.image === ":" || before.image === ",") ? `after ${before.image}` : "word";
}

/** Gives each line its indentation: by the brackets around it, and two more where it goes on with the line before. */
function indent(lines: readonly Line[], roles: Roles): void {
  const stack: Line[] = [];
  /** The last line at each depth that began something of its own. */
  const begun: (Line | undefined)[] = [];
  let last: Token | undefined;
  for (const line of lines) {
    const first = line.pieces[0]!.token;
    let leading = 0;
    while (closers.has(line.pieces[leading]?.token?.tokenType as never)) leading++;
    const goesOn =
      first !== undefined && last !== undefined && (continuations.has(first.image) || goesOnAfter(last, first, roles));
    const base = begun[stack.length];
    if (leading > 0) line.from = stack[stack.length - leading];
    else if (goesOn && base !== undefined) {
      line.from = base;
      line.offset = 2;
      if (joining.has(first.image)) line.joins = base;
    } else {
      line.from = stack.at(-1);
      line.offset = stack.length === 0 ? 0 : 2;
      if (first !== undefined) begun[stack.length] = line;
    }
    line.indent = (line.from?.indent ?? 0) + line.offset;
    for (const { token } of line.pieces) {
      if (token === undefined) continue;
      last = token;
      if (openers.has(token.tokenType)) {
        stack.push(line);
        begun[stack.length] = undefined;
      } else if (closers.has(token.tokenType)) stack.pop();
    }
  }
}

function goesOnAfter(last: Token, first: Token, { maps, optionals }: Roles): boolean {
  // The end of a type is no operator.
  if (last.image === "??" && optionals.has(last.endOffset)) return false;
  if (last.image === ">" && maps.has(last.endOffset)) return false;
  return unfinished.has(last.image) && !closers.has(first.tokenType) && !(last.image === "*" && first.image === "->");
}

function render(lines: readonly Line[]): string {
  let text = "";
  for (const line of lines) {
    line.indent = (line.from?.indent ?? 0) + line.offset;
    const column = line.joins === undefined ? undefined : valueColumn(line.joins);
    if (column !== undefined) line.indent = Math.max(line.indent, column - line.pieces[0]!.text.length - 1);
    if (line.blank && !opensBlock(text) && !closers.has(line.pieces[0]!.token?.tokenType as never)) text += "\n";
    text += `${" ".repeat(line.indent)}${renderLine(line)}\n`;
  }
  return text;
}

function opensBlock(text: string): boolean {
  return text === "" || /[{([]\n$/.test(text);
}

/** Where the value of a line begins: behind its first `=` or `:`. */
function valueColumn(line: Line): number | undefined {
  let column = line.indent;
  for (const [i, piece] of line.pieces.entries()) {
    column += i === 0 ? 0 : piece.space + piece.pad;
    const before = line.pieces[i - 1]?.text;
    if (before === "=" || before === ":") return column;
    column += piece.text.length;
  }
  return undefined;
}

function renderLine(line: Line): string {
  let text = "";
  for (const [i, piece] of line.pieces.entries()) {
    if (i > 0) text += " ".repeat(piece.space + piece.pad);
    text += piece.token?.tokenType === StringToken ? indentBlock(piece.text, line.indent + 2) : piece.text;
  }
  return text;
}

/** A `"""` string with its lines moved so that the closing quotes stand in `column`. */
function indentBlock(image: string, column: number): string {
  if (!image.startsWith('"""') || !isClosed(image)) return image;
  const old = blockIndentation(image, image.length - 3);
  if (old === undefined) return image;
  const margin = " ".repeat(column);
  return image
    .split(/\r\n|\r|\n/)
    .map((line, i) => {
      if (i === 0) return '"""';
      const rest = line.startsWith(old) ? line.slice(old.length) : line.trim();
      return rest === "" ? "" : margin + rest;
    })
    .join("\n");
}
