/**
 * Writes the declarations of the package: (entry) -> the text of a `.d.ts` in which every type is written out.
 *
 * What `tsc` would emit names the schemas, engines and stages that a type comes from. Here a type is resolved and printed as it is
 * seen by a user, with its comments: only types of the same entry, of the standard library and of effect are named. Types that
 * depend on others are copied (genericTypes.ts).
 */
import { join, sep } from "node:path"
import ts from "typescript-declarations"
import { root } from "./bundle.ts"
import { GenericTypes, isGeneric } from "./genericTypes.ts"

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowImportingTsExtensions: true,
  verbatimModuleSyntax: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  skipLibCheck: true,
  types: ["node"],
}

const indent = (text: string) => text.replaceAll("\n", "\n  ")

const commentOf = (text: string) => {
  if (text === "") return ""
  const lines = text.split("\n")
  return lines.length === 1
    ? `/** ${text} */\n`
    : `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join("\n")}\n */\n`
}

/** A name as a property: quoted if it is no identifier. */
const propertyName = (name: string) =>
  name.startsWith("__@asyncDispose")
    ? "[Symbol.asyncDispose]"
    : /^[A-Za-z_$][\w$]*$/.test(name)
      ? name
      : JSON.stringify(name)

/** Types of effect that a user names too; others are written out. */
const ofEffect = ["Effect", "Scope", "Stream"]

/** Generic since TypeScript 5.7 only, with a default. */
const isTypedArray = (name: string) => /^(?:Uint8|Float32)Array$/.test(name)

const alternatives = (texts: ReadonlyArray<string>) => {
  const isBoolean = texts.includes("true") && texts.includes("false")
  const others = isBoolean
    ? [...texts.filter((text) => text !== "true" && text !== "false"), "boolean"]
    : texts
  const unique = [...new Set(others)].map((text) => (text.includes("=>") ? `(${text})` : text))
  const last = ["null", "undefined"]
  return [
    ...unique.filter((text) => !last.includes(text)),
    ...last.filter((text) => unique.includes(text)),
  ].join(" | ")
}

class Printer {
  /** Modules of effect that are named. */
  readonly modules = new Set<string>()

  readonly checker: ts.TypeChecker
  /** The exports of the entry by what they stand for: they are named. */
  readonly names: ReadonlyMap<ts.Symbol, string>
  /** The same by type: a type that is computed has no name of its own. */
  readonly declared: ReadonlyMap<ts.Type, ts.Symbol>

  readonly generic: GenericTypes

  constructor(checker: ts.TypeChecker, names: ReadonlyMap<ts.Symbol, string>) {
    this.checker = checker
    this.names = names
    this.generic = new GenericTypes(checker, names, (type) => this.type(type))
    const types = [...names.keys()].filter(({ flags }) => (flags & ts.SymbolFlags.Type) !== 0)
    this.declared = new Map(types.map((symbol) => [checker.getDeclaredTypeOfSymbol(symbol), symbol]))
  }

  private commentOf(symbol: ts.Symbol) {
    return commentOf(ts.displayPartsToString(symbol.getDocumentationComment(this.checker)))
  }

  /** The name of a type with its arguments, if it has one that a user can see. */
  private named(type: ts.Type, own: ts.Symbol | undefined): string | undefined {
    const declared = this.declared.get(type)
    if (declared !== undefined && declared !== own) return this.names.get(declared)
    const symbol = type.aliasSymbol ?? type.getSymbol()
    if (symbol === undefined || symbol === own || symbol.name.startsWith("__")) return undefined
    const exported = this.names.get(symbol)
    if (exported !== undefined) return exported
    const file = symbol.declarations?.[0]?.getSourceFile().fileName ?? ""
    // It contains itself.
    if (symbol.name === "Json" && file.endsWith("/effect/dist/Schema.d.ts")) return "unknown"
    const [, module = ""] = /\/effect\/dist\/(\w+)\.d\.ts$/.exec(file) ?? []
    if (ofEffect.includes(module)) {
      this.modules.add(module)
      return `${module}.${symbol.name}${this.list(this.argumentsOf(type))}`
    }
    if (isGeneric(symbol)) return this.generic.nameOf(symbol) + this.list(this.argumentsOf(type))
    const isStandard = /\/typescript(?:-declarations)?\/lib\/lib\.|\/@types\/node\//.test(file)
    if (!isStandard || type.aliasSymbol !== undefined) return undefined
    return isTypedArray(symbol.name) ? symbol.name : symbol.name + this.list(this.argumentsOf(type))
  }

