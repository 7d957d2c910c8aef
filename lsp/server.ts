/** The protocol: messages in, questions to the features, answers out. No rule of the language, no state but the workspace. */

import {
  type CodeAction,
  CodeActionKind,
  type CompletionItem,
  CompletionItemKind,
  createConnection,
  DiagnosticSeverity,
  type DocumentSymbol,
  ErrorCodes,
  type InitializeResult,
  InsertTextFormat,
  MarkupKind,
  type Position,
  ResponseError,
  type ServerCapabilities,
  type Diagnostic as ShownDiagnostic,
  SymbolKind,
  TextDocumentSyncKind,
  type TextEdit,
} from "vscode-languageserver/node";
import type { Diagnostic, Fix, Place } from "../compiler/diagnostics/diagnostic.ts";
import { foremost } from "../compiler/diagnostics/render/report.ts";
import type { Host } from "../compiler/host.ts";
import { format } from "../compiler/syntax/print.ts";
import { type Completion, completionsAt } from "./completion.ts";
import { hoverAt } from "./hover.ts";
import { type OutlineEntry, outline } from "./outline.ts";
import { type Lines, linesAt, linesOf, offsetAt, pathOf, rangeOf } from "./positions.ts";
import { definitionAt, referencesAt, renameAt, renameableAt } from "./references.ts";
import { type Opened, Workspace } from "./workspace.ts";

/** Diagnostics wait this long for the next key stroke, in milliseconds. */
const QUIET = 80;

const CAPABILITIES: ServerCapabilities = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
  hoverProvider: true,
  completionProvider: { triggerCharacters: [".", ":", "(", "{", '"', " "] },
  definitionProvider: true,
  referencesProvider: true,
  documentHighlightProvider: true,
  renameProvider: { prepareProvider: true },
  documentSymbolProvider: true,
  documentFormattingProvider: true,
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
};

