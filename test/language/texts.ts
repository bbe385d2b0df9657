/**
 * The texts of a TypeScript file that a person may read: (source) -> its string and template literals with their lines.
 *
 * Comments, regular expressions and module specifiers are left out. The substitutions of a template become "…".
 */
import { SyntaxKind } from "typescript/unstable/ast"
import { computeLineStarts, createScanner } from "typescript/unstable/ast/scanner"

export interface Text {
  readonly text: string
  /** From 1. */
  readonly line: number
}

/** After one of these a slash is a division; after any other token it starts a regular expression. */
const operandEnds = new Set([
  SyntaxKind.Identifier,
  SyntaxKind.NumericLiteral,
  SyntaxKind.BigIntLiteral,
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateTail,
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBracketToken,
  SyntaxKind.CloseBraceToken,
  SyntaxKind.ThisKeyword,
  SyntaxKind.PlusPlusToken,
  SyntaxKind.MinusMinusToken,
  SyntaxKind.RegularExpressionLiteral,
])

export const readTexts = (source: string): ReadonlyArray<Text> => {
  const scanner = createScanner(true)
  scanner.setText(source)
  const lineStarts = computeLineStarts(source)
  const lineOf = (position: number) => lineStarts.findLastIndex((start) => start <= position) + 1
  const texts: Array<Text> = []
  /** The open templates, each with the braces that are open in its current substitution. */
  const templates: Array<{ text: string; readonly line: number; braces: number }> = []
  let previous: SyntaxKind = SyntaxKind.Unknown
  for (let token = scanner.scan(); token !== SyntaxKind.EndOfFile; token = scanner.scan()) {
    const isSlash = token === SyntaxKind.SlashToken || token === SyntaxKind.SlashEqualsToken
    if (isSlash && !operandEnds.has(previous)) token = scanner.reScanSlashToken()
    const template = templates.at(-1)
    if (template !== undefined) {
      if (token === SyntaxKind.OpenBraceToken) template.braces++
      else if (token === SyntaxKind.CloseBraceToken && template.braces > 0) template.braces--
      else if (token === SyntaxKind.CloseBraceToken) {
        token = scanner.reScanTemplateToken(false)
        template.text += `…${scanner.getTokenValue()}`
        if (token === SyntaxKind.TemplateTail) texts.push(template)
        if (token === SyntaxKind.TemplateTail) templates.pop()
      }
    }
    if (scanner.isUnterminated())
      throw new Error(`line ${lineOf(scanner.getTokenStart())}: no end of a literal`)
    const line = lineOf(scanner.getTokenStart())
    if (token === SyntaxKind.TemplateHead) templates.push({ text: scanner.getTokenValue(), line, braces: 0 })
    const isModule = previous === SyntaxKind.FromKeyword || previous === SyntaxKind.ImportKeyword
    if (
      (token === SyntaxKind.StringLiteral && !isModule) ||
      token === SyntaxKind.NoSubstitutionTemplateLiteral
    ) {
      texts.push({ text: scanner.getTokenValue(), line })
    }
    previous = token
  }
  if (templates.length > 0) throw new Error(`line ${templates[0].line}: no end of a template`)
  return texts.map(({ line, text }) => ({ line, text }))
}
