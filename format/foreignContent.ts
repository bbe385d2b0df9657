/**
 * Recognizes what is often found in place of a data file: (first bytes) -> what it is, and what to do; undefined for anything else.
 *
 * A checkout without its large files has pointers to them; a server may send a page or a message instead of a file. All of them
 * are text, and no data file of this project begins like one.
 */

/** What was found, and what to do. */
export interface ForeignContent {
  readonly found: string
  readonly advice: string
}

/** Enough for every first line that is looked for. */
export const foreignBytes = 512

const lfs = { found: "a Git LFS pointer", advice: "get the file itself with `git lfs pull`" }
const annex = { found: "a git-annex pointer", advice: "get the file itself with `git annex get`" }
const page = (found: string) => ({
  found,
  advice: "open the address in a browser: the file may have moved, or need a login",
})

const kinds: ReadonlyArray<readonly [start: RegExp, content: ForeignContent]> = [
  [/^version https:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec\//, lfs],
  [/^(\.\.\/)*(\.git\/annex\/objects\/|\/annex\/objects\/)/, annex],
  [/^(<!--[^]*?-->\s*)?<(!doctype html|html|head|body|script|meta)\b/i, page("an HTML page")],
  [/^(<\?xml|<error>|<soap)/i, page("an XML document")],
  [/^\{\s*"(error|errors|message|detail|code|status)"\s*:/i, page("a JSON message")],
]

/** Text is UTF-8; a byte order mark and white space may come before it. */
export const foreignContent = (bytes: Uint8Array): ForeignContent | undefined => {
  const start = new TextDecoder().decode(bytes.subarray(0, foreignBytes)).trimStart()
  return kinds.find(([pattern]) => pattern.test(start))?.[1]
}