/** Serves over stdin and stdout until the editor ends it. */
export function serve(host: Host, version = "0"): Promise<void> {
  const connection = createConnection(process.stdin, process.stdout);
  const workspace = new Workspace(host);
  const texts = new Map<string, string>();
  /** The open files that are Gang: of a TypeScript file only the text counts. */
  const programs = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let round = 0;

  const setText = (uri: string, text: string): void => {
    texts.set(uri, text);
    workspace.set(uri, text);
    schedule();
  };

  /** A newer edit ends the round that is under way: what it would still show is out of date. */
  const schedule = (): void => {
    round++;
    clearTimeout(timer);
    timer = setTimeout(() => void publish(round), QUIET);
  };

  const publish = async (mine: number): Promise<void> => {
    for (const uri of programs) {
      if (mine !== round) return;
      const shown = guard(() => diagnosticsOf(pathOf(uri), workspace), []);
      await connection.sendDiagnostics({ uri, diagnostics: [...shown] });
      // Between two files, an edit may come in.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  /** What goes wrong in a feature is logged, and costs the editor this one answer. */
  const guard = <Answer>(ask: () => Answer, otherwise: Answer): Answer => {
    try {
      return ask();
    } catch (error) {
      if (error instanceof ResponseError) throw error;
      connection.console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      return otherwise;
    }
  };

  interface At {
    readonly textDocument: { readonly uri: string };
    readonly position: Position;
  }
  const atCursor = <Answer>(params: At, ask: (opened: Opened, offset: number, lines: Lines) => Answer): Answer | null =>
    guard(() => {
      const opened = workspace.at(pathOf(params.textDocument.uri));
      return opened === undefined ? null : ask(opened, offsetAt(opened.file, params.position), opened.file);
    }, null);

  const location = (place: Place) => ({
    uri: workspace.uriOf(place.file),
    range: rangeOf(linesAt(place.file, workspace.host), place),
  });

  connection.onInitialize(
    (): InitializeResult => ({ capabilities: CAPABILITIES, serverInfo: { name: "gangc", version } }),
  );

  connection.onDidOpenTextDocument(({ textDocument: { uri, languageId, text } }) => {
    if (languageId === "gang" || uri.endsWith(".gang")) programs.add(uri);
    setText(uri, text);
  });
  connection.onDidChangeTextDocument(({ textDocument, contentChanges }) => {
    let text = texts.get(textDocument.uri) ?? "";
    for (const change of contentChanges) {
      if (!("range" in change)) {
        text = change.text;
        continue;
      }
      const lines = linesOf(text);
      text =
        text.slice(0, offsetAt(lines, change.range.start)) +
        change.text +
        text.slice(offsetAt(lines, change.range.end));
    }
    setText(textDocument.uri, text);
  });
  connection.onDidCloseTextDocument(({ textDocument }) => {
    texts.delete(textDocument.uri);
    programs.delete(textDocument.uri);
    workspace.close(textDocument.uri);
    void connection.sendDiagnostics({ uri: textDocument.uri, diagnostics: [] });
    schedule();
  });
  connection.onDidSaveTextDocument(() => {
    workspace.forget();
    schedule();
  });
  connection.onDidChangeWatchedFiles(() => {
    workspace.forget();
    schedule();
  });

  connection.onHover((params) =>
    atCursor(params, ({ program, file }, offset, lines) => {
      const hover = hoverAt(program, file, offset);
      return hover === undefined
        ? null
        : { contents: { kind: MarkupKind.Markdown, value: hover.text }, range: rangeOf(lines, hover) };
    }),
  );

  connection.onCompletion((params) =>
    atCursor(params, ({ program, file }, offset, lines) => {
      const { start, items } = completionsAt(program, file, offset, workspace.host);
      const range = rangeOf(lines, { start, end: offset });
      return items.map((item) => completionItem(item, range));
    }),
  );

  connection.onDefinition((params) =>
    atCursor(params, ({ program, file }, offset) => {
      const place = definitionAt(program, file, offset);
      return place === undefined || isVirtual(place) ? null : location(place);
    }),
  );

  connection.onReferences((params) =>
    atCursor(params, ({ program, file }, offset) =>
      referencesAt(program, file, offset, params.context.includeDeclaration)
        .filter((place) => !isVirtual(place))
        .map(location),
    ),
  );

  connection.onDocumentHighlight((params) =>
    atCursor(params, ({ program, file }, offset, lines) =>
      referencesAt(program, file, offset, true)
        .filter((place) => place.file === file.path)
        .map((place) => ({ range: rangeOf(lines, place) })),
    ),
  );

  connection.onPrepareRename((params) =>
    atCursor(params, ({ program, file }, offset, lines) => {
      const span = renameableAt(program, file, offset);
      if (typeof span === "string") throw new ResponseError(ErrorCodes.InvalidRequest, span);
      return { range: rangeOf(lines, span), placeholder: span.text };
    }),
  );

  connection.onRenameRequest((params) =>
    atCursor(params, ({ program, file }, offset) => {
      const edits = renameAt(program, file, offset, params.newName);
      if (typeof edits === "string") throw new ResponseError(ErrorCodes.InvalidRequest, edits);
      return { changes: changesOf(edits, workspace) };
    }),
  );

  connection.onDocumentSymbol(({ textDocument }) =>
    guard(() => {
      const opened = workspace.at(pathOf(textDocument.uri));
      return opened === undefined ? null : outline(opened.file).map((entry) => documentSymbol(entry, opened.file));
    }, null),
  );

  connection.onDocumentFormatting(({ textDocument }) =>
    guard((): TextEdit[] => {
      const opened = workspace.at(pathOf(textDocument.uri));
      const text = opened && format(opened.file);
      if (opened === undefined || text === undefined || text === opened.file.text) return [];
      return [changedPart(opened.file, text)];
    }, []),
  );

  connection.onCodeAction(({ textDocument, range }) =>
    guard((): CodeAction[] => {
      const path = pathOf(textDocument.uri);
      const opened = workspace.at(path);
      if (opened === undefined) return [];
      const [from, to] = [offsetAt(opened.file, range.start), offsetAt(opened.file, range.end)];
      return opened.program.diagnostics
        .filter((diagnostic) => diagnostic.file === path && diagnostic.start <= to && from <= diagnostic.end)
        .flatMap((diagnostic) => diagnostic.fixes.map((fix) => codeAction(diagnostic, fix, opened, workspace)));
    }, []),
  );

  return new Promise((resolve) => {
    connection.onExit(() => resolve());
    connection.onShutdown(() => clearTimeout(timer));
    connection.listen();
  });
}

/** The prelude is no file that an editor could open. */
function isVirtual(place: Place): boolean {
  return !place.file.startsWith("/") && !/^[A-Za-z]:/.test(place.file);
}

// Values of the protocol ------------------------------------------------------------------------------------------------

const SEVERITIES = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  hint: DiagnosticSeverity.Hint,
} as const;

function diagnosticsOf(path: string, workspace: Workspace): readonly ShownDiagnostic[] {
  const opened = workspace.at(path);
  if (opened === undefined) return [];
  return foremost(opened.program.diagnostics.filter((diagnostic) => diagnostic.file === path)).map((diagnostic) =>
    shownDiagnostic(diagnostic, opened, workspace),
  );
}

function shownDiagnostic(diagnostic: Diagnostic, opened: Opened, workspace: Workspace): ShownDiagnostic {
  const { code, message, help, labels } = diagnostic;
  return {
    range: rangeOf(opened.file, diagnostic),
    severity: SEVERITIES[diagnostic.severity],
    code,
    source: "gangc",
    message: help === undefined ? message : `${message}\n${help}`,
    relatedInformation: labels
      .filter((label) => !isVirtual(label))
      .map((label) => ({
        location: { uri: workspace.uriOf(label.file), range: rangeOf(linesAt(label.file, workspace.host), label) },
        message: label.message,
      })),
  };
}

function codeAction(diagnostic: Diagnostic, fix: Fix, opened: Opened, workspace: Workspace): CodeAction {
  return {
    title: fix.title,
    kind: CodeActionKind.QuickFix,
    diagnostics: [shownDiagnostic(diagnostic, opened, workspace)],
    isPreferred: diagnostic.fixes.length === 1,
    edit: { changes: changesOf(fix.edits, workspace) },
  };
}

function changesOf(edits: Fix["edits"], workspace: Workspace): { [uri: string]: TextEdit[] } {
  const changes: { [uri: string]: TextEdit[] } = {};
  const lines = new Map<string, Lines>();
  for (const edit of edits) {
    const file = lines.get(edit.file) ?? linesAt(edit.file, workspace.host);
    lines.set(edit.file, file);
    const uri = workspace.uriOf(edit.file);
    changes[uri] = [...(changes[uri] ?? []), { range: rangeOf(file, edit), newText: edit.newText }];
  }
  return changes;
}

/** One edit over what differs, so that the cursor and the folds elsewhere stay. */
function changedPart(before: Lines, after: string): TextEdit {
  const text = before.text;
  const most = Math.min(text.length, after.length);
  let start = 0;
  while (start < most && text[start] === after[start]) start++;
  let tail = 0;
  while (tail < most - start && text[text.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return {
    range: rangeOf(before, { start, end: text.length - tail }),
    newText: after.slice(start, after.length - tail),
  };
}

const COMPLETION_KINDS: { readonly [Kind in Completion["kind"]]: CompletionItemKind } = {
  keyword: CompletionItemKind.Keyword,
  setting: CompletionItemKind.Property,
  field: CompletionItemKind.Field,
  value: CompletionItemKind.EnumMember,
  subnet: CompletionItemKind.Module,
  metric: CompletionItemKind.Unit,
  task: CompletionItemKind.Constant,
  type: CompletionItemKind.Struct,
  model: CompletionItemKind.Class,
  agent: CompletionItemKind.Function,
  tool: CompletionItemKind.Function,
  tools: CompletionItemKind.Module,
  retry: CompletionItemKind.Class,
  backend: CompletionItemKind.Class,
  recall: CompletionItemKind.Class,
  secret: CompletionItemKind.Constant,
  pipeline: CompletionItemKind.Module,
  peer: CompletionItemKind.Class,
  parameter: CompletionItemKind.Variable,
  stage: CompletionItemKind.Variable,
  let: CompletionItemKind.Variable,
  item: CompletionItemKind.Variable,
  builtin: CompletionItemKind.Function,
};

function completionItem(item: Completion, range: TextEdit["range"]): CompletionItem {
  return {
    label: item.label,
    kind: COMPLETION_KINDS[item.kind],
    sortText: `${item.rank}${item.label}`,
    insertTextFormat: InsertTextFormat.PlainText,
    textEdit: { range, newText: item.insert ?? item.label },
    ...(item.detail === undefined ? {} : { detail: item.detail }),
    ...(item.doc === undefined ? {} : { documentation: { kind: MarkupKind.Markdown, value: item.doc } }),
  };
}

const SYMBOL_KINDS: { readonly [kind: string]: SymbolKind } = {
  subnet: SymbolKind.Module,
  metric: SymbolKind.Number,
  task: SymbolKind.Constant,
  type: SymbolKind.Struct,
  parameter: SymbolKind.Field,
  agent: SymbolKind.Function,
  tool: SymbolKind.Function,
  tools: SymbolKind.Module,
  pipeline: SymbolKind.Class,
  stage: SymbolKind.Method,
  let: SymbolKind.Variable,
  for: SymbolKind.Array,
  test: SymbolKind.Event,
};

function documentSymbol(entry: OutlineEntry, lines: Lines): DocumentSymbol {
  return {
    name: entry.name,
    kind: SYMBOL_KINDS[entry.kind] ?? SymbolKind.Object,
    detail: entry.kind,
    range: rangeOf(lines, entry),
    selectionRange: rangeOf(lines, entry.at),
    children: entry.children.map((child) => documentSymbol(child, lines)),
  };
}
