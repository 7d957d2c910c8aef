/** A miner's project in a folder of its own: a program, its tools, and the store that its runs leave behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll } from "vitest";
import { query } from "../../runtime/knowledge/sql/query.ts";
import type { Json } from "../../runtime/types.ts";
import { gangc, type Outcome } from "../cli/terminal.ts";

const GANGC = resolve(import.meta.dirname, "../../cli/gangc.cjs");

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => void rmSync(folder, { recursive: true, force: true })));

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "gang-original-"));
  folders.push(folder);
  return folder;
}

export interface Project {
  readonly folder: string;
  run(...args: readonly string[]): Promise<Outcome>;
  /** In a process of its own. */
  start(...args: readonly string[]): ChildProcess;
  /** Rows of a query over the store. */
  ask(sql: string): Promise<Json[][]>;
}

/** A program that chooses a number, measures it by `tools.ts`, and learns. `model`: its name and provider. */
export function choosing(model: string, settings = ""): string {
  return `
import { measure } from "./tools.ts"
subnet toy { metric loss: float { goal: minimize } }
type Choice = { x: float in 0.0..1.0 }
model ${model}
agent chooser() -> Choice { model: ${model.split(" ")[0]}
  ${settings}
  prompt: "Choose x." }
pipeline work for toy {
  stage choice = chooser()
  stage score = measure(x: choice.x)
  observe loss = score.loss
  learn choice from loss
}
`;
}

/** `files`: by their names; `main.gang` gets its first line. */
export function project(files: { readonly "main.gang": string; readonly [name: string]: string }): Project {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files }))
    writeFileSync(join(folder, name), name === "main.gang" ? `gang 1\n${text}` : text);
  return {
    folder,
    run: (...args) => gangc(["run", ...args], { cwd: folder }),
    start: (...args) => spawn(process.execPath, [GANGC, "run", ...args], { cwd: folder, stdio: "ignore" }),
    async ask(sql) {
      const rows: Json[][] = [];
      const onRows = (batch: readonly (readonly Json[])[]) => void rows.push(...(batch as Json[][]));
      await query({ store: join(folder, ".gang"), sql, now: Date.now(), onRows });
      return rows;
    },
  };
}

/** Resolves once something is in the file. */
export async function written(path: string): Promise<void> {
  while (!existsSync(path)) await sleep(20);
}

export const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.on("close", (code) => resolve(code)));
