/**
 * What could stand at a cursor, from the tokens before it. A half-typed file has a tree with holes, but its tokens are
 * whole: which brackets are open, and what each of them belongs to.
 */
import type { OwnerKind } from "../compiler/semantics/settings.ts";
import { lex } from "../compiler/syntax/lexer.ts";
import { continuations, keywords } from "../grammar/tokens.ts";

export type Context =
  /** Inside of a comment, a text, a number, or where a new name is given. */
  | { readonly kind: "nothing" }
  /** The beginning of a declaration. */
  | { readonly kind: "declaration" }
  /** Behind a dot; `end` is where what stands before it ends. */
  | { readonly kind: "member"; readonly end: number }
  | { readonly kind: "type" }
  /** Where an entry of a `{ … }` begins; `statements` where a pipeline's may too. */
  | {
      readonly kind: "entry";
      readonly owner: OwnerKind;
      readonly present: ReadonlySet<string>;
      readonly statements: boolean;
    }
  /** The value of a setting. */
  | { readonly kind: "setting"; readonly owner: OwnerKind; readonly name: string }
  /** In a call, whose callee ends at `callee`; `name` where the value of an argument stands. */
  | {
      readonly kind: "argument";
      readonly callee: number;
      readonly name: string | undefined;
      readonly present: ReadonlySet<string>;
    }
  /** In a record literal, of a named type where `type` is where its name ends. */
  | { readonly kind: "field"; readonly type: number | undefined; readonly present: ReadonlySet<string> }
  /** The name of a declaration of this kind. */
  | { readonly kind: "name"; readonly of: "pipeline" | "subnet" | "metric" | "backend" | "provider" }
  /** Between the braces of an import. */
  | { readonly kind: "import"; readonly present: ReadonlySet<string> }
  /** One of a few words. */
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "expression" };

export interface CursorContext {
  readonly context: Context;
  /** Where the word begins that is being typed. */
  readonly start: number;
}

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly lineBefore: boolean;
  /** It stands in the first column. */
  readonly atMargin: boolean;
}

interface Open {
  readonly bracket: string;
  /** The tokens of the statement that the bracket belongs to, up to it. */
  readonly header: readonly Word[];
  /** The tokens inside of it so far, those in closed brackets left out. */
  readonly inside: Word[];
}

const DECLARATIONS: ReadonlySet<string> = new Set(keywords.declaration);
const STATEMENTS: ReadonlySet<string> = new Set(keywords.statement);
const OPENERS: ReadonlySet<string> = new Set(["{", "(", "["]);
const CLOSERS: ReadonlySet<string> = new Set(["}", ")", "]"]);
const WORD = /^[A-Za-z_]\w*$/;
const NOTHING: Context = { kind: "nothing" };

