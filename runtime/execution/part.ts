/** Part of a pipeline: one stage, what it needs, and what is observed and learned of these alone. */
import type { Node, Pipeline } from "../plan.ts";
import { type Graph, graphOf, type Vertex } from "./graph.ts";

/** A node, where it stands. */
interface Place extends Vertex {
  readonly beside: Body;
  readonly inside: Body | undefined;
}

interface Body {
  readonly graph: Graph;
  readonly places: Place[];
  /** The `for` or `when` whose body it is. */
  readonly of: Place | undefined;
}

/** The pipeline without whatever its stage `name` can do without. */
export function partFor(pipeline: Pipeline, name: string): Pipeline {
  const places = [...placesIn(bodyOf(graphOf(pipeline.body), undefined))];
  const kept = new Set<Node>();
  const keep = (place: Place): void => {
    if (kept.has(place.node)) return;
    kept.add(place.node);
    if (place.beside.of !== undefined) keep(place.beside.of);
    for (const need of place.needs) providersOf(need, place.beside).forEach(keep);
  };
  /** Whether no further stage is needed for it. */
  const isAtHand = ({ beside, needs, awaits }: Place): boolean =>
    (beside.of === undefined || kept.has(beside.of.node)) &&
    [...needs, ...awaits].every((need) =>
      providersOf(need, beside).every(
        (place) => kept.has(place.node) || (place.node.kind === "let" && isAtHand(place)),
      ),
    );

  for (const place of places) if (place.node.kind === "stage" && place.node.name === name) keep(place);
  for (const kind of ["observe", "learn"])
    for (const place of places) if (place.node.kind === kind && isAtHand(place)) keep(place);
  return { ...pipeline, body: only(pipeline.body, kept) };
}

function bodyOf(graph: Graph, of: Place | undefined): Body {
  const body: Body = { graph, places: [], of };
  for (const vertex of graph.vertices) {
    const place: { inside: Body | undefined } & Omit<Place, "inside"> = { ...vertex, beside: body, inside: undefined };
    if (vertex.body !== undefined) place.inside = bodyOf(vertex.body, place);
    body.places.push(place);
  }
  return body;
}

function* placesIn({ places }: Body): Generator<Place> {
  for (const place of places) {
    yield place;
    if (place.inside !== undefined) yield* placesIn(place.inside);
  }
}

/** What provides a name to a body: in it or around it, and where that is a `for` or a `when`, what does so inside. */
function providersOf(name: string, { graph, places, of }: Body): readonly Place[] {
  const index = graph.providers.get(name);
  if (index === undefined) return of === undefined ? [] : providersOf(name, of.beside);
  const place = places[index]!;
  return place.inside === undefined ? [place] : providersOf(name, place.inside);
}

function only(body: readonly Node[], kept: ReadonlySet<Node>): Node[] {
  return body.flatMap((node) => {
    if (!kept.has(node)) return [];
    return "body" in node ? { ...node, body: only(node.body, kept) } : node;
  });
}
