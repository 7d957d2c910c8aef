/** The rules of declarations, and with them the whole parser. */
import type { IOrAlt, IParserConfig, Rule } from "chevrotain";
import { keywords } from "../../grammar/tokens.ts";
import * as catalogue from "../diagnostics/catalogue/syntax.ts";
import { report } from "../diagnostics/diagnostic.ts";
import { type Analysis, restore } from "./analysis.ts";
import type { ListShape } from "./parser-base.ts";
import { StatementRules } from "./parser-statements.ts";
import { keywordTokens as K, Name as NameToken, NumberToken, symbolTokens as S, StringToken, Word } from "./tokens.ts";
import type {
  AgentDecl,
  BackendDecl,
  ExpectStep,
  Expression,
  GivenStep,
  ImportDecl,
  ImportedName,
  Item,
  MetricDecl,
  ModelDecl,
  Name,
  Parameter,
  PeerDecl,
  PipelineDecl,
  RecallDecl,
  RecordLiteral,
  RetryDecl,
  RouteDecl,
  RouteRule,
  RunStep,
  SecretDecl,
  Setting,
  StringLiteral,
  SubnetDecl,
  TaskDecl,
  TestDecl,
  ToolDecl,
  ToolsDecl,
  TypeDecl,
  TypeNode,
  VersionLine,
} from "./tree.ts";

export class GangParser extends StatementRules {
  private readonly items: ListShape = {
    lines: true,
    begins: () =>
      (keywords.declaration as readonly string[]).includes(this.LA(1).image) && this.atStatement(this.LA(1).tokenType),
    mend: () => {
      this.mendWord(keywords.declaration, (at, word, suggestion) => {
        const details = this.fix(`Write \`${suggestion}\``, at, suggestion);
        this.complain(catalogue.unknownDeclaration, at, { word, suggestion }, details);
      });
      if (!this.at(K.gang) || this.LA(2).tokenType !== NumberToken) return;
      const at = { start: this.next().startOffset, end: this.next(2).endOffset };
      this.complain(
        catalogue.badVersion,
        at,
        { reason: "stands before everything else" },
        this.fix("Remove it", at, ""),
      );
    },
    expected: "a declaration such as `pipeline` or `import`",
  };
  private readonly importShape: ListShape = {
    lines: false,
    begins: () => this.is(this.LA(1), NameToken),
    named: "the import",
    alone: true,
    expected: "a name to import, or `}`",
  };
  private readonly memberShape: ListShape = {
    lines: true,
    begins: () => this.atField() || this.atStatement(K.metric) || this.atStatement(K.task),
    mend: () =>
      this.mendWord(keywords.member, (at, word, suggestion) => {
        const details = this.fix(`Write \`${suggestion}\``, at, suggestion);
        this.complain(catalogue.unknownStatement, at, { word, suggestion, where: "a subnet" }, details);
      }),
    named: "the setting",
    expected: "a setting, `metric`, `task` or `}`",
  };
  private readonly ruleShape: ListShape = {
    lines: true,
    begins: () => false,
    expected: "a rule such as `score -> gpus`, or `}`",
  };
  private readonly stepShape: ListShape = {
    lines: true,
    begins: () => this.atStatement(K.given) || this.atStatement(K.run) || this.atStatement(K.expect),
    mend: () =>
      this.mendWord(keywords.step, (at, word, suggestion) => {
        const details = this.fix(`Write \`${suggestion}\``, at, suggestion);
        this.complain(catalogue.unknownStatement, at, { word, suggestion, where: "a test" }, details);
      }),
    expected: "`given`, `run`, `expect` or `}`",
  };

  /** Records its grammar, unless it is given what an earlier recording has found out. */
  constructor(analysis?: Analysis, config: IParserConfig = {}) {
    super(config);
    if (analysis === undefined || !restore(this, analysis)) this.performSelfAnalysis();
  }

  /** Chevrotain asks for the productions when a rule gives up; a parser that has not recorded them asks one that has. */
  override getGAstProductions(): Record<string, Rule> {
    const recorded = super.getGAstProductions();
    return Object.keys(recorded).length > 0 ? recorded : new GangParser().getGAstProductions();
  }

  file = this.RULE("file", (): { version: VersionLine | undefined; items: Item[] } => {
    const version = this.OPTION(() => this.SUBRULE(this.version));
    const items = this.elements(1, undefined, this.items, () => this.SUBRULE(this.item));
    return { version, items };
  });

