/**
 * How modules of a user's project are loaded, in whatever project they are: () -> hooks in this thread.
 *
 * Node.js would take a `.ts` file for CommonJS where package.json says so, refuses it below node_modules, and finds no `tidemark`
 * where none is installed. Here every TypeScript file but `.cts` is an ES module whose types are stripped in memory, and
 * `tidemark` is the running copy unless the project has one.
 */
import { readFileSync } from "node:fs"
import { registerHooks, stripTypeScriptTypes } from "node:module"
import { fileURLToPath } from "node:url"

/** What an experiment file may import from this program, by specifier. */
const ownEntries: Readonly<Record<string, URL>> = {
  tidemark: new URL("../../schemas/index.ts", import.meta.url),
}

const isTypeScript = (url: string) => url.startsWith("file:") && /\.m?ts$/.test(new URL(url).pathname)

const isNotFound = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND"

/** Node.js warns that stripping types is experimental, which no user can change. Other warnings stay. */
const withoutWarning = <A>(strip: () => A): A => {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return strip()
  } finally {
    process.emitWarning = emitWarning
  }
}

export const loadUserModules = () =>
  registerHooks({
    resolve: (specifier, context, next) => {
      const own = ownEntries[specifier]
      if (own === undefined) return next(specifier, context)
      try {
        return next(specifier, context)
      } catch (error) {
        if (!isNotFound(error)) throw error
        return { url: own.href, format: "module", shortCircuit: true }
      }
    },
    load: (url, context, next) => {
      if (!isTypeScript(url)) return next(url, context)
      const text = readFileSync(fileURLToPath(url), "utf8")
      const source = withoutWarning(() => stripTypeScriptTypes(text, { mode: "strip", sourceUrl: url }))
      return { format: "module", source, shortCircuit: true }
    },
  })
