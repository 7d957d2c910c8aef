/** What `gang.yaml` has an MCP server at an address sent: texts, with secrets by their names in them. */
import type { Machine } from "../machine.ts";
import type { Secrets } from "../secrets.ts";

const HOLE = /\$\{([A-Za-z_][A-Za-z0-9_-]*)\}/g;

/** Of a tool of the server, or the server itself: `market.quote`, `market`. */
const serverOf = (name: string): string => name.split(".", 1)[0]!;

/** The names of the secrets that go to the server of a tool. */
export function headerSecrets(machine: Machine, name: string): readonly string[] {
  const texts = Object.values(own(machine, name));
  return texts.flatMap((text) => [...text.matchAll(HOLE)].map(([, secret]) => secret!));
}

/** Rejects with an `AttemptError` of class `no_key` where one cannot be had. */
export async function serverHeaders(
  machine: Machine,
  secrets: Secrets,
  name: string,
): Promise<{ readonly [name: string]: string }> {
  const values = new Map<string, string>();
  for (const secret of headerSecrets(machine, name)) values.set(secret, await secrets.named(secret));
  return Object.fromEntries(
    Object.entries(own(machine, name)).map(([header, text]) => [
      header,
      text.replace(HOLE, (_, secret: string) => values.get(secret)!),
    ]),
  );
}

function own({ servers }: Machine, name: string): { readonly [header: string]: string } {
  const server = serverOf(name);
  return (servers !== undefined && Object.hasOwn(servers, server) ? servers[server]?.headers : undefined) ?? {};
}
