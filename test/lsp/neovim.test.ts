/** A real editor against the real server. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { keywords } from "../../grammar/tokens.ts";
import { SERVER_COMMAND } from "./client.ts";

const EDITOR = "nvim";
const here = spawnSync(EDITOR, ["--version"]).status === 0;
if (!here && process.env.CI) throw new Error("CI installs Neovim: apt-get install neovim");
if (!here) console.warn("Not tested with a real editor: Neovim is not installed.");

/** Attaches the server, types a line, and prints what the editor then knows. */
const script = (command: readonly string[]): string => `
local client = vim.lsp.start_client({ cmd = vim.json.decode([==[${JSON.stringify(command)}]==]), name = "gang", root_dir = vim.fn.getcwd() })
vim.lsp.buf_attach_client(0, client)
local function wait(count)
  vim.wait(10000, function() return #vim.diagnostic.get(0) == count end, 20)
  for _, d in ipairs(vim.diagnostic.get(0)) do
    io.write(("%d:%d %s\\n"):format(d.lnum + 1, d.col + 1, d.message:gsub("\\n.*", "")))
  end
end
wait(1)
vim.api.nvim_buf_set_lines(0, 1, 2, true, { "type Model = { scale: float in 0.5..2.0 }" })
wait(0)
local function ask(method, line, character)
  local params = { textDocument = vim.lsp.util.make_text_document_params(), position = { line = line, character = character } }
  return vim.lsp.buf_request_sync(0, method, params, 5000)[client].result
end
io.write(ask("textDocument/hover", 1, 6).contents.value, "\\n")
for _, item in ipairs(ask("textDocument/completion", 2, 0)) do io.write(item.label, " ") end
vim.cmd("qa!")
`;

test.skipIf(!here)("Neovim shows problems while typing, hovers and completes", () => {
  const folder = mkdtempSync(join(tmpdir(), "gang-nvim-"));
  try {
    writeFileSync(join(folder, "a.gang"), "gang 1\ntype Model = { scale: flaot }\n");
    writeFileSync(join(folder, "script.lua"), script(SERVER_COMMAND));
    const run = spawnSync(EDITOR, ["--headless", "-u", "NONE", "-c", "luafile script.lua", "a.gang"], {
      cwd: folder,
      encoding: "utf8",
      timeout: 25_000,
    });
    expect(`${run.stdout}${run.stderr}`).toBe(
      [
        "2:23 There is no type named `flaot`.",
        "```gang",
        "type Model = { scale: float in 0.5..2.0 }",
        "```",
        `${keywords.declaration.join(" ")} `,
      ].join("\n"),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
