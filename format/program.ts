/**
 * This program as a person types it: `pnpm pipeline` in the checkout; in a project that installed the package, `npx tidemark` or
 * what its package manager has for that; `tidemark` if it is on the PATH. Messages name commands with it.
 */
const managers = [
  ["pnpm/", "pnpm tidemark"],
  ["yarn/", "yarn tidemark"],
  ["bun/", "bunx tidemark"],
] as const

/** (address of this module, environment, path of the started script) -> the words before a command's name. */
export const programName = (
  module: string,
  environment: Readonly<Record<string, string | undefined>>,
  script: string | undefined,
): string => {
  // The package has JavaScript only.
  if (module.endsWith(".ts")) return "pnpm pipeline"
  const agent = environment.npm_config_user_agent ?? ""
  const started = managers.find(([prefix]) => agent.startsWith(prefix))
  if (started !== undefined) return started[1]
  const isOnPath = agent === "" && script !== undefined && !/[\\/]node_modules[\\/]/.test(script)
  return isOnPath ? "tidemark" : "npx tidemark"
}

export const program = programName(import.meta.url, process.env, process.argv[1])

/** A command line that begins with `pipeline`, as a person types it. */
export const asTyped = (command: string): string => command.replace(/^pipeline\b/, program)

/** Whether this is the project's own checkout and not an installed package. */
export const isCheckout = import.meta.url.endsWith(".ts")

/** What adds the tensorflow engine. */
export const addTensorflow = `${program} engine add tensorflow`
