/** The settings of one declaration, stage or block, each read as what its name says it is. */
import type { Json, Limit } from "../../runtime/plan.ts";
import type { ReadSetting, SettingValue, Symbol } from "../semantics/program.ts";
import type * as tree from "../syntax/tree.ts";

type Kind = SettingValue["kind"];
type OfKind<K extends Kind> = Extract<SettingValue, { readonly kind: K }>;

export class Settings {
  readonly #byName: ReadonlyMap<string, ReadSetting>;

  constructor(written: readonly ReadSetting[], replaced: ReadonlyMap<string, ReadSetting> | undefined) {
    this.#byName = new Map([...written.map((setting) => [setting.name, setting] as const), ...(replaced ?? [])]);
  }

  names(): Iterable<string> {
    return this.#byName.keys();
  }

  node(name: string): tree.Setting | undefined {
    return this.#byName.get(name)?.node;
  }

  value(name: string): SettingValue | undefined {
    return this.#byName.get(name)?.value;
  }

  of<K extends Kind>(name: string, kind: K): OfKind<K> | undefined {
    const value = this.value(name);
    return value?.kind === kind ? (value as OfKind<K>) : undefined;
  }

  constant(name: string): Json | undefined {
    return this.of(name, "constant")?.value;
  }

  number(name: string): number | undefined {
    const value = this.constant(name);
    return typeof value === "number" ? value : undefined;
  }

  flag(name: string): boolean | undefined {
    const value = this.constant(name);
    return typeof value === "boolean" ? value : undefined;
  }

  symbol(name: string): Symbol | undefined {
    return this.of(name, "symbol")?.symbol;
  }

  words(name: string): readonly string[] | undefined {
    return this.of(name, "words")?.words;
  }

  expression(name: string): tree.Expression | undefined {
    return this.of(name, "expression")?.node;
  }

  get limits(): readonly Limit[] {
    return this.of("limit", "limits")?.limits ?? [];
  }
}
