/** Asks the MCP servers that Gang files declare for their tools, and pins what they say in each project's `gang.lock`. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  isTooDeep,
  LOCK_NAME,
  type Lock,
  lockText,
  type Pin,
  type PinnedTool,
  readLock,
  sameTool,
} from "../../compiler/foreign/mcp.ts";
import { LARGEST_FILE } from "../../compiler/host.ts";
import { compile } from "../../compiler/index.ts";
import { AttemptError } from "../../runtime/execution/attempt-error.ts";
import type { Machine } from "../../runtime/machine.ts";
import { Secrets } from "../../runtime/secrets.ts";
import { serverHeaders } from "../../runtime/tools/mcp-headers.ts";
import { command, environmentError } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { fileSystemHost, projectOf } from "../host.ts";
import type { IO } from "../io.ts";
import { readMachine } from "../machine.ts";
import { gangFiles, shown } from "../paths.ts";
import { secondsOf } from "../seconds.ts";
import { counted } from "../ui/text.ts";
import { writeWhole } from "../write-file.ts";

export default command({
  name: "lock",
  summary: "asks the MCP servers for their tools, and pins these in gang.lock",
  arguments: { usage: "[PATH]", least: 0, most: 1 },
  options: {
    check: { doc: "write nothing: fail where a server says something else than gang.lock" },
    timeout: { value: "TIME", default: "30s", doc: "how long a server may take to answer" },
  },
  examples: [
    { command: "gangc lock", doc: "every server that a .gang file of this project declares" },
    { command: "gangc lock main.gang", doc: "the servers of one program; what is pinned for others stays" },
    { command: "gangc lock --check", doc: "for CI: has a server changed?" },
  ],
  notes:
    'A server that is started sees PATH, HOME and the like of your environment, and none of its keys. One at an address, `mcp("https://…")`, is sent the headers that `servers` of gang.yaml says.',
  async run({ positionals, options }, io) {
    const seconds = secondsOf("timeout", options.timeout);
    const whole = projectOf(io.cwd);
    const files = gangFiles(io.cwd, positionals.length === 0 ? [whole] : positionals);
    let exit: ExitCode = EXIT.fine;
    for (const [root, own] of Map.groupBy(files, projectOf)) {
      const all = positionals.length === 0 || gangFiles(io.cwd, [root]).every((file) => own.includes(file));
      const one = await lockProject({ root, files: own, all, seconds, check: options.check }, io);
      // What the environment lacks says more than a difference.
      exit = Math.max(exit, one) as ExitCode;
    }
    return exit;
  },
});

interface Request {
  readonly root: string;
  readonly files: readonly string[];
  /** These are all Gang files of the project, so that what they do not declare is no longer there. */
  readonly all: boolean;
  readonly seconds: number;
  readonly check: boolean;
}

async function lockProject({ root, files, all, seconds, check }: Request, io: IO): Promise<ExitCode> {
  const path = join(root, LOCK_NAME);
  const name = shown(io.cwd, path);
  const before = readLock(fileSystemHost().read(path));
  const pinned: Lock = before.ok ? before.lock : new Map();
  const declared = serversOf(files, io);
  if (declared === undefined) return EXIT.problems;

  const { machine = {} } = readMachine(root, fileSystemHost(root)) ?? {};
  const secrets = new Secrets({ machine, root, environment: io.env });
  const answers = await Promise.all([...declared].map((server) => ask(server, root, seconds, machine, secrets)));
  for (const { problem } of answers) if (problem !== undefined) io.talk(`gangc: ${problem}\n`);
  const failed = answers.some(({ problem }) => problem !== undefined);

  const after = new Map([...pinned].filter(([server]) => !all || declared.has(server)));
  for (const { server, pin } of answers) if (pin !== undefined) after.set(server, pin);
  const changes = [
    ...(before.ok || before.missing ? [] : [`it cannot be used: ${before.reason}`]),
    ...[...new Set([...pinned.keys(), ...after.keys()])].sort().flatMap((one) => changesOf(one, pinned, after)),
  ];
  if (check) {
    for (const change of changes) io.out(`${name}: ${change}\n`);
    if (changes.length > 0) io.talk("gangc lock writes it down.\n");
  } else if (changes.length > 0) {
    write(path, name, after);
    for (const change of changes) io.talk(`${name}: ${change}\n`);
  }
  if (changes.length === 0 && !failed)
    io.talk(declared.size === 0 ? "No MCP server is declared here.\n" : `${name}: nothing has changed.\n`);
  return failed ? EXIT.environment : check && changes.length > 0 ? EXIT.problems : EXIT.fine;
}

