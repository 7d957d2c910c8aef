/** The packages of others that something is measured beside: each set in a package of its own, installed once. */
import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** With the npm that belongs to this Node, if there is one beside it; what is compiled is compiled for this Node. */
export function install(folder: string, what: string): void {
  if (existsSync(join(folder, "node_modules"))) return;
  console.error(`Installing ${what} into ${folder}, once.`);
  const home = dirname(dirname(process.execPath));
  const env = {
    ...process.env,
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    ...(existsSync(join(home, "include/node")) ? { npm_config_nodedir: home } : {}),
  };
  try {
    execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, env, stdio: ["ignore", 2, 2] });
  } catch (error) {
    // Half of them would be taken for all the next time.
    rmSync(join(folder, "node_modules"), { recursive: true, force: true });
    throw error;
  }
}
