/** The bodies of pipelines: statements as nodes of the graph, each with the names that it reads. */
import type {
  Call,
  Expr,
  ForNode,
  LearnNode,
  LetNode,
  Node,
  ObserveNode,
  Pipeline,
  StageNode,
  WhenNode,
} from "../../runtime/plan.ts";
import type { BoundCall, Symbol } from "../semantics/program.ts";
import { withoutOptional } from "../semantics/types/visit.ts";
import type * as tree from "../syntax/tree.ts";
import { builtinCall } from "./calls.ts";
import type { Context } from "./context.ts";
import { DEFAULTS } from "./defaults.ts";
import { stageId } from "./expressions.ts";
import { namesIn, namesOfCall } from "./names.ts";
import { present } from "./present.ts";
import type { Settings } from "./settings.ts";

/** The metrics that each stage is credited with, by its id, over all pipelines. */
export type Credits = ReadonlyMap<string, readonly string[]>;

export function creditsOf({ program }: Context): Credits {
  const credits = new Map<string, Set<string>>();
  for (const file of program.files) {
    for (const item of file.items) {
      if (item.kind !== "pipeline") continue;
      for (const statement of statementsIn(item.body)) {
        if (statement.kind !== "learn") continue;
        const stage = program.credit(statement)?.stage;
        if (stage === undefined) continue;
        const metrics = credits.get(stageId(stage)) ?? new Set();
        for (const { text } of statement.metrics) metrics.add(text);
        credits.set(stageId(stage), metrics);
      }
    }
  }
  return new Map([...credits].map(([id, metrics]) => [id, [...metrics].sort()]));
}

/** All statements of a body, those inside others after them. */
export function* statementsIn(body: tree.Block): Iterable<tree.Statement> {
  for (const item of body.items) {
    if (item.kind === "setting") continue;
    yield item;
    if ("body" in item) yield* statementsIn(item.body);
  }
}

export function lowerPipeline(
  context: Context,
  credits: Credits,
  decl: tree.PipelineDecl,
  file: tree.SourceFile,
): Pipeline {
  const { program } = context;
  const own = program.symbolOf(decl.name);
  const settings = context.settings(own, decl.body);
  const subnet = decl.subnet && program.symbolOf(decl.subnet);
  return {
    ...present({ doc: decl.doc, subnet: subnet && context.declared(subnet), every: settings.number("every") }),
    parameters: decl.parameters.map((parameter) => ({
      ...present({
        default: parameter.default && program.constant(parameter.default),
        doc: parameter.doc,
      }),
      name: parameter.name.text,
      type: context.type(program.typeOf(parameter.type)!),
    })),
    limits: [...settings.limits],
    parallel: settings.number("parallel") ?? DEFAULTS.parallel,
    body: lowerBody(context, credits, decl.body, [settings], file),
    at: context.at(file, decl.name),
  };
}

