#!/usr/bin/env node
/**
 * `npm create tidemark@latest`: the entry point. It has no imports of its own, so that an old Node.js can read it and say that
 * it is too old.
 */
const oldest = [22, 19]

const [major, minor] = process.versions.node.split(".").map(Number)
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  process.stderr.write(
    `error: found Node.js ${process.versions.node} (${process.execPath}), expected ${oldest.join(".")} or newer; ` +
      "install a newer one: https://nodejs.org\n",
  )
  process.exitCode = 69
} else {
  void import("./main.mjs").then(async ({ create }) => {
    const { env, stderr, stdin, stdout } = process
    process.exitCode = await create(process.argv.slice(2), { cwd: process.cwd(), env, stderr, stdin, stdout })
  })
}