  /** Type arguments without those at the end that are `never` or `any`, which are defaults. */
  private list(types: ReadonlyArray<ts.Type>) {
    const texts = types.map((each) => this.type(each))
    const length = texts.findLastIndex((text) => text !== "never" && text !== "any") + 1
    return length === 0 ? "" : `<${texts.slice(0, length).join(", ")}>`
  }

  private argumentsOf(type: ts.Type): ReadonlyArray<ts.Type> {
    const isReference =
      (type.flags & ts.TypeFlags.Object) !== 0 &&
      ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference) !== 0
    return isReference ? this.checker.getTypeArguments(type as ts.TypeReference) : []
  }

  /** `own`: the symbol that is being declared, which is written out and not named. */
  type(type: ts.Type, own?: ts.Symbol): string {
    const name = this.named(type, own)
    if (name !== undefined) return name
    if (this.checker.isTupleType(type)) {
      return `readonly [${this.argumentsOf(type)
        .map((each) => this.type(each))
        .join(", ")}]`
    }
    if (type.isUnion()) return this.union(type)
    if ((type.flags & ts.TypeFlags.Object) === 0 && !type.isIntersection())
      return this.checker.typeToString(type)
    const [signature] = type.getCallSignatures()
    if (signature !== undefined && type.getProperties().length === 0) {
      return `${this.typeParameters(signature)}(${this.parameters(signature)}) => ${this.type(signature.getReturnType())}`
    }
    return this.object(type)
  }

  private union(type: ts.UnionType) {
    return alternatives(type.types.map((part) => this.type(part)))
  }

  private typeParameters(signature: ts.Signature) {
    const texts = (signature.getTypeParameters() ?? []).map((parameter) => {
      const [constraint, standard] = [parameter.getConstraint(), parameter.getDefault()]
      const limit = constraint === undefined ? "" : ` extends ${this.type(constraint)}`
      return `${parameter.symbol.name}${limit}${standard === undefined ? "" : ` = ${this.type(standard)}`}`
    })
    return texts.length === 0 ? "" : `<${texts.join(", ")}>`
  }

  private parameters(signature: ts.Signature) {
    return signature
      .getParameters()
      .map((parameter) => {
        const declared = parameter.valueDeclaration
        const isRest =
          declared !== undefined && ts.isParameter(declared) && declared.dotDotDotToken !== undefined
        const isOptional =
          declared !== undefined && ts.isParameter(declared) && this.checker.isOptionalParameter(declared)
        // A parameter that is taken apart has no name of its own.
        const name =
          /^\w+$/.test(parameter.name) && !parameter.name.startsWith("__") ? parameter.name : "options"
        const type = this.checker.getTypeOfSymbol(parameter)
        const text = this.type(isOptional ? this.checker.getNonNullableType(type) : type)
        return `${isRest ? "..." : ""}${name}${isOptional ? "?" : ""}: ${text}`
      })
      .join(", ")
  }

  private object(type: ts.Type) {
    const lines = this.checker
      .getIndexInfosOfType(type)
      .map(({ keyType, type }) => `readonly [key: ${this.type(keyType)}]: ${this.type(type)}`)
    for (const property of type.getProperties()) {
      const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0
      const text = this.property(property)
      lines.push(
        `${this.commentOf(property)}readonly ${propertyName(property.name)}${isOptional ? "?" : ""}: ${text}`,
      )
    }
    return lines.length === 0 ? "{}" : `{\n  ${lines.map(indent).join("\n  ")}\n}`
  }

  /** An optional property is absent or has its type: without `undefined`. */
  private property(property: ts.Symbol) {
    const [declaration] = property.declarations ?? []
    // As it is written, if it is: there an alias still has its name.
    if (declaration !== undefined && ts.isPropertySignature(declaration) && declaration.type !== undefined) {
      const isOwn = !declaration.getSourceFile().fileName.includes("/node_modules/")
      if (isOwn) return this.type(this.checker.getTypeFromTypeNode(declaration.type))
    }
    const type = this.checker.getTypeOfSymbol(property)
    const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0
    if (!isOptional || !type.isUnion()) return this.type(type)
    const isNullable = type.types.some(({ flags }) => (flags & ts.TypeFlags.Null) !== 0)
    // The union that it was before it became optional, which may have a name.
    if (!isNullable) return this.type(this.checker.getNonNullableType(type))
    return alternatives(
      type.types.filter(({ flags }) => (flags & ts.TypeFlags.Undefined) === 0).map((part) => this.type(part)),
    )
  }

  declaration(name: string, symbol: ts.Symbol): string {
    const comment = this.commentOf(symbol)
    if ((symbol.flags & ts.SymbolFlags.Class) !== 0) return comment + this.error(name, symbol)
    if ((symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias)) !== 0) {
      const text = this.type(this.checker.getDeclaredTypeOfSymbol(symbol), symbol)
      return text.startsWith("{") && text.endsWith("}") && !text.includes("} | {")
        ? `${comment}export interface ${name} ${text}`
        : `${comment}export type ${name} = ${text}`
    }
    const type = this.checker.getTypeOfSymbol(symbol)
    const [signature] = type.getCallSignatures()
    if (signature?.declaration !== undefined && this.generic.isNeededBy(signature.declaration))
      return `${comment}export declare function ${name}${this.generic.copySignature(signature.declaration)}`
    return signature === undefined
      ? `${comment}export declare const ${name}: ${this.type(type, symbol)}`
      : `${comment}export declare function ${name}${this.typeParameters(signature)}(${this.parameters(signature)}): ${this.type(signature.getReturnType())}`
  }

  /** The one class is an error, and only its fields are of use. */
  private error(name: string, symbol: ts.Symbol) {
    const type = this.checker.getDeclaredTypeOfSymbol(symbol)
    const inherited = new Set(["name", "stack", "cause", "toString", "asEffect", "toJSON", "pipe"])
    const fields = type
      .getProperties()
      .filter(
        (field) => /^\w+$/.test(field.name) && !field.name.startsWith("__") && !inherited.has(field.name),
      )
    const lines = fields.map(
      (field) =>
        `${this.commentOf(field)}readonly ${field.name}: ${this.type(this.checker.getTypeOfSymbol(field))}`,
    )
    return `export declare class ${name} extends Error {\n  private constructor()\n  ${lines.map(indent).join("\n  ")}\n}`
  }
}

