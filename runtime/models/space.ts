/**
 * A type as a space to search: a fixed list of coordinates in [0, 1], some of which only count under certain choices
 * (the tail of "garch"), and the way from coordinates to values and back. Logarithmic ranges are logarithmic here.
 */
import type { Field, Json, NumberType, Type } from "../types.ts";
import { BINS } from "../values/canonical.ts";
import { armOf } from "../values/validate.ts";

export interface Dimension {
  /** Where it stands in the value: `family`, `weights[2]`. */
  readonly path: string;
  /** How many values it has; `undefined` for a range. */
  readonly options: number | undefined;
  /** Of a range, the distance of two neighbouring claims. */
  readonly resolution: number;
}

/** A coordinate a dimension, in [0, 1]; `undefined` where the value does not have it. */
export type Point = readonly (number | undefined)[];

export interface Space {
  readonly dimensions: readonly Dimension[];
  /** Coordinates that do not count may be anything. */
  decode(coordinates: readonly number[]): Json;
  /** `undefined` where the value is not of the type. */
  encode(value: Json): Point | undefined;
  /** What the declaration proposes first: its defaults, once for each arm of a choice without one. */
  readonly presets: readonly Json[];
}

/** Throws an `Error` that names the path of what is no search space; the compiler refuses such programs before. */
export function spaceOf(type: Type): Space {
  const dimensions: Dimension[] = [];
  const place = builder(dimensions);
  const root = place(type, "");
  return {
    dimensions,
    decode: (coordinates) => root.decode(coordinates),
    encode(value) {
      const point: (number | undefined)[] = new Array(dimensions.length).fill(undefined);
      return root.encode(value, point) ? point : undefined;
    },
    presets: presetsOf(type),
  };
}

const spaces = new WeakMap<Type, Space | Error>();

/** The space of a type, worked out once; `undefined` where it is none. */
export function knownSpaceOf(type: Type): Space | undefined {
  const space = spaceOrReason(type);
  return space instanceof Error ? undefined : space;
}

export function spaceOrReason(type: Type): Space | Error {
  let space = spaces.get(type);
  if (space === undefined) {
    try {
      space = spaceOf(type);
    } catch (error) {
      space = error as Error;
    }
    spaces.set(type, space);
  }
  return space;
}

interface Part {
  decode(coordinates: readonly number[]): Json;
  /** Whether the value fits. */
  encode(value: Json, point: (number | undefined)[]): boolean;
}

function builder(dimensions: Dimension[]) {
  const coordinate: Coordinate = (path, options, resolution = 0) => dimensions.push({ path, options, resolution }) - 1;

  const category = (path: string, values: readonly Json[]): Part => {
    if (values.length === 1) return { decode: () => values[0]!, encode: (value) => value === values[0] };
    const at = coordinate(path, values.length);
    return {
      decode: (coordinates) => values[indexOf(coordinates[at]!, values.length)]!,
      encode(value, point) {
        const index = values.indexOf(value);
        point[at] = (index + 0.5) / values.length;
        return index >= 0;
      },
    };
  };

  const place = (type: Type, path: string): Part => {
    switch (type.kind) {
      case "bool":
        return category(path, [false, true]);
      case "literal":
        return category(path, [type.value]);
      case "none":
        return category(path, [null]);
      case "choice":
        return category(
          path,
          type.arms.map((arm) => arm.value),
        );
      case "int":
      case "float":
      case "duration":
      case "size":
      case "money":
        return range(type, path, coordinate);
      case "optional": {
        const at = coordinate(`${path}?`, 2);
        const inner = place(type.of, path);
        return {
          decode: (coordinates) => (coordinates[at]! < 0.5 ? null : inner.decode(coordinates)),
          encode(value, point) {
            point[at] = value === null ? 0.25 : 0.75;
            return value === null || inner.encode(value, point);
          },
        };
      }
      case "list": {
        const least = type.least ?? 0;
        if (type.most === undefined)
          throw new Error(`${path || "the result"} is a list without bounds, and no search space`);
        const lengths = type.most - least + 1;
        const at = lengths > 1 ? coordinate(`${path}.length`, lengths) : -1;
        const items = Array.from({ length: type.most }, (_, i) => place(type.of, `${path}[${i}]`));
        return {
          decode: (coordinates) =>
            items
              .slice(0, least + (at < 0 ? 0 : indexOf(coordinates[at]!, lengths)))
              .map((item) => item.decode(coordinates)),
          encode(value, point) {
            if (!Array.isArray(value) || value.length < least || value.length > items.length) return false;
            if (at >= 0) point[at] = (value.length - least + 0.5) / lengths;
            return value.every((item: Json, i) => items[i]!.encode(item, point));
          },
        };
      }
      case "record":
        return record(type.fields, path);
      case "union": {
        const at = coordinate(`${path}|`, type.members.length);
        const members = type.members.map((member) => place(member, path));
        return {
          decode: (coordinates) => members[indexOf(coordinates[at]!, members.length)]!.decode(coordinates),
          encode(value, point) {
            const trial = members.map((member) => {
              const own = [...point];
              return member.encode(value, own) ? own : undefined;
            });
            const index = trial.findIndex((own) => own !== undefined);
            trial[index]?.forEach((own, i) => {
              point[i] = own;
            });
            point[at] = (index + 0.5) / members.length;
            return index >= 0;
          },
        };
      }
      default:
        throw new Error(`${path || "the result"} is ${type.kind}, which is no search space`);
    }
  };

  /** The fields, each with those that its choice brings, flat in one record. */
  const record = (fields: readonly Field[], path: string): Part => {
    const parts = fields.map((field) => {
      const { name, type } = field;
      const at = path === "" ? name : `${path}.${name}`;
      const held = isHeld(field);
      const part = held ? { decode: () => field.default!, encode: () => true } : place(type, at);
      const choice = type.kind === "optional" ? type.of : type;
      const arms =
        choice.kind === "choice" && !held
          ? choice.arms.map((arm) => ({
              value: arm.value,
              part: arm.fields.length === 0 ? undefined : record(arm.fields, path),
            }))
          : [];
      return { field, part, arms };
    });
    return {
      decode(coordinates) {
        const value: { [key: string]: Json } = {};
        for (const { field, part, arms } of parts) {
          const item = part.decode(coordinates);
          if (item === null) continue;
          value[field.name] = item;
          Object.assign(value, arms.find((arm) => arm.value === item)?.part?.decode(coordinates));
        }
        return value;
      },
      encode(value, point) {
        if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
        const given = value as { readonly [key: string]: Json };
        return parts.every(({ field, part, arms }) => {
          const item = given[field.name] ?? field.default ?? null;
          if (!part.encode(item, point)) return false;
          return arms.find((arm) => arm.value === item)?.part?.encode(value, point) ?? true;
        });
      },
    };
  };

  return place;
}

