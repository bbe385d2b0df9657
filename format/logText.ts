/** The values of one log call. */
export const logParts = (message: unknown): ReadonlyArray<unknown> =>
  Array.isArray(message) ? message : [message]

/** The text of a log call: its values without the objects, which are fields. */
export const logText = (message: unknown): string =>
  logParts(message)
    .filter((part) => typeof part !== "object" || part === null)
    .map(String)
    .join(" ")
