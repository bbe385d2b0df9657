/**
 * Which package has ONNX Runtime: (resolve) -> the entry and the manifest of the first one that is installed.
 *
 * The published package depends on `@tidemark/onnxruntime`: the same files without an install script
 * (package/onnxruntime). It comes first, because the project of a user may have an onnxruntime-node of another version, whose
 * last bits differ. The checkout has onnxruntime-node only.
 */
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

export const runtimePackages = ["@tidemark/onnxruntime", "onnxruntime-node"] as const

/** A specifier -> the path of its file. It throws what `require.resolve` throws. */
export type Resolve = (specifier: string) => string

export const resolveHere: Resolve = createRequire(import.meta.url).resolve

export interface RuntimeLocation {
  /** The URL of the module. */
  readonly entry: string
  /** The path of its package.json. */
  readonly manifest: string
}

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined)

export const locate = (resolve: Resolve): RuntimeLocation => {
  for (const name of runtimePackages) {
    try {
      return { entry: pathToFileURL(resolve(name)).href, manifest: resolve(`${name}/package.json`) }
    } catch (error) {
      if (codeOf(error) !== "MODULE_NOT_FOUND") throw error
    }
  }
  throw new Error(`${runtimePackages.join(" and ")} are not installed`)
}

/** What `@tidemark/onnxruntime` recommends if the package of this platform is missing: a field of its error. */
export const remedyOf = (error: unknown): string | undefined =>
  error instanceof Error && "remedy" in error && typeof error.remedy === "string" ? error.remedy : undefined
