// @ts-check
/**
 * Creates a project: (arguments, where it was started) -> exit code. It checks everything before it writes the first file.
 */
import { readFile } from "node:fs/promises"
import { basename, relative, resolve } from "node:path"
import { CreateFailed, exitCodes } from "./CreateFailed.mjs"
import { install } from "./install.mjs"
import { helpText, readOptions } from "./options.mjs"
import { packageManagerOf } from "./packageManager.mjs"
import { checkFolder, filesOf, writeFiles } from "./project.mjs"
import { projectNameOf } from "./projectName.mjs"
import { promptForFolder } from "./prompt.mjs"

/**
 * @typedef {object} Surroundings
 * @property {string} cwd
 * @property {NodeJS.ProcessEnv} env
 * @property {NodeJS.ReadableStream & { isTTY?: boolean }} stdin
 * @property {NodeJS.WritableStream & { isTTY?: boolean }} stdout
 * @property {NodeJS.WritableStream} stderr
 */

/** @typedef {import("./packageManager.mjs").PackageManager} PackageManager */

/** @type {() => Promise<string>} */
const readVersion = async () =>
  JSON.parse(await readFile(new URL("package.json", import.meta.url), "utf8")).version

/** @type {(surroundings: Surroundings) => boolean} */
const isTerminal = ({ env, stdin, stdout }) =>
  stdin.isTTY === true && stdout.isTTY === true && (env["CI"] ?? "") === ""

/** The folder as a shell needs it. @type {(path: string) => string} */
const quoted = (path) => (/^[\w./\\@~+-]+$/.test(path) ? path : `"${path.replace(/["$`]/g, "\\$&")}"`)

/** The commands that come next, one a line. @type {(cwd: string, folder: string, commands: ReadonlyArray<string>) => string} */
const commandsIn = (cwd, folder, commands) => {
  const path = relative(cwd, folder)
  const enter = path === "" ? [] : [`cd ${quoted(path)}`]
  return [...enter, ...commands].map((command) => `  ${command}\n`).join("")
}

/** @type {(folder: string | undefined, surroundings: Surroundings, manager: PackageManager) => Promise<string>} */
const chooseFolder = async (folder, surroundings, { create }) => {
  if (folder !== undefined && folder !== "") return folder
  if (!isTerminal(surroundings) || folder === "") {
    throw new CreateFailed(
      "usage",
      `cannot create a project: found no folder, expected one; run \`${create} my-model\``,
    )
  }
  const typed = await promptForFolder(surroundings.stdin, surroundings.stdout)
  if (typed === undefined) throw new CreateFailed("interrupted", "interrupted; nothing was written")
  return typed
}

/** @type {(folder: string, surroundings: Surroundings, manager: PackageManager) => Promise<number>} */
const installIn = async (folder, surroundings, manager) => {
  const { cwd, stderr, stdout } = surroundings
  const command = `${manager.name} install`
  const repeat = commandsIn(cwd, folder, [command])
  stdout.write(`installing with ${manager.name}\n`)
  const installed = await install(manager, folder, isTerminal(surroundings))
  switch (installed.kind) {
    case "installed":
      return 0
    case "interrupted":
      stderr.write(`\ninterrupted: the files are complete, the packages are not; finish with\n${repeat}`)
      return exitCodes.interrupted
    case "missing":
      stderr.write(
        `error: cannot start ${manager.name}: ${installed.reason}; install it, then run\n${repeat}`,
      )
      return exitCodes.unavailable
    case "failed":
      stderr.write(
        `error: \`${command}\` failed with exit code ${installed.code}; the files are complete; run again\n${repeat}`,
      )
      return installed.code
  }
}

/** @type {(args: ReadonlyArray<string>, surroundings: Surroundings, manager: PackageManager) => Promise<number>} */
const createProject = async (args, surroundings, manager) => {
  const { cwd, stdout } = surroundings
  const options = readOptions(args, manager.create)
  if (options.help) {
    stdout.write(helpText(manager.create))
    return 0
  }
  const version = await readVersion()
  if (options.version) {
    stdout.write(`create-tidemark v${version}\n`)
    return 0
  }
  const folder = resolve(cwd, await chooseFolder(options.folder, surroundings, manager))
  const name = projectNameOf(basename(folder))
  await checkFolder(folder)
  const files = await filesOf(name, version, manager)
  await writeFiles(folder, files)
  stdout.write(`created ${name} in ${folder}: ${files.length} files\n`)
  const code = options.install ? await installIn(folder, surroundings, manager) : 0
  if (code !== 0) return code
  const train = `${manager.exec} tidemark run experiments/first.ts`
  const next = options.install ? [train] : [`${manager.name} install`, train]
  stdout.write(`\nnext:\n${commandsIn(cwd, folder, next)}`)
  return 0
}

/** @type {(args: ReadonlyArray<string>, surroundings: Surroundings) => Promise<number>} */
export const create = async (args, surroundings) => {
  try {
    return await createProject(args, surroundings, packageManagerOf(surroundings.env))
  } catch (error) {
    if (!(error instanceof CreateFailed)) throw error
    const prefix = error.exitCode === exitCodes.interrupted ? "\n" : "error: "
    surroundings.stderr.write(`${prefix}${error.message}\n`)
    return error.exitCode
  }
}
