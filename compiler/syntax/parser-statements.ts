/** The rules of what stands in a pipeline: settings, and the statements. */
import type { IOrAlt } from "chevrotain";
import { keywords } from "../../grammar/tokens.ts";
import * as catalogue from "../diagnostics/catalogue/syntax.ts";
import type { ListShape } from "./parser-base.ts";
import { TypeRules } from "./parser-types.ts";
import { keywordTokens as K, Name as NameToken, symbolTokens as S, type Token, Word } from "./tokens.ts";
import type {
  Block,
  Expression,
  ForStatement,
  LearnStatement,
  LetStatement,
  Name,
  ObserveStatement,
  Setting,
  Settings,
  StageStatement,
  Statement,
  WhenStatement,
} from "./tree.ts";

/** What `every 1m by job.id within 2h` and its like say, in whatever order. */
interface Clauses {
  every?: Expression;
  by?: Expression;
  within?: Expression;
  max?: Expression;
  take?: Name;
}

const clausesOf = {
  stage: ["every", "within"],
  for: ["every", "by", "within", "max"],
  observe: ["every", "within", "take"],
} as const;

export abstract class StatementRules extends TypeRules {
  protected readonly settingShape: ListShape = {
    lines: false,
    begins: () => this.atField(),
    named: "the setting",
    expected: "a setting such as `name: value`, or `}`",
  };
  private readonly blockShape: ListShape = {
    lines: true,
    begins: () => this.atField() || this.statementBegins(),
    mend: () =>
      this.mendWord(keywords.statement, (at, word, suggestion) => {
        const details = this.fix(`Write \`${suggestion}\``, at, suggestion);
        this.complain(catalogue.unknownStatement, at, { word, suggestion, where: "a pipeline" }, details);
      }),
    named: "the setting",
    expected: "a setting, a statement or `}`",
  };

  private statementBegins(): boolean {
    const token = this.LA(1);
    return (keywords.statement as readonly string[]).includes(token.image) && this.atStatement(token.tokenType);
  }

  settings = this.RULE("settings", (): Settings => {
    const start = this.startHere;
    const entries = this.list(1, S.LeftBrace, S.RightBrace, this.settingShape, (name) =>
      this.SUBRULE(this.setting, { ARGS: [name] }),
    );
    return { kind: "settings", start, end: this.endHere, entries };
  });

  setting = this.RULE("setting", (given?: Name): Setting => {
    const path = this.pathFrom(given ?? this.takeName(1, Word), 10, "the setting");
    this.expect(2, S.Colon, "A setting", [S.Assign]);
    const value = this.valueAfter(1, ":");
    const end = this.endHere;
    return { kind: "setting", start: path.start, end, doc: this.docs?.take(path.start, end), path, value };
  });

  protected optionalSettings(): Settings | undefined {
    let settings: Settings | undefined;
    this.option(9, {
      GATE: () => this.sameLine(),
      DEF: () => {
        settings = this.subrule(9, this.settings);
      },
    });
    return settings;
  }

  protected expectSettings(): Settings {
    return this.braceHere() ? this.subrule(9, this.settings) : { kind: "settings", ...this.gap(), entries: [] };
  }

  block = this.RULE("block", (): Block => {
    const start = this.startHere;
    const items = this.list(1, S.LeftBrace, S.RightBrace, this.blockShape, (name) =>
      name === undefined ? this.SUBRULE(this.blockItem) : this.subrule(2, this.setting, { ARGS: [name] }),
    );
    return { kind: "block", start, end: this.endHere, items };
  });

  protected expectBlock(): Block {
    return this.braceHere() ? this.subrule(8, this.block) : { kind: "block", ...this.gap(), items: [] };
  }

  private readonly itemAlternativesOfBlock: IOrAlt<Setting | Statement>[] = [
    { GATE: () => this.atStatement(K.stage), ALT: () => this.SUBRULE(this.stage) },
    { GATE: () => this.atStatement(K.let), ALT: () => this.SUBRULE(this.let) },
    { GATE: () => this.atStatement(K.for), ALT: () => this.SUBRULE(this.for) },
    { GATE: () => this.atStatement(K.when), ALT: () => this.SUBRULE(this.when) },
    { GATE: () => this.atStatement(K.observe), ALT: () => this.SUBRULE(this.observe) },
    { GATE: () => this.atStatement(K.learn), ALT: () => this.SUBRULE(this.learn) },
    { ALT: () => this.SUBRULE(this.setting) },
  ];

  blockItem = this.RULE("blockItem", (): Setting | Statement => this.OR(this.itemAlternativesOfBlock));

  stage = this.RULE("stage", (): StageStatement => {
    const { startOffset: start } = this.CONSUME(K.stage);
    const name = this.expectName(1, "the stage");
    this.expect(1, S.Assign, "A stage", [S.Colon]);
    const records = this.recordsAllowed;
    this.recordsAllowed = false;
    const alternatives = this.SUBRULE(this.alternatives);
    this.recordsAllowed = records;
    const { every, within } = this.SUBRULE(this.clauses, { ARGS: ["stage"] });
    const settings = this.optionalSettings();
    const end = this.endHere;
    const doc = this.docs?.take(start, end);
    return { kind: "stage", start, end, doc, name, alternatives, every, within, settings };
  });

