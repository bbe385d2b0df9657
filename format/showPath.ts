/** Where a part of a value is: ["model", 0, "filters"] -> model[0].filters; empty for the whole value. */
export const showPath = (path: ReadonlyArray<PropertyKey>): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`
    return text === "" ? String(key) : `${text}.${String(key)}`
  }, "")
