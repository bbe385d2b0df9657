/**
 * Modules of own code, run from memory: (files of an experiment's own code) -> their exports.
 *
 * What runs is the text that the fingerprint covers, never a file that may have changed since. Local files import each other by
 * relative paths. Packages are those of the project in the working folder, except what this program itself uses: TensorFlow.js,
 * effect and `tidemark` are the running copies, because a layer must be traced by the TensorFlow.js that traces.
 */
import { readFileSync } from "node:fs"
import { findPackageJSON, isBuiltin, registerHooks, stripTypeScriptTypes } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import type { OwnCode } from "../../schemas/experiment/OwnCode.ts"
import { alongAxis } from "../../schemas/ownCode/alongAxis.ts"
import { digestOf, textOf } from "../../storage/codeTexts.ts"
import { scheme } from "../../schemas/ownCode/frames.ts"

/** Own code imports something that it may not, or that is not there. */
export class ImportRefused extends Error {}

/** What user files may import from this program, by specifier. */
export const ownEntries: Readonly<Record<string, URL>> = {
  tidemark: new URL("../../schemas/index.ts", import.meta.url),
  "tidemark/code": new URL("../../schemas/ownCode/define.ts", import.meta.url),
}

/** Modules of Node.js without effects and without clocks. */
const pureBuiltins = new Set(["assert", "assert/strict", "buffer", "path", "string_decoder", "util"])

/** Packages of which the running copy is used. */
const isShared = (specifier: string) => /^(?:effect|@tensorflow\/tfjs-core)(?:\/|$)/.test(specifier)

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

/** A TypeScript module as JavaScript, with every line where it was. */
export const stripTypes = (text: string, url: string) =>
  withoutWarning(() => stripTypeScriptTypes(text, { mode: "strip", sourceUrl: url }))

export const isTypeScriptUrl = (url: string) => /\.m?ts$/.test(new URL(url).pathname)

/** The package that a specifier such as `lodash/fp` names. */
export const packageOf = (specifier: string) =>
  specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/")

export const isRelative = (specifier: string) => /^\.{1,2}\//.test(specifier)