function write(path: string, name: string, lock: Lock): void {
  const text = lockText(lock);
  if (text.length > LARGEST_FILE)
    throw environmentError(`${name} would be larger than ${LARGEST_FILE / 2 ** 20} MB: the servers say too much.`);
  try {
    if (lock.size === 0) rmSync(path, { force: true });
    else writeWhole(path, text);
  } catch (error) {
    throw environmentError(
      `${name} cannot be written: ${(error as NodeJS.ErrnoException).code ?? "the disk refuses"}.`,
    );
  }
}

// Declarations --------------------------------------------------------------------------------------------------------------

/** The command of each server by its name; `undefined` where two differ or one cannot be read, which has been said. */
function serversOf(files: readonly string[], io: IO): ReadonlyMap<string, readonly string[]> | undefined {
  const servers = new Map<string, { readonly command: readonly string[]; readonly file: string }>();
  let sound = true;
  const say = (problem: string, help: string): void => {
    io.talk(`gangc: ${problem}\n  ${help}\n`);
    sound = false;
  };
  for (const entry of files) {
    const program = compile(entry, fileSystemHost());
    for (const file of program.files) {
      for (const item of file.items) {
        if (item.kind !== "tools" || item.name.text === "") continue;
        const { text: name } = item.name;
        const command = program.provider(item.value)?.texts;
        const first = servers.get(name);
        const path = shown(io.cwd, file.path);
        if (command === undefined || command.length === 0)
          say(`${path}: the command of \`${name}\` cannot be read.`, "gangc check says why.");
        else if (first === undefined) servers.set(name, { command, file: path });
        else if (JSON.stringify(first.command) !== JSON.stringify(command))
          say(
            `\`${name}\` is started by one command in ${first.file}, and by another in ${path}.`,
            "Give one of the two another name: gang.lock knows a server by it.",
          );
      }
    }
  }
  return sound ? new Map([...servers].map(([name, { command }]) => [name, command])) : undefined;
}

// Servers ---------------------------------------------------------------------------------------------------------------------

interface Answer {
  readonly server: string;
  readonly pin?: Pin;
  /** A sentence. */
  readonly problem?: string;
}

async function ask(
  [server, command]: readonly [string, readonly string[]],
  root: string,
  seconds: number,
  machine: Machine,
  secrets: Secrets,
): Promise<Answer> {
  const [{ isAddress, listTools }, { ServerError }] = await Promise.all([
    import("../../runtime/tools/mcp-server.ts"),
    import("../../runtime/tools/mcp-transport.ts"),
  ]);
  try {
    const headers = isAddress(command) ? await serverHeaders(machine, secrets, server) : undefined;
    const listed = await listTools({ command, folder: root, headers }, seconds * 1000);
    const tools = new Map<string, PinnedTool>();
    for (const { name, destructive, ...rest } of listed) {
      if (isTooDeep([rest.inputSchema, rest.outputSchema ?? null]))
        return { server, problem: `the server \`${server}\` describes its tool \`${name}\` by a schema without end.` };
      tools.set(name, { ...rest, ...(destructive ? { destructive } : {}) });
    }
    return { server, pin: { command, tools } };
  } catch (error) {
    const said = (why: string): Answer => ({
      server,
      problem: secrets.redactor.text(`the server \`${server}\` ${why}.`),
    });
    if (error instanceof ServerError) return said(error.message);
    if (error instanceof AttemptError) return said(`cannot be asked: ${error.message}`);
    throw error;
  }
}

// Changes ---------------------------------------------------------------------------------------------------------------------

/** What is different about one server, a sentence's end each. */
function changesOf(server: string, before: Lock, after: Lock): string[] {
  const old = before.get(server);
  const now = after.get(server);
  if (now === undefined) return [`\`${server}\` is declared no longer`];
  if (old === undefined) return [`\`${server}\` is new, with ${counted(now.tools.size, "tool")}`];
  const changes: string[] = [];
  if (JSON.stringify(old.command) !== JSON.stringify(now.command))
    changes.push(`\`${server}\` is started by another command`);
  for (const tool of [...new Set([...old.tools.keys(), ...now.tools.keys()])].sort()) {
    const [was, is] = [old.tools.get(tool), now.tools.get(tool)];
    if (was === undefined) changes.push(`\`${server}.${tool}\` is new`);
    else if (is === undefined) changes.push(`\`${server}.${tool}\` is gone`);
    else if (!sameTool(was, is)) changes.push(`\`${server}.${tool}\` has another ${whatDiffers(was, is)}`);
  }
  return changes;
}

const PARTS: { readonly [part in keyof PinnedTool]-?: string } = {
  inputSchema: "schema of what it takes",
  outputSchema: "schema of what it gives",
  destructive: "word on whether it destroys",
  description: "description",
};

function whatDiffers(was: PinnedTool, is: PinnedTool): string {
  const part = (Object.keys(PARTS) as (keyof PinnedTool)[]).find(
    (one) => !sameTool({ inputSchema: null, [one]: was[one] ?? null }, { inputSchema: null, [one]: is[one] ?? null }),
  );
  return PARTS[part ?? "description"];
}
