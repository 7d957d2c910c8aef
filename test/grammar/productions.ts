/** The productions as the parser has them, written down. */
import {
  type Alternation,
  type Alternative,
  type IProduction,
  NonTerminal,
  Option,
  Repetition,
  Terminal,
} from "chevrotain";
import { GangParser } from "../../compiler/syntax/parser.ts";

/** Rule names and their productions: `"word"`, `TOKEN`, `rule`, `[ optional ]`, `{ repeated }`, `( a | b )`. */
export function productions(): Map<string, string> {
  const rules = Object.values(new GangParser().getGAstProductions());
  return new Map(rules.map((rule) => [rule.name, `${rule.name} = ${sequence(rule.definition)}`]));
}

function sequence(definition: readonly IProduction[]): string {
  return definition.map(term).join(" ");
}

function term(production: IProduction): string {
  if (production instanceof Terminal) return production.terminalType.LABEL ?? production.terminalType.name;
  if (production instanceof NonTerminal) return production.nonTerminalName;
  if (production instanceof Option) return `[ ${sequence(production.definition)} ]`;
  if (production instanceof Repetition) return `{ ${sequence(production.definition)} }`;
  const ways = (production as Alternation).definition.map((way) => sequence((way as Alternative).definition));
  return `( ${ways.join(" | ")} )`;
}