  version = this.RULE("version", (): VersionLine => {
    const { startOffset: start } = this.CONSUME(K.gang);
    let number = Number.NaN;
    this.OPTION({
      GATE: () => this.sameLine(),
      DEF: () => {
        number = Number(this.CONSUME(NumberToken).image);
      },
    });
    this.docs?.take(start, this.endHere);
    if (!this.RECORDING_PHASE && !(Number.isInteger(number) && number > 0)) {
      const token = this.next();
      const reason = this.sameLine() ? `takes a whole number, not ${this.describe(token)}` : "takes a whole number";
      this.complain(
        catalogue.badVersion,
        { start, end: this.endHere },
        { reason },
        this.fix("Write `gang 1`", { start, end: this.endHere }, "gang 1"),
      );
      number = 1;
    }
    return { kind: "version", start, end: this.endHere, number };
  });

  private readonly itemAlternatives: IOrAlt<Item>[] = [
    { ALT: () => this.SUBRULE(this.import) },
    { ALT: () => this.SUBRULE(this.subnet) },
    { ALT: () => this.SUBRULE(this.typeDeclaration) },
    { ALT: () => this.SUBRULE(this.model) },
    { ALT: () => this.SUBRULE(this.agent) },
    { ALT: () => this.SUBRULE(this.tool) },
    { ALT: () => this.SUBRULE(this.tools) },
    { ALT: () => this.SUBRULE(this.retry) },
    { ALT: () => this.SUBRULE(this.backend) },
    { ALT: () => this.SUBRULE(this.route) },
    { ALT: () => this.SUBRULE(this.recall) },
    { ALT: () => this.SUBRULE(this.secret) },
    { ALT: () => this.SUBRULE(this.pipeline) },
    { ALT: () => this.SUBRULE(this.peer) },
    { ALT: () => this.SUBRULE(this.test) },
  ];

  item = this.RULE("item", (): Item => this.OR(this.itemAlternatives));

  import = this.RULE("import", (): ImportDecl => {
    const { startOffset: start } = this.CONSUME(K.import);
    let names: readonly ImportedName[] = [];
    let from: StringLiteral | undefined;
    if (!this.RECORDING_PHASE && this.is(this.LA(1), NameToken) && this.LA(2).tokenType === K.from) {
      const at = { start: this.next().startOffset, end: this.next().endOffset };
      const mend = `{ ${this.next().image} }`;
      this.complain(
        catalogue.missingSymbol,
        this.gap(),
        { symbol: "{", before: this.describeNext() },
        this.fix(`Write \`${mend}\``, at, mend),
      );
      names = [this.SUBRULE(this.imported)];
    } else if (this.braceHere()) {
      names = this.list(1, S.LeftBrace, S.RightBrace, this.importShape, (name) =>
        this.SUBRULE(this.imported, { ARGS: [name] }),
      );
    }
    this.expect(2, K.from, "An import");
    if (this.RECORDING_PHASE || this.here(StringToken)) from = this.SUBRULE(this.string);
    else this.complain(catalogue.missingValue, this.gap(), { after: "from" });
    const end = this.endHere;
    this.docs?.take(start, end);
    return { kind: "import", start, end, names, from };
  });

  imported = this.RULE("imported", (given?: Name): ImportedName => {
    const name = given ?? this.takeName(1, NameToken);
    let alias: Name | undefined;
    this.OPTION({
      GATE: () => this.sameLine(),
      DEF: () => {
        this.CONSUME(K.as);
        alias = this.expectName(2, "the import");
      },
    });
    return { kind: "imported", start: name.start, end: Math.max(name.end, this.endHere), name, alias };
  });

  subnet = this.RULE("subnet", (): SubnetDecl => {
    const { startOffset: start } = this.CONSUME(K.subnet);
    const name = this.expectName(1, "the subnet");
    const members = this.body(this.memberShape, (setting) =>
      setting === undefined ? this.SUBRULE(this.member) : this.subrule(2, this.setting, { ARGS: [setting] }),
    );
    return { kind: "subnet", ...this.finish(start), name, members };
  });

  /** The `{ … }` of a declaration that has rules of its own for what stands inside. */
  private body<T>(shape: ListShape, element: (name?: Name) => T): readonly T[] {
    return this.braceHere() ? this.list(1, S.LeftBrace, S.RightBrace, shape, element) : [];
  }

  private finish(start: number): { start: number; end: number; doc: string | undefined } {
    const end = this.endHere;
    return { start, end, doc: this.docs?.take(start, end) };
  }

  member = this.RULE("member", (): Setting | MetricDecl | TaskDecl => {
    return this.OR([
      { GATE: () => this.at(K.metric) && this.LA(2).tokenType !== S.Dot, ALT: () => this.SUBRULE(this.metric) },
      { GATE: () => this.atStatement(K.task), ALT: () => this.SUBRULE(this.task) },
      { ALT: () => this.SUBRULE(this.setting) },
    ] as IOrAlt<Setting | MetricDecl | TaskDecl>[]);
  });

