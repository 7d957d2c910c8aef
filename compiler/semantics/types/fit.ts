/**
 * Whether a value of one type may stand where another is wanted. Values are immutable, so everything is covariant.
 *
 * `fits` holds for every value; `may` for some, so the value is checked as it arrives; `never` is an error. Fitting is
 * transitive but for width: `{ x: string }` fits `{}`, and `{}` fits `{ x?: int }`, as in TypeScript.
 */
import type { Arm, Field, NumberType, Type } from "../../../runtime/types.ts";
import { type Deep, solve } from "./deep.ts";
import { display, displayNumber } from "./display.ts";
import {
  armsWithFields,
  findField,
  isNumber,
  isPlain,
  isPoint,
  type RecordType,
  sameUnit,
  withoutOptional,
} from "./visit.ts";

export interface Fit {
  readonly verdict: "fits" | "may" | "never";
  /** Why it does not fit, or may not; absent for `fits`. */
  readonly why?: Why;
}

/** A reason, or a step towards the part that has it. */
export type Why = { readonly at: string; readonly inner: Why } | { readonly reason: string };

/** Where the reason lies (`model.scale`, `tasks[].step`; empty for the type as a whole), and what it is. */
export interface Explanation {
  readonly path: string;
  readonly reason: string;
}

const FITS: Fit = { verdict: "fits" };
const RANK = { never: 0, may: 1, fits: 2 } as const;
const LONGEST_PATH = 12;

export function fits(from: Type, to: Type): Fit {
  return known(from, to) ?? solve({ from, to }, judge);
}

export function explain(fit: Fit): Explanation | undefined {
  if (fit.why === undefined) return undefined;
  const steps: string[] = [];
  let why = fit.why;
  while ("at" in why) {
    steps.push(why.at);
    why = why.inner;
  }
  const shown = steps.length > LONGEST_PATH ? [...steps.slice(0, LONGEST_PATH - 2), ".…", steps.at(-1)!] : steps;
  return { path: shown.join("").replace(/^\./, ""), reason: why.reason };
}

/** `field "scale": 3.0 lies outside 0.5..2.0`; empty where there is nothing to explain. */
export function explainText(fit: Fit): string {
  const explanation = explain(fit);
  if (explanation === undefined) return "";
  return explanation.path === "" ? explanation.reason : `field "${explanation.path}": ${explanation.reason}`;
}

// The judgement ---------------------------------------------------------------------------------------------------

interface Pair {
  readonly from: Type;
  readonly to: Type;
}
type Judging = Deep<Pair, Fit>;

/** Types are immutable and shared, so an answer holds for as long as both live. */
const answers = new WeakMap<Type, WeakMap<Type, Fit>>();

function known(from: Type, to: Type): Fit | undefined {
  if (from === to) return FITS;
  if (isNumber(from) && isNumber(to)) return numbers(from, to);
  return answers.get(from)?.get(to);
}

function* judge({ from, to }: Pair): Judging {
  const answer = yield* judgeAfresh(from, to);
  const row = answers.get(from) ?? new WeakMap<Type, Fit>();
  row.set(to, answer);
  answers.set(from, row);
  return answer;
}

function* ask(from: Type, to: Type): Judging {
  return known(from, to) ?? (yield { from, to });
}

function* judgeAfresh(from: Type, to: Type): Judging {
  if (to.kind === "optional") return from.kind === "none" ? FITS : yield* ask(withoutOptional(from), to.of);
  if (from.kind === "secret" || to.kind === "secret") return secrets(from, to);
  if (to.kind === "json") return yield* intoJson(from);
  if (from.kind === "optional" || from.kind === "none") return fromOptional(from, to);
  if (from.kind === "json") return may(`${shown(from)} may be anything`);
  if (from.kind === "union") return yield* fromUnion(from.members, to);
  if (to.kind === "union") return yield* intoUnion(from, to);
  if (isNumber(from) && isNumber(to)) return numbers(from, to);
  switch (to.kind) {
    case "string":
      return from.kind === "string" || from.kind === "choice" ? FITS : mismatch(from, to);
    case "bool":
      return from.kind === "bool" || from.kind === "literal" ? FITS : mismatch(from, to);
    case "literal":
      if (from.kind === "bool") return may(`it may be ${!to.value}`);
      return from.kind === "literal" && from.value === to.value ? FITS : mismatch(from, to);
    case "choice":
      if (from.kind === "string") return may(`it may be none of ${shown(to)}`);
      return from.kind === "choice" ? choices(from.arms, to) : mismatch(from, to);
    case "list":
      return from.kind === "list" ? yield* lists(from, to) : mismatch(from, to);
    case "map":
      if (from.kind === "map") return within("[]", yield* ask(from.of, to.of));
      return from.kind === "record" ? yield* recordIntoMap(from, to.of) : mismatch(from, to);
    case "record":
      if (from.kind === "record") return yield* records(from.fields, to.fields);
      return from.kind === "map" ? yield* mapIntoRecord(from.of, to) : mismatch(from, to);
    default:
      return from.kind === to.kind ? FITS : mismatch(from, to);
  }
}

