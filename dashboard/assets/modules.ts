/**
 * The browser's modules: () -> address -> JavaScript. In a checkout they are the TypeScript files of `client/` and what they
 * import, with their types removed when the dashboard starts; the package has them compiled into one file each.
 *
 * Only these files have an address, so no request can reach another one.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { relative, sep } from "node:path"
import { fileURLToPath } from "node:url"

const entries = {
  main: new URL("../client/main.ts", import.meta.url),
  liveWorker: new URL("../client/liveWorker.ts", import.meta.url),
} as const
export type Entry = keyof typeof entries

export interface BrowserModules {
  readonly addressOf: (entry: Entry) => string
  /** By the path in their address. */
  readonly scripts: ReadonlyMap<string, string>
}

/** A package that a client imports, in a form that browsers load. */
const charts = "uplot"
const chartsAddress = "/modules/uplot.js"

/** `import … from "x"` and `export … from "x"`, in code without types. */
const imports = /(\bfrom\s*|\bimport\s*)"([^"]+)"/g

/**
 * Removes the types of each text that it is sent. Node.js warns that this is an experimental function; it runs this program in
 * the same way.
 */
const stripping = `
process.emitWarning = () => {}
const { stripTypeScriptTypes } = require("node:module")
process.on("message", (source) => process.send(stripTypeScriptTypes(source)))
`

/** In a process of its own: the compiler that removes types takes 40 MB, which this process would keep. */
const openStripper = () => {
  const child = spawn(process.execPath, ["--eval", stripping], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  })
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`the process that removes types ended with ${code}`)
  })
  // It ends when it is no longer needed.
  failed.catch(() => {})
  let last: Promise<unknown> = Promise.resolve()
  const stripNow = async (source: string): Promise<string> => {
    child.send(source)
    const [script] = await Promise.race([once(child, "message"), failed])
    return String(script)
  }
  return {
    /** One after another: an answer belongs to the text that was sent last. */
    strip: (source: string): Promise<string> => {
      const stripped = last.then(() => stripNow(source))
      last = stripped
      return stripped
    },
    close: () => child.kill(),
  }
}

const compiled = async (): Promise<BrowserModules> => {
  const scripts = new Map<string, string>()
  for (const [name, url] of Object.entries(entries)) {
    scripts.set(`/modules/${name}.js`, await readFile(url, "utf8"))
  }
  return { addressOf: (entry) => `/modules/${entry}.js`, scripts }
}

const fromSources = async (): Promise<BrowserModules> => {
  const root = fileURLToPath(new URL("../../", import.meta.url))
  const addressOf = (url: URL) => `/modules/${relative(root, fileURLToPath(url)).split(sep).join("/")}`
  const scripts = new Map<string, string>()
  const { close, strip } = openStripper()
  const add = async (url: URL): Promise<void> => {
    const address = addressOf(url)
    if (scripts.has(address)) return
    scripts.set(address, "")
    const script = await strip(await readFile(url, "utf8"))
    const found = [...script.matchAll(imports)].map(([, , name]) => name)
    if (found.includes(charts) && !scripts.has(chartsAddress)) {
      const path = createRequire(import.meta.url).resolve("uplot/dist/uPlot.esm.js")
      scripts.set(chartsAddress, await readFile(path, "utf8"))
    }
    scripts.set(
      address,
      script.replace(imports, (whole, before: string, name: string) =>
        name === charts ? `${before}"${chartsAddress}"` : whole,
      ),
    )
    await Promise.all(found.filter((name) => name.startsWith(".")).map((name) => add(new URL(name, url))))
  }
  try {
    await Promise.all(Object.values(entries).map(add))
  } finally {
    close()
  }
  return { addressOf: (entry) => addressOf(entries[entry]), scripts }
}

export const readBrowserModules = (): Promise<BrowserModules> =>
  entries.main.pathname.endsWith(".ts") ? fromSources() : compiled()
