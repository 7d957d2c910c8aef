/** A client over real stdio: what an editor does, one message at a time. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SERVE = `
const { serve } = await import(${JSON.stringify(`${ROOT}lsp/server.ts`)});
const { fileSystemHost } = await import(${JSON.stringify(`${ROOT}cli/host.ts`)});
await serve(fileSystemHost());
process.exit(0);
`;

/** The command that starts the server, for a client that starts it itself. */
export const SERVER_COMMAND: readonly string[] = [process.execPath, "--input-type=module", "-e", SERVE];

interface Message {
  readonly id?: number;
  readonly method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server sends
  readonly params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server sends
  readonly result?: any;
  readonly error?: { readonly code: number; readonly message: string };
}

export class Client {
  readonly #server: ChildProcess;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #heard: Message[] = [];
  #listeners: ((message: Message) => void)[] = [];
  #input = Buffer.alloc(0);
  #next = 1;
  readonly exited: Promise<number | null>;

  constructor() {
    const [command, ...args] = SERVER_COMMAND;
    this.#server = spawn(command!, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#server.stdout!.on("data", (data: Buffer) => this.#take(data));
    this.exited = new Promise((resolve) => this.#server.on("exit", resolve));
    // Whoever waits for an answer hears of the end too.
    void this.exited.then((code) => {
      for (const answer of this.#waiting.values())
        answer({ error: { code: code ?? -1, message: "the server has ended" } });
    });
  }

  #take(data: Buffer): void {
    this.#input = Buffer.concat([this.#input, data]);
    for (;;) {
      const end = this.#input.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#input.subarray(0, end).toString())![1]);
      if (this.#input.length < end + 4 + length) return;
      const message = JSON.parse(this.#input.subarray(end + 4, end + 4 + length).toString()) as Message;
      this.#input = this.#input.subarray(end + 4 + length);
      if (message.id !== undefined && message.method === undefined) this.#waiting.get(message.id)?.(message);
      else {
        this.#heard.push(message);
        for (const listener of this.#listeners) listener(message);
      }
    }
  }

  #send(message: object): void {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.#server.stdin!.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  notify(method: string, params: object): void {
    this.#send({ method, params });
  }

  async ask(method: string, params: object | null): Promise<Message> {
    const id = this.#next++;
    const answer = new Promise<Message>((resolve) => this.#waiting.set(id, resolve));
    this.#send({ id, method, params });
    return answer;
  }

  /** The first message, heard already or to come, that answers to `test`; each is handed out once. */
  async hear(
    method: string,
    test: (params: NonNullable<Message["params"]>) => boolean = () => true,
  ): Promise<Message["params"]> {
    const matches = (message: Message): boolean => message.method === method && test(message.params);
    const index = this.#heard.findIndex(matches);
    if (index >= 0) return this.#heard.splice(index, 1)[0]!.params;
    return new Promise((resolve) => {
      const listener = (message: Message): void => {
        if (!matches(message)) return;
        this.#listeners = this.#listeners.filter((other) => other !== listener);
        this.#heard.splice(this.#heard.indexOf(message), 1);
        resolve(message.params);
      };
      this.#listeners.push(listener);
    });
  }

  /** How many messages have come that nobody has asked for. */
  unheard(test: (message: Message) => boolean): number {
    return this.#heard.filter(test).length;
  }

  async start(): Promise<Message> {
    const answer = await this.ask("initialize", { processId: process.pid, rootUri: null, capabilities: {} });
    if (answer.error !== undefined) throw new Error(answer.error.message);
    this.notify("initialized", {});
    return answer;
  }

  async stop(): Promise<number | null> {
    await this.ask("shutdown", null);
    this.#send({ method: "exit" });
    return this.exited;
  }

  kill(): void {
    this.#server.kill("SIGKILL");
  }
}
