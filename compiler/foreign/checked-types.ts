/** Types as TypeScript's checker knows them, as Gang types. The counterpart of `syntax-types.ts`; both follow `meaning.ts`. */
import type {
  Type as Checked,
  Checker,
  Signature,
  Symbol as TsSymbol,
  TupleType,
  TypeReference,
} from "typescript/unstable/sync";
import type { Field, Type } from "../../runtime/types.ts";
import { literalOf, named, optional } from "../semantics/types/make.ts";
import { type FunctionMeaning, severalParameters } from "./functions.ts";
import {
  CONTEXT_NAMES,
  FORMS,
  type Form,
  GLOBAL_TYPES,
  RUNTIME_TYPES,
  STRANGE_TYPES,
  tupleOf,
  unite,
} from "./meaning.ts";
import { Refused } from "./refusal.ts";

// The API's enums are real objects in a module that is loaded lazily; these are its documented numbers.
const Flag = {
  any: 1 | 2,
  nothing: 4 | 8 | 16,
  null: 8,
  undefined: 4 | 16,
  string: 32 | 4194304 | 8388608,
  number: 64,
  bigint: 128,
  boolean: 256,
  symbol: 512 | 16384,
  literal: 1024 | 2048 | 4096 | 8192,
  bigintLiteral: 4096,
  nonPrimitive: 131072,
  never: 262144,
  parameter: 524288,
} as const;
const SymbolFlag = { class: 32, method: 8192, optional: 16777216, value: 3 | 16 } as const;
const Element = { required: 1, optional: 2, rest: 4 | 8 } as const;
const CALL = 0;

/** Deeper parts, as of a generic type that goes on for ever, are `json`. */
const DEEPEST = 40;

const JSON_TYPE: Type = { kind: "json" };
const NONE: Type = { kind: "none" };

export class CheckedReader {
  readonly #checker: Checker;
  readonly #open = new Set<number>();
  readonly #done = new Map<number, Type>();
  readonly recursive: string[] = [];
  #depth = 0;

  constructor(checker: Checker) {
    this.#checker = checker;
  }

  /** What an exported symbol is: a function's meaning, or a type. */
  functionOf(symbol: TsSymbol): FunctionMeaning | undefined {
    if ((symbol.flags & SymbolFlag.value) === 0) return undefined;
    const type = this.#checker.getTypeOfSymbol(symbol);
    if (type === undefined || type.isErrorType()) throw new Refused("unresolved", symbol.name);
    const [first, ...more] = this.#checker.getSignaturesOfType(type, CALL);
    if (first === undefined) {
      if (type.flags & Flag.any) throw new Refused("unresolved", symbol.name);
      throw new Refused("value", `of type \`${this.#text(type)}\``);
    }
    if (more.length > 0) throw new Refused("overloads", "");
    return this.#signature(symbol.name, first);
  }

  declaredType(symbol: TsSymbol): Type {
    const type = this.#checker.getDeclaredTypeOfSymbol(symbol);
    if (type.isErrorType()) throw new Refused("unresolved", symbol.name);
    const read = this.read(type);
    return named(read, symbol.name);
  }

  #signature(name: string, signature: Signature): FunctionMeaning {
    const open = signature.getTypeParameters()[0];
    if (open !== undefined) throw new Refused("generic", this.#text(open));
    const parameters = signature.getParameters();
    const [first, second] = parameters;
    const several = parameters.length > 2 || (second !== undefined && !this.#isContext(second));
    if (several || signature.hasRestParameter)
      throw severalParameters(
        name,
        parameters.map((parameter) => parameter.name),
      );
    const result = this.#result(signature);
    if (first === undefined) return { parameters: [], nulls: [], forms: {}, ...result };
    const taken = this.#checker.getTypeOfSymbol(first);
    if (taken === undefined) throw new Refused("untyped", "");
    const type = this.read(taken);
    const inner = type.kind === "optional" ? type.of : type;
    if (inner.kind !== "record") throw new Refused("not-object", this.#text(taken));
    const properties = this.#checker.getPropertiesOfType(taken);
    const nulls = properties.filter((property) => this.#takesNull(property)).map((property) => property.name);
    const forms = properties.flatMap((property): [string, Form][] => {
      const form = this.#form(property);
      return form === undefined ? [] : [[property.name, form]];
    });
    return { parameters: inner.fields, nulls, forms: Object.fromEntries(forms), ...result };
  }

  #isContext(symbol: TsSymbol): boolean {
    const type = this.#checker.getTypeOfSymbol(symbol);
    return (
      type !== undefined &&
      this.#checker.getPropertiesOfType(type).every((property) => CONTEXT_NAMES.has(property.name))
    );
  }

  #form(property: TsSymbol): Form | undefined {
    for (const type of this.#members(property)) {
      const form = type.flags & Flag.bigint ? "bigint" : FORMS.get(this.#libraryName(type) ?? "");
      if (form !== undefined) return form;
    }
    return undefined;
  }

  #members(property: TsSymbol): readonly Checked[] {
    const type = this.#checker.getTypeOfSymbol(property);
    return type?.isUnionType() ? type.getTypes() : type === undefined ? [] : [type];
  }

  #takesNull(property: TsSymbol): boolean {
    const members = this.#members(property);
    const has = (flag: number): boolean => members.some((member) => (member.flags & flag) !== 0);
    return (property.flags & SymbolFlag.optional) === 0 && has(Flag.null) && !has(Flag.undefined);
  }