/** An absolute path, an address, or a name of package.json's `imports`: what it means depends on the machine or the project. */
const isOfMachine = (specifier: string) => /^(?:[/\\#]|[a-z][a-z0-9+.-]*:)/i.test(specifier)

/** Throws if own code may not import it. A copy of the files must import the same. */
export const checkImport = (specifier: string, importer: string) => {
  const found = `${importer} imports ${specifier}`
  if (isBuiltin(specifier)) {
    if (pureBuiltins.has(specifier.replace(/^node:/, ""))) return
    throw new ImportRefused(
      `${found}; own code only computes: import ${[...pureBuiltins].join(", ")}, packages and files of its own`,
    )
  }
  if (isOfMachine(specifier)) {
    throw new ImportRefused(`${found}; import a file by its path relative to ${importer}, such as ./share.ts`)
  }
  if (isRelative(specifier) && /[?#]/.test(specifier)) {
    throw new ImportRefused(`${found}; import the file without ${/[?#].*/.exec(specifier)?.[0] ?? "?"}`)
  }
}

type Resolve = NonNullable<Parameters<typeof registerHooks>[0]["resolve"]>
type Context = Parameters<Resolve>[1]
type Next = Parameters<Resolve>[2]

const here = import.meta.url
const projectUrl = () => pathToFileURL(join(process.cwd(), "package.json")).href

/** The first of several places from which a specifier can be resolved. */
const resolveFrom = (specifier: string, parents: ReadonlyArray<string>, context: Context, next: Next) => {
  for (const [i, parentURL] of parents.entries()) {
    try {
      return next(specifier, { ...context, parentURL })
    } catch (error) {
      if (i === parents.length - 1) throw error
    }
  }
  throw new Error("there is no place to resolve from")
}

const isInstalled = (name: string, parentURL: string) => {
  try {
    return findPackageJSON(name, parentURL) !== undefined
  } catch {
    return false
  }
}

const notExported = ["ERR_MODULE_NOT_FOUND", "ERR_PACKAGE_PATH_NOT_EXPORTED"]

/** Why a package cannot be imported, in words for its user: Node.js names a file of this program as the importer. */
const notResolved = (specifier: string, importer: string, error: unknown) => {
  const name = packageOf(specifier)
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined
  if (typeof code !== "string" || !notExported.includes(code)) return error
  if (![projectUrl(), here].some((parent) => isInstalled(name, parent))) {
    const advice = `install it there, such as with \`npm install ${name}\``
    return new ImportRefused(
      `${importer} imports ${specifier}, and package ${name} is not installed in ${process.cwd()}; ${advice}`,
    )
  }
  return new ImportRefused(`${importer} imports ${specifier}, which package ${name} does not export`)
}

/** Resolves what own code imports that is no file of its own. */
export const resolvePackage = (specifier: string, importer: string, context: Context, next: Next) => {
  const own = ownEntries[specifier]
  if (own !== undefined) {
    try {
      return next(specifier, { ...context, parentURL: projectUrl() })
    } catch {
      // Without a format, Node.js finds it out: in this repository it is TypeScript.
      return { url: own.href, shortCircuit: true }
    }
  }
  const parents = isShared(specifier) ? [here, projectUrl()] : [projectUrl(), here]
  try {
    return resolveFrom(specifier, parents, context, next)
  } catch (error) {
    throw notResolved(specifier, importer, error)
  }
}

/** The versions of the packages that own code has imported in this thread. */
const versions = new Map<string, string>()

/**
 * A package of another version than the one recorded, in words; undefined if there is none. Those that this program itself uses
 * are part of the engine's identity, or only decode options.
 */
export const changedPackage = ({ packages }: OwnCode): string | undefined => {
  for (const [name, recorded] of Object.entries(packages)) {
    const found = versions.get(name)
    if (isShared(name) || found === undefined || found === recorded) continue
    return `package ${name} has version ${found}, expected ${recorded}; install that version`
  }
  return undefined
}

/** The texts that may be imported, by their address. */
const known = new Map<string, string>()

/** Under this symbol, the module below finds a function of this program. */
const alongAxisKey = "tidemark.alongAxis"

/** TensorFlow.js with softmax along any axis, as a module. `url`: that of the running copy. */
const tensorFlowModule = (url: string) => {
  const address = JSON.stringify(url)
  return `import * as tf from ${address}
export * from ${address}
export const { logSoftmax, softmax } = globalThis[Symbol.for("${alongAxisKey}")](tf)
`
}

/** The address under which own code gets the package at `url`. */
const substituteFor = (specifier: string, url: string) => {
  if (specifier !== "@tensorflow/tfjs-core") return url
  Object.assign(globalThis, { [Symbol.for(alongAxisKey)]: alongAxis })
  // No address of own code: it imports a file.
  const address = "tidemark-tensorflow:core"
  known.set(address, tensorFlowModule(url))
  return address
}

const pathOf = (url: string) => new URL(url).pathname.replace(/^\/[0-9a-f]+\//, "")

let hasHooks = false

/** Adds the hooks to this thread, once. */
const installHooks = () => {
  if (hasHooks) return
  hasHooks = true
  registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier.startsWith(scheme)) return { url: specifier, format: "module", shortCircuit: true }
      const { parentURL } = context
      if (parentURL?.startsWith(scheme) !== true) return next(specifier, context)
      checkImport(specifier, pathOf(parentURL))
      if (isBuiltin(specifier)) return next(specifier, context)
      if (!isRelative(specifier)) {
        const found = resolvePackage(specifier, pathOf(parentURL), context, next)
        const name = packageOf(specifier)
        if (found.url.startsWith("file:")) versions.set(name, versionAt(found.url, name) ?? "unknown")
        const url = substituteFor(specifier, found.url)
        return url === found.url ? found : { url, format: "module", shortCircuit: true }
      }
      const url = new URL(specifier, parentURL).href
      if (!known.has(url)) {
        throw new ImportRefused(
          `${pathOf(parentURL)} imports ${specifier}, which was not imported when the experiment was loaded; import it at the top of the file`,
        )
      }
      return { url, format: "module", shortCircuit: true }
    },
    load: (url, context, next) => {
      const text = known.get(url)
      if (text === undefined) return next(url, context)
      const source = isTypeScriptUrl(url) ? stripTypes(text, url) : text
      return { format: "module", source, shortCircuit: true }
    },
  })
}

/** The files whose text is not in this process. */
export const missingFiles = ({ files }: OwnCode): ReadonlyArray<string> =>
  Object.keys(files).filter((path) => textOf(files[path]) === undefined)

/** A test runner would take an `import()` for one of its own. */
const importNow = new Function("url", "return import(url)") as (
  url: string,
) => Promise<Readonly<Record<string, unknown>>>

const addressOf = ({ files }: OwnCode) => `${scheme}/${digestOf(JSON.stringify(files)).slice(0, 16)}/`

/** The exports of a module. Its texts must be there. */
export const importModule = async (code: OwnCode, module: string) => {
  installHooks()
  const base = addressOf(code)
  for (const [path, digest] of Object.entries(code.files)) {
    const text = textOf(digest)
    if (text !== undefined) known.set(new URL(path, base).href, text)
  }
  return importNow(new URL(module, base).href)
}

/** The version of the package that `url` belongs to; undefined if there is no package.json that says so. */
export const versionAt = (url: string, name: string): string | undefined => {
  for (let folder = dirname(fileURLToPath(url)); ; folder = dirname(folder)) {
    try {
      const found: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
      if (typeof found === "object" && found !== null && Reflect.get(found, "name") === name) {
        const version: unknown = Reflect.get(found, "version")
        return typeof version === "string" ? version : undefined
      }
    } catch {
      // The folder has none, or one that is not of this package.
    }
    if (dirname(folder) === folder) return undefined
  }
}
