/**
 * Programs do not outlive this process, even where it is killed and can do nothing itself: a shell that reads of them from
 * a pipe kills, with all that they started, those that are left when the pipe ends. On Windows there is none.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";

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

let watcher: ChildProcess | undefined;

/** `child` leads a process group. */
export function watch(child: ChildProcess): void {
  const { pid } = child;
  if (process.platform === "win32" || pid === undefined) return;
  tell(`begun ${pid}`);
  child.once("close", () => tell(`ended ${pid}`));
}

function tell(line: string): void {
  watcher ??= start();
  watcher.stdin?.write(`${line}\n`);
}

function start(): ChildProcess {
  // In a session of its own: what ends this one must not end it.
  const shell = spawn("/bin/sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], detached: true, env: {} });
  // Without a shell nobody watches; programs run all the same.
  shell.on("error", () => {});
  shell.stdin.on("error", () => {});
  shell.unref();
  (shell.stdin as Socket).unref();
  return shell;
}
