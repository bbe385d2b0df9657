/**
 * Text without control characters: (text) -> what may be written to a terminal.
 *
 * Names of files, classes and runs, reasons and messages of servers come from outside. Control characters in them could clear the
 * screen, hide text or reverse it (Boucher and Anderson, Trojan Source, 2021), so they are written as \u001b. Line ends and tabs
 * stay. In JSON, the value stays the same.
 */
const hidden = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu

const isLayout = (character: string) => character === "\n" || character === "\t"

export const printable = (text: string): string =>
  text.replace(hidden, (character) =>
    isLayout(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )
