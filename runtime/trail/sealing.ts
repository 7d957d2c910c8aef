/** Sealing in a process of its own, so that nobody's run waits for it. It can be killed at any moment. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SETTINGS } from "../settings.ts";
import { openBytes } from "./compaction.ts";

/** Beside the sources, or beside or above the chunks of the built package. */
const CHILDREN = ["./sealing-child.ts", "./sealing-child.js", "../sealing-child.js"];

/** Starts it where the segments of all processes have grown to `from` bytes. */
function start(directory: string, from: number): ChildProcess | undefined {
  const path = CHILDREN.map((name) => fileURLToPath(new URL(name, import.meta.url))).find((file) => existsSync(file));
  if (path === undefined || openBytes(directory) < from) return;
  const child = spawn(process.execPath, [path, directory, String(from)], { env: {}, stdio: "ignore" });
  child.on("error", () => undefined);
  child.unref();
  return child;
}

/** The sealing that one process has done for it: one at a time. */
export class Sealing {
  readonly #directory: string;
  #child: ChildProcess | undefined;
  /** Bytes of segments that were finished since it was last looked whether that is enough. */
  #finished = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A segment of so many bytes is finished. */
  finished(bytes: number): void {
    this.#finished += bytes;
    if (this.#finished < SETTINGS.trail.segmentBytes || this.#isRunning()) return;
    this.#finished = 0;
    this.#start(SETTINGS.trail.sealBytes);
  }

  /** The process ends: what there is is sealed if that takes no longer than the settings say. */
  async end(): Promise<void> {
    if (!this.#isRunning()) this.#start(SETTINGS.trail.sealOnExitBytes);
    const child = this.#child;
    if (child === undefined || !this.#isRunning()) return;
    await new Promise<void>((done) => {
      const timer = setTimeout(() => child.kill("SIGKILL"), SETTINGS.trail.sealOnExitMilliseconds);
      child.ref();
      child.on("close", () => {
        clearTimeout(timer);
        done();
      });
    });
  }

  #isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #start(from: number): void {
    try {
      this.#child = start(this.#directory, from);
    } catch {
      // The trail is whole without it, and `gangc store verify` tells what is in its way.
    }
  }
}
