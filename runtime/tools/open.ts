/** From a declaration to something that can be called. */
import type { Tool as ToolDeclaration } from "../plan.ts";
import { execTool } from "./exec.ts";
import { mcpTool } from "./mcp.ts";
import type { Tool } from "./tool.ts";
import { typescriptTool } from "./typescript.ts";

/** `root`: the project's folder. Rejects with `AttemptError` where the tool cannot be had. */
export async function openTool(name: string, declaration: ToolDeclaration, root: string): Promise<Tool> {
  const { from } = declaration;
  switch (from.kind) {
    case "typescript":
      return typescriptTool(name, from, root);
    case "exec":
      return execTool(name, from.command, root);
    case "mcp":
      return mcpTool(name, from, declaration.result, root);
    // `unsupported` has refused these before a run begins.
    case "builtin":
      throw new Error(`${name}: this version cannot call it`);
  }
}
