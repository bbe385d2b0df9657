/** Lines of a shell: (text of a block) -> lines; (line) -> words, if it is one plain command. */

/** Without comments; a line that ends in a backslash goes on in the next. */
export const shellLines = (text: string): ReadonlyArray<string> =>
  text
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.replace(/(^|\s)#\s.*$/, "").trim())
    .filter((line) => line !== "")

/** The words of a command without pipes, redirections or substitutions; otherwise nothing. */
export const plainWords = (line: string): ReadonlyArray<string> | undefined => {
  const words = [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word)
  const unquoted = words.join(" ").replace(/'[^']*'|"[^"]*"/g, "")
  if (/[|<>&;$`]/.test(unquoted)) return undefined
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double))
}

/** What comes after `pnpm pipeline`, however pnpm is started. */
export const pipelineWords = (line: string): ReadonlyArray<string> | undefined => {
  const words = plainWords(line)
  const start = ["pnpm pipeline", "npx -y pnpm@10 pipeline"].find((prefix) => line.startsWith(`${prefix} `))
  return words === undefined || start === undefined ? undefined : words.slice(start.split(" ").length)
}
