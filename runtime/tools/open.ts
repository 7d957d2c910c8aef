/** From a declaration to something that can be called. */
import type { Tool as ToolDeclaration } from "../plan.ts";
import { execTool } from "./exec.ts";
import { mcpTool } from "./mcp.ts";
import { isAddress } from "./mcp-server.ts";
import type { Tool } from "./tool.ts";
import { typescriptTool } from "./typescript.ts";

/**
 * `root`: the project's folder; `headers`: what its server is sent, where it is one at an address. Rejects with
 * `AttemptError` where the tool cannot be had.
 */
export async function openTool(
  name: string,
  declaration: ToolDeclaration,
  root: string,
  headers: () => Promise<{ readonly [name: string]: string }>,
): Promise<Tool> {
  const { from } = declaration;
  switch (from.kind) {
    case "typescript":
      return typescriptTool(name, from, root);
    case "exec":
      return execTool(name, from.command, root);
    case "mcp":
      return mcpTool(name, from, declaration.result, root, isAddress(from.server) ? await headers() : undefined);
    // `unsupported` has refused these before a run begins.
    case "builtin":
      throw new Error(`${name}: this version cannot call it`);
  }
}