  metric = this.RULE("metric", (): MetricDecl => {
    const { startOffset: start } = this.CONSUME(K.metric);
    const name = this.expectName(1, "the metric");
    this.expect(1, S.Colon, "A metric", [S.Assign]);
    const type = this.headType(1, ":");
    const settings = this.optionalSettings();
    return { kind: "metric", ...this.finish(start), name, type, settings };
  });

  task = this.RULE("task", (): TaskDecl => {
    const { startOffset: start } = this.CONSUME(K.task);
    const name = this.expectName(1, "the task");
    const value: RecordLiteral = this.braceHere()
      ? this.SUBRULE(this.record)
      : { kind: "record", ...this.gap(), type: undefined, fields: [] };
    return { kind: "task", ...this.finish(start), name, value };
  });

  typeDeclaration = this.RULE("typeDeclaration", (): TypeDecl => {
    const { startOffset: start } = this.CONSUME(K.type);
    const name = this.expectName(1, "the type");
    this.expect(1, S.Assign, "A type", [S.Colon]);
    const type = this.typeAfter(1, "=");
    return { kind: "type", ...this.finish(start), name, type };
  });

  /** `= value { settings }`. */
  private definition(where: string): { value: Expression; settings: ModelDecl["settings"] } {
    this.expect(60, S.Assign, where, [S.Colon]);
    const value = this.headExpression(60, "=");
    return { value, settings: this.optionalSettings() };
  }

  model = this.RULE("model", (): ModelDecl => {
    const { startOffset: start } = this.CONSUME(K.model);
    const name = this.expectName(1, "the model");
    const definition = this.definition("A model");
    return { kind: "model", ...this.finish(start), name, ...definition };
  });

  agent = this.RULE("agent", (): AgentDecl => {
    const { startOffset: start } = this.CONSUME(K.agent);
    const name = this.expectName(1, "the agent");
    let parameters: readonly Parameter[] = [];
    if (this.RECORDING_PHASE || this.here(S.LeftParen)) parameters = this.SUBRULE(this.parameters);
    else
      this.complain(
        catalogue.missingSymbol,
        this.gap(),
        { symbol: "(", before: this.describeNext() },
        this.fix("Insert `()`", this.gap(), "()"),
      );
    this.expect(1, S.Arrow, "An agent", [S.Colon, S.Assign]);
    const result = this.headType(1, "->");
    const settings = this.optionalSettings();
    return { kind: "agent", ...this.finish(start), name, parameters, result, settings };
  });

  tool = this.RULE("tool", (): ToolDecl => {
    const { startOffset: start } = this.CONSUME(K.tool);
    const name = this.expectName(1, "the tool");
    let parameters: readonly Parameter[] | undefined;
    let result: TypeNode | undefined;
    this.OPTION({
      GATE: () => this.sameLine(),
      DEF: () => {
        parameters = this.SUBRULE(this.parameters);
        this.expect(1, S.Arrow, "A tool", [S.Colon]);
        result = this.headType(1, "->");
      },
    });
    const definition = this.definition("A tool");
    return { kind: "tool", ...this.finish(start), name, parameters, result, ...definition };
  });

  tools = this.RULE("tools", (): ToolsDecl => {
    const { startOffset: start } = this.CONSUME(K.tools);
    const name = this.expectName(1, "the tools");
    const definition = this.definition("`tools`");
    return { kind: "tools", ...this.finish(start), name, ...definition };
  });

  retry = this.RULE("retry", (): RetryDecl => {
    const { startOffset: start } = this.CONSUME(K.retry);
    const name = this.expectName(1, "the retry policy");
    const settings = this.expectSettings();
    return { kind: "retry", ...this.finish(start), name, settings };
  });

  backend = this.RULE("backend", (): BackendDecl => {
    const { startOffset: start } = this.CONSUME(K.backend);
    const name = this.expectName(1, "the backend");
    const definition = this.definition("A backend");
    return { kind: "backend", ...this.finish(start), name, ...definition };
  });

  route = this.RULE("route", (): RouteDecl => {
    const { startOffset: start } = this.CONSUME(K.route);
    const rules = this.body(this.ruleShape, () => this.SUBRULE(this.rule));
    return { kind: "route", ...this.finish(start), rules };
  });

  rule = this.RULE("rule", (): RouteRule => {
    const start = this.startHere;
    let target: RouteRule["target"];
    let star = false;
    this.OR([
      {
        ALT: () => {
          this.CONSUME(S.Star);
          star = true;
        },
      },
      {
        ALT: () => {
          target = this.pathFrom(this.takeName(1, Word), 10, "the stage or tool");
        },
      },
    ]);
    this.expect(2, S.Arrow, "A rule", [S.Colon, S.Assign]);
    const backends = [this.expectName(2, "the backend")];
    this.MANY(() => {
      this.CONSUME(K.or);
      backends.push(this.expectName(3, "the backend"));
    });
    const settings = this.optionalSettings();
    return { kind: "rule", start, end: this.endHere, target, star, backends, settings };
  });

