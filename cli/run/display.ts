/** The ways in which a run is shown while it goes on. */
import type { Draft } from "../../runtime/trail/record.ts";
import type { IO } from "../io.ts";
import { plainLine } from "../ui/plain.ts";
import type { View } from "../ui/screen.tsx";
import type { RunState } from "../ui/state.ts";

export type DisplayKind = "ink" | "plain" | "json";

export interface Display {
  /** After each record, with the state that it led to. */
  show(record: Draft, state: RunState): void;
  /** Gives the terminal back. */
  close(): Promise<void>;
}

/** What `--ui auto` means here: the screen where there is a terminal to draw on, plain lines elsewhere. */
export function displayKind(asked: "auto" | DisplayKind, io: IO): DisplayKind {
  if (asked !== "auto") return asked;
  const drawable = io.stdout.terminal && io.stderr.terminal && !io.env.CI && io.env.TERM !== "dumb";
  return drawable ? "ink" : "plain";
}

/** `view`: what the screen shows, asked for at each frame. */
export async function openDisplay(kind: DisplayKind, io: IO, view: () => View, now: () => number): Promise<Display> {
  switch (kind) {
    case "json":
      return {
        show: (record) => io.out(`${JSON.stringify({ time: new Date(now()).toISOString(), ...record })}\n`),
        close: async () => {},
      };
    case "plain":
      return {
        show(record, state) {
          const line = plainLine(state, record);
          if (line !== undefined) io.talk(`${line}\n`);
        },
        close: async () => {},
      };
    case "ink": {
      // React is several times slower without; it looks when it is loaded.
      const { env } = process;
      env.NODE_ENV ??= "production";
      const { openScreen } = await import("../ui/screen.tsx");
      const screen = openScreen(view);
      return { show() {}, close: () => screen.close() };
    }
  }
}
