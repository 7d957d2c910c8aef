/** The version of the package that this code was shipped in. */
import { readFileSync } from "node:fs";
import { packageFolder } from "./package-folder.ts";

export function version(): string {
  const text = readFileSync(`${packageFolder()}/package.json`, "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