  /** The calls of a stage, each tried when the one before has used up its attempts; `or` is read once, as an operator. */
  alternatives = this.RULE("alternatives", (): Expression[] => {
    return orChain(this.expressionAfter(1, "="));
  });

  clauses = this.RULE("clauses", (of: keyof typeof clausesOf): Clauses => {
    const clauses: Clauses = {};
    const allowed: readonly string[] = clausesOf[of] ?? [];
    this.MANY({
      GATE: () => this.sameLine(),
      DEF: () => {
        const token = this.next();
        const word = token.image as keyof Clauses;
        if (!this.RECORDING_PHASE) this.checkClause(token, allowed, of, clauses[word] !== undefined);
        this.OR([
          {
            ALT: () => {
              this.CONSUME(K.every);
              const every = this.headExpression(1, "every");
              clauses.every ??= every;
            },
          },
          {
            ALT: () => {
              this.CONSUME(K.by);
              const by = this.headExpression(2, "by");
              clauses.by ??= by;
            },
          },
          {
            ALT: () => {
              this.CONSUME(K.within);
              const within = this.headExpression(3, "within");
              clauses.within ??= within;
            },
          },
          {
            ALT: () => {
              this.CONSUME(K.max);
              const max = this.headExpression(4, "max");
              clauses.max ??= max;
            },
          },
          {
            ALT: () => {
              this.CONSUME(K.take);
              const take = this.expectName(1, "what to take", Word);
              clauses.take ??= take;
            },
          },
        ]);
      },
    });
    return clauses;
  });

  private checkClause(token: Token, allowed: readonly string[], of: string, repeated: boolean): void {
    const word = token.image;
    const at = { start: token.startOffset, end: token.endOffset };
    if (!allowed.includes(word)) {
      const list = allowed.map((name) => `\`${name}\``).join(", ");
      this.complain(catalogue.badClause, at, { word, reason: `means nothing in \`${of}\`, which takes ${list}` });
    } else if (repeated) this.complain(catalogue.badClause, at, { word, reason: "stands here twice" });
  }

  let = this.RULE("let", (): LetStatement => {
    const { startOffset: start } = this.CONSUME(K.let);
    const name = this.expectName(1, "the value");
    this.expect(1, S.Assign, "`let`", [S.Colon]);
    const value = this.expressionAfter(1, "=");
    const end = this.endHere;
    return { kind: "let", start, end, doc: this.docs?.take(start, end), name, value };
  });

  for = this.RULE("for", (): ForStatement => {
    const { startOffset: start } = this.CONSUME(K.for);
    const name = this.expectName(1, "the item", NameToken, K.in);
    this.expect(1, K.in, "`for`");
    const iterated = this.headExpression(1, "in");
    const { every, by, within, max } = this.SUBRULE(this.clauses, { ARGS: ["for"] });
    const body = this.expectBlock();
    const end = this.endHere;
    return { kind: "for", start, end, doc: this.docs?.take(start, end), name, iterated, every, by, within, max, body };
  });

  when = this.RULE("when", (): WhenStatement => {
    const { startOffset: start } = this.CONSUME(K.when);
    const condition = this.headExpression(1, "when");
    const body = this.expectBlock();
    const end = this.endHere;
    return { kind: "when", start, end, doc: this.docs?.take(start, end), condition, body };
  });

  observe = this.RULE("observe", (): ObserveStatement => {
    const { startOffset: start } = this.CONSUME(K.observe);
    const metric = this.alone(this.expectName(1, "the metric"), "last");
    this.expect(1, S.Assign, "`observe`", [S.Colon]);
    const value = this.expressionAfter(1, "=");
    const { every, within, take } = this.SUBRULE(this.clauses, { ARGS: ["observe"] });
    const end = this.endHere;
    return { kind: "observe", start, end, doc: this.docs?.take(start, end), metric, value, every, within, take };
  });

  learn = this.RULE("learn", (): LearnStatement => {
    const { startOffset: start } = this.CONSUME(K.learn);
    const choice = this.alone(this.expectName(1, "what is credited", NameToken, K.from), "first");
    this.expect(1, K.from, "`learn`");
    const metrics = [this.alone(this.expectName(2, "the metric"), "last")];
    this.MANY(() => {
      this.CONSUME(S.Comma);
      metrics.push(this.alone(this.nameAfterComma(3, "the metric"), "last"));
    });
    const end = this.endHere;
    return { kind: "learn", start, end, doc: this.docs?.take(start, end), choice, metrics };
  });

  private nameAfterComma(occurrence: number, what: string): Name {
    const onward =
      !this.RECORDING_PHASE && !this.sameLine() && this.is(this.LA(1), NameToken) && this.next(2).lineBefore;
    return onward ? this.takeName(occurrence, NameToken) : this.expectName(occurrence, what);
  }
}

/** `a or b or none`, as it was written: parentheses keep what is inside them together. */
function orChain(expression: Expression): Expression[] {
  const chain: Expression[] = [];
  let at = expression;
  for (; at.kind === "binary" && at.operator === "or"; at = at.left) chain.unshift(at.right);
  chain.unshift(at);
  return chain;
}
