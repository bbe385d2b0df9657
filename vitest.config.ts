import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Native libraries and signal handlers want a process of their own.
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
