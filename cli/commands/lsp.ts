import { command, usageError } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { fileSystemHost } from "../host.ts";
import { version } from "../version.ts";

export default command({
  name: "lsp",
  summary: "the language server, for editors",
  options: { stdio: { doc: "speak over stdin and stdout (the only way there is)" } },
  examples: [{ command: "gangc lsp --stdio", doc: "as an editor starts it" }],
  async run({ options }) {
    if (!options.stdio)
      throw usageError("a language server speaks over stdin and stdout.", "Start it as: gangc lsp --stdio");
    const { serve } = await import("../../lsp/server.ts");
    await serve(fileSystemHost(), version());
    return EXIT.fine;
  },
});
