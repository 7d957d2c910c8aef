/** The one table of exit codes: what scripts may rely on, and what `gangc help exit-codes` shows. */
export const EXIT = {
  fine: 0,
  problems: 1,
  usage: 2,
  environment: 3,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANING: { readonly [name in keyof typeof EXIT]: string } = {
  fine: "all is well",
  problems: "the program under check or run has problems: errors, a failed run or test, unformatted files",
  usage: "the command was called in a way it does not understand",
  environment: "the environment is at fault: a missing key, an unreachable backend, an unreadable store",
  interrupted: "interrupted; what was recorded is complete",
};
