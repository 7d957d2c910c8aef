/** The bundle's entry: runs `gangc` on the process's own arguments. */
import { main } from "./main.ts";

export function start(): void {
  main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
}
