import { tmpdir } from "node:os"
import { join } from "node:path"
import { defineConfig } from "vitest/config"

// Node.js then keeps compiled modules between runs, for the tests and for the processes that they start.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "node-compile-cache")

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Native libraries and signal handlers want a process of their own.
    pool: "forks",
    // Of two processors both.
    maxWorkers: "100%",
    // Node.js runs TypeScript as it is, and a process imports a module once for all of its files: with a module runner
    // and a process for each of 90 files, imports took a third of the processor time.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    isolate: false,
    // Some ten times what the longest takes on a quiet machine.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
