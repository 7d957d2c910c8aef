/**
 * Programs do not outlive this process, even where it is killed and can do nothing itself: a shell that reads of them from
 * a pipe kills, with all that they started, those that are left when the pipe ends. On Windows there is none.
 */
import type { Socket } from "node:net";
import { type Head, startGroup } from "./group.ts";

const SCRIPT = `
live=" "
while read -r what pid; do
  case $what in
    begun) live="$live$pid " ;;
    ended) live="\${live%% $pid *} \${live#* $pid }" ;;
  esac
done
for pid in $live; do kill -KILL "-$pid" 2>/dev/null; done
`;

let watcher: Head | undefined;

/** Groups by their heads. */
const live = new Set<number>();

/** `child` leads a process group, which is watched until the caller says that nothing of it is left. */
export function watch({ pid }: Head): () => void {
  if (process.platform === "win32") return () => {};
  live.add(pid);
  tell(`begun ${pid}`);
  return () => {
    if (live.delete(pid)) tell(`ended ${pid}`);
  };
}

function tell(line: string): void {
  if (watcher === undefined) start();
  else watcher.stdin.write(`${line}\n`);
}

/** It hears of all that is live: a watcher that could not be started has missed some of it. */
function start(): void {
  // In a session of its own: what ends this one must not end it.
  watcher = startGroup(["/bin/sh", "-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], env: {} }, () => {
    // Without a shell nobody watches until the next program begins or ends; programs run all the same.
  });
  if (watcher === undefined) return;
  watcher.stdin.on("error", () => {});
  watcher.unref();
  (watcher.stdin as Socket).unref();
  for (const pid of live) watcher.stdin.write(`begun ${pid}\n`);
}