/** `blocks`: the settings of the bodies around, the nearest first. */
function lowerBody(
  context: Context,
  credits: Credits,
  body: tree.Block,
  blocks: readonly Settings[],
  file: tree.SourceFile,
): Node[] {
  const { program } = context;
  const expression = (node: tree.Expression): Expr => context.expression(node, file);
  const seconds = (node: tree.Expression): number => program.constant(node) as number;
  const symbol = (name: tree.Name): Symbol => program.symbolOf(name)!;

  return body.items.flatMap((item) => (item.kind === "setting" ? [] : [nodeOf(item)]));

  function nodeOf(item: tree.Statement): Node {
    switch (item.kind) {
      case "stage":
        return stage(item);
      case "let":
        return letNode(item);
      case "for":
        return forNode(item);
      case "when":
        return whenNode(item);
      case "observe":
        return observe(item);
      case "learn":
        return learn(item);
    }
  }

  function letNode({ name, value: node }: tree.LetStatement): LetNode {
    const value = expression(node);
    const type = context.type(program.typeOfSymbol(symbol(name))!);
    return { kind: "let", name: name.text, value, type, needs: names(value), at: at(name) };
  }

  function at(node: tree.Span) {
    return context.at(file, node);
  }

  function stage(node: tree.StageStatement): StageNode {
    const meant = symbol(node.name);
    const own = context.settings(meant, node.settings);
    const around = { stage: meant, own, blocks };
    const bound = node.alternatives.flatMap((alternative): [BoundCall, tree.Span][] => {
      if (alternative.kind !== "call") return [];
      const call = program.boundCall(alternative) ?? builtinCall(program, alternative, { kind: "bool" }, "shown");
      return call === undefined ? [] : [[call, alternative]];
    });
    const alternatives: Call[] = bound.map(([call, span]) => context.call(call, span, file, around));
    const wait =
      node.every === undefined || node.within === undefined
        ? undefined
        : { every: seconds(node.every), within: seconds(node.within) };
    const expect = own.expression("expect");
    const check = expect && context.expression(expect, file, { ...around, stage: undefined });
    const recall = [own, ...blocks].map((settings) => settings.symbol("recall")).find((found) => found !== undefined);
    const result = bound[0]![0].callable.result ?? { kind: "none" };
    const needs = new Set<string>();
    for (const call of alternatives) namesOfCall(call, needs);
    if (check !== undefined) namesIn(check, needs);
    needs.delete("it");
    return {
      kind: "stage",
      name: node.name.text,
      id: stageId(meant),
      alternatives,
      orNone: node.alternatives.some((alternative) => alternative.kind === "none"),
      type: context.type(wait === undefined ? result : withoutOptional(result)),
      needs: [...needs],
      recall: context.declared(recall ?? context.prelude("standard")),
      ...present({ doc: node.doc, wait, expect: check, cache: own.flag("cache") }),
      measured: [...(credits.get(stageId(meant)) ?? [])],
      at: at(node.name),
    };
  }

  function forNode(node: tree.ForStatement): ForNode {
    const settings = context.settings(undefined, node.body);
    const max = node.max && seconds(node.max);
    const source = node.every && node.iterated.kind === "call" ? program.boundCall(node.iterated) : undefined;
    const over: ForNode["over"] =
      source === undefined || node.every === undefined
        ? { kind: "list", list: expression(node.iterated), ...present({ max }) }
        : {
            kind: "source",
            call: context.call(source, node.iterated, file),
            every: seconds(node.every),
            ...present({ within: node.within && expression(node.within) }),
          };
    const by = node.by && expression(node.by);
    const inside = context.inside(node, () => lowerBody(context, credits, node.body, [settings, ...blocks], file));
    const needs = new Set<string>();
    if (over.kind === "list") namesIn(over.list, needs);
    else {
      namesOfCall(over.call, needs);
      if (over.within !== undefined) namesIn(over.within, needs);
    }
    if (by !== undefined) namesIn(by, needs);
    addOuter(inside, needs);
    needs.delete(node.name.text);
    return {
      kind: "for",
      variable: node.name.text,
      type: context.type(program.typeOfSymbol(symbol(node.name))!),
      over,
      ...present({ by, parallel: parallelOf(over, [settings, ...blocks]) }),
      needs: [...needs],
      body: inside,
      at: at(node.name),
    };
  }

  function whenNode(node: tree.WhenStatement): WhenNode {
    const condition = expression(node.condition);
    const inside = lowerBody(context, credits, node.body, [context.settings(undefined, node.body), ...blocks], file);
    const needs = namesIn(condition, new Set());
    addOuter(inside, needs);
    return { kind: "when", condition, needs: [...needs], body: inside, at: at(node.condition) };
  }

  function observe(node: tree.ObserveStatement): ObserveNode {
    const value = expression(node.value);
    const late =
      node.every === undefined || node.within === undefined
        ? undefined
        : ({
            every: seconds(node.every),
            within: seconds(node.within),
            take: node.take?.text === "last" ? "last" : "first",
          } as const);
    return {
      kind: "observe",
      metric: node.metric.text,
      value,
      ...present({ late }),
      needs: names(value),
      at: at(node.metric),
    };
  }

  function learn(node: tree.LearnStatement): LearnNode {
    const { stage: credited, scope: of } = program.credit(node)!;
    const scope = of && expression(of);
    const needs = new Set([node.choice.text]);
    if (scope !== undefined) namesIn(scope, needs);
    return {
      kind: "learn",
      choice: node.choice.text,
      stage: stageId(credited),
      ...present({ scope }),
      metrics: node.metrics.map(({ text }) => text),
      needs: [...needs],
      at: at(node.choice),
    };
  }
}

function names(value: Expr): string[] {
  return [...namesIn(value, new Set())];
}

/** Unless said, few items of a list at once; of a source so many that a slow one delays no other. */
function parallelOf(over: ForNode["over"], [own, ...around]: readonly Settings[]): number | undefined {
  const said = own?.number("parallel");
  if (said !== undefined || over.kind === "list") return said;
  return around.at(-1)?.number("parallel") ?? DEFAULTS.sourceItems;
}

/** The names that a body reads and does not give itself. */
function addOuter(body: readonly Node[], needs: Set<string>): void {
  const given = new Set(body.flatMap(givenBy));
  for (const node of body) for (const name of node.needs) if (!given.has(name)) needs.add(name);
}

function givenBy(node: Node): readonly string[] {
  if (node.kind === "stage" || node.kind === "let") return [node.name];
  return node.kind === "for" || node.kind === "when" ? node.body.flatMap(givenBy) : [];
}
