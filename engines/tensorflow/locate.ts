/** The places where @tensorflow/tfjs-node-gpu may be installed: () -> those where it is, in the order they are tried. */
import { existsSync, statSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { addTensorflow, isCheckout } from "../../format/program.ts"
import { cacheFolder } from "../cacheFolder.ts"

const project = fileURLToPath(new URL("../../", import.meta.url))

/** A user without a home has no cache: then the folder of the program is as good as any. */
const cached = () => {
  try {
    return cacheFolder()
  } catch {
    return project
  }
}

/** Where it is built: in the checkout, or for a program that is installed as a package, in the user's cache. */
export const builtFolder = isCheckout
  ? join(project, ".engine", "tensorflow")
  : join(cached(), "engines", "tensorflow")

export interface Place {
  /** How it got there, for people. */
  readonly name: string
  /** A file from which the package can be imported. */
  readonly from: string
  /** The folder of the package. */
  readonly folder: string
}

const places = [
  { name: `built by \`${addTensorflow}\``, from: join(builtFolder, "package.json") },
  { name: "downloaded by its install script", from: join(project, "package.json") },
]

/** The package as imported from `from`, or undefined if it is not installed there. */
export const placeAt = (name: string, from: string): Place | undefined => {
  // Node.js would look in the folders above as well, where another place is.
  if (!existsSync(from)) return undefined
  try {
    const found = createRequire(from).resolve("@tensorflow/tfjs-node-gpu/package.json")
    return { name, from, folder: dirname(found) }
  } catch {
    return undefined
  }
}

/** The places where the package is, complete or not. */
export const locate = (): ReadonlyArray<Place> =>
  places.flatMap(({ from, name }) => placeAt(name, from) ?? [])

const addonOf = ({ folder }: Place) =>
  statSync(join(folder, "lib", "napi-v8", "tfjs_binding.node"), { throwIfNoEntry: false })

/** Whether the package has its native library: pnpm installs it without. */
export const hasLibrary = (place: Place): boolean => addonOf(place) !== undefined

/** A text that changes whenever the package's native library changes. */
export const stampOf = (place: Place): string => {
  const addon = addonOf(place)
  return addon === undefined ? "none" : `${addon.size}/${addon.mtimeMs}`
}