  recall = this.RULE("recall", (): RecallDecl => {
    const { startOffset: start } = this.CONSUME(K.recall);
    const name = this.expectName(1, "the recall");
    const settings = this.expectSettings();
    return { kind: "recall", ...this.finish(start), name, settings };
  });

  secret = this.RULE("secret", (): SecretDecl => {
    const { startOffset: start } = this.CONSUME(K.secret);
    const name = this.expectName(1, "the secret");
    return { kind: "secret", ...this.finish(start), name };
  });

  pipeline = this.RULE("pipeline", (): PipelineDecl => {
    const { startOffset: start } = this.CONSUME(K.pipeline);
    const name = this.expectName(1, "the pipeline", NameToken, K.for);
    let parameters: readonly Parameter[] = [];
    this.OPTION({
      GATE: () => this.sameLine(),
      DEF: () => {
        parameters = this.SUBRULE(this.parameters);
      },
    });
    const subnet = this.optionalFor("the subnet");
    const body = this.expectBlock();
    return { kind: "pipeline", ...this.finish(start), name, parameters, subnet, body };
  });

  /** `for name`. */
  private optionalFor(what: string): Name | undefined {
    let name: Name | undefined;
    this.option(20, {
      GATE: () => this.sameLine(),
      DEF: () => {
        this.consume(20, K.for);
        name = this.expectName(21, what);
      },
    });
    return name;
  }

  /** The `for name` that must be there. */
  private expectFor(where: string, what: string): Name | undefined {
    const missing = !this.RECORDING_PHASE && !this.here(K.for);
    this.expect(20, K.for, where);
    return missing ? undefined : this.expectName(21, what);
  }

  peer = this.RULE("peer", (): PeerDecl => {
    const { startOffset: start } = this.CONSUME(K.peer);
    const name = this.expectName(1, "the peer", NameToken, K.for);
    const pipeline = this.expectFor("A peer", "the pipeline");
    const settings = this.expectSettings();
    return { kind: "peer", ...this.finish(start), name, pipeline, settings };
  });

  test = this.RULE("test", (): TestDecl => {
    const { startOffset: start } = this.CONSUME(K.test);
    let title: StringLiteral;
    if (this.RECORDING_PHASE || this.here(StringToken)) title = this.SUBRULE(this.string);
    else {
      this.complain(catalogue.missingName, this.gap(), { what: 'the test (such as `"a stale feed is survived"`)' });
      title = { kind: "string", ...this.gap(), parts: [], block: false };
      // Probably a name without quotes.
      if (this.is(this.LA(1), Word) && this.sameLine() && !this.at(K.for)) this.SKIP_TOKEN();
    }
    const pipeline = this.expectFor("A test", "the pipeline");
    const steps = this.body(this.stepShape, () => this.SUBRULE(this.step));
    return { kind: "test", ...this.finish(start), title, pipeline, steps };
  });

  step = this.RULE("step", (): GivenStep | RunStep | ExpectStep => {
    return this.OR([
      { ALT: () => this.SUBRULE(this.given) },
      { ALT: () => this.SUBRULE(this.run) },
      { ALT: () => this.SUBRULE(this.expectation) },
    ] as IOrAlt<GivenStep | RunStep | ExpectStep>[]);
  });

  given = this.RULE("given", (): GivenStep => {
    const { startOffset: start } = this.CONSUME(K.given);
    const name = this.expectName(1, "what is given");
    this.expect(1, S.Assign, "`given`", [S.Colon]);
    const value = this.expressionAfter(1, "=");
    return { kind: "given", ...this.finish(start), name, value };
  });

  run = this.RULE("run", (): RunStep => {
    const { startOffset: start } = this.CONSUME(K.run);
    const target = this.pathFrom(this.expectName(1, "the stage to run"), 1, "the stage");
    return { kind: "run", ...this.finish(start), target };
  });

  expectation = this.RULE("expectation", (): ExpectStep => {
    const { startOffset: start } = this.CONSUME(K.expect);
    const condition = this.expressionAfter(1, "expect");
    return { kind: "expect", ...this.finish(start), condition };
  });

  /** Says so if a rule gave up, which none should: better one vague sentence than a silent loss. */
  admitGivingUp(): void {
    if (this.errors.length === 0 || this.diagnostics.length > 0) return;
    const { token } = this.errors[0]!;
    const at =
      token.startOffset >= 0 ? { start: token.startOffset, end: token.endOffset ?? token.startOffset } : this.gap();
    const data = { found: `\`${token.image}\``, expected: "something else" };
    this.diagnostics.push(report(catalogue.unexpected, { file: this.path, ...at }, data));
  }
}
