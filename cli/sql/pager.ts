/** Shows what is longer than the screen with the user's pager. */
import { spawn } from "node:child_process";

/** Without lines broken, and it ends by itself where all fits. */
const PAGER = "less -SFRX";

/** Whether it was shown: not where there is no such program. */
export function page(text: string, command = PAGER): Promise<boolean> {
  return new Promise((done) => {
    const pager = spawn(command, { shell: true, stdio: ["pipe", "inherit", "inherit"] });
    pager.on("error", () => done(false));
    // The shell's code for a command that is not there, or cannot be run.
    pager.on("close", (code) => done(code !== 127 && code !== 126));
    // Whoever leaves it early has seen enough.
    pager.stdin.on("error", () => undefined);
    pager.stdin.end(text);
  });
}
