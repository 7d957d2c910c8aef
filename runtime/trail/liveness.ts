/** Who writes, and whether they still can: a process is known by machine, boot, pid namespace, pid and start time. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { showsLife } from "./sign-of-life.ts";

/** All strings are opaque: they are compared, never read. "" where the system does not tell. */
export interface ProcessIdentity {
  readonly machine: string;
  readonly boot: string;
  readonly namespace: string;
  readonly pid: number;
  /** When the process started, which tells it from a later one of the same pid. */
  readonly start: string;
}

/** `unknown`: on another machine, in another container, or on a system that does not tell. */
export type Liveness = "alive" | "dead" | "unknown";

let own: ProcessIdentity | undefined;

export function thisProcess(): ProcessIdentity {
  own ??= {
    machine: machine(),
    boot: boot(),
    namespace: attempt(() => readlinkSync("/proc/self/ns/pid")),
    pid: process.pid,
    start: startOf(process.pid) ?? "",
  };
  return own;
}

/**
 * Whether the process can still write. `dead` is only said where that is certain: another boot of this machine, or the
 * same boot and pid namespace with that pid gone or started at another time; or, of another pid namespace of the same boot,
 * where its sign of life in the store has gone out. A container may call the machine otherwise: the boot is the same.
 */
export function livenessOf(identity: ProcessIdentity, directory: string, here = thisProcess()): Liveness {
  const { boot, namespace } = identity;
  if (boot !== "" && boot === here.boot && namespace !== "" && here.namespace !== "" && namespace !== here.namespace) {
    const isAlive = showsLife(directory, identity);
    return isAlive === undefined ? "unknown" : isAlive ? "alive" : "dead";
  }
  if (identity.machine === "" || identity.machine !== here.machine) return "unknown";
  if (identity.boot !== here.boot) return identity.boot !== "" && here.boot !== "" ? "dead" : "unknown";
  if (identity.namespace !== here.namespace) return "unknown";
  const start = startOf(identity.pid);
  if (start === undefined) return "dead";
  if (start === "" || identity.start === "") return "unknown";
  return start === identity.start ? "alive" : "dead";
}

/** The machine's own id, hashed with our name: the id itself is not for publishing. */
function machine(): string {
  const id =
    attempt(() => readFileSync("/etc/machine-id", "utf8").trim()) ||
    (process.platform === "darwin" ? attempt(() => run("sysctl", ["-n", "kern.uuid"])) : "") ||
    hostname();
  return createHash("sha256").update(`ganglion ${id}`).digest("hex").slice(0, 32);
}

function boot(): string {
  if (process.platform === "darwin") return attempt(() => run("sysctl", ["-n", "kern.bootsessionuuid"]));
  return attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
}

/** `undefined` where no such process runs (a zombie does not), "" where the system does not say when it started. */
function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return undefined;
  }
  if (process.platform === "win32") return "";
  if (process.platform !== "linux") return attempt(() => run("ps", ["-o", "lstart=", "-p", String(pid)]));
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  if (stat === "") return "";
  // The name, in parentheses, may hold anything; the state follows it as field 3, the start time is field 22.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19]!;
}

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 2000 }).trim();
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