type Coordinate = (path: string, options: number | undefined, resolution?: number) => number;

function range(type: NumberType, path: string, coordinate: Coordinate): Part {
  const { low, high, kind } = type;
  if (low === undefined || high === undefined)
    throw new Error(`${path || "the result"} is a number without bounds, and no search space`);
  if (low === high) return { decode: () => low, encode: (value) => value === low };
  const width = type.step ?? (kind === "int" && high - low <= BINS ? 1 : (high - low) / BINS);
  const at = coordinate(path, undefined, type.log === true ? 1 / BINS : width / (high - low));
  const log = type.log === true && low > 0;
  // A whole number owns the unit around it, or the ends would come up half as often as the rest.
  const [from, to] = kind === "int" && !log ? [low - 0.5, high + 0.5] : [low, high];
  return {
    decode(coordinates) {
      const unit = Math.min(Math.max(coordinates[at]!, 0), 1);
      const raw = log ? from * (to / from) ** unit : from + unit * (to - from);
      return Math.min(Math.max(kind === "int" ? Math.round(raw) : raw, low), high);
    },
    encode(value, point) {
      if (typeof value !== "number" || value < low || value > high) return false;
      point[at] = log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
      return true;
    },
  };
}

/** Whether two values are one step apart at most: then they are hardly two things to try. */
export function areNear(space: Space, a: Json, b: Json): boolean {
  const [from, to] = [space.encode(a), space.encode(b)];
  return (
    from !== undefined &&
    to !== undefined &&
    space.dimensions.every(({ options, resolution }, i) => {
      if (from[i] === undefined || to[i] === undefined) return from[i] === to[i];
      return Math.abs(from[i] - to[i]) <= (options === undefined ? resolution * 1.001 : 0);
    })
  );
}

/** A plain scalar with a default is not searched: it stays at it. */
function isHeld({ type, default: preset }: Field): boolean {
  if (preset === undefined) return false;
  const of = type.kind === "optional" ? type.of : type;
  switch (of.kind) {
    case "string":
    case "time":
    case "file":
    case "dir":
    case "json":
      return true;
    case "int":
    case "float":
    case "duration":
    case "size":
    case "money":
      return of.low === undefined || of.high === undefined;
    default:
      return false;
  }
}

/** More combinations than this say nothing about what the author would try first. */
const MOST_PRESETS = 16;

function presetsOf(type: Type): readonly Json[] {
  if (type.kind !== "record" || type.fields.length === 0) return [];
  type Partial = { readonly [key: string]: Json };
  const fill = (partials: readonly Partial[], fields: readonly Field[]): readonly Partial[] =>
    fields.reduce<readonly Partial[]>((known, { name, type: of, default: preset }) => {
      if (known.length > MOST_PRESETS) return [];
      const choice = of.kind === "optional" ? of.of : of;
      if (preset === undefined && of.kind === "optional") return known;
      const values =
        preset !== undefined ? [preset] : choice.kind === "choice" ? choice.arms.map((arm) => arm.value) : [];
      return values.flatMap((value) => {
        const arm = choice.kind === "choice" ? armOf(choice.arms, value) : undefined;
        const own = value === null ? known : known.map((partial) => ({ ...partial, [name]: value }));
        return arm === undefined ? own : fill(own, arm.fields);
      });
    }, partials);
  return fill([{}], type.fields);
}

const indexOf = (coordinate: number, options: number): number =>
  Math.min(options - 1, Math.max(0, Math.floor(coordinate * options)));
