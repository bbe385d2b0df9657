// @ts-check
/** The files of a project: (name, version, package manager) -> path and text; and writing them without overwriting any. */
import { mkdir, readdir, readFile, rmdir, unlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { CreateFailed } from "./CreateFailed.mjs"

/** @typedef {import("./packageManager.mjs").PackageManager} PackageManager */

/** npm leaves .gitignore out of packages, so the template has it without the dot. */
const fromTemplate = {
  ".gitignore": "gitignore",
  "README.md": "README.md",
  "experiments/first.ts": "experiments/first.ts",
  "test/first.test.ts": "test/first.test.ts",
  "tsconfig.json": "tsconfig.json",
}

/** What a new folder may have: a repository without commits, and what macOS adds. */
const ignoredEntries = [".git", ".DS_Store"]

/** For type checking only. The versions are those that tidemark is tested with. */
export const devDependencies = { "@types/node": "^24.19.2", typescript: "^7.0.2" }

/** @type {(name: string, version: string) => string} */
const packageJson = (name, version) => {
  const fields = {
    name,
    private: true,
    type: "module",
    scripts: { train: "tidemark run experiments/first.ts", test: "node --test", typecheck: "tsc" },
    dependencies: { tidemark: version },
    devDependencies,
    engines: { node: ">=22.19" },
  }
  return `${JSON.stringify(fields, undefined, 2)}\n`
}

/** @type {(text: string, values: Readonly<Record<string, string>>) => string} */
const fill = (text, values) => text.replace(/\{\{(\w+)\}\}/g, (_, key) => values[key])

/** @type {(name: string, version: string, manager: PackageManager) => Promise<ReadonlyArray<readonly [path: string, text: string]>>} */
export const filesOf = async (name, version, { exec, major, name: manager, run }) => {
  const templates = await Promise.all(
    Object.entries(fromTemplate).map(async ([path, file]) => {
      const text = await readFile(new URL(`template/${file}`, import.meta.url), "utf8")
      return /** @type {const} */ ([path, fill(text, { name, exec, run })])
    }),
  )
  // Yarn 2 and newer would keep packages as zip files, in which neither TypeScript nor a native library is found.
  const linker = /** @type {const} */ ([".yarnrc.yml", "nodeLinker: node-modules\n"])
  return [
    ...templates,
    /** @type {const} */ (["package.json", packageJson(name, version)]),
    ...(manager === "yarn" && major >= 2 ? [linker] : []),
  ]
}

/** @type {(error: unknown) => string} */
const reasonOf = (error) => (error instanceof Error ? error.message : String(error))

/** @type {(error: unknown) => unknown} */
const codeOf = (error) => (error instanceof Error && "code" in error ? error.code : undefined)

/** Whether the folder exists. A file, and a folder with anything in it, is refused. @type {(folder: string) => Promise<boolean>} */
export const checkFolder = async (folder) => {
  /** @type {(found: string) => CreateFailed} */
  const failure = (found) =>
    new CreateFailed(
      "cannotCreate",
      `cannot create a project in ${folder}: ${found}, expected a new or empty folder; choose another name`,
    )
  try {
    const entries = (await readdir(folder)).filter((entry) => !ignoredEntries.includes(entry))
    if (entries.length === 0) return true
    const [first] = entries.sort()
    throw failure(
      entries.length === 1 ? `found ${first}` : `found ${entries.length} entries, such as ${first}`,
    )
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false
    if (codeOf(error) === "ENOTDIR") throw failure("found a file")
    if (error instanceof CreateFailed) throw error
    throw failure(reasonOf(error))
  }
}

/** Folders that are created: from the first new one down to the last. @type {(first: string, last: string) => ReadonlyArray<string>} */
const foldersBetween = (first, last) =>
  first === last ? [last] : [...foldersBetween(first, dirname(last)), last]

/**
 * All files, or none: what was written is removed if one cannot be. What another program wrote meanwhile is kept.
 *
 * @type {(folder: string, files: ReadonlyArray<readonly [path: string, text: string]>) => Promise<void>}
 */
export const writeFiles = async (folder, files) => {
  /** @type {Array<() => Promise<void>>} */
  const undo = []
  try {
    for (const [path, text] of files) {
      const file = join(folder, path)
      const first = await mkdir(dirname(file), { recursive: true })
      if (first !== undefined)
        undo.push(...foldersBetween(first, dirname(file)).map((each) => () => rmdir(each)))
      await writeFile(file, text, { flag: "wx" })
      undo.push(() => unlink(file))
    }
  } catch (error) {
    // A folder that is not empty stays.
    for (const remove of undo.toReversed()) await remove().catch(() => {})
    throw new CreateFailed(
      "cannotCreate",
      `cannot create a project in ${folder}: ${reasonOf(error)}; choose another folder, or make it writable`,
    )
  }
}
