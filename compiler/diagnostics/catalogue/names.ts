/** GANG2xxx: what names mean. */
import { define } from "../diagnostic.ts";
import { TOOLS } from "./samples.ts";
import { fewListed, suggested } from "./wording.ts";

interface Unknown {
  readonly name: string;
  readonly suggestion: string | undefined;
}

export const unknownName = define<Unknown & { readonly what: string }>({
  code: "GANG2001",
  severity: "error",
  title: "Unknown name",
  message: ({ name, what }) => `There is no ${what} named \`${name}\` here.`,
  help: ({ suggestion }) => suggested(suggestion),
  explain: {
    text: "A name must be declared in this file, imported, or visible where it stands: a parameter, the variable of a `for`, a stage, a `let`. An agent sees its parameters and the file, never its caller's names.",
    wrong: "gang 1\nretry once { ladder: [smal] }\nmodel small = embedded()\n",
    right: "gang 1\nretry once { ladder: [small] }\nmodel small = embedded()\n",
  },
});

export const unknownType = define<Unknown>({
  code: "GANG2002",
  severity: "error",
  title: "Unknown type",
  message: ({ name }) => `There is no type named \`${name}\`.`,
  help: ({ suggestion }) => suggested(suggestion),
  explain: {
    text: "A type is built in (`bool int float string duration time money size file dir json secret`), declared with `type`, imported, or the `Task` of a subnet.",
    wrong: "gang 1\ntype Customer = { name: sting }\n",
    right: "gang 1\ntype Customer = { name: string }\n",
  },
});

export const duplicateName = define<{ readonly name: string; readonly what: string; readonly first: string }>({
  code: "GANG2003",
  severity: "error",
  title: "Duplicate name",
  message: ({ name, what, first }) =>
    what === first ? `A second ${what} is named \`${name}\`.` : `The ${what} \`${name}\` has the name of a ${first}.`,
  help: () => "Give one of the two another name, or delete it.",
  explain: {
    text: "Within a file every declaration has a name of its own, since a name is all that refers to it. The same holds for parameters, for the members of a subnet, and for what a file imports.",
    wrong: "gang 1\ntype Price = float\ntype Price = int\n",
    right: "gang 1\ntype Price = float\ntype Count = int\n",
  },
});

export const unknownField = define<Unknown & { readonly type: string; readonly known: readonly string[] }>({
  code: "GANG2004",
  severity: "error",
  title: "Unknown field",
  message: ({ name, type }) => `\`${name}\` is not a field of ${type}.`,
  help: ({ suggestion, known }) =>
    suggested(suggestion) ?? (known.length === 0 ? undefined : `It has ${fewListed(known)}.`),
  explain: {
    text: "Only fields that the type declares can be read or written. A choice's own fields lie flat beside it.",
    wrong:
      "gang 1\ntype Point = { x: float, y: float = 0.0 }\ntype Line = { from: Point = Point { x: 1.0, z: 2.0 } }\n",
    right:
      "gang 1\ntype Point = { x: float, y: float = 0.0 }\ntype Line = { from: Point = Point { x: 1.0, y: 2.0 } }\n",
  },
});

export const duplicateField = define<{ readonly name: string; readonly what: string }>({
  code: "GANG2005",
  severity: "error",
  title: "Duplicate entry",
  message: ({ name, what }) => `The ${what} \`${name}\` stands here a second time.`,
  help: () => "Delete one of the two, or give it another name.",
  explain: {
    text: "A record has each field once; so have parameters, a record's value, a choice's arms with the fields beside them, and the settings of a declaration.",
    wrong: "gang 1\ntype Customer = { name: string, name: string }\n",
    right: "gang 1\ntype Customer = { name: string, city: string }\n",
  },
});

export const wrongKind = define<{ readonly name: string; readonly actual: string; readonly wanted: string }>({
  code: "GANG2006",
  severity: "error",
  title: "Wrong kind of name",
  message: ({ name, actual, wanted }) => `\`${name}\` is ${actual}; ${wanted} is wanted here.`,
  explain: {
    text: "The name is known, but what it names cannot stand in this place: a ladder is made of models, a retry names a retry, a value is no type.",
    wrong: "gang 1\nmodel small = embedded()\nretry again { ladder: [again] }\n",
    right: "gang 1\nmodel small = embedded()\nretry again { ladder: [small] }\n",
  },
});

export const unknownSetting = define<Unknown & { readonly owner: string; readonly known: string }>({
  code: "GANG2007",
  severity: "error",
  title: "Unknown setting",
  message: ({ name, owner }) => `${owner} has no setting named \`${name}\`.`,
  help: ({ suggestion, known }) => suggested(suggestion) ?? `It can have: ${known}.`,
  explain: {
    text: "Each kind of declaration has its own settings. The message lists them where no near one is found.",
    wrong: "gang 1\nrecall winners { topp: 3 }\n",
    right: "gang 1\nrecall winners { top: 3 }\n",
  },
});

export const duplicateSetting = define<{ readonly name: string }>({
  code: "GANG2008",
  severity: "error",
  title: "Duplicate setting",
  message: ({ name }) => `\`${name}\` is set a second time.`,
  help: () => "Keep one of the two.",
  explain: {
    text: "A setting has one value. Limits that are several stand in one list: `limit: [$2 per cycle, $20 per 1d]`.",
    wrong: "gang 1\nrecall winners { top: 3, top: 4 }\n",
    right: "gang 1\nrecall winners { top: 4 }\n",
  },
});

export const unusedDeclaration = define<{ readonly name: string; readonly what: string }>({
  code: "GANG2010",
  severity: "hint",
  title: "Unused declaration",
  message: ({ name, what }) => `Nothing uses the ${what} \`${name}\`.`,
  help: () => "Delete it, or use it.",
  explain: {
    text: "In a file with a pipeline, a declaration that nothing names does nothing. Files without a pipeline are libraries: what they declare is for others.",
    wrong: `gang 1
import { ping } from "./tools.ts"
secret hotkey
pipeline watch {
  stage seen = ping()
}
`,
    right: `gang 1
import { keep } from "./tools.ts"
secret hotkey
tool ping(key: secret) -> bool = exec("./ping")
pipeline watch {
  stage seen = ping(key: hotkey)
  stage kept = keep(value: seen)
}
`,
    files: TOOLS,
  },
});

export const builtInName = define<{ readonly name: string }>({
  code: "GANG2012",
  severity: "error",
  title: "Built-in name",
  message: ({ name }) => `\`${name}\` is built in and cannot be declared again.`,
  help: () => "Choose another name.",
  explain: {
    text: "The built-in types keep their meaning in every file, so that a reader need not look them up.",
    wrong: "gang 1\ntype string = int\n",
    right: "gang 1\ntype text = int\n",
  },
});

export const unknownWord = define<Unknown & { readonly setting: string; readonly words: string }>({
  code: "GANG2013",
  severity: "error",
  title: "Unknown word",
  message: ({ name, setting }) => `\`${setting}\` cannot be \`${name}\`.`,
  help: ({ suggestion, words }) => suggested(suggestion) ?? `It can be ${words}.`,
  explain: {
    text: "Some settings take one of a few words.",
    wrong: "gang 1\nretry again { ladder: [self], stall: divert }\n",
    right: "gang 1\nretry again { ladder: [self], stall: diverge }\n",
  },
});

export const notInScope = define<{ readonly name: string; readonly where: string }>({
  code: "GANG2014",
  severity: "error",
  title: "Not in scope",
  message: ({ name, where }) => `\`${name}\` cannot be seen from here: ${where}.`,
  help: ({ name }) => `Hand it over as a parameter: \`${name}: …\` at the call, and in the list of parameters.`,
  explain: {
    text: "An agent's prompt sees the agent's parameters and the file, never the names of the pipeline that calls it. What it is to know, it is given.",
    wrong: `gang 1
import { keep } from "./tools.ts"
model own = embedded()
agent guess() -> bool {
  model: own
  prompt: "Prices lately: \${prices}"
}
tool fetch() -> string = exec("./fetch")
pipeline p {
  stage prices = fetch()
  stage answer = guess()
  stage kept = keep(value: prices)
  stage told = keep(value: answer)
}
`,
    right: `gang 1
import { keep } from "./tools.ts"
model own = embedded()
agent guess(prices: string) -> bool {
  model: own
  prompt: "Prices lately: \${prices}"
}
tool fetch() -> string = exec("./fetch")
pipeline p {
  stage prices = fetch()
  stage answer = guess(prices)
  stage kept = keep(value: prices)
  stage told = keep(value: answer)
}
`,
    files: TOOLS,
  },
});

export const missingSetting = define<{ readonly owner: string; readonly name: string; readonly example: string }>({
  code: "GANG2015",
  severity: "error",
  title: "Missing setting",
  message: ({ owner, name }) => `${owner} needs a \`${name}\`.`,
  help: ({ example }) => `Write \`${example}\`.`,
  explain: {
    text: "Some settings have no value that would suit everyone: an agent's model and prompt, a metric's goal.",
    wrong: 'gang 1\nagent guess() -> bool {\n  prompt: "Up or down?"\n}\n',
    right: 'gang 1\nmodel own = embedded()\nagent guess() -> bool {\n  model: own\n  prompt: "Up or down?"\n}\n',
  },
});

export const newerLanguage = define<{ readonly written: number; readonly newest: number }>({
  code: "GANG2020",
  severity: "error",
  title: "Newer language",
  message: ({ written, newest }) =>
    `This file is written in version ${written} of Gang; this compiler knows versions up to ${newest}.`,
  help: () => "Install a newer `ganglion`, or lower the number if the file uses nothing new.",
  explain: {
    text: "`gang 1` at the top of a file says in which version of the language it is written.",
    wrong: "gang 7\n",
    right: "gang 1\n",
  },
});

export const noVersion = define({
  code: "GANG2021",
  severity: "hint",
  title: "No version line",
  message: () => "The file does not say which version of Gang it is written in; the newest is meant.",
  help: () => "Write `gang 1` as the first line.",
  explain: {
    text: "Without the line, a later version of the compiler may read the file otherwise.",
    wrong: "type Price = float\n",
    right: "gang 1\ntype Price = float\n",
  },
});

export const unusedSuppression = define<{ readonly code: string; readonly isError: boolean }>({
  code: "GANG2030",
  severity: "warning",
  title: "Unused suppression",
  message: ({ code, isError }) =>
    isError
      ? `${code} is an error on the next line, and errors cannot be suppressed.`
      : `Nothing on the next line is reported as ${code}.`,
  help: ({ isError }) => (isError ? "Mend the error, and delete the comment." : "Delete the comment."),
  explain: {
    text: "`// gang-ignore CODE: why` keeps a diagnostic of that code from being shown on the next line. One that does nothing hides the next real problem.",
    wrong: "gang 1\n// gang-ignore GANG3001: the feed gives text\ntype Price = float\n",
    right: "gang 1\ntype Price = float\n",
  },
});

export const suppressionWithoutReason = define<{ readonly code: string }>({
  code: "GANG2031",
  severity: "warning",
  title: "Suppression without reason",
  message: ({ code }) => `The comment suppresses ${code} without saying why.`,
  help: ({ code }) => `Write \`// gang-ignore ${code}: the reason\`.`,
  explain: {
    text: "Whoever reads the file next must know whether the reason still holds.",
    wrong:
      'gang 1\ntool ping() -> bool = exec("./ping")\npipeline p {\n  // gang-ignore GANG4012\n  stage seen = ping()\n}\n',
    right:
      'gang 1\ntool ping() -> bool = exec("./ping")\npipeline p {\n  // gang-ignore GANG4012: the call is what counts\n  stage seen = ping()\n}\n',
  },
});
