/** Where @tensorflow/tfjs-node-gpu may be: () -> places to import it from, in the order they are tried. */
import { existsSync, statSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const project = fileURLToPath(new URL("../../", import.meta.url))

/** What `pnpm engine:tensorflow` builds. */
export const builtFolder = join(project, ".engine", "tensorflow")

export interface Place {
  /** For people. */
  readonly name: string
  /** A file whose node_modules have the package. */
  readonly from: string
  /** The package's own folder. */
  readonly folder: string
}

const places = [
  { name: "built by `pnpm engine:tensorflow`", from: join(builtFolder, "package.json") },
  { name: "installed by pnpm", from: join(project, "package.json") },
]

/** The package as it would be imported from `from`; undefined where it is not there at all. */
export const placeAt = (name: string, from: string): Place | undefined => {
  // Node.js looks in the folders above as well, where another place has its own.
  if (!existsSync(from)) return undefined
  try {
    const found = createRequire(from).resolve("@tensorflow/tfjs-node-gpu/package.json")
    return { name, from, folder: dirname(found) }
  } catch {
    return undefined
  }
}

/** Those where the package is there, whole or not. */
export const locate = (): ReadonlyArray<Place> =>
  places.flatMap(({ from, name }) => placeAt(name, from) ?? [])

/** Changes whenever the package's native library does. */
export const stampOf = ({ folder }: Place): string => {
  const addon = statSync(join(folder, "lib", "napi-v8", "tfjs_binding.node"), { throwIfNoEntry: false })
  return addon === undefined ? "none" : `${addon.size}/${addon.mtimeMs}`
}
