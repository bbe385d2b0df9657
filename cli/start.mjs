#!/usr/bin/env node
/**
 * `pnpm pipeline …`: the entry point. It is plain JavaScript without imports of its own, so that an old Node.js can read it
 * and say that it is too old. It also turns on Node.js's compile cache, which halves the start-up time, before anything else is
 * imported.
 */
const oldest = [22, 19]

const [major, minor] = process.versions.node.split(".").map(Number)
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  process.stderr.write(
    `error: found Node.js ${process.versions.node} (${process.execPath}), expected ${oldest.join(".")} or newer; ` +
      "run `pnpm rebuild node`, which installs the one that this project pins, or install a newer one: https://nodejs.org\n",
  )
  // `unavailable` in schemas/exitCodes.ts.
  process.exitCode = 69
} else {
  void import("node:module").then(({ enableCompileCache }) => {
    enableCompileCache()
    return import("./main.ts")
  })
}
