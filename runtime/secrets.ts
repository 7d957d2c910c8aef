/**
 * Secrets: `gang.yaml` says where each comes from, it is read at the last moment and once, and whatever was read is known
 * to a redactor that stands before the trail, the terminal and every error text.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import querystring from "node:querystring";
import { AttemptError } from "./execution/attempt-error.ts";
import type { Machine, SecretSource } from "./machine.ts";
import type { Draft } from "./trail/record.ts";
import type { Json } from "./types.ts";

/** A command that is asked for a secret has so long to answer. */
const COMMAND_MILLISECONDS = 30_000;

export interface SecretsOptions {
  readonly machine?: Machine;
  readonly environment?: NodeJS.ProcessEnv;
  /** The project's folder: paths and commands of `gang.yaml` start there. */
  readonly root?: string;
}

/** The secrets of one run, or of all runs of a process that belong together. */
export class Secrets {
  readonly redactor = new Redactor();
  readonly #named: { readonly [name: string]: SecretSource };
  readonly #environment: NodeJS.ProcessEnv;
  readonly #root: string;
  readonly #values = new Map<string, Promise<string>>();

  constructor({ machine = {}, environment = process.env, root = process.cwd() }: SecretsOptions = {}) {
    this.#named = machine.secrets ?? {};
    this.#environment = environment;
    this.#root = root;
    const keys = [...Object.values(machine.models ?? {}), ...Object.values(machine.backends ?? {})];
    const sources = [...Object.values(this.#named), ...keys.flatMap(({ key }) => (key === undefined ? [] : [key]))];
    for (const source of [...sources, ...Object.values(PROVIDER_KEYS)]) {
      // What stands in the environment is in this process already, and a tool may print it before anyone asks for it.
      const value = "env" in source ? environment[source.env] : undefined;
      if (value !== undefined) this.redactor.learn(value);
    }
    for (const text of writtenIn(machine)) this.redactor.learn(text);
  }

  /** Where a secret of the program comes from, by its name in Gang. */
  source(name: string): SecretSource | undefined {
    return Object.hasOwn(this.#named, name) ? this.#named[name] : undefined;
  }

  /** The value of a secret by its name in Gang. Rejects as `value` does. */
  async named(name: string): Promise<string> {
    const source = this.source(name);
    if (source === undefined) throw new AttemptError("no_key", `the secret ${name} comes from nowhere here`);
    return this.value(source);
  }

  /** Why a secret cannot be had, as far as that is known without reading it: a part of a sentence. */
  missing(source: SecretSource): string | undefined {
    if ("env" in source) return this.#environment[source.env] ? undefined : `${source.env} is not set`;
    if ("file" in source) return existsSync(this.#path(source.file)) ? undefined : `${source.file} does not exist`;
    return undefined;
  }

  /** Rejects with an `AttemptError` of class `no_key`, which says where the secret was looked for. */
  value(source: SecretSource): Promise<string> {
    const key = JSON.stringify(source);
    let value = this.#values.get(key);
    if (value === undefined) {
      value = this.#read(source).then((read) => {
        if (read === "") throw new AttemptError("no_key", `${nameOf(source)} is empty`);
        this.redactor.learn(read);
        return read;
      });
      this.#values.set(key, value);
      value.catch(() => this.#values.delete(key));
    }
    return value;
  }

  async #read(source: SecretSource): Promise<string> {
    const missing = this.missing(source);
    if (missing !== undefined) throw new AttemptError("no_key", missing);
    if ("env" in source) return this.#environment[source.env]!;
    if ("command" in source) return this.#ask(source.command);
    try {
      return readFileSync(this.#path(source.file), "utf8").trimEnd();
    } catch {
      throw new AttemptError("no_key", `${source.file} cannot be read`);
    }
  }

  /** What it prints on stderr is for the person in front of it, and goes nowhere else. */
  #ask([program, ...args]: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const refuse = (why: string): void => reject(new AttemptError("no_key", `the command ${program} ${why}`));
      const child = spawn(program!, args, {
        cwd: this.#root,
        env: this.#environment,
        stdio: ["ignore", "pipe", "ignore"],
        timeout: COMMAND_MILLISECONDS,
        windowsHide: true,
      });
      const output: Buffer[] = [];
      child.stdout.on("data", (part: Buffer) => output.push(part));
      child.on("error", () => refuse("cannot be started"));
      child.on("close", (code, signal) => {
        if (code === 0) resolve(Buffer.concat(output).toString("utf8").trimEnd());
        else refuse(signal === null ? `ended with code ${code}` : "did not answer in time");
      });
    });
  }

  #path(file: string): string {
    return file.startsWith("~/") ? join(homedir(), file.slice(2)) : resolve(this.#root, file);
  }
}

/** Where a provider's key is where `gang.yaml` does not say. */
export const PROVIDER_KEYS: { readonly [provider: string]: SecretSource } = {
  anthropic: { env: "ANTHROPIC_API_KEY" },
  openai: { env: "OPENAI_API_KEY" },
};

const CREDENTIAL = /auth|cookie|credential|key|password|secret|token/i;
const SCHEME = /^(basic|bearer|digest|token)$/i;