/** The sources of the entries, by the name of their declarations. */
export const entries = {
  index: "schemas/index.ts",
  run: "api/index.ts",
  promises: "api/promises.ts",
} as const

/** The declarations of all entries, by name. One that re-exports what an earlier one declares refers to it. */
export const declarations = (): Readonly<Record<keyof typeof entries, string>> => {
  const program = ts.createProgram(
    Object.values(entries).map((path) => join(root, path)),
    options,
  )
  const checker = program.getTypeChecker()
  /** Where a symbol is declared, of the entries so far. */
  const declaredIn = new Map<ts.Symbol, string>()
  const textOf = (entry: keyof typeof entries) => {
    const source = program.getSourceFile(join(root, entries[entry]).split(sep).join("/"))
    const module = source && checker.getSymbolAtLocation(source)
    if (module === undefined) throw new Error(`${entries[entry]} is no module`)
    const exported = checker
      .getExportsOfModule(module)
      .map((symbol) => ({
        name: symbol.name,
        symbol: (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    const printer = new Printer(checker, new Map(exported.map(({ name, symbol }) => [symbol, name])))
    const own = exported.filter(({ symbol }) => !declaredIn.has(symbol))
    const texts = own.map(({ name, symbol }) => printer.declaration(name, symbol))
    texts.push(...printer.generic.declarations())
    const lines = [...printer.modules].sort().map((name) => `import type * as ${name} from "effect/${name}"`)
    for (const [from, others] of Map.groupBy(
      exported.filter(({ symbol }) => declaredIn.has(symbol)),
      ({ symbol }) => declaredIn.get(symbol),
    )) {
      const isValue = ({ symbol }: (typeof exported)[number]) => (symbol.flags & ts.SymbolFlags.Value) !== 0
      const list = others.map((each) => (isValue(each) ? each.name : `type ${each.name}`)).join(", ")
      lines.push(`import { ${list} } from "./${from}.js"`, `export { ${list} }`)
    }
    for (const { symbol } of own) declaredIn.set(symbol, entry)
    return `${lines.map((line) => `${line}\n`).join("")}${lines.length === 0 ? "" : "\n"}${texts.join("\n\n")}\n`
  }
  return { index: textOf("index"), run: textOf("run"), promises: textOf("promises") }
}
