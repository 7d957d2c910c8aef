/** The bundle's entry: runs `gangc` on the process's own arguments. */
import { main } from "./main.ts";

export function start(): void {
  const args = process.argv.slice(2);
  main(args).then((code) => {
    process.exitCode = code;
    // What a tool left open, a timer or a connection, does not keep a run that has ended.
    if (args[0] === "run") process.stdout.write("", () => process.stderr.write("", () => process.exit()));
  });
}
