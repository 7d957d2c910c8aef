/**
 * The prelude: what is there in every file without an import, in Gang where Gang can say it. Its text stands in a
 * module, so that it is there wherever the compiler runs.
 */
export const PRELUDE_PATH = "prelude.gang";

export const PRELUDE = `gang 1

/// One observation about one choice by one peer: what the \`where\` of a recall reads.
type Evidence = {
  /// How long ago it was made.
  age: duration in 0s..36500d
  /// How far the peer that made it is believed, from what others measured.
  trust: float in 0.0..1.0
  peer: string
  /// It ran, and gave a valid answer.
  ok: bool
  /// The class of the failure, where it failed.
  class?: string
  metric?: string
  value?: float
  /// Measured by a tool or a score, not a model's own opinion.
  verified: bool
  /// It had been recalled before it was chosen.
  echo: bool
  /// The item of the \`for\` in which it was made.
  scope: string
  /// The subnet's version at the time.
  version?: string
  /// How often the subnet had moved by then.
  regime: int in 0..1000000
}

/// What rules a tool without a retry of its own.
retry once { ladder: [self] }

/// What rules an agent without a retry of its own.
retry thrice {
  ladder: [self x 3]
  stall: diverge
  backoff: 1s..60s
}

/// What a stage reads without a recall of its own.
recall standard {
  from: [patterns, antipatterns]
  top: 5
  halflife: 7d
}

/// This machine.
backend local = local()
`;