/** What `gang.yaml` should have said by a name and says in full: in headers that carry credentials, and in addresses. */
function writtenIn({ models = {}, servers = {} }: Machine): readonly string[] {
  const headers = Object.values(servers).flatMap(({ headers = {} }) => Object.entries(headers));
  const words = headers.flatMap(([name, text]) => (CREDENTIAL.test(name) ? text.split(/\$\{[^}]*\}|[\s;,]+/) : []));
  const passwords = Object.values(models).flatMap(({ base_url }) => {
    const password = base_url !== undefined && URL.canParse(base_url) ? new URL(base_url).password : "";
    return password === "" ? [] : [password, querystring.unescape(password)];
  });
  return [...words.filter((word) => !SCHEME.test(word)), ...passwords];
}

/** A source as it may be shown: never its value. */
export function nameOf(source: SecretSource): string {
  return "env" in source ? source.env : "file" in source ? source.file : `the command ${source.command[0]}`;
}

/** Texts shorter than this stand everywhere by chance. */
const SHORTEST = 6;
/** A line of a longer secret (a key in PEM form) is one itself from here on. */
const SHORTEST_LINE = 16;

/** What stands behind a text that was cut. */
const CUT: ReadonlySet<string> = new Set(["…", '"', "\\"]);

export const REDACTED = "[secret]";

/** Replaces what it has learned wherever it stands in a text, also as JSON, in a URL, and in base64. */
export class Redactor {
  readonly #needles = new Set<string>();
  #pattern: RegExp | undefined;
  /** The same for bytes, each as one character. */
  #bytes: RegExp | undefined;

  learn(secret: string): void {
    const lines = secret.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE);
    const before = this.#needles.size;
    for (const text of [secret, ...lines])
      for (const form of formsOf(text)) if (form.length >= SHORTEST) this.#needles.add(form);
    if (this.#needles.size === before) return;
    // The longest first: a part of a secret must not be replaced in the middle of it.
    const all = [...this.#needles].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(all.map(quoted).join("|"), "g");
    this.#bytes = new RegExp(all.map((needle) => quoted(Buffer.from(needle, "utf8").toString("latin1"))).join("|"));
  }

  /** Whether bytes that come in parts have a secret in them, so far: for what cannot be replaced. */
  scanner(): (part: Uint8Array) => boolean {
    const longest = Math.max(0, ...[...this.#needles].map((needle) => Buffer.byteLength(needle)));
    let before = "";
    return (part) => {
      if (this.#bytes === undefined) return false;
      const text = before + Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString("latin1");
      before = text.slice(Math.max(0, text.length - longest));
      return this.#bytes.test(text);
    };
  }

  text(text: string): string {
    return this.#pattern === undefined ? text : this.#cutOff(text.replace(this.#pattern, REDACTED));
  }

  /** A text that was cut for a record may end in the middle of a secret, and may stand in another one, in quotes. */
  #cutOff(text: string): string {
    let clean = text;
    for (const needle of this.#needles) {
      const first = needle.slice(0, SHORTEST);
      for (let at = clean.indexOf(first); at >= 0; at = clean.indexOf(first, at)) {
        let end = at + SHORTEST;
        while (end < clean.length && clean[end] === needle[end - at]) end += 1;
        const isMost = end - at >= Math.max(2 * SHORTEST, needle.length / 2);
        if (isMost || end === clean.length || CUT.has(clean[end]!))
          clean = clean.slice(0, at) + REDACTED + clean.slice(end);
        at += 1;
      }
    }
    return clean;
  }

  /** The very value where there is nothing in it to hide. */
  value<T extends Json>(value: T): T {
    return this.#pattern === undefined ? value : (this.#walk(value) as T);
  }

  drafts(drafts: readonly Draft[]): readonly Draft[] {
    return this.#pattern === undefined
      ? drafts
      : (this.#walk(drafts as unknown as Json) as unknown as readonly Draft[]);
  }

  #walk(value: Json | undefined): Json | undefined {
    if (typeof value === "string") return this.text(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) {
      const items = value.map((item: Json) => this.#walk(item) ?? null);
      return items.some((item, i) => item !== value[i]) ? items : value;
    }
    let changed = false;
    const entries = Object.entries(value).map(([key, item]): [string, Json] => {
      const [cleanKey, cleanItem] = [this.text(key), this.#walk(item)];
      if (cleanKey !== key || cleanItem !== item) changed = true;
      return [cleanKey, cleanItem as Json];
    });
    return changed ? Object.fromEntries(entries) : value;
  }
}

const quoted = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

function formsOf(text: string): string[] {
  const escaped = JSON.stringify(text).slice(1, -1);
  return [
    text,
    escaped,
    JSON.stringify(escaped).slice(1, -1),
    encodeURIComponent(text),
    encodeURIComponent(text).replaceAll("%20", "+"),
    ...base64Of(text),
  ];
}

/** In base64 a text looks different at each of three alignments; what is before and after it colours its ends. */
function base64Of(text: string): string[] {
  const bytes = Buffer.from(text, "utf8");
  return [0, 1, 2].flatMap((before) => {
    const [from, to] = [Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6)];
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .slice(from, to);
    // Short ones would be found by chance.
    return whole.length < 2 * SHORTEST ? [] : [whole, whole.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