// Scalars -----------------------------------------------------------------------------------------------------------

function secrets(from: Type, to: Type): Fit {
  if (from.kind === to.kind) return FITS;
  return never(
    from.kind === "secret"
      ? `a secret fits only a parameter declared \`secret\``
      : `only a declared secret fits \`secret\``,
  );
}

function fromOptional(from: Type, to: Type): Fit {
  if (from.kind === "none" && to.kind === "none") return FITS;
  return never(
    from.kind === "none"
      ? `none does not fit ${shown(to)}`
      : `it may be missing: say what stands in for it with \`??\``,
  );
}

function numbers(from: NumberType, to: NumberType): Fit {
  if (!sameUnit(from.kind, to.kind)) {
    return isPlain(from.kind) ? never(`${shown(from)} has no unit, and ${shown(to)} needs one`) : mismatch(from, to);
  }
  const low = from.low ?? Number.NEGATIVE_INFINITY;
  const high = from.high ?? Number.POSITIVE_INFINITY;
  const least = to.low ?? Number.NEGATIVE_INFINITY;
  const most = to.high ?? Number.POSITIVE_INFINITY;
  const whole = to.kind === "int" && from.kind !== "int";
  if (low >= least && high <= most) {
    if (!whole || (low === high && Number.isInteger(low))) return FITS;
    return Math.ceil(low) > Math.floor(high)
      ? never(`${value(from)} is not a whole number`)
      : may(`it may not be a whole number`);
  }
  let from1 = Math.max(low, least);
  let to1 = Math.min(high, most);
  if (to.kind === "int" || from.kind === "int") [from1, to1] = [Math.ceil(from1), Math.floor(to1)];
  const bounds = `${displayNumber(least, to.kind)}..${displayNumber(most, to.kind)}`;
  return from1 > to1 ? never(`${value(from)} lies outside ${bounds}`) : may(`it may lie outside ${bounds}`);
}

function value(type: NumberType): string {
  if (type.low === undefined || type.high === undefined) return shown(type);
  const low = displayNumber(type.low, type.kind);
  return isPoint(type) ? low : `${low}..${displayNumber(type.high, type.kind)}`;
}

function choices(arms: readonly Arm[], to: Extract<Type, { kind: "choice" }>): Fit {
  const values = new Set(to.arms.map((arm) => arm.value));
  const strange = arms.filter((arm) => !values.has(arm.value));
  if (strange.length === 0) return FITS;
  const first = JSON.stringify(strange[0]!.value);
  return strange.length === arms.length
    ? never(`${first} is none of ${shown(to)}`)
    : may(`${first} is none of ${shown(to)}`);
}

// Unions and json ---------------------------------------------------------------------------------------------------

/** Every member must fit; where only some do, the value decides. */
function* fromUnion(members: readonly Type[], to: Type): Judging {
  const all: Fit[] = [];
  for (const member of members) all.push(yield* ask(member, to));
  return eachOf(all);
}

function eachOf(all: readonly Fit[]): Fit {
  const worst = all.reduce(weaker, FITS);
  if (worst.verdict !== "never" || all.every((fit) => fit.verdict === "never")) return worst;
  return { ...worst, verdict: "may" };
}

function* intoUnion(from: Type, to: Extract<Type, { kind: "union" }>): Judging {
  let best: Fit | undefined;
  for (const member of to.members) {
    const fit = yield* ask(from, member);
    if (fit.verdict === "fits") return fit;
    if (best === undefined || RANK[fit.verdict] > RANK[best.verdict]) best = fit;
  }
  if (best === undefined || best.verdict === "never") return mismatch(from, to);
  return best;
}

function* intoJson(from: Type): Judging {
  const json: Type = JSON_TYPE;
  switch (from.kind) {
    case "optional":
    case "list":
    case "map":
      return yield* ask(from.of, json);
    case "union": {
      let worst = FITS;
      for (const member of from.members) worst = weaker(worst, yield* ask(member, json));
      return worst;
    }
    case "record":
      return yield* fieldsInto(from.fields, json);
    default:
      return FITS;
  }
}

const JSON_TYPE: Type = { kind: "json" };

function* fieldsInto(fields: readonly Field[], to: Type): Judging {
  let worst = FITS;
  for (const field of fields) {
    worst = weaker(worst, within(`.${field.name}`, yield* ask(withoutOptional(field.type), to)));
    for (const arm of armsWithFields(field.type)) worst = weaker(worst, yield* fieldsInto(arm.fields, to));
  }
  return worst;
}

