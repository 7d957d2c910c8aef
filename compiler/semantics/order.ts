/** Order by dependency, without recursion: chains may be ten thousand long. */

export interface Ordered<Node> {
  /** Every node after those it depends on; the members of a cycle in some order. */
  readonly order: readonly Node[];
  /** Each cycle once, in the order of its references: every member depends on the next, the last on the first. */
  readonly cycles: readonly (readonly Node[])[];
}

/** Tarjan's strongly connected components, with a stack of its own. Linear in nodes and edges. */
export function byDependency<Node>(
  nodes: readonly Node[],
  dependencies: (node: Node) => readonly Node[],
): Ordered<Node> {
  const index = new Map<Node, number>();
  const low: number[] = [];
  const open: Node[] = [];
  const isOpen = new Set<Node>();
  const order: Node[] = [];
  const cycles: Node[][] = [];

  for (const root of nodes) {
    if (index.has(root)) continue;
    const path: { node: Node; at: number; edges: readonly Node[]; next: number }[] = [];
    const enter = (node: Node): void => {
      const at = index.size;
      index.set(node, at);
      low[at] = at;
      open.push(node);
      isOpen.add(node);
      path.push({ node, at, edges: dependencies(node), next: 0 });
    };
    enter(root);
    while (path.length > 0) {
      const step = path[path.length - 1]!;
      const next = step.edges[step.next++];
      if (next !== undefined) {
        const known = index.get(next);
        if (known === undefined) enter(next);
        else if (isOpen.has(next)) low[step.at] = Math.min(low[step.at]!, known);
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) low[above.at] = Math.min(low[above.at]!, low[step.at]!);
      if (low[step.at] !== step.at) continue;
      const component: Node[] = [];
      let member: Node;
      do {
        member = open.pop()!;
        isOpen.delete(member);
        component.push(member);
      } while (member !== step.node);
      for (const part of component) order.push(part);
      if (component.length > 1 || step.edges.includes(step.node))
        cycles.push(circle(step.node, component, dependencies));
    }
  }
  return { order, cycles };
}

/** The shortest way from `start` through its component back to itself. */
function circle<Node>(start: Node, component: readonly Node[], dependencies: (node: Node) => readonly Node[]): Node[] {
  const members = new Set(component);
  const from = new Map<Node, Node>();
  const queue = [start];
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at]!;
    for (const next of dependencies(node)) {
      if (next === start) {
        const names = [node];
        while (names[names.length - 1] !== start) names.push(from.get(names[names.length - 1]!)!);
        return names.reverse();
      }
      if (!members.has(next) || from.has(next)) continue;
      from.set(next, node);
      queue.push(next);
    }
  }
  return [start];
}
