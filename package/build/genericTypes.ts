/**
 * Copies the types that depend on other types into declarations: (symbols) -> their text as it is written.
 *
 * A mapped or conditional type over a whole experiment would be thousands of lines if it were written out, and a generic function
 * cannot be. Such types, and those that they name, are declared beside the exports, and not exported.
 */
import ts from "typescript-declarations"

type Signature = ts.SignatureDeclaration | ts.JSDocSignature

const declarationOf = (symbol: ts.Symbol) =>
  symbol.declarations?.find(
    (each) =>
      ts.isTypeAliasDeclaration(each) || ts.isInterfaceDeclaration(each) || ts.isVariableDeclaration(each),
  )

const isOfThisProject = (node: ts.Node) => !node.getSourceFile().fileName.includes("/node_modules/")

/** Whether a type is copied wherever it is met: an interface with parameters, or a mapped type. */
export const isGeneric = (symbol: ts.Symbol): boolean => {
  const declaration = declarationOf(symbol)
  if (declaration === undefined || !isOfThisProject(declaration)) return false
  return ts.isInterfaceDeclaration(declaration)
    ? declaration.typeParameters !== undefined
    : ts.isTypeAliasDeclaration(declaration) && ts.isMappedTypeNode(declaration.type)
}

export class GenericTypes {
  readonly checker: ts.TypeChecker
  readonly exported: ReadonlyMap<ts.Symbol, string>
  /** Writes a type out. */
  readonly written: (type: ts.Type) => string
  /** What is to be declared, in the order in which it was met. */
  readonly found = new Set<ts.Symbol>()

  constructor(
    checker: ts.TypeChecker,
    exported: ReadonlyMap<ts.Symbol, string>,
    written: (type: ts.Type) => string,
  ) {
    this.checker = checker
    this.exported = exported
    this.written = written
  }

  nameOf(symbol: ts.Symbol): string {
    this.found.add(symbol)
    return symbol.name
  }

  /** Whether a function cannot be written without them: it has type parameters, or a result that is generic. */
  isNeededBy(signature: Signature): boolean {
    if (!isOfThisProject(signature)) return false
    if (signature.typeParameters !== undefined) return true
    const { type } = signature
    return type !== undefined && ts.isTypeReferenceNode(type) && this.refersTo(type.typeName).some(isGeneric)
  }

  copySignature(signature: Signature): string {
    const { parameters, type, typeParameters } = signature
    if (type === undefined) throw new Error(`the result of ${signature.getText()} is not declared`)
    const list = (nodes: ReadonlyArray<ts.Node>) => nodes.map((node) => this.copy(node)).join(", ")
    const generics = typeParameters === undefined ? "" : `<${list(typeParameters)}>`
    return `${generics}(${list(parameters)}): ${this.copy(type)}`
  }

  /** The declarations of what was found, and of what those name in their turn. */
  declarations(): ReadonlyArray<string> {
    const texts: Array<string> = []
    // A set gives what is added while it is read.
    for (const symbol of this.found) texts.push(this.declaration(symbol))
    // In a module with this line, only what says so is exported.
    return texts.length === 0 ? [] : [...texts, "export {}"]
  }

  private declaration(symbol: ts.Symbol): string {
    const declaration = declarationOf(symbol)
    if (declaration === undefined) throw new Error(`${symbol.name} has no declaration that can be copied`)
    if (ts.isVariableDeclaration(declaration)) return `declare const ${this.copy(declaration)}`
    // What is computed from a value is written out: its value is not declared.
    if (ts.isTypeAliasDeclaration(declaration) && /\btypeof\b/.test(declaration.getText()))
      return `type ${symbol.name} = ${this.written(this.checker.getDeclaredTypeOfSymbol(symbol))}`
    return this.copy(declaration).replace(/^export /, "")
  }

  /** The text of a node; what it names is declared too. */
  private copy(node: ts.Node): string {
    const visit = (each: ts.Node): void => {
      if (ts.isIdentifier(each)) this.refersTo(each)
      ts.forEachChild(each, visit)
    }
    visit(node)
    return node.getText()
  }

  private refersTo(name: ts.EntityName): ReadonlyArray<ts.Symbol> {
    const found = this.checker.getSymbolAtLocation(name)
    if (found === undefined) return []
    const symbol = (found.flags & ts.SymbolFlags.Alias) === 0 ? found : this.checker.getAliasedSymbol(found)
    const declaration = declarationOf(symbol)
    const isLocal = declaration !== undefined && isOfThisProject(declaration) && !this.exported.has(symbol)
    if (isLocal) this.found.add(symbol)
    return [symbol]
  }
}
