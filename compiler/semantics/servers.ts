/** The tools of MCP servers, as `gang.lock` pins them. No server is started to check a program. */

import * as catalogue from "../diagnostics/catalogue/tools.ts";
import { LOCK_NAME, type LockRead, readLock, servedTools } from "../foreign/mcp.ts";
import type * as tree from "../syntax/tree.ts";
import { nextId } from "../table.ts";
import { plainText } from "./constants.ts";
import type { Unit } from "./facts.ts";
import type { Symbol } from "./program.ts";

/** Puts the tools of every namespace among its members. Before anything is called. */
export function linkServers(units: readonly Unit[]): void {
  let lock: LockRead | undefined;
  for (const unit of units) {
    for (const node of unit.file.items) {
      const symbol = node.kind === "tools" ? unit.facts.symbols.get(node.name) : undefined;
      const command = node.kind === "tools" ? commandOf(node.value) : undefined;
      if (node.kind !== "tools" || symbol === undefined || command === undefined) continue;
      const { host, root } = unit.facts;
      lock ??= readLock(host.read(`${root}/${LOCK_NAME}`));
      linkServer(unit, node, symbol, command, lock);
    }
  }
}

/** The command of `mcp(…)`; `undefined` where it is not all there, which is said elsewhere. */
function commandOf(value: tree.Expression): readonly string[] | undefined {
  if (value.kind !== "call" || value.callee.kind !== "name-expression" || value.callee.name.text !== "mcp")
    return undefined;
  const texts = value.arguments.map((argument) => plainText(argument.value));
  return texts.length === 0 || texts.includes(undefined) ? undefined : (texts as string[]);
}

function linkServer(
  unit: Unit,
  node: tree.ToolsDecl,
  symbol: Symbol,
  command: readonly string[],
  lock: LockRead,
): void {
  const name = node.name.text;
  if (!lock.ok) {
    if (lock.missing) unit.report(catalogue.serverNotPinned, node.name, { name, lock: false });
    else unit.report(catalogue.lockUnreadable, node.name, { reason: lock.reason });
    return;
  }
  const pin = lock.lock.get(name);
  if (pin === undefined) {
    unit.report(catalogue.serverNotPinned, node.name, { name, lock: true });
    return;
  }
  if (JSON.stringify(pin.command) !== JSON.stringify(command))
    unit.report(catalogue.pinOutdated, node.value, { name, pinned: pin.command.join(" ") });
  const members = new Map<string, Symbol>();
  for (const [called, served] of servedTools(pin)) {
    const doc = served.ok ? served.signature.doc : undefined;
    const member: Symbol = {
      id: nextId(),
      ...{ kind: "tool", name: called, place: undefined, node: undefined, file: undefined, doc },
      parent: symbol,
    };
    members.set(called, member);
    unit.facts.served.set(member, served);
    if (!served.ok) continue;
    const { parameters, result, effect, tool } = served.signature;
    const server = { command, tool };
    unit.facts.callables.set(member, {
      ...{ symbol: member, kind: "tool", parameters, result, effect, foreign: undefined },
      server,
    });
  }
  unit.facts.members.set(symbol, members);
}

/** `market.quote`, looked up; what is wrong with it is said where it is named first. */
export function servedTool(unit: Unit, namespace: Symbol, name: tree.Name): Symbol | undefined {
  const members = unit.facts.members.get(namespace);
  if (members === undefined || name.text === "") return undefined;
  const member = members.get(name.text);
  if (member === undefined) {
    const suggestion = unit.facts.suggest(name.text, members.keys());
    const data = { server: namespace.name, name: name.text, suggestion, known: [...members.keys()] };
    unit.report(catalogue.noSuchTool, name, data, unit.renaming(name, suggestion));
    return undefined;
  }
  unit.bind(name, member);
  const served = unit.facts.served.get(member);
  unit.facts.served.delete(member);
  const called = `${namespace.name}.${name.text}`;
  if (served?.ok === false) unit.report(catalogue.toolRefused, name, { name: called, reason: served.reason });
  else if (served !== undefined && served.signature.notes.length > 0)
    unit.report(catalogue.partlyJson, name, { name: called, notes: served.signature.notes });
  return member;
}
