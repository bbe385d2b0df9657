/**
 * The files of own code: (modules, folder of the experiment) -> the text of each local file that they import, at any depth, and
 * the versions of the packages that these files import.
 *
 * The modules are imported, and Node.js resolves what they import: the record is exactly what ran. Only for the process that
 * checks own code: it adds hooks that stay.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs"
import { isBuiltin, registerHooks } from "node:module"
import { dirname, isAbsolute, join, relative, sep } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { OwnCodeFailed } from "../../stages/code/load.ts"
import {
  checkImport,
  ImportRefused,
  isRelative,
  isTypeScriptUrl,
  ownEntries,
  packageOf,
  resolvePackage,
  stripTypes,
  versionAt,
} from "../../stages/code/modules.ts"
import type { Scanned } from "./identify.ts"

/** Own code is a few files. */
const mostFiles = 200
const largestBytes = 2 ** 20

const slashes = (path: string) => path.split(sep).join("/")

/** What the hooks saw. */
class Record {
  readonly folder: string
  /** Addresses of local files. */
  readonly local = new Set<string>()
  readonly texts = new Map<string, string>()
  readonly packages = new Map<string, string>()

  constructor(folder: string) {
    this.folder = folder
  }

  shown(url: string): string {
    return slashes(relative(this.folder, fileURLToPath(url)))
  }

  read(url: string): string {
    if (!/\.m?[jt]s$/.test(new URL(url).pathname)) {
      throw new Error(`it imports ${this.shown(url)}; own code consists of .ts, .mts, .js and .mjs files`)
    }
    const bytes = readFileSync(fileURLToPath(url))
    if (bytes.length > largestBytes) throw new Error(`${this.shown(url)} is larger than a file of code`)
    if (this.texts.size >= mostFiles) throw new Error(`it consists of more than ${mostFiles} files`)
    const text = bytes.toString("utf8")
    this.texts.set(url, text)
    return text
  }
}

/** Node.js follows links, and the copy of the files has none. */
const checkLink = (specifier: string, importer: string, found: string, record: Record) => {
  const named = fileURLToPath(new URL(specifier, importer))
  const real = fileURLToPath(found)
  if (named === real) return
  throw new ImportRefused(
    `${record.shown(importer)} imports ${specifier}, a link to ${real}; import that file by its own path`,
  )
}

const addHooks = (record: Record, entries: ReadonlySet<string>) =>
  registerHooks({
    resolve: (specifier, context, next) => {
      if (entries.has(specifier)) {
        const entry = next(specifier, context)
        record.local.add(entry.url)
        return entry
      }
      const { parentURL } = context
      if (parentURL === undefined || !record.local.has(parentURL)) return next(specifier, context)
      checkImport(specifier, record.shown(parentURL))
      if (isBuiltin(specifier)) return next(specifier, context)
      if (isRelative(specifier)) {
        const found = next(specifier, context)
        checkLink(specifier, parentURL, found.url, record)
        record.local.add(found.url)
        return found
      }
      const found = resolvePackage(specifier, record.shown(parentURL), context, next)
      const name = packageOf(specifier)
      if (ownEntries[specifier] === undefined) {
        record.packages.set(name, versionAt(found.url, name) ?? "unknown")
      }
      return found
    },
    load: (url, context, next) => {
      if (!record.local.has(url)) return next(url, context)
      const text = record.read(url)
      const source = isTypeScriptUrl(url) ? stripTypes(text, url) : text
      return { format: "module", source, shortCircuit: true }
    },
  })

/** FILE:LINE of the first place in a local file; the stack of a syntax error begins with the place. */
const placeOf = (stack: string, record: Record) => {
  for (const [, url = "", line] of stack.matchAll(/(file:\/\/[^\s()]+?):(\d+)(?::\d+)?(?=[\s)]|$)/gm)) {
    if (record.local.has(url)) return `${record.shown(url)}:${line}`
  }
  return undefined
}

const describe = (thrown: unknown, record: Record) => {
  if (!(thrown instanceof Error))
    return `it throws ${typeof thrown === "string" ? JSON.stringify(thrown) : typeof thrown}`
  const line = thrown.message.split("\n", 1)[0].slice(0, 500)
  const place = placeOf(thrown.stack ?? "", record)
  return place === undefined ? line : `${line}, at ${place}`
}

/** The deepest folder that contains all of these. */
const commonFolder = (folders: ReadonlyArray<string>) =>
  folders.reduce((common, folder) => {
    let shared = common
    const isInside = (path: string) => {
      const inner = relative(shared, path)
      return !inner.startsWith("..") && !isAbsolute(inner)
    }
    while (!isInside(folder) && dirname(shared) !== shared) shared = dirname(shared)
    return shared
  })

/** Throws OwnCodeFailed. `modules`: as they are written. */
export const scanOwnCode = async (given: string, modules: ReadonlyArray<string>): Promise<Scanned> => {
  const folder = realpathSync(given)
  const record = new Record(folder)
  const urls = new Map(
    modules.map((module) => [
      module,
      module.startsWith("file:") ? module : pathToFileURL(join(folder, module)).href,
    ]),
  )
  addHooks(record, new Set(urls.values()))
  const keys: { [module: string]: string } = {}
  for (const [module, url] of urls) {
    const file = fileURLToPath(url)
    if (!existsSync(file)) {
      const advice =
        "a module is relative to the experiment file; in a value that other files import, write import.meta.resolve"
      throw new OwnCodeFailed({ what: module, problem: `found no file ${file}; ${advice}` })
    }
    try {
      await import(url)
    } catch (thrown) {
      throw new OwnCodeFailed({ what: module, problem: describe(thrown, record) })
    }
  }
  const files = [...record.texts].map(([url, text]) => ({ path: fileURLToPath(url), text }))
  const root = commonFolder(files.map(({ path }) => dirname(path)))
  for (const [module, url] of urls) {
    keys[module] = slashes(relative(root, realpathSync(fileURLToPath(url))))
  }
  const sorted = files
    .map(({ path, text }) => [slashes(relative(root, path)), text] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    texts: Object.fromEntries(sorted),
    packages: Object.fromEntries([...record.packages].sort(([a], [b]) => (a < b ? -1 : 1))),
    folder: slashes(relative(folder, root)),
    keys,
  }
}
