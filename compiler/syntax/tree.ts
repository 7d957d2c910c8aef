/**
 * The syntax tree of a Gang file: what was written, before any name is looked up.
 *
 * Every node carries `start` and `end`, offsets into the file's text in UTF-16 units, `end` exclusive; a child lies
 * inside its parent. The tree of a broken file is complete in shape: where a name is missing stands a `Name` with
 * empty text and no width, where a value or a type is missing a node of kind `missing`. Trees are immutable.
 */

import { type Numbered, nextId } from "../table.ts";

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Name extends Span, Numbered {
  readonly kind: "name";
  readonly text: string;
}

export function nameOf(start: number, end: number, text: string): Name {
  return { kind: "name", start, end, text, id: nextId() };
}

export interface SourceFile extends Span {
  readonly kind: "file";
  /** Absolute path, as the host knows it. */
  readonly path: string;
  readonly text: string;
  /** The number after `gang`, where the line stands. */
  readonly version: VersionLine | undefined;
  readonly items: readonly Item[];
  /** All comments in order, `///` ones included: for the printer and for suppressions. */
  readonly comments: readonly Comment[];
  /** Offsets at which the lines begin, the first being 0. */
  readonly lineStarts: readonly number[];
}

export interface VersionLine extends Span {
  readonly kind: "version";
  readonly number: number;
}

export interface Comment extends Span {
  readonly kind: "comment";
  /** `///` documents what follows, or the field at whose end it stands. */
  readonly doc: boolean;
  /** Without the slashes and the one space after them. */
  readonly text: string;
}

// Declarations ------------------------------------------------------------------------------------------------------

export type Item =
  | ImportDecl
  | SubnetDecl
  | TypeDecl
  | ModelDecl
  | AgentDecl
  | ToolDecl
  | ToolsDecl
  | RetryDecl
  | BackendDecl
  | RouteDecl
  | RecallDecl
  | SecretDecl
  | PipelineDecl
  | PeerDecl
  | TestDecl;

interface Documented {
  /** The text of the `///` lines that belong to this node, joined by line breaks. */
  readonly doc: string | undefined;
}

export interface ImportDecl extends Span {
  readonly kind: "import";
  readonly names: readonly ImportedName[];
  readonly from: StringLiteral | undefined;
}

/** `name` or `name as alias`. */
export interface ImportedName extends Span {
  readonly kind: "imported";
  readonly name: Name;
  readonly alias: Name | undefined;
}

export interface SubnetDecl extends Span, Documented {
  readonly kind: "subnet";
  readonly name: Name;
  readonly members: readonly (Setting | MetricDecl | TaskDecl)[];
}

export interface MetricDecl extends Span, Documented {
  readonly kind: "metric";
  readonly name: Name;
  readonly type: TypeNode;
  readonly settings: Settings | undefined;
}

export interface TaskDecl extends Span, Documented {
  readonly kind: "task";
  readonly name: Name;
  readonly value: RecordLiteral;
}

export interface TypeDecl extends Span, Documented {
  readonly kind: "type";
  readonly name: Name;
  readonly type: TypeNode;
}

export interface ModelDecl extends Span, Documented {
  readonly kind: "model";
  readonly name: Name;
  /** A call such as `anthropic("…")`, `embedded(explore: 0.2)`. */
  readonly value: Expression;
  readonly settings: Settings | undefined;
}

export interface AgentDecl extends Span, Documented {
  readonly kind: "agent";
  readonly name: Name;
  readonly parameters: readonly Parameter[];
  readonly result: TypeNode;
  readonly settings: Settings | undefined;
}

/** `tool f(a: T) -> R = exec(…) { … }`, or `tool f = typescript("./x.ts", "f") { … }` without a signature. */
export interface ToolDecl extends Span, Documented {
  readonly kind: "tool";
  readonly name: Name;
  readonly parameters: readonly Parameter[] | undefined;
  readonly result: TypeNode | undefined;
  readonly value: Expression;
  readonly settings: Settings | undefined;
}

/** `tools market = mcp(…)`: a namespace of tools. */
export interface ToolsDecl extends Span, Documented {
  readonly kind: "tools";
  readonly name: Name;
  readonly value: Expression;
  readonly settings: Settings | undefined;
}

export interface RetryDecl extends Span, Documented {
  readonly kind: "retry";
  readonly name: Name;
  readonly settings: Settings;
}

export interface BackendDecl extends Span, Documented {
  readonly kind: "backend";
  readonly name: Name;
  readonly value: Expression;
  readonly settings: Settings | undefined;
}

export interface RouteDecl extends Span, Documented {
  readonly kind: "route";
  readonly rules: readonly RouteRule[];
}

/** `walkForward -> gpus or local { gpu: 1 }`; `target` is `"*"` or a dotted path. */
export interface RouteRule extends Span {
  readonly kind: "rule";
  readonly target: Path | undefined;
  readonly star: boolean;
  readonly backends: readonly Name[];
  readonly settings: Settings | undefined;
}

