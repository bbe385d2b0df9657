/** Where own code runs: (stack of an error) -> function, file and line of its innermost frame in own code. */

/** Modules of own code have addresses of this scheme: `tidemark-code:/<digest of all files>/<path>`. */
export const scheme = "tidemark-code:"

export interface Frame {
  /** Empty at the top level of a module. */
  readonly name: string
  readonly file: string
  readonly line: string
}

/** V8's format is parsed, because only a stack has the line. The first line is the message. */
export const frameOf = (stack: string | undefined): Frame | undefined => {
  for (const text of (stack ?? "").split("\n")) {
    const [, name = "", file, line] =
      /^\s+at (?:(?:async |new )?(\S+).* \()?tidemark-code:\/[0-9a-f]+\/(.+?):(\d+):\d+\)?$/.exec(text) ?? []
    if (file !== undefined) return { name: name.replace(/^(?:Object|Module)\./, ""), file, line }
  }
  return undefined
}

/** `call (own/squeeze.ts:12)`, or the file and line alone. */
export const showFrame = ({ file, line, name }: Frame) =>
  name === "" || name === "<anonymous>" ? `${file}:${line}` : `${name} (${file}:${line})`

/** A stack that is deep enough to reach own code from inside a TensorFlow.js operation. */
const depth = 60

/** Runs `f` with stacks that are deep enough for `frameOf`. */
export const withDeepStacks = <T>(f: () => T): T => {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = depth
  try {
    return f()
  } finally {
    Error.stackTraceLimit = before
  }
}