export function contextAt(text: string, offset: number): CursorContext {
  const before = text.slice(0, offset);
  const lexed = lex("", before);
  // A comment goes on to the end of its line, the spaces behind it included.
  const comment = lexed.comments.at(-1);
  if (comment !== undefined && /^[ \t]*$/.test(before.slice(comment.end))) return { context: NOTHING, start: offset };
  const words: Word[] = lexed.tokens
    .filter((token) => token.image !== "" && token.startOffset < offset)
    .map((token) => ({
      text: token.image,
      start: token.startOffset,
      end: token.startOffset + token.image.length,
      lineBefore: token.lineBefore,
      atMargin: token.startOffset === 0 || /[\r\n]/.test(before[token.startOffset - 1]!),
    }));
  const last = words.at(-1);
  if (last?.text.startsWith('"') && !isClosedString(last.text)) return inString(last, offset);
  const typed = last !== undefined && last.end === offset && WORD.test(last.text) ? last : undefined;
  if (last !== undefined && last.end === offset && /^[\d$"]/.test(last.text))
    return { context: NOTHING, start: offset };
  if (typed !== undefined) words.pop();
  const start = typed?.start ?? offset;
  const onNewLine = typed?.lineBefore ?? /[\r\n]\s*$/.test(before.slice(words.at(-1)?.end ?? 0));
  return { context: contextAfter(words, onNewLine || words.length === 0), start };
}

function isClosedString(text: string): boolean {
  if (text.startsWith('"""')) return text.length >= 6 && text.endsWith('"""');
  return text.length >= 2 && text.endsWith('"');
}

/** In a hole of a text stands a path. */
function inString(token: Word, offset: number): CursorContext {
  const hole = /\$\{([\w.]*)$/.exec(token.text);
  if (hole === null) return { context: NOTHING, start: offset };
  const path = hole[1]!;
  const dot = path.lastIndexOf(".");
  const start = offset - path.length + dot + 1;
  return { context: dot < 0 ? { kind: "expression" } : { kind: "member", end: start - 1 }, start };
}

function contextAfter(words: readonly Word[], onNewLine: boolean): Context {
  const last = words.at(-1);
  if (last?.text === ".") return { kind: "member", end: words.at(-2)?.end ?? last.start };
  const stack = openBrackets(words);
  const open = stack.at(-1)!;
  const { inside } = open;
  const statement = statementOf(inside, onNewLine);
  switch (open.bracket) {
    case "":
      return statement.length === 0 ? { kind: "declaration" } : inHeader(statement);
    case "(":
      return inParentheses(open, statement);
    case "[":
      return inList(stack);
    default:
      return inBraces(stack, statement);
  }
}

/** The brackets that are open at the end, each with what it belongs to; the first is the file. */
function openBrackets(words: readonly Word[]): readonly Open[] {
  let stack: Open[] = [{ bracket: "", header: [], inside: [] }];
  for (const word of words) {
    // A declaration at the left margin ends whatever was left open.
    if (word.atMargin && DECLARATIONS.has(word.text)) stack = stack.slice(0, 1);
    const top = stack.at(-1)!;
    if (CLOSERS.has(word.text)) {
      if (stack.length > 1) stack.pop();
      stack.at(-1)!.inside.push(word);
      continue;
    }
    if (OPENERS.has(word.text)) {
      const header = statementOf(top.inside, word.lineBefore);
      top.inside.push(word);
      stack.push({ bracket: word.text, header, inside: [] });
      continue;
    }
    top.inside.push(word);
  }
  return stack;
}

/** The tokens of the statement at the end: since the last line break that begins one, or the last comma. */
function statementOf(inside: readonly Word[], onNewLine: boolean): readonly Word[] {
  if (onNewLine && !continues(inside.at(-1))) return [];
  let from = inside.length;
  while (from > 0) {
    const word = inside[from - 1]!;
    if (word.text === ",") break;
    from--;
    if (word.lineBefore && !continuations.has(word.text) && !CLOSERS.has(word.text) && !continues(inside[from - 1]))
      break;
  }
  return inside.slice(from);
}

/** A line that ends with one of these goes on. */
function continues(word: Word | undefined): boolean {
  return word !== undefined && /^([:=|]|->|\?\?|or|and|not)$/.test(word.text);
}

// By bracket ----------------------------------------------------------------------------------------------------------

const HEADER_WORDS: { readonly [last: string]: Context } = {
  "->": { kind: "type" },
  for: { kind: "name", of: "pipeline" },
};

/** On the first line of a declaration, outside of all brackets. */
function inHeader(statement: readonly Word[]): Context {
  const first = statement[0]!.text;
  const last = statement.at(-1)!.text;
  if (first === "import") return last === "}" ? { kind: "words", words: ["from"] } : NOTHING;
  if (statement.length === 1) return NOTHING;
  if (first === "pipeline" && last === "for") return { kind: "name", of: "subnet" };
  const known = HEADER_WORDS[last];
  if (known !== undefined) return known;
  if (first === "type" && /^[=|:]$/.test(last)) return { kind: "type" };
  if (last === "=") return { kind: "name", of: "provider" };
  if ((first === "peer" || first === "test" || first === "pipeline") && statement.length === 2)
    return { kind: "words", words: ["for"] };
  return NOTHING;
}

function inParentheses(open: Open, statement: readonly Word[]): Context {
  const { header } = open;
  const callee = header.at(-1);
  const declares = header.length === 2 && /^(agent|tool|pipeline)$/.test(header[0]!.text);
  const last = statement.at(-1)?.text;
  if (declares) return last === ":" || last === "|" || last === "<" ? { kind: "type" } : NOTHING;
  if (callee === undefined || !WORD.test(callee.text) || continues(callee)) return { kind: "expression" };
  const present = entryNames(open.inside);
  const name = statement[1]?.text === ":" ? statement[0]!.text : undefined;
  return { kind: "argument", callee: callee.end, name, present };
}

function inList(stack: readonly Open[]): Context {
  const open = stack.at(-1)!;
  const around = stack.at(-2)!;
  const [name, colon] = open.header;
  const owner = around.bracket === "{" ? ownerOf(stack.slice(0, -1)) : undefined;
  if (owner !== undefined && colon?.text === ":") return { kind: "setting", owner, name: name!.text };
  return { kind: "expression" };
}

function inBraces(stack: readonly Open[], statement: readonly Word[]): Context {
  const open = stack.at(-1)!;
  const head = open.header[0]?.text;
  const present = entryNames(open.inside);
  if (head === "import") return { kind: "import", present };
  const last = statement.at(-1)?.text;
  if (isRecordType(stack)) return last === ":" || last === "|" || last === "<" ? { kind: "type" } : NOTHING;
  const owner = ownerOf(stack);
  if (head === "test") return inTest(statement);
  if (owner === undefined) {
    if (statement.length > 0) return { kind: "expression" };
    const type = open.header.at(-1);
    return { kind: "field", type: type !== undefined && WORD.test(type.text) ? type.end : undefined, present };
  }
  if (statement.length === 0) {
    if (head === "route") return { kind: "expression" };
    return { kind: "entry", owner, present, statements: owner === "pipeline" || owner === "for" || owner === "when" };
  }
  const first = statement[0]!.text;
  if (head === "route") return { kind: "name", of: "backend" };
  if (owner === "subnet" && first === "metric") return last === ":" ? { kind: "type" } : NOTHING;
  if (STATEMENTS.has(first) && statement[1]?.text !== ":") return inStatement(statement);
  if (statement[1]?.text === ":") return { kind: "setting", owner, name: first };
  // In a peer: `forecaster.model: …`.
  if (head === "peer" && statement.at(-2)?.text !== undefined && last === ":") return { kind: "expression" };
  return statement.length === 1 ? NOTHING : { kind: "expression" };
}

function inTest(statement: readonly Word[]): Context {
  if (statement.length === 0) return { kind: "words", words: keywords.step };
  return { kind: "expression" };
}

function inStatement(statement: readonly Word[]): Context {
  const first = statement[0]!.text;
  const last = statement.at(-1)!.text;
  if (statement.length === 1) {
    if (first === "observe") return { kind: "name", of: "metric" };
    return first === "when" || first === "learn" ? { kind: "expression" } : NOTHING;
  }
  if (first === "learn") {
    if (last === "from" || last === ",") return { kind: "name", of: "metric" };
    return { kind: "words", words: ["from"] };
  }
  if (first === "for" && statement.length === 2) return { kind: "words", words: ["in"] };
  if (last === "take") return { kind: "words", words: ["last"] };
  if (/^([=<>(]|[=!<>]=|\?\?|[-+*/]|or|and|not|in|every|within|by|max|when)$/.test(last)) return { kind: "expression" };
  return { kind: "words", words: CLAUSES[first] ?? [] };
}

const CLAUSES: { readonly [statement: string]: readonly string[] } = {
  stage: ["or", "every", "within"],
  observe: ["every", "within", "take"],
  for: ["by", "every", "within", "max"],
};

/** What the braces at the top of the stack set things of; nothing where they are a record. */
function ownerOf(stack: readonly Open[]): OwnerKind | undefined {
  const open = stack.at(-1)!;
  if (open.bracket !== "{") return undefined;
  const head = open.header[0]?.text;
  if (head === undefined) return undefined;
  const around = stack.at(-2);
  if (around?.bracket === "") {
    if (head === "type" || head === "import") return undefined;
    if (head === "peer" || head === "test") return "pipeline";
    return DECLARATIONS.has(head) ? (head as OwnerKind) : undefined;
  }
  if (open.header[1]?.text === ":" && head !== "metric") return undefined;
  const outer = around?.header[0]?.text;
  if (outer === "route") return "route";
  if (head === "metric") return "metric";
  if (head === "stage" || head === "for" || head === "when") return head;
  return undefined;
}

function isRecordType(stack: readonly Open[]): boolean {
  return (
    stack.some((open) => open.bracket === "{" && open.header[0]?.text === "type") ||
    // A record as the type of a parameter.
    stack.some(
      (open) =>
        open.bracket === "(" && open.header.length === 2 && /^(agent|tool|pipeline)$/.test(open.header[0]!.text),
    )
  );
}

/** The names that stand before a colon, or alone between commas. */
function entryNames(inside: readonly Word[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [index, word] of inside.entries()) {
    if (!WORD.test(word.text)) continue;
    const before = inside[index - 1]?.text;
    const after = inside[index + 1];
    const begins = before === undefined || before === "," || word.lineBefore;
    if (after?.text === ":" || (begins && (after === undefined || after.text === "," || after.lineBefore)))
      names.add(word.text);
  }
  return names;
}
