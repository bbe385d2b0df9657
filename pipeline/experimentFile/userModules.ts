/**
 * How modules of a user's project are loaded, in whatever project they are: () -> hooks in this thread.
 *
 * Node.js would take a `.ts` file for CommonJS where package.json says so, refuses it below node_modules, and finds no `tidemark`
 * where none is installed. Here every TypeScript file but `.cts` is an ES module whose types are stripped in memory, and
 * `tidemark` is the running copy unless the project has one.
 */
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { fileURLToPath } from "node:url"
import { isTypeScriptUrl, ownEntries, stripTypes } from "../../stages/code/modules.ts"

const isTypeScript = (url: string) => url.startsWith("file:") && isTypeScriptUrl(url)

/** The vocabulary that every experiment imports: Node.js strips it itself, and caches what it compiles. */
const vocabulary = new URL("./", ownEntries.tidemark).href
const isOurs = (url: string) => url.startsWith(vocabulary) && !vocabulary.includes("/node_modules/")

const isNotFound = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND"

export const loadUserModules = () =>
  registerHooks({
    resolve: (specifier, context, next) => {
      const own = ownEntries[specifier]
      if (own === undefined) return next(specifier, context)
      try {
        return next(specifier, context)
      } catch (error) {
        if (!isNotFound(error)) throw error
        return { url: own.href, shortCircuit: true }
      }
    },
    load: (url, context, next) => {
      if (!isTypeScript(url) || isOurs(url)) return next(url, context)
      const text = readFileSync(fileURLToPath(url), "utf8")
      return { format: "module", source: stripTypes(text, url), shortCircuit: true }
    },
  })
