// @ts-check
/** The package manager that started this program: (environment) -> its commands, in its words. Otherwise npm. */
import { basename } from "node:path"

/**
 * @typedef {object} PackageManager
 * @property {"npm" | "pnpm" | "yarn" | "bun"} name
 * @property {number} major of its version; 0 if it is not known
 * @property {string} create the command that starts this program
 * @property {string} exec what starts a program of the project
 * @property {string} run what starts a script of the project
 * @property {{ command: string, args: ReadonlyArray<string>, shell: boolean }} install
 */

const words = /** @type {const} */ ({
  npm: { create: "npm create tidemark@latest", exec: "npx", run: "npm run" },
  pnpm: { create: "pnpm create tidemark@latest", exec: "pnpm exec", run: "pnpm" },
  yarn: { create: "yarn create tidemark", exec: "yarn", run: "yarn" },
  bun: { create: "bun create tidemark@latest", exec: "bunx", run: "bun run" },
})

/**
 * npm_execpath is the program of the package manager, except if that was started by another one: `npx pnpm` has npm's. A script
 * is run by this Node.js, which needs no shell on Windows, where the command npm is one.
 *
 * @type {(name: keyof typeof words, path: string | undefined) => PackageManager["install"]}
 */
const installOf = (name, path) => {
  const [, program, extension] =
    /^(npm|pnpm|yarn|bun)(?:-cli)?(\.[cm]?js)?(?:\.exe)?$/.exec(basename(path ?? "")) ?? []
  if (path === undefined || program !== name)
    return { command: name, args: ["install"], shell: process.platform === "win32" }
  return extension === undefined
    ? { command: path, args: ["install"], shell: false }
    : { command: process.execPath, args: [path, "install"], shell: false }
}

/** @type {(env: NodeJS.ProcessEnv) => PackageManager} */
export const packageManagerOf = (env) => {
  const [, found, version] = /^(npm|pnpm|yarn|bun)\/(\d+)/.exec(env["npm_config_user_agent"] ?? "") ?? []
  const name = /** @type {keyof typeof words} */ (found ?? "npm")
  return { name, major: Number(version ?? 0), ...words[name], install: installOf(name, env["npm_execpath"]) }
}
