/** Where @tensorflow/tfjs-node-gpu may be: () -> places to import it from, in the order they are tried. */
import { statSync } from "node:fs"
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

/** Those where the package is there, whole or not. */
export const locate = (): ReadonlyArray<Place> =>
  places.flatMap((place) => {
    try {
      const found = createRequire(place.from).resolve("@tensorflow/tfjs-node-gpu/package.json")
      return [{ ...place, folder: dirname(found) }]
    } catch {
      return []
    }
  })

/** Changes whenever the package's native library does. */
export const stampOf = ({ folder }: Place): string => {
  const addon = statSync(join(folder, "lib", "napi-v8", "tfjs_binding.node"), { throwIfNoEntry: false })
  return addon === undefined ? "none" : `${addon.size}/${addon.mtimeMs}`
}