  #result(signature: Signature): Pick<FunctionMeaning, "result" | "effect"> {
    let type = this.#checker.getReturnTypeOfSignature(signature);
    if (type === undefined || type.isErrorType()) throw new Refused("unresolved", "result");
    type = this.#withoutPromise(type);
    const effect = this.#isRuntime(type, "Effect");
    const inner = effect ? (this.#checker.getTypeArguments(type as TypeReference)[0] ?? type) : type;
    if (inner.flags & Flag.never) throw new Refused("strange", "it never returns");
    const read = this.read(inner);
    if (read.kind === "secret") throw new Refused("strange", "a tool cannot return a secret");
    return { result: read.kind === "none" ? undefined : read, effect };
  }

  #withoutPromise(type: Checked): Checked {
    let inner = type;
    while (this.#libraryName(inner) === "Promise" || this.#libraryName(inner) === "PromiseLike") {
      const of = this.#checker.getTypeArguments(inner as TypeReference)[0];
      if (of === undefined) break;
      inner = of;
    }
    return inner;
  }

  // Types -----------------------------------------------------------------------------------------------------------

  read(type: Checked): Type {
    const { flags } = type;
    if (type.isErrorType()) throw new Refused("unresolved", this.#text(type));
    if (flags & Flag.any || flags & Flag.nonPrimitive) return JSON_TYPE;
    if (flags & Flag.nothing) return NONE;
    if (type.isBooleanLiteralType()) return literalOf(String(type.value) === "true");
    if (flags & Flag.bigintLiteral && type.isLiteralType()) return literalOf(Number(type.value), "int");
    if (type.isStringLiteralType()) return literalOf(type.value);
    if (type.isNumberLiteralType()) return literalOf(type.value, Number.isInteger(type.value) ? "int" : "float");
    if (flags & Flag.string) return { kind: "string" };
    if (flags & Flag.number) return { kind: "float" };
    if (flags & Flag.bigint) return { kind: "int" };
    if (flags & Flag.boolean) return { kind: "bool" };
    if (flags & Flag.symbol) throw new Refused("strange", "a `symbol` is not JSON");
    if (flags & Flag.never) throw new Refused("strange", "`never` has no values");
    if (flags & Flag.parameter) throw new Refused("generic", this.#text(type));
    if (type.isUnionType())
      return this.#named(type, () =>
        unite(
          type.getTypes().map((member) => this.read(member)),
          undefined,
        ),
      );
    const marked = this.#runtimeType(type);
    if (marked !== undefined) return marked;
    if (type.isObjectType() || type.isIntersectionType()) return this.#object(type);
    throw new Refused("unresolved", this.#text(type));
  }

  /** `Duration` is `number & { [gang]?: "Duration" }`. */
  #runtimeType(type: Checked): Type | undefined {
    if (!type.isIntersectionType()) return undefined;
    for (const part of type.getTypes()) {
      if (!part.isObjectType()) continue;
      for (const property of this.#checker.getPropertiesOfType(part)) {
        if (!property.name.includes("gang")) continue;
        const name = this.#checker.getTypeOfSymbol(property);
        const members = name?.isUnionType() ? name.getTypes() : name === undefined ? [] : [name];
        const found = members.find((member) => member.isStringLiteralType());
        if (found?.isStringLiteralType()) return RUNTIME_TYPES.get(found.value);
      }
    }
    return undefined;
  }

  #isRuntime(type: Checked, name: string): boolean {
    const symbol = type.getSymbol();
    return symbol?.name === name && (symbol.declarations[0]?.path.includes("gang-signatures") ?? false);
  }

  /** The name of a type of TypeScript's library, of Node's, of the DOM's. */
  #libraryName(type: Checked): string | undefined {
    const symbol = type.getSymbol();
    const path = symbol?.declarations[0]?.path;
    if (symbol === undefined || path === undefined) return undefined;
    const isLibrary = /\/lib\.[\w.]+\.d\.ts$|\/@types\/node\//.test(path);
    return isLibrary ? symbol.name : undefined;
  }

  #object(type: Checked): Type {
    const library = this.#libraryName(type);
    if (library !== undefined) {
      const known = GLOBAL_TYPES.get(library);
      if (known !== undefined) return known;
      if (library === "Promise" || library === "PromiseLike") return this.read(this.#withoutPromise(type));
      const strange = STRANGE_TYPES.get(library);
      if (strange !== undefined) throw new Refused("strange", strange);
    }
    if (this.#isRuntime(type, "Effect")) return this.read(this.#checker.getTypeArguments(type as TypeReference)[0]!);
    if (this.#checker.isTupleType(type)) return this.#tuple(type as TypeReference);
    if (this.#checker.isArrayType(type)) {
      const of = this.#checker.getTypeArguments(type as TypeReference)[0];
      return { kind: "list", of: of === undefined ? JSON_TYPE : this.read(of) };
    }
    return this.#named(type, () => this.#fields(type));
  }

  #tuple(type: TypeReference): Type {
    const flags = (type.getTarget() as TupleType).elementFlags;
    const parts = this.#checker.getTypeArguments(type).map((part) => this.read(part));
    const least = flags.filter((flag) => flag & Element.required).length;
    const open = flags.some((flag) => flag & Element.rest);
    return tupleOf(parts, least, open ? undefined : flags.length, () => undefined);
  }

  #fields(type: Checked): Type {
    const [call] = this.#checker.getSignaturesOfType(type, CALL);
    if (call !== undefined) throw new Refused("callback", this.#text(type));
    const symbol = type.getSymbol();
    const properties = this.#checker.getPropertiesOfType(type);
    if (
      symbol !== undefined &&
      symbol.flags & SymbolFlag.class &&
      properties.some((property) => property.flags & SymbolFlag.method)
    ) {
      throw new Refused("class", symbol.name);
    }
    const fields = properties.flatMap((property) => this.#field(property));
    const [index] = this.#checker.getIndexInfosOfType(type);
    if (index !== undefined && fields.length === 0) return { kind: "map", of: this.read(index.valueType) };
    const doc = symbol?.getDocumentationComment(this.#checker) ?? "";
    return { kind: "record", fields, ...(doc === "" ? {} : { doc }) };
  }

  #field(property: TsSymbol): readonly Field[] {
    const type = this.#checker.getTypeOfSymbol(property);
    if (type === undefined) throw new Refused("unresolved", property.name);
    const isOptional = (property.flags & SymbolFlag.optional) !== 0;
    if (this.#isCallable(type)) {
      if (isOptional) return [];
      throw new Refused("callback", `${property.name}: ${this.#text(type)}`);
    }
    const read = this.read(type);
    const doc = property.getDocumentationComment(this.#checker).replace(/\s+/g, " ");
    return [{ name: property.name, type: isOptional ? optional(read) : read, ...(doc === "" ? {} : { doc }) }];
  }

  #isCallable(type: Checked): boolean {
    const members = type.isUnionType() ? type.getTypes() : [type];
    return members.some((member) => this.#checker.getSignaturesOfType(member, CALL).length > 0);
  }

  /** Under its declared name, if it has one; cut where it contains itself. */
  #named(type: Checked, read: () => Type): Type {
    const done = this.#done.get(type.id);
    if (done !== undefined) return done;
    const alias = type.getAliasSymbol() ?? type.getSymbol();
    const name = alias === undefined || alias.name.startsWith("__") ? undefined : alias.name;
    if (this.#open.has(type.id) || this.#depth >= DEEPEST) {
      const shown = name ?? this.#text(type);
      if (!this.recursive.includes(shown)) this.recursive.push(shown);
      return JSON_TYPE;
    }
    this.#open.add(type.id);
    this.#depth++;
    const cuts = this.recursive.length;
    const meaning = read();
    this.#depth--;
    this.#open.delete(type.id);
    const isGeneric = type.getAliasTypeArguments().length > 0 || this.#isInstance(type);
    const whole = name === undefined || isGeneric ? meaning : named(meaning, name);
    if (cuts === this.recursive.length) this.#done.set(type.id, whole);
    return whole;
  }

  #isInstance(type: Checked): boolean {
    return type.isTypeReference() && this.#checker.getTypeArguments(type).length > 0;
  }

  #text(type: Checked): string {
    const text = this.#checker.typeToString(type).replace(/\s+/g, " ");
    return text.length > 60 ? `${text.slice(0, 59)}…` : text;
  }
}
