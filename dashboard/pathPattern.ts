/** Paths with parameters: (`/runs/:id`, path) -> the parameters, decoded, or undefined if the path is another one. */
export type PathParameters = Readonly<Record<string, string>>

const decoded = (part: string): string | undefined => {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

export const matchPath = (pattern: string, path: string): PathParameters | undefined => {
  const [wanted, parts] = [pattern.split("/"), path.split("/")]
  if (wanted.length !== parts.length) return undefined
  const found: Record<string, string> = Object.create(null)
  for (const [i, name] of wanted.entries()) {
    if (!name.startsWith(":")) {
      if (name !== parts[i]) return undefined
      continue
    }
    const value = decoded(parts[i])
    if (value === undefined || value === "") return undefined
    found[name.slice(1)] = value
  }
  return found
}