export interface RecallDecl extends Span, Documented {
  readonly kind: "recall";
  readonly name: Name;
  readonly settings: Settings;
}

export interface SecretDecl extends Span, Documented {
  readonly kind: "secret";
  readonly name: Name;
}

export interface PipelineDecl extends Span, Documented {
  readonly kind: "pipeline";
  readonly name: Name;
  readonly parameters: readonly Parameter[];
  readonly subnet: Name | undefined;
  readonly body: Block;
}

export interface PeerDecl extends Span, Documented {
  readonly kind: "peer";
  readonly name: Name;
  readonly pipeline: Name | undefined;
  readonly settings: Settings;
}

export interface TestDecl extends Span, Documented {
  readonly kind: "test";
  readonly title: StringLiteral;
  readonly pipeline: Name | undefined;
  readonly steps: readonly (GivenStep | RunStep | ExpectStep)[];
}

export interface GivenStep extends Span {
  readonly kind: "given";
  readonly name: Name;
  readonly value: Expression;
}

export interface RunStep extends Span {
  readonly kind: "run";
  readonly target: Path;
}

export interface ExpectStep extends Span {
  readonly kind: "expect";
  readonly condition: Expression;
}

// Parts of declarations -----------------------------------------------------------------------------------------------

/** `name: T`, `name?: T`, `name: T = default`: a parameter, or a field of a record type. */
export interface Parameter extends Span, Documented {
  readonly kind: "parameter";
  readonly name: Name;
  readonly optional: boolean;
  readonly type: TypeNode;
  readonly default: Expression | undefined;
}

/** The `{ … }` behind a declaration, a stage or a route. */
export interface Settings extends Span {
  readonly kind: "settings";
  readonly entries: readonly Setting[];
}

/** `timeout: 30m`; only in a peer is the path longer than one name (`forecaster.model: …`). */
export interface Setting extends Span, Documented {
  readonly kind: "setting";
  readonly path: Path;
  readonly value: Expression;
}

/** `a.b.c`. */
export interface Path extends Span {
  readonly kind: "path";
  readonly names: readonly Name[];
}

export interface Block extends Span {
  readonly kind: "block";
  readonly items: readonly (Setting | Statement)[];
}

// Statements ----------------------------------------------------------------------------------------------------------

export type Statement =
  | StageStatement
  | LetStatement
  | ForStatement
  | WhenStatement
  | ObserveStatement
  | LearnStatement;

/** `stage x = f(…) or g(…) or none every 1m within 12h { … }`. */
export interface StageStatement extends Span, Documented {
  readonly kind: "stage";
  readonly name: Name;
  /** In the order written; a call each, or `none` as the last. */
  readonly alternatives: readonly Expression[];
  readonly every: Expression | undefined;
  readonly within: Expression | undefined;
  readonly settings: Settings | undefined;
}

export interface LetStatement extends Span, Documented {
  readonly kind: "let";
  readonly name: Name;
  readonly value: Expression;
}

/** `for x in list by x.id max 8 { … }`, or over a source with `every … by … within …`. */
export interface ForStatement extends Span, Documented {
  readonly kind: "for";
  readonly name: Name;
  readonly iterated: Expression;
  readonly every: Expression | undefined;
  readonly by: Expression | undefined;
  readonly within: Expression | undefined;
  readonly max: Expression | undefined;
  readonly body: Block;
}

export interface WhenStatement extends Span, Documented {
  readonly kind: "when";
  readonly condition: Expression;
  readonly body: Block;
}

/** `observe m = e every 10m within 36h take last`. */
export interface ObserveStatement extends Span, Documented {
  readonly kind: "observe";
  readonly metric: Name;
  readonly value: Expression;
  readonly every: Expression | undefined;
  readonly within: Expression | undefined;
  readonly take: Name | undefined;
}

/** `learn plan from offline, crps`. */
export interface LearnStatement extends Span, Documented {
  readonly kind: "learn";
  readonly choice: Name;
  readonly metrics: readonly Name[];
}

// Types ---------------------------------------------------------------------------------------------------------------

export type TypeNode =
  | NamedTypeNode
  | LiteralTypeNode
  | RangedTypeNode
  | OptionalTypeNode
  | ListTypeNode
  | MapTypeNode
  | RecordTypeNode
  | UnionTypeNode
  | MissingNode;

/** `float`, `Model`, `synth.Task`: the built-in scalars too. */
export interface NamedTypeNode extends Span {
  readonly kind: "named-type";
  readonly path: Path;
}

export interface LiteralTypeNode extends Span {
  readonly kind: "literal-type";
  readonly value: StringLiteral | NumberLiteral | BoolLiteral;
}

/** `float in 2.1..30.0 log`, `int in 0..100 step 5`. */
export interface RangedTypeNode extends Span {
  readonly kind: "ranged-type";
  readonly base: TypeNode;
  readonly low: Expression;
  readonly high: Expression;
  readonly log: boolean;
  readonly step: Expression | undefined;
}

export interface OptionalTypeNode extends Span {
  readonly kind: "optional-type";
  readonly of: TypeNode;
}

