/** `--peer explorer*4,optimizer`: under which names, and as which declared peers, the pipelines run. */
import { nearest } from "../../compiler/diagnostics/suggestion.ts";
import type { Peer } from "../../runtime/plan.ts";
import { usageError } from "../command.ts";

export interface Participant {
  /** The name in the records. */
  readonly name: string;
  /** The declaration whose settings it runs with; `undefined` where none is of that name. */
  readonly declared: string | undefined;
}

const ENTRY = /^([A-Za-z_][A-Za-z0-9_-]*)(?:\*(\d+))?$/;
/** Beyond this a typing error is likelier than a wish. */
const MOST = 256;

/** Throws a usage error that names what is wrong. */
export function parsePeers(text: string, declared: { readonly [name: string]: Peer }): readonly Participant[] {
  const participants = text.split(",").flatMap((entry) => {
    const [, name, count] = ENTRY.exec(entry.trim()) ?? [];
    if (name === undefined)
      throw usageError(
        `--peer cannot read ${JSON.stringify(entry)}.`,
        "It takes names, and how many of each: explorer*4,optimizer.",
      );
    const of = Object.hasOwn(declared, name) ? name : undefined;
    if (count === undefined) return [{ name, declared: of }];
    const times = Number(count);
    if (times < 1 || times > MOST) throw usageError(`--peer takes from 1 to ${MOST} of a name, not ${count}.`);
    return Array.from({ length: times }, (_, index) => ({ name: `${name}-${index + 1}`, declared: of }));
  });
  const names = new Set<string>();
  for (const { name } of participants) {
    if (names.has(name))
      throw usageError(
        `--peer names ${name} twice.`,
        "Records are told apart by the names of their peers: explorer*2 makes two.",
      );
    names.add(name);
  }
  return participants;
}

/** What to tell about names that no declaration has: they are allowed, and might be slips. */
export function undeclaredNote(
  { name, declared }: Participant,
  known: { readonly [name: string]: Peer },
): string | undefined {
  if (declared !== undefined || Object.keys(known).length === 0) return undefined;
  const near = nearest(name, Object.keys(known));
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  return `No peer ${name} is declared: it runs the pipelines as they stand.${hint}`;
}
