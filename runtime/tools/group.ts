/** A program as the head of a process group of its own, so that whatever it starts can be ended with it. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** It runs, and has the pipes that it was started with. */
export interface Head extends ChildProcess {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/**
 * Where it cannot be started: nothing, and `refuse` hears why, at once or a tick later. A process that has no file
 * descriptor left gets back a child that lacks even its pipes.
 */
export function startGroup(
  [program, ...args]: readonly string[],
  options: SpawnOptions,
  refuse: (error: NodeJS.ErrnoException) => void,
): Head | undefined {
  try {
    const child = spawn(program!, args, { ...options, detached: process.platform !== "win32", windowsHide: true });
    // One that runs can fail only to be sent a signal, and says by its end what became of it.
    child.on("error", (error) => {
      if (child.pid === undefined) refuse(error);
    });
    return child.pid === undefined ? undefined : (child as Head);
  } catch (error) {
    refuse(error as NodeJS.ErrnoException);
    return undefined;
  }
}

/** Between asking what is left of a group to end and ending it. */
export const GRACE_MILLISECONDS = 2000;

/** Whether a member of it is there, be it as a zombie. */
export function isLeft({ pid }: Head): boolean {
  if (process.platform === "win32") return false;
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

export function signalGroup(child: Head, signal: NodeJS.Signals): void {
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
