/**
 * What of a pipeline a test runs: the stages that it names and all that they need, as far as it is not given. A `for` whose
 * item is given has that one item; what is given inside of it has its value there.
 */
import { namesIn } from "../execution/expression.ts";
import type { ForNode, LetNode, Node, Pipeline, StageNode, Test, WhenNode } from "../plan.ts";
import type { Json } from "../types.ts";
import { TestProblem } from "./problem.ts";

type Named = StageNode | LetNode;
type Around = ForNode | WhenNode;

/** A named node, and the `for`s and `when`s around it, the outermost first. */
interface Place {
  readonly node: Named;
  readonly path: readonly Around[];
}

export interface Excerpt {
  readonly body: readonly Node[];
  /** The stages that are run. */
  readonly stages: readonly StageNode[];
  /** How many `for`s stand around a name: outside of them it is so many maps deep. */
  depthOf(name: string): number;
}

/** `given`: the names of the pipeline that have a value. Throws `TestProblem`. */
export function excerptOf(pipeline: Pipeline, test: Test, given: ReadonlyMap<string, Json>): Excerpt {
  const places = placesIn(pipeline.body);
  const wanted = new Set<Node>();
  const want = (name: string, from: Place | undefined): void => {
    const candidates = places.get(name) ?? [];
    // Two fan-outs may each have a `let` of the name: the one in sight is meant.
    const found = candidates.find(({ path }) => path.every((of, i) => from?.path[i] === of)) ?? candidates[0];
    if (found === undefined || wanted.has(found.node)) return;
    wanted.add(found.node);
    const isGiven = given.has(name);
    for (const around of found.path) {
      if (around.kind === "for") wantAll(headNames(around, given), found);
      // What is given has its value whether the condition holds or not.
      else if (!isGiven) wantAll(namesIn(around.condition), found);
    }
    if (!isGiven) wantAll(found.node.needs, found);
  };
  const wantAll = (names: Iterable<string>, from: Place): void => {
    for (const name of names) want(name, from);
  };
  for (const target of test.run) {
    const name = target.slice(target.lastIndexOf(".") + 1);
    if (given.has(name)) throw new TestProblem(`${name} is given, so that there is nothing to run.`, test.at);
    const open = places.get(name)?.[0]?.path.find((of) => of.kind === "for" && !given.has(of.variable));
    if (open?.kind === "for")
      throw new TestProblem(
        `${name} stands in a \`for\`, and the test must say for which item: \`given ${open.variable} = …\`.`,
        test.at,
      );
    want(name, undefined);
  }
  const stages = [...wanted].filter((node) => node.kind === "stage").filter(({ name }) => !given.has(name));
  if (stages.length === 0) throw new TestProblem("The test runs nothing: `run` says what.", test.at);
  wantLets(places, wanted, want);
  return {
    body: kept(pipeline.body, wanted, given),
    stages,
    depthOf: (name) => places.get(name)?.[0]?.path.filter((of) => of.kind === "for").length ?? 0,
  };
}

/** What the head of a `for` reads, where its item is not given. */
function headNames({ variable, over, by }: ForNode, given: ReadonlyMap<string, Json>): Iterable<string> {
  if (given.has(variable) || over.kind === "source") return [];
  const names = namesIn(over.list);
  if (by !== undefined) namesIn(by, names);
  names.delete(variable);
  return names;
}

function placesIn(
  body: readonly Node[],
  path: readonly Around[] = [],
  places = new Map<string, Place[]>(),
): ReadonlyMap<string, readonly Place[]> {
  for (const node of body) {
    if (node.kind === "for" || node.kind === "when") placesIn(node.body, [...path, node], places);
    if (node.kind !== "stage" && node.kind !== "let") continue;
    places.set(node.name, [...(places.get(node.name) ?? []), { node, path }]);
  }
  return places;
}

/** A `let` over what is there costs nothing, and may be what an `expect` speaks of. */
function wantLets(
  places: ReadonlyMap<string, readonly Place[]>,
  wanted: ReadonlySet<Node>,
  want: (name: string, from: Place) => void,
): void {
  const isThere = (name: string): boolean =>
    !places.has(name) || places.get(name)!.some(({ node }) => wanted.has(node));
  const all = [...places.values()].flat();
  const entered = (of: Around): boolean => all.some(({ node, path }) => wanted.has(node) && path.includes(of));
  for (let before = -1; before !== wanted.size; ) {
    before = wanted.size;
    for (const place of all) {
      const { node, path } = place;
      if (node.kind === "let" && path.every(entered) && node.needs.every(isThere)) want(node.name, place);
    }
  }
}

function kept(body: readonly Node[], wanted: ReadonlySet<Node>, given: ReadonlyMap<string, Json>): Node[] {
  const own = body.flatMap((node): Node[] => {
    switch (node.kind) {
      case "for": {
        const inside = kept(node.body, wanted, given);
        return inside.length === 0 ? [] : [{ ...oneItem(node, given), body: inside }];
      }
      case "when": {
        const inside = node.body.some((of) => holds(of, wanted, given)) ? kept(node.body, wanted, given) : [];
        // What is given stands beside it: `lets`.
        const rest = inside.filter((of) => !(of.kind === "let" && given.has(of.name)));
        return rest.length === 0 ? [] : [{ ...node, body: rest }];
      }
      case "stage":
        // Nothing is learned in a test, so that no choice is held to account.
        return wanted.has(node) && !given.has(node.name) ? [{ ...node, measured: [] }] : [];
      case "let":
        return wanted.has(node) && !given.has(node.name) ? [node] : [];
      default:
        return [];
    }
  });
  return [...lets(body, wanted, given), ...own];
}

/** Whether something is run in it. */
function holds(of: Node, wanted: ReadonlySet<Node>, given: ReadonlyMap<string, Json>): boolean {
  if (of.kind === "for" || of.kind === "when") return of.body.some((inner) => holds(inner, wanted, given));
  return wanted.has(of) && !("name" in of && given.has(of.name));
}

/** What is given in this body, and in the `when`s of it, as `let`s. */
function lets(body: readonly Node[], wanted: ReadonlySet<Node>, given: ReadonlyMap<string, Json>): Node[] {
  return body.flatMap((node): Node[] => {
    if (node.kind === "when") return lets(node.body, wanted, given);
    if ((node.kind !== "stage" && node.kind !== "let") || !wanted.has(node) || !given.has(node.name)) return [];
    const { name, type, at } = node;
    return [{ kind: "let", name, value: { op: "literal", value: given.get(name)! }, type, needs: [], at }];
  });
}

function oneItem(node: ForNode, given: ReadonlyMap<string, Json>): ForNode {
  const item = given.get(node.variable);
  if (item === undefined) return node;
  return { ...node, over: { kind: "list", list: { op: "literal", value: [item] } }, needs: [] };
}