/** `T[]`, `T[1..8]`, `T[3]` (`low` and `high` the same node). */
export interface ListTypeNode extends Span {
  readonly kind: "list-type";
  readonly of: TypeNode;
  readonly low: Expression | undefined;
  readonly high: Expression | undefined;
}

export interface MapTypeNode extends Span {
  readonly kind: "map-type";
  readonly of: TypeNode;
}

export interface RecordTypeNode extends Span {
  readonly kind: "record-type";
  readonly fields: readonly Parameter[];
}

/** `"a" | "b" { tail: float }`. A union of one arm exists only where it was written with a leading `|`, or with fields. */
export interface UnionTypeNode extends Span {
  readonly kind: "union-type";
  readonly arms: readonly UnionArm[];
}

export interface UnionArm extends Span, Documented {
  readonly kind: "arm";
  readonly type: TypeNode;
  /** The fields that a choice brings with it. */
  readonly fields: readonly Parameter[] | undefined;
}

export interface MissingNode extends Span {
  readonly kind: "missing";
}

// Expressions ---------------------------------------------------------------------------------------------------------

export type Expression =
  | NameExpression
  | StringLiteral
  | NumberLiteral
  | BoolLiteral
  | NoneLiteral
  | MemberExpression
  | IndexExpression
  | CallExpression
  | ListLiteral
  | RecordLiteral
  | UnaryExpression
  | BinaryExpression
  | RangeExpression
  | RepeatExpression
  | AmountExpression
  | PerExpression
  | ParenthesizedExpression
  | MissingNode;

export interface NameExpression extends Span {
  readonly kind: "name-expression";
  readonly name: Name;
}

export interface StringLiteral extends Span {
  readonly kind: "string";
  /** Text and holes in order, escapes resolved; `"""` with its indentation dropped. A string without holes has at most one part. */
  readonly parts: readonly (StringText | StringHole)[];
  readonly block: boolean;
}

export interface StringText extends Span {
  readonly kind: "text";
  readonly value: string;
}

/** `${task.asset}`: a path, nothing more. */
export interface StringHole extends Span {
  readonly kind: "hole";
  readonly path: Path;
}

/** `3`, `0.5`, `30m`, `1h30m` is a bad token, `16GB`, `$2.50`. */
export interface NumberLiteral extends Span {
  readonly kind: "number";
  /** In the base unit: seconds, bytes, dollars, or the plain number. */
  readonly value: number;
  readonly unit: "int" | "float" | "duration" | "size" | "money";
}

export interface BoolLiteral extends Span {
  readonly kind: "bool";
  readonly value: boolean;
}

export interface NoneLiteral extends Span {
  readonly kind: "none";
}

export interface MemberExpression extends Span {
  readonly kind: "member";
  readonly of: Expression;
  readonly name: Name;
}

export interface IndexExpression extends Span {
  readonly kind: "index";
  readonly of: Expression;
  readonly index: Expression;
}

export interface CallExpression extends Span {
  readonly kind: "call";
  readonly callee: Expression;
  readonly arguments: readonly Argument[];
}

/** `name: value`, or `value` alone: `f(prices)` is short for `f(prices: prices)`. */
export interface Argument extends Span {
  readonly kind: "argument";
  readonly name: Name | undefined;
  readonly value: Expression;
}

export interface ListLiteral extends Span {
  readonly kind: "list";
  readonly items: readonly Expression[];
}

/** `{ a: 1 }` or `Model { family: "gbm" }`. */
export interface RecordLiteral extends Span {
  readonly kind: "record";
  readonly type: Path | undefined;
  readonly fields: readonly RecordField[];
}

export interface RecordField extends Span, Documented {
  readonly kind: "field";
  readonly name: Name;
  readonly value: Expression;
}

export interface UnaryExpression extends Span {
  readonly kind: "unary";
  readonly operator: "not" | "-";
  readonly operand: Expression;
}

export type BinaryOperator = "or" | "and" | "??" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/";

export interface BinaryExpression extends Span {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly operatorSpan: Span;
  readonly left: Expression;
  readonly right: Expression;
}

/** `1s..60s`, `0.1..0.9 step 0.2`: as a setting's value. */
export interface RangeExpression extends Span {
  readonly kind: "range";
  readonly low: Expression;
  readonly high: Expression;
  readonly step: Expression | undefined;
}

/** `quick x 2`: a rung of a ladder. */
export interface RepeatExpression extends Span {
  readonly kind: "repeat";
  readonly of: Expression;
  readonly times: Expression;
}

/** `50 calls`, `20 evaluations`, `1 call`. */
export interface AmountExpression extends Span {
  readonly kind: "amount";
  readonly number: NumberLiteral;
  readonly noun: Name;
}

/** `$2 per cycle`, `50 calls per 1m`, `$2.20 per 1h`. */
export interface PerExpression extends Span {
  readonly kind: "per";
  readonly amount: Expression;
  readonly window: Expression;
}

export interface ParenthesizedExpression extends Span {
  readonly kind: "parenthesized";
  readonly of: Expression;
}