// Lists, maps, records ------------------------------------------------------------------------------------------------

function* lists(from: Extract<Type, { kind: "list" }>, to: Extract<Type, { kind: "list" }>): Judging {
  const size = lengths(from, to);
  if (from.most === 0 || size.verdict === "never") return size;
  return weaker(within("[]", yield* ask(from.of, to.of)), size);
}

function lengths(from: Extract<Type, { kind: "list" }>, to: Extract<Type, { kind: "list" }>): Fit {
  const [low, high] = [from.least ?? 0, from.most ?? Number.POSITIVE_INFINITY];
  const [least, most] = [to.least ?? 0, to.most ?? Number.POSITIVE_INFINITY];
  if (low >= least && high <= most) return FITS;
  const wanted =
    least === most ? `${least}` : most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`;
  if (low <= most && high >= least) return may(`it may not have ${wanted} items`);
  return never(
    `it has ${low === high ? low : high < least ? `at most ${high}` : `at least ${low}`} items, not ${wanted}`,
  );
}

/** Width again: a record may hold fields that its type does not name. */
function* recordIntoMap(from: RecordType, of: Type): Judging {
  return weaker(yield* fieldsInto(from.fields, of), may("the record may have more fields than its type names"));
}

function* mapIntoRecord(of: Type, to: RecordType): Judging {
  let worst = may(`a map may lack its fields`);
  for (const field of to.fields) {
    if (isRequired(field)) worst = weaker(worst, within(`.${field.name}`, yield* ask(of, field.type)));
  }
  return worst;
}

/** A record into the fields of another; more fields fit less. */
function* records(from: readonly Field[], to: readonly Field[]): Judging {
  let worst = FITS;
  for (const field of to) {
    worst = weaker(worst, within(`.${field.name}`, yield* intoField(from, field)));
    const arms = armsWithFields(field.type);
    if (arms.length > 0) worst = weaker(worst, yield* intoArms(from, field.name, arms));
    if (worst.verdict === "never") return worst;
  }
  return worst;
}

function* intoField(from: readonly Field[], field: Field): Judging {
  const found = findField(from, field.name);
  if (found.length === 0) return isRequired(field) ? never("it is missing") : FITS;
  const all: Fit[] = [];
  for (const place of found) {
    // A default stands in for what is missing, on either side.
    const there = place.field.default !== undefined || field.default !== undefined;
    all.push(
      yield* ask(
        there ? withoutOptional(place.type) : place.type,
        field.default === undefined ? field.type : withoutOptional(field.type),
      ),
    );
  }
  if (!found[0]!.always && isRequired(field)) all.push(never("only some arms of a choice bring it"));
  return eachOf(all);
}

/**
 * What an arm of the target brings must be there when the value picks that arm. Each choice is looked at by itself:
 * fields that hang on two choices at once are rare, and would cost the product of both.
 */
function* intoArms(from: readonly Field[], name: string, arms: readonly Arm[]): Judging {
  const own = from.find((field) => field.name === name);
  const picked = own === undefined ? undefined : withoutOptional(own.type);
  // Without the field no arm is picked; `intoField` has said whether that is right.
  if (picked === undefined || picked.kind === "json") return FITS;
  const all: Fit[] = [];
  for (const arm of arms) {
    if (picked.kind !== "choice") {
      all.push(yield* records(from, arm.fields));
      continue;
    }
    const same = picked.arms.find((candidate) => candidate.value === arm.value);
    if (same === undefined) continue;
    all.push(
      yield* records(
        [...from.map((field) => (field === own ? pick(field, arm.value) : field)), ...same.fields],
        arm.fields,
      ),
    );
  }
  return eachOf(all);
}

function pick(field: Field, value: string): Field {
  return { name: field.name, type: { kind: "choice", arms: [{ value, fields: [] }] } };
}

function isRequired(field: Field): boolean {
  return field.default === undefined && field.type.kind !== "optional";
}

// Making answers --------------------------------------------------------------------------------------------------------

function may(reason: string): Fit {
  return { verdict: "may", why: { reason } };
}

function never(reason: string): Fit {
  return { verdict: "never", why: { reason } };
}

function mismatch(from: Type, to: Type): Fit {
  return never(`${shown(from)} does not fit ${shown(to)}`);
}

function within(at: string, fit: Fit): Fit {
  return fit.why === undefined ? fit : { verdict: fit.verdict, why: { at, inner: fit.why } };
}

function weaker(a: Fit, b: Fit): Fit {
  return RANK[b.verdict] < RANK[a.verdict] ? b : a;
}

function shown(type: Type): string {
  return `\`${display(type, 40)}\``;
}
